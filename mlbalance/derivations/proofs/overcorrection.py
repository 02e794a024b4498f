"""The boundary of a shrunk fit that is corrected for the prior (`overcorrection`).

Letters as in `_proportional`; l = log(rho_1/rho_0), and p the probability at this logit.
"""

from __future__ import annotations

from typing import Any

from sympy import S, Symbol, solve

from mlbalance.derivations.engine import Derivation, Step, computed, equal_at
from mlbalance.derivations.proofs._proportional import (
    SIGN,
    V,
    equations_step,
    m,
    over_classes,
    rho,
    s,
)


def overcorrection() -> Derivation:
    """The corrected boundary of a shrunk fit (label `overcorrection`)."""
    start = equations_step(
        ("logistic-loss", "strong-ridge"),
        "As lambda grows margins do not vary to first order; the equations are smooth at "
        "1/lambda = 0.",
    )
    scope = "two isotropic classes of one sigma, logistic loss without weights"
    return Derivation("overcorrection", scope, (start, *_shrunk()))


def overcorrection_expression() -> Any:
    """Intercept over m of the unweighted logistic fit with prior correction, ridge growing."""
    return rho[0] - rho[1]


def _shrunk() -> tuple[Step, ...]:
    p = rho[1] / (rho[1] + rho[0])
    move, at = Symbol("b'", real=True), Symbol("mu' x", real=True)
    pulls = {1: 1 - p, 0: p}
    margins = {k: m + SIGN[k] * move + V * pulls[k] for k in (1, 0)}
    balance = over_classes(lambda k: SIGN[k] * rho[k] * (pulls[k] - p * (1 - p) * margins[k]))
    (found,) = solve(balance, move)
    return (
        computed(
            "Unweighted logistic loss, ridge growing, logits near l: at l the pulls 1 - p and p "
            "of the classes balance,",
            rho[1] * pulls[1] - rho[0] * pulls[0],
            S.Zero,
            name=r"\rho_{1} (1 - p) - \rho_{0} p",
            key="pulls",
        ),
        computed(
            "and to first order b = l + b' balances rho_k times the mean margins m + y b' + V g_k, "
            "as both classes have one curvature p (1 - p). V drops out: b' of the corrected fit is "
            "not zero.",
            found,
            m * overcorrection_expression(),
            name="b'",
            key="excess",
            check=equal_at({rho[0]: 1 - rho[1]}),
        ),
        computed(
            "The boundary, where m mu' x/s^2 + b' is zero, is at the mean of all rows, rho_1 mu - "
            "rho_0 mu, instead of the midpoint: too far into the larger class.",
            solve(m * at / s**2 + m * overcorrection_expression(), at)[0],
            rho[1] * s**2 - rho[0] * s**2,
            name=r"\mu' x",
            key="boundary",
        ),
    )
