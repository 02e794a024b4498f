"""L-BFGS steps for problems of many parameters, before Newton's."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.evaluation import Point, Task, score_terms


def approach(
    task: Task, start: FloatArray, tol: float, max_iter: int
) -> tuple[FloatArray, IntArray]:
    """Coefficients (R, K, q) at or near the minimum, and iterations (R,), one problem at a time.

    Steps are taken in the metric of the Hessian at equal probabilities, which removes the scales
    and correlations of features. The search ends where values of the objective no longer differ
    between points, whatever the score.
    """
    theta, steps = start.copy(), np.zeros(len(start), dtype=np.int64)
    for r in range(len(start)):
        one = slice(r, r + 1)
        theta[r], steps[r] = _approach_one(task.take(one), start[one], tol, max_iter)
    return theta, steps


def _approach_one(
    task: Task, start: FloatArray, tol: float, max_iter: int
) -> tuple[FloatArray, int]:
    from scipy.linalg import solve_triangular
    from scipy.optimize import minimize

    factor = np.linalg.cholesky(cast(FloatArray, task.even)[0])
    flat = solve_triangular(factor, np.eye(len(factor)), lower=True)
    now, terms = Point.at(task, start), task.reach + np.zeros_like(start)

    def evaluate(phi: FloatArray) -> tuple[float, FloatArray]:
        nonlocal now
        now = Point.at(task, (phi.reshape(start.shape[1:]) @ flat)[None])
        return float(now.loss[0]), (now.gradient[0] @ flat.T).ravel()

    def stop(intermediate_result: Any) -> None:
        nonlocal terms
        # The terms take a pass over the rows, so the last ones are tried first.
        if (np.abs(now.gradient) <= tol * terms).all():
            terms = score_terms(now.weighted, task.Z, task.pull(now.theta))
            if (np.abs(now.gradient) <= tol * terms).all():
                raise StopIteration

    result = minimize(
        evaluate,
        (start[0] @ factor).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=stop,
        options={"ftol": 0.0, "gtol": 0.0, "maxiter": max_iter, "maxfun": 10 * max_iter},
    )
    theta = result.x.reshape(start.shape[1:]) @ flat
    return theta - theta[:1], int(result.nit)
