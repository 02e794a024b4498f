"""Damped Newton for a block of problems, each stopping on its own.

Coefficients are contrasts against the class of most weight: against a rare one the others would
be nearly parallel, and its own score lost in their rounding. A step that does not descend is
shortened. Problems of many parameters take L-BFGS steps first. Whether there is a minimiser is
decided by `existence`. Problems that are not settled after some steps, as where the class of most
weight is itself far from others that overlap, are solved by least squares, which treats all classes
alike.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from mlbalance import existence
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.batch import Problems
from mlbalance.softmax.careful import solve_carefully
from mlbalance.softmax.direction import first_direction, newton_direction
from mlbalance.softmax.evaluation import Point, Task, relative_score
from mlbalance.softmax.lbfgs import approach
from mlbalance.softmax.status import OF_VERDICT

_FLAT = 0.1
"""Slope, relative to that at its start, at which a shortened step may end."""

_SUSPECT = 15
"""Steps after which a fit without a ridge is suspected to have no minimiser."""

_EARLY = 5
"""Steps after which one of many parameters is suspected if it gains slowly."""

_SLOW = 0.25
"""Gain of a step, relative to the one before, that is slow: the ratio tends to 1/e where there is
no minimiser, and to zero where there is one."""

_MANY = 60
"""Parameters beyond which slow gains make a fit suspect."""

_NEAR = 1e-4
"""Relative score after L-BFGS beyond which a fit without a ridge is suspected at once."""

_CAREFUL = 40
"""Steps after which unsettled problems are solved by least squares."""

_SETTLED = 0.5
"""Share of settled problems above which they are dropped from the arrays."""


@dataclass
class Solution:
    """Per problem (R): theta (R, K, q), status, steps, relative score."""

    theta: FloatArray
    status: Any
    steps: IntArray
    norm: FloatArray

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Solution:
        """No solution yet, of coefficients of a shape (R, K, q)."""
        R = shape[0]
        status = np.full(R, "max-iter", "U14")
        return cls(np.zeros(shape), status, np.zeros(R, int), np.full(R, np.nan))

    def put(self, index: Any, found: Solution) -> None:
        """Take over the solutions of the problems at `index`."""
        self.theta[index], self.status[index] = found.theta, found.status
        self.steps[index], self.norm[index] = found.steps, found.norm


def solve(
    problems: Problems, penalty: FloatArray, tol: float, max_iter: int, *, even: bool
) -> Solution:
    """Minimise the objective with penalty matrix (K, K), on the scale of the weights as given.

    `even` tells whether all probabilities are equal at the start, and all ridges too.
    """
    R, K, q = problems.start.shape
    found = Solution.of((R, K, q))
    present = existence.classes_present(problems.y, problems.weights, K)
    found.status[~present] = "no-mle"
    live = np.flatnonzero(present)
    order = _classes_by_weight(problems)
    # What overflows compares as false, and is no score of zero.
    with np.errstate(all="ignore"):
        if live.size:
            task = Task.of(problems.take(live), penalty, order[live])
            start = np.take_along_axis(problems.start[live], order[live][:, :, None], axis=1)
            now, before = _first_point(task, start - start[:, :1], even, tol, max_iter)
            _iterate(task, now, before, found, live, tol, max_iter)
    found.theta = np.take_along_axis(found.theta, order.argsort(axis=1)[:, :, None], axis=1)
    return found


def _first_point(
    task: Task, start: FloatArray, even: bool, tol: float, max_iter: int
) -> tuple[Point, IntArray]:
    """First point whose score is judged, and steps (R,) to it: by L-BFGS if parameters are many."""
    none = np.zeros(len(start), dtype=np.int64)
    if not task.direct:
        theta, steps = approach(task, start, tol, max_iter)
        return task.at(theta), steps
    now = task.at(start)
    return (_step(task, now, first_direction(task, now)), none + 1) if even else (now, none)


def iterate(task: Any, start: FloatArray, found: Solution, tol: float, max_iter: int) -> None:
    """Iterate on all problems of a task from coefficients (R, K, q), and write into `found`."""
    now, before = _first_point(task, start, False, tol, max_iter)
    _iterate(task, now, before, found, np.arange(len(start)), tol, max_iter)


def _iterate(
    task: Task,
    now: Point,
    before: IntArray,
    found: Solution,
    live: IntArray,
    tol: float,
    max_iter: int,
) -> None:
    """Iterate on the problems `live` of a block, and write their solutions into `found`."""
    waiting = np.ones(live.size, dtype=bool)
    doubtful = np.full(live.size, task.doubtful)
    disorder = existence.Disorder.unknown(now.theta.shape) if doubtful.any() else None
    fell = np.zeros(live.size)
    last = min(max_iter, _CAREFUL if task.direct else _SUSPECT)
    suspect: Any = False if task.direct else ~(relative_score(task, now) <= _NEAR)
    for step in range(last + 1):
        norm = relative_score(task, now, tol if step < last else None)
        suspect = suspect | (step in (_SUSPECT, last))
        status = _status(task, now, doubtful, disorder, norm <= tol, suspect, last=step == last)
        settled = waiting & ((status != "") | (step == last))
        if settled.any():
            at = live[settled]
            found.theta[at], found.norm[at] = now.theta[settled], norm[settled]
            found.steps[at] = before[settled] + step
            found.status[at] = np.where(status[settled] == "", "max-iter", status[settled])
            for r in np.flatnonzero(settled & (status == "")):
                _finish(task, int(r), found, int(live[r]), tol, max_iter - step)
            waiting &= ~settled
            doubtful &= waiting
            if not waiting.any():
                return
            if waiting.sum() < (1.0 - _SETTLED) * waiting.size:
                live, task, now = live[waiting], task.take(waiting), now.take(waiting)
                before, doubtful, fell = before[waiting], doubtful[waiting], fell[waiting]
                disorder = disorder and disorder.take(waiting)
                waiting = waiting[waiting]
        loss = now.loss
        now = _step(task, now, newton_direction(task, now, tol))
        fell, previous = loss - now.loss, fell
        early = step + 1 >= _EARLY and now.theta[0].size > _MANY
        suspect = early & (fell > _SLOW * previous)


def _finish(task: Task, r: int, found: Solution, at: int, tol: float, left: int) -> None:
    """Solve problem r of a task by least squares, from its coefficients at `found`."""
    if not isinstance(task, Task):  # the rows are elsewhere
        return
    theta, norm, steps = solve_carefully(
        task.Z[r],
        task.y[r],
        task.weights[r],
        None if task.offset is None else task.offset[r],
        None if task.penalty is None else task.penalty[r],
        None if task.share is None else task.share[r, 0] ** -0.5,
        theta=found.theta[at],
        tol=tol,
        max_iter=left,
    )
    found.steps[at] += steps
    if not found.norm[at] <= norm:
        found.theta[at], found.norm[at] = theta, norm
    if norm <= tol:
        found.status[at] = "converged"


def _classes_by_weight(problems: Problems) -> IntArray:
    """Classes (R, K) of each problem by falling total weight."""
    own = np.arange(problems.start.shape[1])[:, None] == problems.y[:, None, :]
    weight = (own * problems.weights[:, None, :]).sum(axis=-1)
    return np.argsort(-weight, axis=1, kind="stable")


def _status(
    task: Task,
    now: Point,
    doubtful: Any,
    disorder: Any,
    small: Any,
    suspect: Any,
    *,
    last: bool,
) -> Any:
    """Status (R,) of the problems that are settled, "" for the others.

    Of the `doubtful` ones existence is proved where their score is `small` or they are `suspect`,
    and those that have a unique minimiser are doubtful no longer. Where a verdict takes too much
    memory a small score goes on: the next ones are smaller, and prove it.
    """
    status = np.where(small, "converged", "").astype("U14")
    if not doubtful.any():
        return status
    y, K = task.y, now.theta.shape[1]
    apart = np.zeros_like(doubtful)
    look = np.flatnonzero(doubtful & ~disorder.holds(now.theta))
    if look.size:
        part = _part(look, doubtful)
        z = now.theta[part] @ task.across[part]
        apart[look] = disorder.look(look, z, y[part], task.weights[part], task.Z[part])
    status[apart] = "no-mle"
    ask = doubtful & (small | suspect) & ~apart
    candidates = np.flatnonzero(small & ask)
    if candidates.size:
        part = _part(candidates, doubtful)
        proved = existence.existence_certificate_by_rows(
            now.p[part], now.gradient[part], task.Z[part], task.weights[part]
        )
        ask[candidates[proved]] = False
        if not proved.all() and task.direct:
            candidates = candidates[~proved]
            at, given = now.take(candidates), task.take(candidates)
            H = given.hessian(at)
            proved = existence.existence_certificate(H, at.gradient[:, 1:], given.Z, given.weights)
            ask[candidates[proved]] = False
    for r in np.flatnonzero(ask):
        if not last and not existence.fits_in_memory(task.Z[r], K):
            status[r] = ""
            continue
        verdict = existence.decide(task.Z[r, :, 1:], y[r], task.weights[r], K)
        if verdict == "exists":
            doubtful[r] = False
        else:
            status[r] = OF_VERDICT[verdict]
    return status


def _part(index: IntArray, every: Any) -> Any:
    """Index of some problems; a slice, which copies nothing, where it is `every` one."""
    return slice(None) if index.size == every.size else index


def _step(task: Task, now: Point, direction: FloatArray) -> Point:
    """After a step of every problem along its direction (R, K, q).

    Where the step does not descend, the slope along it is bisected until it is small: there the
    rows that ended the descent have curvature, and the next direction takes account of them.
    """
    slope = (now.gradient * direction).sum(axis=(1, 2))
    slack = 1e-15 * (1.0 + np.abs(now.loss))
    new = task.at(now.theta + direction)
    far = np.flatnonzero(~(new.loss <= now.loss + 1e-4 * slope + slack))
    if not far.size:
        return new
    near, length = np.zeros(far.size), task.take(far).longest_step(now.take(far), direction[far])
    for _ in range(60):
        if not far.size:
            break
        middle = (near + length) / 2
        at = task.take(far).at(now.theta[far] + middle[:, None, None] * direction[far])
        for field in fields(new):
            getattr(new, field.name)[far] = getattr(at, field.name)
        rest = (at.gradient * direction[far]).sum(axis=(1, 2))
        short = rest < 0
        near, length = np.where(short, middle, near), np.where(short, length, middle)
        steep = ~(np.abs(rest) <= _FLAT * np.abs(slope[far]))
        far, near, length = far[steep], near[steep], length[steep]
    return new
