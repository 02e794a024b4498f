"""Batches of problems: broadcast as given, gathered block by block for the solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import Data, DataError, FloatArray, IntArray
from mlbalance.softmax.objective import as_offset, design

_BLOCK_FLOATS = 2**19
"""Doubles that a block of problems takes while it is solved: about 4 MiB, whatever the batch."""


@dataclass(frozen=True)
class Problems:
    """R problems of n rows each, ready to solve: features centred, weights summing to one."""

    Z: FloatArray
    """(R, n, q) design: ones, then features centred at their weighted mean."""
    y: IntArray
    """(R, n)"""
    weights: FloatArray
    """(R, n)"""
    offset: FloatArray | None
    """(R, K, n), class-major; None if there is none"""
    centre: FloatArray
    """(R, d) the means taken off"""
    total: FloatArray
    """(R,) sum of the weights as given"""
    n_classes: int
    """K"""

    def take(self, index: Any) -> Problems:
        """The problems at `index`."""
        arrays = {k: v[index] for k, v in vars(self).items() if isinstance(v, np.ndarray)}
        return replace(self, **arrays)

    def uncentred(self, theta: FloatArray) -> FloatArray:
        """Coefficients (R, K, q) of the features as given, summing to zero over classes."""
        theta = theta - theta.mean(axis=1, keepdims=True)
        theta[..., 0] -= (theta[..., 1:] @ self.centre[..., None])[..., 0]
        return theta


@dataclass(frozen=True)
class Batch:
    """Checked arrays whose leading axes broadcast to `lead`."""

    data: Data
    offset: FloatArray | None
    """(..., n, K), or None if there is none."""
    lead: tuple[int, ...]

    @classmethod
    def of(cls, data: Data, offset: npt.ArrayLike | None) -> Batch:
        """Raises `DataError` when leading axes do not broadcast or the offset does not fit."""
        o = None if offset is None else as_offset(offset, data)
        shapes = (
            data.X.shape[:-2],
            data.y.shape[:-1],
            data.weights.shape[:-1],
            () if o is None else o.shape[:-2],
        )
        try:
            return cls(data, o, np.broadcast_shapes(*shapes))
        except ValueError:
            raise DataError(
                "Leading axes of X, y, weights and offset must broadcast; they are "
                + ", ".join(map(str, shapes))
                + "."
            ) from None

    @property
    def size(self) -> int:
        """Number of problems."""
        return int(np.prod(self.lead, dtype=np.int64))

    def blocks(self) -> Iterator[tuple[IntArray, Problems]]:
        """Flat index and problems of each block; rows of weight zero are gathered away.

        Problems share a block only when their padded row counts agree, so that the arithmetic of
        a problem depends on nothing but itself.
        """
        weighted = np.count_nonzero(self._problems(self.data.weights, 1), axis=-1)
        rows = np.minimum(-8 * (-weighted // 8), self.data.X.shape[-2])
        for n in np.unique(rows):
            group = np.flatnonzero(rows == n)
            size = max(1, _BLOCK_FLOATS // self._floats(int(n)))
            for start in range(0, group.size, size):
                index = group[start : start + size]
                yield index, self._gathered(index, int(n))

    def _floats(self, n: int) -> int:
        """Doubles a problem of n rows takes: column products, classes by row, Hessian."""
        K, q = self.data.n_classes, self.data.X.shape[-1] + 1
        return n * (q * (q + 5) // 2 + 8 * K) + 2 * ((K - 1) * q) ** 2

    def _gathered(self, index: IntArray, n: int) -> Problems:
        weights = self._problems(self.data.weights, 1, index)
        dropping = n < weights.shape[1] or not weights.all()
        kept = np.argsort(weights == 0, axis=-1, kind="stable")[:, :n]
        if dropping:
            weights = np.take_along_axis(weights, kept, axis=1)
            # Padding repeats a row that counts: what a row of weight zero holds must not matter.
            kept = np.where(weights > 0, kept, kept[:, :1])

        def rows(array: Any, core: int) -> Any:
            own = self._problems(array, core, index)
            at = kept if core == 1 else kept[..., None]
            return np.take_along_axis(own, at, axis=1) if dropping else own

        total = weights.sum(axis=-1)
        total[total == 0] = 1.0
        weights = weights / total[:, None]
        X = rows(self.data.X, 2)
        centre = (weights[:, None, :] @ X)[:, 0]
        offset = None
        if self.offset is not None:
            offset = np.ascontiguousarray(np.swapaxes(rows(self.offset, 2), 1, 2))
        return Problems(
            Z=design(X - centre[:, None, :]),
            y=rows(self.data.y, 1),
            weights=weights,
            offset=offset,
            centre=centre,
            total=total,
            n_classes=self.data.n_classes,
        )

    def _problems(self, array: Any, core: int, index: Any = slice(None)) -> Any:
        """Problems `index` of an array with `core` trailing axes of its own, as (R, ...)."""
        own, rest = array.shape[: array.ndim - core], array.shape[array.ndim - core :]
        position = np.arange(int(np.prod(own, dtype=np.int64))).reshape(own)
        return array.reshape(position.size, *rest)[
            np.broadcast_to(position, self.lead).reshape(-1)[index]
        ]
