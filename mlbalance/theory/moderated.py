"""Class covariances of the score from few rows: by rows left out, moderated towards the model's.

Letters: n rows, K classes, C = K - 1 contrasts, q = 1 + d, p = C q; n_k rows of class k with
weights tau_k/n_k, score s and its mean mu_k there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray, IntArray
from mlbalance.theory.moments import Moments

__all__ = ["MODEL_WORTH", "Moderated", "moderate"]

MODEL_WORTH = 8
"""Degrees of freedom that the model's covariance of a class counts for.

A variance about the model's with a coefficient of variation of 1/2 has 2/(1/2)^2 of them.
"""

_BLOCK = 2**15
"""Numbers of a block of rows, or as many as a Hessian has: 256 KiB."""


class Moderated(NamedTuple):
    """Moments of few rows, and the degrees of freedom of their covariances."""

    moments: Moments
    freedom: FloatArray
    """(K,) n_k - 1 + worth."""


def moderate(
    m: Moments,
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    theta: npt.ArrayLike,
    *,
    copies: npt.ArrayLike | None = None,
    worth: float = MODEL_WORTH,
) -> Moderated:
    """Covariances of the score within classes for intervals of fits to few rows (label `few-rows`).

    Two estimates of a class's covariance, weighted by n_k - 1 and `worth`:

    The empirical one has the scores by the fits without each row, to one Newton step with the
    Hessian without the row, whose weight goes to the rest of its class; `covariance` is then the
    jackknife by classes. Scores at the fit itself are pulled towards zero by their own rows.

    The model's: under a correctly specified model E_k f(x) = E[p_k(x) f(x)] / tau_k, the mean over
    the rows of all classes at the prior tau, p_k the fitted probability. So rows of other classes
    near the boundary say how scores of class k vary, whose own few rows there may be none.

    The sum is that of a scaled inverse chi-square prior with the model's covariance and `worth`
    degrees of freedom (Smyth 2004).

    Parameters
    ----------
    m : Moments
        Of the rows, at theta, ridge included.
    X : array (n, d)
    y : array (n,)
        Labels 0..K-1.
    theta : array (K, 1 + d)
        The fit, at the prior of m.
    copies : array (n,), optional
        Whole numbers of independent rows that each row stands for.
    worth : float
        Degrees of freedom of the model's covariance; zero for the jackknife.

    Returns
    -------
    Moderated

    Raises
    ------
    DataError
        Where the fit is not determined without one of the rows.
    """
    rows = _Rows.of(m, X, y, theta, copies)
    covs = np.empty_like(m.score_cov)
    for k, n_k in enumerate(rows.counts):
        own = (n_k - 1) * rows.left_out(k) if n_k > 1 else np.zeros_like(m.hessian)
        if worth:
            own += worth * rows.modelled(k)
        covs[k] = own / max(n_k - 1 + worth, 1)
    return Moderated(m._replace(score_cov=covs), rows.counts - 1 + worth)


class _Rows(NamedTuple):
    m: Moments
    x: FloatArray
    """(n, q)"""
    y: IntArray
    p: FloatArray
    """(n, K)"""
    copies: FloatArray
    counts: FloatArray
    """(K,)"""

    @classmethod
    def of(
        cls,
        m: Moments,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        theta: npt.ArrayLike,
        copies: npt.ArrayLike | None,
    ) -> _Rows:
        points, codes = np.asarray(X, dtype=float), np.asarray(y)
        times = np.ones(len(points)) if copies is None else np.asarray(copies, dtype=float)
        p = np.exp(softmax.log_probabilities(softmax.logits(theta, points)))
        x = np.column_stack([np.ones(len(points)), points])
        counts = np.bincount(codes, times, m.prior.size).astype(float)
        return cls(m, x, codes, p, times, counts)

    def blocks(self, rows: IntArray, width: int) -> Iterator[IntArray]:
        """The rows, so many at a time that `width` numbers of each fit a block."""
        size = max(1, max(_BLOCK, self.m.hessian.size) // width)
        return (rows[start : start + size] for start in range(0, rows.size, size))

    def scores(self, rows: IntArray, k: int) -> FloatArray:
        """(rows, p) scores of these rows, were they of class k."""
        r = self.p[rows, 1:] - (np.arange(1, self.m.prior.size) == k)
        return (r[:, :, None] * self.x[rows, None, :]).reshape(rows.size, -1)

    def modelled(self, k: int) -> FloatArray:
        """(p, p) covariance of class k by all rows, weighted with its probability."""
        weights = self.copies * (self.m.prior / self.counts)[self.y] * self.p[:, k]
        weights /= weights.sum()
        size = len(self.m.hessian)
        mean, square = np.zeros(size), np.zeros((size, size))
        for rows in self.blocks(np.flatnonzero(weights), size):
            s = self.scores(rows, k)
            mean += weights[rows] @ s
            square += (s.T * weights[rows]) @ s
        return square - np.outer(mean, mean)

    def left_out(self, k: int) -> FloatArray:
        """(p, p) covariance of class k by the scores A (change of the fit) of rows left out."""
        own = np.flatnonzero(self.y == k)
        A, n_k, tau = self.m.hessian, self.counts[k], self.m.prior[k]
        C, q = self.m.prior.size - 1, self.x.shape[1]
        each = tau / (n_k - 1)
        G = np.linalg.inv(A + each * self._curvature(own) / n_k)
        mean, square = np.zeros(len(A)), np.zeros_like(A)
        for rows in self.blocks(own, len(A) * C):
            x, p = self.x[rows], self.p[rows, 1:]
            S = each * p[:, :, None] * (np.eye(C) - p[:, None, :])
            pulled = (self.scores(rows, k) - self.m.score_mean[k]) @ G
            wide = (G.reshape(C * q * C, q) @ x.T).T.reshape(-1, C, q, C)
            inner = np.einsum("icae,ia->ice", wide, x)
            across = np.einsum("ica,ia->ic", pulled.reshape(-1, C, q), x)
            try:
                turned = np.linalg.solve(np.eye(C) - inner @ S, across[:, :, None])
            except np.linalg.LinAlgError as error:
                raise DataError(_UNDETERMINED) from error
            e = pulled + np.einsum("icae,ie->ica", wide, (S @ turned)[:, :, 0]).reshape(len(x), -1)
            e = e @ A
            copies = self.copies[rows]
            mean += copies @ e / n_k
            square += (e.T * copies) @ e
        found: FloatArray = (square - n_k * np.outer(mean, mean)) / (n_k - 1)
        if not np.isfinite(found).all():
            raise DataError(_UNDETERMINED)
        return found

    def _curvature(self, rows: IntArray) -> FloatArray:
        """(p, p) sum of the Hessians of rows."""
        C, q = self.m.prior.size - 1, self.x.shape[1]
        H = np.empty((C, q, C, q))
        x, copies = self.x[rows], self.copies[rows]
        for c in range(C):
            for e in range(c, C):
                p, other = self.p[rows, c + 1], self.p[rows, e + 1]
                H[c, :, e] = H[e, :, c] = (x.T * (copies * p * ((c == e) - other))) @ x
        return H.reshape(C * q, C * q)


_UNDETERMINED = (
    "Without one of its rows the fit is not determined: a feature varies in that row alone, or a "
    'class is left without rows near the boundary. Ask for kind "design", or give a ridge.'
)
