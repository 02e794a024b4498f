"""Outcomes of the studies with many features, from the distribution of a new row's logits.

Rows of a Gaussian class have Gaussian logits under a fit, so that no test rows are drawn: the
measures below are exact for the fitted coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlbalance.inputs import FloatArray
from mlbalance.populations import Gaussian, Logits
from mlbalance.simulation import Fitted, Sampled
from mlbalance.simulation.sources import Stream, Test


@dataclass(frozen=True, eq=False)
class Wide(Sampled):
    """A sample of Gaussian classes, tested on 2 d points per class that have its two moments."""

    population: Gaussian

    def test(self, number: int, streams: Stream) -> Test:
        """Mean plus and minus sqrt(d) times the columns of a root of the covariance."""
        K, d = self.population.means.shape
        roots = np.linalg.cholesky(np.broadcast_to(self.population.covariance, (K, d, d)))
        steps = np.sqrt(d) * np.swapaxes(roots, 1, 2)
        points = self.population.means[:, None] + np.concatenate([steps, -steps], axis=1)
        return Test(
            points.reshape(-1, d), np.repeat(np.arange(K), 2 * d), np.full(2 * K * d, 0.5 / K / d)
        )


@dataclass(frozen=True)
class Limits:
    """Measures that have a limit as n and d grow together.

    For the rarest and the largest class: the mean of its own logit less the mean of the others, and
    its error; the standard deviation of this contrast in the largest class; balanced error and
    log-loss; the calibration slope.
    """

    columns = (
        "margin, rarest",
        "margin, largest",
        "spread",
        "error, rarest",
        "error, largest",
        "balanced error",
        "log-loss",
        "calibration slope",
    )

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Measures (R, columns)."""
        (test,) = fitted.tests
        counts = np.bincount(fitted.y[0])
        laws = [Logits.of(theta, test.X, test.y) for theta in fitted.theta]
        return np.array([described(law, counts) for law in laws])


def described(law: Logits, counts: FloatArray) -> tuple[float, ...]:
    """Measures of `Limits` for class counts (K,)."""
    K, rare, large = len(counts), int(np.argmin(counts)), int(np.argmax(counts))
    contrast = np.eye(K) - (1 - np.eye(K)) / (K - 1)
    errors = law.class_errors()
    return (
        float(contrast[rare] @ law.mean[rare]),
        float(contrast[large] @ law.mean[large]),
        float(np.sqrt(contrast[large] @ law.covariance[large] @ contrast[large])),
        float(errors[rare]),
        float(errors[large]),
        float(errors.mean()),
        law.log_loss(),
        law.calibration().slope,
    )
