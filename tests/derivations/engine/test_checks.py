"""Checks say yes only where the algebra shows it."""

import pytest
import sympy as sp

from mlbalance.derivations.engine import checks

k = sp.Symbol("k", integer=True)
K = sp.Symbol("K", integer=True, positive=True)
f = sp.IndexedBase("f")


def test_equality_may_rest_on_what_is_known():
    total = sp.Sum(f[k, 1], (k, 1, K))
    assert not checks.equal(total * 2, sp.S(2))
    assert checks.equal_given({total: 1})(total * 2, sp.S(2))
    assert not checks.equal_given({total: 2})(total * 2, sp.S(2))


def test_matrices_are_compared_with_what_is_symmetric():
    p = sp.Symbol("p", integer=True, positive=True)
    A, B = sp.MatrixSymbol("A", p, p), sp.MatrixSymbol("B", p, p)
    assert checks.equal_matrices(A)(A.T * B, A * B)
    assert not checks.equal_matrices()(A.T * B, A * B)
    assert not checks.equal_matrices(A)(A * B, B * A)
    assert checks.equal_matrices()(sp.Trace(A * B), sp.Trace(B * A))
    assert not checks.equal_matrices()(sp.Trace(A * B * B), sp.Trace(A * B))


@pytest.mark.parametrize(
    ("expr", "nonnegative", "positive"),
    [
        (sp.Symbol("a", positive=True), True, True),
        (sp.Symbol("a", nonnegative=True), True, False),
        (sp.Symbol("a", real=True) ** 2, True, False),
        (sp.Symbol("a", real=True), False, False),
        (sp.Symbol("a"), False, False),
        (sp.Symbol("a", positive=True) - 1, False, False),
        (1 / sp.Sum(sp.Function("h", positive=True)(k), (k, 1, K)), True, True),
        (1 / sp.Sum(sp.Function("h", nonnegative=True)(k), (k, 1, K)), False, False),
        (sp.Sum(sp.Function("h", real=True)(k) ** 2, (k, 1, K)), True, False),
    ],
)
def test_signs_are_shown_or_not_claimed(expr, nonnegative, positive):
    assert checks.nonnegative(expr, 0) is nonnegative
    assert checks.positive(expr, 0) is positive
