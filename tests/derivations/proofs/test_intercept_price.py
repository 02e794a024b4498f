"""Label intercept-price: refuted, and at the edge of what pays under a strong ridge."""

import pytest

from mlbalance.derivations.proofs import intercept_price
from tests.derivations.refuted import failures

q, counts, n = intercept_price.q, intercept_price.counts, intercept_price.n


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("rise_expression", lambda: intercept_price.at**2 / q, 2),
        ("threshold_variance_expression", lambda: q * (1 / counts[1] + 1 / counts[0]) / 4, 2),
        ("pairs_expression", lambda: intercept_price.V, 1),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(intercept_price, name, wrong)
    assert len(failures("intercept-price")) == number
