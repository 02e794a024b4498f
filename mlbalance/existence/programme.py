"""Linear programmes on margins, solved by HiGHS; what they find is proved before it is used.

Both are written with a row for each coefficient and a column for each margin, of which there are
many more: a mixture of the margins' rows and what it is short of zero by, of which as little as
can be. Its prices are a direction of coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlbalance.existence.margins import LARGEST, ROUNDING
from mlbalance.inputs import FloatArray, IntArray

_ACTIVE = 1e-7
"""Margins of a direction below this, relative to the largest, may be zero."""

_CLEAR = 1e-9
"""What is no rounding, relative to the largest."""


@dataclass
class Programme:
    """Margins own minus other of n rows, in contrasts to class 0."""

    A: Any  # sparse (margins, C r), rows of length one
    length: FloatArray  # (margins,) that rows had
    row: IntArray  # (margins,) row of the design
    other: IntArray  # (margins,) the other class
    y: IntArray  # (n,)
    n_classes: int
    direction: FloatArray | None = field(default=None)
    """(C r,) that proves there is no maximum"""

    @classmethod
    def of(cls, Z: FloatArray, y: IntArray, n_classes: int) -> Programme:
        from scipy import sparse

        row, other = np.nonzero(y[:, None] != np.arange(n_classes))
        length = np.sqrt(2.0 * (Z**2).sum(axis=1))[row]
        unit = sparse.csr_matrix(Z)[row].multiply(1.0 / length[:, None]).tocsr()
        blocks = [
            sparse.diags((y[row] == k) * 1.0 - (other == k)) @ unit for k in range(1, n_classes)
        ]
        return cls(sparse.hstack(blocks).tocsr(), length, row, other, y, n_classes)

    def has_maximum(self, Q: FloatArray) -> bool | None:
        """Whether some mixture with shares of one or more is zero; None if nothing is proved.

        Shares are of margins in orthonormal columns Q (n, r), where such a mixture is shorter than
        one only if there is a maximum.
        """
        lengths = self.length
        shares, prices = self._solved(-(self.A.T @ lengths), None)
        if shares is None:
            return None
        shares = 1.0 + np.maximum(shares, 0.0) / lengths
        spread = np.zeros((len(self.y), self.n_classes))
        spread[self.row, self.other] = -shares
        spread[np.arange(len(self.y)), self.y] = -spread.sum(axis=1)
        if np.linalg.norm(spread.T @ Q) <= 0.5 and shares.sum() <= LARGEST:
            return True
        self.direction = self._cleaned(prices)
        return None if self.direction is None else False

    def is_separated(self) -> bool | None:
        """Whether some direction has all margins positive; None if nothing is proved."""
        if self.direction is not None and self._positive(self.direction):
            return True
        shares, prices = self._solved(np.zeros(self.A.shape[1]), 1.0)
        if shares is None:
            return None
        if self._positive(prices):
            return True
        return False if self._mixes_to_zero(shares > _CLEAR * shares.max()) else None

    def _solved(self, target: FloatArray, total: float | None) -> tuple[Any, Any]:
        """Shares (margins,) >= 0 whose mixture is nearest to the target, and prices (C r,).

        Nearest in the sum of absolute differences; shares sum to `total` if given.
        """
        from scipy import sparse
        from scipy.optimize import linprog

        m, p = self.A.shape
        eye = sparse.identity(p)
        equal, right = sparse.hstack([self.A.T, eye, -eye]), target
        if total is not None:
            sums = np.concatenate([np.ones(m), np.zeros(2 * p)])
            equal, right = sparse.vstack([equal, sums]), np.append(target, total)
        cost = np.concatenate([np.zeros(m), np.ones(2 * p)])
        found = linprog(cost, A_eq=equal.tocsr(), b_eq=right, bounds=(0, None), method="highs")
        if found.status != 0:
            return None, None
        return found.x[:m], -found.eqlin.marginals[:p]

    def _cleaned(self, direction: FloatArray) -> FloatArray | None:
        """The direction, or that with its small margins made zero, if it has no negative one."""
        from scipy.linalg import lstsq

        if self._separates(direction):
            return direction
        margins = self.A @ direction
        active = self.A[margins <= _ACTIVE * max(margins.max(), 0.0)].toarray()
        # Of many rows the triangle has the same products, and is small.
        rows = np.linalg.qr(active, mode="r") if len(active) > active.shape[1] else active
        if len(rows):
            moved = direction - lstsq(rows, rows @ direction, cond=1e-13)[0]
            if np.linalg.norm(moved) > _CLEAR * np.linalg.norm(direction):
                return moved if self._separates(moved) else None
        return None

    def _separates(self, direction: FloatArray) -> bool:
        """Whether no margin is negative, and one clearly positive."""
        margins, size = self.A @ direction, np.linalg.norm(direction)
        return bool(margins.min() >= -ROUNDING * size and margins.max() > _CLEAR * size)

    def _positive(self, direction: FloatArray) -> bool:
        """Whether all margins are."""
        return bool((self.A @ direction).min() > ROUNDING * np.linalg.norm(direction) > 0)

    def _mixes_to_zero(self, used: Any) -> bool:
        """Whether the one mixture of the rows `used` that is zero has positive shares."""
        rows = self.A[used].toarray()
        left, size, _ = np.linalg.svd(rows, full_matrices=len(rows) > rows.shape[1])
        size = np.append(size, np.zeros(len(rows) - size.size))
        if len(rows) > 1 and not size[-1] <= ROUNDING * size[0] < _CLEAR * size[0] < size[-2]:
            return False
        shares = left[:, -1] * np.sign(left[:, -1].sum())
        return bool(size[-1] <= ROUNDING * size[0] and shares.min() > _CLEAR)
