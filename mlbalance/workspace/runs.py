"""Runs of studies: options, paths of stores and summaries, and merging of shards."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlbalance import __version__
from mlbalance.inputs import InputError
from mlbalance.workspace.checkout import checkout, find, relative_path

if TYPE_CHECKING:
    from mlbalance.simulation import Study
    from mlbalance.simulation.engine import Progress
    from mlbalance.simulation.records import Outcomes
    from mlbalance.simulation.store import Store
    from mlbalance.simulation.workers import Workers

__all__ = [
    "Interrupted",
    "MergeResult",
    "Options",
    "RunResult",
    "apply_options",
    "merge",
    "results_folder",
    "run",
    "store_path",
]

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


@dataclass(frozen=True)
class Options:
    """Options of a run.

    Parameters
    ----------
    quick
        Run the quick version.
    jobs
        Processes; one per core if None.
    reps
        Replications instead of the study's.
    store
        File of the store instead of the usual one.
    shard
        (i, n) runs the i-th of n parts.
    dask
        Address of a dask scheduler, whose workers replace the processes.
    fresh
        Delete the store first.
    retry
        Run again the rows that ended in an error.
    max_errors
        Stop when more rows than this end in an error.
    timeout
        Seconds that a block may take.
    accept_changed_code
        Keep rows that were made by other code of the study.
    """

    quick: bool = False
    jobs: int | None = None
    reps: int | None = None
    store: Path | None = None
    shard: tuple[int, int] = (1, 1)
    dask: str | None = None
    fresh: bool = False
    retry: bool = False
    max_errors: int | None = None
    timeout: float | None = None
    accept_changed_code: bool = False


def results_folder(quick: bool) -> Path:
    """Folder of the summaries."""
    return checkout() / ("build/quick/results" if quick else "simulations/results")


def store_path(study: Study, options: Options) -> Path:
    """Path of the store of a study under these options."""
    i, n = options.shard
    part = f".shard-{i}-of-{n}" if n > 1 else ""
    folder = checkout() / ("build/quick/stores" if options.quick else "build/stores")
    return options.store or folder / f"{study.name}{part}.sqlite"


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
        Called with messages about the run, and about existing rows made by other code.

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
        about = _about() | {"blas": blas}
        _note_others(store, about, note)
        try:
            simulate(
                study,
                store=store,
                workers=workers,
                shard=options.shard,
                progress=progress,
                max_errors=options.max_errors,
                about=about,
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
        Of the study.
    options
        Those that were given to the shards; of these `quick`, `reps` and `store` count.
    sources
        Stores of the shards; those in the folder of the study's own store if not given.
    note
        Called with messages about rows made by other code.

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
        _note_others(store, _about() | {"blas": blas()}, note)
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


def apply_options(study: Study, options: Options) -> Study:
    """The study with the version and the replications of the options."""
    study = study.quick() if options.quick else study
    return study if options.reps is None else replace(study, replications=options.reps)


def _write_summary(whole: Study, store: Store, options: Options, note: Note) -> Path:
    """Write the summary; to the committed one only for the whole study in its usual store."""
    from mlbalance.simulation import summarise, write_rows

    study = apply_options(whole, options)
    folder, words = results_folder(options.quick), f"mlbalance run {study.name}"
    words += " --quick" if options.quick else ""
    other = study.replications != apply_options(whole, Options(quick=options.quick)).replications
    if other or options.store is not None or not store.holds(study):
        words += f" --reps {study.replications}" if other else ""
        words += f" --store {options.store}" if options.store is not None else ""
        note(f"not all of the study in its usual store, so {relative_path(folder)} stays as it is")
        folder = checkout() / "build/other"
    path = folder / f"{study.name}.csv"
    sessions = _sessions_with_rows(store)
    made = {f"{__version__} at {one.get('commit') or 'no commit'}" for one in sessions}
    libraries = {
        f"NumPy {one.get('numpy', 'unknown')}, SciPy {one.get('scipy', 'unknown')}"
        for one in sessions
    }
    about = (
        f"Generated by `{words}`, mlbalance {' and '.join(sorted(made))}, "
        f"{' and '.join(sorted(libraries))}, root seed {study.root}; do not edit."
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rows(summarise(study, _Replicates(store, study.replications)), path, about)
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
    """Raise `InputError` for shard i of n beside shards of another number of parts."""
    i, n = options.shard
    if n == 1 or options.store is not None:
        return
    found = (
        re.search(r"-of-(\d+)$", file.stem) for file in path.parent.glob(f"{study.name}.shard-*")
    )
    others = {int(match[1]) for match in found if match} - {n}
    if others:
        raise InputError(
            f"{relative_path(path.parent)} holds shards of {min(others)}, this is shard {i} of "
            f"{n}: give --shard I/{min(others)} to go on with them, or remove them."
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


def _note_others(store: Store, about: dict[str, Any], note: Note) -> None:
    """Note that the store has rows made by another commit, library or BLAS."""
    sessions = _sessions_with_rows(store)
    for key in ("commit", "numpy", "scipy", "blas"):
        others = {str(s.get(key)) for s in sessions if s.get(key) != about[key]}
        if others:
            note(
                f"note: the store has rows by {key} {min(others)}, now it is {about[key]}; "
                "--fresh starts again"
            )


def _sessions_with_rows(store: Store) -> list[dict[str, Any]]:
    """Sessions that wrote rows."""
    return [session for session in store.sessions() if session["seconds"]]


def _about() -> dict[str, Any]:
    """Description of this run: versions, commit, command and machine."""
    import numpy as np
    import scipy

    return {
        "mlbalance": __version__,
        "commit": _commit(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
    }


def _commit() -> str | None:
    """Commit of the checkout; None without git or a repository.

    It ends in "-dirty" where tracked files differ from it, the generated ones left out: running
    one study changes its summary, which is no code of the next.
    """
    commit = _git("describe", "--always", "--abbrev=12")
    generated = (":!simulations/results", ":!paper/generated")
    changed = commit and _git("status", "--porcelain", "-uno", "--", ".", *generated)
    return f"{commit}-dirty" if changed else commit


def _git(*words: str) -> str | None:
    """Output of a git command in the checkout; None if there is none."""
    try:
        git = subprocess.run(
            ["git", *words], capture_output=True, text=True, check=False, cwd=checkout()
        )
    except OSError:
        return None
    return git.stdout.strip() or None
