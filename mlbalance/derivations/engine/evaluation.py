"""Values of derived formulas, for the tests that compare them with the other witnesses."""

from __future__ import annotations

from typing import Any

from sympy import Add, Indexed, Sum, Symbol, sympify
from sympy.core.function import AppliedUndef

__all__ = ["evaluate"]


def evaluate(expr: Any, **letters: Any) -> Any:
    """Value of an expression whose letters have these values, by name.

    A letter with indices takes nested sequences, counted from one as in the formulas: with
    `n=[23, 5]`, n[1] is 23. A name that is no Python identifier is given by unpacking:
    `**{"c^2": [0, 1]}`. Sums are written out, so their ranges must be numbers. The value is exact
    where those given are.
    """
    if isinstance(expr, Sum):
        *inner, (index, low, high) = expr.limits
        body = Sum(expr.function, *inner) if inner else expr.function
        first, last = evaluate(low, **letters), evaluate(high, **letters)
        values = (evaluate(body.subs(index, at), **letters) for at in range(first, last + 1))
        return Add(*values)
    if isinstance(expr, Indexed | AppliedUndef):
        name = str(expr.base if isinstance(expr, Indexed) else expr.func)
        value = letters[name]
        for index in expr.indices if isinstance(expr, Indexed) else expr.args:
            value = value[int(evaluate(index, **letters)) - 1]
        return sympify(value)
    if isinstance(expr, Symbol):
        return sympify(letters[expr.name])
    return expr.func(*(evaluate(arg, **letters) for arg in expr.args)) if expr.args else expr
