"""Label score: the gradient, refuted and at numbers."""

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations.proofs import score
from tests.derivations.losses import at_numbers, problem, softmax_loss
from tests.derivations.refuted import failures


def test_a_score_without_the_indicator_fails(monkeypatch):
    def without(label, feature):
        share = score.W[score.i] * score.probability(label)
        return sp.Sum(share, (score.i, 1, score.n))

    monkeypatch.setattr(score, "score_formula", without)
    assert len(failures("score")) == 2


@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 4, 2), (4, 3, 1)])
def test_the_score_is_the_gradient(sizes):
    data, theta = problem(sizes)
    found = at_numbers(score.score_expression(*sizes), data, theta)
    step = 1e-30
    numeric = np.empty_like(theta)
    for place in np.ndindex(theta.shape):
        moved = theta.astype(complex)
        moved[place] += 1j * step
        numeric[place] = softmax_loss(moved, data).imag / step
    np.testing.assert_allclose(found, numeric, rtol=1e-12, atol=1e-13)
