"""The command `compare`: what it prints and writes, and one line for what it cannot do."""

import json
from html import escape

import numpy as np
import pytest

from mlbalance.cli import main

FAST = ("--methods", "lda,unweighted+prior", "--repeats", "1", "--folds", "3", "--jobs", "1")


@pytest.fixture
def file(tmp_path):
    rng = np.random.default_rng(0)
    y = np.repeat(["ill", "well"], [12, 40])
    X = rng.standard_normal((52, 2)) + (y == "ill")[:, None]
    path = tmp_path / "data.csv"
    rows = [f"{a:.4f},{b:.4f},{c}" for (a, b), c in zip(X, y, strict=True)]
    path.write_text("\n".join(["u,v,state", *rows, ""]))
    return path


def command(file, *words):
    return main(["compare", str(file), "--target", "state", *words])


def test_one_command_answers_reports_and_saves(file, tmp_path, capsys):
    joblib = pytest.importorskip("joblib")
    page, model = tmp_path / "out.html", tmp_path / "model.joblib"
    assert command(file, *FAST, "--report", str(page), "--save", str(model)) == 0
    said = capsys.readouterr()
    assert said.out.startswith("Answer  ")
    assert max(map(len, said.out.splitlines())) <= 80
    assert "3/3 folds" in said.err
    assert "Which method for data.csv" in page.read_text()
    p = joblib.load(model).predict_proba({"u": [3.0, -3.0], "v": [3.0, -3.0]})
    assert p[0, 0] > 0.9 and p[1, 0] < 0.1


def test_all_numbers_as_json(file, capsys):
    own = "nb=sklearn.naive_bayes:GaussianNB"
    costs = ("--costs", "ill=5", "well=1")
    assert command(file, *FAST, "--json", "--estimator", own, *costs) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["id"] for each in told["methods"]] == [
        *("class-weights", "lda", "unweighted+prior", "nb"),
    ]
    assert told["target"]["ill"] == pytest.approx(60 / 100)


def test_a_store_goes_on(file, tmp_path, capsys):
    for _ in range(2):
        assert command(file, *FAST, "--json", "--store", str(tmp_path / "kept")) == 0
    assert capsys.readouterr().out.count('"seed": 0') == 2
    assert len(list((tmp_path / "kept").glob("*/*/*.npz"))) == 9


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--methods", "ldaa"), "No method is called 'ldaa'. Did you mean lda"),
        (("--estimator", "KNN"), "--estimator takes MODULE:CLASS"),
        (("--estimator", "no.such:Thing"), "no.such cannot be imported"),
        (("--estimator", "sklearn.svm:SVM"), "sklearn.svm has no SVM"),
        (("--estimator", "sklearn.svm:LinearSVC"), "has no predict_proba"),
        (("--estimator", "sklearn.multiclass:OneVsRestClassifier"), "without arguments"),
        (("--costs", "ill=x", "well=1"), "--costs takes LABEL=NUMBER"),
        (("--costs", "ill=2"), "has no value for class 'well'"),
        (("--costs", "ill=2", "well=1", "--aim-prior", "ill=.5", "well=.5"), "not both"),
        (("--aim-prior", "ill=.5", "well=.6"), "sum"),
        (("--folds", "13"), "13 folds need 13 rows of every class"),
        (("--folds", "1"), "a whole number from 2 on is needed"),
        (("--budget", "0"), "a number above 0 is needed"),
        (("--report", "/no/such/folder/x.html"), "there is no folder /no/such/folder"),
        (("--target", "status"), "status"),
    ],
    ids=lambda given: " ".join(given)[:40] if isinstance(given, tuple) else "",
)
def test_bad_input_is_one_line_and_exit_code_2(file, capsys, words, complaint):
    assert command(file, *FAST, *words) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert complaint in said.err


def test_nothing_is_fitted_where_the_result_could_not_be_written(file, capsys, tmp_path):
    assert command(file, *FAST, "--save", str(tmp_path)) == 2
    assert "it is a folder" in capsys.readouterr().err


# Files of users: refused in a line each, or read with a line on what was done.

X = [f"{v:.3f}" for v in np.random.default_rng(1).normal(size=60)]
STATE = ["ill"] * 15 + ["well"] * 45


def csv(**columns):
    lines = [list(columns), *zip(*columns.values(), strict=True)]
    cells = [[f'"{str(cell).replace(chr(34), 2 * chr(34))}"' for cell in line] for line in lines]
    return "".join(",".join(line) + "\n" for line in cells).encode()


REFUSED = {
    "no target column": (csv(x=X, status=STATE), "no column 'state'. Did you mean 'status'?"),
    "one class": (csv(x=X, state=["ill"] * 60), "'state' has one class, 'ill', in all 60 rows"),
    "fewer rows than folds": (
        csv(x=X, state=["ill"] * 2 + ["well"] * 58),
        "3 folds need 3 rows of every class; fewer have: 'ill' (2). Merge such a class",
    ),
    "one row of a class": (
        csv(x=X, state=["ill"] + ["well"] * 59),
        "fewer have: 'ill' (1). Merge such a class with another, or drop its rows.",
    ),
    "a quantity as target": (csv(x=STATE, state=X), "'state' has 60 distinct values in 60 rows"),
    "nothing but missing cells": (csv(x=[""] * 60, state=STATE), "'x' (every cell is missing)"),
    "nothing but identifiers": (csv(id=range(60), state=STATE), "'id' (a different whole number"),
    "the target under another name": (
        csv(x=X, copy=[s[0] for s in STATE], state=STATE),
        "'copy' is the target 'state' under other names: each of its values goes with one class, "
        "so it gives the label away (leakage).",
    ),
    "a name twice": (b"x,x,state\n1,2,ill\n", "Columns 1 and 2 of 'data.csv' are both named 'x'"),
    "no text": (b"\x89PNG\r\n\x1a\n\x00", "'data.csv' is not a text file: byte 0x1a in line 2."),
    "rows of two lengths": (b"x,state\n1,ill\n2\n", "Line 3 of 'data.csv' has 1 cell; the header"),
    "a workbook": (b"PK\x03\x04rest", "a zip file or a workbook; save the sheet as CSV."),
    "empty": (b"", "'data.csv' is empty. Give a file with a header and rows."),
    "a header alone": (b"x,state\n", "'data.csv' has a header and no rows."),
    "two encodings": (
        "x,state\n1,é\n".encode() + b"2,\xe9\n",
        "'data.csv' mixes encodings: line 2 is UTF-8, line 3 is not. Save it as UTF-8.",
    ),
    "dates": (
        csv(x=X, when=["2024-01-31"] * 60, state=STATE),
        "Column 'when' holds dates or times, such as '2024-01-31'; features and classes are",
    ),
    "dates as classes": (
        csv(x=X, state=["2024-01-31", "2024-02-01"] * 30),
        "Column 'state' holds dates or times",
    ),
}


def compared(tmp_path, content):
    """Exit code of a comparison of a file that should write a report and a fit."""
    path = tmp_path / "data.csv"
    if content is None:
        with path.open("wb") as sparse:
            sparse.truncate(2**30)
    else:
        path.write_bytes(content)
    written = ("--report", str(tmp_path / "out.html"), "--save", str(tmp_path / "out.joblib"))
    return command(path, *FAST, *written)


@pytest.mark.parametrize("what", [*REFUSED, "one GiB"])
def test_a_file_that_cannot_be_compared_on_is_refused_in_one_line(tmp_path, capsys, what):
    large = (None, "'data.csv' has 1024 MiB; a table of up to 64 MiB of text is held in memory.")
    content, message = REFUSED.get(what, large)
    assert compared(tmp_path, content) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith("mlbalance: ") and message in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


TEXTS = [f"text {i}" for i in range(1500)]
READ = {
    "thousands of texts": (
        csv(x=X * 25, text=TEXTS, state=STATE * 25),
        "Left out: 'text' (a different text in every row, such as 'text 0').",
    ),
    "a column of missing cells": (
        csv(x=X, gap=[""] * 60, state=STATE),
        "Left out: 'gap' (every cell is missing).",
    ),
    "an identifier": (csv(x=X, id=range(60), state=STATE), "Left out: 'id' (a different whole"),
    "truth values": (
        csv(x=X, flag=["True", "False"] * 30, state=["yes", "no", "no"] * 20),
        "Categories, one 0/1 column per level but the first: 'flag' 2.",
    ),
    "whole numbers as text": (csv(x=X, state=["1", "0", "0"] * 20), "'state': '0' 40, '1' 20."),
    "a script": (csv(x=X, state=["<script>", "b", "b"] * 20), "'<script>' 20"),
    "a formula": (csv(x=X, state=["=cmd()", "b", "b"] * 20), "'=cmd()' 20"),
    "quotes": (csv(x=X, state=['a "b"', "it's", "it's"] * 20), """"it's" 40, 'a "b"' 20"""),
    "emoji": (csv(x=X, state=["🐟", "🐠", "🐠"] * 20), "'🐟' 20"),
}


@pytest.mark.parametrize("what", READ)
def test_what_was_done_to_a_file_is_said(tmp_path, capsys, what):
    content, message = READ[what]
    assert compared(tmp_path, content) == 0
    assert message in " ".join(capsys.readouterr().out.split())
    page = (tmp_path / "out.html").read_text("utf-8")
    assert "<script" not in page and escape(message) in page
