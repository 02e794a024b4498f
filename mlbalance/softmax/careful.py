"""Newton steps by least squares, one problem at a time: slow, and accurate where Hessians are not.

Where a class is nearly separated, or probabilities differ by hundreds of orders of magnitude, the
Hessian holds curvatures that differ by more than a double resolves, in the contrasts to whichever
class. Its factor does not mix them: the softmax of a row is a sequence of binary logits (class 0 or
a later one, then class 1 or a later one, ...), each one row of a matrix A and one entry of r with
Hessian A'A and gradient A'r, formed from logarithms without a difference. Newton's direction is the
least-squares solution of A direction = -r, by a QR factorisation with pivoting: it chooses class by
feature which coefficients to leave at zero, so that no class is special.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from mlbalance.inputs import FloatArray, IntArray

_LARGEST = 2**22
"""Entries of A up to which a step is taken at all: 32 MiB."""

_FLAT = 1e-2
"""Slope, relative to that at its start, at which a step may end."""

_NEAR = 0.1
"""Relative score below which a whole step that halves it is taken as it is."""

_ROUNDING = 1e-15
"""Slopes below this, relative to the sum of their absolute terms times the largest logit, are
rounding."""

_LAST_BITS = 32 * np.finfo(float).eps
"""Relative change of coefficients at which the iteration ends."""

_UNDERFLOW = np.log(1e-160) * 2
"""Log of the largest pull, in units of ridge and feature, that is taken for rounding."""

_REFINEMENTS = 2
"""Corrections of a direction, for coefficients whose columns are far from the size of others."""

_WORSE = 100.0
"""Increase of the residual of the normal equations from which on a correction is refused."""

_STEEP = 150.0
"""Log of the largest entry of r: a row further out on the wrong side is given more curvature."""

_TRIALS = 100
"""Lengths tried per step."""

_DEEPEST = -1200.0
"""Log of the largest residual below which no larger common factor is divided out."""


@dataclass(frozen=True)
class _Point:
    """One problem at coefficients theta (K, q) of features of size one."""

    theta: FloatArray
    z: FloatArray  # (K, n) logits
    log_p: FloatArray  # (K, n)
    log_r: FloatArray  # (K, n), log of the weighted |p - e_y|
    scale: float  # log of the common factor divided out


@dataclass(frozen=True)
class _Problem:
    Z: FloatArray  # (n, q) with columns of size one
    size: FloatArray  # (q,) by which columns of the task were divided
    unit: FloatArray  # (q,) by which features as given were divided; infinite if they are zero
    own: IntArray  # (n,)
    log_w: FloatArray  # (n,)
    offset: FloatArray | float  # (K, n)
    penalty: FloatArray  # (K, K)
    root: FloatArray  # (K - 1, K), root' root is the penalty
    by_class: bool  # whether the score is judged by its largest component per class

    @classmethod
    def of(
        cls,
        Z: FloatArray,
        y: IntArray,
        weights: FloatArray,
        offset: FloatArray | None,
        penalty: FloatArray,
        unit: FloatArray | None,
        *,
        by_class: bool = False,
    ) -> _Problem:
        rows = weights > 0
        largest = np.abs(Z[rows]).max(axis=0)
        size = np.ldexp(1.0, np.frexp(largest)[1])
        unit = size if unit is None else size * np.append(1.0, unit)
        return cls(
            Z=Z[rows] / size,
            size=size,
            # Its coefficient is zero then: rounding would be a pull that nothing balances.
            unit=np.where(largest > 0, unit, np.inf),
            own=y[rows],
            log_w=np.log(weights[rows]),
            offset=0.0 if offset is None else offset[:, rows],
            penalty=penalty,
            root=_root(penalty),
            by_class=by_class,
        )

    def at(self, theta: FloatArray) -> _Point:
        z = theta @ self.Z.T + self.offset
        mine = np.arange(len(z))[:, None] == self.own
        total = np.logaddexp.reduce(z, axis=0)
        others = np.logaddexp.reduce(np.where(mine, -np.inf, z), axis=0)
        log_p = z - total
        log_r = np.where(mine, others - total, log_p) + self.log_w
        return _Point(theta, z, log_p, log_r, float(np.clip(log_r.max(), _DEEPEST, 0.0)))

    def objective(self, theta: FloatArray) -> float:
        z = theta @ self.Z.T + self.offset
        loss = np.logaddexp.reduce(z, axis=0) - z[self.own, np.arange(self.own.size)]
        pulled = self.root @ (theta / self.unit)[:, 1:]
        return float(loss @ np.exp(self.log_w) + (pulled**2).sum() / 2)

    def pull(self, theta: FloatArray, scale: FloatArray | float = 0.0) -> FloatArray:
        """Gradient (K, q) of the penalty over exp(scale), a number or one per class (K, 1)."""
        # Half of it goes to each unit: products of two units may leave the doubles.
        half = np.exp(-np.asarray(scale) / 2)
        pull = half * (self.penalty @ (theta / self.unit)) * (half / self.unit)
        pull[:, 0] = 0.0
        return pull

    def relative_score(self, now: _Point) -> float:
        """As `evaluation.relative_score`, with each class scaled by its own largest residual."""
        sign = np.where(np.arange(len(now.z))[:, None] == self.own, -1.0, 1.0)
        largest = np.maximum(now.log_r.max(axis=1, keepdims=True), _DEEPEST)
        r = np.exp(now.log_r - largest)
        pull = self.pull(now.theta, largest)
        score = np.abs((sign * r) @ self.Z + pull)
        # The pull of a coefficient without digits is no score.
        underflow = np.diagonal(self.penalty)[:, None] * np.exp(_UNDERFLOW - largest) / self.unit
        underflow[:, 0] = 0.0
        score = np.where(score < underflow, 0.0, score)
        terms = r @ np.abs(self.Z) + np.abs(pull)
        share = np.exp(largest - largest.max())
        typical = (share * terms).sum(axis=0) / (share * terms[:, :1]).sum()
        terms = np.maximum(terms, terms[:, :1] * typical)
        if self.by_class:
            # Features are compared with each other in the units of the task.
            score, terms = (a * (self.size / self.size.max()) for a in (score, terms))
            terms[:, 1:] = terms[:, 1:].max(axis=1, keepdims=True)
        norm = (score / np.where(terms > 0, terms, 1.0)).max()
        return float(norm) if np.isfinite(norm) and (terms[:, 0] > 0).all() else np.inf

    def after_step(self, now: _Point, norm: float) -> _Point:
        """After Newton's step: a whole one if near the end it halves the relative score `norm`.

        A slope is a sum over coefficients: rounding in the part of one hides those of others.
        """
        direction = self.direction(now)
        whole = self.at(now.theta + direction)
        if self.relative_score(whole) < min(norm / 2, _NEAR):
            return whole
        return self.at(now.theta + self.length(now, direction) * direction)

    def direction(self, now: _Point) -> FloatArray:
        """Newton direction (K, q), summing to zero over classes; not finite if there is none."""
        from scipy.linalg import qr_multiply, solve_triangular

        A, r = self._system(now)
        K, q = now.theta.shape
        if not (np.isfinite(A).all() and np.isfinite(r).all()):
            return np.full((K, q), np.nan)
        ground = np.abs(A).max(axis=0).reshape(K, q).max(axis=1).argmax()
        A = np.delete(A.reshape(-1, K, q), ground, axis=1).reshape(len(A), -1)
        order = np.argsort(-np.abs(A).max(axis=1), kind="stable")
        A, r = A[order], r[order]
        rotated, triangle, pivots = qr_multiply(A, -r, mode="right", pivoting=True)
        held = np.count_nonzero(np.abs(np.diagonal(triangle)) > np.finfo(float).tiny)
        pivots, triangle, A = pivots[:held], triangle[:held, :held], A[:, pivots[:held]]
        solve = partial(solve_triangular, triangle, check_finite=False)
        step = solve(rotated[:held])
        rest = (A @ step + r) @ A
        for _ in range(_REFINEMENTS):
            refined = step + solve(solve(-rest, trans=1))
            left = (A @ refined + r) @ A
            # Where rows differ by a hundred orders of magnitude a correction is all rounding.
            if not (np.abs(left) <= _WORSE * np.abs(rest).max(initial=0.0)).all():
                break
            step, rest = refined, left
        direction = np.zeros((K - 1) * q)
        direction[pivots] = step
        direction = np.insert(direction.reshape(K - 1, q), ground, 0.0, axis=0)
        return direction - direction.mean(axis=0)

    def _system(self, now: _Point) -> tuple[FloatArray, FloatArray]:
        """Matrix A (rows, K q) and r (rows,) with Hessian A'A and gradient A'r."""
        K, q = now.theta.shape
        order = np.argsort(now.log_p, axis=0, kind="stable")
        place = np.argsort(order, axis=0, kind="stable")
        log_p = np.take_along_axis(now.log_p, order, axis=0)
        own = np.take_along_axis(place, self.own[None], axis=0)
        remaining = np.logaddexp.accumulate(log_p[::-1], axis=0)[::-1]
        first, later, both = log_p[:-1], remaining[1:], remaining[:-1]
        stage = np.arange(K - 1)[:, None]
        slope = np.where(own > stage, first, np.where(own == stage, later, -np.inf))
        slope += self.log_w - both - now.scale
        size = (first + later - both + self.log_w - now.scale) / 2
        size = np.maximum(size, slope - _STEEP)
        share = np.where(np.arange(K)[:, None] > stage[..., None], log_p - later[:, None], -np.inf)
        entry = -np.exp(size[:, None] + share)
        entry[np.arange(K - 1), np.arange(K - 1)] = np.exp(size)
        entry = np.take_along_axis(entry, place[None], axis=1)
        A = (entry[..., None] * self.Z).swapaxes(1, 2).reshape(-1, K * q)
        r = (np.where(own == stage, -1.0, 1.0) * np.exp(slope - size)).ravel()
        if self.root.any():
            root = self.root * np.exp(-now.scale / 2)
            pulled = root @ (now.theta / self.unit)
            extra = root[:, None, :, None] * (np.eye(q) / self.unit)[None, 1:, None, :]
            A = np.concatenate([A, extra.reshape(-1, K * q)])
            r = np.concatenate([r, pulled[:, 1:].ravel()])
        return A, r

    def length(self, now: _Point, direction: FloatArray) -> float:
        """Length of the step along a direction at which the slope is nearly zero."""
        along, reach = direction @ self.Z.T, np.abs(direction) @ np.abs(self.Z.T)
        mine = np.arange(len(along))[:, None] == self.own
        rising = along - along[self.own, np.arange(self.own.size)]
        reach = np.where(mine, 0.0, reach + reach.max(axis=0))
        scale = max(now.scale, float(np.log(np.abs(self.pull(now.theta)).max())))
        pull, change = self.pull(now.theta, scale), self.pull(direction, scale)
        blur = float(_ROUNDING * (1.0 + np.abs(now.z).max()))

        def slope(length: float) -> tuple[float, float]:
            """Slope, and a bound on its rounding."""
            z = now.z + length * along
            r = np.exp(z - np.logaddexp.reduce(z, axis=0) + self.log_w - scale)
            brake = (pull + length * change) * direction
            size = (r * reach).sum() + np.abs(brake).sum()
            return float(np.where(mine, 0.0, r * rising).sum() + brake.sum()), float(blur * size)

        def higher(length: float) -> bool:
            """Whether the objective is clearly more than at the start."""
            before = self.objective(now.theta)
            after = self.objective(now.theta + length * direction)
            return after - before > blur * (before + after)

        least, near, far, length = _FLAT * abs(slope(0.0)[0]), 0.0, np.inf, 1.0
        for _ in range(_TRIALS):
            found, noise = slope(length)
            if abs(found) <= max(least, noise) and not (found > 0 and higher(length)):
                break
            near, far = (length, far) if found < 0 else (near, length)
            length = 4.0 * near if far == np.inf else (near + far) / 2
        return length


def solve_carefully(
    Z: FloatArray,
    y: IntArray,
    weights: FloatArray,
    offset: FloatArray | None,
    penalty: FloatArray | None,
    unit: FloatArray | None = None,
    *,
    theta: FloatArray,
    tol: float,
    max_iter: int,
    by_class: bool = False,
) -> tuple[FloatArray, float, int]:
    """Coefficients (K, q) of one problem from theta on, their relative score, and steps taken.

    Design Z (n, q), labels and weights (n,), offset (K, n), penalty (K, K) on features (q - 1,)
    times their unit. The score is judged by component, or by its largest one per class.
    """
    (n, q), K = Z.shape, len(theta)
    if max_iter <= 0 or (n + q) * (K - 1) * K * q > _LARGEST:
        return theta, np.inf, 0
    penalty = np.zeros((K, K)) if penalty is None else penalty
    with np.errstate(all="ignore"):
        problem = _Problem.of(Z, y, weights, offset, penalty, unit, by_class=by_class)
        start = (theta - theta.mean(axis=0)) * problem.size
        start[:, np.isinf(problem.unit)] = 0.0
        # Steps from far out, where no curvature is left, would not find back.
        worse = not problem.objective(start) <= problem.objective(np.zeros_like(theta))
        now = problem.at(np.zeros_like(theta) if worse else start)
        norm, step = problem.relative_score(now), 0
        while norm > tol and step < max_iter:
            new = problem.after_step(now, norm)
            if not np.isfinite(new.theta).all():
                break
            moved = np.abs(new.theta - now.theta).max(axis=0)
            stalled = (moved <= _LAST_BITS * np.abs(new.theta).max(axis=0)).all()
            now, step, last = new, step + 1, norm
            norm = problem.relative_score(now)
            if stalled and not norm < last / 2:
                break
    return now.theta / problem.size, norm, step


def _root(penalty: FloatArray) -> FloatArray:
    """Factor (K - 1, K) of a penalty, from its entries off the diagonal and sums of these.

    Classes of small penalties come first, as those of small probabilities in a row.
    """
    edges, K = -penalty, len(penalty)
    np.fill_diagonal(edges, 0.0)
    root, later = np.zeros((K - 1, K)), np.argsort(edges.sum(axis=1), kind="stable")
    for j in range(K - 1):
        first, later = later[0], later[1:]
        total = edges[first, later].sum()
        if total > 0:
            root[j, first] = np.sqrt(total)
            root[j, later] = -edges[first, later] / np.sqrt(total)
            edges[np.ix_(later, later)] += np.outer(root[j, later], root[j, later])
    return root
