"""Expectations by linearity from the first two moments of a distribution, which suffice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sympy import Add, Indexed, IndexedBase, Mul, Pow, S, Sum

from mlbalance.derivations.engine.sums import expanded, fresh

__all__ = ["Moments", "covariance", "expectation"]


@dataclass(frozen=True)
class Moments:
    """First two moments of an indexed family of random variables.

    `mean(*index)` is the mean of one, `product(index, other)` the mean of the product of two,
    with a Kronecker delta wherever it matters that they are the same.
    """

    base: IndexedBase
    mean: Callable[..., Any]
    product: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]


def expectation(expr: Any, moments: Moments) -> Any:
    """Mean of an expression of degree at most two in the family, by linearity alone.

    Raises ValueError for anything else, whose mean the two moments do not give.
    """
    expr = expanded(expr)
    if not expr.has(moments.base):
        return expr
    if isinstance(expr, Add):
        return Add(*(expectation(term, moments) for term in expr.args))
    if isinstance(expr, Sum):
        return Sum(expectation(expr.function, moments), *expr.limits)
    fixed, random = _random_factors(expr, moments.base)
    if any(isinstance(factor, Sum) for factor in random):
        return fixed * expectation(_one_sum(random), moments)
    if not all(isinstance(factor, Indexed) for factor in random) or len(random) > 2:
        raise ValueError(f"Only the first two moments of {moments.base} are known; given {expr}.")
    indices = [factor.indices for factor in random]
    return fixed * (moments.mean(*indices[0]) if len(indices) == 1 else moments.product(*indices))


def covariance(one: Any, other: Any, moments: Moments) -> Any:
    """Covariance of two expressions linear in the family."""
    return expectation(one * other, moments) - expectation(one, moments) * expectation(
        other, moments
    )


def _random_factors(term: Any, base: IndexedBase) -> tuple[Any, list[Any]]:
    fixed, random = S.One, []
    for factor in Mul.make_args(term):
        if not factor.has(base):
            fixed *= factor
        elif isinstance(factor, Pow) and factor.exp == 2:
            random += [factor.base, factor.base]
        else:
            random.append(factor)
    return fixed, random


def _one_sum(factors: list[Any]) -> Sum:
    """A product of sums as one sum over all their indices."""
    body: Any = S.One
    limits: list[Any] = []
    for factor in factors:
        if isinstance(factor, Sum):
            inner, own = fresh(factor)
            body *= inner
            limits += own
        else:
            body *= factor
    return Sum(body, *limits)
