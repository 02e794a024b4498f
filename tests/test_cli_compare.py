"""The command `compare`: what it prints and writes, and one line for what it cannot do."""

import json

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
    assert len(list((tmp_path / "kept").glob("*/*.npz"))) == 3


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
