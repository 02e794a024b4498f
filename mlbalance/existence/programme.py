"""Linear programmes on margins, solved by HiGHS; what they find is checked before it is used.

Both have a row for each coefficient and a column for each margin, of which there are many more:
they minimise the distance of a mixture of the margins' rows from a target. The prices (dual
variables) are a direction of coefficients.
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
"""Size, relative to the largest or to the direction's length, beyond rounding."""


@dataclass
class Programme:
    """Margins "own logit minus other" of n rows, in contrasts to class 0."""

    A: Any  # sparse (margins, C r), rows of length one
    length: FloatArray  # (margins,) of the rows before
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

        In orthonormal columns Q (n, r) such a mixture is shorter than one only if there is a
        maximum (see `alternatives`), so that it need not be exactly zero.
        """
        shares, prices = _solve(self.A, -(self.A.T @ self.length), None)
        if shares is None:
            return None
        shares = 1.0 + np.maximum(shares, 0.0) / self.length
        spread = np.zeros((len(self.y), self.n_classes))
        spread[self.row, self.other] = -shares
        spread[np.arange(len(self.y)), self.y] = -spread.sum(axis=1)
        if np.linalg.norm(spread.T @ Q) <= 0.5 and shares.sum() <= LARGEST:
            return True
        self.direction = _separating_direction(self.A, prices)
        return None if self.direction is None else False

    def is_separated(self) -> bool | None:
        """Whether some direction has all margins positive, where there is no maximum.

        None if nothing is proved. The known direction may leave ties. If some mixture of these is
        zero, no direction separates all rows; otherwise a little of a direction that separates the
        ties is added.
        """
        if self.direction is None:
            return None
        if _is_positive(self.A, self.direction):
            return True
        tied = self.A @ self.direction <= _CLEAR * np.linalg.norm(self.direction)
        ties = self.A[tied]
        added = _even_direction(ties)
        if added is None:
            shares, added = _solve(ties, np.zeros(ties.shape[1]), 1.0)
            if shares is None:
                return None
            if not _is_positive(ties, added):
                return False if _mixes_to_zero(ties[shares > _CLEAR * shares.max()]) else None
        return _is_positive(self.A, _combine(self.A[~tied], self.direction, added)) or None


def _solve(A: Any, target: FloatArray, total: float | None) -> tuple[Any, Any]:
    """Shares (margins,) >= 0 whose mixture is nearest to the target, and prices (C r,).

    Nearest in the sum of absolute differences; shares sum to `total` if given. None and None if
    HiGHS finds no optimum.
    """
    from scipy import sparse
    from scipy.optimize import linprog

    m, p = A.shape
    eye = sparse.identity(p)
    equal, right = sparse.hstack([A.T, eye, -eye]), target
    if total is not None:
        sums = np.concatenate([np.ones(m), np.zeros(2 * p)])
        equal, right = sparse.vstack([equal, sums]), np.append(target, total)
    found = linprog(
        np.concatenate([np.zeros(m), np.ones(2 * p)]),
        A_eq=equal.tocsr(),
        b_eq=right,
        bounds=(0, None),
        method="highs",
        # Presolve removes next to nothing here and takes a quarter of the time.
        options={"presolve": False},
    )
    return (found.x[:m], -found.eqlin.marginals[:p]) if found.status == 0 else (None, None)


def _separating_direction(A: Any, direction: FloatArray) -> FloatArray | None:
    """The direction if it has no negative margin, or has none once its small ones are zero."""
    from scipy.linalg import lstsq

    if _separates(A, direction):
        return direction
    margins = A @ direction
    active = A[margins <= _ACTIVE * max(margins.max(), 0.0)].toarray()
    # Of many rows the triangle has the same products, and is small.
    rows = np.linalg.qr(active, mode="r") if len(active) > active.shape[1] else active
    if len(rows):
        moved = direction - lstsq(rows, rows @ direction, cond=ROUNDING)[0]
        if np.linalg.norm(moved) > _CLEAR * np.linalg.norm(direction) and _separates(A, moved):
            return np.asarray(moved)
    return None


def _separates(A: Any, direction: FloatArray) -> bool:
    """Whether no margin is negative, and one clearly positive."""
    margins, size = A @ direction, np.linalg.norm(direction)
    return bool(margins.min() >= -ROUNDING * size and margins.max() > _CLEAR * size)


def _even_direction(A: Any) -> FloatArray | None:
    """Direction whose margins are all one, where rows are no more than coefficients."""
    from scipy.linalg import lstsq

    if A.shape[0] > A.shape[1]:
        return None
    direction = lstsq(A.toarray(), np.ones(A.shape[0]), cond=ROUNDING, lapack_driver="gelsy")[0]
    return np.asarray(direction) if np.abs(A @ direction - 1.0).max() < 0.5 else None


def _is_positive(A: Any, direction: FloatArray) -> bool:
    """Whether all margins are positive."""
    return bool((A @ direction).min() > ROUNDING * np.linalg.norm(direction) > 0)


def _mixes_to_zero(rows: Any) -> bool:
    """Whether exactly one mixture of the rows is zero, and has positive shares."""
    rows = rows.toarray()
    left, size, _ = np.linalg.svd(rows, full_matrices=len(rows) > rows.shape[1])
    size = np.append(size, np.zeros(len(rows) - size.size))
    if len(rows) > 1 and not size[-1] <= ROUNDING * size[0] < _CLEAR * size[0] < size[-2]:
        return False
    shares = left[:, -1] * np.sign(left[:, -1].sum())
    return bool(size[-1] <= ROUNDING * size[0] and shares.min() > _CLEAR)


def _combine(A: Any, direction: FloatArray, added: FloatArray) -> FloatArray:
    """The direction plus so much of another that each of its margins keeps half of its size."""
    margins, change = A @ direction, A @ added
    falling = change < 0
    most = (margins[falling] / -change[falling]).min(initial=1.0)
    return np.asarray(direction + most / 2.0 * added)
