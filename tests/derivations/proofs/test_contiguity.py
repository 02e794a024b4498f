"""Label contiguity: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import contiguity
from tests.derivations.refuted import failures

KNOWN = {contiguity._mean(contiguity.d[contiguity.i] ** 2): 1}


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (contiguity, "_break_even", lambda: contiguity.r, 2),
        (contiguity, "KNOWN", KNOWN, 5),
        (contiguity, "_power_at", lambda size: contiguity._cdf(size), 3),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("contiguity")) == number
