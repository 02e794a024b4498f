"""Distributions of the features in each class, with their posterior and integration rule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_counts, as_floats, as_prior
from mlbalance.populations.quadrature import hermite, sobol
from mlbalance.populations.rules import Rule

__all__ = ["Discrete", "Gaussian", "symmetric"]


@dataclass(frozen=True, eq=False)
class Gaussian:
    """Classes with features N(means[k], covariance[k]).

    With a shared covariance the softmax model is correctly specified (`theta`), otherwise not.

    Parameters
    ----------
    means : array (K, d)
    covariance : array (d, d) or (K, d, d)
        Shared by the classes, or one per class.

    Raises
    ------
    DataError
        For other shapes, or a covariance that is not symmetric and positive definite.
    """

    means: FloatArray
    covariance: FloatArray

    def __post_init__(self) -> None:
        means = np.array(self.means, dtype=float)
        if means.ndim != 2 or not np.isfinite(means).all():
            raise DataError(f"Means must be finite with shape (K, d); theirs is {means.shape}.")
        K, d = means.shape
        covariance = np.array(self.covariance, dtype=float)
        if covariance.shape not in {(d, d), (K, d, d)}:
            raise DataError(
                f"A covariance needs shape {(d, d)} or {(K, d, d)}; it has {covariance.shape}."
            )
        if not np.isfinite(covariance).all():
            raise DataError("A covariance must be finite; this one holds NaN or infinity.")
        uneven = np.abs(covariance - np.swapaxes(covariance, -1, -2))
        if (uneven > 1e-10 * np.abs(covariance).max(initial=0.0)).any():
            raise DataError("A covariance must be symmetric; this one is not.")
        try:
            np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            raise DataError("A covariance must be positive definite; this one is not.") from None
        object.__setattr__(self, "means", means)
        object.__setattr__(self, "covariance", covariance)

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return self.means.shape[0]

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return self.means.shape[1]

    def sample(
        self, counts: npt.ArrayLike, rng: np.random.Generator
    ) -> tuple[FloatArray, IntArray]:
        """Features (n, d) and labels (n,) with `counts` (K,) rows per class, class by class."""
        n_k = _as_counts_of(counts, self.n_classes)
        X = rng.standard_normal((int(n_k.sum()), self.n_features))
        if not self._white:
            for rows, root in zip(np.split(X, np.cumsum(n_k[:-1])), self._roots, strict=True):
                rows[:] = rows @ root.T
        X += np.repeat(self.means, n_k, axis=0)
        return X, np.repeat(np.arange(n_k.size), n_k)

    def logits(self, X: npt.ArrayLike) -> FloatArray:
        """Log densities (n, K) up to a constant of each row: posterior logits at equal priors."""
        X = np.asarray(X, dtype=float)
        if self.covariance.ndim == 2:  # squares of x are common to the classes
            centre = self.means.mean(axis=0)
            means = self.means - centre
            coef = np.linalg.solve(self.covariance, means.T).T
            return np.asarray((X - centre) @ coef.T - 0.5 * (coef * means).sum(axis=1))
        roots = self._roots
        logits = np.empty((self.n_classes, len(X)))
        for k, (mean, inverse) in enumerate(zip(self.means, np.linalg.inv(roots), strict=True)):
            scaled = (X - mean) @ inverse.T
            logits[k] = -0.5 * np.einsum("nd,nd->n", scaled, scaled)
        return (logits - np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)[:, None]).T

    def theta(self, prior: npt.ArrayLike | None = None) -> FloatArray:
        """True softmax coefficients (K, 1 + d), summing to zero over classes, at a prior (K,).

        Raises `DataError` where covariances differ: the posterior is then no softmax in x.
        """
        if self.covariance.ndim == 3:
            raise DataError("With a covariance for each class there is no true softmax in x.")
        coef = np.linalg.solve(self.covariance, self.means.T).T
        intercept = np.log(as_prior(prior, self.n_classes)) - 0.5 * (coef * self.means).sum(axis=1)
        theta = np.column_stack([intercept, coef])
        return theta - theta.mean(axis=0)

    def rule(self, order: int) -> list[Rule]:
        """Tensor Gauss-Hermite rules with `order` nodes per axis: exact to degree 2 order - 1.

        For few features; raises `DataError` beyond 2**20 points per class (see `sobol`).
        """
        return self._placed(hermite(self.n_features, order))

    def sobol(self, size: int, rng: np.random.Generator) -> list[Rule]:
        """Randomised quasi-Monte Carlo rules: the same scrambled Sobol points in every class.

        `size` points per class, a power of two, half of them mirror images of the others about the
        class mean, so that odd moments are exact. Raises `DataError` for another size.
        """
        return self._placed(sobol(self.n_features, size, rng))

    @cached_property
    def _roots(self) -> FloatArray:
        K, d = self.means.shape
        return np.broadcast_to(np.linalg.cholesky(self.covariance), (K, d, d))

    @cached_property
    def _white(self) -> bool:
        return bool((self.covariance == np.eye(self.n_features)).all())

    def _placed(self, normal: Rule) -> list[Rule]:
        return [
            Rule(mean + normal.points @ root.T, normal.weights)
            for mean, root in zip(self.means, self._roots, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Discrete:
    """Classes with features on finitely many points, where every sum is exact.

    Parameters
    ----------
    points : array (N, d)
        Distinct.
    masses : array (K, N)
        Probabilities of the points in each class; some may be zero.

    Raises
    ------
    DataError
        For other shapes, points that repeat, masses that are negative or do not sum to one in every
        class, and a point without mass.
    """

    points: FloatArray
    masses: FloatArray

    def __post_init__(self) -> None:
        points = as_floats(self.points, DataError, "Points must be numbers of shape (N, d)").copy()
        masses = as_floats(self.masses, DataError, "Masses must be numbers of shape (K, N)").copy()
        if points.ndim != 2 or masses.ndim != 2 or masses.shape[1] != len(points):
            raise DataError(
                f"Points (N, d) need masses (K, N); theirs are {points.shape} and {masses.shape}."
            )
        if not np.isfinite(points).all() or len(np.unique(points, axis=0)) < len(points):
            raise DataError("Points must be finite and distinct; add up the masses of equal ones.")
        if not (masses >= 0).all() or (np.abs(masses.sum(axis=1) - 1) > 1e-8).any():
            raise DataError("Masses must not be negative, and sum to one in every class.")
        if not masses.any(axis=0).all():
            raise DataError("A point needs mass in some class; drop those that have none.")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "masses", masses / masses.sum(axis=1, keepdims=True))

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return self.masses.shape[0]

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return self.points.shape[1]

    def sample(
        self, counts: npt.ArrayLike, rng: np.random.Generator
    ) -> tuple[FloatArray, IntArray]:
        """Features (n, d) and labels (n,) with `counts` (K,) rows per class, class by class."""
        n_k = _as_counts_of(counts, self.n_classes)
        rows = [rng.choice(len(self.points), n, p=p) for n, p in zip(n_k, self.masses, strict=True)]
        return self.points[np.concatenate(rows)], np.repeat(np.arange(n_k.size), n_k)

    def logits(self, X: npt.ArrayLike) -> FloatArray:
        """Log masses (n, K) of rows X (n, d) that are points; minus infinity without mass.

        Raises `DataError` for a row that is no point.
        """
        place = {tuple(point): at for at, point in enumerate(self.points.tolist())}
        rows = [place.get(tuple(row), -1) for row in np.asarray(X, dtype=float).tolist()]
        if -1 in rows:
            raise DataError(f"Row {rows.index(-1)} is none of the {len(place)} points.")
        with np.errstate(divide="ignore"):
            return np.log(self.masses[:, rows]).T

    def rule(self) -> list[Rule]:
        """The points of each class with their masses: exact for every function."""
        return [Rule(self.points[mass > 0], mass[mass > 0]) for mass in self.masses]


def symmetric(n_classes: int, n_features: int, separation: float) -> Gaussian:
    """Exchangeable Gaussian classes of identity covariance (label `harmonic`).

    Means are the corners of a regular simplex where d >= K - 1, of a regular polygon where
    2 <= d < K - 1; features beyond are noise. A symmetry group permutes the classes transitively.

    Parameters
    ----------
    n_classes, n_features : int
        K and d.
    separation : float
        Distance of neighbouring means, in standard deviations.

    Returns
    -------
    Gaussian

    Raises
    ------
    DataError
        For one class, one feature and more than two classes, or a separation below zero.
    """
    K, d = n_classes, n_features
    if K < 2 or d < min(2, K - 1) or not separation >= 0:
        raise DataError(
            f"Symmetric classes need K >= 2, two features (one for K = 2) and a separation from 0 "
            f"on; got K = {K}, d = {d}, separation = {separation}."
        )
    means = np.zeros((K, d))
    if d >= K - 1:
        from scipy.linalg import helmert  # of all bases one, the same on every machine

        means[:, : K - 1] = helmert(K).T * separation / np.sqrt(2)
    else:
        angle = 2 * np.pi * np.arange(K) / K
        radius = separation / (2 * np.sin(np.pi / K))
        means[:, 0], means[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
    return Gaussian(means, np.eye(d))


def _as_counts_of(counts: npt.ArrayLike, n_classes: int) -> IntArray:
    n_k = as_counts(counts, "A sample")
    if n_k.size != n_classes:
        raise DataError(f"Counts are of {n_k.size} classes; the population has {n_classes}.")
    return n_k
