"""Replicates of a study, block by block and in parallel, into a store."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError
from mlbalance.recipes import Recipe
from mlbalance.simulation.outcomes import Fitted
from mlbalance.simulation.sources import Replicate, Stream, Test
from mlbalance.simulation.store import Result, Store
from mlbalance.simulation.streams import stream
from mlbalance.simulation.study import Cell, Study

__all__ = ["Progress", "StudyError", "replay", "run"]

_SECONDS = 0.5
"""Work in one block, once it is known how long a replicate takes."""

_FIRST, _LARGEST = 5, 200
"""Replicates in a block before that is known, and at most."""


_IDLE = 10
"""Seconds after which a worker without work ends, also when its parent was killed."""

_KILLED = ("TerminatedWorkerError", "BrokenProcessPool", "KilledWorker")
"""Errors by which loky and dask say that a worker is gone."""


class StudyError(InputError):
    """A study that was stopped; what was finished is in the store."""


class Progress(NamedTuple):
    """How far a run has come."""

    done: int
    """Replicates that are in the store, over all cells."""
    total: int
    failures: int
    """Rows without an estimate among those of this run."""
    new: int
    """Replicates of this run."""


def run(
    study: Study,
    *,
    store: Store | None = None,
    jobs: int = 1,
    shard: tuple[int, int] = (1, 1),
    progress: Callable[[Progress], None] | None = None,
    max_errors: int | None = None,
    timeout: float | None = None,
    about: dict[str, Any] | None = None,
) -> Store:
    """Simulate what of a study is not in the store yet, and return the store.

    Rows are the same bit for bit whatever the number of `jobs` (joblib processes, or what a
    `joblib.parallel_config` around the call says, if -1), the order, and the interruptions before.
    Without a store they are kept in memory. `shard` (i, n) takes the replicates i - 1, i - 1 + n,
    ... only. A replicate that raises is a row with status "error"; more than `max_errors` of them
    stop the study. So does a block that takes more than `timeout` seconds, not its rows.

    Raises `StudyError` when stopped: all that was finished is kept.
    """
    from joblib import Parallel, delayed

    store = Store(None, study) if store is None else store
    plan = _Plan.of(study, store, shard)
    store.begin(about or {})
    failures = new = 0
    how = {} if jobs == -1 else {"backend": "loky", "n_jobs": jobs, "idle_worker_timeout": _IDLE}
    work = Parallel(return_as="generator_unordered", **how)(
        delayed(simulate)(study, name, numbers, timeout) for name, numbers in plan.blocks()
    )
    try:
        for cell, results, seconds in work:
            store.add(cell, results, seconds, f"{study.root}, {cell!r}")
            plan.learn(cell, results, seconds)
            new += len({r.replicate for r in results})
            failures += sum(r.status != "converged" for r in results)
            if progress is not None:
                progress(Progress(plan.before + new, plan.total, failures, new))
            if max_errors is not None and store.errors() > max_errors:
                raise StudyError(_too_many(store, max_errors))
    except (InputError, KeyboardInterrupt):
        raise
    except Exception as error:
        if type(error).__name__ not in _KILLED:
            raise
        raise StudyError(
            "A worker process was killed, perhaps for want of memory. What was finished is kept: "
            "run again to go on, with fewer jobs."
        ) from error
    finally:
        _close(work)
    store.end()
    return store


def replay(study: Study, cell: str, replicate: int) -> list[Result]:
    """One replicate of a cell alone; exceptions are raised, not recorded."""
    _, results, _ = simulate(study, cell, [replicate], None, guarded=False)
    return results


def _too_many(store: Store, allowed: int) -> str:
    last = [f for f in store.failures() if f.status == "error"][-1]
    return (
        f"Stopped: {store.errors()} rows ended in an error, {allowed} are allowed. One is "
        f"{last.recipe} on replicate {last.replicate} of {last.cell}: {last.message}"
    )


def _close(work: Any) -> None:
    """Stop what is still at work, if the run ended early."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib warns of what it throws away
        work.close()


@dataclass
class _Plan:
    """What is to be done, in blocks as large as their replicates are quick."""

    left: dict[str, list[int]]
    before: int
    total: int
    pace: dict[str, float] = field(default_factory=dict)
    """Seconds for a replicate, by cell."""

    @classmethod
    def of(cls, study: Study, store: Store, shard: tuple[int, int]) -> _Plan:
        i, n = shard
        if not 1 <= i <= n:
            raise InputError(f"A shard is i/n with i from 1 to n; it is {i}/{n}.")
        wanted = range(i - 1, study.replications, n)
        left, before = {}, 0
        for cell in study.cells:
            recipes = [(r.name, r.ridge) for r in study.recipes_of(cell)]
            done = store.done(cell.name, recipes)
            left[cell.name] = [number for number in wanted if number not in done]
            before += len(wanted) - len(left[cell.name])
        return cls(left, before, len(wanted) * len(study.cells))

    def blocks(self) -> Iterator[tuple[str, list[int]]]:
        for cell, numbers in self.left.items():
            start = 0
            while start < len(numbers):
                size = _FIRST
                if cell in self.pace:
                    size = int(np.clip(_SECONDS / self.pace[cell], 1, _LARGEST))
                yield cell, numbers[start : start + size]
                start += size

    def learn(self, cell: str, results: list[Result], seconds: float) -> None:
        self.pace[cell] = max(seconds / len({r.replicate for r in results}), 1e-6)


def simulate(
    study: Study, name: str, numbers: list[int], timeout: float | None, guarded: bool = True
) -> tuple[str, list[Result], float]:
    """Rows of some replicates of a cell, and the seconds they took."""
    from threadpoolctl import threadpool_limits

    start = time.perf_counter()
    cell = study.cell(name)
    attempt = _guarded_rows if guarded else _rows
    # Workers that each take every core would slow one another down.
    with threadpool_limits(1), _limited(timeout, name, numbers):
        results = [row for r in study.recipes_of(cell) for row in attempt(study, cell, r, numbers)]
    return name, results, time.perf_counter() - start


def _guarded_rows(study: Study, cell: Cell, recipe: Recipe, numbers: list[int]) -> list[Result]:
    """Rows, those of replicates that raise being errors, found by trying each alone."""
    try:
        return _rows(study, cell, recipe, numbers)
    except StudyError:
        raise
    except Exception as error:
        if len(numbers) > 1:
            alone = ([number] for number in numbers)
            return [row for one in alone for row in _guarded_rows(study, cell, recipe, one)]
        message = f"{type(error).__name__}: {error}"
        return [Result(recipe.name, recipe.ridge, numbers[0], "error", None, message)]


def _rows(study: Study, cell: Cell, recipe: Recipe, numbers: list[int]) -> list[Result]:
    block = _block(study, cell, tuple(numbers))
    rows = [
        Result(recipe.name, recipe.ridge, number, "no-mle", None, "a class has no row")
        for number, complete in zip(numbers, block.complete, strict=True)
        if not complete
    ]
    for group in block.groups:
        rows += _judged(study, recipe, group)
    return rows


def _judged(study: Study, recipe: Recipe, group: _Group) -> list[Result]:
    """Rows of replicates that have the same number of rows."""
    weights = _weights(recipe, group)
    found = recipe.fit(group.X, group.y, weights)
    good = found.status == "converged"
    values = np.full((good.size, len(study.columns)), np.nan)
    if good.any():
        fitted = Fitted(
            theta=found.theta[good],
            ridge=recipe.ridge,
            X=group.X[good],
            y=group.y[good],
            weights=weights[good],
            tests=group.tests if len(group.tests) == 1 else _chosen(group.tests, good),
            best=None if group.best is None else partial(group.best, recipe.ridge),
        )
        values[good] = np.concatenate([outcome(fitted) for outcome in study.outcomes], axis=1)
    rows = []
    for number, status, outcome in zip(group.numbers, found.status, values, strict=True):
        row = Result(recipe.name, recipe.ridge, number, str(status), None)
        if status == "converged":
            row = row._replace(outcome=outcome)
            if np.isnan(outcome).all():
                message = f"{study.columns[0]} is nan"
                row = row._replace(status="error", outcome=None, message=message)
        rows.append(row)
    return rows


def _chosen(tests: tuple[Test, ...], good: Any) -> tuple[Test, ...]:
    return tuple(test for test, kept in zip(tests, good, strict=True) if kept)


def _weights(recipe: Recipe, group: _Group) -> FloatArray:
    """Weights (R, bags, n), zero for rows that a replicate may not use.

    A stream is named after the scheme, so that recipes of one scheme share their draws.
    """
    drawn = []
    for number, y, rows in zip(group.numbers, group.y, group.rows, strict=True):
        rng = group.streams(number, repr(recipe.scheme))
        own = recipe.scheme.draw(y[rows], rng, n_classes=group.n_classes)
        weights = np.zeros((own.shape[0], y.size))
        weights[:, rows] = own
        drawn.append(weights)
    return np.stack(drawn)


# --- the data of a block, the same for all recipes ------------------------------------------------


@dataclass
class _Group:
    """Replicates of one size, stacked."""

    numbers: list[int]
    X: FloatArray
    y: Any
    rows: list[Any]
    tests: tuple[Test, ...]
    best: Callable[[float], float] | None
    streams: Stream
    n_classes: int


@dataclass
class _Block:
    complete: list[bool]
    """Whether a replicate has rows of every class to learn from."""
    groups: list[_Group]


_LAST: dict[Any, Any] = {}
"""In each process: the data of the last block, and the test rows of the last cell."""


def _block(study: Study, cell: Cell, numbers: tuple[int, ...]) -> _Block:
    key = ("block", id(study), cell.name, numbers)
    if _LAST.get("block", (None,))[0] != key:
        _LAST["block"] = (key, _drawn(study, cell, numbers), study)
    return _LAST["block"][1]


def _drawn(study: Study, cell: Cell, numbers: tuple[int, ...]) -> _Block:
    streams: Stream = partial(stream, study.root, cell.name)
    source = cell.source
    replicates = {number: source.replicate(number, streams) for number in numbers}
    complete = [_complete(replicates[number], source.n_classes) for number in numbers]
    sizes: dict[tuple[int, ...], list[int]] = {}
    for number, usable in zip(numbers, complete, strict=True):
        if usable:
            sizes.setdefault(replicates[number].X.shape, []).append(number)
    groups = []
    tests: tuple[Test, ...]
    for of_size in sizes.values():
        best = None
        if source.truth:
            best = _population(study, cell, streams)
            tests = (best.test,)
        else:
            tests = tuple(source.test(number, streams) for number in of_size)
        own = [replicates[number] for number in of_size]
        groups.append(
            _Group(
                numbers=of_size,
                X=np.stack([r.X for r in own]),
                y=np.stack([r.y for r in own]),
                rows=[r.rows for r in own],
                tests=tests,
                best=None if best is None else best.risk,
                streams=streams,
                n_classes=source.n_classes,
            )
        )
    return _Block(complete, groups)


def _complete(replicate: Replicate, n_classes: int) -> bool:
    counts = np.bincount(replicate.y[replicate.rows], minlength=n_classes)
    return bool(counts.all())


class _Population:
    """Test rows that stand for the population, and the smallest penalised log-loss over them."""

    def __init__(self, test: Test) -> None:
        self.test = test
        self._known: dict[float, float] = {}

    def risk(self, ridge: float) -> float:
        """At the best coefficients for a ridge."""
        if ridge not in self._known:
            at = softmax.fit(*self.test, ridge=ridge)
            self._known[ridge] = float(softmax.loss(at.theta, *self.test, ridge=ridge))
        return self._known[ridge]


def _population(study: Study, cell: Cell, streams: Stream) -> _Population:
    """Kept between the blocks of a cell: to integrate takes longer than to simulate."""
    key = (study.root, cell.name, study.description()[f"cell {cell.name!r}"])
    if _LAST.get("population", (None,))[0] != key:
        _LAST["population"] = (key, _Population(cell.source.test(0, streams)))
    return _LAST["population"][1]


@contextmanager
def _limited(timeout: float | None, cell: str, numbers: list[int]) -> Iterator[None]:
    """Raise `StudyError` after some seconds."""
    if timeout is None:
        yield
        return
    if threading.current_thread() is not threading.main_thread():
        raise StudyError("A timeout needs processes of its own; leave it out with --dask.")

    def stop(*_: object) -> None:
        raise StudyError(
            f"Stopped: replicates {numbers[0]} to {numbers[-1]} of {cell} took more than "
            f"{timeout:g} s. What was finished is kept; `replay` runs one alone."
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
