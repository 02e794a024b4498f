"""Direction of a weighted fit, for the square loss (`direction`).

Letters: class k has mean m_k, covariance S_k and weight v_k, v_1 + v_0 = 1; delta = m_1 - m_0;
targets differ by r. In proportion letters are those of `square_loss`, for one sigma; class 1 is the
rarer one.
"""

from __future__ import annotations

from typing import Any

from sympy import Identity, IndexedBase, MatrixSymbol, Symbol, diff, symbols

from mlbalance.derivations.engine import Check, Derivation, Step, computed, equal_at, equal_matrices
from mlbalance.derivations.proofs._proportional import CLASSES, V, alpha, alphas, over_classes, rho
from mlbalance.derivations.proofs.square_loss import denominator, square_equations, u
from mlbalance.derivations.proofs.square_ridge import ratio_step

d, K, n = symbols("d K n", integer=True, positive=True)
k = Symbol("k", integer=True)
v, size = IndexedBase("v"), IndexedBase("n")
share, gap = symbols("v_1 r", positive=True)
S1, S0 = (MatrixSymbol(f"S_{k}", d, d) for k in CLASSES)
pooled = MatrixSymbol("S", d, d)
delta = MatrixSymbol("delta", d, 1)
few, more = symbols("n_1 e", positive=True)


def slopes_expression() -> Any:
    """Slopes (d, 1) of weighted least squares: v_1, r, S_1, S_0 and delta in them."""
    within = share * S1 + (1 - share) * S0
    return within.I * delta


def direction() -> Derivation:
    """The direction is that of discriminant analysis (label `direction`)."""
    scope = "symbolic in d; two classes, isotropic and of one sigma from the ratio on"
    steps = (*_discriminant(), *_proportional(), *_weights(), *_undersampling())
    return Derivation("direction", scope, steps)


def _discriminant() -> tuple[Step, ...]:
    one, other = (MatrixSymbol(f"m_{k}", d, 1) for k in CLASSES)
    mean = share * one + (1 - share) * other
    second = share * (S1 + one * one.T) + (1 - share) * (S0 + other * other.T)
    apart = share * (1 - share)
    slope = pooled.I * delta
    return (
        computed(
            "Weighted least squares: the covariance of x over all rows is the pooled one and what "
            "lies between the means, v_0 = 1 - v_1,",
            second - mean * mean.T,
            share * S1 + (1 - share) * S0 + apart * ((one - other) * (one - other).T),
            name="C_{xx}",
            key="within",
            check=equal_matrices(),
        ),
        computed(
            "and that of x and y, targets r apart, is in the direction of delta.",
            share * gap * one - mean * (share * gap),
            apart * gap * (one - other),
            name="C_{xy}",
            key="between",
            check=equal_matrices(),
        ),
        computed(
            "With S = v_1 S_1 + v_0 S_0, S^-1 delta solves the normal equations up to a scale: the "
            "slopes are those of discriminant analysis with covariances pooled by v.",
            (pooled + apart * (delta * delta.T)) * slope,
            delta * (Identity(1) + apart * (delta.T * pooled.I * delta)),
            name=r"C_{xx} S^{-1} \delta",
            key="slopes",
            check=equal_matrices(pooled),
        ),
    )


def _proportional() -> tuple[Step, ...]:
    larger = alphas[1] + more
    L = MatrixSymbol("L", d, d)
    return (
        square_equations(
            "Without ridge and with more rows than features the least eigenvalue of the "
            "covariance stays away from zero, so the ridge may vanish first: pooled by the weights "
            "it is no less than the least of v_k n/n_k times that pooled by the counts, of n - 2 "
            "independent normal rows.",
            "baiyin1993",
        ),
        computed(
            "Least squares moves with linear maps L of the features, and so do the logits: any "
            "common Sigma is as good as the identity.",
            (L * pooled * L.T).I * (L * delta),
            L.T.I * (pooled.I * delta),
            name=r"(L S L')^{-1} L \delta",
            check=equal_matrices(pooled),
            key="linear-maps",
        ),
        ratio_step(),
        computed(
            "An undersample has 2/alpha_1 in place of the sum of 1/alpha_k: its own noise is "
            "larger, whatever D is.",
            (2 / alphas[1] - (1 / alphas[1] + 1 / larger)).factor(),
            relation=">",
            name=r"2/\alpha_{1} - (1/\alpha_{1} + 1/\alpha_{0})",
            key="noise",
        ),
    )


def _weights() -> tuple[Step, ...]:
    other = (1 / alpha - rho[1] * u[1]) / rho[0]
    spread = alpha * over_classes(lambda k: rho[k] * (u[k] - 1 / alpha) ** 2)
    return (
        computed(
            "No ridge and n > d: leverages have mean 1/alpha. Without weights each is that,",
            denominator().subs({u[k]: 1 / alpha for k in CLASSES}),
            1 - 1 / alpha,
            name="D",
            key="unweighted",
            check=equal_at({rho[0]: 1 - rho[1]}),
        ),
        computed(
            "and any weights make D smaller by their spread: none are better than having none.",
            (1 - 1 / alpha - denominator()).subs(u[0], other),
            spread,
            name=r"1 - 1/\alpha - D",
            key="spread",
            check=_where(other),
        ),
    )


def _where(other: Any) -> Check:
    """Check of equality with u_0 and then rho_0 written in the letters of class 1."""
    shares = equal_at({rho[0]: 1 - rho[1]})
    return lambda lhs, rhs: shares(lhs.subs(u[0], other), rhs.subs(u[0], other))


def _undersampling() -> tuple[Step, ...]:
    at = Symbol("rho", positive=True)
    leverage = V / (2 * at + V)
    other = (1 / alpha - rho[1] * u[1]) / rho[0]
    return (
        computed(
            "Balanced weights: u_k = V/(2 rho_k + V) is larger in the rarer class,",
            -diff(leverage, at),
            relation=">",
            name=r"-\partial u/\partial \rho",
            key="leverage",
        ),
        computed(
            "but rho_k u_k is not, so rho_1 u_1 is at most half of 1/alpha and u_1 at most "
            "1/(2 alpha_1).",
            diff(at * leverage, at).factor(),
            relation=">",
            name=r"\partial (\rho u)/\partial \rho",
            key="half",
        ),
        computed(
            "D is at least 1 - u_1,",
            denominator().subs(u[0], other) - (1 - u[1]),
            alpha * rho[0] * u[0] * (u[1] - u[0]),
            name="D - (1 - u_{1})",
            key="bound",
            check=equal_at({u[0]: other}),
        ),
        computed(
            "so at least 1 - 1/(2 alpha_1), and that is D of an undersample, with 2 alpha_1 rows "
            "per feature.",
            (1 - 1 / alpha).subs(alpha, 2 * alphas[1]),
            1 - 1 / (2 * alphas[1]),
            name="D_{u}",
            key="undersampled",
        ),
    )
