"""Averages of several draws of the weights (`bagging`).

Letters: row i of the n_k rows of class k, bags b and c of B, kept size m, target prior tau_k;
w = E W_i = tau_k/n_k and c_k^2 of one draw; W_b the weight of a row in bag b.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, KroneckerDelta, S, Sum, Symbol, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    argued,
    computed,
    covariance,
    expectation,
)

n, m, B, K = symbols("n_k m B K", integer=True, positive=True)
tau, c2 = Symbol("tau_k", positive=True), Symbol("c_k^2", nonnegative=True)
b, k, i, o = symbols("b k i o", integer=True)
weight = IndexedBase("W")

MEAN = tau / n


def average_cv2_expression() -> Any:
    """c_k^2 of the mean of B independent draws, in c_k^2 of one and B."""
    return c2 / B


def _average(base: IndexedBase) -> Any:
    return Sum(base[b], (b, 1, B)) / B


def coefficient(moments: Moments) -> Any:
    """c_k^2 of the average over bags."""
    return covariance(_average(moments.base), _average(moments.base), moments) / MEAN**2


def bagging() -> Derivation:
    """The mean of B independent draws has c_k^2/B (label `bagging`)."""
    steps = (*_independent(), *_scores(), *_estimators())
    return Derivation("bagging", "symbolic in K, n_k and B, any distribution of one draw", steps)


def _independent_draws() -> Moments:
    """Draws of any distribution with mean w and variance c_k^2 w^2."""
    return Moments(
        weight,
        lambda _: MEAN,
        lambda one, other: MEAN**2 * (1 + KroneckerDelta(one[0], other[0]) * c2),
    )


def _independent() -> tuple[Step, ...]:
    moments = _independent_draws()
    return (
        computed(
            "The mean weight of a row stays,",
            expectation(_average(weight), moments),
            MEAN,
            name=r"E[\sum_{b} W_{b}/B]",
            key="mean",
        ),
        computed(
            "and, as bags are independent, only a bag with itself covaries.",
            coefficient(moments),
            average_cv2_expression(),
            name=r"c_{k}^{2}(B)",
            key="coefficient",
            conditions=("independent-bags",),
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
