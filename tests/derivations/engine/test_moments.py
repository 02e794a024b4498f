"""Expectations by linearity stop at second moments."""

import pytest
import sympy as sp

from mlbalance.derivations.engine import Moments, checks, covariance, expectation

k = sp.Symbol("k", integer=True)
K = sp.Symbol("K", integer=True, positive=True)
f, DELTA = sp.IndexedBase("f"), sp.KroneckerDelta


def test_expectation_stops_at_second_moments():
    moments = Moments(f, lambda k: sp.S(1), lambda one, other: 1 + 2 * DELTA(one[0], other[0]))
    total = sp.Sum(f[k], (k, 1, K))
    assert checks.equal(expectation(3 * total + K, moments), 4 * K)
    assert checks.equal(covariance(total, total, moments), 2 * K)
    with pytest.raises(ValueError, match="Only the first two moments of f are known; given"):
        expectation(f[1] ** 2 * f[2], moments)
    with pytest.raises(ValueError, match="Only the first two moments of f are known; given"):
        expectation(sp.exp(f[1]), moments)
