"""Intercepts, and a temperature if asked for, fitted to given logits (label `loo-intercept`).

Letters: n rows, K classes, logits z (n, K) of rows that did not fit them, weights (n,). The
corrected logits are scale * z + intercept, and the temperature is 1 / scale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray

__all__ = ["Refit", "best_scale", "pays", "refit_intercepts", "scaled_losses"]

_WIDEST = 20.0
"""Mean range of a row's logits beyond which they are not scaled up: where they separate the
classes the loss falls for ever, and near there it is flat."""

_ROUNDING = 1e-9
"""Mean range of a row's logits that is no more than the tolerance of fits: it tells nothing."""


_LEAST = 0.01
"""Least scale of `scaled_losses`. Fits whose logits need a smaller one nearly interpolate their
rows: rows left out of those agree with one another, and not with new ones."""


class Refit(NamedTuple):
    """Correction of logits: scale * z + intercept."""

    intercept: FloatArray
    """(K,), summing to zero; NaN unless the status is "converged"."""
    scale: float
    """One over the temperature, from zero on; one if none was asked for."""
    status: str
    """A key of `softmax.STATUS`."""


def refit_intercepts(
    z: FloatArray,
    codes: IntArray,
    weights: FloatArray,
    *,
    temperature: bool = False,
    apart: bool = False,
) -> Refit:
    """Intercepts, and one scale if asked for, with the least weighted log-loss.

    The least loss over intercepts is convex in the scale, so its slope changes sign at most once.
    The scale is sought from 0, the answer where logits and labels have no positive association, to
    that at which the logits of a row range over 20 on (weighted) average, the answer where the
    logits separate the classes or nearly so.

    Parameters
    ----------
    z : array (n, K)
        Logits of rows that did not fit them.
    codes : array (n,)
        Class of each row, 0..K-1.
    weights : array (n,)
    temperature : bool
        Whether to scale the logits.
    apart : bool
        Whether intercepts are those of scale one, and scaled with the logits: with a scale of their
        own they vary more, which few rows of a class do not pay for.

    Returns
    -------
    Refit
    """
    if not temperature or apart:
        fit = _at(1.0, z, codes, weights)
        moved = Refit(fit.intercept, 1.0, str(fit.status))
        if not temperature or moved.status != "converged":
            return moved
        scale = best_scale(z + moved.intercept, codes, weights)
        return Refit(scale * moved.intercept, scale, "converged")
    scale = _scale(_slope_refitted(z, codes, weights), z, weights)
    if np.isnan(scale):
        return Refit(np.full(z.shape[1], np.nan), scale, "max-iter")
    fit = _at(scale, z, codes, weights)
    return Refit(fit.intercept, scale, str(fit.status))


def best_scale(z: FloatArray, codes: IntArray, weights: FloatArray) -> float:
    """Scale of logits with the least weighted log-loss, sought as by `refit_intercepts`.

    Parameters
    ----------
    z : array (n, K)
        Logits of rows that did not fit them.
    codes : array (n,)
        Class of each row, 0..K-1.
    weights : array (n,)

    Returns
    -------
    float
        From zero on.
    """
    own = z[np.arange(len(z)), codes]

    def slope(scale: float) -> float:
        p = np.exp(softmax.log_probabilities(scale * z))
        return float(weights @ ((p * z).sum(axis=1) - own))

    return _scale(slope, z, weights)


def scaled_losses(z: FloatArray, codes: IntArray, weights: FloatArray) -> FloatArray:
    """Parts that rows have in the log-loss of logits at the best of scales from 0.01 on.

    Parameters
    ----------
    z : array (n, K)
        Logits of rows that did not fit them.
    codes : array (n,)
        Class of each row, 0..K-1.
    weights : array (n,)

    Returns
    -------
    array (n,)
        Parts, in nats.
    """
    scaled = max(best_scale(z, codes, weights), _LEAST) * z
    own: FloatArray = softmax.log_probabilities(scaled)[np.arange(len(z)), codes]
    return -weights * own


def pays(
    z: FloatArray, intercept: FloatArray, codes: IntArray, weights: FloatArray, counts: FloatArray
) -> bool:
    """Whether intercepts fitted to left-out logits are worth more than they cost.

    To second order intercepts b lower the loss by b'Jb/2, J its Hessian in the intercepts, where
    they are the best ones, and estimation with covariance C raises it by tr(J C)/2 (label
    `intercept-price`, for two classes). As b'Jb is tr(J C) too large on average, they pay where it
    exceeds 2 tr(J C). C is the sandwich of rows drawn with fixed counts; the covariance that
    left-out logits of one fit have in common is left out. (By `intercept-price` that is less than
    half of the whole covariance of two isotropic classes at a strong ridge.)

    Parameters
    ----------
    z : array (n, K)
        Logits of rows that did not fit them.
    intercept : array (K,)
        That `refit_intercepts` found at scale one.
    codes : array (n,)
        Class of each row, 0..K-1.
    weights : array (n,)
        Above zero.
    counts : array (K,)
        Rows of each class, copies counted.

    Returns
    -------
    bool
    """
    p = np.exp(softmax.log_probabilities(z + intercept))
    K = p.shape[1]
    J = np.diag(weights @ p) - (p.T * weights) @ p
    C = np.zeros((K, K))
    for k, n_k in enumerate(counts):
        own = codes == k
        score, share = p[own] - np.eye(K)[k], weights[own] / weights[own].sum()
        apart = score - share @ score
        C += weights[own].sum() ** 2 * (apart.T * share) @ apart / max(n_k - 1, 1)
    # tr(J J^+ C J^+), J being singular in the direction of ones.
    price = float(np.trace(np.linalg.pinv(J, rcond=1e-12, hermitian=True) @ C))
    return bool(intercept @ J @ intercept > 2 * price)


def _at(scale: float, z: FloatArray, codes: IntArray, weights: FloatArray) -> softmax.Fit:
    none = np.empty((len(z), 0))
    return softmax.fit(none, codes, weights, n_classes=z.shape[1], offset=scale * z)


def _slope_refitted(
    z: FloatArray, codes: IntArray, weights: FloatArray
) -> Callable[[float], float]:
    """Derivative in the scale of the least loss: intercepts at their best do not enter it."""
    own = z[np.arange(len(z)), codes]

    def slope(scale: float) -> float:
        fit = _at(scale, z, codes, weights)
        p = np.exp(softmax.log_probabilities(scale * z + fit.intercept))
        return float(weights @ ((p * z).sum(axis=1) - own))

    return slope


def _scale(slope: Callable[[float], float], z: FloatArray, weights: FloatArray) -> float:
    """Root of an increasing slope; NaN where the intercepts of some scale could not be fitted."""
    from scipy.optimize import brentq

    spread = float(weights @ np.ptp(z, axis=1) / weights.sum())
    if spread <= _ROUNDING or slope(0.0) >= 0:
        return 0.0
    largest = _WIDEST / spread
    if slope(largest) <= 0:
        return largest
    try:
        return float(brentq(slope, 0.0, largest, xtol=1e-12 * largest))
    except ValueError:  # of a slope that is NaN
        return float("nan")
