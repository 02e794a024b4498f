"""Errors of the square loss at any ridge (`square-ridge`).

Letters as in `square_loss`, beta and T as in `ridge_limit`; one sigma from the third step on,
sigma_k = 1.
"""

from __future__ import annotations

from typing import Any

from sympy import S, Symbol, limit

from mlbalance.derivations.engine import Derivation, Step, computed, equal_at
from mlbalance.derivations.proofs._proportional import (
    CLASSES,
    LOADS,
    SIGN,
    T,
    V,
    alphas,
    b,
    balanced,
    c,
    half,
    m,
    over_classes,
    s,
    sigma,
)
from mlbalance.derivations.proofs.square_loss import (
    denominator,
    gain,
    in_leverages,
    intercept_form,
    leverage,
    square_equations,
    u,
    variance_form,
)

D = Symbol("D", positive=True)
ONE_SIGMA = {sigma[k]: S.One for k in CLASSES}


def square_ridge() -> Derivation:
    """Errors at any ridge, and the best one (label `square-ridge`)."""
    scope = "isotropic, of one sigma from the third step on; any ridge"
    return Derivation("square-ridge", scope, (square_equations(), *_against(), *_errors()))


def _against() -> tuple[Step, ...]:
    leverages = {u[k]: leverage(k) for k in CLASSES}
    lean = in_leverages(intercept_form() / (1 - m)).subs(leverages)
    e = {k: Symbol(f"e_{k}", positive=True) for k in CLASSES}
    return (
        computed(
            "Balanced weights c_k = 1/(2 rho_k): with e_k = c_k sigma_k^2, in proportion to "
            "sigma_k^2/n_k, the intercept is against the class with the larger one. It is 0 for an "
            "undersample of classes with one sigma.",
            lean.subs({c[k]: balanced(k) for k in CLASSES}),
            -V * (e[1] - e[0]) / (2 + V * (e[1] + e[0])),
            name="b/(1 - m)",
            key="against",
            check=equal_at({e[k]: balanced(k) * sigma[k] ** 2 for k in CLASSES}),
        ),
    )


def _ratio() -> Any:
    """Claimed m^2/q for one sigma."""
    return D * s**4 / (s**2 + over_classes(lambda k: 1 / alphas[k]) / 4)


def ratio_step() -> Step:
    """Signal to noise of the logits, any weights and ridge, for one sigma."""
    solved = {m: gain() / (1 + gain())}
    ratio = (m**2 / variance_form(D)).subs(b, intercept_form()).subs(solved)
    return computed(
        "One sigma, sigma_k = 1: weights and ridge are in the signal to noise of the logits "
        "through D alone.",
        in_leverages(ratio).subs(ONE_SIGMA).factor(),
        _ratio(),
        name=r"m^{2}/q",
        key="ratio",
        check=equal_at(LOADS),
    )


def _errors() -> tuple[Step, ...]:
    leverages = {u[k]: leverage(k) for k in CLASSES}
    ratio = (intercept_form() / m).subs(m, gain() / (1 + gain()))
    weighted = in_leverages(ratio).subs(leverages).subs(ONE_SIGMA)
    return (
        ratio_step(),
        computed(
            "Balanced weights: the boundary is off by as much at every ridge. beta and T are those "
            "of the label flip.",
            weighted.subs({c[k]: balanced(k) for k in CLASSES}).factor(),
            -half / (2 * s**2),
            name="b/m",
            key="shift",
            check=equal_at(LOADS),
        ),
        *_arguments(),
        computed(
            "Both rise with D, the first while 2 s^2 > beta: then both errors fall,",
            ((2 * s**2 - half) ** 2 * D / (T - 2 * half)).diff(D),
            (2 * s**2 - half) ** 2 / (T - 2 * half),
            name=r"\partial ((m + b)^{2}/q)/\partial D",
            key="rises",
        ),
        computed(
            "and D is below one,",
            1 - denominator(),
            relation=">",
            name="1 - D",
            key="below-one",
        ),
        computed(
            "which it tends to as lambda grows, since V falls to zero: the best ridge is the "
            "strongest, and errors are those of ridge-limit.",
            limit(denominator().subs(leverages), V, 0),
            S.One,
            name=r"[V \to 0] D",
            key="strongest",
        ),
    )


def _arguments() -> list[Step]:
    words = {
        1: "So errors are those of a strong ridge, arguments times the root of D: of class 1,",
        0: "and of class 0.",
    }
    return [
        computed(
            words[k],
            _ratio() * (1 - SIGN[k] * half / (2 * s**2)) ** 2,
            (2 * s**2 - SIGN[k] * half) ** 2 * D / (T - 2 * half),
            name=f"(m {'+' if k else '-'} b)^{{2}}/q",
            key="minority" if k else "majority",
            check=equal_at(LOADS),
        )
        for k in CLASSES
    ]
