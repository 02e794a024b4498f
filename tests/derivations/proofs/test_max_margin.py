"""Label max-margin: refuted once a formula is wrong."""

import pytest
import sympy as sp

from mlbalance.derivations.proofs import mle_threshold
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (mle_threshold, "_in_letters", lambda at: sp.Symbol("Phi") * at**2, 3),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("max-margin")) == number
