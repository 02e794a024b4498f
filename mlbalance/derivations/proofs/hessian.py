"""Hessian of the weighted softmax loss, its sign and its null space (`hessian`).

Letters as in `score`; beta_k and omega_ka are a direction of intercepts and slopes,
e_ik = exp(z_ik) where only that it is positive matters.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, KroneckerDelta, Rational, S, Sum, Symbol, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_given
from mlbalance.derivations.proofs.score import (
    INTERCEPT,
    SCOPE,
    Instance,
    K,
    W,
    as_letters,
    b,
    d,
    hessian_formula,
    instance,
    loss,
    n,
    probability,
    ridge,
    shift_free_hessian,
    shift_free_score,
    w,
    x,
)

i, k, l, m, a, c = symbols("i k l m a c", integer=True)
e, v, beta, omega = (IndexedBase(name) for name in ("e", "v", "beta", "omega"))


def hessian() -> Derivation:
    """Hessian, that it is positive semi-definite, and its null space (label `hessian`)."""
    return Derivation("hessian", SCOPE, (*_blocks(), *_sign(), *_null_space()))


def _blocks() -> tuple[Step, ...]:
    slope, intercept = loss().diff(w[k, a]), loss().diff(b[k])
    plain = ridge * KroneckerDelta(k, m) * KroneckerDelta(a, c)
    return (
        computed(
            "Second derivatives in coefficients and coefficients,",
            slope.diff(w[m, c]),
            hessian_formula(k, a, m, c) + plain,
            name=r"\partial^2 L/\partial w_{ka} \, \partial w_{mc}",
            short=as_letters(k, m),
            key="slopes",
        ),
        computed(
            "in coefficients and intercepts,",
            slope.diff(b[m]),
            hessian_formula(k, a, m, INTERCEPT),
            name=r"\partial^2 L/\partial w_{ka} \, \partial b_{m}",
            short=as_letters(k, m),
            key="mixed",
        ),
        computed(
            "and in intercepts and intercepts, without a ridge.",
            intercept.diff(b[m]),
            hessian_formula(k, INTERCEPT, m, INTERCEPT),
            name=r"\partial^2 L/\partial b_{k} \, \partial b_{m}",
            short=as_letters(k, m),
            key="intercepts",
        ),
        computed(
            "The penalty that ignores common shifts, with a ridge for each class.",
            shift_free_score(k, a).diff(w[m, c]),
            shift_free_hessian(k, a, m, c),
            name=r"\partial^2 P/\partial w_{ka} \, \partial w_{mc}",
            key="penalty",
        ),
    )


def _exponential(label: Any) -> Any:
    return e[i, label]


def _quadratic_form() -> Any:
    """Hessian of the loss without ridge in the direction (beta, omega)."""
    slopes = omega[k, a] * omega[m, c] * hessian_formula(k, a, m, c, _exponential)
    mixed = 2 * omega[k, a] * beta[m] * hessian_formula(k, a, m, INTERCEPT, _exponential)
    intercepts = beta[k] * beta[m] * hessian_formula(k, INTERCEPT, m, INTERCEPT, _exponential)
    inner = Sum(slopes, (a, 1, d), (c, 1, d)) + Sum(mixed, (a, 1, d)) + intercepts
    return Sum(inner, (k, 1, K), (m, 1, K))


def _sign() -> tuple[Step, ...]:
    move = beta[k] + Sum(omega[k, a] * x[i, a], (a, 1, d))
    share, p = probability(k, _exponential), IndexedBase("p")
    variance = Sum(share * move**2, (k, 1, K)) - Sum(share * move, (k, 1, K)) ** 2
    return (
        computed(
            "In a direction (beta, omega) the Hessian is a weighted sum, over rows, of variances "
            "of v_k = beta_k + omega_k'x under the row's probabilities; a ridge adds lambda times "
            "the squares of omega.",
            _quadratic_form(),
            Sum(W[i] * variance, (i, 1, n)),
            name=r"(\beta, \omega)' \nabla^2 L (\beta, \omega)",
            key="variances",
        ),
        computed(
            "A variance is half the mean squared difference of two independent draws.",
            Sum(p[k] * v[k] ** 2, (k, 1, K)) - Sum(p[k] * v[k], (k, 1, K)) ** 2,
            Rational(1, 2) * Sum(p[k] * p[l] * (v[k] - v[l]) ** 2, (k, 1, K), (l, 1, K)),
            check=equal_given({Sum(p[k], (k, 1, K)): 1}),
            key="pairs",
        ),
        _nonnegative_terms(),
    )


def _nonnegative_terms() -> Step:
    weight, prob = Function("W", nonnegative=True), Function("p", nonnegative=True)
    shift, slope = Function("v", real=True), Function("omega", real=True)
    row = weight(i) * prob(i, k) * prob(i, l) * (shift(i, k) - shift(i, l)) ** 2 / 2
    return computed(
        "Every term is nonnegative, so the Hessian is positive semi-definite.",
        Sum(row, (i, 1, n), (k, 1, K), (l, 1, K))
        + Sum(ridge * slope(k, a) ** 2, (k, 1, K), (a, 1, d)),
        relation=">=",
        key="convex",
    )


def _null_space() -> tuple[Step, ...]:
    intercept = Symbol("beta_0")
    weight, size, *chances = symbols("W lambda p_k p_l", positive=True)
    apart = Symbol("x", real=True, nonzero=True)
    slopes = Sum(hessian_formula(k, a, m, c, _exponential) * v[c], (c, 1, d), (m, 1, K))
    intercepts = Sum(hessian_formula(k, a, m, INTERCEPT, _exponential) * intercept, (m, 1, K))
    return (
        computed(
            "A shift (beta_0, v) common to all classes is in the null space without a ridge.",
            slopes + intercepts,
            S.Zero,
            name=r"\sum_{m} (\sum_{c} \partial^2 L/\partial w_{ka} \, \partial w_{mc} v_{c}"
            r" + \partial^2 L/\partial w_{ka} \, \partial b_{m} \beta_{0})",
            key="common-shifts",
        ),
        computed(
            "The shift-free penalty does not see it either.",
            Sum(shift_free_hessian(k, a, m, c) * v[c], (c, 1, d), (m, 1, K)),
            S.Zero,
            name=r"\sum_{m,c} \partial^2 P/\partial w_{ka} \, \partial w_{mc} v_{c}",
            key="penalty-shifts",
        ),
        computed(
            "A row of positive weight at which v_k and v_l differ by x adds to it: it is zero only "
            "if (beta_k - beta_l, omega_k - omega_l) is orthogonal to every such row of (1, X), "
            "and that leaves common shifts alone if and only if these rows have rank d + 1.",
            weight * chances[0] * chances[1] * apart**2,
            relation=">",
            key="no-other",
        ),
        computed(
            "A ridge lambda > 0 on all slopes adds to it wherever a slope x is not zero, and a "
            "shift of the intercepts adds nothing.",
            size * apart**2,
            relation=">",
            key="plain-ridge",
        ),
    )


def hessian_expression(n_classes: int, n_rows: int, n_features: int) -> Instance:
    """Formula proved by `hessian`, class-major: (b_1, w_1, ..., b_K, w_K) in both directions."""

    def entry(one: int, first: int | None, other: int, second: int | None) -> Any:
        free = first is INTERCEPT or second is INTERCEPT
        penalty = S.Zero if free else shift_free_hessian(one, first, other, second)
        return hessian_formula(one, first, other, second) + penalty

    features = [INTERCEPT, *range(1, n_features + 1)]
    order = [(r, f) for r in range(1, n_classes + 1) for f in features]
    entries = [[entry(*one, *other) for other in order] for one in order]
    return instance(entries, n_classes, n_rows, n_features)
