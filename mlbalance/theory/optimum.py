"""Optimum of a population's risk, a sum over points, and the moments there.

Letters as in `mlbalance.theory.population`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray
from mlbalance.populations import Discrete, Gaussian
from mlbalance.theory.moments import Moments
from mlbalance.theory.score_sums import score_sums

__all__ = ["APART", "PopulationRisk"]

APART = "The classes hardly overlap, and no optimum was found. Use a ridge."


@dataclass(frozen=True)
class PopulationRisk:
    """Risk at a prior with a ridge; points are (M, d), the classes' masses of them (K, M)."""

    tau: FloatArray
    ridge: npt.ArrayLike
    penalty: FloatArray
    """(K, q, K, q) Hessian of the penalty."""

    @staticmethod
    def of(
        population: Gaussian | Discrete, tau: FloatArray, ridge: npt.ArrayLike
    ) -> PopulationRisk:
        # At a row of zeros the loss has no curvature in slopes, and the penalty none elsewhere.
        theta = np.zeros((tau.size, 1 + population.n_features))
        row = np.zeros((1, population.n_features))
        with_ridge, without = (softmax.hessian(theta, row, [0], ridge=r) for r in (ridge, 0.0))
        return PopulationRisk(tau, ridge, with_ridge - without)

    def solve(
        self, points: FloatArray, masses: FloatArray, start: FloatArray | None, tol: float = 0.0
    ) -> tuple[FloatArray, Moments]:
        """Optimum (K, q) and the moments there, by Newton steps from a start near it.

        Relative to the covariance the remaining distance is of the order of `tol`.
        """
        theta = self._fit(points, masses) if start is None else start
        for _ in range(20):
            mean, (A,) = score_sums(theta, points, masses, self.tau, classes=False)
            gradient = self.tau @ mean + np.tensordot(self.penalty, theta, axes=2)[1:].ravel()
            try:
                step = np.linalg.solve(A + self._curvature(), gradient)
            except np.linalg.LinAlgError:
                raise DataError(APART) from None
            if gradient @ step <= tol**2:
                return theta, self._moments(theta, points, masses)
            theta = theta - np.vstack([np.zeros(theta.shape[1]), step.reshape(len(theta) - 1, -1)])
            theta = theta - theta.mean(axis=0)
            if gradient @ step < 1e-16:  # the error is squared: after this step it is rounding
                tol = np.inf
        raise DataError("The optimum of the population was not found. Rescale the features.")

    def _moments(self, theta: FloatArray, points: FloatArray, masses: FloatArray) -> Moments:
        mean, (A, *second) = score_sums(theta, points, masses, self.tau, classes=True)
        V = np.stack(second) - mean[:, :, None] * mean[:, None, :]
        return Moments(A + self._curvature(), mean, V, self.tau)

    def _curvature(self) -> FloatArray:
        """(p, p) of the penalty in contrasts."""
        size = self.penalty[1:, :, 0, 0].size
        return self.penalty[1:, :, 1:, :].reshape(size, size)

    def _fit(self, points: FloatArray, masses: FloatArray) -> FloatArray:
        y = np.repeat(np.arange(self.tau.size), len(points))
        X = np.tile(points, (self.tau.size, 1))
        weights = (self.tau[:, None] * masses).ravel()
        fit = softmax.fit(X, y, weights, n_classes=self.tau.size, ridge=self.ridge)
        if fit.status in ("max-iter", "undecided"):
            raise DataError(APART)
        if not fit.converged:
            raise DataError(f"The population has no optimum. {softmax.STATUS[fit.status]}")
        return fit.theta
