"""Exact verdicts on the existence of a fit, as a method of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mlbalance import existence, softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method
from mlbalance.simulation import Fitted


@dataclass(frozen=True)
class Verdict(Method):
    """`existence.verdict` on the rows that a scheme keeps; where a fit exists it is zero."""

    statuses: ClassVar[dict[str, str]] = softmax.OF_VERDICT

    @classmethod
    def of(cls, method: Method) -> Verdict:
        """The verdict on the rows of a method."""
        return cls(method.scheme, name=(f"{method.id}-verdict", f"{method.label}, exact verdict"))

    def fit(
        self, X: FloatArray, y: IntArray, weights: FloatArray, rows: object = None
    ) -> Estimates:
        """Status (R,) of data sets X (R, n, d), y (n,) or (R, n), weights (R, 1, n)."""
        K = int(y.max()) + 1
        labels = np.broadcast_to(y, (len(X), X.shape[1]))
        rows = zip(X, labels, weights[:, 0], strict=True)
        status = np.array([self.statuses[existence.verdict(*row, n_classes=K)] for row in rows])
        theta = np.zeros((len(X), K, 1 + X.shape[2]))
        theta[status != "converged"] = np.nan
        return Estimates(theta, status)


@dataclass(frozen=True)
class Exists:
    """Indicator of a fit: one where there is an estimate."""

    columns = ("fit",)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Ones (R, 1)."""
        return np.ones((len(fitted.theta), 1))
