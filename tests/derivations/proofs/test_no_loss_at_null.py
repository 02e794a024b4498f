"""Label no-loss-at-null: refuted once a formula is wrong."""

import pytest
import sympy as sp

from mlbalance.derivations.proofs import no_loss_at_null
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (no_loss_at_null, "_overlap", lambda at=no_loss_at_null.x: sp.exp(-(at**2)) / 3, 8),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("no-loss-at-null")) == number
