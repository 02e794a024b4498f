"""Label overcorrection: refuted once a formula is wrong."""

import sympy as sp

from mlbalance.derivations.proofs import overcorrection
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(overcorrection, "overcorrection_expression", lambda: sp.S.One)
    assert len(failures("overcorrection")) == 2
