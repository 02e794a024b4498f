"""Intercepts judged by rows that did not fit them (label `loo-intercept`).

Rare rows pull their own logits most, so intercepts set on them are biased against rare classes.
Here the direction is kept and the intercepts are fitted anew to logits of each row without itself.
Its weight goes to the other rows of its class: without that the prior would move.

Letters: n rows, K classes, C = K - 1 contrasts against class 0, q = 1 + d; row i of class k weighs
W_i, v_i of it is left out, and a = T_k / (T_k - v_i) scales what is left of the class.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax import log_probabilities, logits, row_scores

__all__ = ["left_out_logits"]

_FEW = 10
"""Rows of a class, copies counted, below which one Newton step is too rough and a refit is made."""


def left_out_logits(
    X: FloatArray,
    codes: IntArray,
    theta: FloatArray,
    weights: FloatArray,
    left_out: FloatArray,
    ridge: float,
) -> FloatArray:
    """Logits (n, K) of each row by the fit without it, for one fit theta (K, q) with weights (n,).

    `left_out` (n,) is the weight v_i that leaves; rows without weight keep their logits. One
    Newton step a row, exact in its Hessian; a refit in classes worth fewer than ten such rows.
    NaN where a refit does not exist.
    """
    z, p = logits(theta, X), np.exp(log_probabilities(logits(theta, X)))
    fit = _Fitted(X, codes, theta, weights, p, ridge)
    for k in range(len(theta)):
        G, total = fit.class_score(k), weights[codes == k].sum()
        for v in np.unique(left_out[(codes == k) & (left_out > 0)]):
            rows = np.flatnonzero((codes == k) & (left_out == v))
            if total < (_FEW - 0.5) * v:
                z[rows] = _refitted(fit, k, rows, v)
            else:
                z[rows, 1:] += _steps(fit, k, rows, v, G)
    return z


class _Fitted(NamedTuple):
    X: FloatArray
    codes: IntArray
    theta: FloatArray
    weights: FloatArray
    p: FloatArray
    ridge: float

    def class_score(self, k: int) -> FloatArray:
        """(C q,) weighted sum of the scores of class k."""
        own = self.codes == k
        s = row_scores(self.theta, self.X[own], self.codes[own])[:, 1:]
        return np.tensordot(self.weights[own], s, axes=1).ravel()

    def hessian(self, weights: FloatArray) -> FloatArray:
        """(C q, C q) of the loss with these weights."""
        H = softmax.hessian(self.theta, self.X, self.codes, weights, ridge=self.ridge)
        size = (len(self.theta) - 1) * self.theta.shape[1]
        return H[1:, :, 1:, :].reshape(size, size)

    def without(self, k: int, v: float) -> FloatArray:
        """Weights (n,) with class k scaled to keep its total when v of it leaves."""
        own = self.codes == k
        total = self.weights[own].sum()
        return np.where(own, self.weights * (total / (total - v)), self.weights)


def _steps(fit: _Fitted, k: int, rows: IntArray, v: float, G: FloatArray) -> FloatArray:
    """Change (rows, C) of the logits when each row leaves; its rank-C downdate is exact."""
    total = fit.weights[fit.codes == k].sum()
    a, C = total / (total - v), len(fit.theta) - 1
    inverse = np.linalg.inv(fit.hessian(fit.without(k, v)))
    x = np.column_stack([np.ones(rows.size), fit.X[rows]])
    pulled = x @ (inverse @ G).reshape(C, -1).T
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


def _refitted(fit: _Fitted, k: int, rows: IntArray, v: float) -> FloatArray:
    """Logits (rows, K) by a fit without each row."""
    weights = np.tile(fit.without(k, v), (rows.size, 1))
    weights[np.arange(rows.size), rows] *= np.maximum(1 - v / fit.weights[rows], 0.0)
    fits = softmax.fit(
        fit.X, fit.codes, weights, n_classes=len(fit.theta), ridge=fit.ridge, start=fit.theta
    )
    return logits(fits.theta, fit.X[rows][:, None, :])[:, 0]
