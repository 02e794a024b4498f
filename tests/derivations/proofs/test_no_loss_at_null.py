"""Label no-loss-at-null: refuted once a formula is wrong."""

import sympy as sp

from mlbalance.derivations.proofs import no_loss_at_null
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(
        no_loss_at_null, "_overlap", lambda at=no_loss_at_null.x: sp.exp(-(at**2)) / 3
    )
    assert len(failures("no-loss-at-null")) == 7
