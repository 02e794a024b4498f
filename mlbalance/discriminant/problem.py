"""One weighted problem in coordinates in which it is solved, and the algebra of its scores.

The scores of least squares span the space (C_w + lam)^-1 D, with C_w the covariance within classes,
D the class means less their mean and lam = ridge/2, so that all that is needed are products of
E = D' diag(pi)^(1/2) in the metrics J = (C_w + lam)^-1 and J C_w J. Letters: r coordinates, at most
min(d, n); E (r, K) has the null vector pi^(1/2).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, IntArray

__all__ = ["Problem", "Spectrum", "logits_map", "spectrum"]

_DISTINCT = 1e-13
"""Relative size below which the differences of class means have no part in a direction."""

_SEPARATE = 1e-10
"""Smallest eigenvalue of the correlations of scores within classes, above which they are known."""

_FARTHEST = 1e14
"""Largest squared distance of classes, in variances within them: beyond it these are rounding."""

_LARGEST = 1e200
"""Penalty that is as good as infinite, and its inverse none: features have their own units."""

_SEEN = 1e-26
"""Penalty relative to the variances from which on it is seen where these are zero to rounding."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Rows with weight, centred and in coordinates; weights sum to one."""

    Z: FloatArray
    """(n, r)"""
    codes: IntArray
    """(n,)"""
    weights: FloatArray
    """(n,)"""
    totals: FloatArray
    """(K,) pi, above zero"""
    centre: FloatArray
    """(d,) weighted mean of the features"""
    unit: FloatArray
    """() or (d,) powers of two that features were divided by"""
    basis: FloatArray | None
    """(d, r) of the row space, where features are more than rows"""

    @classmethod
    def of(
        cls, X: FloatArray, codes: IntArray, weights: FloatArray, n_classes: int, *, even: bool
    ) -> Problem:
        """Problem of rows that all have weight; `even` gives every feature a unit of its own.

        A common unit keeps the meaning of a ridge.
        """
        weights = weights / weights.sum()
        totals = np.bincount(codes, weights, n_classes).astype(np.float64)
        # From a value of each feature near its mean, so that what is constant becomes zero.
        nearest = np.abs(X - weights @ X).argmin(axis=0)
        centre = np.take_along_axis(X, nearest[None], axis=0)[0]
        Z = X - centre
        centre, Z = centre + weights @ Z, Z - weights @ Z
        size = np.abs(Z).max(axis=0) if even else np.abs(Z).max(initial=0.0)
        unit = np.ldexp(1.0, np.frexp(np.where(size > 0, size, 1.0))[1])
        Z, basis = Z / unit, None
        if Z.shape[1] > len(Z):
            basis, across = np.linalg.qr(Z.T)
            Z = across.T
        return cls(Z, codes, weights, totals, centre, unit, basis)

    @cached_property
    def means(self) -> FloatArray:
        """(K, r) class means."""
        own = self.codes == np.arange(self.totals.size)[:, None]
        return np.asarray((own * self.weights) @ self.Z / self.totals[:, None])

    @cached_property
    def between(self) -> FloatArray:
        """E (r, K)."""
        centred = self.means - self.totals @ self.means
        return np.asarray(centred.T * np.sqrt(self.totals))

    @cached_property
    def within(self) -> FloatArray:
        """(r or more, r) matrix whose Gram matrix is C_w."""
        rows = np.sqrt(self.weights)[:, None] * (self.Z - self.means[self.codes])
        return np.asarray(np.linalg.qr(rows, mode="r"))

    @cached_property
    def spectrum(self) -> Spectrum:
        """Of C_w."""
        return spectrum(self.within)

    def penalty(self, ridge: float) -> float:
        """The penalty lam in these coordinates."""
        if not ridge:
            return 0.0
        with np.errstate(over="ignore", under="ignore"):
            penalty = float(ridge / 2 / self.unit / self.unit)
        return min(penalty, _LARGEST) if penalty > 1 / _LARGEST else 0.0

    def theta(self, slopes: FloatArray, intercept: FloatArray) -> FloatArray:
        """Coefficients (K, 1 + d) of features, from slopes (K, r) at centred rows."""
        slopes = slopes - slopes.mean(axis=0)
        slopes = (slopes if self.basis is None else slopes @ self.basis.T) / self.unit
        intercept = intercept - slopes @ self.centre
        return np.column_stack([intercept - intercept.mean(), slopes])


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Covariance V diag(values) V'."""

    values: FloatArray
    """(r,)"""
    vectors: FloatArray
    """(r, r)"""

    def metrics(self, penalty: float) -> tuple[float, FloatArray, FloatArray]:
        """A unit of J, and (r,) eigenvalues of J and of J C_w J in that unit and its square.

        The unit is of no account to logits; it keeps numbers near one at any penalty.
        """
        most = self.values.max(initial=0.0) + penalty
        j = most / (self.values + penalty)
        return 1 / most if most else 1.0, j, self.values * j * j

    def singular(self, between: FloatArray, penalty: float) -> str:
        """Why there is no inverse to working accuracy, as a status; empty where there is one."""
        size = np.sqrt(self.values)
        lost = size <= 1e-13 * len(size) * size.max(initial=0.0)
        if not lost.any() or (penalty and penalty > _SEEN * self.values.max()):
            return ""
        if penalty:
            return "max-iter"
        apart = np.abs(self.vectors[:, lost].T @ between).max()
        return "no-mle" if apart > 1e-10 else "not-identified"


def spectrum(rows: FloatArray) -> Spectrum:
    """Spectrum of the Gram matrix of rows (m, r), m >= r, by their singular values."""
    _, size, vectors = np.linalg.svd(np.linalg.qr(rows, mode="r"), full_matrices=False)
    return Spectrum(size**2, vectors.T)


def logits_map(T: FloatArray, S: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """G = T S^- (..., K, K), and whether it exists.

    With T = E' J E and S = E' J C_w J E the slopes of the logits are diag(pi)^(-1/2) G E' J. Where
    scores do not vary within classes, in a direction in which class means differ, there is none.
    """
    size, axes = np.linalg.eigh(T)
    back = np.swapaxes(axes, -1, -2)
    kept = size > _DISTINCT * size.max(axis=-1, keepdims=True)
    inner = back @ S @ axes
    spread = np.sqrt(np.maximum(np.diagonal(inner, axis1=-2, axis2=-1), 0.0))
    sound = np.where(kept, size**2 <= _FARTHEST * spread**2, True).all(axis=-1)
    scale = np.where(kept & (spread > 0), spread, 1.0)
    both = kept[..., :, None] & kept[..., None, :]
    inner = inner / (scale[..., :, None] * scale[..., None, :])
    inner = np.where(both, inner, np.eye(T.shape[-1]))
    own, turn = np.linalg.eigh(inner)
    sound &= own[..., 0] > _SEPARATE
    turn = turn / scale[..., :, None]
    safe = np.where(own > _SEPARATE, own, 1.0)
    inverse = (turn / safe[..., None, :]) @ np.swapaxes(turn, -1, -2)
    G = (axes * np.where(kept, size, 0.0)[..., None, :]) @ inverse
    return (G * kept[..., None, :]) @ back, sound
