"""Stratified folds of rows that may stand for several copies."""

from __future__ import annotations

import numpy as np

from mlbalance.inputs import IntArray

__all__ = ["deal"]


def deal(codes: IntArray, units: IntArray, folds: int) -> IntArray:
    """Units that every fold takes of each row.

    Units are dealt to folds in turn, class by class in the order they have, so that a fold has as
    many of every class as another, or one more.

    Parameters
    ----------
    codes
        (n,) class of each row.
    units
        (n,) how many units a row has: its copies, or one.
    folds
        Number of folds F.

    Returns
    -------
    (F, n) units of a row in a fold; over folds they sum to `units`.
    """
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(units[order])
    fold = np.arange(folds)[:, None]
    taken = np.empty((folds, codes.size), dtype=np.int64)
    # Of the units start, ..., end - 1 a fold takes those whose number leaves it as a remainder.
    before = ends - units[order]
    taken[:, order] = (ends - fold - 1) // folds - (before - fold - 1) // folds
    return taken
