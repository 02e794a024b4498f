"""Label bags-needed: refuted once a formula is wrong."""

from mlbalance.derivations.proofs import bags_needed
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(bags_needed, "_needed", lambda: bags_needed.rho / bags_needed.eps)
    assert len(failures("bags-needed")) == 2
