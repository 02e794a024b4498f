"""Limit of fits of separable rows as the ridge vanishes (`max-margin`).

Letters as in `mle_threshold`; R is the length of w and R m a margin, o an offset, D a factor of
margins, c_i weights; f(c, b, kappa) = (rho_1 psi(t_1) + rho_0 psi(t_0))/(1 - c^2).
"""

from __future__ import annotations

from typing import Any

from sympy import Function, S, Symbol, exp, limit, log, oo, symbols

from mlbalance.derivations.engine import Check, Derivation, Step, argued, computed
from mlbalance.derivations.proofs.mle_threshold import R, b, c, kappa, rho1, s, shortfall_steps


def max_margin() -> Derivation:
    """Limit of fits of separable rows as the ridge vanishes (label `max-margin`)."""
    scope = "any rows for weights and offsets; two isotropic Gaussian classes for the intercept"
    steps = (*_tails(), *_one_direction(), *_largest(), *shortfall_steps(), *_leaning())
    return Derivation("max-margin", scope, steps)


def _tails() -> tuple[Step, ...]:
    margin, offset, scale = symbols("m o D", positive=True)

    def tail(exponent: Any) -> Any:
        return log(1 + exp(-exponent))

    return (
        computed(
            "Separable rows: losses fall to zero as the length R of w grows, and there the "
            "logistic loss of a margin R m is exp(-R m).",
            limit(tail(R * margin) / exp(-R * margin), R, oo),
            S.One,
            name=r"[R \to \infty] \log(1 + \exp(-R m))/\exp(-R m)",
            key="tail",
        ),
        computed(
            "An offset is a weight there,",
            limit(tail(R * margin - offset) / exp(-R * margin), R, oo),
            exp(offset),
            name=r"[R \to \infty] \log(1 + \exp(o - R m))/\exp(-R m)",
            key="offset",
        ),
        computed(
            "and of a row with weight c what counts is its rate, which has no weight in it,",
            limit(margin - log(Symbol("c", positive=True)) / R, R, oo),
            margin,
            name=r"[R \to \infty] -\log(c \exp(-R m))/R",
            key="weight",
        ),
        computed(
            "while a factor D of the margin stays in the rate.",
            limit(scale * margin - log(Symbol("c", positive=True)) / R, R, oo),
            scale * margin,
            name=r"[R \to \infty] -\log(c \exp(-R D m))/R",
            key="factor",
        ),
    )


def _one_direction() -> tuple[Step, ...]:
    best, short_of, least, total = symbols("kappa eta c_i C", positive=True)
    return (
        computed(
            "Compare hyperplanes of one length: the best has smallest margin kappa and a loss of "
            "at most C exp(-R kappa), C the sum of weights; one that is eta short has a row with "
            "c_i exp(-R (kappa - eta)). The ratio vanishes, whatever the weights.",
            limit(total * exp(-R * best) / (least * exp(-R * (best - short_of))), R, oo),
            S.Zero,
            name=r"[R \to \infty] C \exp(-R \kappa)/(c_{i} \exp(-R (\kappa - \eta)))",
            key="one-direction",
        ),
        argued(
            "As the ridge vanishes the loss does, so R grows without bound, and what is left is "
            "the pair of largest margin, intercept included: it has no penalty and is part of the "
            "margin. An undersample has a largest margin of its own.",
            r"(w, b)/|w| \to \operatorname{argmax} \min_{i} y_{i} (w' x_{i} + b)",
            "the step before, and the pair is unique; Rosset, Zhu and Hastie 2004 without an "
            "intercept. Soudry et al. 2018 and Xu, Ye and Ruan 2021 for gradient descent",
            key="largest",
            cites=("rosset2004",),
            conditions=("separable", "exponential-tails"),
        ),
    )


def _largest() -> tuple[Step, ...]:
    return (
        argued(
            "Its margin in the proportional regime, and the errors of new rows: w at length one "
            "has margins N(c s + y b, 1).",
            r"d/n = \min_{c,b} f(c, b, \kappa), \quad e_{y} = \Phi(-(c s + y b))",
            "Gordon's comparison; Lyu, Zhou and Zhong 2025 for this model, Montanari et al. 2019 "
            "for centred rows",
            key="gordon-margin",
            cites=("lyu2025", "montanari2019"),
            conditions=("proportional", "two-classes", "isotropic", "one-sigma", "separable"),
            limit=True,
        ),
    )


def _leaning() -> tuple[Step, ...]:
    psi = Function("psi")
    one, other = c * s + b - kappa, c * s - b - kappa
    whole = rho1 * psi(one) + (1 - rho1) * psi(other)
    first, second = symbols("P_1 P_0")
    slopes = {first: psi(one).diff(b), second: -psi(other).diff(b)}
    return (
        computed(
            "With unequal shares the derivative in b is zero where the pulls of the classes "
            "balance; P_k = psi'(t_k), t_1 = c s + b - kappa, t_0 = c s - b - kappa.",
            whole.diff(b),
            rho1 * first - (1 - rho1) * second,
            name=r"(1 - c^{2}) \partial f/\partial b",
            key="balance",
            check=_where(slopes),
        ),
        computed(
            "Their arguments differ by this. As psi' is negative and rises, rho_1 < rho_0 takes "
            "t_1 < t_0: the intercept is against the rarer class, and no weight can move it.",
            one - other,
            2 * b,
            name="t_{1} - t_{0}",
            key="apart",
        ),
    )


def _where(letters: dict[Any, Any]) -> Check:
    """Check of equality with letters for derivatives."""
    return lambda lhs, rhs: bool((lhs - rhs.subs(letters)).expand() == 0)
