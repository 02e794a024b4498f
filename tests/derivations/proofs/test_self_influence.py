"""Label self-influence: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import self_influence
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (self_influence, "inflation_expression", lambda: self_influence.sigma**2, 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("self-influence")) == number
