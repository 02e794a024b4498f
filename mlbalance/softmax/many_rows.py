"""One problem of many rows, which come in blocks: its sums over rows, and where it starts.

A sum over rows is made of those of pieces that stay in cache, each by the arithmetic of `Task`. So
nothing of the size of the data is made, and the rows may be anywhere: a `RowSource` says what it
takes to add over them. Steps start at the fit to a sample of the rows, capped by class. It also
proves that there is a fit: no direction that separates all rows fails to separate some of them. If
parameters are few each step has its Hessian, in the same pass over the rows as value and score. If
not, L-BFGS and conjugate gradients have a metric near it: the Hessian of the sample or, with many
classes, the blocks of that of all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.batch import LOST, Problems
from mlbalance.softmax.curvature import by_class_pairs
from mlbalance.softmax.evaluation import Point, Task, even_curvature
from mlbalance.softmax.lbfgs import approach
from mlbalance.softmax.metric import Blocks, Contrasts, Even
from mlbalance.softmax.newton import Solution, iterate, solve
from mlbalance.softmax.objective import add_penalty_curvature

__all__ = ["MemoryRows", "RowSource", "Some", "pieces", "solve_rows", "spread_ranks"]

_PIECE = 2**18
"""Doubles of a piece of rows, features and classes: 2 MiB."""

_FEWEST = 256
"""Rows of a piece, at least."""

_SAMPLE = 2**21
"""Doubles of the sample that steps start from, at most: 16 MiB."""

_PART = 8
"""Of so many rows one is in the sample, if that is enough."""

_ENOUGH = 10
"""Rows per parameter from which on a fit to the sample is a start."""

_CLOSE = 1e-6
"""Relative score at which the fit to the sample ends."""

_METRIC = 2000
"""Parameters up to which the Hessian of the sample is the metric: 32 MB."""

_BLOCK = 100
"""Columns up to which blocks of the Hessian are the metric: they take as long as a quarter as many
passes over the rows."""

_BLOCKS = 2**24
"""Doubles that these blocks take at most: 128 MB."""

_STEPS = 20
"""Steps after which blocks are computed anew."""

_FEW = 64
"""Parameters up to which steps have a Hessian of all rows."""

_ROUNDING = 1e-14
"""Score, in units of its largest terms, that has no use for another step."""


class Some(NamedTuple):
    """Some of the rows: features (m, d), labels and weights (m,), offset (m, K) or None."""

    X: FloatArray
    y: IntArray
    weights: FloatArray
    offset: FloatArray | None


class RowSource(Protocol):
    """Rows in blocks, wherever they are. Their weights sum to one, and none is zero."""

    @property
    def counts(self) -> IntArray:
        """(K,) rows of each class."""

    @property
    def n_features(self) -> int:
        """Number of features d."""

    def total(self, function: Callable[..., Any], *given: Any) -> tuple[FloatArray, ...]:
        """Sums over pieces of the arrays that `function(some, *given)` returns of each."""

    def sample(self, ranks: Sequence[IntArray]) -> Some:
        """Rows by their places among those of their class, ascending, for each of K classes."""


def pieces(some: Some, n_classes: int) -> Iterator[Some]:
    """Pieces of rows, whose number of rows depends on features and classes alone."""
    n, d = some.X.shape
    rows = max(_FEWEST, _PIECE // (d + 4 * n_classes))
    for start in range(0, n, rows):
        part = slice(start, start + rows)
        offset = None if some.offset is None else some.offset[part]
        yield Some(some.X[part], some.y[part], some.weights[part], offset)


@dataclass(frozen=True)
class MemoryRows:
    """Rows in memory; those of weight zero are left out."""

    some: Some
    n_classes: int

    @property
    def counts(self) -> IntArray:
        return np.bincount(self.some.y[self.some.weights > 0], minlength=self.n_classes)

    @property
    def n_features(self) -> int:
        return self.some.X.shape[1]

    def total(self, function: Callable[..., Any], *given: Any) -> tuple[FloatArray, ...]:
        return added(function(_weighted(piece), *given) for piece in self._pieces())

    def sample(self, ranks: Sequence[IntArray]) -> Some:
        counted = np.flatnonzero(self.some.weights)
        order = counted[np.argsort(self.some.y[counted], kind="stable")]
        first = np.cumsum(self.counts) - self.counts
        return _rows(
            self.some, np.concatenate([order[f + r] for f, r in zip(first, ranks, strict=True)])
        )

    def _pieces(self) -> Iterator[Some]:
        return pieces(self.some, self.n_classes)


def added(parts: Iterator[tuple[FloatArray, ...]]) -> tuple[FloatArray, ...]:
    """Sums of arrays, part by part."""
    sums = tuple(np.array(array) for array in next(parts))
    for part in parts:
        for total, array in zip(sums, part, strict=True):
            total += array
    return sums


def _weighted(some: Some) -> Some:
    counted = some.weights > 0
    return some if counted.all() else _rows(some, np.flatnonzero(counted))


def _rows(some: Some, index: IntArray) -> Some:
    offset = None if some.offset is None else some.offset[index]
    return Some(some.X[index], some.y[index], some.weights[index], offset)


class _Frame(NamedTuple):
    """Places (K,) of the classes by falling weight, and the value (d,) that is subtracted."""

    place: IntArray
    order: IntArray
    centre: FloatArray


def _task(some: Some, frame: _Frame) -> Task:
    """Rows as a problem of their own, without penalty."""
    n, d = some.X.shape
    Z = np.empty((1, n, d + 1))
    Z[..., 0] = 1.0
    np.subtract(some.X, frame.centre, out=Z[0, :, 1:])
    offset = None
    if some.offset is not None:
        offset = np.ascontiguousarray(some.offset.T[frame.order])[None]
    return Task(
        Z=Z,
        across=np.swapaxes(Z, 1, 2),
        products=None,
        own=(frame.place[some.y] * n + np.arange(n))[None],
        weights=some.weights[None],
        offset=offset,
        penalty=None,
        share=None,
        bound=Z[:, :0],
        reach=Z[:, :0],
        even=None,
    )


def _value(some: Some, frame: _Frame, theta: FloatArray) -> tuple[FloatArray, ...]:
    """Loss (1,) and gradient (1, K, q)."""
    now = _task(some, frame).at(theta)
    return now.loss, now.gradient


def _expansion(
    some: Some, frame: _Frame, theta: FloatArray, curved: bool = True
) -> tuple[FloatArray, ...]:
    """Loss, gradient, sums of the absolute terms of the score, Hessian in contrasts if `curved`."""
    task = _task(some, frame)
    now = task.at(theta)
    if curved:
        if not by_class_pairs(len(frame.order) - 1, len(frame.centre) + 1):
            task = replace(task, across=np.ascontiguousarray(task.across))
        H = task.hessian(now)
    np.abs(task.Z, out=task.Z)  # the piece is ours, and its signs are not needed any more
    sums = np.abs(now.weighted) @ task.Z
    return (now.loss, now.gradient, sums, H) if curved else (now.loss, now.gradient, sums)


def _sums(some: Some, frame: _Frame, theta: FloatArray) -> tuple[FloatArray, ...]:
    return (_expansion(some, frame, theta, False)[2],)


def _product(some: Some, frame: _Frame, theta: FloatArray, v: FloatArray) -> tuple[FloatArray, ...]:
    task = _task(some, frame)
    return (task.product(task.at(theta), v),)


def _blocks(some: Some, frame: _Frame, theta: FloatArray) -> tuple[FloatArray, ...]:
    """Blocks (K, q, q) of the Hessian on its diagonal, by class."""
    task = _task(some, frame)
    now, Z = task.at(theta), task.Z[0]
    squares = (Z[:, :, None] * Z[:, None, :]).reshape(len(Z), -1)
    blocks = (task.weights * now.p[0] * now.others[0]) @ squares
    return (blocks.reshape(len(blocks), Z.shape[1], -1),)


@dataclass(frozen=True)
class RowTask:
    """As a `Task` of one problem, with sums over rows that are elsewhere."""

    rows: RowSource
    frame: _Frame
    penalty: FloatArray | None  # (1, K, K), in the order of the frame
    bound: FloatArray  # (1, K, q), of the sample
    reach: FloatArray  # (1, 1, q), of the sample
    metric: Any  # None if direct
    known: dict[str, tuple[FloatArray, Any]] = field(default_factory=dict)  # last results
    sizes: list[float] = field(default_factory=list)  # of the scores in turn, if direct

    share = None
    doubtful = False

    @property
    def direct(self) -> bool:
        return self.metric is None

    def take(self, index: Any) -> RowTask:
        return self

    def pull(self, theta: FloatArray) -> FloatArray:
        return Task.pull(self, theta)  # type: ignore[arg-type]

    def at(self, theta: FloatArray) -> Point:
        point: Point = self._last("at", theta, self._evaluate)
        return point

    def _last(self, what: str, theta: FloatArray, make: Callable[..., Any]) -> Any:
        """The last result, if it is at theta; else a new one, a pass over the rows."""
        at, result = self.known.get(what, (None, None))
        if at is None or not np.array_equal(at, theta):
            result = make(theta)
            self.known[what] = theta.copy(), result
        return result

    def _evaluate(self, theta: FloatArray) -> Point:
        nothing = np.empty((1, 0, 0))
        if self.direct:
            loss, gradient = self._expand(theta)
        else:
            loss, gradient = self.rows.total(_value, self.frame, theta)
        if self.penalty is not None:
            pull = self.pull(theta)
            loss += 0.5 * (pull * theta).sum(axis=(1, 2))
            gradient += pull
        if self.direct:
            self.sizes.append(float((np.abs(gradient) / self.reach).max()))
        return Point(theta.copy(), nothing, nothing, nothing, loss, gradient)

    def _expand(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Loss and gradient without penalty; sums, and the Hessian if it is needed, are kept."""
        curved = not self._ending
        loss, gradient, sums, *H = self.rows.total(_expansion, self.frame, theta, curved)
        self.known["sums"] = theta.copy(), sums
        if H:
            self.known["hessian"] = theta.copy(), self._penalised(H[0])
        return loss, gradient

    @property
    def _ending(self) -> bool:
        """Whether the next score is one of rounding, if scores go on to fall as the last two did.

        Newton's steps square them, up to a factor.
        """
        if len(self.sizes) < 2:
            return False
        before, now = self.sizes[-2:]
        return now**3 <= _ROUNDING * before**2

    def hessian(self, now: Point) -> FloatArray:
        H: FloatArray = self._last("hessian", now.theta, self._curvature)
        return H.copy()

    def _curvature(self, theta: FloatArray) -> FloatArray:
        return self._penalised(self.rows.total(_expansion, self.frame, theta)[3])

    def _penalised(self, H: FloatArray) -> FloatArray:
        if self.penalty is not None:
            add_penalty_curvature(H, self.penalty[:, 1:, 1:])
        return H

    def product(self, now: Point, v: FloatArray) -> FloatArray:
        (product,) = self.rows.total(_product, self.frame, now.theta, v)
        return product + self.pull(v)

    def sums(self, now: Point, index: Any = slice(None)) -> FloatArray:
        found: FloatArray = self._last("sums", now.theta, self._sum)
        return found

    def _sum(self, theta: FloatArray) -> FloatArray:
        return self.rows.total(_sums, self.frame, theta)[0]

    def longest_step(self, now: Point, direction: FloatArray) -> FloatArray:
        return np.ones(1)


def spread_ranks(counts: IntArray, rows: int) -> list[IntArray]:
    """Places of at most `rows` / K rows per class, evenly spread over those of the class."""
    most = max(1, rows // counts.size)
    return [np.arange(min(n, most)) * n // min(n, most) for n in counts.tolist()]


def solve_rows(
    rows: RowSource, penalty: FloatArray, start: FloatArray, tol: float, max_iter: int
) -> Solution | None:
    """Minimise the objective with penalty matrix (K, K), the weights summing to one.

    From coefficients (K, 1 + d); those of the solution are (1, K, 1 + d), of the features as given.
    None where there is no penalty, and the sample does not prove that there is a fit.
    """
    counts, q = rows.counts, rows.n_features + 1
    K = counts.size
    if not counts.all():
        return None
    wanted = max(int(counts.sum()) // _PART, 2 * _ENOUGH * (K - 1) * q)
    ranks = spread_ranks(counts, max(min(wanted, _SAMPLE // (q + 2 * K)), K))
    taken = np.array([r.size for r in ranks])
    some = rows.sample(ranks)
    weights = some.weights * (counts / taken)[some.y]
    offset = None if some.offset is None else np.ascontiguousarray(some.offset.T)[None]
    pilot = Problems.of(some.X[None], some.y[None], weights[None], offset, start[None])
    theta, proved = pilot.start, bool(penalty.any())
    if taken.sum() >= _ENOUGH * (K - 1) * q:
        found = solve(pilot, penalty * pilot.total[0], _CLOSE, max_iter, even=False)
        if found.status[0] == "converged":
            theta, proved = found.theta, True
    if not proved or pilot.unit is not None or pilot.basis is not None:
        return None
    task, order = _row_task(rows, pilot, penalty, theta)
    solution, steps = Solution.of(theta.shape), 0
    with np.errstate(all="ignore"):
        at = theta[:, order] - theta[:, order[:1]]
        if isinstance(task.metric, Even) and q <= _BLOCK and K * q**2 <= _BLOCKS:
            task, at, steps = _by_blocks(task, at, tol, max_iter)
        # Some steps are always left for Newton's, which alone can end at the tolerance.
        iterate(task, at, solution, tol, max(max_iter - steps, min(max_iter, _STEPS)))
    solution.steps += steps
    centred = solution.theta[:, order.argsort()]
    centred -= centred.mean(axis=1, keepdims=True)
    solution.theta = pilot.uncentre(centred)
    if pilot.rounding(centred)[0] > LOST:
        solution.status[:] = "max-iter"
    return solution


def _row_task(
    rows: RowSource, pilot: Problems, penalty: FloatArray, theta: FloatArray
) -> tuple[RowTask, IntArray]:
    """Task of all rows in the metric of the sample at theta (1, K, q), and the order of classes."""
    K, q = theta.shape[1:]
    order = np.argsort(-np.bincount(pilot.y[0], pilot.weights[0], K), kind="stable")
    sample = Task.of(pilot, penalty * pilot.total[0], order[None])
    metric: Any = None
    if (K - 1) * q > _FEW:
        metric = _metric(sample, theta[:, order] - theta[:, order[:1]])
    frame = _Frame(order.argsort(), order, pilot.centre[0])
    return RowTask(rows, frame, sample.penalty, sample.bound, sample.reach, metric), order


def _metric(sample: Task, theta: FloatArray) -> Contrasts | Even:
    """Metric for many parameters: the Hessian of the sample where that is small and definite."""
    q = theta.shape[2]
    size = (theta.shape[1] - 1) * q
    if size <= min(_METRIC, sample.weights.size // _ENOUGH):
        H = sample.hessian(sample.at(theta)).reshape(size, size)
        H[np.diag_indices(size)] += 1e-10 * sample.bound[0, 1:].ravel()
        try:
            return Contrasts(np.asarray(np.linalg.cholesky(H)), q)
        except np.linalg.LinAlgError:
            pass
    even = even_curvature(sample.Z, sample.weights, sample.penalty, None, theta.shape[1])
    return Even(np.linalg.cholesky(even[0]))


def _by_blocks(
    task: RowTask, theta: FloatArray, tol: float, max_iter: int
) -> tuple[RowTask, FloatArray, int]:
    """Task in the metric of blocks near the solution, a point near that, and the steps to it."""
    steps = 0
    while steps < max_iter:
        most = min(_STEPS, max_iter - steps)
        theta, (more,) = approach(cast(Any, task), theta, tol, most)
        steps += int(more)
        if more < _STEPS:
            break
        task = replace(task, metric=_blocks_metric(task, theta), known={})
    return task, theta, steps


def _blocks_metric(task: RowTask, theta: FloatArray) -> Blocks | Even:
    """Metric of the blocks of the Hessian at theta (1, K, q), where they are definite."""
    (blocks,) = task.rows.total(_blocks, task.frame, theta)
    each = np.arange(blocks.shape[1])
    blocks[:, each, each] += 1e-10 * task.bound[0]
    if task.penalty is not None:
        blocks[:, each[1:], each[1:]] += np.diagonal(task.penalty[0])[:, None]
    try:
        return Blocks.of(blocks)
    except np.linalg.LinAlgError:
        return cast(Even, task.metric)
