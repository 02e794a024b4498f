"""Label intercept-bias: the sign of the intercept, at numbers."""

import numpy as np
import pytest

from tests.derivations.equations import logistic, solved


def rising_again(out, pull):
    """A convex loss that falls to t = 1 and rises beyond: l' = exp(3 (t - 1)) - 1."""
    low, high = np.minimum(out, 1), np.maximum(out, 1)
    for _ in range(80):
        middle = (low + high) / 2
        above = middle > out + pull * (1 - np.exp(3 * (middle - 1)))
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return 1 - np.exp(3 * (high - 1)), 3 * np.exp(3 * (high - 1))


def test_a_loss_that_rises_again_puts_the_intercept_for_the_rarer_class():
    """Label intercept-bias is one of losses that fall."""
    shares = np.array([0.1, 0.9])
    problem = (rising_again, shares, 0.5 / shares, 8.0, 1e-3, 2.0, np.ones(2))
    b = solved((0.8, 0.2, 0.1, 0.0), *problem)[3]
    assert b == pytest.approx(0.0175, abs=5e-4)


@pytest.mark.parametrize("ridge", [1e-2, 0.3])
@pytest.mark.parametrize("rare", [0.05, 0.3, 0.5])
def test_balanced_logistic_intercepts_are_against_the_rarer_class(ridge, rare):
    shares = np.array([rare, 1 - rare])
    problem = (logistic, shares, 0.5 / shares, 1.5, ridge, 1.0, np.ones(2))
    b = solved((0.5, 1.0, 1.0, 0.0), *problem)[3]
    assert abs(b) < 1e-10 if rare == 0.5 else b < -1e-3
