"""How far logits are from log odds in proportion (`calibration-slope`, `overcorrection`).

Letters as in `proportional`: the logit of a new row is normal with mean b + m in class 1 and b - m
in class 0, variance sigma_k^2 q; pi is the share of class 1 among new rows.
"""

from __future__ import annotations

from typing import Any

from sympy import S, Symbol, log, solve, symbols

from mlbalance.derivations import Derivation, Step, computed
from mlbalance.derivations.checks import equal_at
from mlbalance.derivations.proportional import (
    SIGN,
    V,
    b,
    equations_step,
    m,
    over_classes,
    q,
    rho,
    s,
    sigma,
)

__all__ = [
    "calibration_expressions",
    "calibration_slope",
    "overcorrection",
    "overcorrection_expression",
]

z = Symbol("z", real=True)
pi, shared = symbols("pi sigma", positive=True)
shift = Symbol("a", real=True)


def _slope() -> Any:
    return 2 * m / q


def calibration_expressions() -> dict[str, Any]:
    """`slope` and `intercept` of the log odds in the logit at balanced prior, in m, q, b."""
    return {"slope": _slope(), "intercept": -_slope() * b}


def calibration_slope() -> Derivation:
    """Log odds given the logit (label `calibration-slope`)."""
    scope = "two classes; any convex loss, weights and ridge, with m, b, q of the fit"
    law = equations_step(("two-classes",))
    return Derivation("calibration-slope", scope, (law, *_log_odds(), *_priors(), *_unequal()))


def overcorrection() -> Derivation:
    """The corrected boundary of a shrunk fit (label `overcorrection`)."""
    law = equations_step(
        ("logistic-loss", "strong-ridge"),
        "As lambda grows margins do not vary to first order; the equations are smooth at "
        "1/lambda = 0.",
    )
    scope = "two isotropic classes of one sigma, logistic loss without weights"
    return Derivation("overcorrection", scope, (law, *_shrunk()))


def _log_density(k: int, deviation: Any) -> Any:
    """Log density of the logit in class k, up to a constant common to both."""
    return -((z - b - SIGN[k] * m) ** 2) / (2 * deviation**2 * q) - log(deviation)


def _odds(deviations: Any) -> Any:
    return _log_density(1, deviations[1]) - _log_density(0, deviations[0])


def _log_odds() -> tuple[Step, ...]:
    odds = _odds({1: 1, 0: 1})
    claimed = calibration_expressions()
    return (
        computed(
            "One sigma, sigma_k = 1, and a balanced prior: the log odds given the logit are linear "
            "in it, exactly.",
            odds,
            _slope() * (z - b),
            name=r"\log P(1 | z)/P(0 | z)",
            key="log-odds",
        ),
        computed(
            "Slope: calibrated is one, above it the fit is not sure enough.",
            odds.diff(z),
            claimed["slope"],
            name="slope",
            key="slope",
        ),
        computed(
            "Intercept: positive where b is against class 1.",
            odds.subs(z, 0),
            claimed["intercept"],
            name="intercept",
            key="intercept",
        ),
        computed(
            "So a threshold at z = b is best, where the odds are even.",
            odds.subs(z, b),
            S.Zero,
            name=r"\log P(1 | b)/P(0 | b)",
            key="threshold",
        ),
    )


def _priors() -> tuple[Step, ...]:
    odds = _odds({1: 1, 0: 1})
    prior = log(rho[1] / rho[0])
    return (
        computed(
            "Another share pi of class 1 among new rows moves the intercept by its log odds and "
            "leaves the slope.",
            odds + log(pi / (1 - pi)),
            _slope() * z - _slope() * b + log(pi / (1 - pi)),
            name=r"\log P_{\pi}(1 | z)/P_{\pi}(0 | z)",
            key="prior",
        ),
        computed(
            "Prior correction of the unweighted fit, z' = z - l with l = log(rho_1/rho_0): the "
            "slope stays, and the intercept is right only if b = l.",
            odds.subs(z, shift + prior),
            _slope() * shift - _slope() * (b - prior),
            name=r"\log P(1 | z')/P(0 | z')",
            key="correction",
            short={shift: Symbol("z'"), prior: Symbol("l")},
        ),
        computed(
            "Averaging B bags keeps m and b and lowers q to q_B (label under-bagging): the slope "
            "rises by q/q_B.",
            _slope().subs(q, Symbol("q_B")) / _slope(),
            q / Symbol("q_B"),
            name=r"(2 m/q_{B})/(2 m/q)",
            key="bags",
        ),
    )


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
            "and to first order b = l + b' balances mean margins m + y b' + V g, as both classes "
            "have one curvature p (1 - p). V drops out: b' of the corrected fit is not zero.",
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


def _unequal() -> tuple[Step, ...]:
    return (
        computed(
            "With unequal sigma the log odds bend, and no slope and intercept calibrate them.",
            _odds(sigma).diff(z, 2),
            (1 / sigma[0] ** 2 - 1 / sigma[1] ** 2) / q,
            name=r"\partial^{2} (\log P(1 | z)/P(0 | z))/\partial z^{2}",
            key="unequal",
        ),
    )
