"""The unweighted fit with Firth's penalty: Jeffreys' prior on the coefficients."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_data
from mlbalance.softmax import objective
from mlbalance.softmax.derivatives import design, row_thirds
from mlbalance.softmax.fitting import Fit

__all__ = ["Objective", "evaluate", "fit_firth"]


def fit_firth(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_classes: int | None = None,
    tol: float = 1e-10,
    max_iter: int = 200,
) -> Fit:
    """Minimiser of the summed log-loss less half the log-determinant of the information.

    With two classes it is finite where the classes are separated. For a correctly specified model
    its second-order bias is zero under random counts. Under fixed counts it is zero for slopes, and
    (1/n_k - 1/n_0)/2 for the intercept of class k against class 0. For misspecified models and
    weighted fits the penalty does not remove the bias (label `second-order`).

    Parameters
    ----------
    X : array (n, d)
    y : array (n,)
        Labels 0..K-1.
    n_classes : int, optional
        K; by default one more than the largest label.
    tol : float
        A fit has converged if no component of the penalised score exceeds tol n (1 + max |X|).
    max_iter : int
        Scoring steps.

    Returns
    -------
    Fit
        Summing to zero over classes; `grad_norm` is what `tol` bounds. Coefficients are NaN with
        status "not-identified" for collinear features, "max-iter" where it did not converge.

    Raises
    ------
    DataError
        For what is not one data set.
    """
    data = as_data(X, y, n_classes=n_classes)
    if data.X.ndim != 2 or data.y.ndim != 1:
        raise DataError(f"Firth's fit takes one data set, X (n, d) and y (n,); X is {data.X.shape}")
    theta, none = np.zeros((data.n_classes, data.X.shape[1] + 1)), np.nan
    if np.linalg.matrix_rank(design(data.X)) < theta.shape[1]:
        return Fit(theta[:, 1:] + none, theta[:, 0] + none, "not-identified", 0, none)
    state = evaluate(theta, data.X, data.y)
    size, norm = len(data.y) * (1 + np.abs(data.X).max(initial=0.0)), none
    for step in range(max_iter):
        norm = float(np.abs(state.score).max() / size)
        if norm <= tol:
            theta = theta - theta.mean(axis=0)
            return Fit(theta[:, 1:], theta[:, 0], "converged", step, norm)
        theta, state = _descend(theta, state, data.X, data.y)
    return Fit(theta[:, 1:] + none, theta[:, 0] + none, "max-iter", max_iter, norm)


class Objective(NamedTuple):
    """A summed loss at contrasts against class 0, with or without Firth's penalty."""

    value: float
    score: FloatArray
    """(p,)"""
    information: FloatArray
    """(p, p) of the loss alone"""


def evaluate(theta: FloatArray, X: FloatArray, y: IntArray, *, firth: bool = True) -> Objective:
    """Summed loss, less half the log-determinant of the information, and its gradient.

    Parameters
    ----------
    theta : array (K, 1 + d)
    X : array (n, d)
    y : array (n,)
    firth : bool
        Whether with the penalty.

    Returns
    -------
    Objective
    """
    info = objective.hessian(theta, X, y)[1:, :, 1:, :]
    size = info.shape[0] * info.shape[1]
    info = info.reshape(size, size)
    value, score = float(objective.loss(theta, X, y)), objective.score(theta, X, y)[1:].ravel()
    if not firth:
        return Objective(value, score, info)
    value -= float(np.linalg.slogdet(info)[1] / 2)
    inverse = np.asarray(np.linalg.inv(info), dtype=float)
    pull = np.ones(len(X)) @ row_thirds(theta, X, inverse) / 2
    return Objective(value, score - pull, info)


def _descend(
    theta: FloatArray, state: Objective, X: FloatArray, y: IntArray
) -> tuple[FloatArray, Objective]:
    """One scoring step, halved until the objective does not rise but for rounding."""
    step = np.linalg.solve(state.information, state.score).reshape(theta[1:].shape)
    length = 1.0
    while True:
        moved = theta.copy()
        moved[1:] -= length * step
        new = evaluate(moved, X, y)
        if new.value <= state.value + 1e-12 * (1 + abs(state.value)) or length < 1e-8:
            return moved, new
        length /= 2
