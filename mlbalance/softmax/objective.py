"""The objective and its derivatives at given coefficients; shapes as in `mlbalance.softmax`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import Data, DataError, FloatArray, IntArray, as_data, as_floats
from mlbalance.softmax.curvature import log_loss_curvature


def logits(
    theta: npt.ArrayLike, X: npt.ArrayLike, offset: npt.ArrayLike | None = None
) -> FloatArray:
    """Logits of rows.

    Parameters
    ----------
    theta
        (..., K, 1 + d): intercept, then coefficients.
    X
        (..., n, d).
    offset
        (K,) or (..., n, K), added to the logits if given.

    Returns
    -------
    FloatArray
        (..., n, K).
    """
    theta = np.asarray(theta, dtype=float)
    z = np.asarray(X, dtype=float) @ np.swapaxes(theta[..., 1:], -1, -2) + theta[..., None, :, 0]
    return z if offset is None else z + np.asarray(offset, dtype=float)


def log_probabilities(z: npt.ArrayLike, axis: int = -1) -> FloatArray:
    """Log of the softmax of logits.

    Parameters
    ----------
    z
        Logits of any finite size.
    axis
        Of the classes.

    Returns
    -------
    FloatArray
        Of the shape of z.
    """
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
    """Objective L, the weighted log-loss plus the penalty.

    Parameters
    ----------
    theta
        (..., K, 1 + d): intercept, then coefficients, in logits per unit of the feature.
    X, y, weights
        (..., n, d), (..., n) and (..., n); labels are 0..K-1, weights are one per row if not given.
    offset
        Known logits (K,) or (..., n, K).
    ridge
        One number or one per class (K,), on the scale of the weights' sum.

    Returns
    -------
    FloatArray
        (...) in nats.

    Raises
    ------
    DataError
        If the arguments do not fit together.
    """
    theta, data, z = _evaluate(theta, X, y, weights, offset)
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
    """Gradient of `loss` in theta (label `score`).

    Parameters
    ----------
    theta, X, y, weights, offset, ridge
        As for `loss`.

    Returns
    -------
    FloatArray
        (..., K, 1 + d), summing to zero over classes.

    Raises
    ------
    DataError
        As `loss`.
    """
    theta, data, z = _evaluate(theta, X, y, weights, offset)
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
    """Hessian of `loss` in theta (label `hessian`).

    Parameters
    ----------
    theta, X, y, weights, offset, ridge
        As for `loss`.

    Returns
    -------
    FloatArray
        (..., K, 1 + d, K, 1 + d), positive semi-definite; a shift common to all classes lies in
        its null space.

    Raises
    ------
    DataError
        As `loss`.
    """
    theta, data, z = _evaluate(theta, X, y, weights, offset)
    (K, q), lead = (
        theta.shape[-2:],
        np.broadcast_shapes(z.shape[:-2], data.weights.shape[:-1]),
    )

    def flat(array: FloatArray, core: int) -> FloatArray:
        own = array.shape[array.ndim - core :]
        return np.broadcast_to(array, (*lead, *own)).reshape(-1, *own)

    p = flat(np.exp(log_probabilities(np.swapaxes(z, -1, -2), axis=-2)), 2)
    others = (1.0 - np.eye(K)) @ p
    across = np.swapaxes(flat(design(data.X), 2), 1, 2)
    H = log_loss_curvature(p, others, flat(data.weights, 1), across)
    add_penalty_curvature(H, as_penalty(ridge, K))
    return H.reshape(*lead, K, q, K, q)


def row_scores(
    theta: npt.ArrayLike,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    offset: npt.ArrayLike | None = None,
) -> FloatArray:
    """Gradient of the unweighted loss of each row (label `score`).

    Its weighted sum over rows is `score` without a ridge.

    Parameters
    ----------
    theta, X, y, offset
        As for `loss`.

    Returns
    -------
    FloatArray
        (..., n, K, 1 + d).

    Raises
    ------
    DataError
        As `loss`.
    """
    _, data, z = _evaluate(theta, X, y, None, offset)
    r = np.swapaxes(residuals(np.swapaxes(z, -1, -2), data.y), -1, -2)
    return r[..., :, None] * design(data.X)[..., None, :]


def design(X: FloatArray) -> FloatArray:
    """Design matrix (..., n, 1 + d): a column of ones for the intercept, then the features."""
    return np.concatenate([np.ones((*X.shape[:-1], 1)), X], axis=-1)


def residuals(z: FloatArray, y: IntArray) -> FloatArray:
    """Residuals p - e_y (..., K, n) from class-major logits (..., K, n).

    That of the own class is minus the sum of the others, which keeps small ones relatively exact.
    """
    r = np.exp(log_probabilities(z, axis=-2))
    own = np.arange(z.shape[-2])[:, None] == y[..., None, :]
    r = np.where(own, 0.0, r)
    return np.where(own, -r.sum(axis=-2, keepdims=True), r)


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
    """Matrix P (K, K) of the penalty (1/2) tr(coef' P coef); common shifts are in its null space.

    Raises `DataError` unless the ridges are all zero or all positive.
    """
    lam = as_floats(ridge, DataError, "A ridge must be a number or one per class")
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
    # The diagonal by a sum over the other classes: as a difference it would lose a small ridge.
    between = lam.sum() * np.outer(lam / lam.sum(), lam / lam.sum())
    np.fill_diagonal(between, 0.0)
    return np.diag(between.sum(axis=1)) - between


def penalty_value(theta: FloatArray, penalty: FloatArray) -> FloatArray:
    """(1/2) tr(coef' P coef) (...) for theta (..., K, 1 + d)."""
    coef = theta[..., 1:]
    return 0.5 * (coef * (penalty @ coef)).sum(axis=(-1, -2))


def add_penalty_curvature(
    H: FloatArray, penalty: FloatArray, share: FloatArray | None = None
) -> None:
    """Add penalties (R, C, C) to Hessians H (R, C, q, C, q) in place, except for intercepts.

    Each column is penalised by its share (R, 1, q - 1), if given.
    """
    for column in range(1, H.shape[-1]):
        part = penalty if share is None else penalty * share[:, :, None, column - 1]
        H[:, :, column, :, column] += part


def _evaluate(
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
            f"theta must have an intercept and {data.X.shape[-1]} coefficients per class; "
            f"it has {theta.shape[-1]} columns."
        )
    return theta, data, logits(theta, data.X, as_offset(offset, data))
