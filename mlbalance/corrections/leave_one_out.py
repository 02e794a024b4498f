"""Leave-one-out logits: of each row by the fit without it (label `loo-intercept`).

Training rows pull their own logits, those of the rarer of two classes of one covariance more, so
that balanced intercepts set on them are biased against it on new rows (label `intercept-bias`).
Leave-one-out logits are not pulled. The weight of the row goes to the other rows of its class:
without that the prior would move.

Letters: n rows, K classes, C = K - 1 contrasts against class 0, q = 1 + d; row i of class k weighs
W_i, v_i of it is left out, and a = T_k / (T_k - v_i) scales the rest of the class.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax import log_probabilities, logits

__all__ = ["LeftOut", "is_alone", "leave_one_out_logits"]

_FEW = 10
"""Rows of a class, copies counted, below which one Newton step is too rough and a refit is made."""


class LeftOut(NamedTuple):
    """Logits of rows by the fits without them."""

    logits: FloatArray
    """(n, K); NaN where the fit without a row failed."""
    status: str
    """"converged", or that of the first fit that failed, a key of `softmax.STATUS`."""
    stage: str = ""
    """What failed, in a `Correction`: "a row left out" or "intercepts"."""


def leave_one_out_logits(
    X: FloatArray,
    codes: IntArray,
    theta: FloatArray,
    weights: FloatArray,
    leaving: FloatArray,
    ridge: float,
    *,
    max_iter: int = 200,
) -> LeftOut:
    """Logits of each row by the fit without it, for one weighted fit.

    One Newton step per row, exact in its Hessian; a refit in classes worth fewer than ten such
    rows. Memory grows with the square of K (1 + min(d, n)).

    Parameters
    ----------
    X : array (n, d)
    codes : array (n,)
        Class of each row, 0..K-1.
    theta : array (K, 1 + d)
        The fit.
    weights : array (n,)
        Those it was made with; rows without weight keep their logits.
    leaving : array (n,)
        Weight v_i that leaves with each row.
    ridge : float
        On the mean-loss scale of `softmax.fit`.
    max_iter : int
        Steps of a refit.

    Returns
    -------
    LeftOut
        Logits are NaN where a refit does not exist, or has not converged.
    """
    z, used = logits(theta, X), weights > 0
    X, theta = _in_row_space(X[used], theta)
    p = np.exp(log_probabilities(z[used]))
    fit = _Fitted(X, codes[used], theta, weights[used], p, ridge, max_iter)
    changes, status, _ = _changes(fit, leaving[used])
    z[used] += changes
    return LeftOut(z, status)


def is_alone(codes: IntArray, weights: FloatArray, leaving: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether nothing of its class remains without a row.

    Parameters
    ----------
    codes : array (n,)
        Class of each row, 0..K-1.
    weights : array (n,)
    leaving : array (n,)
        Weight that leaves with each row.

    Returns
    -------
    array (n,) of bool
    """
    total = np.bincount(codes, weights)[codes]
    return np.asarray(total - leaving <= 1e-12 * weights)


def _changes(fit: _Fitted, leaving: FloatArray) -> LeftOut:
    """Changes of the logits (n, K) as each row leaves, and the status."""
    changes, status = np.zeros_like(fit.p), "converged"
    H = fit.hessian(slice(None), fit.ridge)
    for k in range(len(fit.theta)):
        own = fit.codes == k
        total, H_k = fit.weights[own].sum(), fit.hessian(own, 0.0)
        for v in np.unique(leaving[own & (leaving > 0)]):
            rows = np.flatnonzero(own & (leaving == v))
            if total < (_FEW - 0.5) * v:
                refits, outcome, _ = _refit(fit, k, rows, v)
                changes[rows] = refits - logits(fit.theta, fit.X[rows])
                status = outcome if status == "converged" else status
            else:
                changes[rows, 1:] = _steps(fit, k, rows, v, H + v / (total - v) * H_k)
    return LeftOut(changes, status)


def _in_row_space(X: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows and coefficients in the space that the rows span, where features are more than rows.

    It holds the coefficients of every fit with a ridge, to any of the rows; logits are the same.
    """
    if X.shape[1] <= len(X):
        return X, theta
    left, size, basis = np.linalg.svd(X, full_matrices=False)
    return left * size, np.column_stack([theta[:, 0], theta[:, 1:] @ basis.T])


class _Fitted(NamedTuple):
    X: FloatArray
    codes: IntArray
    theta: FloatArray
    weights: FloatArray
    p: FloatArray
    ridge: float
    max_iter: int

    def class_score(self, k: int) -> FloatArray:
        """(C q,) weighted sum of the scores of class k."""
        own = self.codes == k
        s = softmax.score(self.theta, self.X[own], self.codes[own], self.weights[own])
        return s[1:].ravel()

    def hessian(self, rows: Any, ridge: float) -> FloatArray:
        """(C q, C q) of the loss of these rows."""
        given = self.X[rows], self.codes[rows], self.weights[rows]
        H = softmax.hessian(self.theta, *given, ridge=ridge)
        size = (len(self.theta) - 1) * self.theta.shape[1]
        return H[1:, :, 1:, :].reshape(size, size)

    def without(self, k: int, v: float) -> FloatArray:
        """Weights (n,) with class k scaled to keep its total when v of it leaves."""
        own = self.codes == k
        total = self.weights[own].sum()
        return np.where(own, self.weights * (total / (total - v)), self.weights)


def _steps(fit: _Fitted, k: int, rows: IntArray, v: float, H: FloatArray) -> FloatArray:
    """Change (rows, C) of the logits when each row leaves; its rank-C downdate is exact.

    H (C q, C q) is the Hessian with the rest of class k scaled to its total.
    """
    total = fit.weights[fit.codes == k].sum()
    a, C = total / (total - v), len(fit.theta) - 1
    inverse = np.linalg.inv(H)
    x = np.column_stack([np.ones(rows.size), fit.X[rows]])
    pulled = x @ (inverse @ fit.class_score(k)).reshape(C, -1).T
    blocks = inverse.reshape(C, x.shape[1], C, x.shape[1])
    M = np.empty((rows.size, C, C))
    for c in range(C):
        for e in range(C):
            M[:, c, e] = ((x @ blocks[c, :, e]) * x).sum(axis=1)
    p = fit.p[rows, 1:]
    r = p - (np.arange(1, C + 1) == k)
    S = p[:, :, None] * (np.eye(C) - p[:, None, :])
    step = a * v * ((M @ r[:, :, None])[:, :, 0] - pulled / total)
    return np.linalg.solve(np.eye(C) - a * v * (M @ S), step[:, :, None])[:, :, 0]


def _refit(fit: _Fitted, k: int, rows: IntArray, v: float) -> LeftOut:
    """Logits (rows, K) by a fit without each row."""
    weights = np.tile(fit.without(k, v), (rows.size, 1))
    weights[np.arange(rows.size), rows] *= np.maximum(1 - v / fit.weights[rows], 0.0)
    fits = softmax.fit(
        fit.X,
        fit.codes,
        weights,
        n_classes=len(fit.theta),
        ridge=fit.ridge,
        start=fit.theta,
        max_iter=fit.max_iter,
    )
    failed = fits.status[~fits.converged]
    status = str(failed[0]) if failed.size else "converged"
    return LeftOut(logits(fits.theta, fit.X[rows][:, None, :])[:, 0], status)
