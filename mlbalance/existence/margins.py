"""Margins of a direction of coefficients, and the shortest mixture of the margins' rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mlbalance.inputs import FloatArray, IntArray

ROUNDING = 1e-13
"""Margins below this, relative to the length of row and direction, are ties."""

LARGEST = 1.0 / np.finfo(float).eps
"""Sum of shares beyond which the rounding of the rows is as large as what they leave."""


@dataclass(frozen=True)
class Columns:
    """Independent columns of (1, X), balanced."""

    Z: FloatArray
    """(n, r) with the zeros of X"""
    Q: FloatArray
    """(n, r) orthonormal columns of the same span"""
    identified: bool
    """whether no column was dropped, or nearly so"""


def independent_columns(X: FloatArray) -> Columns:
    """Columns that span those of (1, X), and whether coefficients are identified.

    A column is dropped if no more than rounding is left of it after projection on the others.
    Coefficients are not identified if no more than the root of rounding is left of some column:
    no double resolves so small a curvature.
    """
    from scipy.linalg import qr

    Z, noise = _balance(X)
    kept = Z[:, noise < 1.0]
    Q, triangle, order = qr(kept, mode="economic", pivoting=True)
    left = np.abs(np.diagonal(triangle)) / np.abs(triangle[0, 0])
    order = order[: left.size]
    rounding = np.maximum(ROUNDING, noise[noise < 1.0][order])
    resolved = left > np.maximum(rounding, np.sqrt(np.finfo(float).eps))
    held = left > rounding
    return Columns(kept[:, order[held]], Q[:, held], np.count_nonzero(resolved) == Z.shape[1])


def _balance(X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(1, X) with shifted columns, columns and rows of size one, and the rounding of each column.

    No shift or factor of a column, and no factor of a row, changes a verdict. Columns are shifted
    by one of their values and factors are powers of two, so next to nothing is rounded. Columns
    are first brought to their typical size: a huge value is then reduced by the factor of its row,
    and does not make ties of all others.
    """
    X = np.ldexp(X, -_exponent(np.abs(X).max(axis=0, initial=0.0)))
    middle = _middle(X)
    Z = np.concatenate([np.ones((len(X), 1)), X - middle], axis=1)
    noise = 16.0 * np.finfo(float).eps * np.abs(np.append(0.0, middle))
    typical = [_middle(column[column > 0]) if column.any() else 0.0 for column in np.abs(Z).T]
    for axis, size in ((0, np.array(typical)), (1, None), (0, None)):
        size = np.abs(Z).max(axis=axis) if size is None else size
        Z = np.ldexp(Z, -np.expand_dims(_exponent(size), axis))
        noise = noise if axis else np.ldexp(noise, -_exponent(size))
    return Z, noise


def _middle(values: FloatArray) -> Any:
    """Median, one of the values, by column."""
    return np.partition(values, len(values) // 2, axis=0)[len(values) // 2]


def _exponent(size: FloatArray) -> Any:
    return np.frexp(size)[1]


@dataclass(frozen=True)
class Margins:
    """Margins "own logit minus other" of directions (K, r), as products with rows of length one.

    A margin's row is the Kronecker product of e_own - e_other and z, scaled, for each row z of Z
    and each other class; the lift is one more component of all.
    """

    Z: FloatArray  # (n, r)
    y: IntArray  # (n,)
    n_classes: int
    lift: float

    def total(self) -> FloatArray:
        """Sum of the rows of all margins, unscaled."""
        own = np.eye(self.n_classes)[self.y]
        return np.append(((self.n_classes * own - 1.0).T @ self.Z).ravel(), 0.0)

    def of(self, direction: FloatArray) -> FloatArray:
        """Margins (n, K) of a direction; that of a class with itself is infinite."""
        z = self.Z @ direction[:-1].reshape(self.n_classes, -1).T
        own = z[np.arange(len(z)), self.y]
        margins = (own[:, None] - z) / self._length()[:, None] + self.lift * direction[-1]
        margins[np.arange(len(z)), self.y] = np.inf
        return margins

    def rows(self, index: IntArray) -> FloatArray:
        """Rows of the margins at flat positions in (n, K)."""
        i, other = np.divmod(index, self.n_classes)
        eye = np.eye(self.n_classes)
        unit = self.Z[i] / self._length()[i, None]
        rows = ((eye[self.y[i]] - eye[other])[:, :, None] * unit[:, None, :]).reshape(len(i), -1)
        return np.column_stack([rows, np.full(len(i), self.lift)])

    def shortest_mixture(self, target: FloatArray, enough: float = 0.0) -> FloatArray:
        """The shortest of target + shares @ rows over shares >= 0, or one of length `enough`.

        The shortest has no negative margin but for rounding (Lawson & Hanson 1974, chapter 23).
        """
        used, shares = np.zeros(0, dtype=np.int64), np.zeros(0)
        rest, size = target, np.linalg.norm(target)
        seen = {used.tobytes()}
        while size > enough:
            margins = self.of(rest).ravel()
            margins[used] = np.inf
            lowest = margins.argmin()
            if margins[lowest] >= -ROUNDING * size:
                break
            used, shares, new = self._face(target, np.append(used, lowest), np.append(shares, 0.0))
            face, length = np.sort(used).tobytes(), np.linalg.norm(new)
            if face in seen or (length <= enough and shares.sum() > LARGEST):
                break  # it was rounding that decided
            seen.add(face)
            rest, size = new, length
        return rest

    def _face(
        self, target: FloatArray, used: IntArray, shares: FloatArray
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """The shortest over the face of rows `used`, without those whose share falls to zero."""
        while used.size:
            basis, triangle = np.linalg.qr(self.rows(used).T)
            try:
                best = -np.linalg.solve(triangle, basis.T @ target)
            except np.linalg.LinAlgError:
                break
            falling = best <= 0
            if not falling.any():
                rest = target - basis @ (basis.T @ target)
                return used, best, rest - basis @ (basis.T @ rest)
            reach = np.full(used.size, np.inf)
            reach[falling] = shares[falling] / np.maximum(shares - best, 1e-300)[falling]
            shares = shares + reach.min() * (best - shares)
            used, shares = used[reach > reach.min()], shares[reach > reach.min()]
        return used, shares, target

    def _length(self) -> FloatArray:
        return np.sqrt(2.0 * (self.Z**2).sum(axis=1))
