"""Intercepts, and a temperature if asked for, fitted to given logits (label `loo-intercept`).

Letters: n rows, K classes, logits z (n, K) of rows that did not fit them, weights (n,). The
corrected logits are scale * z + intercept, and the temperature is 1 / scale.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray

__all__ = ["Refit", "refit_intercepts"]

_WIDEST = 20.0
"""Mean range of a row's logits beyond which they are not scaled up: where they separate the
classes the loss falls for ever, and near there it is flat."""


class Refit(NamedTuple):
    """Correction of logits: scale * z + intercept."""

    intercept: FloatArray
    """(K,), summing to zero; NaN unless the status is "converged"."""
    scale: float
    """One over the temperature, from zero on; one if none was asked for."""
    status: str
    """A key of `softmax.STATUS`."""


def refit_intercepts(
    z: FloatArray, codes: IntArray, weights: FloatArray, *, temperature: bool = False
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

    Returns
    -------
    Refit
    """
    scale = _best_scale(z, codes, weights) if temperature else 1.0
    if np.isnan(scale):
        return Refit(np.full(z.shape[1], np.nan), scale, "max-iter")
    fit = _at(scale, z, codes, weights)
    return Refit(fit.intercept, scale, str(fit.status))


def _at(scale: float, z: FloatArray, codes: IntArray, weights: FloatArray) -> softmax.Fit:
    none = np.empty((len(z), 0))
    return softmax.fit(none, codes, weights, n_classes=z.shape[1], offset=scale * z)


def _best_scale(z: FloatArray, codes: IntArray, weights: FloatArray) -> float:
    """NaN where the intercepts of some scale could not be fitted."""
    from scipy.optimize import brentq

    own = z[np.arange(len(z)), codes]

    def slope(scale: float) -> float:
        """Derivative of the least loss: intercepts at their best do not enter it."""
        fit = _at(scale, z, codes, weights)
        p = np.exp(softmax.log_probabilities(scale * z + fit.intercept))
        return float(weights @ ((p * z).sum(axis=1) - own))

    spread = float(weights @ np.ptp(z, axis=1) / weights.sum())
    if spread == 0 or slope(0.0) >= 0:
        return 0.0
    largest = _WIDEST / spread
    if slope(largest) <= 0:
        return largest
    try:
        return float(brentq(slope, 0.0, largest, xtol=1e-12 * largest))
    except ValueError:  # of a slope that is NaN
        return float("nan")
