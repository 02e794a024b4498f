"""Stratified folds of rows that may stand for several copies."""

from __future__ import annotations

import numpy as np

from mlbalance.inputs import IntArray

__all__ = ["deal"]


def deal(codes: IntArray, units: IntArray, folds: int) -> IntArray:
    """Deal the units of rows to stratified folds.

    Units are dealt to folds in turn, class by class in their order, so that two folds differ by at
    most one unit of a class.

    Parameters
    ----------
    codes
        (n,) class of each row.
    units
        (n,) units per row: its copies, or one.
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
    # Fold f takes the units u with u mod F = f.
    before = ends - units[order]
    taken[:, order] = (ends - fold - 1) // folds - (before - fold - 1) // folds
    return taken
