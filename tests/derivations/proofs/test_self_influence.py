"""Label self-influence: refuted once a formula is wrong."""

from mlbalance.derivations.proofs import self_influence
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(self_influence, "inflation_expression", lambda: self_influence.sigma**2)
    assert len(failures("self-influence")) == 2
