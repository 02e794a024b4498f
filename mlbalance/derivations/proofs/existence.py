"""Existence of the maximum likelihood fit (`existence`).

Letters as in `score`; (beta, omega) or v a direction of coefficients, its margin in a row the
value of the own class less that of another: v_y - v_l. A direction separates if no margin in a row
of positive weight is negative and one is positive.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, KroneckerDelta, S, Sum, Symbol, exp, log

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_given
from mlbalance.derivations.proofs.score import (
    INTERCEPT,
    K,
    W,
    a,
    as_letters,
    d,
    i,
    k,
    l,
    n,
    probability,
    score_formula,
    x,
    y,
    z,
)

v, beta, omega = (IndexedBase(name) for name in ("v", "beta", "omega"))
t = Symbol("t", real=True)


def existence() -> Derivation:
    """Existence is a matter of directions, and passes to supersets (label `existence`)."""
    steps = (*_along_a_direction(), *_certificate(), *_supersets(), *_ridge())
    return Derivation("existence", "symbolic in K, n, d", steps)


def _move(label: Any) -> Any:
    """Value of the direction (beta, omega) for a class in row i."""
    return beta[label] + Sum(omega[label, a] * x[i, a], (a, 1, d))


def slope_expression() -> Any:
    """Slope of the loss in the direction (beta, omega): minus the mean margin, for `evaluate`.

    In K, n, d, x (n, d), y (n,), W (n,), o (n, K), b (K,), w (K, d), beta (K,), omega (K, d).
    """
    margins = Sum(probability(k) * (_move(y[i]) - _move(k)), (k, 1, K))
    return -Sum(W[i] * margins, (i, 1, n))


def _along_a_direction() -> tuple[Step, ...]:
    label = Symbol("y", integer=True)

    def logit(of: Any) -> Any:
        return z[of] + t * v[of]

    row = log(Sum(exp(logit(l)), (l, 1, K))) - logit(label)
    share = exp(logit(k)) / Sum(exp(logit(l)), (l, 1, K))
    margin, p = Function("m", nonnegative=True), Function("p", positive=True)
    weight = Function("W", positive=True)
    return (
        computed(
            "Along a direction v the loss of a row falls by its mean margin under the row's "
            "probabilities p_l(t).",
            row.diff(t),
            -Sum(share * (v[label] - v[k]), (k, 1, K)),
            name=r"\partial \ell(z + t v)/\partial t",
            key="slope",
        ),
        computed(
            "With no negative margin m it never rises: probabilities and weights are positive.",
            Sum(weight(i) * p(i, k) * margin(i, k), (i, 1, n), (k, 1, K)),
            relation=">=",
            key="never-rises",
        ),
        computed(
            "With one positive margin it falls for ever, so the loss has no minimum.",
            weight(i) * p(i, k) * Function("m", positive=True)(i, k),
            relation=">",
            key="falls",
        ),
        argued(
            "As t grows the slope of a row tends to minus its smallest margin. If no direction "
            "separates, the loss rises for ever in every direction but those without any margin, "
            "where it is constant: it has a minimum, unique up to them.",
            r"\partial \ell(z + t v)/\partial t \to \max_{l} (v_{l} - v_{y})",
            "Rockafellar 1970, theorem 27.1; Albert and Anderson 1984",
            key="recession",
            cites=("rockafellar1970", "albert1984"),
            conditions=("any-model",),
        ),
    )


def _certificate() -> tuple[Step, ...]:
    slopes = Sum(omega[k, a] * score_formula(k, a), (a, 1, d))
    in_direction = Sum(beta[k] * score_formula(k, INTERCEPT) + slopes, (k, 1, K))
    return (
        computed(
            "The score in a direction is minus the sum of its margins, each weighted by W_i p_ik.",
            in_direction,
            slope_expression(),
            name=r"\sum_{k} (\beta_{k} \, \partial L/\partial b_{k}"
            r" + \sum_{a} \omega_{ka} \, \partial L/\partial w_{ka})",
            short=as_letters(k),
            key="margins",
        ),
        argued(
            "At a fit it is zero with all W_i p_ik positive, so no direction separates. Conversely "
            "without such a direction some positive multipliers q of the margins balance. Only "
            "which weights are positive matters, and all classes at once: for K > 2 pairs of "
            "classes decide nothing.",
            r"\sum_{i,l} q_{il} (v_{y}(x_{i}) - v_{l}(x_{i})) = 0, \quad q > 0",
            "Stiemke 1915, as linear programming duality",
            key="multipliers",
            cites=("stiemke1915",),
            conditions=("any-model",),
        ),
    )


def _supersets() -> tuple[Step, ...]:
    common, slopes = Symbol("beta_0"), IndexedBase("omega_0")
    shift = common + Sum(slopes[a] * x[i, a], (a, 1, d))
    return (
        argued(
            "A direction without negative margins in a set of rows has none in a subset. If the "
            "fit of the subset exists, all margins there are zero; if it is unique, the rows of "
            "(1, X) have full rank there and the direction is a shift common to all classes.",
            r"\beta_{k} - \beta_{l} + (\omega_{k} - \omega_{l})' x_{i} = 0",
            "the steps before; label hessian for the rank",
            key="subset",
            labels=("hessian",),
            conditions=("unique-subset-fit",),
        ),
        computed(
            "A common shift has margin zero in every row, so the superset is not separated either: "
            "its fit exists, and is unique since its rank is no smaller.",
            _move(y[i]) - _move(k),
            S.Zero,
            name=r"(v_{y} - v_{k})(\beta_{0}, \omega_{0})",
            check=lambda lhs, rhs: _at_common(lhs, shift) == rhs,
            key="superset",
        ),
    )


def _at_common(margin: Any, shift: Any) -> Any:
    """A margin where the direction is the same for all classes."""
    moves = {_move(label): shift for label in (y[i], k)}
    return margin.subs(moves)


def _ridge() -> tuple[Step, ...]:
    label = Symbol("y", integer=True)
    row = log(Sum(exp(z[l]), (l, 1, K))) - z[label]
    p, weight = Function("p", positive=True), Function("W", positive=True)
    one, other = beta[k] - beta[l], beta[l] - beta[k]
    return (
        argued(
            "A ridge rises for ever in every direction with slopes: only intercepts are left.",
            r"\lambda \Vert w + t \omega \Vert^{2}/2 \sim \lambda t^{2} \Vert \omega \Vert^{2}/2",
            "Rockafellar 1970, theorem 27.1",
            key="ridge",
            cites=("rockafellar1970",),
            conditions=("any-model",),
        ),
        computed(
            "If every class has weight, margins of intercepts come in opposite pairs: none "
            "negative, and their sum zero, makes all of them zero.",
            one + other,
            S.Zero,
            name=r"(\beta_{k} - \beta_{l}) + (\beta_{l} - \beta_{k})",
            key="opposite",
        ),
        computed(
            "A class k without weight is ruled out: in every row the slope in its intercept is "
            "its probability,",
            row.diff(z[k]),
            exp(z[k]) / Sum(exp(z[l]), (l, 1, K)),
            name=r"\partial \ell/\partial z_{k}",
            check=equal_given({KroneckerDelta(k, label): S.Zero}),
            key="without-weight",
        ),
        computed(
            "which is positive: the loss falls for ever as the intercept does.",
            Sum(weight(i) * p(i), (i, 1, n)),
            relation=">",
            key="falls-for-ever",
        ),
    )
