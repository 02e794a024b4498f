"""Label contiguity: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import contiguity
from tests.derivations.refuted import failures

KNOWN = {contiguity._mean(contiguity.d[contiguity.i] ** 2): 1}


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("_break_even", lambda: contiguity.r, 2),
        ("KNOWN", KNOWN, 5),
        ("_power_at", lambda size: contiguity.normal_cdf(size), 3),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(contiguity, name, wrong)
    assert len(failures("contiguity")) == number
