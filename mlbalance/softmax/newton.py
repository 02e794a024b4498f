"""Damped Newton for a block of problems, each stopping on its own.

Coefficients are contrasts against the class of most weight: against a rare one the others would
be nearly parallel, and its own score lost in their rounding. A step solves with the Hessian plus
a floor that only matters where it is singular; it is halved until the objective falls. Whether
there is a minimiser is asked of `existence`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mlbalance import existence
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.batch import Problems
from mlbalance.softmax.curvature import column_products, log_loss_curvature
from mlbalance.softmax.objective import add_penalty_curvature

_FLOOR = 1e-13
"""Curvature added to the Hessian, relative to its diagonal; the root of the score does not depend
on it."""

_SATURATED = 1e-30
"""Curvature, relative to the largest possible, below which only the floor is trusted."""

_LONGEST = 100.0
"""Largest change of a logit in one step: beyond it the quadratic model means nothing."""

_PATIENCE = 15
"""Steps after which a fit without a ridge is suspected to have no minimiser."""

_CROWD = 0.7
"""Share of unsettled problems below which the settled ones are dropped from the arrays."""

_STATUS_OF = {
    "exists": "converged",
    "separated": "no-mle",
    "quasi-separated": "no-mle",
    "not identified": "not-identified",
}


@dataclass
class Solution:
    """Per problem (R): theta (R, K, q), status, steps, relative score."""

    theta: FloatArray
    status: Any
    steps: IntArray
    norm: FloatArray


def solve(problems: Problems, penalty: FloatArray, tol: float, max_iter: int) -> Solution:
    """Minimise the objective with penalty matrix (K, K), on the scale of the weights as given."""
    R, K, q = len(problems.Z), problems.n_classes, problems.Z.shape[2]
    found = Solution(
        np.zeros((R, K, q)),
        np.full(R, "max-iter", "U14"),
        np.zeros(R, int),
        np.full(R, np.nan),
    )
    present = existence.classes_present(problems.y, problems.weights, K)
    found.status[~present] = "no-mle"
    live = np.flatnonzero(present)
    order = _heaviest_first(problems)
    if live.size:
        task = _Task.of(problems, penalty, order, live)
        _iterate(task, found, live, tol, max_iter)
    found.theta = np.take_along_axis(found.theta, order.argsort(axis=1)[:, :, None], axis=1)
    return found


def _iterate(task: _Task, found: Solution, live: IntArray, tol: float, max_iter: int) -> None:
    """Step the problems `live` of a block and write what becomes of them into `found`."""
    now = _Point.at(task, np.zeros((live.size, *found.theta.shape[1:])))
    open_ = np.ones(live.size, dtype=bool)
    for step in range(max_iter + 1):
        norm = _relative_score(task, now, tol if step < max_iter else np.inf)
        status = _status(task, now, open_, norm <= tol, step in (_PATIENCE, max_iter))
        settled = open_ & ((status != "") | (step == max_iter))
        if settled.any():
            at = live[settled]
            found.theta[at], found.norm[at] = now.theta[settled], norm[settled]
            found.steps[at] = step
            found.status[at] = np.where(status[settled] == "", "max-iter", status[settled])
            open_ &= ~settled
            if not open_.any():
                return
            if open_.sum() < _CROWD * open_.size:
                live, task, now = live[open_], task.take(open_), now.take(open_)
                open_ = open_[open_]
        now = _stepped(task, now)


class _Stack:
    """Arrays that all have the problems of a block as their first axis."""

    def take(self, index: Any) -> Any:
        parts = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return type(self)(**{n: None if a is None else a[index] for n, a in parts.items()})


@dataclass(frozen=True)
class _Task(_Stack):
    """What stays the same while problems are solved."""

    Z: FloatArray  # (R, n, q)
    across: FloatArray  # (R, q, n), Z transposed
    products: FloatArray  # (R, n, q (q + 1) / 2)
    own: IntArray  # (R, n) position of the own class among the (K, n) of a problem
    weights: FloatArray  # (R, n)
    offset: FloatArray | None  # (R, K, n)
    penalty: FloatArray | None  # (R, K, K)
    bound: FloatArray  # (R, (K - 1) q), largest diagonal of the Hessian
    reach: FloatArray  # (R, q), largest absolute terms of the score

    @classmethod
    def of(cls, given: Problems, penalty: FloatArray, order: IntArray, live: IntArray) -> _Task:
        problems, order = given.take(live), order[live]
        Z, n = problems.Z, problems.y.shape[1]
        y = np.take_along_axis(order.argsort(axis=1), problems.y, axis=1)
        spread = 0.5 * (problems.weights[:, None, :] @ Z**2)
        bound = np.repeat(spread, order.shape[1] - 1, axis=1)
        offset, scaled = problems.offset, None
        if offset is not None:
            offset = np.take_along_axis(offset, order[:, :, None], axis=1)
        if penalty.any():
            scaled = penalty[order[:, :, None], order[:, None, :]] / problems.total[:, None, None]
            bound[..., 1:] += np.diagonal(scaled, axis1=1, axis2=2)[:, 1:, None]
        return cls(
            Z=Z,
            across=np.ascontiguousarray(np.swapaxes(Z, 1, 2)),
            products=column_products(Z),
            own=y * n + np.arange(n),
            weights=problems.weights,
            offset=offset,
            penalty=scaled,
            bound=bound.reshape(live.size, -1),
            reach=(problems.weights[:, None, :] @ np.abs(Z))[:, 0],
        )

    def positions(self, K: int) -> IntArray:
        """Flat position (R, n) of the own class in an array (R, K, n)."""
        R, n = self.own.shape
        return self.own + (np.arange(R) * (K * n))[:, None]


@dataclass(frozen=True)
class _Point(_Stack):
    """Where problems stand, and what one pass over their rows tells."""

    theta: FloatArray  # (R, K, q)
    p: FloatArray  # (R, K, n)
    others: FloatArray  # (R, K, n), 1 - p without its rounding
    weighted: FloatArray  # (R, K, n), weights times p - e_y
    loss: FloatArray  # (R,)
    gradient: FloatArray  # (R, K, q)

    @classmethod
    def at(cls, task: _Task, theta: FloatArray) -> _Point:
        K = theta.shape[1]
        own = task.positions(K)
        z = theta @ task.across
        if task.offset is not None:
            z += task.offset
        z -= z.max(axis=1, keepdims=True)
        z_own = z.reshape(-1)[own]
        p = np.exp(z, out=z)
        total = p.sum(axis=1)
        loss = (task.weights * (np.log(total) - z_own)).sum(axis=1)
        p /= total[:, None, :]
        others = (1.0 - np.eye(K)) @ p
        weighted = p * task.weights[:, None, :]
        weighted.reshape(-1)[own] = -others.reshape(-1)[own] * task.weights
        gradient = weighted @ task.Z
        if task.penalty is not None:
            pull = _pull(task, theta)
            loss += 0.5 * (pull * theta).sum(axis=(1, 2))
            gradient += pull
        return cls(theta, p, others, weighted, loss, gradient)


def _heaviest_first(problems: Problems) -> IntArray:
    """Classes (R, K) of each problem by falling total weight."""
    own = np.arange(problems.n_classes)[:, None] == problems.y[:, None, :]
    weight = (own * problems.weights[:, None, :]).sum(axis=-1)
    return np.argsort(-weight, axis=1, kind="stable")


def _pull(task: _Task, theta: FloatArray) -> Any:
    """Gradient (R, K, q) of the penalty."""
    if task.penalty is None:
        return 0.0
    pull = task.penalty @ theta
    pull[..., 0] = 0.0
    return pull


def _relative_score(task: _Task, now: _Point, tol: float) -> FloatArray:
    """Largest component of the score (R,) relative to the sum of its absolute terms.

    Infinite, without the sum, where a bound on the terms tells that it exceeds `tol`.
    """
    size = np.abs(now.gradient)
    pull = np.abs(_pull(task, now.theta))
    near = (size <= tol * (task.reach[:, None, :] + pull)).all(axis=(1, 2))
    norm = np.full(near.size, np.inf)
    if near.any():
        terms = np.abs(now.weighted[near]) @ np.abs(task.Z[near])
        terms += pull if task.penalty is None else pull[near]
        norm[near] = (size[near] / np.where(terms > 0, terms, 1.0)).max(axis=(1, 2))
    return norm


def _status(task: _Task, now: _Point, open_: Any, small: Any, suspect: bool) -> Any:
    """Status (R,) of the problems that are settled, "" for the others."""
    status = np.where(small, "converged", "").astype("U14")
    if task.penalty is not None:
        return status
    K, n = now.p.shape[1:]
    y = task.own // n
    apart = existence.disproved(now.theta @ task.across, y, task.weights)
    status[apart] = "no-mle"
    ask = open_ & (small | suspect) & ~apart
    candidates = np.flatnonzero(small & ask)
    if candidates.size:
        at, given = now.take(candidates), task.take(candidates)
        H = _hessian(given, at)
        proved = existence.certified(H, at.gradient[:, 1:], given.Z, given.weights)
        ask[candidates[proved]] = False
    for r in np.flatnonzero(ask):
        verdict = existence.linear_programme(task.Z[r, :, 1:], y[r], task.weights[r], K)
        if verdict != "exists" or small[r]:
            status[r] = _STATUS_OF[verdict]
    return status


def _stepped(task: _Task, now: _Point) -> _Point:
    """After one damped Newton step of every problem."""
    direction = _direction(task, now)
    along = direction @ task.across
    reach = (along.max(axis=(1, 2)) - along.min(axis=(1, 2))) / _LONGEST
    length = 1.0 / np.maximum(1.0, reach)
    slope = (now.gradient * direction).sum(axis=(1, 2))
    slack = 1e-15 * (1.0 + np.abs(now.loss))
    new = _Point.at(task, now.theta + length[:, None, None] * direction)
    for _ in range(60):
        high = np.flatnonzero(~(new.loss <= now.loss + 1e-4 * length * slope + slack))
        if not high.size:
            break
        length[high] /= 2
        theta = now.theta[high] + length[high, None, None] * direction[high]
        nearer = _Point.at(task.take(high), theta)
        for field in fields(new):
            getattr(new, field.name)[high] = getattr(nearer, field.name)
    return new


def _hessian(task: _Task, now: _Point) -> FloatArray:
    """Hessian (R, K - 1, q, K - 1, q) in the contrasts."""
    H = log_loss_curvature(now.p[:, 1:], now.others[:, 1:], task.weights, task.Z, task.products)
    if task.penalty is not None:
        add_penalty_curvature(H, task.penalty[:, 1:, 1:])
    return H


def _direction(task: _Task, now: _Point) -> FloatArray:
    """Newton direction (R, K, q), zero for the reference; steepest descent where it fails."""
    from scipy.linalg.lapack import dposv

    R, K, q = now.theta.shape
    H = _hessian(task, now).reshape(R, (K - 1) * q, (K - 1) * q)
    diagonal = H.reshape(R, -1)[:, :: (K - 1) * q + 1]
    metric = np.maximum(diagonal, _SATURATED * task.bound)
    metric[metric == 0] = 1.0
    diagonal += _FLOOR * metric
    g = now.gradient[:, 1:].reshape(R, -1)
    direction = np.zeros((R, K, q))
    downhill = direction[:, 1:].reshape(R, -1)
    for r in range(R):
        _, step, info = dposv(H[r].T, g[r], overwrite_a=True)
        downhill[r] = -step if info == 0 else -g[r] / metric[r]
    direction[:, 1:] = downhill.reshape(R, K - 1, q)
    return direction
