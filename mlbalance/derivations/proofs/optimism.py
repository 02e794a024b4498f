"""The least loss of a scheme (`optimism`).

Letters: weight W_ki of row i of the n_k rows of class k, of mean tau_k/n_k given the data; l_ki
the loss of the row; outcome o of the weights, of O, with
chance P_o; R the risk; u the score at its minimiser, A the Hessian there, p parameters.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, MatrixSymbol, Rational, S, Sum, Symbol, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    argued,
    computed,
    equal_matrices,
    expectation,
)

K, O, p = symbols("K O p", integer=True, positive=True)
i, j, k, l, a, b, o = symbols("i j k l a b o", integer=True)
n, tau, W, loss, tangent = (IndexedBase(s) for s in ("n", "tau", "W", "ell", "g"))
square = IndexedBase("Q")

WEIGHTS = Moments(W, lambda k, _: tau[k] / n[k], lambda one, other: square[(*one, *other)])
"""Any distribution with the mean of class weighting: Q_kilj = E W_ki W_lj."""


def over_rows(term: Any) -> Any:
    """Sum over all rows of all classes."""
    return Sum(term, (i, 1, n[k]), (k, 1, K))


def class_weighted(value: Any) -> Any:
    """Class-weighted sum of a value of every row."""
    return Sum(tau[k] / n[k] * Sum(value, (i, 1, n[k])), (k, 1, K))


def optimism() -> Derivation:
    """The least loss of a scheme is below class weighting's (label `optimism`)."""
    steps = (*_chain(), *_first_order())
    return Derivation("optimism", "symbolic in K, n_k and the number of parameters", steps)


def _chain() -> tuple[Step, ...]:
    chance, above = Function("P", nonnegative=True), Function("e", nonnegative=True)
    risk = IndexedBase("R")
    losses = Moments(loss, lambda k, _: risk[k], lambda *_: S.NaN)
    ridge = Symbol("rho")
    weighted = over_rows(W[k, i] * loss[k, i]) + ridge
    return (
        computed(
            "At any one theta the mean of a scheme's loss is that of class weighting, a penalty "
            "rho(theta) included if it is the same for both,",
            expectation(weighted, WEIGHTS),
            class_weighted(loss[k, i]) + ridge,
            name=r"E[L_{W}(\theta) \mid X, y]",
            key="mean",
        ),
        computed(
            "and its least value is below by e_o in outcome o. This holds at every theta, so for "
            "the least value of L_w too, whether it is attained or not.",
            Sum(chance(o) * above(o), (o, 1, O)),
            name=r"E[L_{W}(\theta) - \inf L_{W}]",
            relation=">=",
            key="below",
        ),
        computed(
            "Once more over the data: the class-weighted loss has the risk as its mean, R_k being "
            "the mean loss of class k.",
            expectation(class_weighted(loss[k, i]) + ridge, losses),
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
    moments = Moments(score, lambda _: S.Zero, lambda one, other: J[one[0], other[0]])
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
            expectation(form, moments),
            trace_expression(),
            name=r"E[u' A^{-1} u]",
            key="trace",
        ),
    )
