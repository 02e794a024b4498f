"""Rows and fit that a classifier keeps, for covariances on demand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import theory
from mlbalance.inputs import FloatArray
from mlbalance.methods.rows import Rows, check_memory
from mlbalance.populations import Rule
from mlbalance.schemes import Scheme

__all__ = ["Memory"]


class Memory(NamedTuple):
    """Data and fit that covariances are computed from on demand."""

    X: FloatArray
    rows: Rows
    theta: FloatArray
    """(K, 1 + d) at the prior of the scheme, before correction."""
    scheme: Scheme

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """(K,) rows of each class, copies counted."""
        return np.rint(self.rows.totals).astype(np.int64)

    @property
    def doubles(self) -> int:
        """Numbers in memory for covariances: of classes, of the rows of one, and of the result."""
        (K, q), largest = self.theta.shape, int(np.bincount(self.rows.codes).max())
        return (2 * K + 6) * ((K - 1) * q) ** 2 + 3 * largest * K * q + 2 * (K * q) ** 2

    def moments(self, ridge: float, unbiased: bool = True) -> theory.Moments:
        """Moments of the rows with their copies, with divisor n_k - 1 (unbiased) or n_k."""
        (K, q), n = self.theta.shape, len(self.X)
        check_memory(
            self.doubles,
            f"A covariance of {K} classes, {q - 1} features and {n} rows",
            "Fit fewer features, or bootstrap the fit: that, and predictions, need no covariance.",
        )
        codes, copies = self.rows.codes, self.rows.copies
        counts = self.counts
        rule = [Rule(self.X[codes == k], copies[codes == k] / n_k) for k, n_k in enumerate(counts)]
        m = theory.moments(rule, self.theta, self.scheme.target(counts), ridge=ridge)
        if not unbiased:
            return m
        larger = counts / np.maximum(counts - 1, 1)
        return m._replace(score_cov=m.score_cov * larger[:, None, None])
