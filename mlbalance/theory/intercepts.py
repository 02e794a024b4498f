"""What centring takes off the covariance of intercepts when the softmax is right."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_counts
from mlbalance.schemes import ClassWeight, Scheme

__all__ = ["intercept_excess"]


def intercept_excess(
    counts: npt.ArrayLike, n_features: int = 0, scheme: Scheme | None = None
) -> FloatArray:
    """Uncentred less centred covariance (p, p) of contrasts, model right and no ridge.

    diag((1 + c_k^2)/n_k) + 11' (1 + c_0^2)/n_0 on intercepts, zero on slopes, whatever the target
    prior (label `intercept-shift`); D for class weights, the default. Contrasts are against class
    0, class-major, p = (K - 1)(1 + n_features). Raises `CountsError` or `InputError`.
    """
    n_k = as_counts(counts, "An intercept excess")
    if n_features < 0:
        raise InputError(f"A number of features is not negative; {n_features} was given.")
    cv2 = (ClassWeight() if scheme is None else scheme).moments(n_k).cv2
    own = (1 + cv2) / n_k
    intercept = np.zeros((1 + n_features, 1 + n_features))
    intercept[0, 0] = 1.0
    return np.asarray(np.kron(np.diag(own[1:]) + own[0], intercept))
