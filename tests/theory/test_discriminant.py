"""Effective size of least squares: against two-class solutions, and fits of three classes."""

import numpy as np
import pytest

from mlbalance import discriminant
from mlbalance.inputs import InputError
from mlbalance.populations import Gaussian
from mlbalance.schemes import ClassWeight, Undersample, Unweighted
from mlbalance.theory.proportional import (
    Mixture,
    degrees_of_freedom,
    effective_ridge,
    effective_size_at,
    mahalanobis_matrix,
    solve,
)

TWO = Mixture(
    np.array([[[0.3, -0.3], [-0.3, 0.3]], [[0.5, -0.5], [-0.5, 0.5]]]),
    np.array([3.0, 0.2]),
    np.array([0.4, 0.6]),
    np.ones(2),
)
APART = np.array([1.0, -1.0])
CHI = 0.5
COUNTS, D = np.array([40, 80, 200]), 100
KISH = 9 / (1 / COUNTS).sum()


@pytest.mark.parametrize("scheme", [ClassWeight(), Unweighted(), Undersample()], ids=str)
@pytest.mark.parametrize("bags", [1, np.inf])
def test_two_classes_are_those_of_the_square_loss(scheme, bags):
    counts, d = np.array([300, 60]), 100
    fit = solve(TWO, counts, d, scheme, ridge=0.05, loss="square")
    found = effective_ridge(fit, bags=bags)
    rows = fit.rows / fit.kept_again if bags > 1 else fit.rows
    size = effective_size_at(TWO, fit.rows, d, found.chi, fit.weights)
    if bags > 1 and isinstance(scheme, Undersample):
        size = 4 / (1 / counts).sum()
    matrix = mahalanobis_matrix(TWO, rows, d, found.chi, size)
    assert APART @ matrix @ APART == pytest.approx(4 * found.signal_to_noise, rel=1e-8)


def test_weights_are_between_bags_and_all_rows():
    for chi in (0.05, 0.5, 50.0):
        sizes = [
            effective_size_at(population()[1], COUNTS, D, chi, weights)
            for weights in (1 / COUNTS, np.ones(3))
        ]
        assert KISH < sizes[0] < sizes[1]
        assert sizes[1] == pytest.approx(COUNTS.sum(), rel=1e-12)
    largest = effective_size_at(population()[1], COUNTS, D, 1e6, 1 / COUNTS)
    assert largest == pytest.approx(KISH, rel=1e-4)


def population():
    """Three classes; half of the features vary more, and both halves have signal."""
    means = np.zeros((3, D))
    means[0, 0], means[1, 1], means[2, [0, -1]] = 1.5, -1.2, (-0.5, 1.0)
    variances = np.repeat([2.0, 0.3], D // 2)
    return (means, variances), Mixture.of(Gaussian(means, np.diag(variances)))


def slopes(X, codes, weights, ridge):
    """Weighted least squares on indicators with intercepts, the mean loss."""
    Y, n = np.eye(3)[codes], codes.size
    X, Y = X - weights @ X / weights.sum(), Y - weights @ Y / weights.sum()
    return np.linalg.solve((X.T * weights) @ X / n + ridge * np.eye(D), (X.T * weights) @ Y / n)


def one_fit(weights, ridge):
    """Logits, a map of the scores that loses nothing, of the package's fit."""

    def fit(X, codes, rng):
        w = weights[codes] / codes.size
        return discriminant.fit(X, codes, w, ridge=2 * ridge).theta[:, 1:].T

    return fit


def many_bags(ridge, bags=60):
    def fit(X, codes, rng):
        kept = (
            np.concatenate(
                [rng.choice(np.flatnonzero(codes == k), COUNTS[0], replace=False) for k in range(3)]
            )
            for _ in range(bags)
        )
        ones = np.ones(3 * COUNTS[0])
        return np.mean([slopes(X[rows], codes[rows], ones, ridge) for rows in kept], axis=0)

    return fit


def observed(fit, fits=400):
    """Traces of the Mahalanobis matrices of fits, with the true means and covariances of scores."""
    (means, variances), _ = population()
    codes, rng = np.repeat(range(3), COUNTS), np.random.default_rng(5)
    found = []
    for _ in range(fits):
        X = rng.normal(size=(codes.size, D)) * np.sqrt(variances) + means[codes]
        W = fit(X, codes, rng)
        M = means @ W - (means @ W).mean(axis=0)
        Q = W.T @ (variances[:, None] * W)
        found.append(np.trace(M @ np.linalg.pinv(Q, rcond=1e-8) @ M.T))
    return np.array(found)


def test_fits_of_three_classes_have_the_predicted_scores():
    """At one effective ridge: all rows, class weights, and undersamples averaged."""
    mixture = population()[1]
    n, df = COUNTS.sum(), degrees_of_freedom(mixture, D, CHI)
    weights = n / (3 * COUNTS)
    weighted_size = effective_size_at(mixture, COUNTS, D, CHI, weights)
    fits = {
        n: one_fit(np.ones(3), CHI * (1 - df / n)),
        weighted_size: one_fit(weights, CHI * curvature(weights, df)),
        KISH: many_bags(CHI * (1 - df / (3 * COUNTS[0]))),
    }
    seen = {size: observed(fit) for size, fit in fits.items()}
    for size, traces in seen.items():
        predicted = np.trace(mahalanobis_matrix(mixture, COUNTS, D, CHI, size))
        error = traces.std(ddof=1) / np.sqrt(traces.size)
        # Limits are off by the order of 1/d.
        assert abs(traces.mean() - predicted) < 4 * error + predicted / D
    # On the same rows.
    for larger, smaller in ((n, weighted_size), (weighted_size, KISH)):
        gain = seen[larger] - seen[smaller]
        assert gain.mean() > 4 * gain.std(ddof=1) / np.sqrt(gain.size)


def curvature(weights, df):
    """Mean of h = w/(1 + w V) over rows where n V times it is df, by bisection."""
    low, high = 1e-9, 1e9
    for _ in range(200):
        V = np.sqrt(low * high)
        h = weights / (1 + weights * V)
        low, high = (low, V) if COUNTS @ h * V > df else (V, high)
    return COUNTS @ h / COUNTS.sum()


def test_fewer_rows_than_degrees_of_freedom_are_refused():
    with pytest.raises(InputError, match="must be fewer than the 12 rows"):
        effective_size_at(TWO, (9, 3), 50, 0.1, (1.0, 1.0))
