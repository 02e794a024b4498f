"""Fits that do not become those at another prior when their intercepts move (`prior-shift`).

Two classes and one feature of few values, so that the examples are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Rational, S, log

from mlbalance.derivations.engine import Step, computed


def _logistic(odds: Any) -> Any:
    return odds / (1 + odds)


def _scores(rows: Sequence[tuple[Any, Any, Any]], odds: Any, slope: Any, base: Any) -> list[Any]:
    """Mean scores of intercept and slope, of logit log odds + x log base**slope.

    `rows` are points x with their masses in class 1 and 0, each of total one; class 1 has `odds`.
    """
    total: list[Any] = [S.Zero, S.Zero]
    for at, one, other in rows:
        gap = (odds * one + other) * _logistic(odds * base ** (slope * at)) - odds * one
        total = [total[0] + gap / (1 + odds), total[1] + at * gap / (1 + odds)]
    return total


def need_not() -> tuple[Step, ...]:
    """Two classes that are mirror images: the balanced fit has intercept zero and slope log 2."""
    bent = {1: (60, 60), 2: (106, 14)}
    plain = {1: (210, 30)}

    def rows(table: dict[int, tuple[int, int]]) -> list[tuple[Any, Any, Any]]:
        whole = sum(map(sum, table.values()))
        halves = [(x, Rational(a, whole), Rational(b, whole)) for x, (a, b) in table.items()]
        return [*halves, *((-x, b, a) for x, a, b in halves)]

    two, ridge = S(2), Rational(5, 24) / log(2)
    balanced, shifted = (_scores(rows(bent), odds, 1, two) for odds in (S.One, two))
    penalised, moved = (_scores(rows(plain), odds, 1, two) for odds in (S.One, two))
    return (
        computed(
            "A misspecified model: x is 1, 2, -1, -2 with chances 60, 106, 60, 14 of 240 in class "
            "1 and the mirror image in class 0. The slope log 2 is fitted at equal priors,",
            balanced[1],
            S.Zero,
            name=r"\partial_{w} R",
            key="misspecified",
        ),
        computed(
            "and at odds of two to one the intercept moved by log 2 is not: minus its score is "
            "positive.",
            -shifted[0],
            relation=">",
            name=r"-\partial_{b} R",
            key="misspecified-moved",
        ),
        computed(
            "A correctly specified model with a ridge: x is 1 and -1 with chances 7/8 and 1/8 in "
            "class 1, the mirror image in class 0. The slope log 2 is fitted with a ridge of 5/(24 "
            "log 2),",
            penalised[1] + ridge * log(2),
            S.Zero,
            name=r"\partial_{w} R + \lambda w",
            key="penalised",
        ),
        computed(
            "and the intercept, which has none, is not where log 2 would move it.",
            moved[0],
            relation=">",
            name=r"\partial_{b} R",
            key="penalised-moved",
        ),
    )
