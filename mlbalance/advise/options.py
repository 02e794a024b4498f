"""What can be asked for besides: another prior, rows to collect, bags, natural probabilities.

None of it needs features. Letters: n_k rows of class k, tau the prior that is balanced at.
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
    """The next rows where the variance of class weighting falls most (label `budget`).

    To first order, the classes alike in the variance of a row's score.
    """

    rows: tuple[int, ...]
    """(K,) rows to add to each class."""
    variance_ratio: float
    """Variance with these rows over that without."""


@dataclass(frozen=True)
class Bags:
    """Undersamples to average for a variance within 1 + `within` of class weighting.

    To first order, classes alike (label `bags-needed`).
    """

    within: float
    """Excess of the variance over that of class weighting that is allowed, relative to it."""
    independent: int
    """Bags drawn independently."""
    disjoint: int | None
    """Bags that share no row of a class larger than the smallest; None where the classes are too
    small for so many."""


def collect(counts: IntArray, tau: FloatArray, rows: int) -> Collect:
    """Whole rows to add to each class (K,), one at a time where the variance falls most.

    The variance is sum_k tau_k^2/n_k up to a factor, and its (j+1)-th row takes off
    tau_k^2/(n_k(n_k+1)). Each term is convex in n_k, so within a class every row takes off less
    than the one before it; the N largest falls of all classes are then a set that can be
    collected, and no other N rows take off more. Raises `InputError` for no whole number of rows.
    """
    if (
        isinstance(rows, bool)
        or rows != rows
        or not 1 <= rows <= _LARGEST_BUDGET
        or rows != int(rows)
    ):
        raise InputError(f"A budget is a whole number of rows from 1 to 10**12; {rows} was given.")
    n_k, t, old = _filled(counts, tau, int(rows)), tau.tolist(), counts.tolist()
    fall = [(-(t[k] ** 2) / (n * (n + 1)), k) for k, n in enumerate(n_k)]
    heapq.heapify(fall)
    for _ in range(int(rows) - sum(n_k) + sum(old)):
        k = fall[0][1]
        n_k[k] += 1
        heapq.heapreplace(fall, (-(t[k] ** 2) / (n_k[k] * (n_k[k] + 1)), k))
    added = tuple(after - before for after, before in zip(n_k, old, strict=True))
    before, after = (tau**2 / counts).sum(), (tau**2 / np.array(n_k, dtype=float)).sum()
    return Collect(added, float(after / before))


def _filled(counts: IntArray, tau: FloatArray, rows: int) -> list[int]:
    """Counts after rows that the greedy order takes for sure, so that few are left to it.

    At the level where the fall is L it has filled class k to within one row of tau_k/sqrt(L).
    Filling max(n_k, c tau_k) with K rows fewer keeps c below 1/sqrt(L), whole rows rounded down.
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
    """Least bags of undersamples with variance within 1 + `within` of class weighting.

    `ratio` is that of one undersample. Raises `InputError` for no tolerance that can be met.
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
    """log(pi_k/tau_k) (K,), for pi = n_k/n or the prior given (label `prior-shift`)."""
    pi = counts / counts.sum(dtype=float) if natural is True else as_prior(natural, counts.size)
    return tuple(np.log(pi / tau).tolist())
