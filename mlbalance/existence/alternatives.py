"""Theorems of the alternative: whether a maximum exists, and how the classes are separated."""

from __future__ import annotations

import numpy as np

from mlbalance.existence.faces import decide_by_faces
from mlbalance.existence.margins import ROUNDING, Columns, Margins, independent_columns
from mlbalance.inputs import FloatArray, IntArray

_MOST = 2**24
"""Entries of a matrix up to which verdicts are given: with copies of it, about a gigabyte."""

_LONGEST = 2**37
"""Multiplications, roughly, up to which a shortest mixture is searched for: some two minutes."""


def fits_in_memory(Z: FloatArray, n_classes: int) -> bool:
    """Whether a verdict on the design Z (n, q) needs no matrix too large to be held.

    Without one `decide` may take minutes and end "undecided".
    """
    n, q = Z.shape
    return max(n * q, n * n_classes, ((n_classes - 1) * q) ** 2) <= _MOST


def decide(
    X: FloatArray, y: IntArray, weights: FloatArray, n_classes: int, *, strict: bool = False
) -> str:
    """Verdict on one checked data set, joint over classes, by theorems of the alternative.

    There is a maximum iff some mixture of the margins' rows, with shares of one or more, is zero
    (Stiemke). Some direction has all margins positive iff no mixture with shares that sum to one
    is zero (Gordan). Newton's method finds a mixture and a direction that are checked before they
    are used (`faces`). What it does not settle, as where classes are apart or overlap by little
    more than rounding, is left to the shortest mixture, or is "undecided" where that takes too
    long.

    Parameters
    ----------
    X, y, weights, n_classes
        One data set as `as_data` returns it, (n, d), (n,) and (n,).
    strict
        Whether to tell "separated" from "quasi-separated" always, which may take a second shortest
        mixture; otherwise "quasi-separated" may stand for both.

    Returns
    -------
    str
        A verdict of `mlbalance.existence`; ties are to rounding of the features.
    """
    rows = weights > 0
    columns, y = independent_columns(X[rows]), y[rows]
    said = None
    if fits_in_memory(columns.Q, n_classes):
        said = decide_by_faces(columns.Q, y, n_classes)
    if said is None:
        said = _by_shortest_mixture(columns, y, n_classes, strict)
    return "not identified" if said == "exists" and not columns.identified else said


def _by_shortest_mixture(columns: Columns, y: IntArray, n_classes: int, strict: bool) -> str:
    n, size = len(y), n_classes * columns.Q.shape[1]
    # About one step per coefficient, each of all margins and a factorisation of the rows in use.
    if size**2 * (2 * n + size**2 // 2) > _LONGEST:
        return "undecided"
    if _has_maximum(columns, y, n_classes):
        return "exists"
    apart = strict and _is_separated(columns, y, n_classes)
    return "separated" if apart else "quasi-separated"


def _has_maximum(columns: Columns, y: IntArray, n_classes: int) -> bool:
    """Whether the shortest mixture with shares of one or more is zero.

    The condition has a gap: with orthonormal columns the squared margins of a direction of length
    one sum to one or more, so if none of them is negative, no such mixture is shorter than one.
    """
    margins = Margins(columns.Q, y, n_classes, lift=0.0)
    return bool(np.linalg.norm(margins.shortest_mixture(margins.total(), enough=0.5)) <= 0.5)


def _is_separated(columns: Columns, y: IntArray, n_classes: int) -> bool:
    lifted = Margins(columns.Q, y, n_classes, lift=1.0)
    target = np.zeros(n_classes * columns.Q.shape[1] + 1)
    target[-1] = -1.0
    direction = lifted.shortest_mixture(target)
    margins = Margins(columns.Q, y, n_classes, lift=0.0).of(direction)
    return bool((margins > ROUNDING * np.linalg.norm(direction)).all())
