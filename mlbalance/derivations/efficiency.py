"""How much the order is worth: variance ratios, effective sizes (`harmonic`, `kish`).

Letters: class counts n_k with harmonic mean H, the undersample's m rows per class, target prior
tau_k, Q_k = a' A^-1 V_k A^-1 a of a functional a.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import (
    Float,
    Function,
    IndexedBase,
    Rational,
    S,
    Sum,
    Symbol,
    symbols,
)

from mlbalance.derivations import Derivation, Step, computed, equal_terms, weights
from mlbalance.derivations.checks import Check, nonnegative, positive

__all__ = [
    "effective_size_expression",
    "harmonic",
    "kish",
    "variance_ratio_expression",
]

K = Symbol("K", integer=True, positive=True)
i, j, k, l, r = symbols("i j k l r", integer=True)
m, Q = symbols("m Q", positive=True)
tau, n = Function("tau", positive=True), Function("n", positive=True)
squared_cv = Function("c^2", nonnegative=True)

SIX_COUNTS = (23, 5, 44, 14, 19, 31)
"""The counts of the question the package answers."""


def _over_classes(term: Any, first: int = 1) -> Any:
    return Sum(term, (k, first, K))


def _ratio(prior: Any, one_plus_cv2: Any, term: Any = S.One) -> Any:
    """Variance of a scheme over that of class weighting, with class terms Q_k."""
    base = prior**2 * term / n(k)
    return _over_classes(base * one_plus_cv2) / _over_classes(base)


def variance_ratio_expression() -> Any:
    """Variance ratio of a functional in tau, n, c^2 and its class terms Q, all (K,)."""
    return _ratio(tau(k), 1 + squared_cv(k), Function("Q")(k))


def effective_size_expression() -> Any:
    """Kish's effective size of class weights, in tau and n (K,)."""
    return 1 / Sum(tau(k) ** 2 / n(k), (k, 1, K))


def _harmonic_mean() -> Any:
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
            _ratio(tau(k), 1 + squared_cv(k), Q),
            _ratio(tau(k), 1 + squared_cv(k)),
            name=r"\rho",
            key="cancel",
            conditions=("equal-class-terms",),
        ),
        computed(
            "Undersampling to m at a uniform target: the harmonic mean of the counts over m.",
            _ratio(1 / K, n(k) / m),
            _harmonic_mean() / m,
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
        computed(
            "By a positive amount.", gap, S.Zero, relation=">", check=positive, key="positive"
        ),
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
        f"Counts {_listed(SIX_COUNTS)}, undersampled to 5: H/m exactly.",
        _ratio_at(SIX_COUNTS, "undersample", smallest),
        len(SIX_COUNTS) / sum(Rational(1, count) for count in SIX_COUNTS) / min(SIX_COUNTS),
        name="H/m",
    )
    decimals = (
        computed(
            f"To the decimals shown: {scheme}, {_named(sizes)}.",
            _ratio_at(SIX_COUNTS, scheme, sizes),
            Float(digits, len(digits) - 1),
            relation="~=",
            check=_rounds_to(digits),
        )
        for digits, scheme, sizes in published
    )
    return (exact, *decimals)


def _listed(counts: Sequence[int]) -> str:
    return ", ".join(map(str, counts))


def _named(sizes: Mapping[Symbol, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in sizes.items())


def _rounds_to(digits: str) -> Check:
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


def kish() -> Derivation:
    """Kish's effective size of class weights (label `kish`)."""
    return Derivation("kish", "symbolic in K and n_k", (*_effective_sizes(), *_at_most_n()))


def _effective_sizes() -> tuple[Step, ...]:
    kept = Symbol("m", integer=True, positive=True)
    return (
        computed(
            "One over the squared weights of all rows, which sum to one.",
            1 / Sum((tau(k) / n(k)) ** 2, (i, 1, n(k)), (k, 1, K)),
            effective_size_expression(),
            name=r"1/\sum_{i} w_{i}^{2}",
            key="size",
        ),
        computed(
            "Effective size at a uniform target.",
            effective_size_expression().subs(tau(k), 1 / K),
            K * _harmonic_mean(),
            name=r"1/\sum_{i} w_{i}^{2}",
            key="balanced",
            conditions=("uniform-target",),
        ),
        computed(
            "An undersample has K m rows of weight 1/(K m).",
            1 / Sum((1 / (K * kept)) ** 2, (i, 1, kept), (k, 1, K)),
            K * kept,
            name=r"1/\sum_{i} w_{i}^{2}",
            key="undersample",
        ),
        computed(
            "Their quotient is the variance ratio of `harmonic`.",
            K * _harmonic_mean() / (K * m),
            _ratio(1 / K, n(k) / m),
            name="K H/(K m)",
        ),
        computed(
            f"Counts {_listed(SIX_COUNTS)}: of {sum(SIX_COUNTS)} rows, K H; an undersample has "
            f"{len(SIX_COUNTS) * min(SIX_COUNTS)}.",
            len(SIX_COUNTS) ** 2 / sum(Rational(1, count) for count in SIX_COUNTS),
            Float("85.2023", 6),
            relation="~=",
            check=_rounds_to("85.2023"),
        ),
    )


def _at_most_n() -> tuple[Step, ...]:
    rows = Symbol("n", integer=True, positive=True)
    w, signed = IndexedBase("w"), Function("w", real=True)

    def over_rows(term: Any) -> Any:
        return Sum(term, (i, 1, rows))

    return (
        computed(
            "Cauchy-Schwarz as an identity.",
            rows * over_rows(w[i] ** 2) - over_rows(w[i]) ** 2,
            Sum((w[i] - w[j]) ** 2, (i, 1, rows), (j, 1, rows)) / 2,
            key="pairs",
        ),
        computed(
            "So no weights have an effective size above n, and equal weights have n.",
            Sum((signed(i) - signed(j)) ** 2, (i, 1, rows), (j, 1, rows)) / 2,
            S.Zero,
            relation=">=",
            check=nonnegative,
            key="bound",
        ),
    )
