"""Run of a study: replicates are simulated block by block, in parallel, into a store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import filterfalse, islice
from typing import Any, NamedTuple

import numpy as np

from mlbalance.extras import require
from mlbalance.inputs import InputError
from mlbalance.simulation.blocks import StudyError, simulate
from mlbalance.simulation.records import Result
from mlbalance.simulation.store import Store
from mlbalance.simulation.study import Study
from mlbalance.simulation.workers import Block, Here, Processes, Workers, work

__all__ = ["Progress", "StudyError", "replay", "run"]

_SECONDS = 1.5
"""Work in one block, once the time per replicate is known."""

_FIRST, _LARGEST = 10, 150
"""Replicates in a block: before that time is known, and at most."""


class Progress(NamedTuple):
    """Progress of a run."""

    done: int
    """Replicates in the store, over all cells."""
    total: int
    failures: int
    """Rows of this run whose fit does not exist or did not converge."""
    errors: int
    """Rows of this run that raised an exception."""
    left: float
    """Estimated seconds to go, from the time per replicate of each cell."""


def run(
    study: Study,
    *,
    store: Store | None = None,
    jobs: int = 1,
    workers: Workers | None = None,
    shard: tuple[int, int] = (1, 1),
    progress: Callable[[Progress], None] | None = None,
    max_errors: int | None = None,
    timeout: float | None = None,
    about: dict[str, Any] | None = None,
) -> Store:
    """Simulate the replicates of a study that are not in the store.

    Rows are the same bit for bit whatever the number of jobs, the order of the work and the
    interruptions. A replicate that raises an exception, SystemExit included, is a row of status
    "error".

    Parameters
    ----------
    study : Study
    store : Store, optional
        Opened for this study; one in memory if not given.
    jobs : int
        Processes, -1 for one per core. With one job and no timeout the work is done in this
        process.
    workers : Workers, optional
        Do the work instead, as those of `cluster`.
    shard : (int, int)
        (i, n) simulates replicates i - 1, i - 1 + n, ... only.
    progress : callable, optional
        Called with a `Progress` after each block.
    max_errors : int, optional
        Rows of status "error" in the store above which the run stops. It always stops if the first
        ten replicates give errors and not one number.
    timeout : float, optional
        Seconds that a block may take; then its process is killed and the run stops.
    about : dict, optional
        Recorded with the session, as JSON.

    Returns
    -------
    The store.

    Raises
    ------
    StudyError
        Where the run stopped, or a part of the study returned an array of a wrong shape. Finished
        blocks are kept.
    InputError
        For a shard that is not i/n with 1 <= i <= n, a number of jobs that is not allowed, and a
        timeout with `workers`.
    """
    require("A simulation", "cloudpickle", "threadpoolctl")
    context = _workers(study, jobs, workers, timeout)
    store = Store(None, study) if store is None else store
    plan = _Plan.of(study, store, shard)
    store.begin(about or {})
    failures, errors, sound = 0, 0, False
    with context as pool:
        for cell, results, seconds in work(pool, plan.blocks()):
            store.add(cell, results, seconds, f"{study.root}, {cell!r}")
            plan.learn(cell, results, seconds)
            raised = sum(r.status == "error" for r in results)
            errors += raised
            failures += sum(r.status != "converged" for r in results) - raised
            sound = sound or any(r.status == "converged" for r in results)
            if progress is not None:
                left = plan.seconds_left(pool.threads)
                progress(Progress(plan.before + plan.new, plan.total, failures, errors, left))
            if max_errors is not None and store.errors() > max_errors:
                raise StudyError(_too_many(store, f"{max_errors} are allowed"))
            if errors and not sound and plan.new >= _FIRST:
                raise StudyError(_too_many(store, "and none gave a number"))
    store.end()
    return store


def replay(study: Study, cell: str, replicate: int) -> list[Result]:
    """Simulate one replicate alone; exceptions are raised, not recorded.

    Parameters
    ----------
    study : Study
    cell : str
        Id of the cell.
    replicate : int
        Number of the replicate, from 0.

    Returns
    -------
    One row per method of the cell.

    Raises
    ------
    StudyError
        For a wrong shape, and in place of SystemExit.
    InputError
        For an unknown cell.
    """
    require("A simulation", "threadpoolctl")
    try:
        _, results, _ = simulate(study, cell, [replicate], guarded=False)
    except SystemExit as error:
        raise StudyError(f"Replicate {replicate} of {cell} asks to exit ({error}).") from error
    return results


def _workers(study: Study, jobs: int, workers: Workers | None, timeout: float | None) -> Any:
    """Workers of a run, as a context."""
    if workers is not None:
        if timeout is not None:
            raise InputError("A timeout needs processes of the run's own; leave it out here.")
        return nullcontext(workers)
    if jobs == 1 and timeout is None:
        return nullcontext(Here(study))
    return Processes(study, (os.cpu_count() or 1) if jobs == -1 else jobs, timeout)


def _too_many(store: Store, why: str) -> str:
    first = next(f for f in store.failures() if f.status == "error")
    return (
        f"Stopped: {store.errors()} rows ended in an error, {why}. One is {first.method} on "
        f"replicate {first.replicate} of {first.cell}: {first.message}"
    )


@dataclass
class _Plan:
    """Order of the work: a few replicates of every cell, then blocks of `_SECONDS` each."""

    numbers: dict[str, Iterator[int]]
    left: dict[str, int]
    """Replicates that are still to be done, by cell."""
    before: int
    total: int
    new: int = 0
    pace: dict[str, float] = field(default_factory=dict)
    """Seconds per replicate, by cell."""

    @classmethod
    def of(cls, study: Study, store: Store, shard: tuple[int, int]) -> _Plan:
        i, n = shard
        if not 1 <= i <= n:
            raise InputError(f"A shard is i/n with i from 1 to n; it is {i}/{n}.")
        wanted = range(i - 1, study.replications, n)
        numbers: dict[str, Iterator[int]] = {}
        left, before = {}, 0
        for cell in study.cells:
            methods = [method.key for method in study.methods_of(cell)]
            done = {number for number in store.done(cell.id, methods) if number in wanted}
            numbers[cell.id] = filterfalse(done.__contains__, wanted)
            left[cell.id] = len(wanted) - len(done)
            before += len(done)
        return cls(numbers, left, before, len(wanted) * len(study.cells))

    def blocks(self) -> Iterator[Block]:
        # Every cell first: faults appear early, and the time that is left can be estimated.
        for cell, numbers in self.numbers.items():
            if block := list(islice(numbers, _FIRST)):
                yield cell, block
        for cell, numbers in self.numbers.items():
            while block := list(islice(numbers, self._size(cell))):
                yield cell, block

    def learn(self, cell: str, results: list[Result], seconds: float) -> None:
        replicates = len({r.replicate for r in results})
        self.pace[cell] = max(seconds / replicates, 1e-6)
        self.left[cell] -= replicates
        self.new += replicates

    def seconds_left(self, threads: int) -> float:
        """Seconds to go on this many threads; a cell without a time yet has the mean."""
        mean = sum(self.pace.values()) / len(self.pace)
        return sum(n * self.pace.get(cell, mean) for cell, n in self.left.items()) / threads

    def _size(self, cell: str) -> int:
        if cell not in self.pace:
            return _FIRST
        return int(np.clip(_SECONDS / self.pace[cell], 1, _LARGEST))
