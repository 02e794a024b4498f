"""Label logistic-order: refuted, and its two numbers taken from a fit."""

import numpy as np
import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import logistic_order
from tests.derivations.equations import MASS, NODES, logistic, solved
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("_noise", lambda: logistic_order.S2 + logistic_order.X, 1),
        ("noise_to_signal_expression", lambda: 1 / (1 + logistic_order.F), 3),
        ("spread", -logistic_order.spread, 1),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(logistic_order, name, wrong)
    assert len(failures("logistic-order")) == number


def test_two_numbers_are_left_of_a_fit():
    """Isotropic classes: shares of the curvature, and pulls beyond their linear part."""
    shares, s, load, ridge = np.array([0.1, 0.9]), 1.2, 2.5, 0.05
    weights = 0.5 / shares
    m, q, V, b = solved((0.6, 0.5, 0.5, 0.0), logistic, shares, weights, load, ridge, s, np.ones(2))
    out = m + np.array([[1.0], [-1.0]]) * b + np.sqrt(q) * NODES
    first, second = logistic(out, (weights * V)[:, None])
    curved, pulls = weights[:, None] * second, weights[:, None] * first
    bend = (curved / (1 + V * curved)) @ MASS
    beyond = pulls**2 @ MASS - (pulls @ MASS) ** 2 - q * bend**2
    total, alphas, gamma = shares @ bend, load * shares, shares[0] * (pulls @ MASS)[0]
    chi = ridge / total
    letters = {"S_1": s**2 / (chi + 1), "S_2": s**2 / (chi + 1) ** 2, "S_3": 1 / (chi + 1) ** 2}
    letters["F"] = (((shares * bend / total) ** 2) / alphas).sum()
    letters["X"] = (shares**2 * beyond / alphas).sum() / (4 * gamma**2)
    letters |= {f"alpha_{k}": alphas[place] for place, k in enumerate((1, 0))}
    expression = logistic_order.noise_to_signal_expression()
    assert float(evaluate(expression, **letters)) == pytest.approx(q / m**2, rel=1e-7)
