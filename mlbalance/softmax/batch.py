"""Batches of problems that broadcast, and blocks of them for the solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import Data, DataError, FloatArray, IntArray, as_floats
from mlbalance.softmax.objective import as_offset, design

_BLOCK_FLOATS = 2**20
"""Doubles that a block of problems takes while it is solved: about 8 MiB, whatever the batch."""

_HUGE = 1e100
"""Size of features from which on their unit is changed, so that their squares do not overflow."""

LOST = 1e-3
"""Rounding of the intercept, in logits, beyond which coefficients are no estimate."""

_ULP = 2.0**-53
"""Relative error of a rounded number, at most."""


@dataclass(frozen=True)
class Problems:
    """R problems of n rows each, ready to solve.

    Weights sum to one and features are centred; with more features than rows they are replaced by
    their coordinates in the space that the rows span, which holds every solution.
    """

    Z: FloatArray
    """(R, n, q) design: ones, then features."""
    y: IntArray
    """(R, n)"""
    weights: FloatArray
    """(R, n)"""
    offset: FloatArray | None
    """(R, K, n), class-major; None if there is none"""
    start: FloatArray
    """(R, K, q) where to start"""
    centre: FloatArray
    """(R, d) value of each feature nearest to its mean, which was subtracted"""
    unit: FloatArray | None
    """(R, 1, q - 1) powers of two by which features were then divided; None if they are ones"""
    basis: FloatArray | None
    """(R, d, q - 1) orthonormal basis of the row space; None if features are kept"""
    features: FloatArray | None
    """(R, n, d) centred features, where there is a basis"""
    total: FloatArray
    """(R,) sum of the weights as given"""

    @classmethod
    def of(
        cls,
        X: FloatArray,
        y: IntArray,
        weights: FloatArray,
        offset: FloatArray | None,
        start: FloatArray,
    ) -> Problems:
        """Problems with features X (R, n, d) and coefficients `start` (R, K, 1 + d) as given."""
        total = weights.sum(axis=-1)
        total[total == 0] = 1.0
        weights = weights / total[:, None]
        centre = _nearest_to_mean(X, weights)
        X = X - centre[:, None, :]
        features = X if X.shape[2] > X.shape[1] else None
        X, unit = _rescale(X, common=features is not None)
        basis = None
        if features is not None:
            X, basis = _row_space(X)
        Z = design(X)
        none = np.empty((*start.shape[:-1], 0))
        made = cls(Z, y, weights, offset, none, centre, unit, basis, features, total)
        return made.started(start)

    def started(self, start: FloatArray) -> Problems:
        """The same problems from coefficients (R, K, 1 + d) of the features as given."""
        intercept = start[..., :1] + start[..., 1:] @ self.centre[..., None]
        # The score of a constant feature is free of rounding at a coefficient of zero alone.
        varies = np.any(self.Z[..., 1:] if self.features is None else self.features, axis=1)
        coef = np.where(varies[:, None, :], start[..., 1:], 0.0)
        if self.basis is not None:
            coef = coef @ self.basis
        if self.unit is not None:
            coef = coef * self.unit
        return replace(self, start=np.concatenate([intercept, coef], axis=-1))

    def take(self, index: Any) -> Problems:
        """The problems at `index`."""
        arrays = {k: v[index] for k, v in vars(self).items() if v is not None}
        return replace(self, **arrays)

    def to_features(self, theta: FloatArray) -> FloatArray:
        """Coefficients (R, K, 1 + d) of the centred features, summing to zero over classes."""
        theta = theta - theta.mean(axis=1, keepdims=True)
        if self.unit is not None:
            theta[..., 1:] /= self.unit
        if self.basis is None:
            return theta
        coef = theta[..., 1:] @ np.swapaxes(self.basis, 1, 2)
        return np.concatenate([theta[..., :1], coef], axis=-1)

    def uncentre(self, theta: FloatArray) -> FloatArray:
        """Coefficients (R, K, 1 + d) of the features as given from those of the centred ones."""
        intercept = theta[..., :1] - theta[..., 1:] @ self.centre[..., None]
        return np.concatenate([intercept, theta[..., 1:]], axis=-1)

    def rounding(self, theta: FloatArray) -> FloatArray:
        """(R,) bound on the rounding of an intercept by `uncentre`, in logits."""
        terms = np.abs(theta[..., 1:]) @ np.abs(self.centre)[..., None]
        return _ULP * terms[..., 0].max(axis=1)


@dataclass(frozen=True)
class Batch:
    """Checked arrays whose leading axes broadcast to `lead`."""

    data: Data
    offset: FloatArray | None
    """(..., n, K), or None if there is none."""
    start: FloatArray
    """(..., K, 1 + d) coefficients to start from, zeros where those given are not finite."""
    lead: tuple[int, ...]

    @classmethod
    def of(cls, data: Data, offset: npt.ArrayLike | None, start: npt.ArrayLike | None) -> Batch:
        """Batch of checked data. Raises `DataError` where shapes do not fit or broadcast."""
        o = None if offset is None else as_offset(offset, data)
        wanted = (data.n_classes, data.X.shape[-1] + 1)
        theta = np.zeros(wanted) if start is None else as_floats(start, DataError, "A start")
        if theta.shape[-2:] != wanted:
            raise DataError(
                f"A start needs shape (..., {wanted[0]}, {wanted[1]}); it has {theta.shape}."
            )
        theta = np.where(np.isfinite(theta).all(axis=(-1, -2), keepdims=True), theta, 0.0)
        shapes = [data.X.shape[:-2], data.y.shape[:-1], data.weights.shape[:-1]]
        shapes += [theta.shape[:-2], () if o is None else o.shape[:-2]]
        try:
            return cls(data, o, theta, np.broadcast_shapes(*shapes))
        except ValueError:
            raise DataError(
                "Leading axes of X, y, weights, start and offset must broadcast; they are "
                + ", ".join(map(str, shapes))
                + "."
            ) from None

    @property
    def size(self) -> int:
        """Number of problems."""
        return int(np.prod(self.lead, dtype=np.int64))

    def weighted_rows(self) -> IntArray:
        """(R,) rows of positive weight of each problem."""
        counts = np.count_nonzero(self.data.weights, axis=-1)
        return np.asarray(self._problems(counts, 0, np.arange(self.size)))

    def one(self, r: int) -> tuple[Any, ...]:
        """X, y, weights, offset or None, and start of the problem at a flat index, as views."""
        parts: list[tuple[Any, int]]
        parts = [(self.data.X, 2), (self.data.y, 1), (self.data.weights, 1)]
        parts += [(self.offset, 2), (self.start, 2)]
        at = np.unravel_index(r, self.lead) if self.lead else ()

        def view(array: Any, core: int) -> Any:
            return np.broadcast_to(array, (*self.lead, *array.shape[array.ndim - core :]))[at]

        return tuple(None if array is None else view(array, core) for array, core in parts)

    def blocks(self, left: Any = None) -> Iterator[tuple[IntArray, Problems]]:
        """Flat index and problems of each block, of all or those `left` (R,).

        Rows of weight zero are left out. Problems share a block only if their padded numbers of
        rows agree, so that the arithmetic of a problem depends on nothing but itself.
        """
        _keep_freed_memory()
        rows = np.clip(-8 * (-self.weighted_rows() // 8), 1, self.data.X.shape[-2])
        left = np.ones(rows.shape, dtype=bool) if left is None else left
        for n in np.unique(rows[left]):
            group = np.flatnonzero(left & (rows == n))
            size = max(1, _BLOCK_FLOATS // self._floats(int(n)))
            for start in range(0, group.size, size):
                index = group[start : start + size]
                yield index, self._gather(index, int(n))

    def _floats(self, n: int) -> int:
        """Doubles per problem of n rows: features, column products, classes by row, Hessian."""
        K, d = self.data.n_classes, self.data.X.shape[-1]
        q = min(d, n) + 1
        return n * (d + q * (q + 5) // 2 + 8 * K) + 2 * ((K - 1) * q) ** 2

    def _gather(self, index: IntArray, n: int) -> Problems:
        """Problems at a flat index, n rows each: those of positive weight, and padding."""
        weights, kept = self._problems(self.data.weights, 1, index), None
        if n < weights.shape[1] or not weights.all():
            kept = np.argsort(weights == 0, axis=-1, kind="stable")[:, :n]
            weights = np.take_along_axis(weights, kept, axis=1)
            # Padding repeats a row that counts: what a row of weight zero holds must not matter.
            kept = np.where(weights > 0, kept, kept[:, :1])

        def rows(array: Any, core: int) -> Any:
            own = self._problems(array, core, index)
            if kept is None:
                return own
            return np.take_along_axis(own, kept if core == 1 else kept[..., None], axis=1)

        offset = None
        if self.offset is not None:
            offset = np.ascontiguousarray(np.swapaxes(rows(self.offset, 2), 1, 2))
        start = self._problems(self.start, 2, index)
        return Problems.of(rows(self.data.X, 2), rows(self.data.y, 1), weights, offset, start)

    def _problems(self, array: Any, core: int, index: IntArray) -> Any:
        """Problems `index` of an array with `core` trailing axes of its own, as (R, ...)."""
        own, rest = array.shape[: array.ndim - core], array.shape[array.ndim - core :]
        axes = np.unravel_index(index, self.lead or (1,))[len(self.lead) - len(own) :]
        position = np.zeros(index.size, dtype=np.int64)
        for size, axis in zip(own, axes, strict=bool(self.lead)):
            position = position * size + (axis if size > 1 else 0)
        # In C order whatever was given: the layout of an array decides the order of sums.
        return np.ascontiguousarray(
            array.reshape(int(np.prod(own, dtype=np.int64)), *rest)[position]
        )


def _nearest_to_mean(X: FloatArray, weights: FloatArray) -> FloatArray:
    """(R, d) of each feature the value nearest to its weighted mean.

    The mean itself may be huge and far from every value, if one value is huge; subtracting it
    would cost the others their last digits.
    """
    columns = np.swapaxes(X, 1, 2).copy()
    columns -= columns @ weights[:, :, None]
    nearest = np.abs(columns, out=columns).argmin(axis=2)
    return np.take_along_axis(X, nearest[:, None, :], axis=1)[:, 0]


def _rescale(X: FloatArray, *, common: bool) -> tuple[FloatArray, FloatArray | None]:
    """Features (R, n, d) whose squares do not overflow, and the units (R, 1, d) they are in.

    Units are powers of two, one for all features of a problem if `common`.
    """
    if max(X.max(initial=0.0), -X.min(initial=0.0)) < _HUGE:
        return X, None
    size: FloatArray = np.abs(X).max(axis=(1, 2) if common else 1).reshape(len(X), 1, -1)
    exponent = np.where(size < _HUGE, 0, np.frexp(size)[1] // 2)
    exponent = np.broadcast_to(exponent, (len(X), 1, min(X.shape[1:]) if common else X.shape[2]))
    unit = np.ldexp(1.0, exponent)
    return X / unit[..., :1] if common else X / unit, unit


def _row_space(X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Coordinates (R, n, n) of rows X (R, n, d), and the orthonormal basis (R, d, n) they are in.

    Directions in which there is nothing but rounding error are zero in both.
    """
    left, size, right = np.linalg.svd(X, full_matrices=False)
    held = size > max(X.shape[1:]) * np.finfo(float).eps * size[:, :1]
    size = np.where(held, size, 0.0)
    return left * size[:, None, :], np.swapaxes(right * held[:, :, None], 1, 2)


def _keep_freed_memory() -> None:
    """Let the allocator of glibc keep up to 64 MiB of freed memory rather than return it.

    Its threshold follows the largest block freed, here one that is never written to. Otherwise the
    same memory is mapped page by page for every array of every step.
    """
    np.empty(2**22 - 2**12)
