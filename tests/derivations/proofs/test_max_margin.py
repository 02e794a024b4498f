"""Label max-margin: refuted once a formula is wrong."""

import sympy as sp

from mlbalance.derivations.proofs import mle_threshold
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(mle_threshold, "_in_letters", lambda at: sp.Symbol("Phi") * at**2)
    assert len(failures("max-margin")) == 3
