"""Label loewner: what orders nothing."""

import sympy as sp

from mlbalance.derivations.proofs import loewner
from tests.derivations.refuted import failures


def test_a_gap_of_unknown_sign_orders_nothing(monkeypatch):
    monkeypatch.setattr(loewner, "squared_cv", sp.Function("c^2", real=True))
    monkeypatch.setattr(loewner, "gap", sp.Function("g", real=True))
    assert len(failures("loewner")) == 2
