"""Label hessian: second derivatives, refuted and at numbers."""

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations.proofs import hessian, score
from tests.derivations.losses import at_numbers, problem, softmax_loss
from tests.derivations.refuted import failures


def test_a_hessian_without_the_outer_product_fails(monkeypatch):
    def diagonal(one, first, other, second, numerator=None):
        share = score.W[score.i] * score.probability(one, numerator)
        entry = share * sp.KroneckerDelta(one, other)
        for feature in (first, second):
            entry *= 1 if feature is score.INTERCEPT else score.x[score.i, feature]
        return sp.Sum(entry, (score.i, 1, score.n))

    monkeypatch.setattr(hessian, "hessian_formula", diagonal)
    assert len(failures("hessian")) == 5


@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 2, 1), (2, 2, 2)])
def test_the_hessian_is_the_second_derivative(sizes):
    data, theta = problem(sizes)
    found = at_numbers(hessian.hessian_expression(*sizes), data, theta)
    step = 1e-4
    places = list(np.ndindex(theta.shape))
    numeric = np.empty((len(places), len(places)))
    for row, one in enumerate(places):
        for column, other in enumerate(places):
            up, down = theta.astype(complex), theta.astype(complex)
            up[one] += 1j * step
            down[one] += 1j * step
            up[other] += step
            down[other] -= step
            gap = softmax_loss(up, data).imag - softmax_loss(down, data).imag
            numeric[row, column] = gap / (2 * step**2)
    np.testing.assert_allclose(found, numeric, rtol=1e-6, atol=1e-6)
    assert np.linalg.eigvalsh(found)[0] > -1e-12
