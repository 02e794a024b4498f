"""Label excess-risk: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import excess_risk
from tests.derivations.refuted import failures

EXCESS = excess_risk.risk_expression()


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (excess_risk, "_claimed_excess", lambda: 2 * EXCESS, 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("excess-risk")) == number
