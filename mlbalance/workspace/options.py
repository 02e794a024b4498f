"""Options of runs, and what they mean for study, store and folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlbalance.workspace.checkout import checkout

if TYPE_CHECKING:
    from mlbalance.simulation import Study

__all__ = ["Options", "apply_options", "results_folder", "store_path"]


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


def apply_options(study: Study, options: Options) -> Study:
    """The study with the version and the replications of the options."""
    study = study.quick() if options.quick else study
    return study if options.reps is None else replace(study, replications=options.reps)
