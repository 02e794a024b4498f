"""Closed forms at a strong ridge (`ridge-limit`).

Letters as in `_proportional`; class 1 is the rarer one. beta = d (1/n_1 - 1/n_0)/2,
T = 4 s^2 + 2/alpha_1. Of a loss l, g_0 = -l'(0) and h_0 = l''(0). Arguments x are those of errors
Phi(-x).
"""

from __future__ import annotations

from typing import Any

from sympy import Rational, S, Symbol, diff, limit, oo, solve, sqrt, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_at
from mlbalance.derivations.proofs._boundary import argument
from mlbalance.derivations.proofs._proportional import (
    CLASSES,
    LOADS,
    T,
    V,
    alpha,
    alphas,
    b,
    balanced,
    equations_step,
    fixed_point,
    gamma,
    half,
    lam,
    m,
    over_classes,
    rho,
    s,
    sigma,
    written_out,
)

g0, h0 = symbols("g_0 h_0", positive=True)
EQUAL = {sigma[k]: S.One for k in CLASSES}


def _signal(noise: Any = None) -> Any:
    """Claimed m/sqrt(q), with what noise adds to 4 s^2."""
    added = over_classes(lambda k: sigma[k] ** 2 / alphas[k]) if noise is None else noise
    return 2 * s**2 / sqrt(4 * s**2 + added)


def _intercept() -> Any:
    """Claimed lambda b with balanced weights, in units of g_0."""
    return -(sigma[1] ** 2 / alphas[1] - sigma[0] ** 2 / alphas[0]) / 4


def strong_ridge_expressions() -> dict[str, Any]:
    """Arguments x of errors Phi(-x) as lambda grows, in s, alpha_1 (the rarer class), alpha_0.

    `minority` and `majority` of balanced weighting at threshold zero; `best` at its best threshold,
    for any weights; `undersampled` for both classes.
    """
    found = {"minority": argument(1), "majority": argument(-1), "best": argument(0, 0)}
    found["undersampled"] = argument(0, 0, T)
    return {name: written_out(form) for name, form in found.items()}


def ridge_limit() -> Derivation:
    """Class errors of weighting and of an undersample as the ridge grows (label `ridge-limit`)."""
    scope = "any smooth loss with l'(0) < 0 < l''(0), any sigma for m/sqrt(q) and b"
    steps = (*_leading(), *_intercepts(), *_errors(), *_worst())
    return Derivation("ridge-limit", scope, steps)


def _leading() -> tuple[Step, ...]:
    mean = over_classes(lambda k: rho[k] * gamma / rho[k])
    square = over_classes(lambda k: rho[k] * sigma[k] ** 2 * (gamma / rho[k]) ** 2)
    curvature = Symbol("V_h", positive=True)
    found = fixed_point(mean, square, curvature)
    first = [
        limit(lam**power * form, lam, oo) for power, form in zip((1, 2, 1), found, strict=True)
    ]
    return (
        equations_step(
            ("convex-margin", "strong-ridge"),
            "As lambda grows w falls to zero like 1/lambda, margins do not vary and one pull is "
            "left per class, rho_1 g_1 = rho_0 g_0 = gamma; the equations are smooth at "
            "1/lambda = 0.",
        ),
        computed(
            "Mean pull along mu, whatever loss and weights.",
            mean,
            2 * gamma,
            name=r"\sum_{k} \rho_{k} g_{k}",
            key="mean-pull",
        ),
        computed(
            "Response, to first order in 1/lambda.",
            first[2],
            1 / alpha,
            name=r"\lambda V",
            key="response",
        ),
        computed(
            "Signal to noise of the logits: no weight and no loss is left in it, so neither is "
            "in the error at the best threshold.",
            first[0] / sqrt(first[1]),
            _signal(),
            name=r"m/\sqrt{q}",
            key="signal",
            check=_equal_positive,
        ),
    )


def _equal_positive(lhs: Any, rhs: Any) -> bool:
    """Equality of positive expressions, by their squares; a sign is looked at first."""
    positive_sign = not (lhs / rhs).could_extract_minus_sign()
    return positive_sign and equal_at(LOADS)(lhs**2, rhs**2)


def _intercepts() -> tuple[Step, ...]:
    at = Symbol("t", real=True)
    loss = -g0 * at + h0 * at**2 / 2

    def margin(k: int, side: int) -> Any:
        return m + side * b + sigma[k] ** 2 * V * balanced(k) * g0

    balance = over_classes(
        lambda k: (1 if k else -1) * -loss.diff(at).subs(at, margin(k, 1 if k else -1)) / 2
    )
    (intercept,) = solve(balance, b)
    return (
        computed(
            "Balanced weights: at b = 0 both classes pull by g_0 = -l'(0), and for small margins "
            "a loss is -g_0 t + h_0 t^2/2. The mean margins of training, m + y b + sigma_k^2 V c_k "
            "g_0, are to be equal; that fixes b,",
            intercept.subs(V, 1 / (alpha * lam)) * lam,
            g0 * _intercept(),
            name=r"\lambda b",
            key="intercept",
            check=equal_at(LOADS),
        ),
        computed(
            "which in units of the signal, lambda m = g_0 s^2, no longer has the loss in it.",
            (g0 * _intercept() / (g0 * s**2)).subs(EQUAL),
            -half / (2 * s**2),
            name=r"\sigma_{k} = 1: \; b/m",
            key="shift",
            check=equal_at(LOADS),
        ),
    )


def _errors() -> tuple[Step, ...]:
    weighted = _signal().subs(EQUAL)
    moved = LOADS[half] / (2 * s**2)
    return (
        computed(
            "The error of the rarer class is Phi of minus this,",
            weighted * (1 - moved),
            argument(1),
            name=r"(m + b)/\sqrt{q}",
            key="minority",
            check=equal_at(LOADS),
        ),
        computed(
            "and that of the larger one of minus this.",
            weighted * (1 + moved),
            argument(-1),
            name=r"(m - b)/\sqrt{q}",
            key="majority",
            check=equal_at(LOADS),
        ),
        computed(
            "An undersample has alpha_1 rows per feature of both classes, so b = 0.",
            weighted.subs(alphas[0], alphas[1]),
            argument(0, 0, T),
            name=r"m/\sqrt{q}",
            key="undersampled",
            check=equal_at(LOADS),
        ),
    )


def _worst() -> tuple[Step, ...]:
    return (
        computed(
            "Worst class, threshold zero: with n_1 fixed, T is, and beta is 0 at n_0 = n_1. The "
            "argument of the rarer class has this slope in beta,",
            -diff(argument(1), half),
            (T - half - 2 * s**2) / (T - 2 * half) ** Rational(3, 2),
            name=r"-\partial x_{1}/\partial \beta",
            key="worst-slope",
        ),
        computed(
            "which is positive: every row more of the larger class makes the error of the rarer "
            "one worse, and undersampling always has the better worst class.",
            written_out(T - half - 2 * s**2).expand(),
            relation=">",
            name=r"T - \beta - 2 s^{2}",
            key="worst",
        ),
        computed(
            "At its best threshold the argument rises with beta: then weighting always wins.",
            diff(argument(0, 0), half),
            2 * s**2 / (T - 2 * half) ** Rational(3, 2),
            name=r"\partial x/\partial \beta",
            key="best",
        ),
    )
