"""Options that need no features: rows to collect, bags, and natural probabilities.

Letters: K classes, n_k rows of class k, tau the target prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance import theory
from mlbalance.inputs import FloatArray, InputError, IntArray, as_prior
from mlbalance.schemes import Bagging, Undersample

__all__ = ["Bags", "bags_within", "natural_shift"]

_MOST = 2**53


@dataclass(frozen=True)
class Bags:
    """Undersamples to average for at most 1 + `within` times the variance of class weighting.

    To first order, for classes alike in the variance of a row's score (label `bags-needed`).
    """

    within: float
    """Excess variance that is allowed, relative to the variance of class weighting."""
    independent: int
    """Bags drawn independently."""
    disjoint: int | None
    """Bags that share no row of a class larger than the smallest; None where the classes are too
    small for so many."""


def bags_within(
    counts: IntArray, prior: tuple[float, ...] | None, ratio: float, within: float
) -> Bags:
    """Least number of bags of undersamples for a variance close to that of class weighting.

    Parameters
    ----------
    counts
        (K,) rows per class.
    prior
        (K,) target prior; uniform for None.
    ratio
        Variance of one undersample relative to class weighting.
    within
        Excess variance allowed, relative to class weighting.

    Returns
    -------
    Numbers of independent and of disjoint bags (label `bags-needed`).

    Raises
    ------
    InputError
        For a tolerance that is not positive and finite, or would take more than 2^53 bags.
    """
    ratio = max(ratio, 1.0)
    if not 0 < within < np.inf or (ratio - 1) / within > _MOST:
        raise InputError(
            "Bags come within a number above zero of class weighting, 0.1 for 10 % more variance; "
            f"{within} was given."
        )
    return Bags(float(within), theory.bags_needed(ratio, within), _disjoint(counts, prior, within))


def _disjoint(counts: IntArray, prior: tuple[float, ...] | None, within: float) -> int | None:
    m = int(counts.min())
    larger = counts[counts > m]
    low, high = 1, int(larger.min()) // m if larger.size else 1

    def enough(bags: int) -> bool:
        scheme = Bagging(Undersample(prior=prior), bags, disjoint=True)
        return theory.variance_ratio(counts, scheme) <= 1 + within + 1e-12

    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def natural_shift(
    counts: IntArray, tau: FloatArray, natural: npt.ArrayLike | bool
) -> tuple[float, ...]:
    """Shift of the intercepts of a balanced fit for natural probabilities, log(pi_k/tau_k).

    Parameters
    ----------
    counts
        (K,) rows per class.
    tau
        (K,) prior of the balanced fit.
    natural
        (K,) prior pi of the population; n_k/n for True.

    Returns
    -------
    (K,) shifts, up to a constant (label `prior-shift`).

    Raises
    ------
    PriorError
        For anything but a prior of K classes.
    """
    pi = counts / counts.sum(dtype=float) if natural is True else as_prior(natural, counts.size)
    return tuple(np.log(pi / tau).tolist())
