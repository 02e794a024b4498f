"""Bags that share no row of the larger classes (`disjoint-bags`).

Letters as in `bagging`.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, KroneckerDelta, S, Sum, Symbol

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    computed,
    covariance,
    equal_given,
)
from mlbalance.derivations.proofs.bagging import (
    MEAN,
    B,
    average_cv2_expression,
    b,
    c2,
    coefficient,
    m,
    n,
    tau,
    weight,
)

hit = IndexedBase("I")


def disjoint_cv2_expression() -> Any:
    """c_k^2 of the mean of B disjoint bags, in n_k, m and B."""
    return n / (B * m) - 1


def disjoint_bags() -> Derivation:
    """The mean of B disjoint bags has n_k/(B m) - 1 (label `disjoint-bags`)."""
    steps = (*_exclusive(), *_against_independent(), *_partition())
    return Derivation("disjoint-bags", "symbolic in n_k, m and B with B m <= n_k", steps)


def _disjoint_draws() -> Moments:
    """A row is in bag b with chance m/n_k, never in two, and weighs tau_k/m there."""
    return Moments(
        weight,
        lambda _: MEAN,
        lambda one, other: KroneckerDelta(one[0], other[0]) * (tau / m) ** 2 * m / n,
    )


def _exclusive() -> tuple[Step, ...]:
    moments, other = _disjoint_draws(), Symbol("c", integer=True)
    of_two = covariance(weight[b], weight[other], moments)
    return (
        computed(
            "Two bags: a row is in one of them at most, so its weights oppose each other.",
            of_two,
            -(MEAN**2),
            name=r"\operatorname{Cov}(W_{b}, W_{c})",
            check=equal_given({KroneckerDelta(b, other): S.Zero}),
            key="opposed",
        ),
        computed(
            "Their mean, over B bags.",
            coefficient(moments),
            disjoint_cv2_expression(),
            name=r"c_{k}^{2}(B)",
            key="coefficient",
        ),
        computed(
            "A class of m rows is whole in every bag, under disjoint and independent bags alike.",
            average_cv2_expression().subs(c2, n / m - 1).subs(n, m),
            S.Zero,
            name=r"c_{k}^{2}(B)",
            key="smallest",
        ),
    )


def _against_independent() -> tuple[Step, ...]:
    more = Symbol("e", positive=True)
    gain = average_cv2_expression().subs(c2, n / m - 1) - disjoint_cv2_expression()
    return (
        computed(
            "Against B independent bags they gain this, whatever the counts,",
            gain,
            (B - 1) / B,
            name=r"(n_{k}/m - 1)/B - (n_{k}/(B m) - 1)",
            key="gain",
            conditions=("bags-fit",),
        ),
        computed(
            "which is positive for every B = 1 + e > 1.",
            more / (1 + more),
            relation=">",
            key="positive",
        ),
    )


def _partition() -> tuple[Step, ...]:
    return (
        computed(
            "At B = n_k/m the bags partition the class and c_k^2 is zero,",
            disjoint_cv2_expression().subs(B, n / m),
            S.Zero,
            name=r"c_{k}^{2}(n_{k}/m)",
            key="partition",
        ),
        computed(
            "for each row is in exactly one bag: its mean weight over the bags is tau_k/n_k in "
            "every draw, that of class weighting.",
            tau / m * Sum(hit[b], (b, 1, B)) / (n / m),
            tau / n,
            name=r"\sum_{b} W_{b}/B",
            check=equal_given({Sum(hit[b], (b, 1, B)): S.One}),
            key="every-draw",
        ),
    )
