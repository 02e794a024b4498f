"""Firth's fit: the unweighted likelihood penalised by Jeffreys' prior (Firth 1993)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_data
from mlbalance.softmax.fitting import Fit
from mlbalance.softmax.objective import (
    design,
    hessian,
    log_probabilities,
    logits,
    loss,
    score,
)

__all__ = ["firth", "firth_fit"]


def firth(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_classes: int | None = None,
    tol: float = 1e-10,
    max_iter: int = 200,
) -> FloatArray:
    """Coefficients of `firth_fit`, or an error (label `second-order`).

    Parameters
    ----------
    X, y, n_classes, tol, max_iter
        As for `firth_fit`.

    Returns
    -------
    FloatArray
        (K, 1 + d) intercepts and coefficients, summing to zero over classes.

    Raises
    ------
    DataError
        As `firth_fit`, for collinear features, and if the fit does not converge.
    """
    fit = firth_fit(X, y, n_classes=n_classes, tol=tol, max_iter=max_iter)
    if fit.status == "not-identified":
        raise DataError("The features are collinear, with each other or the intercept. Drop some.")
    if not fit.converged:
        raise DataError(f"Firth's fit did not converge in {max_iter} steps. Rescale X.")
    return fit.theta


def firth_fit(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_classes: int | None = None,
    tol: float = 1e-10,
    max_iter: int = 200,
) -> Fit:
    """Minimise the summed log-loss less half the log-determinant of its Hessian.

    The minimum is finite for separated classes too. Slopes of a correctly specified model lose
    their second-order bias; so do intercepts at the natural prior when counts are random, while
    with fixed counts the contrast of class k with class 0 keeps (1/n_k - 1/n_0)/2. The penalty is
    not the bias of a misspecified model, nor of a weighted fit (label `second-order`).

    Parameters
    ----------
    X, y
        One data set, (n, d) and (n,); labels are 0..K-1.
    n_classes
        K; the largest label plus one if not given.
    tol
        Bound on the largest component of the penalised score over n (1 + max |X|).
    max_iter
        Scoring steps allowed.

    Returns
    -------
    Fit
        Coefficients sum to zero over classes. The status is "converged", "not-identified" or
        "max-iter"; `grad_norm` is what `tol` bounds.

    Raises
    ------
    DataError
        If X and y are not one data set or do not fit together.
    """
    data = as_data(X, y, n_classes=n_classes)
    if data.X.ndim != 2 or data.y.ndim != 1:
        raise DataError(f"Firth's fit takes one data set, X (n, d) and y (n,); X is {data.X.shape}")
    theta, none = np.zeros((data.n_classes, data.X.shape[1] + 1)), np.nan
    if np.linalg.matrix_rank(design(data.X)) < theta.shape[1]:
        return Fit(theta[:, 1:] + none, theta[:, 0] + none, "not-identified", 0, none)
    now = _at(theta, data.X, data.y)
    size, norm = len(data.y) * (1 + np.abs(data.X).max(initial=0.0)), none
    for step in range(max_iter):
        norm = float(np.abs(now.score).max() / size)
        if norm <= tol:
            theta = theta - theta.mean(axis=0)
            return Fit(theta[:, 1:], theta[:, 0], "converged", step, norm)
        theta, now = _step(theta, now, data.X, data.y)
    return Fit(theta[:, 1:] + none, theta[:, 0] + none, "max-iter", max_iter, norm)


class _Penalised(NamedTuple):
    """The penalised loss and its derivatives in contrasts to class 0."""

    value: float
    score: FloatArray  # (p,)
    information: FloatArray  # (p, p)


def _at(theta: FloatArray, X: FloatArray, y: IntArray) -> _Penalised:
    information = hessian(theta, X, y)[1:, :, 1:, :]
    size = information.shape[0] * information.shape[1]
    information = information.reshape(size, size)
    value = float(loss(theta, X, y) - np.linalg.slogdet(information)[1] / 2)
    inverse = np.asarray(np.linalg.inv(information), dtype=float)
    pull = _log_determinant_gradient(theta, X, inverse) / 2
    return _Penalised(value, score(theta, X, y)[1:].ravel() - pull, information)


def _log_determinant_gradient(theta: FloatArray, X: FloatArray, inverse: FloatArray) -> FloatArray:
    """Gradient (p,) of the log-determinant of the Hessian, whose inverse is (p, p).

    A row's part is the third derivative of its loss, contracted with the covariances of its logits.
    """
    z = design(X)
    p = np.exp(log_probabilities(logits(theta, X)))[:, 1:]
    C, q = p.shape[1], z.shape[1]
    blocks = inverse.reshape(C, q, C, q).transpose(1, 3, 0, 2).reshape(q * q, C * C)
    cov = ((z[:, :, None] * z[:, None, :]).reshape(len(z), -1) @ blocks).reshape(-1, C, C)
    cross = (cov * p[:, None, :]).sum(axis=2)
    own = np.diagonal(cov, axis1=1, axis2=2)
    mean = ((2 * cross - own) * p).sum(axis=1, keepdims=True)
    gradient = (p * (own - 2 * cross + mean)).T @ z
    return np.asarray(gradient).ravel()


def _step(
    theta: FloatArray, now: _Penalised, X: FloatArray, y: IntArray
) -> tuple[FloatArray, _Penalised]:
    """One scoring step, halved until the objective does not rise but for rounding."""
    direction = np.linalg.solve(now.information, now.score).reshape(theta[1:].shape)
    length = 1.0
    while True:
        moved = theta.copy()
        moved[1:] -= length * direction
        new = _at(moved, X, y)
        if new.value <= now.value + 1e-12 * (1 + abs(now.value)) or length < 1e-8:
            return moved, new
        length /= 2
