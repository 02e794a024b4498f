"""Moments of random weights: the record, and those of draws with replacement."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray, IntArray

__all__ = [
    "Distribution",
    "WeightMoments",
    "binomial",
    "binomial_cubes",
    "inclusion_probability",
]

Distribution = tuple[FloatArray, FloatArray]
"""Values (m,) and their probabilities (m,)."""


class WeightMoments(NamedTuple):
    """First two moments of a scheme's weights given the counts (K classes)."""

    mean: FloatArray
    """(K,) E W_i of a row of class k; `counts @ mean == 1`."""
    cv2: FloatArray
    """(K,) squared coefficient of variation of W_i within class k."""
    total_cov: FloatArray
    """(K, K) covariance of the total weights T_k of the classes; zero where totals are fixed."""
    overlap: FloatArray
    """(K,) P(a row is in one bag | it is in another), by class; for a scheme without bags, in
    one draw given another independent draw."""

    def squares(self, counts: IntArray) -> FloatArray:
        """Expected sum of squared weights of a class, E sum_i W_i^2 = (1 + c_k^2) tau_k^2 / n_k.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) sums.
        """
        return counts * self.mean**2 * (1 + self.cv2)

    def noise(self, counts: IntArray) -> FloatArray:
        """Variance of the weighted sum of fixed numbers over the rows of a class.

        It is (tau_k^2 c_k^2 - Var T_k) / (n_k - 1) for exchangeable weights, without the part of
        the random total T_k, and zero for one row.

        Parameters
        ----------
        counts
            (K,) rows per class.

        Returns
        -------
        (K,) variances, in units of the variance of the numbers (divisor n_k).
        """
        own = (counts * self.mean) ** 2 * self.cv2 - np.diagonal(self.total_cov)
        return np.asarray(own / np.maximum(counts - 1, 1))


def inclusion_probability(p: FloatArray, draws: int | IntArray) -> FloatArray:
    """Probability 1 - (1 - p)^draws that a row is drawn at least once.

    Parameters
    ----------
    p
        (K,) probability of the row in one draw; small ones without cancellation.
    draws
        Independent draws, a number or (K,).

    Returns
    -------
    (K,) probabilities.
    """
    with np.errstate(divide="ignore"):
        return -np.expm1(draws * np.log1p(-p))


def binomial(draws: int, p: float) -> Distribution:
    """Binomial distribution.

    Parameters
    ----------
    draws
        Number of draws.
    p
        Probability, above zero.

    Returns
    -------
    Values 0, ..., draws and their probabilities.
    """
    m = np.arange(1.0, draws + 1)
    if p == 1.0:
        return np.array([float(draws)]), np.ones(1)
    log_pmf = np.cumsum(np.log((draws - m + 1) / m)) + m * np.log(p) + (draws - m) * np.log1p(-p)
    pmf = np.exp(np.concatenate([[draws * np.log1p(-p)], log_pmf]))
    return np.arange(draws + 1.0), pmf / pmf.sum()


def binomial_cubes(draws: int | IntArray, p: FloatArray, own: int) -> FloatArray:
    """Relative third moment E[X^3] / E[X]^3 of X = own + Binomial(draws, p).

    Parameters
    ----------
    draws
        A number or (K,).
    p
        (K,) probabilities.
    own
        Zero or one.

    Returns
    -------
    (K,) ratios.
    """
    mean = draws * p
    square = mean * (1 - p) + mean**2
    cube = draws * (draws - 1) * (draws - 2) * p**3 + 3 * draws * (draws - 1) * p**2 + mean
    return np.asarray((own + 3 * own * mean + 3 * own * square + cube) / (own + mean) ** 3)
