"""Gaussian classes in the proportional regime: inner products of the means, and a spectrum.

Rows of class k are mu_k + sigma_k Sigma^(1/2) z. As n and d grow together, the fit depends on the
means only through their inner products within the eigenspaces of Sigma.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, as_floats
from mlbalance.populations import Gaussian

__all__ = ["Mixture"]


@dataclass(frozen=True, eq=False)
class Mixture:
    """Gaussian classes mu_k + sigma_k Sigma^(1/2) z, described in J eigenspaces of Sigma.

    Parameters
    ----------
    gram : array (J, K, K)
        Inner products of the parts of the class means in each eigenspace. They stay of order one as
        d grows: a mean has norm of order one, not sqrt(d).
    eigenvalues : array (J,)
        Of Sigma.
    masses : array (J,)
        Share of each eigenspace in the d dimensions; they sum to one.
    scales : array (K,)
        sigma_k.

    Raises
    ------
    DataError
        For other shapes, numbers that are not finite or positive, or inner products that no means
        have.
    """

    gram: FloatArray
    eigenvalues: FloatArray
    masses: FloatArray
    scales: FloatArray

    def __post_init__(self) -> None:
        for name in ("gram", "eigenvalues", "masses", "scales"):
            values = as_floats(getattr(self, name), DataError, f"A mixture's {name} are numbers")
            if not np.isfinite(values).all():
                raise DataError(f"A mixture's {name} must be finite; they hold NaN or infinity.")
            object.__setattr__(self, name, values)
        J, K = self.eigenvalues.size, self.scales.size
        if self.gram.shape != (J, K, K) or self.masses.shape != (J,) or K < 2:
            raise DataError(
                "A mixture needs gram (J, K, K), eigenvalues (J,), masses (J,) and scales (K,), "
                f"K >= 2; theirs are {self.gram.shape}, {self.eigenvalues.shape}, "
                f"{self.masses.shape} and {self.scales.shape}."
            )
        if (self.eigenvalues <= 0).any() or (self.masses < 0).any() or (self.scales <= 0).any():
            raise DataError("Eigenvalues and scales must be positive, masses not negative.")
        if abs(self.masses.sum() - 1) > 1e-8:
            raise DataError(f"Masses must sum to one; theirs sum to {self.masses.sum():.6g}.")
        size = np.abs(self.gram).max(initial=1e-300)
        if (
            np.abs(self.gram - self.gram.transpose(0, 2, 1)).max() > 1e-8 * size
            or (np.linalg.eigvalsh(self.gram) < -1e-8 * size).any()
        ):
            raise DataError("Inner products of means must be symmetric and positive semi-definite.")

    @classmethod
    def isotropic(cls, means: npt.ArrayLike, scales: npt.ArrayLike | None = None) -> Mixture:
        """Classes with identity covariance, times `scales` (K,) squared if given.

        `means` (K, D) may have any number D of coordinates: only inner products count.
        """
        centres = as_floats(means, DataError, "Means are numbers of shape (K, D)")
        if centres.ndim != 2:
            raise DataError(f"Means are numbers of shape (K, D); theirs is {centres.shape}.")
        sigma = np.ones(len(centres)) if scales is None else np.asarray(scales, dtype=float)
        return cls((centres @ centres.T)[None], np.ones(1), np.ones(1), sigma)

    @classmethod
    def of(cls, population: Gaussian) -> Mixture:
        """Description of a Gaussian population whose covariances are multiples of one matrix.

        Raises `DataError` for others.
        """
        K, d = population.means.shape
        covariances = np.broadcast_to(population.covariance, (K, d, d))
        variances = np.trace(covariances, axis1=1, axis2=2) / np.trace(covariances[0])
        shared = covariances[0]
        gap = np.abs(covariances - variances[:, None, None] * shared).max()
        if gap > 1e-8 * np.abs(covariances).max():
            raise DataError(
                "In the proportional regime class covariances must be multiples of one matrix; "
                "these are not."
            )
        eigenvalues, vectors = np.linalg.eigh(shared)
        starts = np.flatnonzero(np.diff(eigenvalues, prepend=-1.0) > 1e-9 * eigenvalues[-1])
        parts = population.means @ vectors
        gram = np.add.reduceat(parts.T[:, :, None] * parts.T[:, None, :], starts, axis=0)
        sizes = np.diff(starts, append=d)
        levels = np.add.reduceat(eigenvalues, starts) / sizes
        return cls(gram, levels, sizes / d, np.sqrt(variances))

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return self.scales.size
