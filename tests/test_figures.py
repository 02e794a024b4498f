"""Figures tell the verdict of their study as it came out; nobody takes a name apart."""

import ast
import importlib
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlbalance import workspace
from mlbalance.simulation import (
    Comparison,
    Contrast,
    Criterion,
    Key,
    Row,
    Summary,
    Term,
    read_rows,
    verdict,
)
from tests.figures import (
    FIGURES,
    ROOT,
    changed,
    committed,
    common,
    compared,
    judged,
    refusal,
    study_of,
)

KEY = Key("model right", "unweighted+prior", 0.0, "difference", "squared error of slope")


def numbers(size, n=30):
    z = size * np.random.default_rng(0).standard_normal(n)
    rows = (Row(f"cell {i}", {}, "m", 0.1, "mean", "w", 1.0, 0.1, 50, 0) for i in range(n))
    return [Comparison(row, 1.0, 1.0, 0.1, one) for row, one in zip(rows, z, strict=True)]


# The verdict


def test_a_figure_says_whether_its_numbers_are_as_predicted():
    said = common().said
    contrasts = [Contrast("It is more.", (Term(1.0, *KEY),))]
    rows = Summary([Row(KEY.cell, {}, *KEY[1:], 1.0, 0.9, 500, 0)])
    good = verdict(numbers(1.0), Criterion(), contrasts=contrasts, rows=rows)
    assert said(good).startswith("30 numbers as predicted: largest |z| 2.3 (critical 4.3), rms z ")
    assert said(good).endswith("0 of 1 contrasts shown.")
    assert said(verdict(numbers(4.0), Criterion())).startswith("30 numbers NOT as predicted")
    assert said(good._replace(full=False)).endswith("none of 1 contrasts is contradicted.")


def test_a_figure_of_a_study_that_disagrees_is_drawn_and_one_that_is_contradicted_is_not():
    study, rows = study_of("bridge"), committed("bridge")
    far = [c._replace(z=9.0) for c in compared("bridge")]
    assert not judged("bridge", rows, far).agrees
    with refusal("The model right, the offset has the smaller error"):
        judged("bridge", changed(rows, KEY, value=-rows[KEY].value))
    with refusal("numbers to compare"):
        common().judge(study, rows, [])


def test_a_quick_run_is_one_of_fewer_cells_or_replications():
    study, rows = study_of("bridge"), committed("bridge")
    assert common().full(study, rows)
    few = Summary(row for row in rows.values() if row.factors["model"] != "right")
    assert not common().full(study, few)
    assert not common().full(replace(study, replications=10**6), rows)


def test_verdicts_are_kept_by_study_and_renewed(tmp_path):
    path, record = tmp_path / "verdicts.csv", common().record
    for name, size in (("b", 1.0), ("a", 1.0), ("b", 4.0)):
        found = numbers(size)
        record(path, name, verdict(found, Criterion(explanation="Known, and said.")), found)
    lines = common().verdicts(path)
    assert [(line["study"], line["verdict"]) for line in lines] == [
        ("a", "agrees"),
        ("b", "disagrees"),
    ]
    assert lines[1]["explanation"] == "Known, and said." and lines[1]["numbers"] == "30"
    worst = max(numbers(4.0), key=lambda c: abs(c.z))
    assert lines[1]["largest at"] == f"w, m, {worst.row.cell}, ridge 0.1"
    assert float(lines[1]["largest"]) == pytest.approx(abs(worst.z), rel=5e-3)
    assert path.read_text().startswith("# Generated")


def test_a_missing_number_is_the_worst(tmp_path):
    found = numbers(1.0)
    found[7] = found[7]._replace(z=np.nan)
    common().record(tmp_path / "v.csv", "a", verdict(found, Criterion()), found)
    (line,) = common().verdicts(tmp_path / "v.csv")
    assert line["largest at"].startswith("w, m, cell 7") and line["verdict"] == "disagrees"
    assert line["largest"] == "inf"


# What is drawn


def test_points_are_values_with_two_errors_in_a_unit():
    from matplotlib import pyplot as plt

    (one, *_), figure = numbers(1.0), plt.figure()
    axis = figure.subplots()
    observed = one._replace(observed=6.0, error=0.5)
    for place, found in ((1.0, one.row), (2.0, observed)):
        common().points(axis, [place], [found], unit=2.0)
        common().points(axis, [place], [found], unit=2.0, sideways=True)
    drawn = [container.lines for container in axis.containers]
    plt.close(figure)
    ends = [bars.get_segments()[0].tolist() for _, _, (bars,) in drawn]
    assert ends[0] == [[1.0, 0.4], [1.0, 0.6]]  # a row: its value and its error
    assert ends[1] == [[0.4, 1.0], [0.6, 1.0]]
    assert ends[2] == [[2.0, 2.5], [2.0, 3.5]]  # a comparison: what was made of them
    assert [line.get_xydata().tolist() for line, _, _ in drawn][2:] == [[[2.0, 3.0]], [[3.0, 2.0]]]


def test_labels_of_several_axes_are_in_the_legend_once():
    from matplotlib import pyplot as plt

    figure = plt.figure()
    axes = figure.subplots(1, 2)
    for axis, labels in zip(axes, (("a", "b"), ("b", "c")), strict=True):
        for label in labels:
            axis.plot([], [], label=label)
    common().legend(figure, axes, ncols=2)
    (found,) = figure.legends
    plt.close(figure)
    assert [text.get_text() for text in found.get_texts()] == ["a", "b", "c"]


# How it is written, and what is kept


@pytest.fixture
def compact(monkeypatch):
    """The function that has Matplotlib write small files, undone after the test."""
    from matplotlib.backends import _backend_pdf_ps, backend_pdf

    common()
    parts = (backend_pdf, "pdfRepr"), (_backend_pdf_ps.subset, "Options")
    for owner, name in (*parts, (backend_pdf.PdfFile, "pathOperations")):
        monkeypatch.setattr(owner, name, owner.__dict__[name])
    return importlib.import_module("compact").compact


def test_an_image_of_few_colours_whose_names_are_a_list_is_written(tmp_path, compact):
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots()
    axis.imshow(np.eye(4), interpolation="nearest")
    compact()
    figure.savefig(tmp_path / "image.pdf")
    plt.close(figure)
    assert b"/Indexed /DeviceRGB" in (tmp_path / "image.pdf").read_bytes()


def test_a_file_has_no_hints_and_no_digits_that_nobody_sees(tmp_path, compact):
    from matplotlib import pyplot as plt

    sizes = []
    for number in range(2):
        figure, axis = plt.subplots()
        axis.plot(np.random.default_rng(0).standard_normal(50).cumsum(), label="under-bagging")
        axis.legend()
        path = tmp_path / f"{number}.pdf"
        with plt.rc_context({"pdf.fonttype": 42, "pdf.compression": 0}):
            figure.savefig(path)
        plt.close(figure)
        sizes.append(path.stat().st_size)
        if not number:
            compact()
    assert sizes[1] < 0.7 * sizes[0]
    written = path.read_bytes()
    assert b"fpgm" not in written and b"fpgm" in (tmp_path / "0.pdf").read_bytes()
    decimals = [len(word.partition(b".")[2]) for word in written.split() if _is_number(word)]
    assert max(decimals) == 3


def _is_number(word):
    return word.replace(b".", b"", 1).removeprefix(b"-").isdigit()


def test_predictions_are_kept_by_scripts_alone_until_a_source_changes(tmp_path, monkeypatch):
    common()
    kept = importlib.import_module("kept")
    sources = "mlbalance/theory/limit.py", "simulations/study.py", "paper/figures/limits.py"
    for name in (*sources, "docs/other.py", "study.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.setattr(kept, "ROOT", tmp_path)
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "predictions")
    monkeypatch.setattr(kept, "_keeping", [])
    calls = []

    def predicted(x):
        calls.append(x)
        return 2 * x

    found = kept.kept(predicted)
    assert [found(1), found(1)] == [2, 2] and len(calls) == 2
    kept.keep()
    assert [found(1), found(1), found(3)] == [2, 2, 6] and len(calls) == 4
    script = tmp_path / "study.py"
    digests = []
    for name in ("docs/other.py", *sources, "study.py"):
        (tmp_path / name).write_text("x = 1")
        digests.append(kept.digest.__wrapped__(script))
    assert len(set(digests)) == 5  # the first changes nothing, the others do
    (tmp_path / "docs/other.py").write_text("x = 2")
    assert kept.digest.__wrapped__(script) == digests[-1]


# A result is a record: nobody takes a name apart

TAKES_APART = frozenset(
    "split rsplit partition rpartition startswith endswith removeprefix removesuffix".split()
)
NAMES = frozenset("id label name cell method metric estimand".split())
"""Attributes of cells, methods, rows and quantities that are names."""


def taken_apart(code):
    """Lines on which a text is searched or cut."""
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in TAKES_APART:
                yield node.lineno
            case ast.Call(func=ast.Attribute(attr="replace"), args=[_, _, *_]):
                yield node.lineno
            case ast.Import(names=names) if "re" in {alias.name for alias in names}:
                yield node.lineno
            case ast.ImportFrom(module="re"):
                yield node.lineno
            case ast.Subscript(value=ast.Attribute(attr=attr)) if attr in NAMES:
                yield node.lineno
            case ast.Compare(ops=[ast.In() | ast.NotIn()], comparators=[ast.Attribute(attr=attr)]):
                if attr in NAMES:
                    yield node.lineno


@pytest.mark.parametrize(
    "code",
    [
        'row.cell.split(", ")',
        'text(row).startswith("d=2")',
        'name.removesuffix("x")',
        'cell.id.replace("model ", "")',
        "import re",
        "from re import match",
        "int(c.row.cell[2])",
        '"disjoint" in row.method',
    ],
)
def test_a_name_that_is_taken_apart_is_seen(code):
    assert list(taken_apart(code)) == [1]
    assert not list(taken_apart("replace(study, root=1); rows[row.key]; row.method in PUBLISHED"))


@pytest.mark.parametrize(
    "path",
    [*sorted(FIGURES.glob("*.py")), *sorted((ROOT / "simulations").glob("*.py"))],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_no_figure_and_no_study_takes_a_name_apart(path):
    assert not list(taken_apart(path.read_text("utf-8")))


# A new study, with an outcome and a figure of its own

STUDY = """
from dataclasses import dataclass

import numpy as np

from mlbalance.methods import methods
from mlbalance.populations import Gaussian
from mlbalance.simulation import Cell, Contrast, Criterion, Quantity, Sampled, Study, Term


@dataclass(frozen=True)
class Means:
    columns = Quantity("middle"), Quantity("gap", "estimate")

    def __call__(self, fitted):
        x, w = fitted.X[:, :, 0], fitted.weights[:, 0]
        one, other = (
            (x * w * (fitted.y == k)).sum(axis=1) / (w * (fitted.y == k)).sum(axis=1)
            for k in range(2)
        )
        return np.stack([(w * x).sum(axis=1), other - one], axis=1)


STUDY = Study(
    name="weighted_means",
    aim="Show that weighted rows have the middle of the class means as their mean.",
    cells=tuple(
        Cell(
            f"separation {s:g}, {times} times",
            Sampled(Gaussian([[0.0], [s]], np.eye(1)), (32 * times, 2 * times), test_size=16),
            {"separation": s, "times": times},
            truth={"gap": s},
        )
        for s in (0.5, 1.0)
        for times in (2, 5)
    ),
    estimands="Mean of the weighted rows, and the gap between the class means.",
    methods=methods("class-weights", "undersample", ridge=0.1),
    reference="class-weights",
    replications=400,
    root=11,
    outcomes=(Means(),),
    criterion=Criterion(),
    contrasts=(
        Contrast(
            "An undersample has the larger error.",
            tuple(
                Term(factor, "separation 1, 5 times", method, 0.1, "empirical SE", "gap")
                for factor, method in ((1.0, "undersample"), (-1.0, "class-weights"))
            ),
        ),
    ),
)
"""

FIGURE = """
import matplotlib.pyplot as plt
from common import LOOK, entries, legend, logarithmic, main, points, strokes, where

from mlbalance.simulation import compare


def compared(study, rows):
    middles = [
        compare(row, cell.factors["separation"] / 2)
        for row, cell, _ in entries(study, rows, metric="mean", estimand="middle")
    ]
    return middles + [compare(row, 0.0) for row in rows.select(metric="bias", estimand="gap")]


def draw(study, rows, found):
    figure, axes = plt.subplots(1, 2, sharey=True)
    for axis, separation in zip(axes, (0.5, 1.0), strict=True):
        for method in study.methods:
            own = where(found, separation=separation, method=method.id, estimand="middle")
            at = [c.row.factors["times"] for c in own]
            points(axis, at, own, **LOOK[method.id].of_points, label=method.label)
            strokes(axis, at, [c.predicted for c in own])
        logarithmic(axis, x=(2, 5))
        axis.set_title(f"separation {separation:g}")
    legend(figure, axes)
    return figure


if __name__ == "__main__":
    main("weighted_means", draw, compared)
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with one study more, and its figure."""
    pytest.importorskip("matplotlib")
    for folder in ("mlbalance", "simulations", "paper/figures", "out"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("common.py", "compact.py", "kept.py", "mlbalance.mplstyle"):
        shutil.copy(FIGURES / file, tmp_path / "paper/figures")
    shutil.copy(ROOT / "simulations/six_classes.py", tmp_path / "simulations")
    (tmp_path / "simulations/weighted_means.py").write_text(STUDY)
    (tmp_path / "paper/figures/weighted_means.py").write_text(FIGURE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_study_and_its_figure_take_no_name_apart(checkout):
    study = workspace.find("weighted_means")
    ran = workspace.run(study, workspace.Options(jobs=1))
    rows = read_rows(ran.summary)
    assert {(row.metric, row.estimand) for row in rows.select(method="undersample")} == {
        ("P(no estimate)", ""),
        ("mean", "middle"),
        ("difference", "middle"),
        *((metric, "gap") for metric in ("bias", "empirical SE", "MSE", "relative precision")),
    }
    at = {"separation": 1.0, "times": 5, "method": "class-weights"}
    middle = rows.one(**at, metric="mean", estimand="middle")
    assert middle.mcse > 0 and abs(middle.value - 0.5) < 5 * middle.mcse

    script, out = checkout / "paper/figures/weighted_means.py", checkout / "out"
    drawn = subprocess.run(
        [sys.executable, script, ran.summary.parent, out], capture_output=True, text=True
    )
    assert not drawn.returncode, drawn.stderr
    (line,) = common().verdicts(out / "verdicts.csv")
    assert (line["study"], line["verdict"], line["numbers"]) == ("weighted_means", "agrees", "16")
    assert (line["contrasts"], line["shown"]) == ("1", "1")
    assert "16 numbers as predicted" in drawn.stdout and "1 of 1 contrasts shown" in drawn.stdout
    assert (out / "weighted_means.png").stat().st_size > 5000
    assert not [*taken_apart(STUDY), *taken_apart(FIGURE)]


def test_a_new_study_that_is_contradicted_has_no_figure(checkout):
    other = STUDY.replace('(1.0, "undersample")', '(0.0, "undersample")').replace(
        "larger", "smaller"
    )
    (checkout / "simulations/weighted_means.py").write_text(other)
    ran = workspace.run(workspace.find("weighted_means"), workspace.Options(jobs=1))
    command = [sys.executable, "paper/figures/weighted_means.py", ran.summary.parent, "out"]
    drawn = subprocess.run(command, capture_output=True, text=True)
    assert drawn.returncode and "An undersample has the smaller error." in drawn.stderr
    assert not list(Path("out").iterdir())
