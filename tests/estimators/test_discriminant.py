"""Discriminant classifier: against scikit-learn, methods and refits; targets; refusals."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from mlbalance import discriminant, softmax
from mlbalance.corrections import LeaveOneOut, PriorShift
from mlbalance.corrections.intercepts import best_scale
from mlbalance.estimators import DiscriminantClassifier, FitError, SoftmaxClassifier
from mlbalance.inputs import InputError
from mlbalance.methods import Method
from mlbalance.schemes import Unweighted


def data(counts=(30, 9, 14), d=4, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    return rng.normal(size=(y.size, d)) + 1.5 * np.eye(len(counts), d)[y], y


@pytest.mark.parametrize("counts", [(30, 12), (30, 9, 14)])
def test_without_ridge_and_correction_it_is_that_of_scikit_learn(counts):
    X, y = data(counts)
    ours = DiscriminantClassifier(ridge=0, correction="none", target="natural").fit(X, y)
    theirs = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-12)
    if len(counts) == 2:
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10)


@pytest.mark.parametrize("target", ["balanced", "natural", (0.2, 0.3, 0.5)], ids=str)
@pytest.mark.parametrize(
    ("correction", "options"),
    [
        (PriorShift(), {"correction": "prior"}),
        (LeaveOneOut(), {"temperature": False}),
        (LeaveOneOut(temperature=True), {}),
    ],
    ids=lambda given: getattr(given, "id", ""),
)
def test_it_is_the_method_of_these_settings(correction, options, target):
    X, y = data()
    shares = tuple(np.bincount(y) / y.size)
    prior = {"balanced": None, "natural": shares}.get(target, target)
    made = Method(Unweighted(), 0.3, correction, prior, "square")
    found = made.fit(X[None], y, made.scheme.draw(y, np.random.default_rng(0))[None])
    ours = DiscriminantClassifier(ridge=0.3, target=target, **options).fit(X, y)
    np.testing.assert_allclose(ours.coef_, found.theta[0, :, 1:], rtol=1e-9)
    np.testing.assert_allclose(ours.intercept_, found.theta[0, :, 0], rtol=1e-9, atol=1e-12)


def test_the_ridge_has_the_least_loss_of_left_out_rows():
    """By one refit per row, moved to the target and scaled, at every ridge tried."""
    X, y = data((14, 6, 8), d=3)
    ours = DiscriminantClassifier().fit(X, y)
    path = ours.ridge_path_
    assert ours.ridge_ == path.ridges[path.losses.argmin()]
    at = (1 / np.bincount(y) / 3)[y]
    for ridge, loss in zip(path.ridges, path.losses, strict=True):
        z = np.empty((y.size, 3))
        for i in range(y.size):
            w = np.where(np.arange(y.size) == i, 0.0, 1.0)
            w[y == y[i]] *= (y == y[i]).sum() / ((y == y[i]).sum() - 1)
            fit = discriminant.fit(X, y, w / y.size, ridge=ridge)
            z[i] = softmax.logits(fit.theta, X[[i]])[0]
        z -= np.log(np.bincount(y))
        p = softmax.log_probabilities(best_scale(z, y, at) * z)
        assert loss == pytest.approx(-at @ p[np.arange(y.size), y], rel=1e-8)
    assert ours.temperature_ > 1


def test_sample_weights_are_copies():
    X, y = data()
    copies = np.random.default_rng(1).integers(0, 3, size=y.size)
    rows = np.repeat(np.arange(y.size), copies)
    weighted = DiscriminantClassifier().fit(X, y, copies)
    repeated = DiscriminantClassifier().fit(X[rows], y[rows])
    assert weighted.ridge_ == repeated.ridge_
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-8)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, rtol=1e-8, atol=1e-10)


def test_more_features_than_rows_and_another_prior():
    X, y = data((25, 10), d=120)
    ours = pickle.loads(pickle.dumps(DiscriminantClassifier().fit(X, y)))
    assert ours.coef_.shape == (1, 120) and 0 < ours.score(X, y) <= 1
    odds = [np.diff(ours.predict_log_proba(X, p)) for p in ("balanced", (0.2, 0.8))]
    np.testing.assert_allclose(odds[1] - odds[0], np.log(4), rtol=1e-10)
    natural = clone(ours).set_params(correction="prior", target="natural", ridge=1.0).fit(X, y)
    np.testing.assert_array_equal(natural.target_prior_, natural.natural_prior_)


def test_predictions_are_those_of_a_softmax_classifier_with_these_coefficients():
    X, y = data()
    ours = DiscriminantClassifier(target={0: 0.2, 1: 0.3, 2: 0.5}).fit(X, y)
    other = SoftmaxClassifier().fit(X, y)
    for name in ("coef_", "intercept_", "target_prior_"):
        setattr(other, name, getattr(ours, name))
    np.testing.assert_array_equal(ours.predict(X), other.predict(X))
    np.testing.assert_array_equal(
        ours.predict_proba(X, "natural"), other.predict_proba(X, "natural")
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ridge": -1}, 'a finite number from zero on, or "loo"; it is -1'),
        ({"ridge": "cv"}, "or \"loo\"; it is 'cv'"),
        ({"ridge": np.nan}, "it is nan"),
        ({"ridge": None}, "it is None"),
        ({"correction": "firth"}, 'correction must be "none" or "prior" or "loo"'),
        ({"correction": "none"}, "fits at the prior of the data, not at target='balanced'"),
        ({"correction": "prior", "temperature": True}, 'goes with correction="loo"'),
        ({"temperature": "yes"}, "temperature is True or False"),
        ({"target": "even"}, 'target must be "balanced" or "natural"'),
    ],
)
def test_settings_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message) as refused:
        DiscriminantClassifier(**options).fit(*data())
    assert "\n" not in str(refused.value)


def test_what_has_no_fit_is_refused():
    X, y = data((12, 8))
    for options in ({}, {"ridge": 1.0}):
        with pytest.raises(InputError, match="needs two of every class; of class 1 there is one"):
            DiscriminantClassifier(**options).fit(X[:13], y[:13])
    DiscriminantClassifier(ridge=1.0, correction="prior").fit(X[:13], y[:13])
    labels = np.eye(2, 3)[y]
    for ridge, given in (("loo", labels), (0.0, np.column_stack([X, y])), (1.0, labels)):
        with pytest.raises(FitError, match="drop features that are constant within") as refused:
            DiscriminantClassifier(ridge=ridge).fit(given, y)
        assert refused.value.status == "no-mle"
    collinear = np.column_stack([X, X.sum(axis=1)])
    with pytest.raises(FitError, match=r"Features are collinear .* give a ridge"):
        DiscriminantClassifier(ridge=0.0).fit(collinear, y)
    single = np.column_stack([X, np.arange(20) == 3])
    with pytest.raises(FitError, match="Without one of the rows: Features are collinear"):
        DiscriminantClassifier(ridge=0.0).fit(single, y)
    flat = DiscriminantClassifier().fit(np.ones((20, 2)), y)
    np.testing.assert_allclose(flat.predict_proba(X[:3, :2]), 0.5, atol=1e-9)
