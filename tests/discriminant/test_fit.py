"""Square loss on indicators: against discriminant analysis, ridge regression and definitions."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge

from mlbalance import discriminant, softmax
from mlbalance.inputs import DataError


def sample(K, d, n, seed=0):
    """Rows of K classes whose means are apart, two of each class at least."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.arange(K), np.arange(K), rng.integers(K, size=n - 2 * K)])
    return rng.normal(size=(n, d)) + rng.normal(size=(K, d))[y], y, rng


def symmetric(coef, intercept):
    """(K, 1 + d) of sum zero from coefficients of scikit-learn."""
    theta = np.column_stack([intercept, coef])
    return np.concatenate([-theta, theta]) / 2 if len(theta) == 1 else theta - theta.mean(axis=0)


def by_definition(X, y, weights, ridge):
    """Coefficients by regression on indicators, then a discriminant on the scores of the rows."""
    K, w = y.max() + 1, weights / weights.sum()
    Y, pi = np.eye(K)[y], np.bincount(y, w)
    Xc, Yc = X - w @ X, Y - w @ Y
    C = (Xc.T * w) @ Xc + ridge / 2 * np.eye(X.shape[1])
    B = np.linalg.solve(C, (Xc.T * w) @ Yc)
    s = Xc @ B
    M = ((Y * w[:, None]).T @ s) / pi[:, None]
    Q = (((s - M[y]).T) * w) @ (s - M[y])
    slopes = M @ np.linalg.pinv(Q, rcond=1e-10, hermitian=True)
    theta = np.column_stack([np.log(pi) - (slopes * M).sum(axis=1) / 2, slopes @ B.T])
    theta[:, 0] -= theta[:, 1:] @ (w @ X)
    return theta - theta.mean(axis=0)


@pytest.mark.parametrize("solver", ["lsqr", "eigen"])
@pytest.mark.parametrize(("K", "d"), [(2, 3), (2, 1), (4, 6), (6, 2), (3, 1)])
def test_without_ridge_it_is_linear_discriminant_analysis(K, d, solver):
    X, y, rng = sample(K, d, 60)
    copies = rng.integers(0, 4, size=60)
    copies[: 2 * K] = 1
    repeated = np.repeat(np.arange(60), copies)
    found = discriminant.fit(X, y, copies)
    theirs = LinearDiscriminantAnalysis(solver=solver).fit(X[repeated], y[repeated])
    assert found.status == "converged"
    expected = symmetric(theirs.coef_, theirs.intercept_)
    np.testing.assert_allclose(found.theta, expected, rtol=1e-9, atol=1e-11)


def test_two_classes_have_the_direction_of_ridge_regression_and_the_threshold_half_way():
    X, y, rng = sample(2, 5, 40)
    w = rng.uniform(0.5, 2, size=40)
    found = discriminant.fit(X, y, w / w.sum(), ridge=0.3)
    # scikit-learn sums squares: its alpha is ridge/2 times the sum of the weights.
    theirs = Ridge(alpha=0.15 * w.sum()).fit(X, y, sample_weight=w)
    slope = found.theta[1, 1:] - found.theta[0, 1:]
    np.testing.assert_allclose(slope / slope[0], theirs.coef_ / theirs.coef_[0], rtol=1e-9)
    shares = np.bincount(y, w) / w.sum()
    means = [np.average(X[y == k], axis=0, weights=w[y == k]) for k in (0, 1)]
    middle = softmax.logits(found.theta, np.mean(means, axis=0)[None])[0]
    assert middle[1] - middle[0] == pytest.approx(np.log(shares[1] / shares[0]), abs=1e-10)


@pytest.mark.parametrize(("K", "d", "n"), [(2, 3, 30), (4, 6, 50), (3, 2, 40), (4, 40, 20)])
@pytest.mark.parametrize("ridge", [1e-3, 0.1, 20.0])
def test_logits_are_those_of_a_discriminant_on_scores(K, d, n, ridge):
    X, y, rng = sample(K, d, n)
    w = rng.uniform(0.5, 2, size=n)
    found = discriminant.fit(X, y, w / w.sum(), ridge=ridge)
    expected = by_definition(X, y, w, ridge)
    np.testing.assert_allclose(found.theta, expected, atol=1e-7 * np.abs(expected).max())


def test_fewer_features_than_contrasts_need_no_ridge():
    X, y, _ = sample(4, 3, 50)
    plain, penalised = (discriminant.fit(X, y, ridge=ridge).theta for ridge in (0.0, 5.0))
    np.testing.assert_allclose(plain, penalised, rtol=1e-9)


def test_more_features_than_rows_are_solved_among_rows():
    """An orthogonal map to as many coordinates as rows changes no logit."""
    X, y, _ = sample(3, 60, 25)
    axes = np.linalg.qr((X - X.mean(axis=0)).T)[0]
    found = discriminant.fit(X, y, ridge=0.5)
    few = discriminant.fit(X @ axes, y, ridge=0.5)
    assert found.status == few.status == "converged"
    z = softmax.logits(found.theta, X)
    np.testing.assert_allclose(z, softmax.logits(few.theta, X @ axes), rtol=1e-8)


@pytest.mark.parametrize("ridge", [0.0, 0.2])
def test_it_is_invariant(ridge):
    """To the scale of weights and ridge together, shifts, rotations, and units of all features."""
    X, y, rng = sample(3, 4, 40)
    w = rng.uniform(0.5, 2, size=40)
    z = softmax.logits(discriminant.fit(X, y, w, ridge=ridge).theta, X)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    for by in (1.0, 1e-90, 1e90):
        moved = by * (X @ turn + 3.0)
        found = discriminant.fit(moved, y, 7 * w, ridge=7 * ridge * by * by)
        np.testing.assert_allclose(softmax.logits(found.theta, moved), z, rtol=1e-8, atol=1e-10)
    if not ridge:
        scaled = X * [1e-8, 1.0, 1e8, 1e3]
        found = discriminant.fit(scaled, y, w)
        np.testing.assert_allclose(softmax.logits(found.theta, scaled), z, rtol=1e-8, atol=1e-10)


def test_the_prior_is_that_of_the_weights():
    """Class weights move intercepts by Bayes' rule, but for the pooled covariance."""
    rng = np.random.default_rng(1)
    half = rng.normal(size=(30, 3))
    X, y = np.concatenate([half, half[:10], -half[:10] + 1.5]), np.repeat([0, 1], (40, 10))
    X[:40] -= X[:40].mean(axis=0)
    # Classes of the same mean: logits are the log prior, whatever the weights.
    X[40:] -= X[40:].mean(axis=0)
    w = np.where(y == 0, 1.0, 3.0)
    found = discriminant.fit(X, y, w, ridge=0.1)
    np.testing.assert_allclose(found.theta[:, 1:], 0, atol=1e-7)
    gap = found.theta[1, 0] - found.theta[0, 0]
    assert gap == pytest.approx(np.log(30 / 40), abs=1e-7)


def test_a_batch_is_its_problems_bit_for_bit():
    X, y, rng = sample(3, 4, 40)
    features = np.stack([X, X + rng.normal(size=X.shape)])
    weights = rng.uniform(0, 1, size=(2, 3, 40)) * (rng.uniform(size=(2, 3, 40)) < 0.8)
    found = discriminant.fit(features[:, None], y, weights, ridge=0.1)
    assert found.theta.shape == (2, 3, 3, 5) and found.status.shape == (2, 3)
    for r, b in np.ndindex(2, 3):
        alone = discriminant.fit(features[r], y, weights[r, b], ridge=0.1)
        assert np.array_equal(found.theta[r, b], alone.theta) and alone.status == "converged"
        own = weights[r, b] > 0
        fewer = discriminant.fit(features[r][own], y[own], weights[r, b][own], ridge=0.1)
        assert np.array_equal(fewer.theta, alone.theta)


# What is no estimate.


def status(*given, **options):
    found = discriminant.fit(*given, **options)
    assert found.status in softmax.STATUS
    assert np.isfinite(found.theta).all() == (found.status == "converged")
    assert np.isnan(found.theta).all() == (found.status != "converged")
    return found.status


def test_a_fit_that_does_not_exist_has_a_status():
    X, y, _ = sample(3, 4, 40)
    assert status(X, y) == "converged"
    assert status(X, y, n_classes=4) == "no-mle"
    assert status(X, y, np.where(y == 1, 0.0, 1.0), ridge=1.0) == "no-mle"
    collinear = np.column_stack([X, X @ [1.0, 2.0, 0.0, -1.0]])
    assert status(collinear, y) == "not-identified"
    assert status(collinear, y, ridge=1e-3) == "converged"
    assert status(np.column_stack([X, np.ones(40)]), y) == "not-identified"
    # A feature that is the label, among others and alone.
    assert status(np.column_stack([X, y]), y) == "no-mle"
    assert status(np.column_stack([X, y]), y, ridge=0.1) == "converged"
    for ridge in (0.0, 0.1, 1e6):
        assert status(np.eye(3)[y] @ X[:3], y, ridge=ridge) == "no-mle"
    # As many features as rows, and more.
    for d in (38, 40, 60):
        wide = np.random.default_rng(2).normal(size=(40, d))
        assert status(wide, y) == "no-mle"
        assert status(wide, y, ridge=0.1) == "converged"


def test_a_class_of_one_row_and_constant_features():
    X, y, _ = sample(2, 3, 20)
    single = np.where(np.arange(20) == 0, 0, 1)
    assert status(X, single) == status(X, single, ridge=0.1) == "converged"
    assert status(np.ones((20, 3)), y) == "not-identified"
    # With a ridge they carry nothing: the logits are the log prior.
    flat = discriminant.fit(np.full((20, 3), 0.1), y, ridge=0.1)
    assert flat.status == "converged" and (flat.theta[:, 1:] == 0).all()
    shares = np.bincount(y) / 20
    assert flat.theta[1, 0] - flat.theta[0, 0] == pytest.approx(np.log(shares[1] / shares[0]))
    none = discriminant.fit(np.empty((20, 0)), y)
    np.testing.assert_allclose(none.theta, flat.theta[:, :1])


@pytest.mark.parametrize("ridge", [-1.0, np.nan, np.inf, "much"])
def test_a_ridge_that_is_none_is_refused(ridge):
    X, y, _ = sample(2, 3, 20)
    with pytest.raises(DataError, match="ridge must be"):
        discriminant.fit(X, y, ridge=ridge)
