"""Label overcorrection: refuted once a formula is wrong."""

import pytest
import sympy as sp

from mlbalance.derivations.proofs import overcorrection
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (overcorrection, "overcorrection_expression", lambda: sp.S.One, 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("overcorrection")) == number
