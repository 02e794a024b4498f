"""Weights as counts of rows, and weights up to a common factor (`replication`, `scale`).

Letters as in `likelihood`; r_i copies of row i, f a common factor, S the sum of the weights, C the
inverse ridge of scikit-learn, n_u rows of an undersample.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, Rational, S, Sum, Symbol, exp, log, symbols

from mlbalance.derivations import Derivation, Step, computed
from mlbalance.derivations.checks import nonnegative
from mlbalance.derivations.likelihood import (
    INTERCEPT,
    SCOPE,
    K,
    W,
    a,
    as_letters,
    b,
    d,
    hessian_formula,
    i,
    j,
    k,
    l,
    logit,
    loss,
    n,
    ridge,
    score_formula,
    w,
    y,
)

__all__ = ["replication", "scale"]

copy, m = symbols("c m", integer=True)
times, s, row_loss, v = (IndexedBase(name) for name in ("r", "s", "ell", "v"))
factor, total, inverse_ridge = symbols("f S C", positive=True)


def replication() -> Derivation:
    """Whole weights are copies of rows: loss, score and Hessian (label `replication`)."""
    return Derivation("replication", SCOPE, (*_derivatives(), *_not_new_rows()))


def _duplicated() -> Any:
    """Loss of the data with r_i copies of row i, each of weight one."""
    row = log(Sum(exp(logit(i, l)), (l, 1, K))) - logit(i, y[i])
    return Sum(row, (copy, 1, times[i]), (i, 1, n)) + _penalty()


def _penalty() -> Any:
    return ridge / 2 * Sum(w[l, j] ** 2, (j, 1, d), (l, 1, K))


def _as_copies(weighted: Any) -> Any:
    """A weighted formula at weights that are the numbers of copies."""
    return weighted.xreplace({W[i]: times[i]})


def _derivatives() -> tuple[Step, ...]:
    slope = _duplicated().diff(w[k, a])
    second = _as_copies(hessian_formula(k, a, m, INTERCEPT))
    return (
        computed(
            "With r_i copies of row i, each of weight one, the loss is that of weights r_i, under "
            "the same ridge; a row of weight zero is a row left out.",
            _duplicated(),
            _as_copies(loss()),
            name=r"L_{\text{copies}}",
            short=as_letters(y[i]),
            key="loss",
        ),
        computed(
            "So is the score,",
            slope,
            _as_copies(score_formula(k, a)) + ridge * w[k, a],
            name=r"\partial L_{\text{copies}}/\partial w_{ka}",
            short=as_letters(k),
            key="score",
        ),
        computed(
            "and the Hessian: fit, status and uniqueness are the same.",
            slope.diff(b[m]),
            second,
            name=r"\partial^2 L_{\text{copies}}/\partial w_{ka} \, \partial b_{m}",
            short=as_letters(k, m),
            key="hessian",
        ),
    )


def _not_new_rows() -> tuple[Step, ...]:
    """Squared scores in one direction: copies counted as rows, and rows with their weight."""
    counted = Sum(s[i] ** 2, (copy, 1, times[i]), (i, 1, n))
    clustered = Sum((times[i] * s[i]) ** 2, (i, 1, n))
    more, score = Function("e", nonnegative=True), Function("s", real=True)
    return (
        computed(
            "Standard errors are not: copies counted as rows square each score once, while row i "
            "moves the score by r_i s_i. This is missing.",
            clustered - counted,
            Sum(times[i] * (times[i] - 1) * s[i] ** 2, (i, 1, n)),
            name=r"\sum_{i} (r_{i} s_{i})^{2} - \sum_{i} \sum_{c} s_{i}^{2}",
            key="missing",
        ),
        computed(
            "It is never negative, r_i = 1 + e_i for the rows that are there.",
            Sum((1 + more(i)) * more(i) * score(i) ** 2, (i, 1, n)),
            S.Zero,
            relation=">=",
            check=nonnegative,
            key="too-small",
        ),
    )


def scale() -> Derivation:
    """A common factor of weights and ridge leaves the fit alone (label `scale`)."""
    return Derivation("scale", SCOPE, (*_common_factor(), *_conventions()))


def _scaled(expr: Any) -> Any:
    return expr.xreplace({W[i]: factor * W[i], ridge: factor * ridge})


def _common_factor() -> tuple[Step, ...]:
    gap = Function("g", nonnegative=True)
    slope = score_formula(k, a) + ridge * w[k, a]
    return (
        computed(
            "A factor f common to the weights and the ridge multiplies the loss,",
            _scaled(loss()),
            factor * loss(),
            name=r"L(f W, f \lambda)",
            short=as_letters(y[i]),
            key="loss",
        ),
        computed(
            "and the score: both have the same zeros.",
            _scaled(loss()).diff(w[k, a]),
            factor * slope,
            name=r"\partial L(f W, f \lambda)/\partial w_{ka}",
            short=as_letters(k),
            key="score",
        ),
        computed(
            "What a loss exceeds its minimum by, g, keeps its sign under a positive factor: the "
            "minimisers are the same, or there are none in both.",
            factor * gap(i),
            S.Zero,
            relation=">=",
            check=nonnegative,
            key="minimisers",
        ),
    )


def _conventions() -> tuple[Step, ...]:
    """What the factor means for a ridge stated as C on the sum of losses."""
    data, squares = Sum(W[i] * row_loss[i], (i, 1, n)), Sum(w[k, a] ** 2, (a, 1, d), (k, 1, K))
    one_vector = 2 * Sum((v[a] / 2) ** 2, (a, 1, d))
    kept, rows = symbols("n_u n", positive=True)
    lam = Symbol("lambda", positive=True)
    return (
        computed(
            "Three classes or more in scikit-learn: C times the loss plus half the squares is, at "
            "C = 1/(lambda S), the loss of weights that sum to one with ridge lambda.",
            (inverse_ridge * data + squares / 2).subs(inverse_ridge, 1 / (lam * total)),
            (data / total + lam / 2 * squares) / lam,
            name=r"C \sum_{i} W_{i} \ell_{i} + \Vert w \Vert^{2}/2",
            key="equal-c",
        ),
        computed(
            "Two classes as one vector v, w = -v/2 and v/2: half the squares of v is the ridge "
            "2 lambda, so C = 2/(lambda S).",
            lam * one_vector,
            lam * Rational(1, 2) * Sum(v[a] ** 2, (a, 1, d)),
            name=r"\lambda \sum_{k} \Vert w_{k} \Vert^{2}",
        ),
        computed(
            "At equal C, unit weights and n_u kept rows: an undersample is penalised this many "
            "times more.",
            (1 / (inverse_ridge * kept)) / (1 / (inverse_ridge * rows)),
            rows / kept,
            name=r"\lambda_{u}/\lambda",
            key="penalised-more",
        ),
    )
