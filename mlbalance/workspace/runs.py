"""Runs of studies, merging of their shards, and the summaries that both write."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlbalance.inputs import InputError
from mlbalance.workspace.checkout import checkout, find, relative_path
from mlbalance.workspace.options import Options, apply_options, results_folder, store_path
from mlbalance.workspace.provenance import about, header, note_others

if TYPE_CHECKING:
    from mlbalance.simulation import Study
    from mlbalance.simulation.engine import Progress
    from mlbalance.simulation.records import Outcomes
    from mlbalance.simulation.store import Store
    from mlbalance.simulation.workers import Workers

__all__ = ["Interrupted", "MergeResult", "RunResult", "merge", "run"]

Note = Callable[[str], None]
"""Receives a message of one line."""


def _ignore(_: str) -> None:
    """Discard a message."""


class RunResult(NamedTuple):
    """Result of a run."""

    study: str
    store: Path
    summary: Path | None
    """Path of the summary; None for a shard, which has to be merged first"""
    seconds: float
    failures: int
    """Rows without an estimate"""


class MergeResult(NamedTuple):
    """Result of merging shards."""

    study: str
    store: Path
    sources: tuple[Path, ...]
    summary: Path
    complete: bool
    """Whether the store has every replication"""


class Interrupted(KeyboardInterrupt):
    """The user stopped a run; finished blocks are kept in the store."""

    def __init__(self, replicates: int, store: Path) -> None:
        super().__init__()
        self.replicates, self.store = replicates, store


def run(
    study: Study,
    options: Options,
    *,
    progress: Callable[[Progress], None] | None = None,
    note: Note = _ignore,
) -> RunResult:
    """Simulate the replicates that a study lacks and write its summary.

    Parameters
    ----------
    study
        As `find` returns it.
    options
        Options of the run.
    progress
        Called with a `Progress` after each block.
    note
        Called with messages about the run, and about existing rows made by another commit, library
        version or BLAS.

    Raises
    ------
    StudyError
        Where the study stopped, or the store has rows of status "error": no summary is written.
    StoreError
        Where the store cannot be used for this study.
    Interrupted
        Where the user stopped it.
    """
    from mlbalance.simulation.engine import run as simulate
    from mlbalance.simulation.store import Store

    whole, study = study, apply_options(study, options)
    path = store_path(study, options)
    _check_shards(path, study, options)
    start = time.perf_counter()
    with (
        _workers(study, options) as (workers, words, blas),
        Store(path, study, fresh=options.fresh, accept=options.accept_changed_code) as store,
    ):
        if options.retry:
            note(f"{store.forget_errors()} rows that ended in an error are run again")
        note(f"{len(study.cells)} cells x {study.replications} replications, {words}")
        now = about(blas)
        note_others(store, now, note)
        try:
            simulate(
                study,
                store=store,
                workers=workers,
                shard=options.shard,
                progress=progress,
                max_errors=options.max_errors,
                about=now,
            )
        except KeyboardInterrupt:
            done = sum(replicates for replicates, _ in store.cells().values())
            raise Interrupted(done, path) from None
        _check_errors(store)
        summary = _write_summary(whole, store, options, note) if options.shard == (1, 1) else None
        failures = sum(count for _, count in store.cells().values())
        return RunResult(study.name, path, summary, time.perf_counter() - start, failures)


def merge(
    name: str, options: Options, sources: Sequence[Path] = (), *, note: Note = _ignore
) -> MergeResult:
    """Merge the shards of a study into one store and write its summary.

    Parameters
    ----------
    name
        Name of the study.
    options
        Options that were given to the shards; only `quick`, `reps` and `store` are used.
    sources
        Stores of the shards; those in the folder of the study's own store if not given.
    note
        Called with messages about rows made by another commit, library version or BLAS.

    Raises
    ------
    InputError
        Where there are no shards.
    StoreError
        Where a shard is of another study or contradicts another shard.
    StudyError
        Where there are rows of status "error".
    """
    from mlbalance.simulation.store import Store
    from mlbalance.simulation.workers import blas

    whole = find(name)
    study = apply_options(whole, options)
    path = store_path(study, replace(options, shard=(1, 1)))
    sources = tuple(sources) or tuple(sorted(path.parent.glob(f"{path.stem}.shard-*-of-*.sqlite")))
    if not sources:
        raise InputError(f"There are no shards of {name} in {path.parent}; name their files.")
    with Store(path, study) as store:
        for source in sources:
            store.absorb(source)
        note_others(store, about(blas()), note)
        _check_errors(store)
        summary = _write_summary(whole, store, options, note)
        return MergeResult(name, path, sources, summary, store.holds(study))


@contextmanager
def _workers(study: Study, options: Options) -> Iterator[tuple[Workers, str, str]]:
    """Workers of a run, their description, and their BLAS, as a context.

    Even one job is a process of its own, so that a crash of the study does not end the run.
    """
    if options.dask is not None:
        from mlbalance.simulation.cluster import cluster

        if options.timeout is not None:
            raise InputError("--timeout stops processes of this machine; leave it out with --dask.")
        with cluster(options.dask, study) as workers:
            yield workers, f"{workers.threads} threads of {options.dask}", ", ".join(workers.blas)
        return
    from mlbalance.simulation.workers import Processes, blas

    jobs = options.jobs or os.cpu_count() or 1
    with Processes(study, jobs, options.timeout) as processes:
        yield processes, f"{jobs} jobs", blas()


def _write_summary(whole: Study, store: Store, options: Options, note: Note) -> Path:
    """Write the summary, to the committed file only for the whole study in its usual store."""
    from mlbalance.simulation import summarise, write_rows

    study = apply_options(whole, options)
    folder, words = results_folder(options.quick), f"mlbalance run {study.name}"
    words += " --quick" if options.quick else ""
    other = study.replications != apply_options(whole, Options(quick=options.quick)).replications
    if other or options.store is not None or not store.holds(study):
        words += f" --reps {study.replications}" if other else ""
        words += f" --store {options.store}" if options.store is not None else ""
        note(f"not the whole study in its usual store, so {relative_path(folder)} stays as it is")
        folder = checkout() / "build/other"
    path = folder / f"{study.name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(
        summarise(study, _Replicates(store, study.replications)),
        path,
        header(store, words, study.root),
    )
    return path


@dataclass(frozen=True)
class _Replicates:
    """The first replicates of a store, which may hold more than the study has."""

    store: Store
    number: int

    def read(self, cell: str) -> dict[tuple[str, float], Outcomes]:
        read = self.store.read(cell)
        return {key: found.where(found.replicates < self.number) for key, found in read.items()}


def _check_shards(path: Path, study: Study, options: Options) -> None:
    """Raise `InputError` for shard i of n in a folder with shards of another number of parts."""
    i, n = options.shard
    if n == 1 or options.store is not None:
        return
    found = (
        re.search(r"-of-(\d+)$", file.stem) for file in path.parent.glob(f"{study.name}.shard-*")
    )
    others = {int(match[1]) for match in found if match} - {n}
    if others:
        raise InputError(
            f"{relative_path(path.parent)} holds shards I/{min(others)}, and this is shard "
            f"{i}/{n}: give --shard I/{min(others)} to go on with them, or remove them."
        )


def _check_errors(store: Store) -> None:
    """Raise `StudyError` if there are rows of status "error": a fault of the study's code."""
    from mlbalance.simulation.engine import StudyError

    errors = [failure for failure in store.failures() if failure.status == "error"]
    if errors:
        first = errors[0]
        raise StudyError(
            f"{len(errors)} rows ended in an error, so nothing is summarised. The first, "
            f"{first.method} with seed {first.seed}, raised {first.message.rstrip('.')}. Repeat "
            f"it by `mlbalance replay {store.study} {shlex.quote(first.cell)} {first.replicate}`, "
            "correct the study, and run with --retry."
        )
