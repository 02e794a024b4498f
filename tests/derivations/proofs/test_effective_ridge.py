"""Label effective-ridge: refuted, and the bound beside pulls of which nothing is linear."""

import numpy as np
import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import effective_ridge
from tests.derivations.equations import MASS, NODES, logistic, solved, square
from tests.derivations.refuted import failures

S1, S2, S3 = effective_ridge.S1, effective_ridge.S2, effective_ridge.S3


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("bound_expression", lambda: S1**2 * (1 - S3) / (S2 + S3), 3),
        ("matched_ridge_expression", lambda: effective_ridge.chi, 2),
        ("_rare", lambda: 1 / effective_ridge.alphas[1], 2),
        ("_second_moment", lambda k, variance: effective_ridge.excess[k] + variance, 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(effective_ridge, name, wrong)
    assert len(failures("effective-ridge")) == number


@pytest.mark.parametrize(("loss", "attained"), [(logistic, False), (square, True)])
def test_a_fit_is_below_the_bound_and_the_square_loss_attains_it(loss, attained):
    """Isotropic classes, s = 1.2: f_k and chi from the curvatures of the rows by quadrature."""
    shares, s, load, ridge = np.array([0.1, 0.9]), 1.2, 2.5, 0.05
    weights = 0.5 / shares
    m, q, V, b = solved((0.6, 0.5, 0.5, 0.0), loss, shares, weights, load, ridge, s, np.ones(2))
    out = m + np.array([[1.0], [-1.0]]) * b + np.sqrt(q) * NODES
    pull = (weights * V)[:, None]
    curved = weights[:, None] * loss(out, pull)[1]
    bend = shares * ((curved / (1 + V * curved)) @ MASS)
    chi, alphas = ridge / bend.sum(), load * shares
    letters = {"S_1": s**2 / (chi + 1), "S_2": s**2 / (chi + 1) ** 2, "S_3": 1 / (chi + 1) ** 2}
    for place, k in enumerate((1, 0)):
        letters |= {f"f_{k}": bend[place] / bend.sum(), f"alpha_{k}": alphas[place]}
    bound = float(evaluate(effective_ridge.bound_expression(), **letters))
    if attained:
        assert m**2 / q == pytest.approx(bound, rel=1e-8)
    else:
        assert m**2 / q < bound * (1 - 1e-3)
    # Rows of the curvature add up to degrees of freedom.
    assert V * bend.sum() * load == pytest.approx(1 / (chi + 1), rel=1e-8)
