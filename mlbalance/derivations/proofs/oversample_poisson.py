"""Rows that appear a random number of times: 1 + Poisson copies (`oversample-poisson`).

Letters: every row of a class of n_k appears 1 + P times, P Poisson with mean nu, and every copy
weighs tau_k/(n_k (1 + nu)); M = n_k (1 + nu) is the expected size.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    IndexedBase,
    KroneckerDelta,
    Rational,
    Sum,
    Symbol,
    exp,
    factorial,
    limit,
    oo,
    simplify,
    symbols,
)

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    computed,
    covariance,
    expectation,
)
from mlbalance.derivations.proofs import cv2 as weights

n = Symbol("n_k", integer=True, positive=True)
nu, tau = symbols("nu tau_k", positive=True)
i, r = symbols("i r", integer=True)
extra = IndexedBase("P")

SQUARED_CV = nu / (1 + nu) ** 2
TOTAL_VARIANCE = tau**2 * SQUARED_CV / n
"""Claimed moments of the weights of a class."""


def _same(one: Any, other: Any) -> Any:
    return nu**2 + KroneckerDelta(one[0], other[0]) * nu


_POISSON = Moments(extra, lambda _: nu, _same)


def _weight(row: Any) -> Any:
    return tau / (n * (1 + nu)) * (1 + extra[row])


def poisson_expressions() -> dict[str, Any]:
    """Derived c_k^2 and variance of the total T_k, in nu, n_k, tau_k."""
    mean = expectation(_weight(1), _POISSON)
    total = Sum(_weight(i), (i, 1, n))
    return {
        "cv2": simplify(covariance(_weight(1), _weight(1), _POISSON) / mean**2),
        "total": simplify(covariance(total, total, _POISSON)),
    }


def oversample_poisson() -> Derivation:
    """Moments of Poisson oversampling (label `oversample-poisson`)."""
    steps = (*_moments(), *_largest(), *_fixed())
    return Derivation("oversample-poisson", "symbolic in n_k, nu, tau_k", steps)


def _moments() -> tuple[Step, ...]:
    mass = nu**r * exp(-nu) / factorial(r)
    total = Sum(_weight(i), (i, 1, n))
    return (
        computed("Mean of the extra copies.", _series(r * mass), nu, name="E P", key="copies"),
        computed(
            "Mean of their square.",
            _series(r**2 * mass),
            nu**2 + nu,
            name="E P^{2}",
            key="copies-square",
        ),
        computed(
            "Mean weight of a row.",
            expectation(_weight(1), _POISSON),
            tau / n,
            name=r"E W_{i}",
            key="mean",
        ),
        computed(
            "Its squared coefficient of variation.",
            covariance(_weight(1), _weight(1), _POISSON) / (tau / n) ** 2,
            SQUARED_CV,
            name=r"c_{k}^{2}",
            key="cv2",
        ),
        computed(
            "Copies are independent, so the total is random and the variance of the score has a "
            "term of the class means too (label random-totals).",
            covariance(total, total, _POISSON),
            TOTAL_VARIANCE,
            name=r"\operatorname{Var} T_{k}",
            key="totals",
        ),
    )


def _series(term: Any) -> Any:
    return simplify(Sum(term, (r, 0, oo)).doit())


def _largest() -> tuple[Step, ...]:
    gap = (1 - nu) ** 2 / (4 * (1 + nu) ** 2)
    signed = Symbol("delta", real=True)
    return (
        computed(
            "It falls short of one quarter by a square, zero at one extra copy on average.",
            Rational(1, 4) - SQUARED_CV,
            gap,
            name=r"1/4 - c_{k}^{2}",
            key="quarter",
        ),
        computed(
            "So it is at most one quarter, whatever nu = 1 - delta.",
            signed**2 / (4 * (1 + nu) ** 2),
            relation=">=",
            name=r"1/4 - c_{k}^{2}",
            key="at-most",
        ),
    )


def _fixed() -> tuple[Step, ...]:
    fixed = weights.CV2["oversample"].subs(weights.n, n).subs(weights.M, n * (1 + nu))
    return (
        computed(
            "Oversampling to M = n_k (1 + nu) rows exactly: a little less, and fixed totals.",
            fixed,
            SQUARED_CV * (1 - 1 / n),
            name=r"c_{k}^{2}(M)",
            key="fixed",
        ),
        computed(
            "The same for a large class.",
            limit(fixed, n, oo),
            SQUARED_CV,
            name=r"[n_{k} \to \infty] c_{k}^{2}(M)",
            key="fixed-limit",
        ),
    )
