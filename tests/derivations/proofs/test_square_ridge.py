"""Label square-ridge: refuted, and errors against those of a strong ridge."""

import numpy as np
import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import ridge_limit, square_loss, square_ridge
from tests.derivations.equations import square_solution
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("intercept_form", lambda: -square_ridge.m, 3),
        ("gain", lambda: square_loss.kappa, 2),
        ("_ratio", lambda: square_ridge.D * square_ridge.s**2, 3),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(square_ridge, name, wrong)
    assert len(failures("square-ridge")) == number


@pytest.mark.parametrize("ridge", [1e-3, 0.05, 2.0])
def test_square_loss_errors_are_those_of_a_strong_ridge_shrunk_by_one_factor(ridge):
    alphas, separation = (0.6, 2.5), 1.2
    m, q, _, b = square_solution(alphas, 0.5 * sum(alphas) / np.array(alphas), ridge, separation)
    letters = {"s": separation, "alpha_1": alphas[0], "alpha_0": alphas[1]}
    forms = ridge_limit.strong_ridge_expressions()
    strong = {name: float(evaluate(forms[name], **letters)) for name in ("minority", "majority")}
    factors = [(m + b) / np.sqrt(q) / strong["minority"], (m - b) / np.sqrt(q) / strong["majority"]]
    assert factors[0] == pytest.approx(factors[1], rel=1e-12)
    assert 0 < factors[0] < 1
