"""Moments of random weights (`cv2`).

Letters: the n_k rows of one class, kept size m, size M after oversampling, B bags, N draws, cap c,
keep rate q, chance P_r that r rows are kept if one is, target prior tau_k. Each distribution is
written from its indicators (row kept, draw hits the row), and its two moments follow by linearity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sympy import (
    IndexedBase,
    KroneckerDelta,
    Min,
    S,
    Sum,
    Symbol,
    binomial,
    combsimp,
    simplify,
    symbols,
)

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    computed,
    equal_given,
    expectation,
    normal,
)

n, m, M, B, N, cap = symbols("n_k m M B N c", integer=True, positive=True)
q, tau = symbols("q tau_k", positive=True)
r = Symbol("r", integer=True)
hit, chance = IndexedBase("I"), IndexedBase("P")

Pair = tuple[Any, Any]

CV2: Mapping[str, Any] = {
    "class weights": S.Zero,
    "undersample": n / m - 1,
    "undersample with replacement": (n - 1) / m,
    "under-bagging": (n / m - 1) / B,
    "disjoint bags": n / (B * m) - 1,
    "oversample": (M - n) * (n - 1) / M**2,
    "bootstrap": (n - 1) / M,
    "balanced sampler": (n / tau - 1) / N,
    "cap": n / Min(n, cap) - 1,
    "thin": 1 / q - 1,
    "thin renormalised": n * Sum(chance[r] / r, (r, 1, n)) - 1,
}
"""The claimed c_k^2 of each scheme, as the `cv2` table has it; P[r] = P(M_k = r | M_k > 0)."""


def _moments(weight: Any, moments: Moments) -> Pair:
    return expectation(weight, moments), expectation(weight**2, moments)


def _draws(probability: Any) -> Moments:
    """Independent draws, each of which hits the row with this probability."""

    def both(one: tuple[Any, ...], other: tuple[Any, ...]) -> Any:
        same = KroneckerDelta(one[0], other[0])
        return same * probability + (1 - same) * probability**2

    return Moments(hit, lambda _: probability, both)


def _exclusive(probability: Any) -> Moments:
    """Indicators of which at most one is true: the row is in at most one of the bags."""
    return Moments(
        hit,
        lambda _: probability,
        lambda one, other: KroneckerDelta(one[0], other[0]) * probability,
    )


def _kept(size: Any) -> Any:
    """Chance that a row is among `size` drawn without replacement, by counting subsets."""
    return combsimp(binomial(n - 1, size - 1) / binomial(n, size))


def _class_weights() -> Pair:
    return tau / n, (tau / n) ** 2


def _undersample() -> Pair:
    return _moments(tau / m * hit[1], _exclusive(_kept(m)))


def _undersample_with_replacement() -> Pair:
    return _moments(tau / m * Sum(hit[r], (r, 1, m)), _draws(1 / n))


def _under_bagging() -> Pair:
    mean, square = _undersample()
    bags = Moments(
        hit,
        lambda _: mean,
        lambda b, c: mean**2 + KroneckerDelta(b[0], c[0]) * (square - mean**2),
    )
    return _moments(Sum(hit[r], (r, 1, B)) / B, bags)


def _disjoint_bags() -> Pair:
    return _moments(Sum(tau / m * hit[r], (r, 1, B)) / B, _exclusive(_kept(m)))


def _oversample() -> Pair:
    return _moments(tau / M * (1 + Sum(hit[r], (r, 1, M - n))), _draws(1 / n))


def _bootstrap() -> Pair:
    return _moments(tau / M * Sum(hit[r], (r, 1, M)), _draws(1 / n))


def _balanced_sampler() -> Pair:
    return _moments(Sum(hit[r], (r, 1, N)) / N, _draws(tau / n))


def _cap() -> Pair:
    mean, square = _undersample()
    return mean.subs(m, Min(n, cap)), normal(square).subs(m, Min(n, cap))


def _thin() -> Pair:
    return _moments(tau / (q * n) * hit[1], _draws(q))


def _thin_renormalised() -> Pair:
    """Given M_k = r the kept rows are a draw without replacement of r rows; then average."""
    mean, square = (normal(moment).subs(m, r) for moment in _undersample())
    return Sum(chance[r] * mean, (r, 1, n)), Sum(chance[r] * square, (r, 1, n))


PAIRS: Mapping[str, Callable[[], Pair]] = {
    "class weights": _class_weights,
    "undersample": _undersample,
    "undersample with replacement": _undersample_with_replacement,
    "under-bagging": _under_bagging,
    "disjoint bags": _disjoint_bags,
    "oversample": _oversample,
    "bootstrap": _bootstrap,
    "balanced sampler": _balanced_sampler,
    "cap": _cap,
    "thin": _thin,
    "thin renormalised": _thin_renormalised,
}

total_chance = equal_given({Sum(chance[r], (r, 1, n)): 1})


def cv2(table: Mapping[str, Any] = CV2) -> Derivation:
    """Squared coefficient of variation of the weights of each scheme (label `cv2`)."""
    rows = (
        computed(
            f"From its distribution: {name}.",
            _coefficient(*PAIRS[name]()),
            claimed,
            name=r"c_{k}^{2}",
            check=total_chance,
            key=name,
        )
        for name, claimed in table.items()
    )
    steps = (*_counting(), *rows)
    return Derivation("cv2", "symbolic in n_k, m, M, B, N, q, tau_k", steps)


def _coefficient(mean: Any, square: Any) -> Any:
    """c_k^2 from the two moments of a weight, the chances of M_k summing to one."""
    total = {normal(Sum(chance[r], (r, 1, n))): S.One}
    return normal(square).xreplace(total) / normal(mean).xreplace(total) ** 2 - 1


def _counting() -> tuple[Step, ...]:
    return (
        computed(
            "Without replacement a row is kept in this share of the equally likely subsets.",
            binomial(n - 1, m - 1) / binomial(n, m),
            m / n,
            check=lambda lhs, rhs: combsimp(lhs) == rhs,
            key="kept",
        ),
    )


def _thinned() -> Any:
    """The renormalised thinning with its binomial distribution written out."""
    mass = binomial(n, r) * q**r * (1 - q) ** (n - r) / (1 - (1 - q) ** n)
    return n * Sum(mass / r, (r, 1, n)) - 1


def cv2_expressions() -> dict[str, tuple[Any, tuple[Symbol, ...]]]:
    """Derived c_k^2 of each scheme and the symbols it depends on, by name of the scheme.

    Symbols are n_k, m, M, B, N, c (the cap), q, tau_k. In "thin renormalised" the sum over the
    kept rows is explicit: substitute n_k and call `doit` before `lambdify`.
    """
    expressions = {name: simplify(_coefficient(*pair())) for name, pair in PAIRS.items()}
    expressions["thin renormalised"] = _thinned()
    order = (n, m, M, B, N, cap, q, tau)
    return {
        name: (expression, tuple(s for s in order if s in expression.free_symbols))
        for name, expression in expressions.items()
    }
