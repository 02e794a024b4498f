"""Convex functionals of a scheme's loss, and its minimum (`convex-order`, `optimism`).

Letters: weight W_ki of row i of the n_k rows of class k, of mean tau_k/n_k given the data; l_ki
the loss of the row; functional Phi of the loss function; outcome o of the weights, of O, with
chance P_o; R the risk; u the score at its minimiser, A the Hessian there, p parameters.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Function,
    IndexedBase,
    MatrixSymbol,
    Rational,
    S,
    Sum,
    Symbol,
    symbols,
)

from mlbalance.derivations import Derivation, Step, argued, computed
from mlbalance.derivations.checks import equal_matrices, nonnegative
from mlbalance.derivations.moments import Law, expectation

__all__ = ["convex_order", "optimism", "square_gap_expression", "trace_expression"]

K, O, p = symbols("K O p", integer=True, positive=True)
i, j, k, l, a, b, o = symbols("i j k l a b o", integer=True)
n, tau, W, loss, tangent = (IndexedBase(s) for s in ("n", "tau", "W", "ell", "g"))
square = IndexedBase("Q")

_WEIGHTS = Law(W, lambda k, _: tau[k] / n[k], lambda one, other: square[(*one, *other)])
"""Any law with the mean of class weighting: Q_kilj = E W_ki W_lj."""


def _over_rows(term: Any) -> Any:
    return Sum(term, (i, 1, n[k]), (k, 1, K))


def _class_weighted(value: Any) -> Any:
    return Sum(tau[k] / n[k] * Sum(value, (i, 1, n[k])), (k, 1, K))


def convex_order() -> Derivation:
    """A scheme's loss is above class weighting's in convex order (label `convex-order`)."""
    steps = (*_tangent(), *_square(), *_minimum())
    return Derivation("convex-order", "symbolic in K and n_k, any law of the weights", steps)


def _tangent() -> tuple[Step, ...]:
    at_weights = Symbol("phi")
    plane = at_weights + _over_rows(tangent[k, i] * (W[k, i] - tau[k] / n[k]))
    chance, above = Function("P", nonnegative=True), Function("e", nonnegative=True)
    return (
        argued(
            "The loss is linear in the weights, so a convex functional of it is a convex function "
            "phi of them. Class weights are positive, inside its domain: there it has a tangent g, "
            "which it exceeds by e_W, never negative.",
            r"\phi(W) = \phi(w) + \sum_{k,i} g_{ki} (W_{ki} - w_{ki}) + e_{W}",
            "Rockafellar 1970, theorem 23.4",
            key="tangent",
            cites=("rockafellar1970",),
            conditions=("convex-functional", "label-only-weights"),
        ),
        computed(
            "The tangent has its value at class weights as its mean, whatever the law of the "
            "weights beyond its mean,",
            expectation(plane, _WEIGHTS),
            at_weights,
            name=r"E[\phi(w) + \sum_{k,i} g_{ki} (W_{ki} - w_{ki})]",
            key="mean",
        ),
        computed(
            "and phi lies e_o above it in every outcome o: Jensen 1906.",
            Sum(chance(o) * above(o), (o, 1, O)),
            S.Zero,
            relation=">=",
            check=nonnegative,
            key="above",
            name=r"E\,\Phi(L_{W}) - \Phi(L_{w})",
        ),
    )


def square_gap_expression() -> Any:
    """E Phi(L_W) - Phi(L_w) for Phi the square of `sum W_ki g_ki`, for `evaluate`.

    In K, n, tau, g (K, n_k) and Q (K, n_k, K, n_k), Q_kilj = E W_ki W_lj.
    """
    of_pair = square[k, i, l, j] - tau[k] * tau[l] / (n[k] * n[l])
    both = of_pair * tangent[k, i] * tangent[l, j]
    return Sum(both, (i, 1, n[k]), (k, 1, K), (j, 1, n[l]), (l, 1, K))


def _square() -> tuple[Step, ...]:
    """The gap of one functional, where it can be written out."""
    value = _over_rows(W[k, i] * tangent[k, i])
    mean = _class_weighted(tangent[k, i])
    return (
        computed(
            "The square of a linear functional, such as a loss or a component of the score, "
            "exceeds its class-weighted value by its variance given the data, with "
            "Q_kilj = E W_ki W_lj.",
            expectation(value**2, _WEIGHTS) - mean**2,
            square_gap_expression(),
            name=r"E \Phi(L_{W}) - \Phi(L_{w})",
        ),
    )


def _minimum() -> tuple[Step, ...]:
    share = Symbol("s", nonnegative=True)
    low, lower = symbols("f_0 g_0")
    above, over = Function("e", nonnegative=True), Function("h", nonnegative=True)
    rest = Symbol("r", nonnegative=True)
    at = Symbol("theta")
    mixed = share * (low + above(at)) + rest * (lower + over(at))
    return (
        computed(
            "The least value is concave, so minus the least value is such a functional: a mixture "
            "of losses f and g, s + r = 1, that exceed their least values by e and h, is nowhere "
            "less than the mixture of these (label optimism).",
            (mixed - share * low - rest * lower).expand(),
            S.Zero,
            name=r"s f(\theta) + r g(\theta) - s \inf f - r \inf g",
            relation=">=",
            check=nonnegative,
        ),
    )


def optimism() -> Derivation:
    """The least loss of a scheme is below class weighting's (label `optimism`)."""
    steps = (*_chain(), *_first_order(), *_test_loss())
    return Derivation("optimism", "symbolic in K, n_k and the number of parameters", steps)


def _chain() -> tuple[Step, ...]:
    chance, above = Function("P", nonnegative=True), Function("e", nonnegative=True)
    risk = IndexedBase("R")
    losses = Law(loss, lambda k, _: risk[k], lambda *_: S.NaN)
    ridge = Symbol("rho")
    weighted = _over_rows(W[k, i] * loss[k, i]) + ridge
    return (
        computed(
            "At any one theta the mean of a scheme's loss is that of class weighting, a penalty "
            "rho(theta) included if it is the same for both,",
            expectation(weighted, _WEIGHTS),
            _class_weighted(loss[k, i]) + ridge,
            name=r"E[L_{W}(\theta) \mid X, y]",
            key="mean",
        ),
        computed(
            "and its least value is below by e_o in outcome o. This holds at every theta, so for "
            "the least value of L_w too, whether it is attained or not.",
            Sum(chance(o) * above(o), (o, 1, O)),
            S.Zero,
            name=r"E[L_{W}(\theta) - \inf L_{W}]",
            relation=">=",
            check=nonnegative,
            key="below",
        ),
        computed(
            "Once more over the data: the class-weighted loss has the risk as its mean, R_k being "
            "the mean loss of class k.",
            expectation(_class_weighted(loss[k, i]) + ridge, losses),
            Sum(tau[k] * risk[k], (k, 1, K)) + ridge,
            name=r"E L_{w}(\theta)",
            key="risk",
        ),
    )


def _quadratic(A: Any, u: Any, delta: Any) -> Any:
    """Scores times moves, u'delta, and half the curvature; u'delta and delta'u are one number."""
    return Rational(1, 2) * (u.T * delta + delta.T * u + delta.T * A * delta)


def trace_expression() -> Any:
    """tr(G J), in p, G = A^-1 (p, p) and J (p, p), for `evaluate`."""
    inverse, J = IndexedBase("G"), IndexedBase("J")
    return Sum(inverse[a, b] * J[a, b], (a, 1, p), (b, 1, p))


def _first_order() -> tuple[Step, ...]:
    A, u, x = MatrixSymbol("A", p, p), MatrixSymbol("u", p, 1), MatrixSymbol("x", p, 1)
    inverse, J, score = (IndexedBase(name) for name in ("G", "J", "u"))
    law = Law(score, lambda _: S.Zero, lambda one, other: J[one[0], other[0]])
    form = Sum(inverse[a, b] * score[a] * score[b], (a, 1, p), (b, 1, p))
    best = -A.I * u
    return (
        argued(
            "First order: near the minimiser of the risk the loss is quadratic, with the Hessian "
            "of the risk and the score u there.",
            r"L_{W}(\theta^{*} + \delta) \sim L_{W}(\theta^{*}) + u'\delta"
            r" + \delta' A \delta/2",
            "Hjort and Pollard 1993; van der Vaart 1998, chapter 5",
            key="quadratic",
            cites=("hjort1993", "vandervaart1998"),
            conditions=("first-order",),
            limit=True,
        ),
        computed(
            "It is least at delta = -A^-1 u: any other point, x further, exceeds it by a square,",
            _quadratic(A, u, best + x) - _quadratic(A, u, best),
            Rational(1, 2) * x.T * A * x,
            name=r"q(-A^{-1} u + x) - q(-A^{-1} u)",
            check=equal_matrices(A),
            key="least-at",
        ),
        computed(
            "and there it is lower by half of u' A^-1 u,",
            _quadratic(A, u, best),
            -Rational(1, 2) * u.T * A.I * u,
            name=r"q(-A^{-1} u)",
            check=equal_matrices(A),
            key="least",
        ),
        computed(
            "whose mean is the trace, with G = A^-1 and J_W the variance of the score (label "
            "score-variance).",
            expectation(form, law),
            trace_expression(),
            name=r"E[u' A^{-1} u]",
            key="trace",
        ),
    )


def _test_loss() -> tuple[Step, ...]:
    A, u = MatrixSymbol("A", p, p), MatrixSymbol("u", p, 1)
    best = -A.I * u
    return (
        computed(
            "The risk of the fit is higher than the least by as much: test less training loss is "
            "twice that, tr(A^-1 J_W).",
            Rational(1, 2) * best.T * A * best - _quadratic(A, u, best),
            u.T * A.I * u,
            name=r"(R(\theta_{W}) - R(\theta^{*})) - (\inf L_{W} - L_{W}(\theta^{*}))",
            check=equal_matrices(A),
        ),
    )
