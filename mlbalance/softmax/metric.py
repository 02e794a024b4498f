"""Metrics in which problems of many parameters are solved: what L-BFGS and its like start from.

A metric is a positive definite matrix close to the Hessian, by its Cholesky factor. In the
coordinates of the factor the Hessian is close to the identity, whatever the scales of features.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlbalance.inputs import FloatArray


@dataclass(frozen=True)
class Even:
    """Hessian at equal probabilities: the same (q, q) matrix for every class."""

    factor: FloatArray
    """(q, q) lower triangle."""

    @cached_property
    def _inverse(self) -> FloatArray:
        from scipy.linalg import solve_triangular

        return np.asarray(solve_triangular(self.factor, np.eye(len(self.factor)), lower=True))

    def coordinates(self, theta: FloatArray) -> FloatArray:
        """Coordinates (K q,) of coefficients theta (K, q)."""
        return (theta @ self.factor).ravel()

    def theta(self, coordinates: FloatArray) -> FloatArray:
        """Coefficients (K, q) at coordinates (K q,)."""
        return coordinates.reshape(-1, len(self.factor)) @ self._inverse

    def slope(self, gradient: FloatArray) -> FloatArray:
        """Gradient (K q,) in the coordinates, from that in coefficients (K, q)."""
        return (gradient @ self._inverse.T).ravel()

    def solve(self, residual: FloatArray) -> FloatArray:
        """Inverse of the metric times a residual (1, K, q)."""
        from scipy.linalg import cho_solve

        solved: FloatArray = cho_solve((self.factor, True), residual[0].T, check_finite=False)
        return solved.T[None]


@dataclass(frozen=True)
class Contrasts:
    """Hessian of a sample of the rows, in the contrasts against class 0, whose own are zero."""

    factor: FloatArray
    """((K - 1) q, (K - 1) q) lower triangle."""
    columns: int
    """q"""

    def coordinates(self, theta: FloatArray) -> FloatArray:
        """Coordinates ((K - 1) q,) of coefficients theta (K, q)."""
        return self.factor.T @ (theta[1:] - theta[:1]).ravel()

    def theta(self, coordinates: FloatArray) -> FloatArray:
        """Coefficients (K, q) at coordinates ((K - 1) q,)."""
        from scipy.linalg import solve_triangular

        return self._of_contrasts(solve_triangular(self.factor, coordinates, lower=True, trans=1))

    def slope(self, gradient: FloatArray) -> FloatArray:
        """Gradient ((K - 1) q,) in the coordinates, from that in coefficients (K, q)."""
        from scipy.linalg import solve_triangular

        return np.asarray(solve_triangular(self.factor, gradient[1:].ravel(), lower=True))

    def solve(self, residual: FloatArray) -> FloatArray:
        """Inverse of the metric times a residual (1, K, q)."""
        from scipy.linalg import cho_solve

        return self._of_contrasts(cho_solve((self.factor, True), residual[0, 1:].ravel()))[None]

    def _of_contrasts(self, contrasts: FloatArray) -> FloatArray:
        return np.vstack([np.zeros(self.columns), contrasts.reshape(-1, self.columns)])


@dataclass(frozen=True)
class Blocks:
    """Blocks of the Hessian near the start, one per class; those between classes are left out."""

    inverse: FloatArray
    """(K, q, q) inverses of the lower triangles."""

    @classmethod
    def of(cls, blocks: FloatArray) -> Blocks:
        """From positive definite blocks (K, q, q)."""
        return cls(np.linalg.inv(np.linalg.cholesky(blocks)))

    def coordinates(self, theta: FloatArray) -> FloatArray:
        """Coordinates (K q,) of coefficients theta (K, q)."""
        return np.asarray(
            np.linalg.solve(np.swapaxes(self.inverse, 1, 2), theta[..., None])
        ).ravel()

    def theta(self, coordinates: FloatArray) -> FloatArray:
        """Coefficients (K, q) at coordinates (K q,)."""
        own = coordinates.reshape(len(self.inverse), 1, -1)
        return np.asarray((own @ self.inverse)[:, 0])

    def slope(self, gradient: FloatArray) -> FloatArray:
        """Gradient (K q,) in the coordinates, from that in coefficients (K, q)."""
        return np.asarray(self.inverse @ gradient[..., None]).ravel()

    def solve(self, residual: FloatArray) -> FloatArray:
        """Inverse of the metric times a residual (1, K, q)."""
        return self.theta(self.slope(residual[0]))[None]
