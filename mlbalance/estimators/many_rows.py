"""Fits and predictions of a softmax classifier whose rows are a Dask collection."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlbalance import softmax, theory
from mlbalance.estimators.dask_rows import DaskRows, refuse
from mlbalance.inputs import DataError, FloatArray, IntArray
from mlbalance.methods.rows import Rows, check_memory
from mlbalance.schemes import Scheme
from mlbalance.softmax.many_rows import Some
from mlbalance.softmax.objective import add_penalty_curvature, as_penalty

__all__ = ["PassMemory", "fit_weights", "rows_by_class", "sample_ranks"]


def rows_by_class(rows: DaskRows, user: str) -> Rows:
    """Labels and counts, as one row per class that stands for all of it.

    Parameters
    ----------
    rows
        The rows.
    user
        Name of the estimator, for messages.

    Returns
    -------
    K rows with the counts as copies.

    Raises
    ------
    DataError
        For fewer than two classes.
    """
    K = rows.classes.size
    if K < 2:
        raise DataError(
            f"{user} needs rows of two classes or more; these hold {rows.classes.tolist()}. "
            "With one class there is nothing to balance."
        )
    return Rows(np.ones(K, dtype=bool), rows.classes, np.arange(K), rows.counts.astype(float))


def fit_weights(
    rows: DaskRows,
    scheme: Scheme,
    rng: np.random.Generator,
    *,
    ridge: float,
    tol: float,
    max_iter: int,
) -> softmax.Fit:
    """Fit of a scheme to rows in partitions.

    Parameters
    ----------
    rows
        The rows.
    scheme
        One that weights all rows, or keeps a simple random sample of each class, which is then
        fitted in memory.
    rng
        Generator of the sample.
    ridge, tol, max_iter
        As of `softmax.fit`.

    Returns
    -------
    The fit, of one problem.

    Raises
    ------
    InputError
        For another scheme, or a sample that is too large.
    """
    counts = rows.counts
    solver: dict[str, Any] = {"ridge": ridge, "tol": tol, "max_iter": max_iter}
    prior, sizes = scheme.target(counts), scheme.sample_sizes(counts)
    if sizes is None:
        refuse(f"{scheme!r}", "Use ClassWeight(), Unweighted(), Undersample() or Cap(m).")
    if (sizes == counts).all():
        return softmax.fit_rows(rows.at(prior), **solver)
    check_memory(
        2 * int(sizes.sum()) * (1 + rows.n_features),
        f"{scheme!r} of {counts.sum():.3g} rows",
        "Give a smaller size, or use ClassWeight().",
    )
    kept = rows.sample(sample_ranks(counts, sizes, rng))
    return softmax.fit(kept.X, kept.y, (prior / sizes)[kept.y], n_classes=counts.size, **solver)


def sample_ranks(counts: IntArray, sizes: IntArray, rng: np.random.Generator) -> list[IntArray]:
    """Simple random samples of the places of rows among those of their class.

    Parameters
    ----------
    counts
        (K,) rows per class.
    sizes
        (K,) rows that are drawn.
    rng
        Generator.

    Returns
    -------
    (m_k,) places for each class, ascending.
    """
    pairs = zip(counts.tolist(), sizes.tolist(), strict=True)
    return [np.sort(rng.choice(n, m, replace=False)) for n, m in pairs]


@dataclass
class PassMemory:
    """Rows in partitions and a fit, that covariances are computed from by a pass on demand."""

    data: DaskRows
    rows: Rows
    theta: FloatArray
    """(K, 1 + d) at the prior of the scheme, before correction."""
    scheme: Scheme
    known: list[tuple[FloatArray, ...]] = field(default_factory=list)
    """Sums of the pass, after it was made."""

    X: Any = None
    """None: the rows are not in memory."""

    @property
    def counts(self) -> IntArray:
        """(K,) rows of each class."""
        return self.data.counts

    def moments(self, ridge: float, unbiased: bool = True) -> theory.Moments:
        """Moments of the rows, with divisor n_k - 1 (unbiased) or n_k.

        Parameters
        ----------
        ridge
            On the mean-loss scale.
        unbiased
            Whether the divisor is n_k - 1.

        Returns
        -------
        The moments; the first time a pass over the rows.

        Raises
        ------
        InputError
            For matrices of more than 1 GiB.
        """
        (K, q), counts = self.theta.shape, self.counts
        p = (K - 1) * q
        check_memory(
            (2 * K + 6) * p**2,
            f"A covariance of {K} classes and {q - 1} features",
            "Fit fewer features, or bootstrap the fit: that, and predictions, need no covariance.",
        )
        prior = self.scheme.target(counts)
        if not self.known:
            self.known.append(self.data.at(prior).total(_score_sums, self.theta))
        H, first, second = self.known[0]
        H = H.reshape(1, K - 1, q, K - 1, q).copy()
        add_penalty_curvature(H, as_penalty(ridge, K)[None, 1:, 1:])
        mean = first / counts[:, None]
        cov = second / counts[:, None, None] - mean[:, :, None] * mean[:, None, :]
        if unbiased:
            cov *= (counts / np.maximum(counts - 1, 1))[:, None, None]
        return theory.Moments(H.reshape(p, p), mean, cov, prior)


def _score_sums(some: Some, theta: FloatArray) -> tuple[FloatArray, ...]:
    """Hessian (p, p) of weighted rows; sums by class of scores (K, p) and products (K, p, p)."""
    K, p = len(theta), (len(theta) - 1) * theta.shape[1]
    H = softmax.hessian(theta, some.X, some.y, some.weights)[1:, :, 1:, :].reshape(p, p)
    scores = softmax.row_scores(theta, some.X, some.y)[:, 1:].reshape(-1, p)
    first, second = np.zeros((K, p)), np.zeros((K, p, p))
    for k in np.unique(some.y):
        s = scores[some.y == k]
        first[k], second[k] = s.sum(axis=0), s.T @ s
    return H, first, second
