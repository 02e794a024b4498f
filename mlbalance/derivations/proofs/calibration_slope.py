"""Log odds given a logit, in proportion (`calibration-slope`).

Letters as in `_proportional`: the logit of a new row is normal with mean b + m in class 1 and b - m
in class 0, variance sigma_k^2 q; pi is the share of class 1 among new rows.
"""

from __future__ import annotations

from typing import Any

from sympy import S, Symbol, log

from mlbalance.derivations.engine import Derivation, Step, computed
from mlbalance.derivations.proofs._proportional import SIGN, b, equations_step, m, q, rho

z = Symbol("z", real=True)
pi = Symbol("pi", positive=True)
shift = Symbol("a", real=True)


def _slope() -> Any:
    return 2 * m / q


def calibration_expressions() -> dict[str, Any]:
    """`slope` and `intercept` of the log odds in the logit at balanced prior, in m, q, b."""
    return {"slope": _slope(), "intercept": -_slope() * b}


def calibration_slope() -> Derivation:
    """Log odds given the logit (label `calibration-slope`)."""
    scope = "two classes; any convex loss, weights and ridge, with m, b, q of the fit"
    start = equations_step(("two-classes",))
    return Derivation("calibration-slope", scope, (start, *_log_odds(), *_priors()))


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
            "Slope: one where calibrated, above one where the fit is underconfident.",
            odds.diff(z),
            claimed["slope"],
            name=r"\text{slope}",
            key="slope",
        ),
        computed(
            "Intercept: positive where b is against class 1.",
            odds.subs(z, 0),
            claimed["intercept"],
            name=r"\text{intercept}",
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
            "rises by the factor q/q_B.",
            _slope().subs(q, Symbol("q_B")) / _slope(),
            q / Symbol("q_B"),
            name=r"(2 m/q_{B})/(2 m/q)",
            key="bags",
        ),
    )
