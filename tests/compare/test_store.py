"""The store of a comparison: by method, with the code of users; it goes on where it was stopped."""

import importlib
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlbalance.compare import Candidate, compare, store
from mlbalance.compare.candidates import CANDIDATES
from mlbalance.compare.definition import define
from mlbalance.estimators import SoftmaxClassifier
from mlbalance.inputs import InputError
from mlbalance.schemes import ClassWeight

FAST = ("class-weights", "unweighted+prior", "lda")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], [40, 15])
    return rng.standard_normal((55, 3)) + 1.5 * (y == "b")[:, None] * [1, 0, 0], y


class Counting(LogisticRegression):
    fits = 0

    def fit(self, X, y):
        type(self).fits += 1
        return super().fit(X, y)


def same(one, other, method):
    """Whether two comparisons have the same outcomes of a method, but for the seconds."""
    pairs = [[o for o in found.outcomes if o.method == method] for found in (one, other)]
    for own, its in zip(*pairs, strict=True):
        assert own._replace(seconds=0, log_p=None) == its._replace(seconds=0, log_p=None)
        np.testing.assert_array_equal(own.log_p, its.log_p)


def test_what_is_kept_is_not_run_again(data, tmp_path):
    given = {"repeats": 2, "folds": 3, "store": tmp_path}
    part = compare(*data, methods=FAST, budget=1e-9, **given)
    assert len(part.outcomes) == 1
    (stored,) = tmp_path.glob("*/*/0-0.npz")
    before = stored.stat().st_mtime_ns
    whole = compare(*data, methods=FAST, **given)
    assert stored.stat().st_mtime_ns == before and len(whole.blocks) == 6
    fresh = compare(*data, methods=FAST, repeats=2, folds=3)
    stored.write_bytes(b"damaged")
    again = compare(*data, methods=FAST, **given)
    for method in FAST:
        same(whole, fresh, method)
        same(again, fresh, method)


def test_another_method_is_run_alone(data, tmp_path):
    given = {"repeats": 1, "store": tmp_path}
    Counting.fits = 0
    compare(*data, methods=[("own", Counting())], **given)
    assert Counting.fits == 5
    more = compare(*data, methods=["lda", ("own", Counting())], **given)
    assert Counting.fits == 5 and not more.failures("lda") and more.folds_of("lda") == 5
    # An id and a label are names; the prior of probabilities and parameters are not.
    compare(*data, methods=[Candidate("other", "other", Counting())], **given)
    assert Counting.fits == 5
    compare(*data, methods=[Candidate("own", "own", Counting(), "as-is")], **given)
    assert Counting.fits == 10
    files = len([*tmp_path.glob("*/*/*.npz")])
    compare(*data, methods=["lda", ("own", Counting(C=2.0))], **given)
    assert Counting.fits == 15 and len([*tmp_path.glob("*/*/*.npz")]) == files + 5
    # More repeats take up those that are there.
    compare(*data, methods=["lda", ("own", Counting())], repeats=2, store=tmp_path)
    assert Counting.fits == 20


def test_methods_with_other_numbers_of_folds_are_compared_on_those_they_share(data, tmp_path):
    given = {"repeats": 3, "store": tmp_path}
    two = compare(*data, methods=("class-weights", "unweighted+prior"), **given)
    first = compare(*data, methods=FAST, repeats=1, store=tmp_path)
    # Nothing can be begun: lda has the five folds of the first repeat.
    found = compare(*data, methods=FAST, budget=1e-9, **given)
    assert [found.folds_of(method) for method in found.methods] == [15, 15, 5]
    assert "allowed 15 of 15 folds, of which lda has 5" in found.notes[-1]
    prior, lda = found.differences()
    assert (prior.mean, prior.error) == pytest.approx(two.differences()[0][1:3])
    assert lda.mean == pytest.approx(first.differences()[1].mean)
    assert lda.low < lda.mean < lda.high
    assert lda.high - lda.low > first.differences()[1].high - first.differences()[1].low - 1e-12
    text = " ".join(found.text().split())
    assert "Methods differ in their folds" in text and found.ranks()["lda"] == first.ranks()["lda"]
    assert found.means("error")[2] == pytest.approx(first.means("error")[2])


def test_other_data_and_settings_have_folders_of_their_own(data, tmp_path):
    X, y = data
    compare(X, y, methods="lda", repeats=1, store=tmp_path)
    for change in ({"seed": 1}, {"folds": 4}, {"aim": "natural"}, {"X": X + 1e-9}, {"y": y[::-1]}):
        before = len([*tmp_path.iterdir()])
        compare(**{"X": X, "y": y, "methods": "lda", "repeats": 1, "store": tmp_path, **change})
        assert len([*tmp_path.iterdir()]) == before + 1


def test_outcomes_of_another_version_are_refused(data, tmp_path, monkeypatch):
    compare(*data, methods="lda", repeats=1, store=tmp_path)
    monkeypatch.setattr(store, "__version__", "99.0")
    with pytest.raises(InputError, match=r"was written by version .*, this is 99\.0: results may"):
        compare(*data, methods="lda", repeats=1, store=tmp_path)


# --- definitions ----------------------------------------------------------------------------------


def test_definitions_are_of_what_is_fitted():
    def fit_of(estimator, prior="natural"):
        return define(Candidate("x", "x", estimator, prior)).fit

    one = make_pipeline(StandardScaler(), LogisticRegression(C=2.0))
    assert fit_of(one) == fit_of(make_pipeline(StandardScaler(), LogisticRegression(C=2.0)))
    assert fit_of(one) != fit_of(make_pipeline(StandardScaler(), LogisticRegression(C=3.0)))
    assert fit_of(one) == fit_of(one, "as-is") != fit_of(SoftmaxClassifier(), "as-is")
    # Where the comparison sets the target the fits are others.
    assert fit_of(SoftmaxClassifier(), "target") != fit_of(SoftmaxClassifier(), "as-is")
    prior = {"a": 0.25, "b": 0.75}
    own = [SoftmaxClassifier(ClassWeight(prior=prior)) for _ in range(2)]
    assert fit_of(own[0]) == fit_of(own[1]) != fit_of(SoftmaxClassifier(ClassWeight()))
    methods = [define(each).method for each in CANDIDATES.values()]
    assert len(set(methods)) == len(methods)


MODULE = """
from sklearn.base import BaseEstimator, ClassifierMixin
import numpy as np
from {helper} import half

class Own(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), self.classes_.size), half())
"""


def test_the_code_of_a_users_classifier_is_part_of_its_definition(tmp_path, monkeypatch, data):
    monkeypatch.syspath_prepend(tmp_path)

    def own(body):
        (tmp_path / "own_helper.py").write_text(body)
        (tmp_path / "own_module.py").write_text(MODULE.format(helper="own_helper"))
        for name in ("own_helper", "own_module"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        method = Candidate("own", "own", importlib.import_module("own_module").Own())
        compare(*data, methods=["lda", method], repeats=1, store=tmp_path / "kept")
        return define(method).method

    def files():
        return {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").glob("*/*/*.npz")}

    first = own("def half():\n    return 0.5\n")
    before = files()
    assert own("def half():\n    # the same\n    return 0.5\n") == first
    assert files() == before
    # Other code: its five folds are run again, and no other.
    assert own("def half():\n    return 1 / 2\n") != first
    assert len(files()) == len(before) + 5 and before.items() <= files().items()


# --- interruption ---------------------------------------------------------------------------------

SLOW = """
import time
from sklearn.naive_bayes import GaussianNB

class Slow(GaussianNB):
    def fit(self, X, y):
        with open("fits", "a") as file:
            file.write("x")
        time.sleep(0.2)
        return super().fit(X, y)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process group")
def test_a_killed_comparison_goes_on_where_it_was(data, tmp_path):
    X, y = data
    rows = [",".join([*map(str, x), label]) for x, label in zip(X, y, strict=True)]
    (tmp_path / "data.csv").write_text("\n".join(["u,v,w,label", *rows, ""]))
    (tmp_path / "slow_module.py").write_text(SLOW)
    words = [sys.executable, "-m", "mlbalance", "compare", "data.csv", "--target", "label"]
    words += ["--methods", "lda", "--estimator", "slow_module:Slow", "--repeats", "2"]
    words += ["--folds", "3", "--jobs", "1", "--store", "kept", "--json"]
    process = subprocess.Popen(
        words, cwd=tmp_path, start_new_session=True, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    kept, deadline = [], time.monotonic() + 60
    while len(kept) < 6 and time.monotonic() < deadline:
        kept = [*(tmp_path / "kept").glob("*/*/*.npz")]
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept").glob("*/*/*.npz")}
    assert 6 <= len(before) < 18
    fits = len((tmp_path / "fits").read_text())
    subprocess.run(words, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())
    assert len([*(tmp_path / "kept").glob("*/*/*.npz")]) == 18
    # Of the fold that was cut the fit is made again, if it had been begun.
    assert len((tmp_path / "fits").read_text()) - fits == 6 - len(before) // 3
    assert not [*(tmp_path / "kept").rglob("*.part")]
