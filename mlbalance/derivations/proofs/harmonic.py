"""Variance ratios of undersampling to class weighting (`harmonic`).

Letters: class counts n_k with harmonic mean H, the undersample's m rows per class, target prior
tau_k, Q_k of a functional a as in `loewner`. Without signal the score of a row of class j is
tau - e_j times (1, x), e_j the indicator of the class.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, S, Sum, Symbol, symbols

from mlbalance.derivations.engine import Derivation, Step, computed
from mlbalance.derivations.proofs import _equal_terms as equal_terms

K = Symbol("K", integer=True, positive=True)
i, j, k, l, r = symbols("i j k l r", integer=True)
m, Q = symbols("m Q", positive=True)
tau, n = Function("tau", positive=True), Function("n", positive=True)
squared_cv = Function("c^2", nonnegative=True)


def _over_classes(term: Any, first: int = 1) -> Any:
    return Sum(term, (k, first, K))


def ratio(prior: Any, one_plus_cv2: Any, term: Any = S.One) -> Any:
    """Variance of a scheme over that of class weighting, with class terms Q_k."""
    base = prior**2 * term / n(k)
    return _over_classes(base * one_plus_cv2) / _over_classes(base)


def variance_ratio_expression() -> Any:
    """Variance ratio of a functional in tau, n, c^2 and its class terms Q, all (K,)."""
    return ratio(tau(k), 1 + squared_cv(k), Function("Q")(k))


def harmonic_mean() -> Any:
    """Harmonic mean H of the class counts."""
    return K / _over_classes(1 / n(k))


def harmonic() -> Derivation:
    """Variance ratio H/m, and cases of another one (label `harmonic`)."""
    steps = (
        *_equal_terms(),
        *_below_k(),
        *equal_terms.no_signal(),
        *equal_terms.exchangeable(),
        *_two_classes(),
    )
    return Derivation("harmonic", "symbolic in K and n_k", steps)


def _equal_terms() -> tuple[Step, ...]:
    return (
        computed(
            "Where the class terms are equal they cancel from the variance ratio rho.",
            ratio(tau(k), 1 + squared_cv(k), Q),
            ratio(tau(k), 1 + squared_cv(k)),
            name=r"\rho",
            key="cancel",
            conditions=("equal-class-terms",),
        ),
        computed(
            "Undersampling to m at a uniform target: the harmonic mean of the counts over m.",
            ratio(1 / K, n(k) / m),
            harmonic_mean() / m,
            name=r"\rho",
            key="ratio",
            conditions=("uniform-target",),
        ),
    )


def _below_k() -> tuple[Step, ...]:
    """Class 1 is the smallest, with m rows."""
    others = _over_classes(1 / n(k), first=2)
    gap = K * m * others / (1 + m * others)
    return (
        computed(
            "Let class 1 have the m rows of the smallest class: H/m falls short of K.",
            K - K / (1 / m + others) / m,
            gap,
            name="K - H/m",
            key="short-of-k",
        ),
        computed("By a positive amount.", gap, relation=">", key="positive"),
    )


def _two_classes() -> tuple[Step, ...]:
    majority = Symbol("n_1", positive=True)
    return (
        computed(
            "Two classes, the smaller with m rows and the other, here, with n_1: the share is pi = "
            "m/(m + n_1).",
            2 / (1 / m + 1 / majority) / m,
            2 * (1 - m / (m + majority)),
            name=r"H/m",
            key="two-classes",
        ),
    )
