"""The site: every claim, study and public name has its page; what pages name is there.

Sphinx is not asked: `make docs` builds the pages, and checks their links.
"""

import importlib
import re
from pathlib import Path

import pytest

import mlbalance
from docs import api, build, links, names, parts, references, studies, theory
from docs.readme import ROOT
from mlbalance import claims, derivations
from mlbalance.advise import advise
from mlbalance.advise.situations import SITUATIONS, situations_table
from mlbalance.report import markdown

SOURCE = ROOT / "docs" / "source"
WRITTEN = {path.relative_to(SOURCE): path.read_text() for path in SOURCE.rglob("*.rst")}


PAGES = build.pages(verify=False)


def test_every_claim_has_a_page():
    assert {f"theory/claims/{label}.rst" for label in claims.CLAIMS} <= PAGES.keys()
    cited = PAGES["references.rst"]()
    for claim in claims.CLAIMS.values():
        assert all(f".. _ref-{key}:" in cited for key in claim.cites)


@pytest.mark.parametrize("label", ["prior-shift", "kish", "focal"])
def test_a_claim_is_told_with_its_proof(label):
    page, claim = PAGES[f"theory/claims/{label}.rst"](), claims.get(label)
    assert f".. _claim-{label}:" in page
    steps = [line for line in page.splitlines() if re.fullmatch(r"\\ \d+\.", line)]
    assert len(steps) == len(derivations.derive(label).steps)
    assert all(f"<condition-{name}>" in page for name in claim.conditions)
    assert all(f"<ref-{key}>" in page for key in claim.cites)
    for clause in claim.clauses:
        assert clause.text.split()[0] in page and clause.kind in page


def test_every_claim_stands_in_one_chapter():
    assert [label for own in theory.CHAPTERS.values() for label in own] == list(claims.CLAIMS)
    for name in theory.CHAPTERS:
        assert f".. generated:: {name}" in WRITTEN[Path(f"theory/{name}.rst")]


def test_a_step_that_does_not_hold_stops_the_build(monkeypatch):
    wrong = [derivations.StepResult(derivations.derive("kish").steps[0], False)]
    monkeypatch.setattr(derivations.Derivation, "verify", lambda self: wrong)
    with pytest.raises(ValueError, match="A step of kish does not hold"):
        theory.page("kish", {}, verify=True)


def test_every_study_has_a_page_with_its_verdict():
    assert set(studies.verdict_lines()) <= set(studies.NAMES)
    for name in studies.NAMES:
        page, study = PAGES[f"studies/{name}.rst"](), studies.study_of(name)
        assert f".. _study-{name}:" in page
        assert all(f":code:`{m.id}`" in page or f":ref:`{m.id}" in page for m in study.methods)
        line = studies.verdict_lines()[name]
        assert f"{line['numbers']} numbers" in page and line["critical"] in page


def test_every_public_name_has_its_place():
    modules = {f"mlbalance.{name}" for name in mlbalance.__all__ if name.islower()} - {
        "mlbalance.fit"
    }
    assert modules <= set(api.MODULES)
    for module in api.MODULES:
        places = [f"{module}.rst", *(f"{module}/{topic}.rst" for topic in api.topics(module))]
        told = "\n".join(PAGES[f"api/{place}"]() for place in places)
        assert len(places) == 1 or len(api.public(module)) > 8
        for name in importlib.import_module(module).__all__:
            entry = rf"^\.\. auto\w+:: {re.escape(module)}\.{name}$"
            assert len(re.findall(entry, told, re.MULTILINE)) == 1, name


def test_what_pages_ask_to_be_generated_is_known():
    asked = [
        name for text in WRITTEN.values() for name in re.findall(r"\.\. generated:: (\S+)", text)
    ]
    assert set(asked) <= {"conditions", *theory.CHAPTERS, *parts.PARTS}
    assert {"verdict", "guide", "situations", "names", "claims", "contest", "bench"} <= set(asked)


def test_pages_name_studies_and_claims_that_there_are():
    known = {*parts.NAMED, "mlbalance"}
    for path, text in WRITTEN.items():
        named = re.findall(r"(?<![`:\w])`([a-z][a-z0-9_-]+)`(?!`|_)", text)
        assert [name for name in named if name not in known] == [], path


@pytest.mark.parametrize("library", names.TABLES)
def test_names_of_other_libraries_and_ours_exist(library):
    for name in names.TABLES[library]:
        assert claims.resolve(name.ours) is not None
        assert name.ours in parts.LINKS
        if library != "R":
            module, _, attribute = name.theirs.rpartition(".")
            assert hasattr(pytest.importorskip(module), attribute)


def test_bibliography_is_read_whole():
    text = (ROOT / "mlbalance" / "references.bib").read_text()
    found = references.bibliography()
    assert len(found) == text.count("\n@") + text.startswith("@")
    assert all(entry["author"] and entry["title"] for entry in found.values())
    assert not [entry for entry in found.values() if re.search(r"[{}\\]", "".join(entry.values()))]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.words)
def test_an_example_is_of_its_situation(situation):
    advice = advise(situation.counts, **situation.options)
    assert (advice.regime and advice.regime.name) == situation.regime
    assert set(situation.labels) <= set(advice.because)


def test_situations_are_told_as_the_advice_tells_them():
    told = markdown.render(situations_table())
    assert "`advise 900 100 --features 5`" in told and 'class_weight="balanced"' in told


def test_a_dead_link_and_a_foreign_script_are_seen(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#x">b</a><a href="#y">y</a><p id="y"></p>')
    (tmp_path / "b.html").write_text('<a href="c.html">c</a><script src="https://host/x.js">')
    assert links.dead(tmp_path) == [
        "a.html: b.html#x has no such place",
        "b.html: c.html is not there",
    ]
    assert links.elsewhere(tmp_path) == ["b.html: https://host/x.js"]


def test_the_joss_paper_is_short_and_cites_what_there_is():
    head, _, text = (ROOT / "paper" / "joss.md").read_text().removeprefix("---").partition("---")
    assert 250 <= len(text.split()) <= 1000
    assert "The mlbalance developers" in head and "doi" not in head.lower()
    cited = re.findall(r"@(\w+)", text)
    assert cited and set(cited) <= set(references.bibliography())
    wanted = {"Summary", "Statement of need", "State of the field", "Functionality"}
    assert wanted <= set(re.findall(r"^# (.+)$", text, re.MULTILINE))
    assert not re.findall(r"\d[.,]?\d", re.sub(r"\[@[^]]*\]", "", text))
