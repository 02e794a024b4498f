"""Verdicts by Newton's method: shares and directions that prove them, for many coefficients.

A row here is a difference "own logit minus that of another class", and its margin is the value of
that difference. The squared hinge, sum of max(0, 1 - margin)^2, has a minimum whatever the rows,
and Newton's method ends in it: it is a quadratic between kinks. There the shortfalls 1 - margin of
the rows below one are shares of a mixture of these rows that is zero. Such rows are ties: no
direction without negative margins moves them. If there are none the direction found separates all
rows. If ties leave some directions free the same is asked of the other rows and these directions.
In the end either ties leave none, and a mixture that uses every row is zero, or all other rows are
separated.
(Facial reduction: Borwein & Wolkowicz 1981. Finite Newton: Mangasarian 2002.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mlbalance.existence.margins import LARGEST, ROUNDING
from mlbalance.inputs import FloatArray, IntArray

_CLEAR = 1e-9
"""Margins and shares beyond rounding, for a direction of length one and shares of about one."""

_ZERO = 1e-13
"""Directions along which ties have less curvature than this, relative to the largest, are free."""

_FLAT = 1e-12
"""Length of the slope, relative to the sum of the shortfalls, at which the minimum is reached."""

_STEPS = 60
"""Newton steps after which nothing is proved."""

_FLOOR = 1e-12
"""Curvature added for Newton's direction, relative to the largest."""

_SEED = 1
"""Of a random free direction: it moves every row that some free direction moves."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """Rows of margins "own logit minus other", of length one, in contrasts (K - 1, r) to class 0.

    Shares and margins are (n, K), and count where a class is not a row's own.
    """

    Z: FloatArray  # (n, r)
    y: IntArray
    n_classes: int
    length: FloatArray  # (n,) of the rows before they were scaled

    @classmethod
    def of(cls, Q: FloatArray, y: IntArray, n_classes: int) -> Rows:
        length = np.sqrt(2.0 * (Q**2).sum(axis=1))
        return cls(Q / length[:, None], y, n_classes, length)

    def others(self) -> Mask:
        """(n, K) classes that are not a row's own."""
        others: Mask = self.y[:, None] != np.arange(self.n_classes)
        return others

    def margins(self, direction: FloatArray) -> FloatArray:
        """(n, K) of a direction ((K - 1) r,)."""
        z = np.zeros((len(self.y), self.n_classes))
        z[:, 1:] = self.Z @ direction.reshape(self.n_classes - 1, -1).T
        return z[np.arange(len(z)), self.y][:, None] - z

    def mixture(self, shares: FloatArray) -> FloatArray:
        """((K - 1) r,) of shares that are zero for a row's own class."""
        spread = -shares
        spread[np.arange(len(spread)), self.y] = shares.sum(axis=1)
        return (spread.T[1:] @ self.Z).ravel()

    def gram(self, used: Mask) -> FloatArray:
        """((K - 1) r, (K - 1) r) sum of the products of the used rows with themselves."""
        r, C = self.Z.shape[1], self.n_classes - 1
        found = np.zeros((C, r, C, r))
        for k in range(C + 1):
            for l in range(k):
                both = ((self.y == k) & used[:, l]) | ((self.y == l) & used[:, k])
                if not both.any():
                    continue
                Z = self.Z[both]
                product = Z.T @ Z
                found[k - 1, :, k - 1] += product
                if l:
                    found[l - 1, :, l - 1] += product
                    found[k - 1, :, l - 1] -= product
                    found[l - 1, :, k - 1] -= product
        return found.reshape(C * r, C * r)


@dataclass(frozen=True)
class _Ties:
    """Ties among the rows left, with a mixture that is zero along the directions free before."""

    rows: Mask  # (n, K), those that the mixture uses
    shares: FloatArray  # (n, K)
    held: FloatArray  # ((K - 1) r, held) orthonormal directions that these rows do not leave free
    curvature: FloatArray  # (held,) of the rows along them
    free: FloatArray  # ((K - 1) r, free) orthonormal directions that they and all before leave free
    left: Mask  # (n, K) rows that some free direction moves

    def direction(self, mixture: FloatArray) -> FloatArray:
        """The held direction whose margins on the ties have this mixture."""
        found: FloatArray = self.held @ ((self.held.T @ mixture) / self.curvature)
        return found


def decide_by_faces(Q: FloatArray, y: IntArray, n_classes: int) -> str | None:
    """Verdict on orthonormal columns Q (n, r), all classes present; None if nothing is proved.

    "exists", "separated" or "quasi-separated", checked on all rows before it is said.
    """
    rows = Rows.of(Q, y, n_classes)
    found: list[_Ties] = []
    direction = np.zeros((n_classes - 1) * Q.shape[1])
    free, left = None, rows.others()
    while left.any():
        point = _minimum(rows, free, left, direction)
        if point is None:
            return None
        direction, shortfall = point
        if not (shortfall > _CLEAR).any():
            return _verdict(rows, found, left, direction)
        ties = _ties(rows, free, left, shortfall)
        if ties is None:
            return None
        found.append(ties)
        free, left = ties.free, ties.left
        direction = free @ (free.T @ direction)
    return "exists" if _has_maximum(rows, found) else None


def _verdict(rows: Rows, found: list[_Ties], left: Mask, direction: FloatArray) -> str | None:
    """Verdict of a direction that should separate the rows left and move no tie."""
    for ties in found + found:
        moved = np.where(ties.rows, rows.margins(direction), 0.0)
        direction = direction - ties.direction(rows.mixture(moved))
    margins, size = rows.margins(direction), np.linalg.norm(direction)
    if not margins[left].min() > ROUNDING * size:
        return None
    if not found:
        return "separated"
    still = np.abs(margins[rows.others() & ~left]).max() <= ROUNDING * size
    shares = found[0].shares
    zero = np.linalg.norm(rows.mixture(shares)) <= ROUNDING * shares.sum()
    clear = margins.max() > _CLEAR * size
    return "quasi-separated" if still and zero and clear else None


def _has_maximum(rows: Rows, found: list[_Ties]) -> bool:
    """Whether a mixture of ties with shares of one or more is zero (see `alternatives`).

    The share of a row before it was scaled is one or more if that of the scaled row is its length.
    """
    shares = np.where(rows.others(), rows.length[:, None], 0.0)
    for ties in reversed(found):
        added = rows.margins(ties.direction(-rows.mixture(shares)))[ties.rows]
        times = (-added / ties.shares[ties.rows]).max(initial=0.0)
        shares[ties.rows] += added + times * ties.shares[ties.rows]
    rest = rows.mixture(shares).reshape(rows.n_classes - 1, -1)
    size = np.hypot(np.linalg.norm(rest), np.linalg.norm(rest.sum(axis=0)))
    return bool(size <= 0.5 and (shares / rows.length[:, None]).sum() <= LARGEST)


def _minimum(
    rows: Rows, free: FloatArray | None, left: Mask, direction: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Minimum of the squared hinge of rows `left` along free directions, from a direction on.

    The last direction and its shortfalls (n, K), zero if it separates these rows.
    """
    from scipy.linalg.lapack import dposv

    for _ in range(_STEPS):
        margins = rows.margins(direction)
        shortfall = np.where(left, np.maximum(1.0 - margins, 0.0), 0.0)
        if margins[left].min() > _CLEAR * np.linalg.norm(direction):
            return direction, np.zeros(left.shape)
        slope = rows.mixture(shortfall)
        slope = slope if free is None else free.T @ slope
        if np.linalg.norm(slope) <= _FLAT * shortfall.sum():
            return direction, shortfall
        curvature = rows.gram(shortfall > 0)
        curvature = curvature if free is None else free.T @ curvature @ free
        curvature.flat[:: len(slope) + 1] += _FLOOR * np.diagonal(curvature).max()
        change, failed = dposv(curvature, slope)[1:]
        if failed:
            return None
        change = change if free is None else free @ change
        direction = direction + _length(margins[left], rows.margins(change)[left]) * change
    return None


def _length(margins: FloatArray, along: FloatArray) -> float:
    """Step at which the squared hinge is least: its slope is linear between kinks, and rises."""
    short = 1.0 - margins
    kinks = np.divide(short, along, out=np.zeros_like(short), where=along != 0)
    crossed = np.flatnonzero(kinks > 0)
    crossed = crossed[kinks[crossed].argsort(kind="stable")]
    ends, change = kinks[crossed], along[crossed]
    # Slope at length t: t rise - pull. Rows enter where their margins fall, and leave where not.
    first = (short > 0) | ((short == 0) & (along < 0))
    rise, pull = np.empty((2, len(ends) + 1))
    rise[0], pull[0] = along[first] @ along[first], along[first] @ short[first]
    rise[1:] = -change * np.abs(change)
    pull[1:] = -np.abs(change) * short[crossed]
    rise, pull = rise.cumsum(), pull.cumsum()
    after = np.flatnonzero(rise[:-1] * ends >= pull[:-1])
    piece = after[0] if after.size else len(ends)
    if not rise[piece] > 0:
        return float(ends[-1]) if len(ends) else 1.0
    return float(max(pull[piece] / rise[piece], ends[piece - 1] if piece else 0.0))


def _ties(rows: Rows, free: FloatArray | None, left: Mask, shortfall: FloatArray) -> _Ties | None:
    """Ties that the shortfalls at the minimum prove, and what they leave; None if not clear."""
    from scipy.linalg import eigh

    used = shortfall > _CLEAR
    curvature = rows.gram(used)
    if free is not None:
        curvature = free.T @ curvature @ free
    values, vectors = eigh(curvature, check_finite=False, driver="evd")
    vectors = vectors if free is None else free @ vectors
    zero = values <= _ZERO * values[-1]
    shares = np.where(used, shortfall, 0.0)
    ties = _Ties(used, shares, vectors[:, ~zero], values[~zero], vectors[:, zero], left)
    shares[used] -= rows.margins(ties.direction(rows.mixture(shares)))[used]
    generic = ties.free @ np.random.default_rng(_SEED).normal(size=ties.free.shape[1])
    still = np.abs(rows.margins(generic)) <= _CLEAR * np.linalg.norm(generic)
    return replace(ties, left=left & ~used & ~still) if shares[used].min() > 0 else None
