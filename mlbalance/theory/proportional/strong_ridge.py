"""Closed forms as the ridge grows: two isotropic classes, any margin loss (label `ridge-limit`).

The fitted direction is then that of the difference of the sample means for any balanced weights or
bags, so that methods differ by their intercepts and by how many rows are behind the means.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, as_counts

__all__ = ["StrongRidge", "flip_boundary", "strong_ridge"]


class StrongRidge(NamedTuple):
    """Class errors (2,) of balanced fits as the ridge grows."""

    weighted: FloatArray
    """Class weights, at threshold zero."""
    undersampled: FloatArray
    """At threshold zero, which is its best."""
    threshold: FloatArray
    """Any weights or none at the best threshold; infinitely many under-bags at threshold zero."""

    @property
    def gain(self) -> float:
        """Balanced error of class weights less that of the undersample, at threshold zero."""
        return float((self.weighted - self.undersampled).mean())


def strong_ridge(counts: npt.ArrayLike, n_features: float, separation: float) -> StrongRidge:
    """Class errors of N(-mu, I) and N(mu, I) in d features as n, d and then the ridge grow.

    Class weights move the boundary by beta = d (1 / n_min - 1 / n_maj) / 2 against the rarer class
    (labels `ridge-limit`, `ridge-limit-bags`).

    Parameters
    ----------
    counts : array (2,)
        Rows per class.
    n_features : float
        d.
    separation : float
        Distance |2 mu| of the means.

    Returns
    -------
    StrongRidge

    Raises
    ------
    CountsError, DataError
        Unless there are two classes, counts and features above zero and a separation from zero on.
    """
    n_k = as_counts(counts, "A strong ridge")
    if n_k.size != 2 or not 0 < n_features < np.inf or not 0 <= separation < np.inf:
        raise DataError(
            "The closed forms hold for two classes, a positive number of features and a separation "
            f"from 0 on; got counts {n_k.tolist()}, {n_features!r} features and separation "
            f"{separation!r}."
        )
    return _errors(n_features / n_k, separation)


def flip_boundary(separation: float, ratio: float = np.inf) -> float:
    """Delta = d (1 / n_min - 1 / n_maj) beyond which undersampling has the smaller balanced error.

    At threshold zero, as the ridge grows (label `flip`). It rises with the separation, between
    4 log 2 = 2.773 and 4.875.

    Parameters
    ----------
    separation : float
        Distance of the means in standard deviations, above zero.
    ratio : float
        n_maj / n_min, above one.

    Returns
    -------
    float

    Raises
    ------
    DataError
        For a ratio that is not above one, or a separation that is not above zero.
    """
    from scipy.optimize import brentq

    if not ratio > 1 or not 0 < separation < np.inf:
        raise DataError(
            "A boundary needs a ratio of counts above one and a separation above zero; got ratio "
            f"{ratio!r} and separation {separation!r}."
        )

    def gain(log_delta: float) -> float:
        per_minor = np.exp(log_delta) / (1 - 1 / ratio)
        return _errors(np.array([per_minor / ratio, per_minor]), separation).gain

    return float(np.exp(brentq(gain, np.log(1.0), np.log(20.0), xtol=1e-12)))


def _errors(features_per_row: FloatArray, separation: float) -> StrongRidge:
    """By class; `features_per_row` is d / n_k."""
    from scipy.special import ndtr

    tilt = (features_per_row - features_per_row.mean()) / 2  # -beta / 2 and beta / 2
    signal = separation**2 / 2
    variance = separation**2 + features_per_row.sum()
    rare = separation**2 + 2 * features_per_row.max()
    return StrongRidge(
        ndtr(-(signal - 2 * tilt) / np.sqrt(variance)),
        np.full(2, ndtr(-signal / np.sqrt(rare))),
        np.full(2, ndtr(-signal / np.sqrt(variance))),
    )
