"""Whether there is a fit: certificates first, then theorems of the alternative (label `existence`).

Without a ridge the weighted likelihood has a maximum iff no direction of coefficients, other than
a shift common to all classes, ranks the own class of every weighted row at least as high as
every other class, and one strictly. The condition is joint over classes: pairs do not decide it
for K > 2. How large the positive weights are does not matter.

Verdicts: "separated" (some direction ranks every own class strictly first), "quasi-separated"
(ties, but no maximum), "not identified" (a maximum, but coefficients are not unique since
the weighted rows of (1, X) have rank below 1 + d), "exists" (a unique maximum).
Sources: Albert & Anderson 1984; Konis 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_data

__all__ = ["certified", "classes_present", "decided", "disproved", "verdict"]

_TIE = 1e-9
"""Margins of an iterate below this, relative to the largest logit, prove nothing."""

_ROUNDING = 1e-13
"""Margins below this, relative to the length of row and direction, are ties."""

_LARGEST = 1.0 / np.finfo(float).eps
"""Sum of shares beyond which the rounding of the rows is as large as what they leave."""


def verdict(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    n_classes: int | None = None,
) -> str:
    """Whether the unpenalised fit of one data set exists, for X (n, d), y (n,), weights (n,).

    Returns "exists", "quasi-separated", "separated" or "not identified". Rows of weight zero do
    not count. A class without weighted rows can always be ruled out, so there is no maximum.
    Raises `DataError` for arguments that do not fit together.
    """
    data = as_data(X, y, weights, n_classes)
    if data.X.ndim != 2 or data.y.ndim != 1 or data.weights.ndim != 1:
        raise DataError("A verdict is on one data set: X (n, d), y (n,), weights (n,).")
    return decided(data.X, data.y, data.weights, data.n_classes)


def classes_present(y: IntArray, weights: FloatArray, n_classes: int) -> npt.NDArray[np.bool_]:
    """(...) whether every class has a row of positive weight, for y and weights (..., n)."""
    own = np.arange(n_classes)[:, None] == y[..., None, :]
    present: npt.NDArray[np.bool_] = (own & (weights[..., None, :] > 0)).any(-1).all(-1)
    return present


def disproved(z: FloatArray, y: IntArray, weights: FloatArray) -> npt.NDArray[np.bool_]:
    """(...) whether logits z (..., K, n), offset left out, prove that there is no maximum.

    They do if they rank every own class strictly first, or if the logit of one class, relative to
    the mean of all, has a threshold between its own rows and all others: then scaling all logits
    up, or moving those of that class alone, raises the likelihood for ever.
    """
    own = np.arange(z.shape[-2])[:, None] == y[..., None, :]
    counted = (weights > 0)[..., None, :]
    tie = _TIE * np.abs(z).max(axis=(-1, -2))
    margin = np.where(own, z, -np.inf).max(axis=-2) - np.where(own, -np.inf, z).max(axis=-2)
    all_first = np.where(counted[..., 0, :], margin, np.inf).min(axis=-1)
    relative = z - z.mean(axis=-2, keepdims=True)
    lowest_own = np.where(own & counted, relative, np.inf).min(axis=-1)
    highest_other = np.where(~own & counted, relative, -np.inf).max(axis=-1)
    one_apart = (lowest_own - highest_other).max(axis=-1)
    proof: npt.NDArray[np.bool_] = (np.maximum(all_first, one_apart) > tie) & (tie > 0)
    return proof


def certified(
    hessian: FloatArray, gradient: FloatArray, Z: FloatArray, weights: FloatArray
) -> npt.NDArray[np.bool_]:
    """(R,) whether derivatives at one point prove that a unique minimiser exists.

    Hessian (R, C, q, C, q) and gradient (R, C, q) in contrasts, design Z (R, n, q), weights
    (R, n). Along a unit vector u of the Hessian's metric the loss has |f'''| <= rho f'', rho the
    largest spread over classes of a row's logits, so its slope grows at least to 1/rho - nu
    with nu the Newton decrement. If rho nu < 1 it turns positive in every direction, and the
    loss has its minimum. Under separation rho nu >= 1 at every point, so nothing is missed by
    iterating on. (Generalised self-concordance: Bach 2010.)
    """
    R = gradient.shape[0]
    # What overflows compares as false, and proves nothing.
    with np.errstate(over="ignore", invalid="ignore"):
        return np.array(
            [_proves(hessian[r], gradient[r], Z[r][weights[r] > 0]) for r in range(R)], dtype=bool
        )


def _proves(hessian: FloatArray, gradient: FloatArray, rows: FloatArray) -> bool:
    C, q = gradient.shape
    H = hessian.reshape(C * q, C * q)
    scale = 1.0 / np.sqrt(np.maximum(np.diagonal(H), np.finfo(float).tiny))
    H = H * scale[:, None] * scale
    try:
        inverse = np.linalg.inv(H)
    except np.linalg.LinAlgError:
        return False
    well_conditioned = np.linalg.norm(inverse) * np.linalg.norm(H) < 1e12
    inverse = inverse * scale[:, None] * scale
    decrement2 = gradient.ravel() @ inverse @ gradient.ravel()
    blocks = inverse.reshape(C, q, C, q)[np.arange(C), :, np.arange(C), :]
    leverage = ((rows @ blocks) * rows).sum(axis=-1)
    definite = decrement2 >= 0 and leverage.min() >= 0
    return bool(well_conditioned and definite and 4 * decrement2 * leverage.max() < 1)


def decided(X: FloatArray, y: IntArray, weights: FloatArray, n_classes: int) -> str:
    """Verdict on one checked data set, joint over classes; ties are to rounding of the features.

    By theorems of the alternative. There is a maximum iff some mixture of the margins' rows, with
    shares of one or more, is zero (Stiemke). This has a gap: with orthonormal columns the squared
    margins of a direction of length one sum to one or more, so if none of them is negative, no
    such mixture is shorter than one. Some direction has all margins positive iff no mixture with
    shares that sum to one is zero (Gordan).
    """
    rows = weights > 0
    Q, identified = _orthonormal(X[rows])
    margins = _Margins(Q, y[rows], n_classes, lift=0.0)
    if np.linalg.norm(margins.shortest(margins.total(), enough=0.5)) <= 0.5:
        return "exists" if identified else "not identified"
    lifted = _Margins(Q, y[rows], n_classes, lift=1.0)
    target = np.zeros(n_classes * Q.shape[1] + 1)
    target[-1] = -1.0
    direction = lifted.shortest(target)
    strict = margins.of(direction) > _ROUNDING * np.linalg.norm(direction)
    return "separated" if strict.all() else "quasi-separated"


def _orthonormal(X: FloatArray) -> tuple[FloatArray, bool]:
    """Columns (n, r) that span those of (1, X), and whether coefficients are identified.

    A column of which the others leave no more than rounding is dropped. Coefficients are not
    identified if they leave no more than its root: no double resolves so small a curvature.
    """
    from scipy.linalg import qr

    Z, noise = _balanced(X)
    Q, triangle, order = qr(Z[:, noise < 1.0], mode="economic", pivoting=True)
    left = np.abs(np.diagonal(triangle)) / np.abs(triangle[0, 0])
    rounding = np.maximum(_ROUNDING, noise[noise < 1.0][order[: left.size]])
    resolved = left > np.maximum(rounding, np.sqrt(np.finfo(float).eps))
    return Q[:, left > rounding], np.count_nonzero(resolved) == Z.shape[1]


def _balanced(X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(1, X) with columns shifted, columns and rows of size one, and the rounding of each column.

    No shift or factor of a column, and no factor of a row, changes a verdict. Shifts are by a value
    of the column and factors powers of two, so next to nothing is rounded. Columns are first
    brought to their typical size: a huge value is then taken off with the factor of its row, and
    does not make a tie of all others.
    """
    X = np.ldexp(X, -_exponent(np.abs(X).max(axis=0, initial=0.0)))
    middle = np.partition(X, len(X) // 2, axis=0)[len(X) // 2]
    Z = np.concatenate([np.ones((len(X), 1)), X - middle], axis=1)
    noise = 16.0 * np.finfo(float).eps * np.abs(np.append(0.0, middle))
    typical = [np.median(column[column > 0]) if column.any() else 0.0 for column in np.abs(Z).T]
    for axis, size in ((0, np.array(typical)), (1, None), (0, None)):
        size = np.abs(Z).max(axis=axis) if size is None else size
        Z = np.ldexp(Z, -np.expand_dims(_exponent(size), axis))
        noise = noise if axis else np.ldexp(noise, -_exponent(size))
    return Z, noise


def _exponent(size: FloatArray) -> Any:
    return np.frexp(size)[1]


@dataclass(frozen=True)
class _Margins:
    """Margins own minus other of directions (K, r), as products with rows of length one.

    A row is (e_own - e_other) x z, scaled, for each row z of Z and each other class. With a lift
    it has this number as one more component.
    """

    Z: FloatArray  # (n, r)
    y: IntArray  # (n,)
    n_classes: int
    lift: float

    def total(self) -> FloatArray:
        """Sum of all rows before they are scaled."""
        own = np.eye(self.n_classes)[self.y]
        return np.append(((self.n_classes * own - 1.0).T @ self.Z).ravel(), 0.0)

    def of(self, direction: FloatArray) -> FloatArray:
        """Margins (n, K); that of a class with itself is infinite."""
        z = self.Z @ direction[:-1].reshape(self.n_classes, -1).T
        own = z[np.arange(len(z)), self.y]
        margins = (own[:, None] - z) / self._length()[:, None] + self.lift * direction[-1]
        margins[np.arange(len(z)), self.y] = np.inf
        return margins

    def rows(self, index: IntArray) -> FloatArray:
        """Rows at flat positions in the margins."""
        i, other = np.divmod(index, self.n_classes)
        eye = np.eye(self.n_classes)
        unit = self.Z[i] / self._length()[i, None]
        rows = ((eye[self.y[i]] - eye[other])[:, :, None] * unit[:, None, :]).reshape(len(i), -1)
        return np.column_stack([rows, np.full(len(i), self.lift)])

    def shortest(self, target: FloatArray, enough: float = 0.0) -> FloatArray:
        """The shortest of target + shares @ rows over shares >= 0, or one of length `enough`.

        It has no negative margin but for rounding (Lawson & Hanson 1974, chapter 23).
        """
        used, shares = np.zeros(0, dtype=np.int64), np.zeros(0)
        rest, size = target, np.linalg.norm(target)
        seen = {used.tobytes()}
        while size > enough:
            margins = self.of(rest).ravel()
            margins[used] = np.inf
            lowest = margins.argmin()
            if margins[lowest] >= -_ROUNDING * size:
                break
            used, shares, new = self._face(target, np.append(used, lowest), np.append(shares, 0.0))
            face, length = np.sort(used).tobytes(), np.linalg.norm(new)
            if face in seen or (length <= enough and shares.sum() > _LARGEST):
                break  # it was rounding that decided
            seen.add(face)
            rest, size = new, length
        return rest

    def _face(
        self, target: FloatArray, used: IntArray, shares: FloatArray
    ) -> tuple[IntArray, FloatArray, FloatArray]:
        """The shortest over the face of rows `used`, less those that come to have no share."""
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
