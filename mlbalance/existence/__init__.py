"""Whether there is a fit: certificates first, then theorems of the alternative (label `existence`).

Without a ridge the weighted likelihood has a maximum iff no direction of coefficients, other than
a shift common to all classes, ranks the own class of every weighted row at least as high as
every other class, and one strictly. The condition is joint over classes: pairs do not decide it
for K > 2. How large the positive weights are does not matter.

Verdicts: "separated" (some direction ranks every own class strictly first), "quasi-separated"
(ties, but no maximum), "not identified" (a maximum, but coefficients are not unique since
the weighted rows of (1, X) have rank below 1 + d), "exists" (a unique maximum).
Sources: Albert & Anderson 1984; Konis 2007.
"""

from __future__ import annotations

import numpy.typing as npt

from mlbalance.existence.alternatives import decided, within_reach
from mlbalance.existence.certificates import (
    certified,
    certified_by_rows,
    classes_present,
    disproved,
)
from mlbalance.inputs import DataError, as_data

__all__ = [
    "certified",
    "certified_by_rows",
    "classes_present",
    "decided",
    "disproved",
    "verdict",
    "within_reach",
]


def verdict(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    n_classes: int | None = None,
) -> str:
    """Whether the unpenalised fit of one data set exists, for X (n, d), y (n,), weights (n,).

    Returns "exists", "quasi-separated", "separated" or "not identified". Rows of weight zero do
    not count. A class without weighted rows can always be ruled out, so there is no maximum.
    Raises `DataError` for arguments that do not fit together.
    """
    data = as_data(X, y, weights, n_classes)
    if data.X.ndim != 2 or data.y.ndim != 1 or data.weights.ndim != 1:
        raise DataError("A verdict is on one data set: X (n, d), y (n,), weights (n,).")
    return decided(data.X, data.y, data.weights, data.n_classes, strict=True)
