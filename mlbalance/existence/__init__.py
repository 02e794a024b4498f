"""Existence of the unpenalised fit: certificates, and theorems of the alternative (`existence`).

Without a ridge the weighted likelihood has a maximum iff no direction of coefficients, other than
a shift common to all classes, ranks the own class of every weighted row at least as high as
every other class, and one strictly. The condition is joint over classes: pairs do not decide it
for K > 2. How large the positive weights are does not matter.

Verdicts: "separated" (some direction ranks every own class strictly first), "quasi-separated"
(ties, but no maximum), "not identified" (a maximum, but coefficients are not unique since
the weighted rows of (1, X) have rank below 1 + d), "exists" (a unique maximum), "undecided" (the
data are too large for a proof).
Sources: Albert & Anderson 1984; Konis 2007.
"""

from __future__ import annotations

import numpy.typing as npt

from mlbalance.existence.alternatives import decide, fits_in_memory
from mlbalance.existence.certificates import (
    Disorder,
    classes_present,
    existence_certificate,
    existence_certificate_by_rows,
    separation_certificate,
)
from mlbalance.inputs import DataError, as_data

__all__ = [
    "Disorder",
    "classes_present",
    "decide",
    "existence_certificate",
    "existence_certificate_by_rows",
    "fits_in_memory",
    "separation_certificate",
    "verdict",
]


def verdict(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    n_classes: int | None = None,
) -> str:
    """Whether the unpenalised fit of one data set exists (label `existence`).

    Parameters
    ----------
    X, y, weights
        (n, d), (n,) and (n,); labels are 0..K-1, weights are one per row if not given. Rows of
        weight zero do not count. A class without weighted rows can always be ruled out, so there
        is no maximum.
    n_classes
        K; the largest label plus one if not given.

    Returns
    -------
    str
        One of the verdicts of `mlbalance.existence`. Margins that are zero to rounding of the
        features are ties.

    Raises
    ------
    DataError
        If the arguments are not one data set or do not fit together.
    """
    data = as_data(X, y, weights, n_classes)
    if data.X.ndim != 2 or data.y.ndim != 1 or data.weights.ndim != 1:
        raise DataError("A verdict is on one data set: X (n, d), y (n,), weights (n,).")
    return decide(data.X, data.y, data.weights, data.n_classes, strict=True)
