"""Theorems of the alternative: whether a maximum exists, and how the classes are separated."""

from __future__ import annotations

import numpy as np

from mlbalance.existence.margins import ROUNDING, Columns, Margins, independent
from mlbalance.existence.programme import Programme
from mlbalance.inputs import FloatArray, IntArray

_FEW = 60
"""Coefficients up to which the shortest mixture is found faster than a programme is solved."""

_MOST = 2**24
"""Entries of a programme's matrix up to which it is built: with its copies, about a gigabyte."""

_LONGEST = 2**39
"""Multiplications up to which a shortest mixture is looked for: some two minutes."""


def within_reach(Z: FloatArray, n_classes: int) -> bool:
    """Whether a verdict on the design Z (n, q) takes little memory.

    A fit that is under way can do without one; of larger problems it asks only at its end.
    """
    few = n_classes * Z.shape[1] <= _FEW
    return bool(few or 2 * (n_classes - 1) * np.count_nonzero(Z) <= _MOST)


def decided(
    X: FloatArray, y: IntArray, weights: FloatArray, n_classes: int, *, strict: bool = False
) -> str:
    """Verdict on one checked data set, joint over classes; ties are to rounding of the features.

    Unless `strict`, "quasi-separated" may stand for "separated", which takes another programme.

    By theorems of the alternative. There is a maximum iff some mixture of the margins' rows, with
    shares of one or more, is zero (Stiemke). Some direction has all margins positive iff no mixture
    with shares that sum to one is zero (Gordan). Of many coefficients a linear programme finds the
    mixture or the direction; it has a tolerance, so what it finds is proved, or else not used. What
    it does not prove is left to the shortest mixture, and "undecided" where that takes too long.
    """
    rows = weights > 0
    columns, y = independent(X[rows]), y[rows]
    n, size = len(y), n_classes * columns.Q.shape[1]
    # A step for each coefficient or so: all margins, and a factorisation of the rows in use.
    feasible = size**2 * (2 * n + size**2 // 2) <= _LONGEST
    programme = None
    if size > _FEW and within_reach(columns.Z, n_classes):
        programme = Programme.of(columns.Z, y, n_classes)
    exists = None if programme is None else programme.has_maximum(columns.Q)
    if exists is None:
        if not feasible:
            return "undecided"
        exists = _has_maximum(columns, y, n_classes)
    if exists:
        return "exists" if columns.identified else "not identified"
    if not strict:
        return "quasi-separated"
    separated = None if programme is None else programme.is_separated()
    if separated is None:
        if not feasible:
            return "undecided"
        separated = _is_separated(columns, y, n_classes)
    return "separated" if separated else "quasi-separated"


def _has_maximum(columns: Columns, y: IntArray, n_classes: int) -> bool:
    """By the shortest mixture with shares of one or more.

    The condition has a gap: with orthonormal columns the squared margins of a direction of length
    one sum to one or more, so if none of them is negative, no such mixture is shorter than one.
    """
    margins = Margins(columns.Q, y, n_classes, lift=0.0)
    return bool(np.linalg.norm(margins.shortest(margins.total(), enough=0.5)) <= 0.5)


def _is_separated(columns: Columns, y: IntArray, n_classes: int) -> bool:
    lifted = Margins(columns.Q, y, n_classes, lift=1.0)
    target = np.zeros(n_classes * columns.Q.shape[1] + 1)
    target[-1] = -1.0
    direction = lifted.shortest(target)
    margins = Margins(columns.Q, y, n_classes, lift=0.0).of(direction)
    return bool((margins > ROUNDING * np.linalg.norm(direction)).all())
