"""Leave-one-out logits: of each row by the fit without it (label `loo-intercept`).

Training rows pull their own logits, those of the rarer of two classes of one covariance more, so
that balanced intercepts set on them are biased against it on new rows (label `intercept-bias`).
Leave-one-out logits are not pulled. The weight of the row goes to the other rows of its class:
without that the prior would move.

Letters: n rows, K classes, C = K - 1 contrasts against class 0, q = 1 + d; row i of class k weighs
W_i, v_i of it is left out, and a = T_k / (T_k - v_i) scales the rest of the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax import log_probabilities, logits

__all__ = ["LeftOut", "is_alone", "leave_one_out_logits"]

_FEW = 10
"""Rows of a class, copies counted, below which one Newton step is too rough and a refit is made."""

_SMALL = 512
"""Parameters up to which a Hessian is inverted for every class, and weight that leaves it."""


class LeftOut(NamedTuple):
    """Logits of rows by the fits without them."""

    logits: FloatArray
    """(n, K); NaN where the fit without a row failed."""
    status: str
    """"converged", or that of the first fit that failed, a key of `softmax.STATUS`."""
    stage: str = ""
    """Where a `Correction` failed: "a row left out"."""


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

    One Newton step per row; a refit in classes worth fewer than ten such rows. The Hessian of the
    step has the row taken out exactly, and the rest of its class scaled up by a = 1 + eps. Where
    parameters are more than 512, and more than the rows of the class times K - 1, that scaling is
    of first order, with coefficients that put its relative error at eps^2/8 at most: 3e-4 for 20
    rows, 1e-5 for 100. Memory grows with the square of K (1 + min(d, n)).

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
        Logits are NaN where a refit does not exist, or has not converged, and where a Hessian has
        no inverse, which is "max-iter" too.
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
    totals = np.bincount(fit.codes, fit.weights, len(fit.theta))
    few = totals[fit.codes] < (_FEW - 0.5) * leaving
    if few.any():
        rows = np.flatnonzero(few)
        refits, status, _ = _refit(fit, rows, leaving[rows])
        changes[rows] = refits - logits(fit.theta, fit.X[rows])
    for k in range(len(fit.theta)):
        rows = np.flatnonzero((fit.codes == k) & (leaving > 0) & ~few)
        if rows.size:
            try:
                changes[rows, 1:] = fit.steps(k, rows, leaving[rows])
            except np.linalg.LinAlgError:
                changes[rows] = np.nan
            if status == "converged" and not np.isfinite(changes[rows]).all():
                status = "max-iter"
    return LeftOut(changes, status)


def _in_row_space(X: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows and coefficients in the space that the rows span, where features are more than rows.

    It holds the coefficients of every fit with a ridge, to any of the rows; logits are the same.
    """
    if X.shape[1] <= len(X):
        return X, theta
    left, size, basis = np.linalg.svd(X, full_matrices=False)
    return left * size, np.column_stack([theta[:, 0], theta[:, 1:] @ basis.T])


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A fit, and the Newton step from it as each of its rows leaves."""

    X: FloatArray
    codes: IntArray
    theta: FloatArray
    weights: FloatArray
    p: FloatArray
    ridge: float
    max_iter: int

    def without(self, row: int, v: float) -> FloatArray:
        """Weights (n,) when v of a row leaves, its class scaled to keep its total."""
        own = self.codes == self.codes[row]
        total = self.weights[own].sum()
        weights = np.where(own, self.weights * (total / (total - v)), self.weights)
        weights[row] *= max(1 - v / self.weights[row], 0.0)
        return weights

    @cached_property
    def x(self) -> FloatArray:
        """(n, q)"""
        return np.column_stack([np.ones(len(self.X)), self.X])

    def steps(self, k: int, rows: IntArray, leaving: FloatArray) -> FloatArray:
        """Change (rows, C) of the logits when each row of class k leaves."""
        C = len(self.theta) - 1
        total = self.weights[self.codes == k].sum()
        excess = leaving / (total - leaving)
        M, pulled = np.empty((rows.size, C, C)), np.empty((rows.size, C))
        if self._inverts(k):
            for eps in np.unique(excess):
                own = excess == eps
                M[own], pulled[own] = self._exact(k, self.x[rows[own]], eps)
        else:
            M[:], pulled[:] = self._first_order(k, rows, excess)
        p = self.p[rows, 1:]
        r = p - (np.arange(1, C + 1) == k)
        S = p[:, :, None] * (np.eye(C) - p[:, None, :])
        v = (leaving * (1 + excess))[:, None]
        step = v * ((M @ r[:, :, None])[:, :, 0] - pulled / total)
        return np.linalg.solve(np.eye(C) - v[:, :, None] * (M @ S), step[:, :, None])[:, :, 0]

    def _inverts(self, k: int) -> bool:
        C, q = len(self.theta) - 1, self.x.shape[1]
        return C * q <= _SMALL or (self.codes == k).sum() > q

    def _exact(self, k: int, x: FloatArray, eps: float) -> tuple[FloatArray, FloatArray]:
        """Blocks x H'^-1 x' (rows, C, C) and x H'^-1 (score of class k), H' = H + eps H of k."""
        H = _inverse(self.hessian + eps * self._hessian(self.codes == k))
        C, q = H.shape[:2]
        M = np.empty((len(x), C, C))
        for c in range(C):
            across = (x @ H[c, :, c:].reshape(q, -1)).reshape(-1, C - c, q)
            M[:, c, c:] = np.einsum("iej,ij->ie", across, x)
            M[:, c:, c] = M[:, c, c:]
        return M, x @ _times(H, self._class_score(k)).T

    def _first_order(
        self, k: int, rows: IntArray, eps: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """As `_exact`, with 1/(1 + eps f), 0 <= f <= 1, as the line nearest to it in f.

        f are the eigenvalues of the Hessian of class k against all of it.
        """
        own, H = np.flatnonzero(self.codes == k), self.inverse
        C, q, at = len(H), H.shape[1], np.searchsorted(own, rows)
        x, p = self.x[own], self.p[own, 1:].T
        # With columns of roots A of the curvature W (diag p - p p') of a row: G A, for G = x H x'.
        rest = 1 / (1 + np.sqrt(self.p[own, 0]))
        root = np.sqrt(self.weights[own] * p)
        M, half = np.empty((rows.size, C, C)), np.empty((rows.size, C, C, own.size))
        G = np.empty((C, own.size, C, own.size))
        for c in range(C):
            block = (x @ H[c, :, c:].reshape(q, -1)).reshape(-1, q) @ x.T
            G[c, :, c:] = block.reshape(own.size, C - c, own.size)
            for e in range(c + 1, C):
                G[e, :, c] = G[c, :, e].T
            here = G[c] if rows.size == own.size else G[c, at]
            M[:, c] = here[np.arange(rows.size), :, at]
            mean = rest * np.einsum("iej,ej->ij", here, p)
            np.subtract(here, mean[:, None], out=half[:, c])
            half[:, c] *= root
        flat = half.reshape(rows.size, C, -1)
        pulled = self.x[own] @ _times(H, self._class_score(k)).T
        turned = root * (pulled.T - rest * (p * pulled.T).sum(axis=0))
        a, slope = 1 + eps, -eps / (1 + eps)
        level = 0.5 + (np.sqrt(a) - 0.5) / a
        M = level[:, None, None] * M + slope[:, None, None] * (flat @ flat.transpose(0, 2, 1))
        pull = level[:, None] * pulled[at] + slope[:, None] * (flat @ turned.reshape(-1))
        return M, pull

    @cached_property
    def hessian(self) -> FloatArray:
        """(C, q, C, q) of the penalised loss"""
        H = self._hessian(slice(None))
        C, q = H.shape[:2]
        at = np.arange(1, q)
        H[:, at, :, at] += self.ridge * (np.eye(C) - 1 / (C + 1))
        return H

    @cached_property
    def inverse(self) -> FloatArray:
        """(C, q, C, q) of the Hessian"""
        return _inverse(self.hessian)

    def _hessian(self, rows: Any) -> FloatArray:
        """(C, q, C, q) of the loss of these rows."""
        x, p, weights = self.x[rows], self.p[rows].T, self.weights[rows]
        C, q = len(p) - 1, x.shape[1]
        H = np.empty((C, q, C, q))
        rest = p[0]
        for c in range(1, C + 1):
            others = rest + p[c + 1 :].sum(axis=0)
            rest = rest + p[c]
            for e in range(c, C + 1):
                sign, bend = (1, others) if e == c else (-1, p[e])
                half = x.T * np.sqrt(weights * p[c] * bend)
                H[c - 1, :, e - 1] = H[e - 1, :, c - 1] = sign * (half @ half.T)
        return H

    def _class_score(self, k: int) -> FloatArray:
        """(C, q) weighted sum of the scores of class k."""
        own = self.codes == k
        residuals = self.p[own] - (np.arange(len(self.theta)) == k)
        return np.asarray((residuals[:, 1:].T * self.weights[own]) @ self.x[own])


def _times(H: FloatArray, s: FloatArray) -> FloatArray:
    C, q = s.shape
    product: FloatArray = H.reshape(C * q, C * q) @ s.reshape(-1)
    return product.reshape(C, q)


def _inverse(H: FloatArray) -> FloatArray:
    """Inverse of a Hessian (C, q, C, q); singular to working accuracy, by LU as far as it goes."""
    from scipy.linalg import lapack

    shape, size = H.shape, H.shape[0] * H.shape[1]
    root, failed = lapack.dpotrf(H.reshape(size, size).T)
    if failed:
        return np.asarray(np.linalg.inv(H.reshape(size, size))).reshape(shape)
    upper, _ = lapack.dpotri(root, overwrite_c=True)
    inverse: FloatArray = np.where(np.tri(size, dtype=bool), upper.T, upper)
    return inverse.reshape(shape)


def _refit(fit: _Fitted, rows: IntArray, leaving: FloatArray) -> LeftOut:
    """Logits (rows, K) by a fit without each row."""
    weights = np.stack([fit.without(i, v) for i, v in zip(rows, leaving, strict=True)])
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
