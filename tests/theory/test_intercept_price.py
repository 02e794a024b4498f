"""Price of an estimated threshold: against exact errors, and against left-out logits of fits."""

import numpy as np
import pytest

from mlbalance.inputs import InputError
from mlbalance.schemes import ClassWeight, Undersample, Unweighted
from mlbalance.theory.proportional import Mixture, intercept_price, solve

SPHERE = Mixture.isotropic([[-1.0], [1.0]])


@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_the_price_of_a_small_intercept_is_what_it_adds_to_the_error(scale):
    mixture = Mixture.isotropic([[-1.0], [1.0]], [scale, scale])
    fit = solve(mixture, (420, 400), 60, ClassWeight(), ridge=0.3)
    price, logits = intercept_price(fit), fit.logits
    exact = logits.balanced_error() - logits.balanced_error(logits.best_offset())
    assert 0 < price.fitted == pytest.approx(exact, rel=1e-2)


def test_units_of_the_features_do_not_matter():
    one, other = (
        intercept_price(
            solve(
                Mixture.isotropic([[-unit], [unit]], [unit, unit]),
                (540, 60),
                120,
                ClassWeight(),
                ridge=0.1 * unit**2,
            )
        )
        for unit in (1.0, 1.7)
    )
    np.testing.assert_allclose(other, one, rtol=1e-8)
    assert one.left_out > 1.1 * one.independent


def test_an_undersample_has_nothing_to_gain_and_pulls_alike():
    price = intercept_price(solve(SPHERE, (300, 60), 100, Undersample(), ridge=0.1))
    assert price.fitted == pytest.approx(0, abs=1e-15) and not price.pays
    assert price.left_out == pytest.approx(price.independent, rel=1e-12)


def test_of_many_features_it_pays_and_of_few_it_does_not():
    many, few = (
        intercept_price(solve(SPHERE, (900, 100), d, ClassWeight(), ridge=10.0)) for d in (200, 3)
    )
    assert many.pays and not few.pays


def threshold_errors(counts, d, ridge, weights, fits, seed):
    """Errors of midpoints of leave-one-out logits, least squares: exact by leverages."""
    rng, n = np.random.default_rng(seed), sum(counts)
    y = np.repeat([-1.0, 1.0], counts)
    penalty = np.diag([0.0] + [ridge / 2] * d)
    found = []
    for _ in range(fits):
        X = rng.normal(size=(n, d))
        X[:, 0] += y
        A = np.column_stack([np.ones(n), X])
        inverse = np.linalg.inv((A.T * weights) @ A / n + penalty)
        theta = inverse @ (A.T @ (weights * y)) / n
        lever = ((A @ inverse) * A).sum(axis=1) * weights / n
        z = (A @ theta - lever * y) / (1 - lever)
        found.append((z[y > 0].mean() + z[y < 0].mean()) / 2 - theta[0])
    return np.array(found)


@pytest.mark.parametrize("scheme", [ClassWeight(), Unweighted()], ids=str)
def test_left_out_logits_are_correlated(scheme):
    """Their midpoint varies as predicted, and more than that of independent rows."""
    counts, d, ridge, fits = (540, 60), 120, 0.1, 1200
    fit = solve(SPHERE, counts, d, scheme, ridge=ridge, loss="square")
    weights = np.repeat(fit.weights, counts)
    off = threshold_errors(counts, d, ridge, weights, fits, seed=8)
    price, found = intercept_price(fit), fit.parameters
    per_square = price.independent / (found.variance * (1 / np.array(counts)).sum() / 4)
    observed = per_square * off.var(ddof=1)
    error = observed * np.sqrt(2 / fits)
    assert abs(observed - price.left_out) < 4 * error
    assert observed - price.independent > 4 * error


def test_two_sigmas_are_refused():
    wider = Mixture.isotropic([[-1.0], [1.0]], [1.0, 1.5])
    with pytest.raises(InputError, match="two classes of one covariance; there are 2, of scales"):
        intercept_price(solve(wider, (90, 30), 50, ClassWeight(), ridge=0.1))
