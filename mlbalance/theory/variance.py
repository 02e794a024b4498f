"""Variance of the weighted score: with counts fixed, given the data, and over random counts."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray, InputError, as_counts, as_data, as_prior
from mlbalance.schemes import Scheme
from mlbalance.theory.moments import Moments

__all__ = [
    "conditional_variance",
    "random_counts_variance",
    "reciprocal_counts",
    "score_variance",
    "summed_variance",
]

_NEGLIGIBLE = 1e-60
"""Poisson probabilities below this share of the largest are left out."""


def score_variance(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> FloatArray:
    """Variance J_W (p, p) of the weighted score with counts fixed, exact at every theta.

    sum_k tau_k^2 (1 + c_k^2) V_k / n_k (label `score-variance`), and where class totals T_k are
    random sum_kl Cov(T_k, T_l) mu_k mu_l' more (label `random-totals`). J_W is this sum everywhere
    in `theory`.

    Parameters
    ----------
    m : Moments
        At theta; their prior does not enter.
    scheme : Scheme
        Weights that depend on labels only.
    counts : array (K,)
        Rows per class.

    Returns
    -------
    array (p, p)
        On contrasts against class 0.

    Raises
    ------
    CountsError, InputError
        For counts that are not positive, or of other classes than the moments'.
    """
    n_k = as_counts(counts, "A score variance")
    if n_k.size != len(m.score_mean):
        raise InputError(f"The moments are of {len(m.score_mean)} classes; counts of {n_k.size}.")
    w = scheme.moments(n_k)
    return summed_variance(w.squares(n_k), m.score_cov, w.total_cov, m.score_mean)


def summed_variance(
    within: FloatArray, covs: FloatArray, between: FloatArray, means: FloatArray
) -> FloatArray:
    """sum_k within_k covs_k + sum_kl between_kl means_k means_l' (p, p), the variance of a sum."""
    return np.asarray(np.tensordot(within, covs, axes=1) + means.T @ between @ means)


def conditional_variance(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    theta: npt.ArrayLike,
    scheme: Scheme,
    *,
    offset: npt.ArrayLike | None = None,
) -> FloatArray:
    """Variance (p, p) of the weighted score given the data: the noise of the scheme alone.

    sum_k tau_k^2 c_k^2 S_k^2 / n_k, with S_k^2 the squares of the scores about their class mean,
    divisor n_k - 1; a class of one row contributes nothing (label `conditional-variance`). Where
    totals T_k are random, tau_k^2 c_k^2 loses Var T_k and the class means m_k of the scores add
    sum_kl Cov(T_k, T_l) m_k m_l'. Exact for every scheme of `mlbalance.schemes`, all of which treat
    the rows of a class alike.

    Parameters
    ----------
    X : array (n, d)
    y : array (n,)
        Labels 0..K-1.
    theta : array (K, 1 + d)
    scheme : Scheme
    offset : array (K,) or (n, K), optional
        Added to the logits.

    Returns
    -------
    array (p, p)
        On contrasts against class 0.

    Raises
    ------
    DataError, CountsError
        For arrays that are not one data set, or a class without rows.
    """
    theta = np.asarray(theta, dtype=float)
    data = as_data(X, y, n_classes=len(theta) if theta.ndim == 2 else None)
    if data.X.ndim != 2 or data.y.ndim != 1 or theta.ndim != 2:
        raise DataError("A conditional variance is of one data set: X (n, d), y (n,), theta (K, q)")
    n_k = as_counts(np.bincount(data.y, minlength=data.n_classes), "A conditional variance")
    s = softmax.row_scores(theta, data.X, data.y, offset=offset)[:, 1:].reshape(data.y.size, -1)
    w = scheme.moments(n_k)
    means = np.stack([s[data.y == k].mean(axis=0) for k in range(n_k.size)])
    away = [s[data.y == k] - mean for k, mean in enumerate(means)]
    covs = np.stack([own.T @ own / len(own) for own in away])
    return summed_variance(w.noise(n_k), covs, w.total_cov, means)


def random_counts_variance(
    m: Moments, priors: npt.ArrayLike, n: int, prior: npt.ArrayLike | None = None
) -> FloatArray:
    """Variance (p, p) of the class-weighted score when the counts are random.

    The counts are those of n independent rows, given that every class has one; weights are
    tau_k/n_k. sum_k tau_k^2 E[1/n_k] V_k, exactly at any theta and without a between-class term
    (label `random-counts`).

    Parameters
    ----------
    m : Moments
        At theta; their prior does not enter.
    priors : array (K,)
        Probability of each class in the population.
    n : int
        Number of rows.
    prior : array (K,), optional
        Target prior tau; uniform by default.

    Returns
    -------
    array (p, p)
        On contrasts against class 0.

    Raises
    ------
    PriorError, InputError
        For priors that are not one positive probability per class, or fewer rows than classes.
    """
    tau = as_prior(prior, len(m.score_cov))
    reciprocal = reciprocal_counts(priors, n)
    if reciprocal.size != tau.size:
        raise InputError(f"The moments are of {tau.size} classes; priors of {reciprocal.size}.")
    result: FloatArray = np.tensordot(tau**2 * reciprocal, m.score_cov, axes=1)
    return result


def reciprocal_counts(priors: npt.ArrayLike, n: int) -> FloatArray:
    """E[1/n_k] (K,) of the multinomial counts of n rows, given that every class has one.

    Multinomial counts are independent Poisson ones given their sum, so it is a sum of products of
    Poisson probabilities, all positive: exact to rounding, in time of order K n.

    Parameters
    ----------
    priors : array (K,)
        Probability of each class in the population.
    n : int
        Number of rows.

    Returns
    -------
    array (K,)

    Raises
    ------
    PriorError, InputError
        For priors that are not one positive probability per class, or fewer rows than classes.
    """
    pi = as_prior(priors, np.size(priors))
    if n != int(n) or n < pi.size:
        raise InputError(f"Counts of {pi.size} classes, all present, need n >= {pi.size}; got {n}.")
    t = np.arange(int(n) + 1)
    present = np.stack([_poisson(t, n * p) for p in pi])
    together = present * _sums_of_others(present)[:, ::-1]
    result: FloatArray = (together / np.maximum(t, 1)).sum(axis=1) / together.sum(axis=1)
    return result


def _poisson(t: npt.NDArray[np.int64], mean: float) -> FloatArray:
    """Poisson probabilities of t, that of zero left out; up to a factor, the largest being one."""
    from scipy.special import gammaln

    log_p = t * np.log(mean) - gammaln(t + 1)
    p = np.exp(log_p - log_p[1:].max())
    p[0] = 0.0
    return np.asarray(p, dtype=float)


class _Window(NamedTuple):
    """Distribution on first, first + 1, ...: what lies outside is below rounding."""

    first: int
    mass: FloatArray

    def __add__(self, other: object) -> _Window:
        """Distribution of the sum of two independent variables."""
        if not isinstance(other, _Window):
            return NotImplemented
        return _Window(self.first + other.first, np.convolve(self.mass, other.mass))


def _sums_of_others(each: FloatArray) -> FloatArray:
    """Distribution (K, n + 1) of the sum of all counts but one, given those of `each` (K, n + 1).

    Up to a factor.
    """
    windows = []
    for own in each:
        kept = np.flatnonzero(own > _NEGLIGIBLE)
        windows.append(_Window(int(kept[0]), own[kept[0] : kept[-1] + 1]))
    none = _Window(0, np.ones(1))
    before = list(accumulate(windows[:-1], _Window.__add__, initial=none))
    after = list(accumulate(windows[:0:-1], _Window.__add__, initial=none))[::-1]
    result = np.zeros_like(each)
    for k, (left, right) in enumerate(zip(before, after, strict=True)):
        first, mass = left + right
        end = min(first + mass.size, each.shape[1])
        result[k, first:end] = mass[: end - first]
    return result
