"""A separate model for a group of classes (`separate-model`).

Letters: classes 1, ..., g are the group, of K; e_l = exp(z_l) of the logits, p_l the probabilities
at x, P their sum over the group; a move of the coefficients changes the logits at x by v_l in the
group and by u_j in the other classes, of probabilities r_j, j = 1, ..., h, with mean M, that of the
group m. Other letters as in `_population`.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Function,
    IndexedBase,
    KroneckerDelta,
    Rational,
    S,
    Sum,
    Symbol,
    exp,
    limit,
    log,
    oo,
    symbols,
)

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_given
from mlbalance.derivations.proofs._population import K, a, f, i, k, l, over_points, r, tau, x
from mlbalance.derivations.proofs._population import posterior as true_posterior

g, h = symbols("g h", integer=True, positive=True)
j = Symbol("j", integer=True)
t = Symbol("t", real=True)
e, z, p, q, b, w, v, u, o = (IndexedBase(name) for name in ("e", "z", *"pqbwvu", "r"))
P, M = symbols("P M")

SCOPE = "symbolic in the classes of the group and outside of it, and in d"


def separate_model() -> Derivation:
    """A separate model for a group of classes (label `separate-model`)."""
    steps = (*_composition(), *_group_logit(), *_information(), *_precision())
    return Derivation("separate-model", SCOPE, steps)


def _in_group(term: Any, label: Any = l) -> Any:
    return Sum(term, (label, 1, g))


def _within(label: Any) -> Any:
    """Probability of a class of the group, given the group."""
    return e[label] / _in_group(e[l])


def _composition() -> tuple[Step, ...]:
    everything = Sum(e[l], (l, 1, K))
    inside = true_posterior(r) / _in_group(true_posterior(l))
    residual = inside - KroneckerDelta(r, k)
    return (
        computed(
            "The probability of the group times that within it is the softmax,",
            _in_group(e[l]) / everything * _within(k),
            e[k] / everything,
            name=r"P \cdot p_{k \mid \text{group}}",
            key="composed",
        ),
        computed(
            "of the same contrasts.",
            (_within(k) / _within(r)).subs({e[k]: exp(z[k]), e[r]: exp(z[r])}),
            exp(z[k] - z[r]),
            name=r"p_{k \mid \text{group}}/p_{r \mid \text{group}}",
            key="contrast",
        ),
        computed(
            "On the group's rows, classes at the prior tau or any other, the mean score of a "
            "softmax of their own is zero at these contrasts.",
            _in_group(over_points(tau[k] * f[k, i] * residual * x[i, a]), k),
            S.Zero,
            name=r"\sum_{k \leq g} \tau_{k} E_{k} s_{ra}",
            key="score",
            conditions=("correctly-specified", "no-ridge"),
        ),
    )


def group_bend() -> Any:
    """Claimed second derivative of the group's logit along a line, slopes w_l, shares q_l."""
    return Rational(1, 2) * Sum(q[k] * q[l] * (w[k] - w[l]) ** 2, (k, 1, g), (l, 1, g))


def _group_logit() -> tuple[Step, ...]:
    def share(label: Any) -> Any:
        return exp(b[label] + w[label] * t) / _in_group(exp(b[l] + w[l] * t))

    total = log(_in_group(exp(b[l] + w[l] * t)))
    shares = Function("q", positive=True)
    apart = Symbol("w", real=True, nonzero=True)
    return (
        computed(
            "As one class beside the others the group has the logarithm of the sum of its e_l for "
            "logit. Along a line its second derivative is the variance of the slopes of its "
            "classes, by their shares q_l of it,",
            total.diff(t, 2),
            _in_group(share(l) * w[l] ** 2) - _in_group(share(l) * w[l]) ** 2,
            name=r"\partial^2 \log \sum_{l \leq g} \exp(b_{l} + w_{l} t)/\partial t^2",
            key="bend",
        ),
        computed(
            "half the mean squared difference of two of them,",
            _in_group(q[l] * w[l] ** 2) - _in_group(q[l] * w[l]) ** 2,
            group_bend(),
            check=equal_given({_in_group(q[l]): 1}),
            key="pairs",
        ),
        computed(
            "which is positive as soon as two differ, by w: then the logit is no linear one, and "
            "where none differ along any line, x tells nothing within the group.",
            shares(1) * shares(2) * apart**2,
            relation=">",
            name=r"q_{k} q_{l} w^{2}",
            key="apart",
        ),
    )


def between_expression(outside: Any = u[j]) -> Any:
    """Part of the Hessian at x that is between the group and the others, M the mean of v and u."""
    mean = _in_group(p[l] * v[l]) / _in_group(p[l])
    return _in_group(p[l]) * (mean - M) ** 2 + Sum(o[j] * (outside - M) ** 2, (j, 1, h))


def within_expression() -> Any:
    """Part of the Hessian at x that is within the group."""
    mean = _in_group(p[k] * v[k], k) / _in_group(p[k], k)
    return _in_group(p[l] * (v[l] - mean) ** 2)


def _information() -> tuple[Step, ...]:
    chance, move = Function("p", nonnegative=True), Function("u", real=True)
    group, mean = Symbol("P", nonnegative=True), Symbol("m", real=True)
    whole = _in_group(p[l] * (v[l] - M) ** 2) + Sum(o[j] * (u[j] - M) ** 2, (j, 1, h))
    return (
        computed(
            "At x the Hessian in a direction is the variance of v and u under the probabilities: "
            "that of the group and the other classes, plus that within the group, which is P times "
            "the Hessian of the model of its own.",
            whole,
            between_expression() + within_expression(),
            name=r"\operatorname{Var}(v, u)",
            key="chain",
        ),
        computed(
            "The part between is not negative.",
            group * (mean - Symbol("M", real=True)) ** 2 + Sum(chance(j) * move(j) ** 2, (j, 1, h)),
            relation=">=",
            key="between",
        ),
    )


def _precision() -> tuple[Step, ...]:
    none = between_expression(S.Zero).subs(M, _in_group(p[l] * v[l]))
    own, joint, other, many, few = symbols("Q_S Q_1 Q_j n n_j", positive=True)
    return (
        argued(
            "Without weights the inverse of the variance of a contrast is to first order, but for "
            "a part of the intercepts that both have, the least over all moves with this contrast "
            "of the mean of the Hessian in their direction: at least the part within.",
            r"1/V_{\text{all}} = n \min_{v,u} E \operatorname{Var}(v, u) \geq "
            r"n \min_{v} E P \operatorname{Var}(v \mid \text{group}) = 1/V_{\text{alone}}",
            "van der Vaart 1998 on efficient information; the step before; intercept-shift",
            key="efficient",
            cites=("vandervaart1998",),
            conditions=(
                "correctly-specified",
                "no-ridge",
                "independent-rows",
                "first-order",
                "mle-exists",
            ),
            limit=True,
        ),
        computed(
            "Without signal the shares of the group do not depend on x, and among the moves with a "
            "contrast is one of mean zero over the group at every x, and none outside: the part "
            "between is zero there, and both variances are the same.",
            none,
            S.Zero,
            name=r"\operatorname{Var}_{\text{between}}",
            check=equal_given({_in_group(p[l] * v[l]): S.Zero}),
            key="no-signal",
            conditions=("zero-slopes",),
        ),
        computed(
            "With class weights the variance in the one model has a term of each class whose score "
            "moves the contrast, that in the model of its own of classes of the group alone; let "
            "n_j of a class outside stay and all others grow, and the former is ever larger.",
            limit((own / many) / (joint / many + other / few), many, oo),
            S.Zero,
            name=r"[n \to \infty] V_{\text{alone}}/V_{\text{all}}",
            key="few-rows",
        ),
    )
