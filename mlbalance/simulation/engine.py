"""Replicates of a study, block by block and in parallel, into a store."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mlbalance.inputs import InputError
from mlbalance.simulation.blocks import StudyError, simulate
from mlbalance.simulation.store import Result, Store
from mlbalance.simulation.study import Study

__all__ = ["Progress", "StudyError", "replay", "run"]

_SECONDS = 1.5
"""Work in one block, once it is known how long a replicate takes."""

_FIRST, _LARGEST = 10, 150
"""Replicates in a block before that is known, and at most."""


_KILLED = ("TerminatedWorkerError", "BrokenProcessPool", "KilledWorker")
"""Errors by which loky and dask say that a worker is gone."""


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
    how = {} if jobs == -1 else {"backend": "loky", "n_jobs": jobs}
    work = Parallel(return_as="generator_unordered", **how)(
        delayed(simulate)(study, name, numbers, timeout, parent=os.getpid())
        for name, numbers in plan.blocks()
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
    _, results, _ = simulate(study, cell, [replicate], guarded=False)
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
