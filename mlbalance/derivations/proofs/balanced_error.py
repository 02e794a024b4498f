"""Cost of the noise of a fit in balanced error (`balanced-error`).

Letters as in `_expansion`; G and B are the gradient and Hessian of the balanced error. A rule
chooses class r at point i with chance e_ir, where tau_r f_ri is g_ir below the largest; f_ri is the
density of class r there, with the measure's weight in it.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, Rational, S, Sum, Symbol, exp, pi, sqrt, symbols

from mlbalance.derivations.engine import Derivation, Moments, Step, argued, computed, expectation
from mlbalance.derivations.proofs._expansion import a, b, delta, eta, move, order, over
from mlbalance.derivations.proofs._normal import normal_cdf
from mlbalance.derivations.proofs.excess_risk import SCOPE

G, B = IndexedBase("G"), IndexedBase("B")
mean, cov = IndexedBase("m"), IndexedBase("C")


def balanced_error() -> Derivation:
    """Balanced error of a fit to second order in its noise (label `balanced-error`)."""
    steps = (*_expansion(), _smooth(), *_bayes(), *_gaussian())
    scope = f"{SCOPE}, K and d; an example of two Gaussian classes, d = 1"
    return Derivation("balanced-error", scope, steps)


def _claimed_expansion() -> Any:
    return over(G[a] * mean[a], a) + over(B[a, b] * cov[a, b], a, b) / 2


def expansion_expression() -> Any:
    """Excess balanced error in gradient G, Hessian B, bias m and covariance C, for `evaluate`."""
    return _claimed_expansion()


def _expansion() -> tuple[Step, ...]:
    smooth = over(G[a] * move(a), a) + over(B[a, b] * move(a) * move(b), a, b) / 2
    moves = Moments(delta, lambda a: S.Zero, lambda one, other: cov[one[0], other[0]])
    second = over(G[a] * mean[a], a) + over(B[a, b] * delta[a] * delta[b], a, b) / 2
    return (
        computed(
            "A smooth error has a gradient at theta*, which need not be zero: first order in the "
            "noise, of mean zero.",
            expectation(order(smooth, 1), moves),
            S.Zero,
            name=r"E[\epsilon^{1}] (\operatorname{BER}(\theta_{W}) "
            r"- \operatorname{BER}(\theta^{*}))",
            key="first",
        ),
        computed(
            "Second order: the gradient meets the second-order move, whose mean is the bias, and "
            "the Hessian the square of the first.",
            order(smooth, 2),
            over(G[a] * eta[a], a) + over(B[a, b] * delta[a] * delta[b], a, b) / 2,
            name=r"[\epsilon^{2}] (\operatorname{BER}(\theta_{W}) "
            r"- \operatorname{BER}(\theta^{*}))",
            key="second",
        ),
        computed(
            "In the mean, with bias m and covariance C: both are of order 1/n.",
            expectation(second, moves),
            _claimed_expansion(),
            name=r"E \operatorname{BER}(\theta_{W}) - \operatorname{BER}(\theta^{*})",
            key="mean",
        ),
    )


def _bayes() -> tuple[Step, ...]:
    """A rule has chance e_ir of class r at point i, where tau_r f_ri is g_ir below the largest."""
    K, N = symbols("K N", integer=True, positive=True)
    i, r = symbols("i r", integer=True)
    chance, largest, short = IndexedBase("e"), IndexedBase("M"), IndexedBase("g")
    right = Sum(chance[i, r] * (largest[i] - short[i, r]), (r, 1, K), (i, 1, N))
    lost, rule = Function("g", nonnegative=True), Function("e", nonnegative=True)
    return (
        computed(
            "Bayes' rule at the target prior chooses the largest tau_r f_ri at every point i of "
            "x. Any other rule, with chances e_ir of sum one, is right less often by this; at a "
            "uniform target that is its balanced error.",
            Sum(largest[i] * Sum(chance[i, r], (r, 1, K)), (i, 1, N)) - right,
            Sum(chance[i, r] * short[i, r], (r, 1, K), (i, 1, N)),
            name=r"\operatorname{BER} - \operatorname{BER}(\theta^{*})",
            key="bayes-gap",
            conditions=("correctly-specified", "uniform-target", "no-ridge"),
        ),
        computed(
            "So it minimises the error over all rules, those of other parameters included, for "
            "any K, and a differentiable error has gradient zero there.",
            Sum(rule(i, r) * lost(i, r), (r, 1, K), (i, 1, N)),
            relation=">=",
            key="bayes-sign",
            conditions=("smooth-error",),
        ),
    )


def _gaussian() -> tuple[Step, ...]:
    """An example: two normal classes of variance one."""
    h = Symbol("h", positive=True)
    intercept, slope = Symbol("b", real=True), Symbol("w", positive=True)
    error = (
        normal_cdf((intercept - slope * h) / slope) + normal_cdf(-(intercept + slope * h) / slope)
    ) / 2
    return (
        computed(
            "Means -h and h, and a boundary half a unit off, as a misspecified model may put it: "
            "the gradient is not zero, and bias enters.",
            error.diff(intercept).subs(intercept, Rational(1, 2) * slope),
            (exp(-((Rational(1, 2) - h) ** 2) / 2) - exp(-((Rational(1, 2) + h) ** 2) / 2))
            / (2 * slope * sqrt(2 * pi)),
            name=r"\partial \operatorname{BER}/\partial b",
            key="boundary-off",
        ),
    )


def _smooth() -> Step:
    return argued(
        "It needs two derivatives of the error, so a distribution of x with density at the "
        "boundary, and a fit whose moments are those of its limit distribution.",
        r"E \operatorname{BER}(\theta_{W}) - \operatorname{BER}(\theta^{*}) \sim G' m + "
        r"\operatorname{tr}(B C)/2",
        "the delta method to second order; van der Vaart 1998, chapter 3",
        key="delta-method",
        cites=("vandervaart1998",),
        conditions=("smooth-error", "first-order"),
        limit=True,
    )
