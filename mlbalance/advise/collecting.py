"""Where to collect the next rows, so that the variance of class weighting falls most.

Letters: K classes, n_k rows of class k, tau the target prior. In plain Python, which the page
translates.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlbalance.inputs import InputError

__all__ = ["Collect", "collect"]

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


def collect(counts: Sequence[int], tau: Sequence[float], rows: float) -> Collect:
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
    if isinstance(rows, bool) or not 1 <= rows <= _LARGEST_BUDGET or rows != math.floor(rows):
        raise InputError(f"A budget is a whole number of rows from 1 to 10**12; {rows} was given.")
    n_k = _greedy_start(counts, tau, int(rows))
    fall = [(-(tau[k] ** 2) / (n * (n + 1)), k) for k, n in enumerate(n_k)]
    heapq.heapify(fall)
    for _ in range(int(rows) - sum(n_k) + sum(counts)):
        _, k = fall[0]
        n_k[k] += 1
        heapq.heapreplace(fall, (-(tau[k] ** 2) / (n_k[k] * (n_k[k] + 1)), k))
    added = tuple(after - before for after, before in zip(n_k, counts, strict=True))
    return Collect(added, _variance(n_k, tau) / _variance(counts, tau))


def _variance(counts: Sequence[int], tau: Sequence[float]) -> float:
    return sum([t**2 / n for t, n in zip(tau, counts, strict=True)])


def _greedy_start(counts: Sequence[int], tau: Sequence[float], rows: int) -> list[int]:
    """Counts (K,) that the greedy allocation certainly reaches, so that few rows are left to it.

    Where one more row lowers the variance by L, class k has within one row of tau_k/sqrt(L) rows.
    Counts max(n_k, c tau_k), rounded down, with K rows fewer keep c below 1/sqrt(L).
    """
    spare, share, level = float(rows) - 2.0 * len(counts), 0.0, 0.0
    for k in sorted(range(len(counts)), key=lambda k: counts[k] / tau[k]):
        spare += counts[k]
        share += tau[k]
        if spare / share > counts[k] / tau[k]:
            level = spare / share
    return [max(n, math.floor(level * t)) for n, t in zip(counts, tau, strict=True)]
