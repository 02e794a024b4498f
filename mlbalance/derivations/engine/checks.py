"""Checks that decide a computed step: equality, equality of matrices, sign, digits.

A check says True only where the algebra shows it; what it cannot show is False, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from sympy import (
    Add,
    MatMul,
    MatrixExpr,
    Mul,
    Pow,
    Rational,
    Sum,
    Trace,
    Transpose,
    default_sort_key,
    erf,
    fraction,
    simplify,
    together,
)

from mlbalance.derivations.engine.sums import expanded, normal

__all__ = [
    "BY_RELATION",
    "Check",
    "equal",
    "equal_at",
    "equal_given",
    "equal_matrices",
    "nonnegative",
    "positive",
    "rounds",
    "simplified",
]

Check = Callable[[Any, Any], bool]


def equal(lhs: Any, rhs: Any) -> bool:
    """Whether both sides have the same normal form, over a common denominator if need be."""
    return equal_given({})(lhs, rhs)


def equal_given(known: Mapping[Any, Any]) -> Check:
    """Check that both sides are equal when these sums have these values (`sum p_k = 1`)."""
    values = {normal(sum_): value for sum_, value in known.items()}

    def check(lhs: Any, rhs: Any) -> bool:
        difference = expanded(normal(lhs - rhs).xreplace(values))
        if difference != 0:
            numerator = fraction(together(difference))[0]
            difference = expanded(normal(numerator).xreplace(values))
        return bool(difference == 0 or _vanishes(difference))

    return check


def equal_at(letters: Mapping[Any, Any]) -> Check:
    """Check that both sides are equal once these letters, on either side, are written out."""
    return lambda lhs, rhs: equal(*(side.subs(letters, simultaneous=True) for side in (lhs, rhs)))


def _vanishes(expr: Any) -> bool:
    """Whether the terms cancel once sums over the same ranges are written as one sum."""
    bodies: dict[Any, Any] = {}
    for term in Add.make_args(expr):
        sums = [factor for factor in Mul.make_args(term) if isinstance(factor, Sum)]
        limits, body = (sums[0].limits, sums[0].function) if len(sums) == 1 else ((), term)
        rest = term / sums[0] if len(sums) == 1 else 1
        bodies[limits] = bodies.get(limits, 0) + rest * body
    return all(not body.has(Sum) and simplify(body) == 0 for body in bodies.values())


def simplified(lhs: Any, rhs: Any) -> bool:
    """Whether the difference is zero by SymPy's own rules, those of the error function included."""
    return bool(simplify((lhs - rhs).rewrite(erf)) == 0)


def equal_matrices(*symmetric: MatrixExpr) -> Check:
    """Check of matrices of any size, or of traces, given that these matrices are symmetric."""
    rules = {Transpose(matrix): matrix for matrix in symmetric}
    rules |= {Transpose(matrix.I): matrix.I for matrix in symmetric}

    def check(lhs: Any, rhs: Any) -> bool:
        difference = (lhs - rhs).doit().xreplace(rules).expand().doit()
        if difference.is_Matrix:
            return bool(difference.is_ZeroMatrix)
        return bool(difference.replace(lambda part: isinstance(part, Trace), _rotated) == 0)

    return check


def _rotated(trace: Trace) -> Any:
    """A trace in one form of all its cyclic permutations: the shortest after cancelling."""
    factors = MatMul.make_args(trace.arg)
    turns = (MatMul(*factors[r:], *factors[:r]).doit() for r in range(len(factors)))
    return Trace(min(turns, key=lambda product: (product.count_ops(), default_sort_key(product))))


def nonnegative(lhs: Any, rhs: Any) -> bool:
    """Whether lhs - rhs >= 0 follows from the signs of its factors; a sum's, from its terms'."""
    return _has_sign(lhs - rhs, "is_nonnegative")


def positive(lhs: Any, rhs: Any) -> bool:
    """Whether lhs - rhs > 0 follows from the signs of its factors; a sum's, from its terms'.

    Ranges are taken not to be empty: there are two classes or more.
    """
    return _has_sign(lhs - rhs, "is_positive")


def _has_sign(expr: Any, sign: str) -> bool:
    if isinstance(expr, Sum):
        return _has_sign(expr.function, sign)
    if isinstance(expr, Add | Mul):
        return all(_has_sign(arg, sign) for arg in expr.args)
    if isinstance(expr, Pow) and expr.exp.is_Integer and expr.base.has(Sum):
        return _has_sign(expr.base, "is_positive" if expr.exp < 0 else sign)
    return bool(getattr(expr, sign))


def rounds(exact: Any, shown: Any) -> bool:
    """Whether a number rounds to the digits shown, at as many places."""
    digits = str(shown)
    half = Rational(1, 2) / 10 ** len(digits.partition(".")[2])
    return bool(abs(exact.evalf(len(digits) + 3) - Rational(digits)) <= half)


BY_RELATION: Mapping[str, Check] = MappingProxyType(
    {"=": equal, ">=": nonnegative, ">": positive, "~=": rounds}
)
"""Check of a relation, unless a step names another."""
