"""Label ridge-limit: refuted, and against the self-consistent equations."""

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import overcorrection, ridge_limit
from tests.derivations.equations import logistic, solved, swept
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("_signal", lambda noise=None: 2 * ridge_limit.s / sp.sqrt(4 * ridge_limit.s**2 + 1), 4),
        ("_intercept", lambda: -(ridge_limit.sigma[1] ** 2), 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(ridge_limit, name, wrong)
    assert len(failures("ridge-limit")) == number


def straight_at_zero(out, pull):
    """Linear below t = 1/2, and the square of what is short of 1 above."""
    trained = np.where(out + pull < 0.5, out + pull, (out + 2 * pull) / (1 + 2 * pull))
    trained = np.minimum(trained, np.maximum(out, 1))
    force = np.clip(2 * (1 - trained), 0, 1)
    return force, np.where((trained > 0.5) & (trained < 1), 2.0, 0.0)


def test_a_loss_without_curvature_at_zero_leaves_the_intercept_open():
    """A strong ridge: every intercept from -1/2 to 1/2 balances the pulls, and b/m is nothing."""
    shares, ridge = np.array([0.2, 0.8]), 1e6
    problem = (straight_at_zero, shares, 0.5 / shares, 1.0, ridge, 1.0, np.ones(2))
    for b in (-0.4, 0.0, 0.3):
        assert swept((1e-6, 1e-12, 1e-6, b), *problem)[3] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("weights", ["balanced", "unweighted"])
def test_a_strong_ridge_solves_the_self_consistent_equations_of_the_logistic_loss(weights):
    """Ten times the ridge: a tenth of the error of the closed form, or less."""
    alphas, separation = np.array([0.3, 1.5]), 1.1
    shares = alphas / alphas.sum()
    w = 0.5 / shares if weights == "balanced" else np.ones(2)
    letters = {"s": separation, "alpha_1": alphas[0], "alpha_0": alphas[1]}
    forms = ridge_limit.strong_ridge_expressions()
    derived = {
        name: float(evaluate(forms[name], **letters)) for name in ("minority", "majority", "best")
    }
    errors = []
    for ridge in (1e2, 1e3, 1e4):
        start = (0.5 / ridge, 1 / ridge**2, 1 / ridge / alphas.sum(), np.log(w[0] * shares[0]))
        start = (*start[:3], start[3] - np.log(w[1] * shares[1]))
        problem = (logistic, shares, w, alphas.sum(), ridge, separation, np.ones(2))
        m, q, _, b = solved(start, *problem)
        found = {"best": m / np.sqrt(q)}
        corrected = (b - np.log(w[0] * shares[0]) + np.log(w[1] * shares[1])) / m
        if weights == "balanced":
            found |= {"minority": (m + b) / np.sqrt(q), "majority": (m - b) / np.sqrt(q)}
        errors.append(max(abs(found[name] - derived[name]) for name in found))
    assert errors[2] < 1e-6
    if weights == "unweighted":
        form = overcorrection.overcorrection_expression()
        moved = float(evaluate(form, rho_1=shares[0], rho_0=shares[1]))
        assert corrected == pytest.approx(moved, rel=1e-3)
    assert max(errors[1] / errors[0], errors[2] / errors[1]) < 0.1
