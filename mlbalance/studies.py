"""The studies of a checkout: find them, run them, and bring their shards together."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlbalance import __version__
from mlbalance.inputs import InputError
from mlbalance.workspace import CheckoutError, checkout, find, names, shown

if TYPE_CHECKING:
    from mlbalance.simulation import Study
    from mlbalance.simulation.store import Store

__all__ = [
    "CheckoutError",
    "Options",
    "asked",
    "checkout",
    "find",
    "merge",
    "names",
    "results_folder",
    "run",
    "shown",
    "store_path",
]


@dataclass(frozen=True)
class Options:
    """How a study is run.

    `jobs` processes (one a core if None) or the workers of the dask scheduler at `dask`; `reps`
    replications instead of the study's; `shard` (i, n) is the i-th part of n; `fresh` begins anew
    and `retry` runs anew what an exception ended.
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


def results_folder(quick: bool) -> Path:
    """Where summaries go."""
    return checkout() / ("build/quick/results" if quick else "simulations/results")


def store_path(study: Study, options: Options) -> Path:
    """Where outcomes are kept, unless another file is given."""
    i, n = options.shard
    part = f".shard-{i}-of-{n}" if n > 1 else ""
    folder = checkout() / ("build/quick/stores" if options.quick else "build/stores")
    return options.store or folder / f"{study.name}{part}.sqlite"


def run(study: Study, options: Options) -> int:
    """Simulate what is missing of a study and write its summary; 0 if all of it worked."""
    from mlbalance.simulation.engine import run as simulate
    from mlbalance.simulation.progress import told
    from mlbalance.simulation.store import Store

    study = asked(study, options)
    path = store_path(study, options)
    start = time.perf_counter()
    if options.fresh:
        Store.discard(path)
    with Store(path, study) as store, _workers(study, options) as workers:
        if options.retry:
            print(f"  {store.forget_errors()} rows that ended in an error are run anew")
        print(f"  {len(study.cells)} cells x {study.replications} replications, {workers}")
        about = _about()
        _warn_of_others(store, about)
        with told() as progress:
            try:
                simulate(
                    study,
                    store=store,
                    jobs=-1 if options.dask else options.jobs or os.cpu_count() or 1,
                    shard=options.shard,
                    progress=progress,
                    max_errors=options.max_errors,
                    timeout=options.timeout,
                    about=about,
                )
            except KeyboardInterrupt:
                done = sum(replicates for replicates, _ in store.cells().values())
                print(f"\n  stopped; {done} replicates are kept in {shown(path)}, run to go on")
                return 130
        if options.shard == (1, 1):
            summary = _summarised(study, store, options.quick)
            print(f"  {time.perf_counter() - start:.0f} s, {shown(summary)}")
        else:
            print(f"  {time.perf_counter() - start:.0f} s, {shown(path)}, to be merged")
        _report_failures(store.cells())
    return 0


def merge(name: str, options: Options, sources: Sequence[Path]) -> int:
    """Bring shards of a study together and write its summary."""
    from mlbalance.simulation.store import Store

    study = asked(find(name), options)
    whole = replace(options, shard=(1, 1))
    path = store_path(study, whole)
    sources = list(sources) or sorted(path.parent.glob(f"{path.stem}.shard-*-of-*.sqlite"))
    if not sources:
        raise InputError(f"There are no shards of {name} in {path.parent}; name their files.")
    with Store(path, study) as store:
        for source in sources:
            store.absorb(source)
            print(f"  {shown(source)}")
        summary = _summarised(study, store, options.quick)
        complete = all(
            store.cells().get(cell.name, (0, 0))[0] >= study.replications for cell in study.cells
        )
        print(f"  {shown(path)}, {shown(summary)}")
        if not complete:
            print(f"  not all replications are there: see `mlbalance status {name}`")
    return 0


@contextmanager
def _workers(study: Study, options: Options) -> Iterator[str]:
    """What does the work, in words, while it is there."""
    if options.dask is None:
        yield f"{options.jobs or os.cpu_count() or 1} jobs"
        return
    from mlbalance.simulation.cluster import cluster

    with cluster(options.dask, study) as threads:
        yield f"{threads} threads of {options.dask}"


def asked(study: Study, options: Options) -> Study:
    """The study as the options want it."""
    study = study.quick() if options.quick else study
    return study if options.reps is None else replace(study, replications=options.reps)


def _summarised(study: Study, store: Any, quick: bool) -> Path:
    from mlbalance.simulation import summarise, write_rows

    path = results_folder(quick) / f"{study.name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    command = f"mlbalance run {study.name}{' --quick' if quick else ''}"
    about = f"Generated by `{command}`, version {__version__}, root seed {study.root}; do not edit."
    write_rows(summarise(study, store), path, about)
    return path


def _warn_of_others(store: Store, about: dict[str, Any]) -> None:
    """Say so where rows are there that other code or libraries made."""
    for session in store.sessions():
        for key in ("commit", "numpy", "scipy", "blas"):
            if session["seconds"] and session.get(key) != about[key]:
                print(
                    f"  note: rows are there by {key} {session.get(key)}, now it is {about[key]}; "
                    "--fresh begins anew"
                )
                return


def _report_failures(cells: dict[str, tuple[int, int]]) -> None:
    failures = sum(count for _, count in cells.values())
    if failures:
        print(f"  {failures} rows have no estimate; they are counted in the summary")


def _about() -> dict[str, Any]:
    """Who writes: versions, commit, command and machine."""
    import joblib
    import numpy as np
    import scipy

    blas = np.show_config("dicts")["Build Dependencies"]["blas"]
    return {
        "mlbalance": __version__,
        "commit": _commit(),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "joblib": joblib.__version__,
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
    }


def _commit() -> str | None:
    """The commit of the checkout; None where git is not there, or it is no repository."""
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        git = subprocess.run(describe, capture_output=True, text=True, check=False, cwd=checkout())
    except OSError:
        return None
    return git.stdout.strip() or None
