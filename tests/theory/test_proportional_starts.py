"""Where the equations of the proportional regime are started: exact as the ridge grows."""

import numpy as np
import pytest

from mlbalance.populations.quadrature import normal_rules
from mlbalance.theory.proportional import binary, multiclass
from mlbalance.theory.proportional.problem import Problem
from tests.theory.test_proportional_multiclass import SHARES, balanced, mixture


def moves(K, ridge, weigh, by):
    """Steps of one sweep from the start of `by`, in its coordinates."""
    problem = Problem(mixture(K, atoms=2), SHARES[K], weigh(SHARES[K]), 0.7, ridge)
    rule = normal_rules(K - 1, 201 if K == 2 else 121)[0]
    if by is binary:
        start, sweep = binary._start(problem), binary._Sweep(problem, "logistic", rule)
    else:
        start, sweep = multiclass._start(problem), multiclass._Sweep(problem, rule)
    return np.abs(sweep(start) - start)


def uneven(shares):
    return 2 + np.arange(shares.size)


@pytest.mark.parametrize("weigh", [balanced, np.ones_like, uneven])
@pytest.mark.parametrize(
    ("K", "by"), [(2, binary), (2, multiclass), (3, multiclass)], ids=["scalar", "two", "three"]
)
def test_a_start_is_left_by_no_more_than_one_over_the_ridge(K, by, weigh):
    near, far = moves(K, 1e3, weigh, by), moves(K, 1e5, weigh, by)
    assert far.max() < 1e-3
    assert near.max() == pytest.approx(100 * far.max(), rel=0.02)
    # The response, last in the coordinates, by no more than its square.
    response = -(K * (K - 1) // 2)
    assert near[response:].max() == pytest.approx(1e4 * far[response:].max(), rel=0.1)
