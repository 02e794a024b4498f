"""A rare class against many rows of the other: which rows to keep, and what the slopes tend to.

Two classes, class 1 the rare one, with logit alpha + x'slopes. Letters: t = e^(x'slopes),
z = (1, x), n rows with features of the rule's distribution, q the share of the controls that is
kept. Covariances are of (intercept, slopes), p = 1 + d numbers, with random counts: fixed ones only
take a term off the intercept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, InputError
from mlbalance.populations import Rule
from mlbalance.softmax import log_probabilities

__all__ = [
    "LocalCaseControl",
    "RareLimit",
    "TiltedSlopes",
    "break_even_controls",
    "local_case_control",
    "rare_limit",
    "tilted_slopes",
]

_NODES, _REACH = 2001, 15.0
_LARGEST_SEPARATION = 10.0
_LARGEST_EXPONENT = 1e3


class RareLimit(NamedTuple):
    """Covariances (p, p) of four fits in units of 1 / (n e^alpha), in increasing Loewner order."""

    mle: FloatArray
    """All rows, unweighted."""
    reweighted: FloatArray
    """All rows, controls weighted by q: with c = 1 / E t in the limit, balanced weighting."""
    undersampled: FloatArray
    """A share q of the controls, with the offset that corrects for it."""
    inverse_probability: FloatArray
    """The same controls, weighted by 1 / q."""


def rare_limit(rule: Rule, slopes: npt.ArrayLike, c: float, odds: float = 0.0) -> RareLimit:
    """Covariances of four fits to a correctly specified model when class 1 is rare.

    Label `rare-limit`. Undersampling keeps 1 / (c E t) controls per case.

    Parameters
    ----------
    rule : Rule
        Features of the rows; in the limit those of the controls.
    slopes : array (d,)
        True slopes.
    c : float
        e^alpha / q, above zero.
    odds : float
        e^alpha, zero in the limit; above it the formulas are those of large n at this alpha.

    Returns
    -------
    RareLimit

    Raises
    ------
    InputError
        For a c that is not above zero or not at least `odds` (then q > 1).
    DataError
        For slopes of another shape.
    """
    t, z = _tilts(rule, slopes)
    if not (np.isfinite(c) and c > 0 and 0 <= odds <= c):
        raise InputError(
            f"c = e^alpha / q must be above zero and at least the odds e^alpha; given c = {c} and "
            f"odds = {odds}."
        )
    kept, all_rows = 1 + c * t, 1 + odds * t

    def mean(value: FloatArray) -> FloatArray:
        return _second_moments(z, rule.weights * value)

    info, bread = mean(t / all_rows**2), mean(t / (kept * all_rows))
    return RareLimit(
        _inverse(info),
        _sandwich(bread, mean(t / kept**2)),
        _inverse(bread),
        _sandwich(info, mean(t * kept / all_rows**3)),
    )


def break_even_controls(separation: float, *, across: bool = False) -> float:
    """Controls per case r* from which an undersample beats balanced weighting of all rows.

    Undersampling with offset, in the rare limit, for a slope between two Gaussian classes of
    identity covariance (label `break-even`).

    Parameters
    ----------
    separation : float
        Distance of the means in standard deviations, from 0 to 10.
    across : bool
        Whether the slope is across the separation, where r* is about 4/separation^2 + 4 if that is
        small, or along it, 2/separation^2 + 4.

    Returns
    -------
    float
        Infinite without separation.

    Raises
    ------
    InputError
        For a separation that is negative or above 10.
    """
    from scipy.optimize import brentq

    if not 0 <= separation <= _LARGEST_SEPARATION:
        raise InputError(
            f"A separation must lie in 0..{_LARGEST_SEPARATION:g}; it is {separation}."
        )
    if separation < 1e-3:
        # The first two terms of its expansion, where the quadrature would lose it to rounding.
        return float("inf") if separation == 0 else (4 if across else 2) / separation**2 + 4
    # Controls at minus half the separation, so that t has mean one; equal steps are as good as
    # exact for what is bounded by the overlap of the classes. Of a feature across the separation
    # its mean and variance are all that counts, so it is 1 or -1.
    x = np.linspace(-_REACH, _REACH, _NODES)
    mass = np.exp(-((x + separation / 2) ** 2) / 2)
    points = np.column_stack([np.tile(x, 2), np.repeat([1.0, -1.0], x.size)])
    controls = Rule(points, np.tile(mass, 2) / (2 * mass.sum()))
    slopes, own = [separation, 0.0], 2 if across else 1
    goal = rare_limit(controls, slopes, 1.0).reweighted[own, own]

    def excess(c: float) -> float:
        return float(rare_limit(controls, slopes, c).undersampled[own, own] - goal)

    return float(1 / brentq(excess, 1e-8, 1.0, xtol=1e-15, rtol=1e-13))


class TiltedSlopes(NamedTuple):
    """Limit of the fit of finitely many cases against ever more controls."""

    slopes: FloatArray
    """(d,) limit of the slopes."""
    controls: float
    """Limit of n_0 e^alpha per case."""


def tilted_slopes(rule: Rule, case_mean: npt.ArrayLike, max_iter: int = 200) -> TiltedSlopes:
    """Slopes that tilt the majority to the mean of the cases (label `owen`).

    They solve E_0[x t] / E_0[t] = mean of the cases.

    Parameters
    ----------
    rule : Rule
        Features of the majority.
    case_mean : array (d,)
        Mean features of the cases.
    max_iter : int
        Newton steps.

    Returns
    -------
    TiltedSlopes

    Raises
    ------
    DataError
        For a mean of another shape, or that the points of the rule do not surround: slopes then
        grow without bound.
    """
    goal = np.asarray(case_mean, dtype=float)
    if goal.shape != rule.points.shape[1:]:
        raise DataError(
            f"The mean of the cases needs shape {rule.points.shape[1:]}; it has {goal.shape}."
        )
    away, beta = rule.points - goal, np.zeros(goal.size)
    for _ in range(max_iter):
        step, fall = _tilting_step(rule, away, beta)
        beta = beta - _step_length(rule, away, beta, step, fall) * step
        if not np.abs(away @ beta).max() <= _LARGEST_EXPONENT:
            break
        if fall < 1e-24 * (1 + np.abs(goal).max() ** 2):
            return TiltedSlopes(beta, float(np.exp(-_cumulant(rule, away, beta) - goal @ beta)))
    raise DataError(
        "No slopes tilt the majority to the mean of the cases: its points do not surround it. "
        "Use a ridge, or a distribution of the majority with more spread."
    )


class LocalCaseControl(NamedTuple):
    """Covariances (p, p) per row of the data: divide them by n."""

    covariance: FloatArray
    """Of the fit to the accepted rows."""
    mle: FloatArray
    """Of the unweighted fit to all rows."""
    accepted: float
    """Expected share of the rows that is accepted."""


def local_case_control(
    rule: Rule,
    theta: npt.ArrayLike,
    c: float = 1.0,
    pilot: npt.ArrayLike | None = None,
) -> LocalCaseControl:
    """First-order covariance under local case-control sampling, model correctly specified.

    A row is accepted with probability min(1, c |y - p|), p its pilot probability, and weighs
    max(1, c |y - p|); the fit has minus the pilot's logits as offset (label `lcc`).

    Parameters
    ----------
    rule : Rule
        Features of a row of either class.
    theta : array (1 + d,)
        True intercept and slopes.
    c : float
        Acceptance constant, above zero.
    pilot : array (1 + d,), optional
        Coefficients of the pilot, independent of the data; the true ones by default.

    Returns
    -------
    LocalCaseControl

    Raises
    ------
    InputError
        For a c that is not above zero.
    """
    truth = np.asarray(theta, dtype=float)
    guess = truth if pilot is None else np.asarray(pilot, dtype=float)
    if not (np.isfinite(c) and c > 0):
        raise InputError(f"The acceptance constant c must be above zero; it is {c}.")
    z = np.column_stack([np.ones(len(rule.points)), rule.points])
    p, guessed = _probability(z @ truth), _probability(z @ guess)
    one, other = c * p * (1 - guessed), c * (1 - p) * guessed
    P = one / (one + other)
    heavy_one, heavy_other = np.maximum(1, c * (1 - guessed)), np.maximum(1, c * guessed)
    spread = one * heavy_one * (1 - P) ** 2 + other * heavy_other * P**2
    return LocalCaseControl(
        _sandwich(
            _second_moments(z, rule.weights * (one + other) * P * (1 - P)),
            _second_moments(z, rule.weights * spread),
        ),
        _inverse(_second_moments(z, rule.weights * p * (1 - p))),
        float(rule.weights @ (one / heavy_one + other / heavy_other)),
    )


def _tilts(rule: Rule, slopes: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    given = np.asarray(slopes, dtype=float)
    if given.shape != rule.points.shape[1:]:
        raise DataError(f"Slopes need shape {rule.points.shape[1:]}; they have {given.shape}.")
    return np.exp(rule.points @ given), np.column_stack([np.ones(len(rule.points)), rule.points])


def _second_moments(z: FloatArray, weights: FloatArray) -> FloatArray:
    return (z.T * weights) @ z


def _sandwich(bread: FloatArray, meat: FloatArray) -> FloatArray:
    half = np.linalg.solve(bread, meat)
    return np.asarray(np.linalg.solve(bread, half.T), dtype=float)


def _inverse(matrix: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.inv(matrix), dtype=float)


def _probability(logit: FloatArray) -> FloatArray:
    return np.exp(log_probabilities(np.stack([np.zeros_like(logit), logit], axis=-1)))[:, 1]


def _tilting_step(rule: Rule, away: FloatArray, beta: FloatArray) -> tuple[FloatArray, float]:
    """Newton step of the convex cumulant, and its first-order fall along it."""
    share = np.exp(log_probabilities(_exponents(rule, away, beta)))
    gradient = share @ away
    spread = (away - gradient).T @ ((away - gradient) * share[:, None])
    step = np.asarray(np.linalg.lstsq(spread, gradient, rcond=None)[0], dtype=float)
    return step, float(gradient @ step)


def _step_length(
    rule: Rule, away: FloatArray, beta: FloatArray, step: FloatArray, fall: float
) -> float:
    """Share of the step that lowers the cumulant, but for rounding."""
    value, size = _cumulant(rule, away, beta), 1.0
    slack = 1e-14 * (1 + abs(value))
    while size > 1e-10 and not (
        _cumulant(rule, away, beta - size * step) <= value - 1e-4 * size * fall + slack
    ):
        size /= 2
    return size


def _exponents(rule: Rule, away: FloatArray, beta: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore"):
        return away @ beta + np.log(rule.weights)


def _cumulant(rule: Rule, away: FloatArray, beta: FloatArray) -> float:
    """Log of E_0 e^(x'beta) less beta' times the mean of the cases."""
    exponent = _exponents(rule, away, beta)
    top = exponent.max()
    return float(top + np.log(np.exp(exponent - top).sum()))
