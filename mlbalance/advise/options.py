"""Options that need no features: rows to collect, bags, and natural probabilities.

Letters: K classes, n_k rows of class k, tau the target prior.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance import theory
from mlbalance.inputs import FloatArray, InputError, IntArray, as_prior
from mlbalance.schemes import Bagging, Undersample

__all__ = ["Bags", "Collect", "bags_within", "collect", "natural_shift"]

_MOST = 2**53
_LARGEST_BUDGET = 10**12


@dataclass(frozen=True)
class Collect:
    """Allocation of further rows that lowers the variance of class weighting most (label `budget`).

    To first order, for classes alike in the variance of a row's score.
    """

    rows: tuple[int, ...]
    """(K,) rows to add to each class."""
    variance_ratio: float
    """Variance with these rows over that without."""


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


def collect(counts: IntArray, tau: FloatArray, rows: int) -> Collect:
    """Allocate rows to classes one at a time, each where the variance falls most.

    The variance is sum_k tau_k^2/n_k up to a factor, and one more row of class k lowers it by
    tau_k^2/(n_k(n_k + 1)). Each term is convex in n_k, so the decreases within a class fall from
    row to row: the greedy allocation takes the N largest of all, and no other N rows do better.

    Parameters
    ----------
    counts
        (K,) rows per class.
    tau
        (K,) target prior.
    rows
        Number of rows N to add, up to 10^12.

    Returns
    -------
    Rows to add per class, and the variance ratio (label `budget`).

    Raises
    ------
    InputError
        For anything but a whole number of rows in this range.
    """
    if (
        isinstance(rows, bool)
        or rows != rows
        or not 1 <= rows <= _LARGEST_BUDGET
        or rows != int(rows)
    ):
        raise InputError(f"A budget is a whole number of rows from 1 to 10**12; {rows} was given.")
    n_k, t, old = _greedy_start(counts, tau, int(rows)), tau.tolist(), counts.tolist()
    fall = [(-(t[k] ** 2) / (n * (n + 1)), k) for k, n in enumerate(n_k)]
    heapq.heapify(fall)
    for _ in range(int(rows) - sum(n_k) + sum(old)):
        k = fall[0][1]
        n_k[k] += 1
        heapq.heapreplace(fall, (-(t[k] ** 2) / (n_k[k] * (n_k[k] + 1)), k))
    added = tuple(after - before for after, before in zip(n_k, old, strict=True))
    before, after = (tau**2 / counts).sum(), (tau**2 / np.array(n_k, dtype=float)).sum()
    return Collect(added, float(after / before))


def _greedy_start(counts: IntArray, tau: FloatArray, rows: int) -> list[int]:
    """Counts (K,) that the greedy allocation certainly reaches, so that few rows are left to it.

    Where one more row lowers the variance by L, class k has within one row of tau_k/sqrt(L) rows.
    Counts max(n_k, c tau_k), rounded down, with K rows fewer keep c below 1/sqrt(L).
    """
    total = counts.sum(dtype=float) + rows - 2.0 * counts.size
    order = np.argsort(counts / tau)
    n_k, t = counts[order].astype(float), tau[order]
    level = (total - (n_k.sum() - np.cumsum(n_k))) / np.cumsum(t)
    open_ = np.flatnonzero(level > n_k / t)
    if not open_.size:
        return [int(n) for n in counts]
    c = level[open_[-1]]
    return [max(int(n), int(c * p)) for n, p in zip(counts, tau, strict=True)]


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
