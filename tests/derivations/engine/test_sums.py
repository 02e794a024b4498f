"""Sums of symbolic length: the normal form has the value of the expression."""

import pytest
import sympy as sp

from mlbalance.derivations.engine import checks, evaluate, normal

k, l, i, j = sp.symbols("k l i j", integer=True)


K = sp.Symbol("K", integer=True, positive=True)


f, g, n, y = (sp.IndexedBase(name) for name in "fgny")


LETTERS = {
    "K": 3,
    "n": [2, 3, 1],
    "y": [2, 1, 3],
    "f": [[3, 1, 4], [1, 5, 9], [2, 6, 5]],
    "g": [[2, 7, 1], [8, 2, 8], [1, 8, 2]],
}


DELTA = sp.KroneckerDelta
ROWS = ((i, 1, n[k]), (k, 1, K))


@pytest.mark.parametrize(
    "expr",
    [
        sp.Sum(f[k, l] * DELTA(k, 2), (k, 1, K), (l, 1, K)),
        sp.Sum(f[k, l] * DELTA(k, l), (k, 1, K), (l, 1, K)),
        sp.Sum(f[k, 1] * DELTA(k, y[l]) * g[l, 1], (k, 1, K), (l, 1, K)),
        sp.Sum(f[k, 1] * g[l, 2] + 2, (k, 1, K), (l, 1, K)),
        sp.Sum((f[k, 1] - sp.Sum(g[l, k], (l, 1, K))) ** 2, (k, 1, K)),
        sp.Sum(f[k, 1], (k, 1, K)) ** 2 / sp.Sum(f[l, 1], (l, 1, K)),
        sp.Sum(f[k, l] / sp.Sum(f[k, l], (l, 1, K)), (l, 1, K), (k, 1, K)),
        sp.Sum(f[k, l] * g[k, l] / sp.Sum(f[k, l], (l, 1, K)), (l, 1, K), (k, 1, K)),
        sp.Sum(sp.exp(-f[k, 1]) * sp.log(1 + sp.Sum(g[k, l], (l, 1, K))), (k, 1, K)),
        sp.Sum(f[k, 1], (k, 2, K)) * sp.Sum(f[l, 2], (l, 3, K)),
        sp.Sum(f[k, i], *ROWS),
        sp.Sum(f[k, 1], *ROWS),
        sp.Sum(sp.Sum(f[k, i], ROWS[0]) ** 2, ROWS[1]),
        # The delta is contracted where k = l is known to make the ranges the same, and only there.
        sp.Sum(f[k, i] * g[l, j] * DELTA(k, l) * DELTA(i, j), *ROWS, (j, 1, n[l]), (l, 1, K)),
        sp.Sum(f[k, i] * g[l, j] * DELTA(i, j), *ROWS, (j, 1, n[l]), (l, 1, K)),
        sp.Sum(sp.Sum(g[l, j] * DELTA(i, j), (j, 1, n[l]), (l, 1, K)) * f[k, i], *ROWS),
    ],
)
def test_the_normal_form_has_the_value_of_the_expression(expr):
    form = normal(expr)
    assert evaluate(form, **LETTERS) == evaluate(expr, **LETTERS)
    assert normal(form) == form
    assert checks.equal(expr, form)


def test_the_normal_form_knows_no_order_of_sums_nor_names():
    one = sp.Sum(f[k, l] * g[l, k], (k, 1, K), (l, 1, K))
    other = sp.Sum(sp.Sum(f[i, j] * g[j, i], (j, 1, K)), (i, 1, K))
    assert normal(one) == normal(other)
    assert normal(one) != normal(sp.Sum(f[k, l] * g[k, l], (k, 1, K), (l, 1, K)))
