"""The studies of a checkout: run them, look at their stores, merge, export and replay."""

from __future__ import annotations

import csv
import importlib.util
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

if TYPE_CHECKING:
    from mlbalance.simulation import Study
    from mlbalance.simulation.store import Result, Store

__all__ = [
    "CheckoutError",
    "Options",
    "checkout",
    "export",
    "find",
    "merge",
    "names",
    "precision",
    "replay",
    "results_folder",
    "run",
    "status",
]


class CheckoutError(InputError):
    """Studies and figures live in a checkout, and there is none here."""


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


def checkout() -> Path:
    """Root of the checkout that holds the current folder. Raises `CheckoutError` if none does."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "mlbalance").is_dir() and (folder / "simulations/six_classes.py").is_file():
            return folder
    raise CheckoutError(
        f"{here} is not in a checkout of mlbalance, where the studies and figures are. "
        "Clone it and run the command there."
    )


def names() -> list[str]:
    """Names of the studies there are."""
    files = (checkout() / "simulations").glob("*.py")
    return sorted(file.stem for file in files if not file.stem.startswith("_"))


def find(name: str) -> Study:
    """The study in `simulations/NAME.py`. Raises `InputError` for an unknown one."""
    root = checkout()
    if name not in names():
        raise InputError(f"No study is named {name!r}; known are {', '.join(names())}.")
    # Under the name by which workers can import what the file defines.
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    full = f"simulations.{name}"
    spec = importlib.util.spec_from_file_location(full, root / "simulations" / f"{name}.py")
    if spec is None or spec.loader is None:
        raise InputError(f"simulations/{name}.py cannot be read as Python.")
    module = sys.modules[full] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    study: Study = module.STUDY
    return study


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

    study = _asked(study, options)
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
                print(f"\n  stopped; {done} replicates are kept in {_short(path)}, run to go on")
                return 130
        if options.shard == (1, 1):
            summary = _summarised(study, store, options.quick)
            print(f"  {time.perf_counter() - start:.0f} s, {_short(summary)}")
        else:
            print(f"  {time.perf_counter() - start:.0f} s, {_short(path)}, to be merged")
        _report_failures(store.cells())
    return 0


def status(name: str, options: Options) -> int:
    """Print how far a study's store is, what failed, and what wrote to it."""
    from mlbalance.simulation.store import Store

    study = _asked(find(name), options)
    path = store_path(study, options)
    with Store(path) as store:
        print(f"{study.name}: {_short(path)}, {path.stat().st_size / 1e6:.1f} MB")
        width = max(len(cell.name) for cell in study.cells)
        cells = store.cells()
        print(f"  {'cell':{width}}  replicates       rows without an estimate")
        for cell in study.cells:
            done, failures = cells.get(cell.name, (0, 0))
            print(f"  {cell.name:{width}}  {done:>6} of {study.replications:<6} {failures:>8}")
        errors = [failure for failure in store.failures() if failure.status == "error"]
        for failure in errors[:5]:
            print(f"  error: {failure.recipe}, ridge {failure.ridge:g}: {failure.message}")
            print(f"    mlbalance replay {name} {failure.cell!r} {failure.replicate}")
        if len(errors) > 5:
            print(f"  and {len(errors) - 5} more errors")
        for session in store.sessions():
            print(
                f"  {session['started']} to {session['ended'] or 'an early end'}: version "
                f"{session.get('mlbalance', '?')}, {session['seconds']:.0f} s of work"
            )
    return 0


def precision(name: str, options: Options, target: float) -> int:
    """Print how many replications bring every mean of a study to a Monte Carlo standard error."""
    from mlbalance.simulation.store import Store

    study = _asked(find(name), options)
    with Store(store_path(study, options)) as store:
        needed = _needed(study, store, target)
    print(f"{name}: replications for a Monte Carlo standard error of {target:g}")
    print(f"  {'outcome':20} {'at most':>9}  for the mean of (recipe, ridge, cell)")
    for column, (count, where) in needed.items():
        print(f"  {column:20} {count:>9}  {where}")
    return 0


def export(name: str, options: Options, target: Path) -> int:
    """Write every row of a study's store as CSV, whole or not at all."""
    from mlbalance.simulation.store import Store

    path = store_path(_asked(find(name), options), options)
    part = target.with_name(target.name + ".part")
    with Store(path) as store, part.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["cell", "recipe", "ridge", "replicate", "status", *store.columns])
        count = 0
        for *key, outcome in store.table():
            table.writerow([*key, *map(repr, outcome.tolist())])
            count += 1
    part.replace(target)
    print(f"{count} rows, {target}")
    return 0


def merge(name: str, options: Options, sources: Sequence[Path]) -> int:
    """Bring shards of a study together and write its summary."""
    from mlbalance.simulation.store import Store

    study = _asked(find(name), options)
    whole = replace(options, shard=(1, 1))
    path = store_path(study, whole)
    sources = list(sources) or sorted(path.parent.glob(f"{path.stem}.shard-*-of-*.sqlite"))
    if not sources:
        raise InputError(f"There are no shards of {name} in {path.parent}; name their files.")
    with Store(path, study) as store:
        for source in sources:
            store.absorb(source)
            print(f"  {_short(source)}")
        summary = _summarised(study, store, options.quick)
        complete = all(
            store.cells().get(cell.name, (0, 0))[0] >= study.replications for cell in study.cells
        )
        print(f"  {_short(path)}, {_short(summary)}")
        if not complete:
            print(f"  not all replications are there: see `mlbalance status {name}`")
    return 0


def replay(name: str, cell: str, replicate: int, options: Options) -> int:
    """Run one replicate alone, show it, and compare with the stored row; 1 if they differ."""
    from mlbalance.simulation.engine import replay as alone
    from mlbalance.simulation.store import Store

    study = find(name)
    study.cell(cell)
    if replicate < 0:
        raise InputError(f"Replicates count from 0; {replicate} was given.")
    rows = alone(study, cell, replicate)
    path = store_path(study, options)
    stored: dict[tuple[str, float], tuple[str, bytes]] = {}
    if path.is_file():
        with Store(path) as store:
            for key, found in store.read(cell).items():
                for at in (found.replicates == replicate).nonzero()[0]:
                    stored[key] = str(found.status[at]), found.values[at].tobytes()
    different = [row for row in rows if _differs(row, stored)]
    _print_rows(rows, study.columns)
    if not stored:
        print(f"no row of this replicate is stored in {_short(path)}")
    elif different:
        print(f"differs from the stored row: {', '.join(row.recipe for row in different)}")
    else:
        print(f"equals the {len(stored)} rows stored in {_short(path)}, bit for bit")
    return int(bool(different))


@contextmanager
def _workers(study: Study, options: Options) -> Iterator[str]:
    """What does the work, in words, while it is there."""
    if options.dask is None:
        yield f"{options.jobs or os.cpu_count() or 1} jobs"
        return
    from mlbalance.simulation.cluster import cluster

    with cluster(options.dask, study) as threads:
        yield f"{threads} threads of {options.dask}"


def _asked(study: Study, options: Options) -> Study:
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


def _needed(study: Study, store: Store, target: float) -> dict[str, tuple[int, str]]:
    """For each outcome the most replications that the mean of a recipe on a cell asks for."""
    import numpy as np

    from mlbalance.simulation import replications_needed

    needed: dict[str, tuple[int, str]] = {}
    for cell in study.cells:
        for (recipe, ridge), found in store.read(cell.name).items():
            for column, values in zip(study.columns, found.values.T, strict=True):
                if values.size < 2 or not np.isfinite(values).all():
                    continue  # a mean without a value
                count = replications_needed("mean", float(values.std(ddof=1)), target)
                where = f"{recipe}, {ridge:g}, {cell.name}"
                needed[column] = max(needed.get(column, (0, "")), (count, where))
    return needed


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


def _differs(row: Result, stored: dict[tuple[str, float], tuple[str, bytes]]) -> bool:
    import numpy as np

    there = stored.get((row.recipe, row.ridge))
    if there is None:
        return False
    if row.outcome is None:
        return row.status != there[0]
    return (row.status, np.asarray(row.outcome).tobytes()) != there


def _print_rows(rows: list[Result], columns: tuple[str, ...]) -> None:
    width = max(len(row.recipe) for row in rows)
    for row in rows:
        print(f"{row.recipe:{width}}  ridge {row.ridge:g}: {row.status} {row.message}".rstrip())
        if row.outcome is not None:
            pairs = zip(columns, row.outcome, strict=True)
            print("  " + ", ".join(f"{name} {value:.6g}" for name, value in pairs))


def _short(path: Path) -> Path:
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path


def _about() -> dict[str, Any]:
    """Who writes: versions, commit, command and machine."""
    import joblib
    import numpy as np
    import scipy

    blas = np.show_config("dicts")["Build Dependencies"]["blas"]
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        capture_output=True,
        text=True,
        check=False,
        cwd=checkout(),
    )
    return {
        "mlbalance": __version__,
        "commit": git.stdout.strip() or None,
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
