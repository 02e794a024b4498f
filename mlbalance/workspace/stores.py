"""Stores of studies: how far they are, every row, and whether one comes out again."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlbalance.inputs import InputError
from mlbalance.outputs import written
from mlbalance.workspace.checkout import find
from mlbalance.workspace.runs import Options, asked, store_path

if TYPE_CHECKING:
    from mlbalance.simulation import Quantity, Study
    from mlbalance.simulation.store import Failure, Result, Store

__all__ = ["CellStatus", "Replayed", "Status", "export", "precision", "replay", "status"]


class CellStatus(NamedTuple):
    """How far a cell is."""

    id: str
    done: int
    """Replicates that are there"""
    failures: int
    """Rows without an estimate"""


class Status(NamedTuple):
    """How far the store of a study is, and what wrote to it."""

    study: str
    path: Path
    replications: int
    """Of every cell, as the study wants them"""
    cells: tuple[CellStatus, ...]
    errors: tuple[Failure, ...]
    """Rows that an exception ended"""
    sessions: tuple[dict[str, Any], ...]
    """Version, times and seconds of work of each run, and the changed code that it accepted"""


class Replayed(NamedTuple):
    """One replicate run again."""

    rows: tuple[Result, ...]
    columns: tuple[Quantity, ...]
    path: Path
    """The store it is compared with"""
    stored: int
    """Rows of the replicate that are in the store"""
    different: tuple[str, ...]
    """Ids of methods whose row differs"""


def status(name: str, options: Options) -> Status:
    """How far the store of a study is, what failed, and what wrote to it."""
    from mlbalance.simulation.store import Store

    study = asked(find(name), options)
    path = store_path(study, options)
    with Store(path) as store:
        known = store.cells()
        return Status(
            study.name,
            path,
            study.replications,
            tuple(CellStatus(cell.id, *known.get(cell.id, (0, 0))) for cell in study.cells),
            tuple(failure for failure in store.failures() if failure.status == "error"),
            tuple(store.sessions()),
        )


def precision(name: str, options: Options, target: float) -> dict[str, tuple[int, str]]:
    """Replications that bring every mean of a study to a Monte Carlo standard error.

    For each outcome the most that a method on a cell asks for, and which that is.
    """
    from mlbalance.simulation.store import Store

    study = asked(find(name), options)
    with Store(store_path(study, options)) as store:
        return _needed(study, store, target)


def export(name: str, options: Options, target: Path) -> int:
    """Write every row of a study's store as CSV, whole or not at all; returns how many."""
    from mlbalance.simulation.store import Store

    path = store_path(asked(find(name), options), options)
    if target.exists() and path.exists() and target.samefile(path):
        raise InputError(f"{target} is the store itself; give --csv another file.")
    with Store(path) as store, written(target) as file:
        table = csv.writer(file, lineterminator="\n")
        columns = map(str, store.columns)
        table.writerow(["cell", "method", "ridge", "replicate", "status", *columns])
        count = 0
        for *key, outcome in store.table():
            table.writerow([*key, *map(repr, outcome.tolist())])
            count += 1
    return count


def replay(name: str, cell: str, replicate: int, options: Options) -> Replayed:
    """Run one replicate alone, and compare it with the stored rows."""
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
    different = tuple(row.method for row in rows if _differs(row, stored))
    return Replayed(tuple(rows), study.columns, path, len(stored), different)


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
