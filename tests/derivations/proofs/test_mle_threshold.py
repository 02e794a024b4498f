"""Label mle-threshold: refuted, and a mean square at numbers."""

import numpy as np
import pytest
import sympy as sp
from scipy import stats

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import mle_threshold
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(mle_threshold, "_in_letters", lambda at: sp.Symbol("Phi") * at**2)
    assert len(failures("mle-threshold")) == 3


def test_the_shortfall_is_a_mean_square():
    form = mle_threshold.shortfall_expression()
    c, b, separation, rare, kappa = 0.6, -0.3, 1.2, 0.2, 0.4
    found = float(evaluate(form, c=c, b=b, s=separation, rho_1=rare, kappa=kappa))
    h = np.linspace(-12, 12, 200_001)
    mass = stats.norm.pdf(h) * (h[1] - h[0])
    sides = ((rare, c * separation + b - kappa), (1 - rare, c * separation - b - kappa))
    total = sum(share * mass @ np.maximum(h - t, 0) ** 2 for share, t in sides)
    assert found == pytest.approx(total / (1 - c**2), rel=1e-9)
