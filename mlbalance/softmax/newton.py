"""Damped Newton for a block of problems, each stopping on its own.

Coefficients are contrasts against the class of most weight: against a rare one the others would
be nearly parallel, and its own score lost in their rounding. A step solves with the Hessian in
the metric of its diagonal, plus a floor that only matters where it is singular; it is halved until
the objective falls. Whether there is a minimiser is asked of `existence`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlbalance import existence
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.batch import Problems
from mlbalance.softmax.objective import (
    add_penalty_curvature,
    curvature,
    log_probabilities,
    penalty_value,
    residuals,
)

_FLOOR = 1e-13
"""Curvature added to the scaled Hessian; the root of the score does not depend on it."""

_SATURATED = 1e-30
"""Curvature, relative to the largest possible, below which only the floor is trusted."""

_LONGEST = 100.0
"""Largest change of a logit in one step: beyond it the quadratic model means nothing."""

_PATIENCE = 15
"""Steps after which a fit without a ridge is suspected to have no minimiser."""

_STATUS_OF = {
    "exists": "converged",
    "separated": "no-mle",
    "quasi-separated": "no-mle",
    "not identified": "not-identified",
}


@dataclass
class Solution:
    """Per problem (R): theta (R, K, q) with class 0 at zero, status, steps, relative score."""

    theta: FloatArray
    status: Any
    steps: IntArray
    norm: FloatArray


def solve(problems: Problems, penalty: FloatArray, tol: float, max_iter: int) -> Solution:
    """Minimise the objective with penalty matrix (K, K), on the scale of the weights as given."""
    R, K, q = problems.Z.shape[0], problems.offset.shape[1], problems.Z.shape[2]
    order = _heaviest_first(problems)
    problems = _reordered(problems, order)
    found = Solution(
        np.zeros((R, K, q)), np.full(R, "max-iter", "U14"), np.zeros(R, int), np.full(R, np.nan)
    )
    present = existence.classes_present(problems.y, problems.weights, K)
    found.status[~present] = "no-mle"
    live = np.flatnonzero(present)
    scaled = penalty[order[:, :, None], order[:, None, :]] / problems.total[:, None, None]
    now = _Iterate.at(problems.take(live), scaled[live], np.zeros((live.size, K, q)))
    for step in range(max_iter + 1):
        if not live.size:
            break
        status = now.status(tol, suspect=step in (_PATIENCE, max_iter))
        found.theta[live], found.steps[live], found.norm[live] = now.theta, step, now.norm
        found.status[live[status != ""]] = status[status != ""]
        going = status == ""
        live, now = live[going], now.take(going)
        if live.size and step < max_iter:
            now = now.stepped()
    found.theta = np.take_along_axis(found.theta, order.argsort(axis=1)[:, :, None], axis=1)
    return found


def _heaviest_first(problems: Problems) -> IntArray:
    """Classes (R, K) of each problem by falling total weight."""
    own = np.arange(problems.offset.shape[1])[:, None] == problems.y[:, None, :]
    weight = np.where(own, problems.weights[:, None, :], 0.0).sum(axis=-1)
    return np.argsort(-weight, axis=1, kind="stable")


def _reordered(problems: Problems, order: IntArray) -> Problems:
    return replace(
        problems,
        y=np.take_along_axis(order.argsort(axis=1), problems.y, axis=1),
        offset=np.take_along_axis(problems.offset, order[:, :, None], axis=1),
    )


@dataclass(frozen=True)
class _Iterate:
    """Live problems at their current theta, with what follows from it."""

    problems: Problems
    penalty: FloatArray  # (R, K, K)
    theta: FloatArray  # (R, K, q)
    residual: FloatArray  # (R, K, n)
    gradient: FloatArray  # (R, K - 1, q)
    norm: FloatArray  # (R,)

    @classmethod
    def at(cls, problems: Problems, penalty: FloatArray, theta: FloatArray) -> _Iterate:
        z = theta @ np.swapaxes(problems.Z, 1, 2) + problems.offset
        residual = residuals(z, problems.y)
        weighted = residual * problems.weights[:, None, :]
        pull = penalty @ theta
        pull[..., 0] = 0.0
        gradient = weighted @ problems.Z + pull
        terms = np.abs(weighted) @ np.abs(problems.Z) + np.abs(pull)
        relative = np.abs(gradient) / np.where(terms > 0, terms, 1.0)
        return cls(problems, penalty, theta, residual, gradient[:, 1:], relative.max(axis=(1, 2)))

    def take(self, index: Any) -> _Iterate:
        parts = (self.penalty, self.theta, self.residual, self.gradient, self.norm)
        return _Iterate(self.problems.take(index), *(part[index] for part in parts))

    def status(self, tol: float, suspect: bool) -> Any:
        """Status (R,) of the problems that are settled, "" for the others."""
        small = self.norm <= tol
        status = np.where(small, "converged", "").astype("U14")
        if self.penalty.any():
            return status
        problems = self.problems
        apart = existence.separates(self._linear(self.theta), problems.y, problems.weights)
        status[apart] = "no-mle"
        ask = (small | suspect) & ~apart
        candidates = np.flatnonzero(small & ~apart)
        if candidates.size:
            at = self.take(candidates)
            proved = existence.certified(
                at._hessian(), at.gradient, at.problems.Z, at.problems.weights
            )
            ask[candidates[proved]] = False
        for r in np.flatnonzero(ask):
            K = problems.offset.shape[1]
            verdict = existence.linear_programme(
                problems.Z[r, :, 1:], problems.y[r], problems.weights[r], K
            )
            if verdict != "exists" or small[r]:
                status[r] = _STATUS_OF[verdict]
        return status

    def stepped(self) -> _Iterate:
        """After one damped Newton step of every problem."""
        direction = self._direction()
        along = self._linear(direction)
        z = self._linear(self.theta) + self.problems.offset
        slope = (self.gradient * direction[:, 1:]).sum(axis=(1, 2))
        before = self._objective(z, self.theta)
        slack = 1e-15 * (1.0 + np.abs(before))
        reach = (along.max(axis=(1, 2)) - along.min(axis=(1, 2))) / _LONGEST
        length = 1.0 / np.maximum(1.0, reach)
        trying = np.arange(length.size)
        for _ in range(60):
            t = length[trying, None, None]
            at = self if trying.size == length.size else self.take(trying)
            after = at._objective(z[trying] + t * along[trying], at.theta + t * direction[trying])
            allowed = before[trying] + 1e-4 * length[trying] * slope[trying] + slack[trying]
            trying = trying[~(after <= allowed)]
            if not trying.size:
                break
            length[trying] /= 2
        theta = self.theta + length[:, None, None] * direction
        return _Iterate.at(self.problems, self.penalty, theta)

    def _linear(self, theta: FloatArray) -> FloatArray:
        """Logits (R, K, n) without the offset."""
        return theta @ np.swapaxes(self.problems.Z, 1, 2)

    def _objective(self, z: FloatArray, theta: FloatArray) -> FloatArray:
        log_p = log_probabilities(z, axis=1)
        own = np.take_along_axis(log_p, self.problems.y[:, None, :], axis=1)[:, 0]
        return penalty_value(theta, self.penalty) - (self.problems.weights * own).sum(axis=1)

    def _hessian(self) -> FloatArray:
        """Hessian (R, K - 1, q, K - 1, q) in the contrasts."""
        own = np.arange(self.theta.shape[1])[:, None] == self.problems.y[:, None, :]
        p = self.residual + own
        H = curvature(p, self.problems.weights, self.problems.Z, first=1)
        for r, penalty in enumerate(self.penalty[:, 1:, 1:]):
            add_penalty_curvature(H[r], penalty)
        return H

    def _direction(self) -> FloatArray:
        """Newton direction (R, K, q), zero for class 0; steepest descent where it fails."""
        R, K, q = self.theta.shape
        size = (K - 1) * q
        spread = 0.5 * (self.problems.weights[:, None, :] @ self.problems.Z**2)[:, 0]
        bound = np.tile(spread, (1, K - 1)) + self._penalty_diagonal()
        H = self._hessian().reshape(R, size, size)
        metric = np.maximum(np.diagonal(H, axis1=1, axis2=2), _SATURATED * bound)
        scale = 1.0 / np.sqrt(np.where(metric > 0, metric, 1.0))
        H = H * scale[:, :, None] * scale[:, None, :]
        H[:, np.arange(size), np.arange(size)] += _FLOOR
        g = self.gradient.reshape(R, size) * scale
        step = -np.linalg.solve(H, g[..., None])[..., 0]
        uphill = ~((step * g).sum(axis=1) < 0)
        step[uphill] = -g[uphill]
        direction = np.zeros((R, K, q))
        direction[:, 1:] = (step * scale).reshape(R, K - 1, q)
        return direction

    def _penalty_diagonal(self) -> FloatArray:
        own = np.diagonal(self.penalty, axis1=1, axis2=2)[:, 1:, None]
        feature = np.arange(self.theta.shape[2]) > 0
        return (own * feature).reshape(self.theta.shape[0], -1)
