"""Paired differences over folds, with simultaneous intervals.

Values of one method on J folds share training rows. As Nadeau & Bengio (2003) the covariance of two
folds is taken to be N_test / (N_test + N_train) of the variance, so that the variance of a mean is
(1/J + N_test/N_train) times the sample variance: `dependence` in `simulation.performance`.

Intervals of M differences are simultaneous: mean -/+ c * error, with c the quantile of the largest
|t| of M normal samples of J folds that have the correlations of the differences, each t with an
estimated error of its own. The dependence of folds cancels in t. c is at most that of Bonferroni.

Letters: J folds, M methods.
"""

from __future__ import annotations

import numpy as np

from mlbalance.inputs import FloatArray

__all__ = ["critical_value", "critical_values", "mean_ranks"]

_DRAWS = 20_000
_FLOATS = 2**22
"""Normal numbers drawn at a time."""


def critical_value(
    differences: FloatArray, rng: np.random.Generator, *, level: float = 0.95
) -> float:
    """Critical value of the largest |t| of several paired differences.

    Parameters
    ----------
    differences
        (J, M) differences on J folds.
    rng
        Generator of the normal samples.
    level
        Probability with which all intervals cover.

    Returns
    -------
    The quantile; infinite for fewer than two folds, NaN without a difference that varies.
    """
    from scipy.stats import t

    J = len(differences)
    if J < 2:
        return np.inf
    centred = differences - differences.mean(axis=0)
    sizes = np.sqrt((centred**2).sum(axis=0))
    vary = sizes > 0
    if not vary.any():
        return np.nan
    # Independent normal numbers times this have the correlations of the differences.
    _, scales, basis = np.linalg.svd(centred[:, vary] / sizes[vary], full_matrices=False)
    root = scales[:, None] * basis
    largest = []
    at_once = max(1, _FLOATS // (J * root.shape[1]))
    for start in range(0, _DRAWS, at_once):
        draws = rng.standard_normal((min(at_once, _DRAWS - start), J, len(root))) @ root
        ratio = draws.mean(axis=1) / draws.std(axis=1, ddof=1)
        largest.append(np.sqrt(J) * np.abs(ratio).max(axis=1))
    found = float(np.quantile(np.concatenate(largest), level))
    return min(found, float(t.isf((1 - level) / 2 / vary.sum(), J - 1)))


def critical_values(
    differences: FloatArray, rng: np.random.Generator, *, level: float = 0.95
) -> FloatArray:
    """Critical value of each of several paired differences, some of which may lack folds.

    Parameters
    ----------
    differences
        (J, M) differences on J folds; NaN where a fold is missing.
    rng, level
        As of `critical_value`.

    Returns
    -------
    (M,) that of all at once; where folds are missing, that of Bonferroni for the folds of each.
    """
    from scipy.stats import t

    here = ~np.isnan(differences)
    if here.all():
        return np.full(here.shape[1], critical_value(differences, rng, level=level))
    folds, M = here.sum(axis=0), here.shape[1]
    return np.where(folds < 2, np.inf, t.isf((1 - level) / 2 / M, np.maximum(folds - 1, 1)))


def mean_ranks(values: FloatArray) -> FloatArray:
    """Mean of the ranks of methods, 1 for the least value, ties averaged.

    Parameters
    ----------
    values
        (J, M) values on J folds; NaN where a fold is missing.

    Returns
    -------
    (M,) ranks on the folds of which none is missing; NaN without any.
    """
    from scipy.stats import rankdata

    whole = values[~np.isnan(values).any(axis=1)]
    if not len(whole):
        return np.full(values.shape[1], np.nan)
    return np.asarray(rankdata(whole, axis=1).mean(axis=0))
