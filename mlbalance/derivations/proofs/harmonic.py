"""How much the Loewner order is worth: variance ratios (`harmonic`).

Letters: class counts n_k with harmonic mean H, the undersample's m rows per class, target prior
tau_k, Q_k = a' A^-1 V_k A^-1 a of a functional a.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import (
    Function,
    Rational,
    S,
    Sum,
    Symbol,
    symbols,
)

from mlbalance.derivations.engine import Check, Derivation, Step, computed
from mlbalance.derivations.proofs import _equal_terms as equal_terms
from mlbalance.derivations.proofs import cv2 as weights

K = Symbol("K", integer=True, positive=True)
i, j, k, l, r = symbols("i j k l r", integer=True)
m, Q = symbols("m Q", positive=True)
tau, n = Function("tau", positive=True), Function("n", positive=True)
squared_cv = Function("c^2", nonnegative=True)

SIX_COUNTS = (23, 5, 44, 14, 19, 31)
"""The counts of the question the package answers."""


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
    """When the variance ratio is H/m, and when it is not (label `harmonic`)."""
    steps = (
        *_equal_terms(),
        *_below_k(),
        *equal_terms.no_signal(),
        *equal_terms.exchangeable(),
        *_two_classes(),
        *_six_classes(),
        *_counterexample(),
    )
    return Derivation("harmonic", "symbolic in K and n_k; the two examples for their counts", steps)


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
            "Two classes, the smaller with m rows and so the share pi = m/(m + n_1).",
            2 / (1 / m + 1 / majority) / m,
            2 * (1 - m / (m + majority)),
            name=r"H/m",
            key="two-classes",
        ),
    )


def _ratio_at(counts: Sequence[int], scheme: str, sizes: Mapping[Symbol, int]) -> Any:
    """Variance ratio at these counts by the `cv2` table, for equal class terms."""
    cv2 = weights.CV2[scheme].subs(sizes)
    terms = [(1 + cv2.subs(weights.n, count)) / Rational(count) for count in counts]
    return sum(terms) / sum(Rational(1, count) for count in counts)


def _six_classes() -> tuple[Step, ...]:
    smallest, largest = {weights.m: min(SIX_COUNTS)}, {weights.M: max(SIX_COUNTS)}
    published = (
        ("2.84007704724674", "undersample", smallest),
        ("1.18400770472", "under-bagging", {**smallest, weights.B: 10}),
        ("1.14108571123", "oversample", largest),
        ("1.30000875537", "bootstrap", largest),
    )
    exact = computed(
        f"Counts {listed(SIX_COUNTS)}, undersampled to 5: H/m exactly.",
        _ratio_at(SIX_COUNTS, "undersample", smallest),
        len(SIX_COUNTS) / sum(Rational(1, count) for count in SIX_COUNTS) / min(SIX_COUNTS),
        name="H/m",
    )
    decimals = (
        computed(
            f"To the decimals shown: {scheme}, {_named(sizes)}.",
            _ratio_at(SIX_COUNTS, scheme, sizes),
            digits,
            relation="~=",
        )
        for digits, scheme, sizes in published
    )
    return (exact, *decimals)


def listed(counts: Sequence[int]) -> str:
    """Counts in words."""
    return ", ".join(map(str, counts))


def _named(sizes: Mapping[Symbol, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sizes.items())


def rounds_to(digits: str) -> Check:
    """Check that the left-hand side rounds to the right-hand one at as many places as shown."""
    half = Rational(1, 2) / 10 ** len(digits.partition(".")[2])
    return lambda exact, shown: bool(abs(exact - Rational(str(shown))) <= half)


def _counterexample() -> tuple[Step, ...]:
    counts, smallest = (100, 400, 40), 40

    def pair(one: int, other: int) -> Any:
        return 2 / (Rational(1, one) + Rational(1, other)) / smallest

    return (
        computed(
            "Counts 100, 400, 40 and no signal: excess risk.",
            _ratio_at(counts, "undersample", {weights.m: smallest}),
            S(2),
            name="H/m",
        ),
        computed(
            "Slope contrast of the two larger classes.", pair(100, 400), S(4), name="H_{12}/m"
        ),
        computed(
            "Slope contrast of the first and the smallest.",
            pair(100, 40),
            Rational(10, 7),
            name="H_{13}/m",
        ),
    )
