"""Label loo-intercept: refuted, and intercepts of rows left out."""

import numpy as np
import pytest
from scipy import optimize, special

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import loo_intercept
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("scale_expression", lambda: loo_intercept.total / loo_intercept.v, 3),
        ("spurious_expression", lambda: 1 / loo_intercept.n1, 1),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(loo_intercept, name, wrong)
    assert len(failures("loo-intercept")) == number


def test_rows_left_out_without_a_scale_move_the_prior():
    n_1, n_0 = 40, 900
    left = np.r_[np.full(n_1, np.log(1 - 1 / n_1)), np.full(n_0, -np.log(1 - 1 / n_0))]
    weights = np.r_[np.full(n_1, 0.5 / n_1), np.full(n_0, 0.5 / n_0)]
    y = np.r_[np.ones(n_1), np.zeros(n_0)]
    b = optimize.brentq(lambda a: weights @ (special.expit(a + left) - y), -1, 1, xtol=1e-14)
    derived = float(evaluate(loo_intercept.spurious_expression(), n_1=n_1, n_0=n_0))
    assert b == pytest.approx(derived, abs=1 / n_1**2)
    assert b > 0.9 * derived
