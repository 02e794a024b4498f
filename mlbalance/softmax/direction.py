"""Newton directions: by Cholesky while parameters are few, by conjugate gradients beyond."""

from __future__ import annotations

import numpy as np

from mlbalance.inputs import FloatArray
from mlbalance.softmax.evaluation import (
    Point,
    Task,
    even_curvature,
    relative_score,
)

_FLOOR = 1e-13
"""Curvature added to the Hessian, relative to its diagonal; the minimiser does not depend on it."""

_SATURATED = 1e-30
"""Curvature, relative to the largest possible, below which only the floor is trusted."""

_MOST_ITERATIONS = 200
"""Iterations after which a linear system is solved by its matrix, if that can be formed."""

_FORMED = 4000
"""Parameters up to which the matrix is formed: 128 MB."""

_LOOSE = 0.1
"""Largest residual of the linear system, relative to its right-hand side."""

_TIGHT = 0.1
"""Residual of the linear system, relative to the score allowed at the end, that is small enough."""


def newton_direction(task: Task, now: Point, tol: float) -> FloatArray:
    """Solution (R, K, q) of Hessian times direction = - gradient, zero for class 0.

    Where the system is solved by iteration, it is to the accuracy that `tol`, the relative score
    to be reached, requires.
    """
    if task.direct:
        return _by_cholesky(task, now)
    each = (slice(r, r + 1) for r in range(len(now.theta)))
    return np.concatenate([_by_gradients(task.take(r), now.take(r), tol) for r in each])


def first_direction(task: Task, now: Point) -> FloatArray:
    """Newton direction (R, K, q) at equal probabilities: one small system for all classes.

    For a start at zero without offset, and one ridge for all classes.
    """
    even = even_curvature(task.Z, task.weights, task.penalty, task.share, now.theta.shape[1])
    downhill = -np.swapaxes(now.gradient, 1, 2)
    try:
        solved = np.linalg.solve(even, downhill)
    except np.linalg.LinAlgError:  # of any problem of the batch
        solved = np.stack([_solved(*each) for each in zip(even, downhill, strict=True)])
    direction = np.swapaxes(solved, 1, 2)
    return direction - direction[:, :1]


def _solved(A: FloatArray, b: FloatArray) -> FloatArray:
    """Solution of A x = b, the shortest one of least squares where A is singular."""
    try:
        return np.asarray(np.linalg.solve(A, b))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(A, hermitian=True) @ b)


def _by_cholesky(task: Task, now: Point) -> FloatArray:
    """Steepest descent in the metric of the diagonal where the factorisation fails."""
    from scipy.linalg.lapack import dposv

    R, K, q = now.theta.shape
    size = (K - 1) * q
    H = task.hessian(now).reshape(R, size, size)
    diagonal = H.reshape(R, -1)[:, :: size + 1]
    metric = np.maximum(diagonal, _SATURATED * task.bound[:, 1:].reshape(R, -1))
    metric[metric == 0] = 1.0
    diagonal += _FLOOR * metric
    downhill = np.zeros((R, q + size))
    np.negative(now.gradient[:, 1:].reshape(R, size), out=downhill[:, q:])
    systems = zip(np.swapaxes(H, 1, 2), downhill[:, q:], strict=True)
    failed = [r for r, (A, b) in enumerate(systems) if dposv(A, b, 0, 1, 1)[2]]
    downhill[failed, q:] = -now.gradient[failed, 1:].reshape(-1, size) / metric[failed]
    return downhill.reshape(R, K, q)


def _by_gradients(task: Task, now: Point, tol: float) -> FloatArray:
    """Preconditioned conjugate gradients for one problem.

    The preconditioner is the metric of the problem. The system is solved the more tightly the
    closer the score is to zero, which keeps Newton's quadratic convergence. Where that takes too
    many iterations the matrix is formed.
    """
    precondition = task.metric.solve
    excess = max(1.0, float(relative_score(task, now)[0]) / tol)

    step, residual = np.zeros_like(now.gradient), -now.gradient
    preconditioned = precondition(residual)
    along, size = preconditioned, float((residual * preconditioned).sum())
    enough = size * max(min(_LOOSE, np.sqrt(size)), _TIGHT / excess) ** 2
    parameters = now.theta[0].size
    for iteration in range(20 * parameters):
        if iteration == _MOST_ITERATIONS and parameters <= _FORMED:
            return _by_cholesky(task, now)
        product = task.product(now, along)
        curvature = float((along * product).sum())
        if not curvature > 0:
            break
        step = step + size / curvature * along
        residual = residual - size / curvature * product
        preconditioned = precondition(residual)
        size, before = float((residual * preconditioned).sum()), size
        if size <= enough:
            break
        along = preconditioned + size / before * along
    step = step if step.any() else preconditioned
    return step - step[:, :1]
