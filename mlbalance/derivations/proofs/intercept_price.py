"""Price of an estimated threshold, and when it pays (`intercept-price`).

Letters as in `_proportional`, of one covariance, sigma_k = 1: the logit of a new row is normal with
mean b + m in class 1 and b - m in class 0 and variance q. t is how far a threshold is off b; g_k is
the mean pull of a row of class k, kappa n times the mean square of x_i' H^-1 x_j/n over pairs of
rows, H the Hessian of the fit without them. beta = d (1/n_1 - 1/n_0)/2.
"""

from __future__ import annotations

from typing import Any

from sympy import KroneckerDelta, S, Sum, Symbol, limit, oo, solve, sqrt, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_at, simplified
from mlbalance.derivations.proofs._normal import normal_cdf, normal_density
from mlbalance.derivations.proofs._proportional import (
    CLASSES,
    SIGN,
    Pair,
    V,
    alpha,
    equations_step,
    gamma,
    half,
    lam,
    m,
    over_classes,
    q,
    rho,
    s,
)

kappa, n, d = symbols("kappa n d", positive=True)
counts: Pair = {k: Symbol(f"n_{k}", integer=True, positive=True) for k in CLASSES}
pulls: Pair = {k: Symbol(f"g_{k}", positive=True) for k in CLASSES}
at, offset = symbols("t b", real=True)
i, j = symbols("i j", integer=True)


def rise_expression() -> Any:
    """What a threshold off by t adds to the balanced error to second order, in m, q and t."""
    return m / sqrt(q) * normal_density(m / sqrt(q)) * at**2 / (2 * q)


def threshold_variance_expression() -> Any:
    """Variance of the midpoint of mean left-out logits, in q, kappa, n, n_k and g_k."""
    return (q * over_classes(lambda k: 1 / counts[k]) + kappa * (pulls[1] - pulls[0]) ** 2 / n) / 4


def pairs_expression() -> Any:
    """Letter kappa of isotropic classes, in alpha, V and the mean squared curvature h_2 of rows."""
    return alpha * V**2 / (1 - alpha * V**2 * Symbol("h_2", positive=True))


def intercept_price() -> Derivation:
    """Price of a threshold by left-out logits (label `intercept-price`)."""
    scope = "two classes of one covariance, any convex loss; kappa for isotropic classes"
    steps = (*_rise(), *_pairs(), *_midpoint(), *_strong())
    return Derivation("intercept-price", scope, steps)


def _rise() -> tuple[Step, ...]:
    error = over_classes(lambda k: normal_cdf(-(m + SIGN[k] * at) / sqrt(q))) / 2
    return (
        equations_step(("two-classes", "one-sigma", "convex-margin", "positive-ridge")),
        computed(
            "The balanced error of a threshold t off b has slope zero at t = 0,",
            error.diff(at).subs(at, 0),
            S.Zero,
            name=r"\partial BER/\partial t",
            key="flat",
            check=simplified,
        ),
        computed(
            "so to second order it rises by this, D phi(D) t^2/(2 q) with D = m/sqrt(q).",
            error.diff(at, 2).subs(at, 0) * at**2 / 2,
            rise_expression(),
            name="BER(t) - BER(0)",
            key="rise",
            check=simplified,
        ),
    )


def _pairs() -> tuple[Step, ...]:
    slope, curvature = Symbol("V_lambda", real=True), Symbol("V_h", positive=True)
    square, load = Symbol("h_2", positive=True), Symbol("w", positive=True)
    falls = (load / (1 + load * V)).diff(V)
    change = alpha * slope * (lam + curvature) + alpha * V * (1 - square * slope)
    (found,) = solve(change.subs(lam, 1 / (alpha * V) - curvature), slope)
    return (
        argued(
            "Of the fit without rows i and j, each moves the left-out logit of the other by "
            "x_i' H^-1 x_j/n times its own pull. By parts over the normal part of both rows, the "
            "covariance of their left-out logits around the class means w' mu_k + b of the fit "
            "keeps the product of both moves; all else is of smaller order. Pulls have the sign of "
            "the class.",
            r"\operatorname{Cov}(z_{i}, z_{j}) \to y_{i} g_{i} y_{j} g_{j} \kappa/n, \quad "
            r"\kappa = \operatorname{tr}(H^{-1} \Sigma H^{-1} \Sigma)/n",
            "a leave-two-out argument, as leave-one-out approximations: Rad and Maleki 2020",
            key="pairs",
            cites=("rad2020",),
            conditions=("proportional", "convex-margin", "positive-ridge"),
            limit=True,
        ),
        computed(
            "Isotropic, V is tr(H^-1)/n, so kappa is minus the slope of V in lambda at given "
            "curvatures w of the rows at the fit. h = w/(1 + w V) falls with V by its square,",
            falls,
            -((load / (1 + load * V)) ** 2),
            name=r"\partial h/\partial V",
            key="curvature",
        ),
        computed(
            "and alpha V (lambda + V_h) = 1 gives, with V_h and h_2 the means of h and h^2 over "
            "rows,",
            -found,
            pairs_expression(),
            name=r"-\partial V/\partial \lambda",
            key="response",
        ),
    )


def _midpoint() -> tuple[Step, ...]:
    def within(k: int) -> Any:
        term = q * KroneckerDelta(i, j) + kappa * pulls[k] ** 2 / n
        return Sum(term, (i, 1, counts[k]), (j, 1, counts[k])) / counts[k] ** 2

    between = Sum(-kappa * pulls[1] * pulls[0] / n, (i, 1, counts[1]), (j, 1, counts[0]))
    variance = (over_classes(within) + 2 * between / (counts[1] * counts[0])) / 4
    apart = (kappa * (pulls[1] - pulls[0]) ** 2 / n).subs(
        {pulls[k]: Symbol(f"g_{k}", real=True) for k in CLASSES}
    )
    wrong = rise_expression().subs(at, offset)
    return (
        computed(
            "Threshold at the midpoint of the class means of left-out logits: t has this mean "
            "square, in which independent rows have the first term alone.",
            variance,
            threshold_variance_expression(),
            name="E t^{2}",
            key="variance",
        ),
        computed(
            "So on independent rows a threshold costs (D phi(D)/8) (1/n_1 + 1/n_0),",
            rise_expression().subs(at, sqrt(threshold_variance_expression().subs(kappa, 0))),
            m / sqrt(q) * normal_density(m / sqrt(q)) * over_classes(lambda k: 1 / counts[k]) / 8,
            name=r"E BER(t) - BER(0)",
            key="independent",
            check=simplified,
        ),
        computed(
            "and left-out logits no less: g_k = gamma/rho_k differs where counts do.",
            apart,
            relation=">=",
            name=r"\kappa (g_{1} - g_{0})^{2}/n",
            key="more",
        ),
        computed(
            "The intercept as it was fitted is off by b. An estimate pays where b^2 > E t^2.",
            wrong - rise_expression(),
            rise_expression() / at**2 * (offset**2 - at**2),
            name="BER(b) - BER(t)",
            key="pays",
        ),
    )


def _strong() -> tuple[Step, ...]:
    few, many = counts[1], Symbol("n_0", positive=True)
    spread = d * (1 / few + 1 / many)
    center = d * (1 / few - 1 / many) / 2
    gaps = {pulls[1]: gamma / rho[1], pulls[0]: gamma / rho[0]}
    shares = {rho[1]: few / n, rho[0]: many / n}
    squared = threshold_variance_expression().subs(counts[0], many)
    squared = squared.subs(gaps).subs(shares).subs(kappa, d / (n * lam**2))
    squared = squared.subs(q, gamma**2 * (4 * s**2 + spread) / lam**2)
    gain = (gamma * half / lam) ** 2 - squared
    claimed = gamma**2 / (4 * d * lam**2)
    claimed *= 4 * (d - 1) * half**2 - spread * (4 * s**2 + spread)
    edge = limit((4 * (d - 1) * center**2 - spread * (4 * s**2 + spread)) / d * few**2, many, oo)
    return (
        argued(
            "Balanced weights and a ridge that grows: b = -gamma beta/lambda, and q and kappa are "
            "these to leading order.",
            r"b = -\gamma \beta/\lambda, \quad q = \gamma^{2} (4 s^{2} + d/n_{1} + d/n_{0})"
            r"/\lambda^{2}, \quad \kappa = d/(n \lambda^{2})",
            "the label ridge-limit",
            key="strong-ridge",
            labels=("ridge-limit",),
        ),
        computed(
            "So with N = d/n_1 + d/n_0 an estimate pays where 4 (d - 1) beta^2 is above "
            "N (4 s^2 + N),",
            gain,
            claimed,
            name=r"b^{2} - E t^{2}",
            key="strong-gain",
            check=equal_at({half: center}),
            short={spread: Symbol("N", positive=True)},
        ),
        computed(
            "and for n_0 large, where d (d - 2) > 4 s^2 n_1: up to n_1 of order d^2, beyond any "
            "fixed load, where the leading order is extrapolated.",
            edge,
            d * (d - 2) - 4 * s**2 * few,
            name=r"(4 (d - 1) \beta^{2} - N (4 s^{2} + N)) n_{1}^{2}/d",
            key="edge",
        ),
    )
