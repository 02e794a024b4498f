"""Order of fits at one effective ridge: what decides it (`logistic-order`).

Letters as in `effective_ridge`: f_k is the share of class k in the curvature, x_k what the mean
square of its pulls has beyond their linear part, alpha_k all rows of the class per feature. F and X
are what fits of all rows at one effective ridge differ in.
"""

from __future__ import annotations

from typing import Any

from sympy import solve, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed
from mlbalance.derivations.proofs._proportional import alphas, gamma, m, over_classes, rho
from mlbalance.derivations.proofs.effective_ridge import (
    S1,
    S2,
    S3,
    covariance,
    curvature,
    excess,
    share,
)

F, X = symbols("F X", nonnegative=True)
spread, spare, noise = symbols("q_r d_2 N", positive=True)


def noise_to_signal_expression() -> Any:
    """q/m^2 of a fit of all rows or of infinitely many bags, in S_1, S_2, S_3, alpha_k, F and X."""
    return _noise() / (S1**2 * (1 - S3 * F))


def _noise() -> Any:
    return S2 + S3 * (over_classes(lambda k: 1 / alphas[k]) / 4 + X)


def logistic_order() -> Derivation:
    """What orders fits at one effective ridge (label `logistic-order`)."""
    scope = "two classes of one covariance; any convex losses, weights and ridge, and bags"
    return Derivation("logistic-order", scope, (*_ratio(), *_falls(), *_one_bag()))


def _ratio() -> tuple[Step, ...]:
    letters = {
        F: over_classes(lambda k: share[k] ** 2 / alphas[k]),
        X: over_classes(lambda k: rho[k] ** 2 * excess[k] / alphas[k]) / (4 * gamma**2),
    }

    def square(k: int) -> Any:
        linear = (gamma / rho[k]) ** 2 + covariance * (share[k] * curvature / rho[k]) ** 2
        return rho[k] ** 2 / alphas[k] * (linear + excess[k])

    right = 4 * gamma**2 * S2 + S3 * over_classes(square)
    (variance,) = solve(right - covariance * curvature**2, covariance)
    return (
        argued(
            "In a fit at an effective ridge, and in infinitely many bags, m and the variance r of "
            "the logits are these; rho_k^2/alpha_k is rho_k pi_k/alpha of a bag.",
            r"m = 2 \gamma S_{1}/V_{h}, \quad r V_{h}^{2} = 4 \gamma^{2} S_{2} + S_{3} \sum_{k} "
            r"\rho_{k}^{2}/\alpha_{k} (\gamma^{2}/\rho_{k}^{2} + r f_{k}^{2} V_{h}^{2}/\rho_{k}^{2}"
            r" + x_{k})",
            "the label effective-ridge",
            key="equations",
            labels=("effective-ridge",),
        ),
        computed(
            "So with F = sum_k f_k^2/alpha_k and X = sum_k rho_k^2 x_k/(4 gamma^2 alpha_k) what "
            "is left of the loss and the weights is two numbers.",
            variance / (2 * gamma * S1 / curvature) ** 2,
            noise_to_signal_expression().subs(letters),
            name="r/m^{2}",
            key="ratio",
        ),
    )


def _falls() -> tuple[Step, ...]:
    by_shares = noise_to_signal_expression().diff(F).subs(_noise(), noise)
    return (
        computed(
            "It rises with F, how far the classes' shares in the curvature are from those in the "
            "rows: the numerator N is positive, as is d_2 = 1 - S_3 F,",
            by_shares.subs(F, (1 - spare) / S3),
            relation=">",
            name=r"\partial (r/m^{2})/\partial F",
            key="shares",
        ),
        computed(
            "and with X, how far pulls are from linear.",
            noise_to_signal_expression().diff(X).subs(F, (1 - spare) / S3).factor(),
            relation=">",
            name=r"\partial (r/m^{2})/\partial X",
            key="pulls",
        ),
    )


def _one_bag() -> tuple[Step, ...]:
    gain = (m**2 / covariance - m**2 / (covariance + spread)).factor()
    return (
        computed(
            "One undersample has the m and the chi of infinitely many, and the variance q = r + "
            "q_r, above r where counts differ.",
            gain,
            relation=">",
            name=r"m^{2}/r - m^{2}/q",
            key="one-bag",
        ),
    )
