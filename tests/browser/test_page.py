"""The page in a browser: every number it shows against Python, bad input, keyboard, widths.

`make test-page` runs it where there is a Chromium, and says `not run` where there is none.
"""

import json
import math
import shutil
import subprocess
import time
from dataclasses import is_dataclass
from pathlib import Path

import numpy as np
import pytest

from mlbalance.advise import advise
from mlbalance.advise.error_table import BEST_THRESHOLD, label_of, predict_errors
from mlbalance.advise.no_mle import no_mle
from mlbalance.advise.regime import regime
from mlbalance.inputs import CountsError
from mlbalance.page import build, maps
from mlbalance.page.pasted import counts_of
from mlbalance.populations import symmetric
from mlbalance.report import Document, Math, Paragraph, Section
from mlbalance.schemes import Bagging, Undersample
from mlbalance.theory import variance_ratio
from tests.browser.cdp import Browser, find
from tests.page.test_pasted import FORMS, REFUSED

HERE = Path(__file__).resolve().parent
PICTURES = HERE.parents[1] / "build" / "page"
AXE = "axe-core@4.10.3"
ASKED = (23, 5, 44, 14, 19, 31)
NEXT = 10


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(build.page(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def browser(file):
    path = find()
    if path is None:
        pytest.skip("there is no Chromium on the path")
    found = Browser(path)
    found.open(file.as_uri())
    yield found
    found.close()


@pytest.fixture
def page(browser, file):
    """The page as it is when it is opened."""
    browser.size(1440)
    browser.run("location.hash = ''")
    type_in(browser, counts=", ".join(map(str, ASKED)), features="", separation="", next=str(NEXT))
    browser.run("document.querySelector('[name=target][value=balanced]').click()")
    yield browser
    assert browser.faults() == []


def type_in(browser, **fields):
    """Type into fields by their id."""
    for name, text in fields.items():
        browser.run(
            f"(() => {{ const field = document.getElementById({json.dumps(name)});"
            f"field.value = {json.dumps(text)}; field.dispatchEvent(new Event('input')); }})()"
        )


SHOWN = """[...document.querySelectorAll('[data-key]')].filter((e) => e.offsetParent !== null)
    .map((e) => [e.dataset.key, Number(e.value), e.textContent])"""


def shown(browser):
    """Values and texts of the numbers on the page, by key."""
    return {key: (value, text) for key, value, text in browser.run(SHOWN)}


def looked_up(advice, key):
    """Number of a record by its path."""
    value = advice
    for part in key.split("."):
        value = value[int(part)] if isinstance(value, list | tuple) else value[part]
    return value


def expected(advice, bags=10):
    """Function from keys of the page to numbers of Python."""
    counts, record = advice.counts, advice.to_dict()
    base = Undersample(prior=advice.target_prior)

    def value(key):
        if key.startswith("bags."):
            scheme = Bagging(base, bags, disjoint=key.endswith("disjoint"))
            return variance_ratio(counts, scheme)
        return looked_up(record, key)

    return value


def drawn(rng):
    """Counts of 2 to 12 classes, from a few rows to millions."""
    K = int(rng.integers(2, 13))
    counts = np.ceil(np.exp(rng.uniform(0, rng.uniform(1, 15), K))).astype(int)
    return tuple((np.full(K, counts[0]) if rng.random() < 0.05 else counts).tolist())


def test_every_number_of_200_random_counts_is_that_of_python(page):
    rng = np.random.default_rng(18)
    checked = 0
    for number in range(200):
        counts = drawn(rng)
        natural = number % 3 == 0
        page.run(
            f"document.querySelector('[value={'natural' if natural else 'balanced'}]').click()"
        )
        separator = (", ", "\n", " ", ";")[number % 4]
        type_in(page, counts=separator.join(map(str, counts)))
        advice = advise(
            counts,
            target="natural" if natural else "balanced",
            budget=NEXT,
            bags_within=0.1,
            natural=True,
        )
        value = expected(advice)
        for key, (found, _) in shown(page).items():
            assert found == pytest.approx(value(key), rel=1e-9, abs=1e-9), (counts, key)
            checked += 1
        assert page.run(DOCUMENT % json.dumps(counts)) == plain(advise_document(counts)), counts
    assert checked > 200 * 15


DOCUMENT = """JSON.parse(JSON.stringify(modules["mlbalance.advise.document"].document(
    modules["mlbalance.page.answer"].answer(formulas, %s, "balanced", null, 10, 0.1))))"""


def advise_document(counts):
    return advise(counts, budget=NEXT, bags_within=0.1, natural=True).document()


def plain(part):
    """A document as the page has it."""
    if isinstance(part, Document):
        return {"kind": "document", "title": part.title, "sections": plain(part.sections)}
    if isinstance(part, Section):
        return {"kind": "section", "heading": part.heading, "blocks": plain(part.blocks)}
    if isinstance(part, tuple):
        return [plain(each) for each in part]
    if isinstance(part, Paragraph):
        return {"kind": "paragraph", "content": plain(part.content)}
    if isinstance(part, Math):
        return {"kind": "math", "text": part.text, "latex": part.latex}
    if is_dataclass(part):
        kind = type(part).__name__.lower()
        names = {"table": ("rows", "head"), "items": ("entries",)}.get(kind, ("text",))
        return {"kind": kind, **{name: plain(getattr(part, name)) for name in names}}
    return part


def test_a_prior_of_ones_own(page):
    page.run("document.querySelector('[value=own]').click()")
    tau = [0.1, 0.2, 0.3, 0.1, 0.1, 0.2]
    type_in(page, prior=", ".join(map(str, tau)))
    advice = advise(ASKED, target_prior=tau, budget=NEXT, bags_within=0.1, natural=True)
    value, found = expected(advice), shown(page)
    assert "variance_share.5" in found
    for key, (number, _) in found.items():
        assert number == pytest.approx(value(key), rel=1e-9, abs=1e-9), key


@pytest.mark.parametrize(
    ("counts", "features"),
    [((20, 400), 30), ((9900, 100), 10), ((50, 60), 70), ((8, 8), 3), ((30, 3000), 100)],
)
def test_the_regime_of_two_classes_is_that_of_python(page, counts, features):
    for separation in (None, 1.5, 3.0):
        code = (
            "modules['mlbalance.page.regime'].regime({...formulas, erfc}, maps, "
            f"{json.dumps(counts)}, {features}, {json.dumps(separation)}, [null, null])"
        )
        found = page.run(f"JSON.parse(JSON.stringify({code}))")
        theirs = regime(np.array(counts), features, separation, {}, None)
        assert found["name"] == theirs.name
        assert found["delta"] == pytest.approx(theirs.delta, rel=1e-12)
        assert found["flip"] == (theirs.flip and pytest.approx(theirs.flip, rel=1e-8))
        assert found["taken_back"] == pytest.approx(theirs.taken_back, rel=1e-6, abs=1e-6)
        for name, fits in theirs.fits.items():
            ours = found["fits"][name]
            assert ours["threshold"] == pytest.approx(fits.threshold, rel=1e-9)
            assert ours["separable"] == fits.separable
            if separation is None:
                assert ours["separable_from"] == (
                    fits.separable_from and pytest.approx(fits.separable_from, abs=2e-3)
                )


def words(browser, id):
    """Letters and digits of an element, without how indices are set."""
    return letters(browser.run(f"document.getElementById({id!r}).textContent"))


def letters(text):
    return [letter for letter in text.replace("−", "-").replace("≥", ">=") if letter.isalnum()]


def section(document, heading):
    """Letters and digits of a section."""
    parts = [part for group in document.sections for part in group.blocks]
    blocks = next(part.blocks for part in parts if part.heading == heading)
    pieces = [piece for block in blocks for piece in block.content]
    return letters("".join(p if isinstance(p, str) else p.text for p in pieces))


@pytest.mark.parametrize(
    ("counts", "features"), [(ASKED, 5), ((20, 400), 30), ((900, 1000), 20), ((9, 9), 3)]
)
def test_what_to_do_is_in_the_words_of_advice(page, counts, features):
    type_in(page, counts=", ".join(map(str, counts)), features=str(features))
    said = advise(counts, features=features, natural=True).document()
    assert words(page, "do") == section(said, "Do")
    ours, theirs = words(page, "regime"), section(said, "Regime")
    if advise(counts, features=features).regime.excess_ratio is None:
        assert ours == theirs
    else:  # read from a map
        assert [x for x in ours if not x.isdigit()] == [x for x in theirs if not x.isdigit()]


def test_errors_are_read_from_the_map_and_the_best_is_called_the_smallest(page):
    type_in(page, counts="20, 400", features="30", separation="2")
    found = {key: number for key, (number, _) in shown(page).items() if key.startswith("map.")}
    assert len(found) == 8 * 5
    ridges = maps.GRIDS[0].ridges
    solved = maps.errors_at(2, math.log(20 / 30), math.log(20), 2.0, ridges)
    table = predict_errors(np.array([20, 400]), 30, 2.0, None, ridges)
    solved["discriminant+loo"] = table.errors["discriminant+loo"]
    for key, number in found.items():
        _, name, column = key.split(".")
        best = [*solved[name], min(solved[name])]
        assert number == pytest.approx(best[int(column)], abs=maps.TOLERANCE["two"]), key
    said = page.run("document.getElementById('conclusion').textContent")
    named = next(name for name in solved if said.startswith(f"Smallest: {label_of(name)}, "))
    assert min(solved[named]) <= table.best(table.recommended) + maps.TOLERANCE["two"]


def test_six_classes_have_a_map_and_errors(page):
    type_in(page, features="20", separation="2")
    found = {key: number for key, (number, _) in shown(page).items() if key.startswith("map.")}
    table = predict_errors(np.array(ASKED), 20, 2.0, None, maps.GRIDS[1].ridges)
    assert len(found) == 7 * 4
    for name in table.errors:
        if name != BEST_THRESHOLD:
            error = found[f"map.{name}.3"]
            assert error == pytest.approx(table.best(name), abs=maps.TOLERANCE["more"]), name
    said = page.run("document.getElementById('conclusion').textContent")
    assert said.startswith("Smallest: class weights, ")
    assert page.run("document.querySelector('#map image').getAttribute('href').length") > 500
    before = page.run("document.getElementById('errors').textContent")
    page.run("document.getElementById('load').value = 900")
    page.run("document.getElementById('load').dispatchEvent(new Event('input'))")
    assert page.run("document.getElementById('errors').textContent") != before


@pytest.mark.parametrize(
    ("counts", "d", "separation"), [((30, 30), 20, 1.0), ((12, 30, 60), 6, 3.0)]
)
def test_the_probability_of_no_fit_is_that_of_python(page, counts, d, separation):
    code = f"new Promise((done) => simulate({json.dumps(counts)}, {d}, {separation}, done, 500))"
    theirs = no_mle(symmetric(len(counts), d, separation), np.array(counts))
    for ours, name in zip(page.run(code), ("class-weights", "undersample"), strict=True):
        other = theirs[name]
        z = (ours["value"] - other.value) / math.hypot(ours["mcse"], other.mcse)
        assert abs(z) <= 4, (counts, name, z)


def test_what_is_pasted_is_read_as_in_python(page):
    read = (
        "(text) => { try { return modules['mlbalance.page.pasted'].counts_of(text); }"
        "catch (error) { return error.message; } }"
    )
    for text in (*(form[0] for form in FORMS), *(refused[0] for refused in REFUSED)):
        try:
            expected = list(counts_of(text))
        except CountsError as error:
            expected = str(error)
        assert page.run(f"({read})({json.dumps(text)})") == expected


@pytest.mark.parametrize(
    "form", ["", ",", ".2f", ",.0f", ",.1f", "+.3f", "g", ".1g", ".2g", ",.3g", ".10g"]
)
def test_numbers_are_written_as_in_python(page, form):
    rng = np.random.default_rng(7)
    given = [
        *np.round(rng.uniform(-5, 5, 200), 2),
        *(rng.integers(-4000, 4000, 300) / 8),
        *(10 ** rng.uniform(-8, 14, 300)),
        *(0.0, 0.5, 1.5, 2.5, 0.125, 9.995, 99.5, 999.5, 0.00009995, 1e5, 123456.5),
    ]
    numbers = [int(n) for n in given] if form in ("", ",") else [float(n) for n in given]
    found = page.run(f"{json.dumps(numbers)}.map((x) => py.format(x, {json.dumps(form)}))")
    wrong = [(n, f) for n, f in zip(numbers, found, strict=True) if f != format(n, form)]
    assert wrong == []


def test_the_functions_of_the_normal_distribution(page):
    from scipy.special import erfc

    at = np.linspace(-6, 12, 400)
    found = np.array(page.run(f"{json.dumps(at.tolist())}.map(erfc)"))
    assert found == pytest.approx(erfc(at), rel=1e-13)


@pytest.mark.parametrize(
    "bad", ["", "many, few", "0, 5", "7", "-3, 5", "2.5, 3", "1_000, 4", "12,500 300", "1e400, 2"]
)
def test_bad_input_is_one_line_and_the_last_answer_stays(page, bad):
    before = shown(page)
    top = page.run("document.getElementById('tiles').getBoundingClientRect().top")
    type_in(page, counts=bad)
    fault = page.run("document.getElementById('fault').textContent")
    assert (
        fault
        and "\n" not in fault
        and fault.endswith("The answer is still that of the last counts.")
    )
    assert page.run("document.getElementById('counts').getAttribute('aria-invalid')") == "true"
    assert shown(page) == before
    assert page.run("document.getElementById('tiles').getBoundingClientRect().top") == top
    type_in(page, counts="3, 4")
    assert page.run("document.getElementById('fault').textContent") == ""
    assert shown(page) != before


@pytest.mark.parametrize("counts", ["7 " * 1000, "1e12, 3e11", "1, 1"])
def test_what_is_large_or_small_is_no_fault(page, counts):
    type_in(page, counts=counts)
    assert page.run("document.getElementById('fault').textContent") == ""
    assert page.run("document.getElementById('do').textContent").strip()


@pytest.mark.parametrize("width", [360, 768, 1440])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_the_window(page, width, dark):
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.size(width, dark=dark)
    shade = "dark" if dark else "light"
    for name, fields in (
        ("six", {}),
        ("six-features", {"features": "20", "separation": "2"}),
        ("two", {"counts": "healthy 400\nill 20", "features": "30", "separation": "2"}),
        (
            "large",
            {"counts": "999999999999, 888888888888\n777, 1", "features": "", "separation": ""},
        ),
    ):
        type_in(page, **fields)
        time.sleep(0.2)
        wide = page.run(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide[0] <= wide[1], (name, wide)
        if name != "large" and width != 768:
            page.picture(PICTURES / f"{name}-{width}-{shade}.png")


def test_the_keyboard_reaches_everything_and_opens_a_claim(page):
    page.run("document.activeElement.blur()")
    reached = []
    for _ in range(80):
        page.key("Tab")
        reached.append(
            page.run("document.activeElement.id || document.activeElement.dataset.claim")
        )
    for id in ("theme", "counts", "features", "separation", "next", "bags", "copy", "harmonic"):
        assert id in reached, id
    page.run("document.querySelector('[data-claim=harmonic]').focus()")
    page.key("Enter")
    assert page.run("document.getElementById('claim').open")
    assert page.run("document.querySelectorAll('#claim math').length") > 3
    page.key("Escape")
    assert not page.run("document.getElementById('claim').open")
    assert page.run("document.activeElement.dataset.claim") == "harmonic"
    page.run("document.querySelector('[role=tab][aria-selected=true]').focus()")
    page.key("ArrowRight")
    assert page.run("document.activeElement.dataset.code") == "imbalanced-learn"
    assert "imblearn" in page.run("document.getElementById('snippet').textContent")


def test_an_answer_can_be_linked(page):
    type_in(page, counts="a 20\nb 400", features="30", separation="2")
    page.run("document.querySelector('[value=natural]').click()")
    time.sleep(0.6)
    link, before = page.run("location.hash"), page.run("document.body.innerText.length")
    page.run("location.hash = '#counts=3,4'")
    time.sleep(0.2)
    page.run(f"location.hash = {json.dumps(link)}")
    time.sleep(0.2)
    assert page.run("document.getElementById('counts').value") == "a 20\nb 400"
    assert page.run("document.querySelector('[value=natural]').checked")
    assert page.run("document.body.innerText.length") == pytest.approx(before, abs=80)


def test_everything_that_can_be_used_has_a_name(page):
    type_in(page, features="30", separation="2", counts="20, 400")
    roles = {"button", "textbox", "radio", "slider", "tab", "combobox", "spinbutton"}
    found = 0
    for node in page("Accessibility.getFullAXTree")["nodes"]:
        if node.get("role", {}).get("value") in roles and not node.get("ignored"):
            assert node.get("name", {}).get("value"), node
            found += 1
    assert found > 30


@pytest.mark.parametrize("dark", [False, True])
def test_text_can_be_read_on_what_is_behind_it(page, dark):
    page.size(1440, dark=dark)
    type_in(page, counts="20, 400", features="30", separation="2")
    time.sleep(0.3)
    assert page.run((HERE / "contrast.js").read_text("utf-8")) == []


def test_axe_finds_nothing(page, tmp_path):
    """Where npm can be reached: axe-core, downloaded for this alone."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm on the path")
    told = subprocess.run(
        ["npm", "pack", "--silent", AXE], cwd=tmp_path, capture_output=True, timeout=60, check=False
    )
    packed = next(tmp_path.glob("axe-core-*.tgz"), None)
    if told.returncode or packed is None:
        pytest.skip("axe-core cannot be downloaded")
    subprocess.run(["tar", "xzf", packed.name], cwd=tmp_path, check=True)
    page.run((tmp_path / "package" / "axe.min.js").read_text("utf-8") + "; 1")
    for dark in (False, True):
        page.size(1440, dark=dark)
        type_in(page, counts="20, 400", features="30", separation="2")
        time.sleep(0.3)
        found = page.run(
            "axe.run().then((all) => all.violations.map("
            "(each) => [each.id, each.nodes.length, each.nodes[0].html.slice(0, 160)]))"
        )
        assert found == []
