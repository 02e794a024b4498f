"""Label existence: slopes along directions."""

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import existence
from tests.derivations.refuted import failures


def test_a_slope_that_forgets_the_own_class_fails(monkeypatch):
    i, k, K, n = existence.i, existence.k, existence.K, existence.n
    shares = sp.Sum(existence.probability(k) * existence._move(k), (k, 1, K))
    wrong = sp.Sum(existence.W[i] * shares, (i, 1, n))
    monkeypatch.setattr(existence, "slope_expression", lambda: wrong)
    assert len(failures("existence")) == 1


def test_the_slope_along_a_direction_is_that_of_the_loss_from_any_logits():
    left = existence.existence().step("slope").equation.lhs.doit()
    z, v, at, step = np.array([0.3, -1.0, 0.8]), np.array([1.0, 0.5, -2.0]), 0.4, 1e-5
    found = evaluate(left, K=3, z=z, v=v, t=at, y=2)

    def loss(t):
        return np.logaddexp.reduce(z + t * v) - (z + t * v)[1]

    assert float(found) == pytest.approx((loss(at + step) - loss(at - step)) / (2 * step), rel=1e-8)
