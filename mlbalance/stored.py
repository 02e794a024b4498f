"""What the stores of studies say: how far they are, every row, and whether one comes out again."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlbalance.inputs import InputError
from mlbalance.outputs import is_stdout, written
from mlbalance.studies import Options, asked, find, shown, store_path

if TYPE_CHECKING:
    from mlbalance.simulation import Quantity, Study
    from mlbalance.simulation.store import Result, Store

__all__ = ["export", "precision", "replay", "status"]


def status(name: str, options: Options) -> int:
    """Print how far a study's store is, what failed, and what wrote to it."""
    from mlbalance.simulation.store import Store

    study = asked(find(name), options)
    path = store_path(study, options)
    with Store(path) as store:
        print(f"{study.name}: {shown(path)}, {path.stat().st_size / 1e6:.1f} MB")
        width = max(len(cell.id) for cell in study.cells)
        cells = store.cells()
        print(f"  {'cell':{width}}  replicates       rows without an estimate")
        for cell in study.cells:
            done, failures = cells.get(cell.id, (0, 0))
            print(f"  {cell.id:{width}}  {done:>6} of {study.replications:<6} {failures:>8}")
        errors = [failure for failure in store.failures() if failure.status == "error"]
        for failure in errors[:5]:
            print(f"  error: {failure.method}, ridge {failure.ridge:g}: {failure.message}")
            print(f"    mlbalance replay {name} {failure.cell!r} {failure.replicate}")
        if len(errors) > 5:
            print(f"  and {len(errors) - 5} more errors")
        for session in store.sessions():
            print(
                f"  {session['started']} to {session['ended'] or 'an early end'}: version "
                f"{session.get('mlbalance', '?')}, {session['seconds']:.0f} s of work"
            )
            if "accepted" in session:
                print(f"    changed code was accepted: {', '.join(session['accepted'])}")
    return 0


def precision(name: str, options: Options, target: float) -> int:
    """Print how many replications bring every mean of a study to a Monte Carlo standard error."""
    from mlbalance.simulation.store import Store

    study = asked(find(name), options)
    with Store(store_path(study, options)) as store:
        needed = _needed(study, store, target)
    print(f"{name}: replications for a Monte Carlo standard error of {target:g}")
    print(f"  {'outcome':20} {'at most':>9}  for the mean of (method, ridge, cell)")
    for column, (count, where) in needed.items():
        print(f"  {column:20} {count:>9}  {where}")
    return 0


def export(name: str, options: Options, target: Path) -> int:
    """Write every row of a study's store as CSV, whole or not at all."""
    from mlbalance.simulation.store import Store

    path = store_path(asked(find(name), options), options)
    if target.exists() and path.exists() and target.samefile(path):
        raise InputError(f"{target} is the store itself; give --csv another file.")
    with Store(path) as store, written(target) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["cell", "method", "ridge", "replicate", "status", *store.columns])
        count = 0
        for *key, outcome in store.table():
            table.writerow([*key, *map(repr, outcome.tolist())])
            count += 1
    print(f"{count} rows, {target}", file=sys.stderr if is_stdout(target) else None)
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
        print(f"no row of this replicate is stored in {shown(path)}")
    elif different:
        print(f"differs from the stored row: {', '.join(row.method for row in different)}")
    else:
        print(f"equals the {len(stored)} rows stored in {shown(path)}, bit for bit")
    return int(bool(different))


def _needed(study: Study, store: Store, target: float) -> dict[str, tuple[int, str]]:
    """For each outcome the most replications that the mean of a method on a cell asks for."""
    import numpy as np

    from mlbalance.simulation import replications_needed

    needed: dict[str, tuple[int, str]] = {}
    for cell in study.cells:
        for (method, ridge), found in store.read(cell.id).items():
            for column, values in zip(study.columns, found.values.T, strict=True):
                if values.size < 2 or not np.isfinite(values).all():
                    continue  # a mean without a value
                count = replications_needed("mean", float(values.std(ddof=1)), target)
                where = f"{method}, {ridge:g}, {cell.id}"
                needed[str(column)] = max(needed.get(str(column), (0, "")), (count, where))
    return needed


def _differs(row: Result, stored: dict[tuple[str, float], tuple[str, bytes]]) -> bool:
    import numpy as np

    there = stored.get((row.method, row.ridge))
    if there is None:
        return False
    if row.outcome is None:
        return row.status != there[0]
    return (row.status, np.asarray(row.outcome).tobytes()) != there


def _print_rows(rows: list[Result], columns: tuple[Quantity, ...]) -> None:
    width = max(len(row.method) for row in rows)
    for row in rows:
        print(f"{row.method:{width}}  ridge {row.ridge:g}: {row.status} {row.message}".rstrip())
        if row.outcome is not None:
            pairs = zip(columns, row.outcome, strict=True)
            print("  " + ", ".join(f"{name} {value:.6g}" for name, value in pairs))
