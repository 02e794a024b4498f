"""Labels optimism and convex-order rest on the mean of the weights."""

import pytest
import sympy as sp

from mlbalance.derivations.engine import Moments
from mlbalance.derivations.proofs import convex_order, optimism
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("label", "module"), [("optimism", optimism), ("convex-order", convex_order)]
)
def test_weights_of_another_mean_fail(monkeypatch, label, module):
    biased = Moments(optimism.W, lambda k, _: optimism.tau[k], optimism.WEIGHTS.product)
    monkeypatch.setattr(module, "WEIGHTS", biased)
    assert len(failures(label)) == 1


def test_a_trace_of_the_transpose_of_another_matrix_fails(monkeypatch):
    a, b, p = optimism.a, optimism.b, optimism.p
    inverse, J = sp.IndexedBase("G"), sp.IndexedBase("J")
    wrong = sp.Sum(inverse[a, a] * J[b, b], (a, 1, p), (b, 1, p))
    monkeypatch.setattr(optimism, "trace_expression", lambda: wrong)
    assert len(failures("optimism")) == 1
