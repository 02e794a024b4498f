"""Weights as counts of rows (`replication`).

Letters as in `score`; r_i copies of row i.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, Sum, exp, log, symbols

from mlbalance.derivations.engine import Derivation, Step, computed
from mlbalance.derivations.proofs.score import (
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

copy, m = symbols("c m", integer=True)
times, s = IndexedBase("r"), IndexedBase("s")


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
            relation=">=",
            key="too-small",
        ),
    )
