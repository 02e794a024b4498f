"""L-BFGS steps for problems of many parameters, before Newton's."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.evaluation import Task, score_terms

_ROUNDING = 8 * np.finfo(float).eps
"""Relative difference of two values of the objective that may be rounding."""

_ALIKE = 4
"""Values in a row that differ by rounding from the least one, after which the search ends."""


class _EndedError(Exception):
    """Values of the objective no longer differ."""


def approach(
    task: Task, start: FloatArray, tol: float, max_iter: int
) -> tuple[FloatArray, IntArray]:
    """Coefficients (R, K, q) at or near the minimum, and iterations (R,), one problem at a time.

    Steps are taken in the metric of the task, which removes the scales and correlations of
    features. The search ends where values of the objective no longer differ between points,
    whatever the score.
    """
    theta, steps = start.copy(), np.zeros(len(start), dtype=np.int64)
    for r in range(len(start)):
        one = slice(r, r + 1)
        theta[r], steps[r] = _approach_one(task.take(one), start[one], tol, max_iter)
    return theta, steps


def _approach_one(
    task: Task, start: FloatArray, tol: float, max_iter: int
) -> tuple[FloatArray, int]:
    from scipy.optimize import minimize

    metric = task.metric
    now: Any = None
    least, best, alike, steps = np.inf, start[0], 0, 0
    terms = task.reach + np.zeros_like(start)

    def evaluate(phi: FloatArray) -> tuple[float, FloatArray]:
        nonlocal now, least, best, alike
        now = task.at(metric.theta(phi)[None])
        value = float(now.loss[0])
        if abs(value - least) <= _ROUNDING * abs(value):
            alike += 1
        elif value < least:
            alike = 0
        if value < least:
            least, best = value, now.theta[0]
        if alike == _ALIKE:
            raise _EndedError
        return value, metric.slope(now.gradient[0])

    def stop(intermediate_result: Any) -> None:
        nonlocal terms, steps
        steps += 1
        # The terms take a pass over the rows, so the last ones are tried first.
        if (np.abs(now.gradient) <= tol * terms).all():
            terms = score_terms(task.sums(now), task.pull(now.theta))
            if (np.abs(now.gradient) <= tol * terms).all():
                raise StopIteration

    with suppress(_EndedError):
        result = minimize(
            evaluate,
            metric.coordinates(start[0]),
            jac=True,
            method="L-BFGS-B",
            callback=stop,
            options={"ftol": 0.0, "gtol": 0.0, "maxiter": max_iter, "maxfun": 10 * max_iter},
        )
        best = metric.theta(result.x)
    return best - best[:1], steps
