"""Effective sizes of class weights (`kish`).

Letters as in `harmonic`; weights w_i of all n rows.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, Sum, Symbol

from mlbalance.derivations.engine import Derivation, Step, computed
from mlbalance.derivations.proofs.harmonic import K, harmonic_mean, i, j, k, n, tau


def effective_size_expression() -> Any:
    """Kish's effective size of class weights, in tau and n (K,)."""
    return 1 / Sum(tau(k) ** 2 / n(k), (k, 1, K))


def kish() -> Derivation:
    """Kish's effective size of class weights (label `kish`)."""
    return Derivation("kish", "symbolic in K and n_k", (*_effective_sizes(), *_at_most_n()))


def _effective_sizes() -> tuple[Step, ...]:
    kept = Symbol("m", integer=True, positive=True)
    return (
        computed(
            "One over the sum of the squared weights w_i = tau_k/n_k of all rows.",
            1 / Sum((tau(k) / n(k)) ** 2, (i, 1, n(k)), (k, 1, K)),
            effective_size_expression(),
            name=r"1/\sum_{i} w_{i}^{2}",
            key="size",
        ),
        computed(
            "Effective size at a uniform target.",
            effective_size_expression().subs(tau(k), 1 / K),
            K * harmonic_mean(),
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
            relation=">=",
            key="bound",
        ),
    )
