"""Infinitely many bags as one fit of all rows by another loss (label `bag-envelope`).

A row of class k has a random weight omega in a bag, by the scheme, and over bags fitted without it
its margin is N(o, Delta_k). Its mean force over bags, E[omega g(o + sqrt(Delta_k) z)] with z
standard normal and g the slope -l' at the margin in a bag fitted with the row, is that of a convex
loss L_k on the mean of the bags' margins: the loss whose Moreau envelope is the mean of the bags'
envelopes over omega and z. Here L_k is minimised over all rows, from a start far from the solution
for bags. The overlap of two bags enters by Delta_k alone and its equation is not solved here, so
that its agreement with the variance of this fit is evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray, InputError
from mlbalance.populations.quadrature import normal_rules
from mlbalance.theory.proportional import binary, fixed_point
from mlbalance.theory.proportional.limit import ConvergenceError, Solution
from mlbalance.theory.proportional.margin_losses import LOSSES
from mlbalance.theory.proportional.problem import Problem

__all__ = ["OneFit", "one_fit"]

_SWEEPS = 4000
_ROOT_STEPS = 100
_OUTER, _INNER = 401, 161


class OneFit(NamedTuple):
    """Order parameters of the one fit of all rows that equals infinitely many bags."""

    signal: float
    intercept: float
    variance: float
    response: float
    residual: float
    """Largest change by another sweep, in scale-free coordinates."""


def one_fit(solution: Solution, spread: float) -> OneFit:
    """Minimise the loss of infinitely many bags over all rows, in the proportional limit.

    Parameters
    ----------
    solution
        Limit of one bag of a scheme that keeps or drops whole rows, for two classes.
    spread
        Delta = q - q_ab at scale one: the variance of a new row's logit over bags.

    Returns
    -------
    OneFit
        By label `bag-envelope` its variance is q_ab and its response that of one bag.

    Raises
    ------
    InputError
        For more than two classes.
    ConvergenceError
        Where the equations were not solved.
    """
    found = solution.parameters
    if not isinstance(found, binary.Margins):
        raise InputError("Infinitely many bags as one fit are for two classes; there are more.")
    problem = found.problem
    envelope = _Envelope(problem, found.loss, found.response, spread, solution.kept_again)
    far = np.array([1.0, 0.0, 0.0, np.log(found.response) + 1.0])
    point = fixed_point.solve(envelope, far, tolerance=1e-11, max_sweeps=_SWEEPS)
    if not point.converged:
        raise ConvergenceError(
            f"The one fit that equals infinitely many bags of {solution.scheme!r} was not found in "
            f"{point.sweeps} sweeps (residual {point.residual:.1e}). Give a larger ridge."
        )
    m, b, q, V = binary.read(point.point)
    return OneFit(m, b, q, V, point.residual)


@dataclass(frozen=True)
class _Blurred:
    """Mean force and curvature of a row of class k over bags, at its mean left-out margin."""

    loss: str
    weight: float
    pull: float
    """weight sigma^2 V"""
    spread: float
    kept: float

    def __call__(self, out: FloatArray) -> tuple[FloatArray, FloatArray]:
        inner = normal_rules(1, _INNER)[0]
        o = out[:, None] + np.sqrt(self.spread) * inner.points[:, 0]
        first, second = LOSSES[self.loss](o, np.full_like(o, self.pull))
        bend = self.weight * second / (1 + self.pull * second)
        return (
            self.kept * self.weight * (first @ inner.weights),
            self.kept * (bend @ inner.weights),
        )


class _Envelope:
    """One pass through the equations of a fit of all rows by the losses L_k."""

    def __init__(
        self, problem: Problem, loss: str, response: float, spread: float, kept: FloatArray
    ) -> None:
        self.problem = problem
        self.response, self.kept = response, kept
        sigma2 = problem.mixture.scales**2
        self.blurred = [
            _Blurred(loss, c, c * s2 * response, s2 * spread, pi)
            for c, s2, pi in zip(problem.weights, sigma2, kept, strict=True)
        ]
        rule = normal_rules(1, _OUTER)[0]
        self.nodes, self.mass = rule.points[:, 0], rule.weights

    def __call__(self, point: FloatArray) -> FloatArray:
        m, b, q, V = binary.read(point)
        problem = self.problem
        sigma = problem.mixture.scales
        rows = problem.fractions / self.kept  # all rows of each class, per row of a bag
        g, h = np.empty((2, self.nodes.size)), np.empty((2, self.nodes.size))
        for k, sign in enumerate(binary.SIGNS):
            out = m + sign * b + sigma[k] * np.sqrt(q) * self.nodes
            g[k], h[k] = self._state(k, out, sigma[k] ** 2 * V)
        force, bend = g @ self.mass, h @ self.mass
        move = float(binary.SIGNS @ (rows * force) / (rows @ bend)) / np.sqrt(1 + q)
        sigma2 = sigma**2
        q_hat = float((rows * sigma2) @ (g**2 @ self.mass))
        m, q, V = binary.moments(problem, float((rows * sigma2) @ bend), q_hat, float(rows @ force))
        return np.array([m / np.sqrt(q), point[1] + move, np.log(q), np.log(V)])

    def _state(self, k: int, out: FloatArray, response: float) -> tuple[FloatArray, FloatArray]:
        """Force and curvature of L_k at left-out margins `out`, moved by `response` per unit force.

        L_k is known in parametric form: t = o + V F(o) and L_k'(t) = -F(o), with o the left-out
        margin and V the response of the bags.
        """
        gap = self.problem.mixture.scales[k] ** 2 * self.response - response
        o = out.copy()
        for _ in range(_ROOT_STEPS):
            force, bend = self.blurred[k](o)
            move = (o + gap * force - out) / (1 - gap * bend)
            o -= np.clip(move, -5, 5)
            if np.abs(move).max() < 1e-12 * (1 + np.abs(out).max()):
                break
        force, bend = self.blurred[k](o)
        return force, bend / (1 - gap * bend)
