"""The score's variance given the data, and over random counts."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray, InputError, as_counts, as_data, as_prior
from mlbalance.schemes import Scheme
from mlbalance.theory.moments import Moments, summed_variance

__all__ = ["conditional_variance", "random_counts_variance", "reciprocal_counts"]

_NEGLIGIBLE = 1e-60
"""Poisson probabilities below this share of the largest are left out."""


def conditional_variance(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    theta: npt.ArrayLike,
    scheme: Scheme,
    *,
    offset: npt.ArrayLike | None = None,
) -> FloatArray:
    """Variance (p, p) of the weighted score at theta given the data: the scheme's own noise.

    For X (n, d), y (n,), theta (K, 1 + d) and weights that sum to one, on contrasts as
    `covariance`, sum_k tau_k^2 c_k^2 S_k^2 / n_k, with S_k^2 centred at the class mean of the
    scores, divisor n_k - 1; a class of one row contributes nothing. Exact for every scheme of
    `mlbalance.schemes`, all of which treat rows of a class alike (label `conditional-variance`);
    where totals T_k are random, tau_k^2 c_k^2 loses Var T_k and the class means m_k of the scores
    add sum_kl Cov(T_k, T_l) m_k m_l'. Raises `DataError` or `CountsError` for bad data.
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
    """Variance E J_w (p, p) of the class-weighted score when the counts are random.

    They are those of n independent rows whose classes have `priors` (K,) in the population, given
    that every class has a row; weights are tau_k/n_k with the target `prior` (K,), uniform if not
    given. sum_k tau_k^2 E[1/n_k] V_k, exactly at any theta and without a between-class term
    (label `random-counts`). Raises `PriorError` or `InputError` for bad arguments.
    """
    tau = as_prior(prior, len(m.score_cov))
    reciprocal = reciprocal_counts(priors, n)
    if reciprocal.size != tau.size:
        raise InputError(f"The moments are of {tau.size} classes; priors of {reciprocal.size}.")
    result: FloatArray = np.tensordot(tau**2 * reciprocal, m.score_cov, axes=1)
    return result


def reciprocal_counts(priors: npt.ArrayLike, n: int) -> FloatArray:
    """E[1/n_k] (K,) of multinomial counts of n rows given that every class has one.

    Multinomial counts are independent Poisson ones given their sum, so it is a sum of products of
    Poisson probabilities, all positive: exact to rounding, in time of order K n. Raises
    `PriorError` for priors (K,) that are none, `InputError` for fewer rows than classes.
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
    """A law on first, first + 1, ...: what lies outside is beyond rounding."""

    first: int
    mass: FloatArray

    def __add__(self, other: object) -> _Window:
        """Law of the sum of two independent variables."""
        if not isinstance(other, _Window):
            return NotImplemented
        return _Window(self.first + other.first, np.convolve(self.mass, other.mass))


def _sums_of_others(laws: FloatArray) -> FloatArray:
    """(K, n + 1) law of the sum of all counts but one, up to a factor, for laws (K, n + 1)."""
    windows = []
    for law in laws:
        kept = np.flatnonzero(law > _NEGLIGIBLE)
        windows.append(_Window(int(kept[0]), law[kept[0] : kept[-1] + 1]))
    none = _Window(0, np.ones(1))
    before = list(accumulate(windows[:-1], _Window.__add__, initial=none))
    after = list(accumulate(windows[:0:-1], _Window.__add__, initial=none))[::-1]
    result = np.zeros_like(laws)
    for k, (left, right) in enumerate(zip(before, after, strict=True)):
        first, mass = left + right
        end = min(first + mass.size, laws.shape[1])
        result[k, first:end] = mass[: end - first]
    return result
