"""Label forest-weights: refuted once a formula is wrong."""

import pytest
import sympy as sp

from mlbalance.derivations.proofs import forest_weights as proof
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("_weighted", lambda share: proof.w1 * share / proof.w0, 3),
        ("_log_odds", lambda share: sp.log(share), 1),
        ("distinct_rows", lambda: proof.n[proof.k] * proof.tau[proof.k], 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    assert failures("forest-weights") == []
    monkeypatch.setattr(proof, name, wrong)
    assert len(failures("forest-weights")) == number
