"""From how many controls per case an undersample beats balanced weighting (part of `rare-limit`).

Letters: t = e^f, c = 1/(r E t) for r controls per case; for two Gaussians of unit variance at
separation delta, controls at the origin, t = exp(delta x - delta^2/2) and so E t = 1.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sympy import Add, Poly, S, Symbol, exp, expand, factorial, factorial2, limit, simplify, symbols

from mlbalance.derivations import Step, argued, computed
from mlbalance.derivations.checks import positive

__all__ = ["break_even"]

c, t = symbols("c t", positive=True)
x = Symbol("x", real=True)
delta = Symbol("delta", positive=True)
FACTOR = t / (1 + c * t)
ORDER = 4
CONTROLS = 2 / delta**2 + 4
"""Claimed r* for a small separation."""


def break_even() -> tuple[Step, ...]:
    """Steps on the undersample with offset as controls are added, and on r*."""
    return (*_monotone(), *_small_separation())


def _monotone() -> tuple[Step, ...]:
    return (
        computed(
            "More controls per case, r = 1/(c E t), are a smaller c: the information of the "
            "undersample falls in c.",
            -FACTOR.diff(c),
            t**2 / (1 + c * t) ** 2,
            name=r"-\partial (t/(1 + c t))/\partial c",
        ),
        computed("Strictly.", t**2 / (1 + c * t) ** 2, S.Zero, relation=">", check=positive),
        computed(
            "And rises to all of that of the unweighted fit.",
            limit(FACTOR, c, 0),
            t,
            name=r"[c \to 0]",
        ),
        argued(
            "So where the unweighted fit is strictly better than balanced weighting there is one "
            "r* above which the undersample is too. Without slopes the two are equal and there is "
            "none.",
            r"\operatorname{Var}_{under}(r^{*}) = \operatorname{Var}_{balanced}",
            "intermediate value theorem",
        ),
    )


def _small_separation() -> tuple[Step, ...]:
    balanced = 1 + delta**2 / 2
    return (
        computed(
            "Gaussians at a small separation: balanced weighting, half the variance of one "
            "control per case, to the fourth order.",
            _slope_variance(S.One) / 2,
            balanced,
            name=r"\operatorname{Var}_{balanced}",
        ),
        computed(
            "An undersample with 2/delta^2 + 4 controls per case has the same: r* to the second "
            "order.",
            _slope_variance(simplify(1 / CONTROLS)),
            balanced,
            name=r"\operatorname{Var}_{under}(2/\delta^{2} + 4)",
        ),
    )


@cache
def _slope_variance(share: Any) -> Any:
    """Variance of the slope at c = share, in units of one over the cases, to `ORDER` in delta."""
    tilt = exp(delta * x - delta**2 / 2)
    factor = _truncated(tilt / (1 + share * tilt))
    zero, one, two = (_normal_mean(factor * x**power) for power in range(3))
    return _truncated(zero / (zero * two - one**2))


def _truncated(expr: Any) -> Any:
    terms = (expr.diff(delta, j).subs(delta, 0) * delta**j / factorial(j) for j in range(ORDER + 1))
    return expand(Add(*(simplify(term) for term in terms)))


def _normal_mean(polynomial: Any) -> Any:
    """Mean over x standard normal: even moments are double factorials."""
    terms = Poly(expand(polynomial), x).terms()
    return Add(*(value * factorial2(power - 1) for (power,), value in terms if power % 2 == 0))
