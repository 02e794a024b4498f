"""Averages of several draws of the weights (`bagging`, `disjoint-bags`).

Letters: row i of the n_k rows of class k, bags b and c of B, kept size m, target prior tau_k;
w = E W_i = tau_k/n_k and c_k^2 of one draw; W_b the weight of a row in bag b.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Function,
    IndexedBase,
    KroneckerDelta,
    S,
    Sum,
    Symbol,
    symbols,
)

from mlbalance.derivations import Derivation, Step, argued, computed
from mlbalance.derivations.checks import equal_given, nonnegative, positive
from mlbalance.derivations.moments import Law, covariance, expectation

__all__ = ["average_cv2_expression", "bagging", "disjoint_bags", "disjoint_cv2_expression"]

n, m, B, K = symbols("n_k m B K", integer=True, positive=True)
tau, c2 = Symbol("tau_k", positive=True), Symbol("c_k^2", nonnegative=True)
b, k, i, o = symbols("b k i o", integer=True)
weight, hit = IndexedBase("W"), IndexedBase("I")

_MEAN = tau / n


def average_cv2_expression() -> Any:
    """c_k^2 of the mean of B independent draws, in c_k^2 of one and B."""
    return c2 / B


def disjoint_cv2_expression() -> Any:
    """c_k^2 of the mean of B disjoint bags, in n_k, m and B."""
    return n / (B * m) - 1


def _average(base: IndexedBase) -> Any:
    return Sum(base[b], (b, 1, B)) / B


def _coefficient(law: Law) -> Any:
    """c_k^2 of the average over bags."""
    return covariance(_average(law.base), _average(law.base), law) / _MEAN**2


def bagging() -> Derivation:
    """The mean of B independent draws has c_k^2/B (label `bagging`)."""
    steps = (*_independent(), *_scores(), *_order(), *_estimators())
    return Derivation("bagging", "symbolic in K, n_k and B, any law of one draw", steps)


def _independent_draws() -> Law:
    """Draws of any law with mean w and variance c_k^2 w^2."""
    return Law(
        weight,
        lambda _: _MEAN,
        lambda one, other: _MEAN**2 * (1 + KroneckerDelta(one[0], other[0]) * c2),
    )


def _independent() -> tuple[Step, ...]:
    law = _independent_draws()
    return (
        computed(
            "The mean weight of a row stays,",
            expectation(_average(weight), law),
            _MEAN,
            name=r"E[\sum_{b} W_{b}/B]",
            key="mean",
        ),
        computed(
            "and of two bags only the same one with itself varies together.",
            _coefficient(law),
            average_cv2_expression(),
            name=r"c_{k}^{2}(B)",
            key="coefficient",
            conditions=("independent-bags",),
        ),
        computed(
            "One draw used B times, for contrast: nothing is gained without independence.",
            _coefficient(Law(weight, lambda _: _MEAN, lambda *_: _MEAN**2 * (1 + c2))),
            c2,
            name=r"c_{k}^{2}(\text{the same bag})",
        ),
    )


def _scores() -> tuple[Step, ...]:
    """Score variances, entry by entry: V stands for one entry of V_k."""
    prior, size, V, cv = (IndexedBase(s) for s in ("tau", "n", "V", Symbol("c^2")))

    def variance(one_plus: Any) -> Any:
        return Sum(prior[k] ** 2 * one_plus * V[k] / size[k], (k, 1, K))

    return (
        computed(
            "So what the score varies by beyond class weighting, J_W - J_w of one bag, is divided "
            "by B.",
            variance(1 + average_cv2_expression().subs(c2, cv[k])) - variance(S.One),
            variance(cv[k]) / B,
            name=r"J_{W}(B) - J_{w}",
            key="score",
        ),
    )


def _order() -> tuple[Step, ...]:
    """Convexity of a functional of the loss, by its tangent at the average."""
    slope, chance = Function("e", nonnegative=True), Function("P", nonnegative=True)
    value, tangent = Symbol("phi"), IndexedBase("g")
    at_bag = value + Sum(tangent[i] * (weight[i, b] - _mean_of_bags(i)), (i, 1, n))
    return (
        computed(
            "A tangent of a convex functional of the loss at the average, averaged over the bags, "
            "is its value there,",
            Sum(at_bag, (b, 1, B)) / B,
            value,
            name=r"\sum_{b} (\phi + \sum_{i} g_{i} (W_{ib} - \bar{W}_{i}))/B",
        ),
        computed(
            "and the functional lies e_b above it: the average of bags is below one bag in convex "
            "order (label convex-order).",
            Sum(chance(o) * Sum(slope(o, b), (b, 1, B)) / B, (o, 1, Symbol("O"))),
            S.Zero,
            relation=">=",
            check=nonnegative,
        ),
    )


def _mean_of_bags(row: Any) -> Any:
    other = Symbol("c", integer=True)
    return Sum(weight[row, other], (other, 1, B)) / B


def _estimators() -> tuple[Step, ...]:
    p = Symbol("p", integer=True, positive=True)
    j, a = symbols("j a", integer=True)
    inverse, score = IndexedBase("G"), IndexedBase("u")
    moves = -Sum(inverse[a, j] * score[b, j], (j, 1, p))
    return (
        computed(
            "Averaged estimates: to first order a bag moves the fit by -G u_b, G = A^-1, and the "
            "mean of the moves is that of the mean score.",
            Sum(moves, (b, 1, B)) / B,
            -Sum(inverse[a, j] * Sum(score[b, j], (b, 1, B)) / B, (j, 1, p)),
            name=r"\sum_{b} \delta_{ba}/B",
            key="moves",
        ),
        argued(
            "The mean of the fits moves like the mean of the moves to first order alone; beyond, "
            "its expectation is that of one fit, however many bags.",
            r"\sum_{b} (\theta_{b} - \theta^{*})/B \sim \sum_{b} \delta_{b}/B",
            "Hjort and Pollard 1993, for each bag",
            key="estimators",
            cites=("hjort1993",),
            conditions=("first-order", "negligible-weights", "mle-exists"),
            limit=True,
        ),
    )


def disjoint_bags() -> Derivation:
    """The mean of B disjoint bags has n_k/(B m) - 1 (label `disjoint-bags`)."""
    steps = (*_exclusive(), *_against_independent(), *_partition())
    return Derivation("disjoint-bags", "symbolic in n_k, m and B with B m <= n_k", steps)


def _disjoint_draws() -> Law:
    """A row is in bag b with chance m/n_k, never in two, and weighs tau_k/m there."""
    return Law(
        weight,
        lambda _: _MEAN,
        lambda one, other: KroneckerDelta(one[0], other[0]) * (tau / m) ** 2 * m / n,
    )


def _exclusive() -> tuple[Step, ...]:
    law, other = _disjoint_draws(), Symbol("c", integer=True)
    of_two = covariance(weight[b], weight[other], law)
    return (
        computed(
            "One bag: an undersample of m rows.",
            covariance(weight[b], weight[b], law) / _MEAN**2,
            n / m - 1,
            name=r"c_{k}^{2}(1)",
        ),
        computed(
            "Two bags: a row is in one of them at most, so its weights oppose each other.",
            of_two,
            -(_MEAN**2),
            name=r"\operatorname{Cov}(W_{b}, W_{c})",
            check=equal_given({KroneckerDelta(b, other): S.Zero}),
            key="opposed",
        ),
        computed(
            "Their mean, over B bags.",
            _coefficient(law),
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
        computed(
            "With n_k = B m + e left out by none or some rows e, it is e/(B m), not negative.",
            disjoint_cv2_expression().subs(n, B * m + Symbol("e", nonnegative=True)),
            Symbol("e", nonnegative=True) / (B * m),
            name=r"n_{k}/(B m) - 1",
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
            S.Zero,
            relation=">",
            check=positive,
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
