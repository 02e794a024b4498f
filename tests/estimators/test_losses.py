"""Classifier of other losses: against methods, links, folds, copies; refusals."""

import numpy as np
import pytest
from sklearn.base import clone

from mlbalance import softmax
from mlbalance.compare import CANDIDATES, GROUPS, AtTarget
from mlbalance.estimators import FitError, LossClassifier, SoftmaxClassifier
from mlbalance.inputs import InputError
from mlbalance.losses import LDAM, Focal, VectorScaling
from mlbalance.methods import METHODS
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted

LOSSES = (Focal(), LDAM(), VectorScaling())
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.id)


def data(counts=(40, 12, 20), d=4, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    return rng.normal(size=(y.size, d)) + 1.5 * np.eye(len(counts), d)[y], y


@pytest.mark.parametrize("counts", [(40, 12), (40, 12, 20)])
@pytest.mark.parametrize("id", [id for id, m in METHODS.items() if not isinstance(m.loss, str)])
def test_it_is_the_method_of_these_settings(id, counts):
    X, y = data(counts)
    made, K = METHODS[id], len(counts)
    ours = clone(CANDIDATES[id].estimator).set_params(ridge=0.1).fit(X, y)
    # The ridge is that of `coef_`, which for two classes is a difference.
    other = made.with_ridge(0.2 if K == 2 else 0.1)
    found = other.fit(X[None], y, made.scheme.draw(y, np.random.default_rng(0))[None]).theta[0]
    theta = found[1:] - found[:1] if K == 2 else found
    np.testing.assert_allclose(ours.coef_, theta[:, 1:], atol=1e-10)
    np.testing.assert_allclose(ours.intercept_, theta[:, 0], atol=1e-10)
    raw = np.exp(softmax.log_probabilities(softmax.logits(found, X)))
    np.testing.assert_allclose(ours.predict_proba(X), raw, atol=1e-10)


@every_loss
@pytest.mark.parametrize("scheme", [ClassWeight(), Unweighted()], ids=str)
def test_corrected_probabilities_are_moved_from_the_prior_of_the_weights(loss, scheme):
    X, y = data()
    tau = np.array([0.2, 0.3, 0.5])
    ours = LossClassifier(loss, scheme, ridge=0.1, target=tau).fit(X, y)
    z = softmax.logits(np.column_stack([ours.intercept_, ours.coef_]), X)
    p = np.exp(loss.log_probabilities(z, np.bincount(y)))
    before = np.bincount(y) / y.size if scheme == Unweighted() else np.full(3, 1 / 3)
    p = p * tau / before
    np.testing.assert_allclose(ours.predict_proba(X), p / p.sum(axis=1)[:, None], rtol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), p.argmax(axis=1))


@pytest.mark.parametrize("scheme", [ClassWeight(), Unweighted()], ids=str)
def test_corrected_probabilities_come_near_those_of_the_softmax(scheme):
    """With many rows of two classes, for which the linear logits of all of them are right."""
    X, y = data((6000, 2000), d=2)
    p = SoftmaxClassifier(ridge=0.0).fit(X, y).predict_proba(X)
    for loss in LOSSES:
        own = LossClassifier(loss, scheme, ridge=0.0).fit(X, y)
        assert np.abs(own.predict_proba(X) - p).mean() < 0.02
    raw = LossClassifier(Focal(), scheme, corrected=False, ridge=0.0).fit(X, y)
    assert np.abs(raw.predict_proba(X) - p).mean() > 0.1


@every_loss
@pytest.mark.parametrize("counts", [(30, 9), (30, 9, 14)])
def test_the_ridge_has_the_least_loss_of_held_out_rows(loss, counts):
    """By fits to the rows outside each of five folds, dealt in turn, at every ridge tried."""
    X, y = data(counts)
    ours = LossClassifier(loss, Unweighted()).fit(X, y)
    path, at = ours.ridge_path_, (1 / np.bincount(y) / len(counts))[y]
    assert ours.ridge_ == path.ridges[path.losses.argmin()]
    again = LossClassifier(loss, Unweighted()).fit(X, y).set_params(ridge=0.1).fit(X, y)
    assert again.ridge_path_ is None
    fold = np.arange(y.size) % 5
    for ridge, told in list(zip(path.ridges, path.losses, strict=True))[::6]:
        total = 0.0
        for f in range(5):
            own = LossClassifier(loss, Unweighted(), ridge=ridge).fit(X[fold != f], y[fold != f])
            out = fold == f
            p = own.predict_proba(X[out])[np.arange(out.sum()), y[out]]
            total -= at[out] @ np.log(p)
        assert told == pytest.approx(total, rel=1e-8)


def test_a_ridge_without_a_fit_to_every_fold_is_not_chosen(monkeypatch):
    X, y = data((30, 9))
    least = LossClassifier(Focal(), Unweighted()).fit(X, y).ridge_
    fitted = LossClassifier._fit_rows

    def fails_near_the_least(self, X, rows, weights, ridge):
        theta, status = fitted(self, X, rows, weights, ridge)
        return theta, "max-iter" if len(X) < y.size and ridge < 1.1 * least else status

    monkeypatch.setattr(LossClassifier, "_fit_rows", fails_near_the_least)
    ours = LossClassifier(Focal(), Unweighted()).fit(X, y)
    path, failed = ours.ridge_path_, ours.ridge_path_.ridges < 1.1 * least
    assert failed.any() and ours.ridge_ > 1.1 * least
    np.testing.assert_array_equal(np.isinf(path.losses), failed)
    np.testing.assert_array_equal(np.array(path.status) == "max-iter", failed)


def test_bags_are_averaged_and_seeds_are_kept():
    X, y = data()
    bags = LossClassifier(LDAM(), Bagging(Undersample(), 3), ridge=0.1, random_state=4)
    one, two = clone(bags).fit(X, y), clone(bags).fit(X, y)
    np.testing.assert_array_equal(one.coef_, two.coef_)
    np.testing.assert_allclose(one.fitted_prior_, 1 / 3)


@pytest.mark.parametrize("id", GROUPS["losses"])
def test_every_loss_of_the_comparison_answers_at_the_target(id):
    X, y = data((30, 12, 9))
    made = CANDIDATES[id]
    fit = AtTarget(clone(made.estimator), made.prior).fit(X, y)
    p = fit.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    recalls = [(fit.predict(X)[y == k] == k).mean() for k in range(3)]
    assert np.mean(recalls) > 0.7


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "focal"}, "A loss is one of mlbalance.losses, as Focal.*; it is 'focal'"),
        ({"corrected": "yes"}, "corrected is True or False; it is 'yes'"),
        ({"ridge": "loo"}, 'A ridge is a finite number from zero on, None for 1/n, or "cv"'),
        ({"ridge": -1.0}, "A ridge is a finite number from zero on"),
        ({"scheme": "balanced"}, "A scheme is one of mlbalance.schemes"),
    ],
)
def test_settings_that_are_not_allowed_are_refused(settings, message):
    X, y = data()
    with pytest.raises(InputError, match=message):
        LossClassifier(**settings).fit(X, y)


def test_a_fit_that_does_not_exist_is_an_error():
    X, y = data()
    with pytest.raises(FitError, match="can be separated") as error:
        LossClassifier(ridge=0.0).fit(X + 100 * np.eye(3, 4)[y], y)
    assert error.value.status == "no-mle"
    with pytest.raises(InputError, match="two rows of every class"):
        LossClassifier().fit(X[:53], y[:53])
