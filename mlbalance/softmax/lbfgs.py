"""L-BFGS for problems of many parameters: brings them near, Newton's last steps are sure."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.evaluation import Point, Task, score_terms


def approached(
    task: Task, start: FloatArray, tol: float, max_iter: int
) -> tuple[FloatArray, IntArray]:
    """Coefficients (R, K, q) at or near the minimum, and iterations (R,), one problem at a time.

    Steps are taken in the metric of the Hessian at equal probabilities, which makes features of
    any scale and correlation alike. Where values of the objective no longer tell points apart the
    search ends, at whatever score.
    """
    theta, steps = start.copy(), np.zeros(len(start), dtype=np.int64)
    for r in range(len(start)):
        one = slice(r, r + 1)
        theta[r], steps[r] = _approached(task.take(one), start[one], tol, max_iter)
    return theta, steps


def _approached(task: Task, start: FloatArray, tol: float, max_iter: int) -> tuple[FloatArray, int]:
    from scipy.linalg import solve_triangular
    from scipy.optimize import minimize

    factor = np.linalg.cholesky(cast(FloatArray, task.even)[0])
    flat = solve_triangular(factor, np.eye(len(factor)), lower=True)
    now, terms = Point.at(task, start), task.reach + np.zeros_like(start)

    def evaluated(phi: FloatArray) -> tuple[float, FloatArray]:
        nonlocal now
        now = Point.at(task, (phi.reshape(start.shape[1:]) @ flat)[None])
        return float(now.loss[0]), (now.gradient[0] @ flat.T).ravel()

    def stop(intermediate_result: Any) -> None:
        nonlocal terms
        # The terms are a pass over the rows: they are summed when those known would do.
        if (np.abs(now.gradient) <= tol * terms).all():
            terms = score_terms(now.weighted, task.Z, task.pull(now.theta))
            if (np.abs(now.gradient) <= tol * terms).all():
                raise StopIteration

    result = minimize(
        evaluated,
        (start[0] @ factor).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=stop,
        options={"ftol": 0.0, "gtol": 0.0, "maxiter": max_iter, "maxfun": 10 * max_iter},
    )
    theta = result.x.reshape(start.shape[1:]) @ flat
    return theta - theta[:1], int(result.nit)
