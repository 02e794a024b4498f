"""The objective and its derivatives at given coefficients; shapes as in `mlbalance.softmax`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import Data, DataError, FloatArray, IntArray, as_data, as_floats

_CHUNK_FLOATS = 2**20
"""Doubles of row products held at a time when a Hessian is summed over many rows: 8 MiB."""


def logits(
    theta: npt.ArrayLike, X: npt.ArrayLike, offset: npt.ArrayLike | None = None
) -> FloatArray:
    """Logits (..., n, K) of rows X (..., n, d), with offset (K,) or (..., n, K) if given."""
    theta = np.asarray(theta, dtype=float)
    z = np.asarray(X, dtype=float) @ np.swapaxes(theta[..., 1:], -1, -2) + theta[..., None, :, 0]
    return z if offset is None else z + np.asarray(offset, dtype=float)


def log_probabilities(z: npt.ArrayLike, axis: int = -1) -> FloatArray:
    """Log of the softmax of logits over `axis`, for logits of any finite size."""
    z = np.asarray(z, dtype=float)
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


def loss(
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    offset: npt.ArrayLike | None = None,
    ridge: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Objective L (...) in nats at theta (..., K, 1 + d); weights are one a row if not given.

    Raises `DataError` for arguments that do not fit together.
    """
    theta, data, z = _evaluated(theta, X, y, weights, offset)
    own = data.y[..., None] == np.arange(data.n_classes)
    log_own = np.where(own, log_probabilities(z), 0.0).sum(axis=-1)
    penalty = penalty_value(theta, as_penalty(ridge, data.n_classes))
    return penalty - (data.weights * log_own).sum(axis=-1)


def score(
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    offset: npt.ArrayLike | None = None,
    ridge: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Gradient (..., K, 1 + d) of `loss` in theta (label `score`); it sums to zero over classes.

    Raises as `loss`.
    """
    theta, data, z = _evaluated(theta, X, y, weights, offset)
    r = residuals(np.swapaxes(z, -1, -2), data.y)
    gradient = (r * data.weights[..., None, :]) @ design(data.X)
    gradient[..., 1:] += as_penalty(ridge, data.n_classes) @ theta[..., 1:]
    return gradient


def hessian(
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    offset: npt.ArrayLike | None = None,
    ridge: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Hessian (..., K, 1 + d, K, 1 + d) of `loss` in theta (label `hessian`).

    Positive semi-definite; a shift common to all classes lies in its null space. Raises as `loss`.
    """
    theta, data, z = _evaluated(theta, X, y, weights, offset)
    p = np.exp(log_probabilities(np.swapaxes(z, -1, -2), axis=-2))
    H = curvature(p, data.weights, design(data.X))
    add_penalty_curvature(H, as_penalty(ridge, data.n_classes))
    return H


def row_scores(
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    offset: npt.ArrayLike | None = None,
) -> FloatArray:
    """Gradient (..., n, K, 1 + d) of the unweighted loss of each row (label `score`).

    Its sum with weights is `score` without a ridge. Raises as `loss`.
    """
    _, data, z = _evaluated(theta, X, y, None, offset)
    r = np.swapaxes(residuals(np.swapaxes(z, -1, -2), data.y), -1, -2)
    return r[..., :, None] * design(data.X)[..., None, :]


def design(X: FloatArray) -> FloatArray:
    """Rows (..., n, 1 + d) with a leading one for the intercept."""
    return np.concatenate([np.ones((*X.shape[:-1], 1)), X], axis=-1)


def residuals(z: FloatArray, y: IntArray) -> FloatArray:
    """Residuals p - e_y (..., K, n) from class-major logits (..., K, n).

    The own class is minus the sum of the others, which keeps small residuals relatively exact.
    """
    r = np.exp(log_probabilities(z, axis=-2))
    own = np.arange(z.shape[-2])[:, None] == y[..., None, :]
    r = np.where(own, 0.0, r)
    return np.where(own, -r.sum(axis=-2, keepdims=True), r)


def curvature(p: FloatArray, weights: FloatArray, Z: FloatArray, first: int = 0) -> FloatArray:
    """Weighted Hessian (..., C, q, C, q) of the log-loss over the C classes from `first` on.

    Probabilities p (..., K, n), weights (..., n), design Z (..., n, q). Products of two columns
    of Z are formed once and shared by all pairs of classes. 1 - p is summed over the other
    classes, so that saturated rows keep their curvature relatively exact.
    """
    K, q = p.shape[-2], Z.shape[-1]
    C = K - first
    k, l = np.triu_indices(C)
    i, j = np.triu_indices(q)
    others = ((1.0 - np.eye(K)) @ p)[..., first:, :]
    p = p[..., first:, :]
    s = p[..., k, :] * np.where((k == l)[:, None], others[..., k, :], -p[..., l, :])
    s = s * weights[..., None, :]
    step = max(1, _CHUNK_FLOATS // i.size)
    packed: Any = sum(
        s[..., a : a + step] @ (Z[..., a : a + step, i] * Z[..., a : a + step, j])
        for a in range(0, Z.shape[-2], step)
    )
    pair, column = _symmetric_index(C), _symmetric_index(q)
    return packed[..., pair[:, None, :, None], column[None, :, None, :]]


def as_offset(offset: npt.ArrayLike | None, data: Data) -> FloatArray:
    """Offset (..., n, K) for checked data; zero if not given.

    Raises `DataError` unless it is finite, of shape (K,) or (..., n, K).
    """
    n, K = data.X.shape[-2], data.n_classes
    wanted = f"An offset needs numbers of shape ({K},) or (..., {n}, {K})"
    o = np.zeros(K) if offset is None else as_floats(offset, DataError, wanted)
    if o.ndim == 0 or o.shape[-1] != K or (o.ndim > 1 and o.shape[-2] != n):
        raise DataError(f"{wanted}; it has {o.shape}.")
    if not np.isfinite(o).all():
        raise DataError("An offset must be finite; it holds NaN or infinity.")
    return np.broadcast_to(o, (n, K)) if o.ndim == 1 else o


def as_penalty(ridge: npt.ArrayLike, n_classes: int) -> FloatArray:
    """Matrix P (K, K) of the penalty (1/2) tr(coef' P coef); it ignores common shifts.

    Raises `DataError` unless the ridges are all zero or all positive.
    """
    lam = as_floats(ridge, DataError, "A ridge must be a number or one a class")
    if lam.ndim > 1 or (lam.ndim == 1 and lam.size != n_classes):
        raise DataError(
            f"A ridge is one number or one for each of {n_classes} classes; "
            f"it has shape {lam.shape}."
        )
    if not np.isfinite(lam).all() or (lam < 0).any():
        raise DataError(f"A ridge must be finite and not negative; it is {ridge!r}.")
    lam = np.broadcast_to(lam, (n_classes,))
    if not lam.any():
        return np.zeros((n_classes, n_classes))
    if not lam.all():
        raise DataError(f"Ridges must be all zero or all positive; they are {ridge!r}.")
    return np.diag(lam) - np.outer(lam, lam) / lam.sum()


def penalty_value(theta: FloatArray, penalty: FloatArray) -> FloatArray:
    """(1/2) tr(coef' P coef) (...) for theta (..., K, 1 + d)."""
    coef = theta[..., 1:]
    return 0.5 * (coef * (penalty @ coef)).sum(axis=(-1, -2))


def add_penalty_curvature(H: FloatArray, penalty: FloatArray) -> None:
    """Add the penalty's Hessian to H (..., C, q, C, q) in place; intercepts are left alone."""
    feature = np.arange(1, H.shape[-1])
    k, l = np.indices(penalty.shape)[..., None]
    H[..., k, feature, l, feature] += penalty[..., None]


def _symmetric_index(size: int) -> IntArray:
    """Position (size, size) of each entry of a symmetric matrix in its packed upper triangle."""
    index = np.empty((size, size), dtype=np.int64)
    upper = np.triu_indices(size)
    index[upper] = np.arange(upper[0].size)
    index.T[upper] = index[upper]
    return index


def _evaluated(
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    offset: npt.ArrayLike | None,
) -> tuple[FloatArray, Data, FloatArray]:
    theta = np.asarray(theta, dtype=float)
    if theta.ndim < 2:
        raise DataError(f"theta must have shape (..., K, 1 + d); it has {theta.shape}.")
    data = as_data(X, y, weights, theta.shape[-2])
    if theta.shape[-1] != data.X.shape[-1] + 1:
        raise DataError(
            f"theta must have an intercept and {data.X.shape[-1]} coefficients a class; "
            f"it has {theta.shape[-1]} columns."
        )
    return theta, data, logits(theta, data.X, as_offset(offset, data))
