"""Folds of a comparison one after the other, on processes or a cluster, until a budget ends.

Each fold is one block, with all methods that lack it, so that at any time methods have as many
folds.

Letters: R repeats, F folds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed

from mlbalance.compare.blocks import Block, Plan, run_block
from mlbalance.compare.definition import define
from mlbalance.compare.results import Outcome
from mlbalance.compare.store import Store
from mlbalance.simulation.engine import Progress

__all__ = ["Clock", "budget_note", "run_blocks"]


@dataclass
class Clock:
    """Blocks that are begun within a budget, and the time left."""

    started: float
    budget: float | None
    total: int
    """Blocks."""
    jobs: int
    done: int = 0
    """Blocks that were finished, or that lacked nothing at the start."""
    ran: int = 0
    work: float = 0.0
    """Seconds of the blocks that ran."""
    longest: float = 0.0

    def begin(self, blocks: Sequence[_Wanted]) -> Iterator[tuple[int, int, list[str], float]]:
        """Blocks as long as the budget allows, and the seconds that each may take.

        Parameters
        ----------
        blocks
            In their order. If nothing is known yet the first is always begun.
        """
        begun = self.done
        for block in blocks:
            left = np.inf if self.budget is None else self.budget + self.started - time.monotonic()
            if begun and self.longest > left:
                return
            begun += 1
            yield *block, left

    def finish(self, seconds: float) -> None:
        """Count a block that took so many seconds."""
        self.done += 1
        self.ran += 1
        self.work += seconds
        self.longest = max(self.longest, seconds)

    @property
    def left(self) -> float:
        """Seconds to go."""
        to_go = self.work / self.ran * (self.total - self.done) / self.jobs
        if self.budget is None:
            return to_go
        return max(0.0, min(to_go, self.budget - (time.monotonic() - self.started)))


def run_blocks(
    plan: Plan,
    folds: int,
    clock: Clock,
    *,
    kept: Store | None,
    dask: str | None,
    progress: Callable[[Progress], None] | None,
) -> list[Outcome]:
    """Outcomes of the methods on all folds that the budget allows.

    Parameters
    ----------
    plan
        Of the comparison.
    folds
        Number F of folds.
    clock
        That has just been started.
    kept, dask, progress
        As `store`, `dask` and `progress` of `compare`.

    Returns
    -------
    Outcomes in any order.

    Raises
    ------
    ClusterError
        As `compare`.
    """
    outcomes, todo = _known(plan, folds, kept)
    keys = {each.id: definition.method for each, definition in plan.methods}
    clock.done = clock.total - len(todo)
    for block in _finished(plan, todo, clock, dask, kept=kept is not None):
        outcomes += block.outcomes
        if kept is not None:
            for outcome in block.outcomes:
                kept.write(keys[outcome.method], outcome)
        clock.finish(block.seconds)
        if progress is not None:
            failures = sum(outcome.status != "converged" for outcome in outcomes)
            progress(Progress(clock.done, clock.total, failures, 0, clock.left))
    return outcomes


def budget_note(budget: float, plan: Plan, outcomes: Sequence[Outcome], total: int) -> list[str]:
    """What a budget did not allow.

    Parameters
    ----------
    budget
        In seconds.
    plan
        Of the comparison.
    outcomes
        Those that it has.
    total
        Folds of all repeats.

    Returns
    -------
    A sentence with the folds of each method that has fewer than others; nothing if all were run.
    """
    folds = Counter(outcome.method for outcome in outcomes)
    counts = {each.id: folds[each.id] for each, _ in plan.methods}
    most = max(counts.values())
    if min(counts.values()) == total:
        return []
    fewer = [f"{id} has {count or 'none'}" for id, count in counts.items() if count < most]
    but = f", of which {', '.join(fewer)}" if fewer else ""
    return [
        f"The budget of {budget:g} s allowed {most} of {total} folds{but}; give more for narrower "
        "intervals."
    ]


def _finished(
    plan: Plan, todo: Sequence[_Wanted], clock: Clock, dask: str | None, *, kept: bool
) -> Iterator[Block]:
    """Finished blocks, as they come."""
    if dask is None:
        run = Parallel(n_jobs=clock.jobs, return_as="generator_unordered", pre_dispatch=clock.jobs)
        yield from run(delayed(run_block)(plan, *given) for given in clock.begin(todo))
        return
    from mlbalance.simulation.cluster import Work, cluster
    from mlbalance.simulation.workers import work

    comparison = Work(
        "these methods, or other versions of their libraries",
        plan,
        run_block,
        _block_name,
        _digests,
        frozenset().union(*(definition.modules for _, definition in plan.methods)),
        "What was finished is kept" if kept else "Finished folds are lost (--store keeps them)",
    )
    with cluster(dask, comparison) as workers:
        clock.jobs = workers.threads
        yield from work(workers, clock.begin(todo))


def _block_name(repeat: int, fold: int, *_: Any) -> str:
    return f"fold {fold + 1} of repeat {repeat + 1}"


def _digests(plan: Plan) -> list[str]:
    return [define(each).method for each, _ in plan.methods]


class _Wanted(NamedTuple):
    """A fold, and the methods of which it lacks outcomes."""

    repeat: int
    fold: int
    methods: list[str]


def _known(plan: Plan, folds: int, kept: Store | None) -> tuple[list[Outcome], list[_Wanted]]:
    """Outcomes that are kept, and the folds that lack some, in their order."""
    outcomes: list[Outcome] = []
    todo = []
    for repeat, fold in np.ndindex(len(plan.fold_of), folds):
        lacking = []
        for each, key in plan.methods:
            found = None if kept is None else kept.read(key.method, each.id, repeat, fold)
            if found is None:
                lacking.append(each.id)
            else:
                outcomes.append(found)
        todo += [_Wanted(repeat, fold, lacking)] if lacking else []
    return outcomes, todo
