"""Label focal: what its step says, and refuted once a formula is wrong."""

import numpy as np
import pytest
from sympy import log

from mlbalance.derivations import derive
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import focal
from tests.derivations.refuted import failures


def test_a_force_without_its_second_term_fails(monkeypatch):
    g, q = focal.g, focal.q
    monkeypatch.setattr(focal, "force_expression", lambda: (1 - q) ** g)
    assert len(failures("focal")) >= 3


def test_a_slope_of_another_exponent_fails(monkeypatch):
    g = focal.g
    wrong = 1 + g * (2 + (g - 1) * log(2)) / (1 + g * log(2))
    monkeypatch.setattr(focal, "slope_expression", lambda: wrong)
    assert len(failures("focal")) == 3


@pytest.mark.parametrize("g", [0.3, 1.0, 2.0, 5.0])
def test_the_second_derivative_is_positive_at_numbers(g):
    rhs = derive("focal").step("second").equation.rhs
    bends = [float(evaluate(rhs, g=g, q=float(q))) for q in np.linspace(0.001, 0.999, 41)]
    assert min(bends) > 0
