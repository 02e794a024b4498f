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

    What `covariance` of kind "robust" has more than "design" (label `intercept-shift`). It is zero
    on slopes. On intercepts it is diag((1 + c_k^2)/n_k) + 11' (1 + c_0^2)/n_0 where class totals
    are fixed, whatever the target prior: D = diag(1/n_k) + 11'/n_0 for class weights, the default.
    Random totals T_k vary in "design" too, and what they do there is taken off: D is left of
    thinning that is not renormalised, (1 - 1/N) D of a balanced sampler's N draws. Contrasts are
    against class 0, class-major, p = (K - 1)(1 + n_features). Raises `CountsError` or `InputError`.
    """
    n_k = as_counts(counts, "An intercept excess")
    if n_features < 0:
        raise InputError(f"A number of features is not negative; {n_features} was given.")
    w = (ClassWeight() if scheme is None else scheme).moments(n_k)
    tau = n_k * w.mean
    # The mean score of class k moves the intercept of its own by -1/tau_k: of contrasts, row k.
    moved = np.vstack([np.full(n_k.size - 1, 1 / tau[0]), -np.diag(1 / tau[1:])])
    intercept = np.zeros((1 + n_features, 1 + n_features))
    intercept[0, 0] = 1.0
    return np.asarray(np.kron(moved.T @ (np.diag(w.squares(n_k)) - w.total_cov) @ moved, intercept))
