"""Code for other libraries: it runs where they are installed, and balances as it says."""

import ast
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mlbalance.advise import advise
from mlbalance.advise.code import LIBRARIES, SNIPPETS, snippet
from mlbalance.cli import main
from mlbalance.inputs import InputError

COUNTS = (60, 15, 25)
TAU = (0.2, 0.5, 0.3)
HERE = ("mlbalance", "scikit-learn", "imbalanced-learn")


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(3)
    y = np.repeat(np.arange(3), COUNTS)
    return rng.normal(size=(y.size, 2)) + np.array([[0, 0], [1, 0], [0, 1]])[y], y


def run(code, rows):
    X, y = rows
    space = {"X": X, "y": y, "X_new": X[::7]}
    with warnings.catch_warnings():
        # At the end of a path of ridges, or that the optimiser may not have converged.
        warnings.simplefilter("ignore")
        exec(code, space)
    return space


@pytest.mark.parametrize("target", ["balanced", "natural"])
@pytest.mark.parametrize("prior", [None, TAU])
@pytest.mark.parametrize("library", LIBRARIES)
def test_python_is_python_and_no_gap_is_left(library, prior, target):
    recommended = "prior-correction" if target == "natural" else "class-weights"
    counts = COUNTS if library != "r-glm" else COUNTS[:2]
    prior = prior if library != "r-glm" or prior is None else (0.4, 0.6)
    code = snippet(library, counts, prior, recommended)
    assert "«" not in code and code.endswith("\n")
    assert max(map(len, code.splitlines())) <= 100
    if SNIPPETS[library].language == "python":
        ast.parse(code)


@pytest.mark.parametrize("library", HERE)
@pytest.mark.parametrize("recommended", ["class-weights", "prior-correction"])
def test_every_part_runs_and_probabilities_sum_to_one(library, recommended, rows):
    for prior in (None, TAU)[: 1 + (library != "mlbalance")]:
        found = run(snippet(library, COUNTS, prior, recommended), rows)
        if "p" in found:
            assert np.sum(found["p"], axis=1) == pytest.approx(1)


@pytest.mark.parametrize("library", ["scikit-learn", "imbalanced-learn"])
@pytest.mark.parametrize("prior", [None, TAU])
def test_weights_are_those_of_the_target(library, prior, rows):
    given, (X, y) = SNIPPETS[library], rows
    whole = snippet(library, COUNTS, prior, "class-weights")
    model = run(whole.partition("\n# If it")[0], rows)["model"]
    tau = np.full(3, 1 / 3) if prior is None else np.array(prior)
    weight = (tau / COUNTS * sum(COUNTS))[y]
    same = LogisticRegression(max_iter=1000).fit(X, y, sample_weight=weight)
    found = model.decision_function(X)
    assert found == pytest.approx(same.decision_function(X), abs=1e-3), given.title


R = """
set.seed(1)
data <- data.frame(y = factor(rep(seq_along(n), n)), a = rnorm(sum(n)), b = rnorm(sum(n)))
data$a <- data$a + as.integer(data$y)
new <- data[seq(1, nrow(data), 7), c("a", "b")]
"""


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not on the path")
@pytest.mark.parametrize(("library", "counts"), [("r-glm", (60, 15)), ("r-nnet", COUNTS)])
def test_r_runs_and_probabilities_sum_to_one(library, counts, tmp_path):
    tau = (0.4, 0.6) if len(counts) == 2 else TAU
    size = f"n <- c({', '.join(map(str, counts))})"
    for number, recommended in enumerate(("class-weights", "prior-correction")):
        code = snippet(library, counts, (tau, None)[number], recommended)
        told = "cat(range(if (is.null(dim(p))) p else rowSums(p)))"
        file = tmp_path / "code.R"
        file.write_text("\n".join([size, R, code, told]), encoding="utf-8")
        done = subprocess.run(["Rscript", file], capture_output=True, text=True, check=False)
        if "no package called" in done.stderr:
            pytest.skip("nnet is not installed in R")
        assert done.returncode == 0, done.stderr
        low, high = map(float, done.stdout.splitlines()[-1].split()[-2:])
        assert 0 < low <= high <= 1 + 1e-9
        assert library == "r-glm" or low == pytest.approx(1)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosting_runs_where_it_is_installed(library, rows):
    pytest.importorskip(library)
    for recommended in ("class-weights", "prior-correction"):
        found = run(snippet(library, COUNTS, TAU, recommended), rows)
        assert np.sum(found["p"], axis=1) == pytest.approx(1, abs=1e-6)


def test_natural_probabilities_are_shifted_by_the_priors(rows):
    code = snippet("scikit-learn", COUNTS, None, "class-weights")
    space = run(code, rows)
    p = space["model"].predict_proba(space["X_new"]) * COUNTS
    assert space["p"] == pytest.approx(p / p.sum(axis=1, keepdims=True))


def test_labels_are_quoted():
    code = snippet("scikit-learn", (5, 6), None, "class-weights", ['a"b', "c\\"])
    assert 'counts = {"a\\"b": 5, "c\\\\": 6}' in code
    assert "{7: 5, 9: 6}" in snippet("lightgbm", (5, 6), None, "class-weights", ["7", "9"])


def test_what_there_is_no_code_for():
    with pytest.raises(
        InputError, match=r"Code is for mlbalance, scikit-learn, .*'weka' was given"
    ):
        snippet("weka", COUNTS, None, "class-weights")
    with pytest.raises(InputError, match=r"glm fits two classes; there are 3\. Use r-nnet\."):
        snippet("r-glm", COUNTS, None, "class-weights")


def test_the_command_line_prints_code_alone(capsys):
    assert main(["advise", "60", "15", "25", "--code", "pytorch"]) == 0
    said = capsys.readouterr().out
    advice = advise(COUNTS)
    assert said == snippet("pytorch", COUNTS, None, advice.recommendation)
    assert main(["advise", "60", "15", "--code", "pytorch", "--json"]) == 2
    assert "Give --json or --code" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["advise", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(library in said for library in LIBRARIES)
