"""Order of logistic fits at one effective ridge (label `logistic-order`).

Fits and bags that shrink eigenspaces alike, chi/(chi + e_j), differ in m^2/q by two numbers: how
far the shares of the classes in the curvature are from those of the rows, and how far the pulls of
rows are from linear. Least squares on all rows has none of either; how the logistic fits stand to
one another is computed here, at roots of the ridge. In the settings that were searched (`make
search`) bags are above class weights only where counts are nearly equal or signals very strong.
With least squares for the logistic loss the order is that of effective sizes, for any number of
classes (label `kish-bags`). For a softmax of more than two classes, and where covariances differ,
no one effective ridge orders errors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import InputError
from mlbalance.schemes import ClassWeight, Scheme, Undersample, Unweighted
from mlbalance.theory.proportional.effective import effective_ridge, signal_to_noise
from mlbalance.theory.proportional.limit import Solution, solve
from mlbalance.theory.proportional.mixture import Mixture

__all__ = ["LogisticOrder", "fit_at", "logistic_order"]

_LOWEST = 1e-9
"""Smallest ridge that is tried, in units of the effective one."""


class LogisticOrder(NamedTuple):
    """m^2/q of fits of two classes at one effective ridge, in the order that is expected."""

    undersample: float
    """One fit of n_min rows per class; NaN where no ridge has this effective one."""
    bags: float
    """Infinitely many undersamples."""
    class_weights: float
    """All rows, each class with the same total weight."""
    unweighted: float
    """All rows alike."""
    least_squares: float
    """All rows alike, by the square loss."""


def logistic_order(
    mixture: Mixture, counts: npt.ArrayLike, n_features: float, chi: float
) -> LogisticOrder:
    """m^2/q of logistic fits and of least squares at one effective ridge.

    Parameters
    ----------
    mixture
        Two classes of one covariance.
    counts
        (2,) rows per class.
    n_features
        d
    chi
        Effective ridge, above 0, in units of the features' variance.

    Returns
    -------
    LogisticOrder
        NaN for fits that no ridge brings to this effective ridge.

    Raises
    ------
    InputError
        For more than two classes, covariances that differ, or numbers out of range.
    ConvergenceError
        Where equations were not solved.
    """
    fits = [
        fit_at(mixture, counts, n_features, scheme, chi)
        for scheme in (Undersample(), ClassWeight(), Unweighted())
    ]
    one, weighted, plain = (_ratio(fit) for fit in fits)
    best = signal_to_noise(mixture, counts, n_features, chi)
    return LogisticOrder(one, _ratio(fits[0], np.inf), weighted, plain, best)


def fit_at(
    mixture: Mixture, counts: npt.ArrayLike, n_features: float, scheme: Scheme, chi: float
) -> Solution | None:
    """Logistic fit of a scheme with a given effective ridge, the root of its nominal one.

    Parameters
    ----------
    mixture, counts, n_features, chi
        As in `logistic_order`.
    scheme
        Of one fit.

    Returns
    -------
    Solution or None
        None where every ridge has a larger effective one: rows that are separated shrink, however
        small the ridge.

    Raises
    ------
    InputError, ConvergenceError
        As `logistic_order`.
    """
    from scipy.optimize import brentq

    if not 0 < chi < np.inf:
        raise InputError(f"An effective ridge is a positive number; {chi!r} was given.")
    solved: dict[float, Solution] = {}

    def excess(log_ridge: float) -> float:
        if log_ridge not in solved:
            ridge = float(np.exp(log_ridge))
            solved[log_ridge] = solve(mixture, counts, n_features, scheme, ridge=ridge)
        return float(np.log(effective_ridge(solved[log_ridge]).chi / chi))

    # The mean curvature of a row is at most a quarter, and the ridge on w half of the package's.
    high = np.log(chi / 2)
    low, least = high - 1, high + np.log(_LOWEST)
    while excess(low) > 0:
        if low == least:
            return None
        high, low = low, max(low - 3, least)
    root = brentq(excess, low, high, xtol=1e-11, rtol=1e-14)
    return min(solved.items(), key=lambda item: abs(item[0] - root))[1]


def _ratio(fit: Solution | None, bags: float = 1) -> float:
    return np.nan if fit is None else effective_ridge(fit, bags=bags).signal_to_noise
