"""The softmax classifier against scikit-learn, statsmodels and known truth."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlbalance import populations, softmax
from mlbalance.estimators import SoftmaxClassifier
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    ClassWeight,
    Oversample,
    Undersample,
    Unweighted,
)

COUNTS = (23, 15, 44, 14, 19, 31)
TWO, SIX = 2, 6


def data(n_classes=SIX, seed=0, d=4, times=1):
    counts = np.array(COUNTS[:n_classes]) * times
    return populations.symmetric(n_classes, d, 1.5).sample(counts, np.random.default_rng(seed))


def peer(ridge, n, **settings):
    return LogisticRegression(C=1 / (n * ridge), solver="newton-cholesky", tol=1e-10, **settings)


# The five lines of the README.


@pytest.mark.parametrize("n_classes", [TWO, SIX])
def test_one_line_takes_the_place_of_balanced_logistic_regression(n_classes):
    X, y = data(n_classes)
    theirs = LogisticRegression(class_weight="balanced", solver="newton-cholesky", tol=1e-10)
    theirs.fit(X, y)
    ours = SoftmaxClassifier().fit(X, y)
    for name in ("coef_", "intercept_"):
        assert getattr(ours, name).shape == getattr(theirs, name).shape
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-7)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-7)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    assert ours.summary()
    natural = ours.predict_proba(X, prior="natural")
    np.testing.assert_allclose(natural.sum(axis=1), 1)
    assert natural[:, np.argmax(COUNTS[:n_classes])].mean() > ours.predict_proba(X).mean()


@pytest.mark.parametrize("n_classes", [TWO, SIX])
@pytest.mark.parametrize("ridge", [1e-3, 0.1])
def test_coefficients_are_those_of_scikit_learn_at_c_of_one_over_n_ridge(n_classes, ridge):
    X, y = data(n_classes)
    copies = np.random.default_rng(1).integers(0, 4, y.size)
    theirs = peer(ridge, copies.sum(), class_weight="balanced").fit(
        np.repeat(X, copies, axis=0), np.repeat(y, copies)
    )
    for ours in (
        SoftmaxClassifier(ridge=ridge).fit(X, y, sample_weight=copies),
        SoftmaxClassifier(ridge=ridge).fit(X, y, sample_weight=list(copies)),
    ):
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    theirs = peer(ridge, y.size).fit(X, y)
    ours = SoftmaxClassifier(Unweighted(), ridge=ridge, target="natural").fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)


def test_statsmodels_agrees_on_coefficients_and_the_model_covariance():
    import statsmodels.api as sm

    X, y = data(4, times=3)
    theirs = sm.MNLogit(y, sm.add_constant(X)).fit(method="newton", disp=0, tol=1e-12)
    ours = SoftmaxClassifier(Unweighted(), ridge=0, target="natural").fit(X, y)
    theta = np.column_stack([ours.intercept_, ours.coef_])
    np.testing.assert_allclose(theta[1:] - theta[0], theirs.params.T, atol=1e-6)
    np.testing.assert_allclose(
        ours.covariance_("model", contrasts=True), theirs.cov_params(), atol=1e-6
    )


# Priors and corrections.


def test_natural_probabilities_of_a_right_model_are_calibrated():
    population, rng = populations.symmetric(3, 2, 1.5), np.random.default_rng(4)
    natural = np.array([0.7, 0.05, 0.25])
    X, y = population.sample((80_000 * natural).astype(int), rng)
    new, truth = population.sample(rng.multinomial(4000, natural), rng)
    for fitted in (
        SoftmaxClassifier(ridge=0).fit(X, y),
        SoftmaxClassifier(Unweighted(), ridge=0).fit(X, y),
        SoftmaxClassifier(Undersample(), ridge=0, random_state=0).fit(X, y),
    ):
        p = fitted.predict_proba(new, prior="natural")
        for k in range(3):
            for rows in np.array_split(np.argsort(p[:, k]), 5):
                own = p[rows, k]
                z = ((truth[rows] == k) - own).sum() / np.sqrt((own * (1 - own)).sum())
                assert abs(z) <= 4


def test_a_prior_that_is_given_is_the_one_of_the_answers():
    X, y = data(3)
    prior = [0.2, 0.5, 0.3]
    fitted = SoftmaxClassifier().fit(X, y)
    at = SoftmaxClassifier(target=prior).fit(X, y)
    np.testing.assert_allclose(at.predict_proba(X), fitted.predict_proba(X, prior), rtol=1e-10)
    weighted = SoftmaxClassifier(ClassWeight(prior=tuple(prior)), target=prior, ridge=0).fit(X, y)
    theirs = LogisticRegression(C=1e9, solver="newton-cholesky", tol=1e-10)
    theirs.fit(X, y, sample_weight=(np.array(prior) / np.bincount(y))[y] * y.size)
    np.testing.assert_allclose(weighted.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    back = at.predict_proba(X, prior="balanced")
    np.testing.assert_allclose(back, fitted.predict_proba(X), rtol=1e-10)
    odds = fitted.predict_proba(X) * prior
    np.testing.assert_allclose(
        at.predict_proba(X), odds / odds.sum(axis=1, keepdims=True), rtol=1e-10
    )
    np.testing.assert_array_equal(at.predict(X), at.predict_proba(X).argmax(axis=1))


def test_bags_are_averaged_in_logits_each_moved_from_its_own_prior():
    X, y = data(3, times=4)
    scheme, weights = Bagging(BalancedSampler(), 3), []

    class Told(Bagging):
        def _draw(self, *given):
            weights.append(super()._draw(*given))
            return weights[-1]

    ours = SoftmaxClassifier(Told(scheme.base, 3), random_state=1, ridge=0.01).fit(X, y)
    drawn = weights[0] / weights[0].sum(axis=1, keepdims=True)
    fits = softmax.fit(X, y, drawn, ridge=0.01)
    shares = np.stack([[w[y == k].sum() for k in range(3)] for w in drawn])
    intercept = fits.intercept - np.log(shares)
    mean = (intercept - intercept.mean(axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(ours.coef_, fits.coef.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(ours.intercept_, mean, atol=1e-12)
    assert ours.n_iter_.shape == (3,)


def test_leaving_one_out_takes_one_exact_newton_step_or_a_refit():
    from mlbalance.corrections import leave_one_out_logits

    X, y = data(3, d=2)
    X, y = X[5:], y[5:] % 3
    X, y = np.vstack([X, X[:4] + 0.1]), np.r_[y, [0, 0, 0, 0]]
    X, y = X[(y != 1) | (np.cumsum(y == 1) <= 6)], y[(y != 1) | (np.cumsum(y == 1) <= 6)]
    counts = np.bincount(y)
    assert counts[1] == 6 and counts[[0, 2]].min() >= 10
    w = (1 / (3 * counts))[y]
    theta = softmax.fit(X, y, w, ridge=0.02).theta
    found = leave_one_out_logits(X, y, theta, w, w, 0.02).logits
    for i in range(y.size):
        own = y == y[i]
        without = np.where(own, w * counts[y[i]] / (counts[y[i]] - 1), w)
        without[i] = 0
        if y[i] == 1:
            at = softmax.fit(X, y, without, ridge=0.02, n_classes=3).theta
        else:
            H = softmax.hessian(theta, X, y, without, ridge=0.02)[1:, :, 1:, :].reshape(6, 6)
            g = softmax.score(theta, X, y, without, ridge=0.02)[1:].ravel()
            at = theta - np.vstack([np.zeros(3), np.linalg.solve(H, g).reshape(2, 3)])
        z = softmax.logits(at, X[[i]])[0]
        np.testing.assert_allclose(found[i] - found[i].mean(), z - z.mean(), atol=1e-7)


@pytest.mark.parametrize("scheme", [None, Unweighted(), Bagging(Undersample(), 4)], ids=str)
def test_left_out_rows_set_intercepts_that_favour_the_rare_class(scheme):
    """The trial of the theory in small: d is of the size of the rare class."""
    errors = {"prior": [], "loo": []}
    for seed in range(8):
        rng = np.random.default_rng(seed)
        mean = np.zeros((2, 60))
        mean[0, :2] = 1.4
        population = populations.Gaussian(mean, np.eye(60))
        X, y = population.sample([30, 270], rng)
        new, truth = population.sample([2000, 2000], rng)
        for correction, found in errors.items():
            ours = SoftmaxClassifier(scheme, correction=correction, ridge=0.05, random_state=0)
            found.append(np.mean(ours.fit(X, y).predict(new) != truth))
    gain = np.array(errors["prior"]) - errors["loo"]
    # Bags and an unweighted fit moved to the target are nearly unbiased as they are.
    assert gain.mean() > -0.01
    if scheme is None:
        assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(gain.size)


@pytest.mark.parametrize("correction", ["none", "prior", "loo"])
@pytest.mark.parametrize("n_classes", [TWO, 3])
def test_copies_are_rows(correction, n_classes):
    X, y = data(n_classes)
    copies = np.random.default_rng(3).integers(0, 4, y.size)
    weighted = SoftmaxClassifier(correction=correction).fit(X, y, copies)
    rows = np.repeat(np.arange(y.size), copies)
    repeated = SoftmaxClassifier(correction=correction).fit(X[rows], y[rows])
    for name in ("coef_", "intercept_", "natural_prior_", "target_prior_", "ridge_"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), atol=1e-9)
    for kind in ("design", "robust", "model"):
        np.testing.assert_allclose(
            weighted.covariance_(kind), repeated.covariance_(kind), rtol=1e-6, atol=1e-9
        )
    np.testing.assert_allclose(
        weighted.confidence_intervals(), repeated.confidence_intervals(), rtol=1e-6, atol=1e-9
    )


# What fits into scikit-learn.


def test_it_lives_in_pipelines_searches_clones_and_pickles():
    X, y = data(3)
    labels = np.array(["a", "b", "c"])[y]
    ours = make_pipeline(StandardScaler(), SoftmaxClassifier(Undersample(), random_state=3))
    fitted = ours.fit(X, labels)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(again[-1].covariance_(), fitted[-1].covariance_())
    copied = clone(fitted).fit(X, labels)
    np.testing.assert_array_equal(copied[-1].coef_, fitted[-1].coef_)
    assert set(fitted.predict(X)) <= set("abc")
    search = GridSearchCV(
        SoftmaxClassifier(), {"ridge": [0.001, 0.1], "scheme": [None, Oversample()]}, cv=3
    )
    assert search.fit(X, y).best_estimator_.status_ == "converged"
    assert cross_val_score(ours, X, labels, scoring="balanced_accuracy", cv=3).mean() > 0.5
    assert "SoftmaxClassifier" in fitted._repr_html_()


def test_feature_names_and_routed_weights_are_known():
    pd = pytest.importorskip("pandas")
    X, y = data(3)
    frame = pd.DataFrame(X, columns=list("abcd"))
    weights = np.random.default_rng(0).integers(1, 4, y.size)
    with sklearn.config_context(enable_metadata_routing=True):
        ours = SoftmaxClassifier().set_fit_request(sample_weight=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), ours)
        pipe.fit(frame, pd.Series(y), sample_weight=weights)
    alone = SoftmaxClassifier().fit(StandardScaler().fit_transform(X), y, weights)
    np.testing.assert_allclose(pipe[-1].coef_, alone.coef_)
    np.testing.assert_array_equal(SoftmaxClassifier().fit(frame, y).feature_names_in_, list("abcd"))


def test_the_seed_settles_the_draws():
    X, y = data(3)
    one, two, other = (
        SoftmaxClassifier(Undersample(), random_state=seed).fit(X, y).coef_ for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-3
