"""Label bags-needed: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import bags_needed
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (bags_needed, "_needed", lambda: bags_needed.rho / bags_needed.eps, 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("bags-needed")) == number
