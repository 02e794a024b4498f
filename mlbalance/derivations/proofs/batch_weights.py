"""What a batch fits whose gradient is divided by the batch's own sum of weights (`batch-weights`).

Letters: class weights w_k = tau_k/pi_k, of mean one; f(t) the mean of exp(-t w) of a row; the other
b - 1 rows of a batch have the sum of weights S; W the mean weight of a batch, e = W - 1.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, S, Sum, Symbol, exp, integrate, oo, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_given
from mlbalance.derivations.proofs.score_variance import K, k, l

t, weight, rest = symbols("t w S", positive=True)
size = Symbol("b", integer=True, positive=True)
pi, w, tau, u = (IndexedBase(name) for name in ("pi", "w", "tau", "u"))
e, first, effect = Symbol("e", real=True), Symbol("w_k", positive=True), Symbol("D", positive=True)


def batch_weights() -> Derivation:
    """Prior that a batch with weights of sum one fits (label `batch-weights`)."""
    steps = (*_exact(), *_first_order())
    return Derivation("batch-weights", "symbolic in K, pi_k, tau_k and b", steps)


def transform() -> Any:
    """Mean of exp(-t w) of a row, in pi, w (K,) and t."""
    return Sum(pi[k] * exp(-t * w[k]), (k, 1, K))


def density_expression() -> Any:
    """Integrand over t of the share of class k, in b, tau, pi, w (K,), k and t."""
    return size * tau[k] * exp(-t * w[k]) * transform().subs(k, l) ** (size - 1)


def first_order_expression() -> Any:
    """Share of class k to first order in 1/b, in tau, w (K,), k and b."""
    return tau[k] * (1 - (w[k] - Sum(tau[l] * w[l], (l, 1, K))) / size)


def _exact() -> tuple[Step, ...]:
    two = Sum(pi[k] * pi[l] * u[k] * u[l], (k, 1, K), (l, 1, K))
    f = Function("f")(t)
    slope = Sum(pi[k] * w[k] * exp(-t * w[k]), (k, 1, K))
    return (
        computed(
            "One over a batch's sum of weights, that of a row apart, is an integral.",
            integrate(exp(-t * (weight + rest)), (t, 0, oo)),
            1 / (weight + rest),
            name=r"\int_{0}^{\infty} \exp(-t (w + S)) dt",
            key="integral",
        ),
        computed(
            "Rows are drawn independently, so each further row is a factor f(t) in the mean of "
            "exp(-t S): of two of them, with u_k = exp(-t w_k),",
            two,
            Sum(pi[k] * u[k], (k, 1, K)) ** 2,
            name=r"E \exp(-t (w_{1} + w_{2}))",
            key="factor",
            conditions=("independent-draws",),
        ),
        computed(
            "b rows may be of class k, with chance pi_k and weight tau_k/pi_k, so that class k has "
            "in the mean the share b tau_k E 1/(w_k + S). Over classes these integrands add up to "
            "minus the derivative of f^b,",
            Sum(size * pi[k] * w[k] * exp(-t * w[k]), (k, 1, K)) * f ** (size - 1),
            -(f**size).diff(t).subs(f.diff(t), transform().diff(t)),
            name=r"\sum_{k} b \tau_{k} \exp(-t w_{k}) f^{b-1}",
            key="slope",
        ),
        computed(
            "which falls from one to zero: the shares are a prior. Given the labels a row's score "
            "has its class's mean, so the mean gradient is that of class weighting at this prior.",
            transform().diff(t),
            -slope,
            name="f'(t)",
            key="prior",
        ),
    )


def _first_order() -> tuple[Step, ...]:
    mean = (first - 1) / size
    square = (effect - 1) / size
    expanded = 1 - mean + square
    return (
        computed(
            "With W = 1 + e the mean weight of a batch, 1/W is this, exactly.",
            1 - e + e**2 - e**3 / (1 + e),
            1 / (1 + e),
            name="1/W",
            key="remainder",
        ),
        argued(
            "Given a row of class k the mean of e is (w_k - 1)/b, that of e^2 (D - 1)/b up to "
            "1/b^2, with D = sum_k tau_k w_k the mean square of a weight; W is no smaller than the "
            "smallest weight, so what is left is of smaller order than 1/b.",
            r"E[1/W \mid k] = 1 - (w_{k} - 1)/b + (D - 1)/b + o(1/b)",
            "moments of the mean of independent bounded variables",
            key="moments",
            cites=("vandervaart1998",),
            conditions=("independent-draws",),
            limit=True,
        ),
        computed(
            "In all,",
            expanded,
            1 - (first - effect) / size,
            name=r"1 - (w_{k} - 1)/b + (D - 1)/b",
            key="first-order",
        ),
        computed(
            "These corrections leave the sum of the shares at one.",
            Sum(first_order_expression(), (k, 1, K)),
            S.One,
            name=r"\sum_{k} \tau_{k} (1 - (w_{k} - D)/b)",
            check=equal_given({Sum(tau[k], (k, 1, K)): S.One}),
            key="sum",
        ),
        computed(
            "At one row per batch the weights are gone: class k has the share that it has in the "
            "data.",
            integrate(tau[k] * exp(-t * weight), (t, 0, oo)),
            tau[k] / weight,
            name=r"[b = 1] \int_{0}^{\infty} \tau_{k} \exp(-t w_{k}) dt",
            key="one-row",
        ),
    )
