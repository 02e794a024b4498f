"""Weights up to a common factor (`scale`).

Letters as in `score`; f a common factor, S the sum of the weights, C the inverse ridge of
scikit-learn, n_u rows of an undersample.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, Rational, Sum, Symbol, symbols

from mlbalance.derivations.engine import Derivation, Step, computed
from mlbalance.derivations.proofs.score import (
    SCOPE,
    K,
    W,
    a,
    as_letters,
    d,
    i,
    k,
    loss,
    n,
    ridge,
    score_formula,
    w,
    y,
)

row_loss, v = IndexedBase("ell"), IndexedBase("v")
factor, total, inverse_ridge = symbols("f S C", positive=True)


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
            relation=">=",
            key="minimisers",
        ),
    )


def _conventions() -> tuple[Step, ...]:
    """The factor, for a ridge stated as C on the sum of losses."""
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
            "Two classes as one vector v, w = -v/2 and v/2: lambda times half the squares of v is "
            "the penalty of the ridge 2 lambda, so the ridge lambda has C = 2/(lambda S).",
            lam * one_vector,
            lam * Rational(1, 2) * Sum(v[a] ** 2, (a, 1, d)),
            name=r"\lambda \sum_{k} \Vert w_{k} \Vert^{2}",
            key="equal-c-two",
        ),
        computed(
            "At equal C, unit weights and n_u kept rows: an undersample is penalised this many "
            "times as much.",
            (1 / (inverse_ridge * kept)) / (1 / (inverse_ridge * rows)),
            rows / kept,
            name=r"\lambda_{u}/\lambda",
            key="penalised-more",
        ),
    )
