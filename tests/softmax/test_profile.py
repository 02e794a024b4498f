"""Profile-likelihood intervals: ends where the likelihood ratio is the chi-square quantile."""

import numpy as np
import pytest
from scipy import optimize, stats

from mlbalance import populations, softmax
from mlbalance.softmax import profile

WANTED = stats.chi2.ppf(0.95, 1)


def data(seed=0):
    return populations.symmetric(2, 2, 1.0).sample((40, 9), np.random.default_rng(seed))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_ends_are_where_fits_with_a_coefficient_held_lose_what_the_test_allows(place):
    """The coefficient is held by an offset, and the rest fitted without it."""
    X, y = data()
    best = softmax.fit(X, y)
    ((low, high),) = softmax.profile_intervals(X, y, best.theta, np.eye(3)[[place]])
    assert low < best.theta[1, place] - best.theta[0, place] < high
    rows = np.column_stack([np.ones(y.size), X])
    for value in (low, high):
        offset = np.stack([np.zeros(y.size), value * rows[:, place]], axis=1)
        rest = np.delete(rows, place, axis=1)

        def loss(b, rest=rest, offset=offset):
            z = rest @ b + offset[:, 1]
            return np.logaddexp(0, z).sum() - z[y == 1].sum()

        held = optimize.minimize(loss, np.zeros(2), options={"gtol": 1e-9}).fun
        assert 2 * (held - softmax.loss(best.theta, X, y)) == pytest.approx(WANTED, rel=1e-6)


def test_with_firths_penalty_and_no_feature_ends_are_those_of_half_a_row_more_in_each_class():
    y = np.repeat([0, 1], [9, 0])
    X, half = np.zeros((9, 0)), np.array([9.5, 0.5])
    best = softmax.fit_firth(X, y, n_classes=2)
    found = softmax.profile_intervals(X, y, best.theta, [[1.0]], firth=True)

    def lost(b):
        return half.sum() * np.logaddexp(0, b) - half[1] * b

    middle = np.log(half[1] / half[0])
    for value, away in zip(found[0], (-20.0, 20.0), strict=True):
        wanted = optimize.brentq(
            lambda b: 2 * (lost(b) - lost(middle)) - WANTED, middle, middle + away
        )
        assert value == pytest.approx(wanted, rel=1e-6)


def test_separated_classes_have_finite_ends_with_firths_penalty():
    X, y = np.arange(8.0)[:, None], np.repeat([0, 1], [5, 3])
    best = softmax.fit_firth(X, y)
    ends = softmax.profile_intervals(X, y, best.theta, np.eye(2), firth=True)
    assert np.isfinite(ends).all()
    slope = best.theta[1, 1] - best.theta[0, 1]
    assert ends[1, 0] < slope < ends[1, 1]
    assert ends[1, 1] - slope > 2 * (slope - ends[1, 0])  # which no symmetric interval is


def test_three_classes_and_any_functional():
    X, y = populations.symmetric(3, 2, 1.5).sample((20, 9, 30), np.random.default_rng(3))
    best = softmax.fit(X, y)
    a = np.array([0.0, 1.0, 0.0, 0.0, -1.0, 0.5])
    (whole,) = softmax.profile_intervals(X, y, best.theta, [a], level=0.9)
    (turned,) = softmax.profile_intervals(X, y, best.theta, [-2 * a], level=0.9)
    np.testing.assert_allclose(turned, -2 * whole[::-1], rtol=1e-6)
    many = np.repeat(X, 200, axis=0), np.repeat(y, 200)
    (narrow,) = softmax.profile_intervals(*many, best.theta, [a], level=0.9)
    H = softmax.hessian(best.theta, *many)[1:, :, 1:, :].reshape(6, 6)
    half = stats.norm.ppf(0.95) * np.sqrt(a @ np.linalg.solve(H, a))
    middle = a @ (best.theta - best.theta[0])[1:].ravel()
    np.testing.assert_allclose(narrow, [middle - half, middle + half], atol=0.03 * half)


def test_an_end_takes_few_steps(monkeypatch):
    """Newton's steps: halving alone would take more than fifty for two ends."""
    X, y = populations.symmetric(3, 2, 1.5).sample((40, 30, 20), np.random.default_rng(0))
    best = softmax.fit(X, y, ridge=0)
    steps, own = [], profile._Profile._constrained

    def counted(*args):
        steps.append(1)
        return own(*args)

    monkeypatch.setattr(profile._Profile, "_constrained", counted)
    softmax.profile_intervals(X, y, best.theta, np.eye(6))
    assert len(steps) <= 12 * 6
