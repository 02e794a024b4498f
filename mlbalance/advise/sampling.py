"""What a sample of very many rows costs in variance, by scheme and class.

Letters: n_k rows of class k, n of all, m rows kept per class, tau the target prior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlbalance import theory
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.schemes import Cap

__all__ = ["SAMPLE", "Sampled", "sampled"]

SAMPLE = 1_000_000
"""Rows of the sample."""

_MOST = 10**15


@dataclass(frozen=True)
class Sampled:
    """Variances of fits to a sample of the rows, relative to class weights on all of them."""

    rows: int
    """Rows of all classes, in the proportions of the counts."""
    sample: int
    """Rows that are kept, at most."""
    counts: tuple[int, ...]
    """(K,) rows n_k of each class."""
    kept: tuple[int, ...]
    """(K,) rows of each class where as many are kept of every class, or all."""
    by_class: tuple[float, ...]
    """(K,) factor 1 + c_k^2 of each class's part of the variance then (label `cv2`)."""
    equal: float
    """Factor of the variance then, classes alike in that of a row's score (label `harmonic`)."""
    uniform: float
    """Factor where every row has the same chance, by class and in all (label `score-variance`)."""
    local: float | None
    """Upper bound of the factor of local case-control sampling of two classes, for a correctly
    specified model and its true coefficients as the pilot (label `lcc`); None for more classes."""


def sampled(
    shares: IntArray, prior: tuple[float, ...] | None, rows: float, sample: int = SAMPLE
) -> Sampled:
    """Price of a sample of the rows, to first order.

    Parameters
    ----------
    shares
        (K,) counts, to whose proportions the rows are scaled.
    prior
        (K,) target prior; uniform for None.
    rows
        Number of rows n.
    sample
        Rows that are kept.

    Returns
    -------
    The factors, each relative to class weights on all rows.

    Raises
    ------
    InputError
        For a number of rows that is not whole, not above the sample, or too small for the classes.
    """
    if not sample < rows <= _MOST or rows != np.floor(rows):
        raise InputError(
            f"A number of rows is whole, above the {sample:,} of the sample and at most 10**15; "
            f"{rows:g} was given. With fewer rows fit all of them."
        )
    n_k = np.maximum(np.rint(rows * (shares / shares.sum(dtype=float))), 1).astype(np.int64)
    if sample < n_k.size:
        raise InputError(f"A sample needs a row of each of {n_k.size} classes; it has {sample}.")
    cap = Cap(_level(n_k, sample), prior=prior)
    moments = cap.moments(n_k)
    return Sampled(
        rows=int(rows),
        sample=sample,
        counts=tuple(n_k.tolist()),
        kept=tuple(cap.rows_used(n_k).astype(int).tolist()),
        by_class=tuple((1 + moments.cv2).tolist()),
        equal=theory.variance_ratio(n_k, cap),
        uniform=float(rows / sample),
        local=_local(n_k / n_k.sum(), rows / sample) if n_k.size == 2 else None,
    )


def _level(n_k: IntArray, sample: int) -> int:
    """Largest m for which sum_k min(n_k, m) is at most the sample."""
    ascending, left = np.sort(n_k), sample
    for i, n in enumerate(ascending.tolist()):
        m = left // (n_k.size - i)
        if n >= m:
            return m
        left -= n
    return int(ascending[-1])


def _local(natural: FloatArray, fewer: float) -> float:
    """2 over the acceptance constant c, or 1 + 1/c if that is above one.

    A row is accepted with c times its surprise 1 - p_y, whose mean is at most that without signal,
    1 - sum pi_k^2.
    """
    c = 1 / (fewer * float((natural * (1 - natural)).sum()))
    return 1 + 1 / c if c > 1 else 2 / c
