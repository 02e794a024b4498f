"""Sums of symbolic length in a canonical form, so that two of them can be compared.

SymPy leaves `Sum(f(l) * KroneckerDelta(k, l), (l, 1, K))` as a Piecewise and does not compare
sums by their bound indices. `normal` brings an expression to a polynomial in sums that cannot be
split further; two expressions are equal when the difference of their normal forms is zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain, permutations, product
from typing import Any

from sympy import Add, Dummy, Indexed, KroneckerDelta, Mul, S, Sum, Symbol, default_sort_key, expand

__all__ = ["expanded", "fresh", "normal"]

Limit = tuple[Any, Any, Any]


@lru_cache(maxsize=4096)
def normal(expr: Any) -> Any:
    """Canonical form: deltas contracted, sums split, constants in front, indices renamed.

    A delta between a bound and a free index is contracted on the convention that the free one
    lies in the range of the sum; between two bound indices, only where their ranges are the same.
    """
    if isinstance(expr, Sum):
        body, limits = fresh(expr)
        terms = Add.make_args(expanded(normal(body)))
        return expanded(Add(*(_sum(term, limits) for term in terms)))
    if not expr.args or isinstance(expr, Indexed):
        return expr
    result = expanded(expr.func(*(normal(arg) for arg in expr.args)))
    return Add(*(_at_delta(term) for term in Add.make_args(result)))


def expanded(expr: Any) -> Any:
    """Products multiplied out, exponentials and logarithms left whole."""
    return expand(expr, power_exp=False, power_base=False, log=False)


def fresh(sum_: Sum) -> tuple[Any, list[Limit]]:
    """Body and limits of a sum with new names for its indices."""
    new = {index: Dummy(index.name, integer=True) for index, _, _ in sum_.limits}
    limits = [(new[index], low, high.subs(new)) for index, low, high in sum_.limits]
    return sum_.function.subs(new, simultaneous=True), limits


def _at_delta(term: Any) -> Any:
    """A product with a delta of two free indices, written at one of them."""
    for delta in _factors(term) & term.atoms(KroneckerDelta):
        one, other = delta.args
        if other.is_Symbol and (term / delta).has(other):
            return _at_delta(delta * normal((term / delta).subs(other, one)))
    return term


def _sum(term: Any, limits: Sequence[Limit]) -> Any:
    """Normal form of the sum of one product over the limits, the innermost first."""
    for rule in (_without_inner, _without_delta, _from_one, _without_unused, _cancelled):
        result = rule(term, limits)
        if result is not None:
            return result
    return _split(term, limits)


def _again(term: Any, limits: Sequence[Limit]) -> Any:
    return normal(Sum(term, *limits)) if limits else normal(term)


def _without_inner(term: Any, limits: Sequence[Limit]) -> Any:
    """Merge a sum inside the sum, where it depends on its indices, into one sum."""
    for factor in Mul.make_args(term):
        base, power = factor.as_base_exp()
        whole = isinstance(base, Sum) and power.is_Integer and power > 0
        if whole and base.free_symbols & _indices(limits):
            body, inner = fresh(base)
            return _again(term / base * body, [*inner, *limits])
    return None


def _without_delta(term: Any, limits: Sequence[Limit]) -> Any:
    """Contract one Kronecker delta: the sum of f times a delta is f at the index."""
    ranges = {index: (low, high) for index, low, high in limits}
    for delta in _factors(term) & term.atoms(KroneckerDelta):
        for bound, other in (delta.args, delta.args[::-1]):
            if bound in ranges and _in_range(other, bound, ranges):
                rest = [
                    (index, low.subs(bound, other), high.subs(bound, other))
                    for index, low, high in limits
                    if index != bound
                ]
                return _again(term.subs(bound, other), rest)  # the delta is one there
    return None


def _in_range(other: Any, bound: Any, ranges: dict[Any, Any]) -> bool:
    """Whether an index runs over the range of the bound one, or is free and so assumed to.

    A dummy out of sight belongs to an outer sum, where the two are compared once merged.
    """
    if other in ranges:
        return bool(ranges[other] == ranges[bound])
    return not isinstance(other, Dummy) and not other.has(bound)


def _from_one(term: Any, limits: Sequence[Limit]) -> Any:
    """Write a sum that starts at 2, 3, ... as the whole sum less its first terms."""
    for place, (index, low, high) in enumerate(limits):
        if low.is_Integer and low > 1:
            rest = [*limits[:place], *limits[place + 1 :]]
            whole = [*limits[:place], (index, S.One, high), *limits[place + 1 :]]
            first = (_again(term.subs(index, value), rest) for value in range(1, low))
            return _again(term, whole) - Add(*first)
    return None


def _without_unused(term: Any, limits: Sequence[Limit]) -> Any:
    """Sum over an index that occurs nowhere: the number of its values."""
    used = term.free_symbols | _in_limits(limits)
    for index, low, high in limits:
        if index not in used:
            rest = [limit for limit in limits if limit[0] != index]
            return _again(term * (high - low + 1), rest)
    return None


def _cancelled(term: Any, limits: Sequence[Limit]) -> Any:
    """Cancel a sum against itself in the denominator: probabilities sum to one."""
    for index, low, high in limits:
        dependent = [f for f in Mul.make_args(term) if index in f.free_symbols]
        others = [f for f in Mul.make_args(term) if index not in f.free_symbols]
        for base, power in (factor.as_base_exp() for factor in others):
            if isinstance(base, Sum) and power.is_negative and index not in _in_limits(limits):
                name, *limit = base.limits[0]
                same = base.function.subs(name, index) == Mul(*dependent)
                if same and tuple(limit) == (low, high):
                    return _again(Mul(base, *others), [m for m in limits if m[0] != index])
    return None


def _split(term: Any, limits: Sequence[Limit]) -> Any:
    """Product of the sums over groups of indices that share no factor."""
    bound = _indices(limits)
    groups = [{index} | (high.free_symbols & bound) for index, _, high in limits]
    groups += [factor.free_symbols & bound for factor in Mul.make_args(term)]
    result = Mul(*(f for f in Mul.make_args(term) if not f.free_symbols & bound))
    for component in _components(groups):
        factors = [f for f in Mul.make_args(term) if f.free_symbols & component]
        result *= _renamed(Mul(*factors), [limit for limit in limits if limit[0] in component])
    return result


def _components(groups: list[set[Any]]) -> list[set[Any]]:
    components: list[set[Any]] = []
    for group in filter(None, groups):
        joined = set(group).union(*(c for c in components if c & group))
        components = [c for c in components if not c & group] + [joined]
    return components


def _renamed(term: Any, limits: Sequence[Limit]) -> Sum:
    """The sum with its indices renamed: the first in SymPy's order of all ways to do so.

    Names count on from those of inner sums. No name is captured: the indices of outer sums are
    dummies at this point, and get their names after the inner ones.
    """
    inner = [index for sum_ in term.atoms(Sum) for index, _, _ in sum_.limits]
    level = max((int(index.name[1:]) for index in inner), default=0)
    names = [Symbol(f"@{level + r + 1}", integer=True) for r in range(len(limits))]
    candidates = []
    for order in _orders(limits):
        new = dict(zip(order, names, strict=True))
        renamed = [(new[index], low, high.subs(new)) for index, low, high in limits]
        candidates.append(Sum(term.subs(new, simultaneous=True), *_nested(renamed)))
    return min(candidates, key=default_sort_key)


def _orders(limits: Sequence[Limit]) -> Iterator[tuple[Any, ...]]:
    """Orders of the indices, sorted by range: only those of equal range are permuted."""
    anonymous = dict.fromkeys(_indices(limits), Symbol("@"))
    groups: dict[str, list[Any]] = {}
    for index, low, high in limits:
        groups.setdefault(f"{low} {high.subs(anonymous)}", []).append(index)
    ways = (permutations(groups[key]) for key in sorted(groups))
    return (tuple(chain.from_iterable(way)) for way in product(*ways))


def _nested(limits: Sequence[Limit]) -> list[Limit]:
    """Limits with each index inside those its range depends on, otherwise by name."""
    remaining = sorted(limits, key=lambda limit: int(limit[0].name[1:]))
    nested: list[Limit] = []
    while remaining:
        inner = next(limit for limit in remaining if limit[0] not in _in_limits(remaining))
        remaining.remove(inner)
        nested.append(inner)
    return nested


def _factors(term: Any) -> set[Any]:
    return set(Mul.make_args(term))


def _indices(limits: Sequence[Limit]) -> set[Any]:
    return {index for index, _, _ in limits}


def _in_limits(limits: Sequence[Limit]) -> set[Any]:
    return set().union(*(high.free_symbols for _, _, high in limits))
