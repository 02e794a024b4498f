"""Batches of problems: broadcast as given, gathered block by block for the solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import Data, DataError, FloatArray, IntArray
from mlbalance.softmax.objective import as_offset, design

_BLOCK_FLOATS = 2**22
"""Doubles in the largest array of one block: 32 MiB, whatever the size of the batch."""


@dataclass(frozen=True)
class Problems:
    """R problems of n rows each, ready to solve: features centred, weights summing to one."""

    Z: FloatArray
    """(R, n, q) design: ones, then features centred at their weighted mean."""
    y: IntArray
    """(R, n)"""
    weights: FloatArray
    """(R, n)"""
    offset: FloatArray
    """(R, K, n), class-major"""
    centre: FloatArray
    """(R, d) the means taken off"""
    total: FloatArray
    """(R,) sum of the weights as given"""

    def take(self, index: Any) -> Problems:
        """The problems at `index`."""
        parts = vars(self).items()
        return replace(self, **{name: value[index] for name, value in parts})

    def uncentred(self, theta: FloatArray) -> FloatArray:
        """Coefficients (R, K, q) of the features as given, summing to zero over classes."""
        theta = theta - theta.mean(axis=1, keepdims=True)
        theta[..., 0] -= (theta[..., 1:] @ self.centre[..., None])[..., 0]
        return theta


@dataclass(frozen=True)
class Batch:
    """Checked arrays whose leading axes broadcast to `lead`."""

    data: Data
    offset: FloatArray
    """(..., n, K); leading and row axes may be missing or one."""
    lead: tuple[int, ...]

    @classmethod
    def of(cls, data: Data, offset: npt.ArrayLike | None) -> Batch:
        """Raises `DataError` when leading axes do not broadcast or the offset does not fit."""
        o = as_offset(offset, data)
        shapes = data.X.shape[:-2], data.y.shape[:-1], data.weights.shape[:-1], o.shape[:-2]
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
        q = self.data.X.shape[-1] + 1
        for n in np.unique(rows):
            group = np.flatnonzero(rows == n)
            floats = max(int(n) * max(q, 4 * self.data.n_classes), (self.data.n_classes * q) ** 2)
            size = max(1, _BLOCK_FLOATS // floats)
            for start in range(0, group.size, size):
                index = group[start : start + size]
                yield index, self._gathered(index, int(n))

    def _gathered(self, index: IntArray, n: int) -> Problems:
        weights = self._problems(self.data.weights, 1, index)
        kept = np.argsort(weights == 0, axis=-1, kind="stable")[:, :n]
        weights = np.take_along_axis(weights, kept, axis=1)
        # Padding repeats a row that counts: what a row of weight zero holds must not matter.
        kept = np.where(weights > 0, kept, kept[:, :1])
        y = np.take_along_axis(self._problems(self.data.y, 1, index), kept, axis=1)
        X = np.take_along_axis(self._problems(self.data.X, 2, index), kept[..., None], axis=1)
        o = np.take_along_axis(self._problems(self.offset, 2, index), kept[..., None], axis=1)
        total = weights.sum(axis=-1)
        weights = weights / total[:, None]
        centre = (weights[:, None, :] @ X)[:, 0]
        Z = design(X - centre[:, None, :])
        return Problems(Z, y, weights, np.swapaxes(o, 1, 2).copy(), centre, total)

    def _problems(self, array: Any, core: int, index: Any = slice(None)) -> Any:
        """Problems `index` of an array with `core` trailing axes of its own, as (R, ...)."""
        own, rest = array.shape[: array.ndim - core], array.shape[array.ndim - core :]
        position = np.arange(int(np.prod(own, dtype=np.int64))).reshape(own)
        return array.reshape(position.size, *rest)[
            np.broadcast_to(position, self.lead).reshape(-1)[index]
        ]
