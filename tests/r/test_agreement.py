"""Fits and covariances are those of R's survey, nnet, brglm2 and glm.

`pinned.json` holds what `agreement.R` printed where R was; `make test-r` runs it anew where R is.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mlbalance import data, softmax, theory
from mlbalance.estimators import SoftmaxClassifier
from mlbalance.schemes import ClassWeight, Unweighted

PINNED = json.loads(Path(__file__).with_name("pinned.json").read_text("utf-8"))
HERE = os.environ.get("R_RESULTS")
SOURCES = {"pinned": PINNED} | ({"here": json.loads(Path(HERE).read_text("utf-8"))} if HERE else {})
TO = 1e-6


class Ours(SoftmaxClassifier):
    """A classifier that speaks of contrasts against the first class, as R does."""

    def contrasts(self):
        theta = np.column_stack([self.intercept_, self.coef_])
        return (theta if len(theta) == 1 else theta[1:] - theta[0]).ravel()

    def covariance(self, kind):
        return self.covariance_(kind, contrasts=True)


WEIGHTED = Ours(ridge=0)
UNWEIGHTED = Ours(Unweighted(), ridge=0, target="natural")
FIRTH = Ours(Unweighted(), penalty="firth", target="natural")
MODELS = {
    "glm": UNWEIGHTED,
    "glm_offset": Ours(Unweighted(), ridge=0, target="balanced"),
    "svyglm": WEIGHTED,
    "svyglm_unweighted": UNWEIGHTED,
    "multinom": WEIGHTED,
    "brglm": FIRTH,
    "brglm_separated": FIRTH,
    "brmultinom": FIRTH,
    "brmultinom_unpenalised": UNWEIGHTED,
}


def rows(case):
    """Standardised features and labels of the classes of a case."""
    glass = data.load("glass")
    kept = np.isin(glass.y, case["classes"])
    X = glass.X[kept][:, [glass.feature_names.index(name) for name in case["features"]]]
    y = np.searchsorted(case["classes"], glass.y[kept])
    np.testing.assert_array_equal(np.bincount(y), case["counts"])
    return (X - X.mean(axis=0)) / X.std(axis=0, ddof=1), y


def assert_same_coefficients(these, those):
    """To `TO`, where features have unit scale."""
    np.testing.assert_allclose(these, those, rtol=0, atol=TO)


def assert_same_covariance(these, those):
    """To `TO` of the standard errors: an entry that is nearly zero has few digits of its own."""
    each = np.sqrt(np.diag(those))
    unit = np.outer(each, each)
    np.testing.assert_allclose(these / unit, those / unit, rtol=0, atol=TO)


@pytest.fixture(params=SOURCES)
def said(request):
    return SOURCES[request.param]


def case_of(said, name):
    if name not in said["cases"]:
        absent = [package for package, version in said["versions"].items() if version is None]
        assert absent, (
            f"{name} was not asked, though every package was there: run make test-r PIN=1"
        )
        pytest.skip(f"R has no {' and no '.join(absent)} here")
    return said["cases"][name]


@pytest.mark.parametrize("name", MODELS)
def test_coefficients_and_covariances(said, name):
    case, ours = case_of(said, name), MODELS[name]
    ours.fit(*rows(case))
    assert_same_coefficients(ours.contrasts(), case["coef"])
    for kind in {"design", "model"} & case.keys():
        assert_same_covariance(ours.covariance(kind), case[kind])


def test_covariances_that_are_not_centred_within_classes(said):
    case = case_of(said, "svyglm_one_stratum")
    X, y = rows(case)
    theta = softmax.fit(X, y, ClassWeight().draw(y, None)[0]).theta
    m = theory.data_moments(X, y, theta, divisor="n_k")
    robust = theory.covariance(m, ClassWeight(), np.bincount(y), kind="robust")
    for ours in (robust, Ours(ridge=0).fit(X, y).covariance("robust")):
        # survey centres within its one stratum, where scores sum to zero, with divisor n - 1.
        assert_same_covariance(ours * y.size / (y.size - 1), case["uncentred"])


def test_weights_and_offset_halfway(said):
    case = case_of(said, "multinom_bridge")
    X, y = rows(case)
    n_k, prior = np.bincount(y), ClassWeight().target(np.bincount(y))
    theta = softmax.fit(X, y, np.sqrt(prior / n_k)[y], offset=np.log(n_k / prior) / 2).theta
    assert_same_coefficients((theta[1:] - theta[0]).ravel(), case["coef"])


def test_only_the_penalty_fits_separated_classes():
    assert softmax.fit(*rows(PINNED["cases"]["brglm_separated"])).status == "no-mle"


def test_every_case_is_pinned():
    others = {"svyglm_one_stratum", "multinom_bridge"}
    assert PINNED["cases"].keys() == MODELS.keys() | others
    assert all(PINNED["versions"].values())


@pytest.mark.skipif(not HERE, reason="R is asked by `make test-r`")
def test_the_pinned_results_are_those_of_the_script():
    for name, case in SOURCES["here"]["cases"].items():
        pinned = PINNED["cases"][name]
        assert case.keys() <= pinned.keys()  # fewer without a package
        assert case["classes"] == pinned["classes"] and case["features"] == pinned["features"]
        assert_same_coefficients(case["coef"], pinned["coef"])
