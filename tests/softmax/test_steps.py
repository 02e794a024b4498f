"""The steps of a fit: Newton's from the start, quadratic near the end, by either linear solver."""

import numpy as np
import pytest

from mlbalance.softmax import direction, evaluation
from mlbalance.softmax.batch import Batch
from mlbalance.softmax.objective import as_data, as_penalty
from tests.softmax.test_fit import sample


def at_theta(X, y, weights, ridge, theta=None):
    """The problem as the solver has it, at `theta` or at zero."""
    data = as_data(X, y, weights, None)
    ((_, problems),) = Batch.of(data, None, None).blocks()
    order = np.argsort(-np.bincount(y, weights), kind="stable")[None]
    task = evaluation.Task.of(problems, as_penalty(ridge, data.n_classes), order)
    start = problems.start if theta is None else np.broadcast_to(theta, problems.start.shape)
    return task, evaluation.Point.at(task, start - start[:, :1])


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("counts", [(30, 12), (30, 12, 20), (23, 5, 44, 14, 19, 31)])
def test_the_first_direction_is_newtons(counts, ridge):
    X, y, rng = sample(31, counts)
    task, now = at_theta(X, y, rng.exponential(size=y.size), ridge)
    np.testing.assert_allclose(
        direction.first_direction(task, now),
        direction.newton_direction(task, now, 1e-10),
        rtol=1e-7,
        atol=1e-9,
    )


@pytest.mark.parametrize("away", [1e-1, 1e-3])
def test_a_system_solved_by_iteration_is_solved_more_tightly_near_the_end(away, monkeypatch):
    X, y, rng = sample(32, (60, 40, 50, 30), d=12, spread=0.4)
    weights = rng.exponential(size=y.size)
    task, now = at_theta(X, y, weights, 0.05)
    for _ in range(8):
        step = direction.newton_direction(task, now, 1e-10)
        now = evaluation.Point.at(task, now.theta + step)
    assert np.abs(now.gradient).max() < 1e-14
    monkeypatch.setattr(evaluation, "DIRECT", 0)
    theta = now.theta + away * rng.normal(size=now.theta.shape)
    task, now = at_theta(X, y, weights, 0.05, theta)
    step = direction.newton_direction(task, now, 1e-10)

    def preconditioned(gradient):
        return float((gradient @ np.linalg.inv(task.even[0]) * gradient).sum())

    whole = preconditioned(now.gradient)
    left = preconditioned(now.gradient + task.product(now, step))
    assert left <= whole * min(0.1**2, whole) * (1 + 1e-9)
    assert left > 1e-6 * whole * min(0.1**2, whole)  # and no better than is asked


@pytest.mark.parametrize("offset", [False, True])
def test_up_to_the_longest_step_no_row_has_a_larger_loss_than_all_had(offset):
    """Beyond it some row may: the bound is reached where one other class is ahead by far."""
    X, y, rng = sample(33, (30, 12, 20), d=3)
    shift = 3 * rng.standard_normal((y.size, 3)) if offset else None
    data = as_data(X, y, None)
    ((_, problems),) = Batch.of(data, shift, None).blocks()
    order = np.arange(3)[None]
    task = evaluation.Task.of(problems, as_penalty(0.1, 3), order)
    theta = rng.standard_normal((1, 3, 4))
    now = evaluation.Point.at(task, theta - theta[:, :1])
    way = 300 * rng.standard_normal((1, 3, 4))
    way -= way[:, :1]
    (share,) = task.longest_step(now, way)
    assert 0 < share < 1

    def behind(at):
        """Weighted lead (K, n) of each class over the own one."""
        z = (now.theta + at * way)[0] @ task.across[0]
        z = z if task.offset is None else z + task.offset[0]
        return task.weights[0] * (z - z[task.y[0], np.arange(y.size)])

    assert (behind(0.0) <= now.loss[0]).all()
    assert behind(share).max() == pytest.approx(now.loss[0], rel=1e-9)
