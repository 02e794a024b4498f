"""Label excess-risk: refuted once a formula is wrong."""

from mlbalance.derivations.proofs import excess_risk
from tests.derivations.refuted import failures

EXCESS = excess_risk.risk_expression()


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(excess_risk, "_claimed_excess", lambda: 2 * EXCESS)
    assert len(failures("excess-risk")) == 2
