"""Stores of studies: status, precision, export of all rows, and replay of a replicate."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mlbalance.inputs import InputError
from mlbalance.outputs import open_for_writing
from mlbalance.workspace.checkout import find
from mlbalance.workspace.options import Options, apply_options, store_path

if TYPE_CHECKING:
    from mlbalance.simulation import Quantity, Study
    from mlbalance.simulation.records import Failure, Result
    from mlbalance.simulation.store import Store

__all__ = ["CellStatus", "ReplayResult", "Status", "export", "precision", "replay", "status"]


class CellStatus(NamedTuple):
    """Progress of a cell."""

    id: str
    done: int
    """Replicates in the store"""
    failures: int
    """Rows without an estimate"""


class Status(NamedTuple):
    """Status of the store of a study."""

    study: str
    path: Path
    replications: int
    """Replications of every cell that the study has"""
    cells: tuple[CellStatus, ...]
    errors: tuple[Failure, ...]
    """Rows of status "error\""""
    sessions: tuple[dict[str, Any], ...]
    """Version, times and seconds of work of each run, and the changed code that it accepted"""


class ReplayResult(NamedTuple):
    """Result of replaying one replicate."""

    rows: tuple[Result, ...]
    columns: tuple[Quantity, ...]
    path: Path
    """The store that the rows are compared with"""
    stored: int
    """Rows of the replicate in the store"""
    different: tuple[str, ...]
    """Ids of methods whose row differs from the stored one"""


def status(name: str, options: Options) -> Status:
    """Status of the store of a study: progress, errors, and the runs that wrote to it.

    Parameters
    ----------
    name
        Of the study.
    options
        Those of its run; of these `quick`, `reps`, `shard` and `store` count.

    Raises
    ------
    StoreError
        Where there is no store.
    """
    from mlbalance.simulation.store import Store

    study = apply_options(find(name), options)
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
    """Replications for a Monte Carlo standard error of every mean of a study.

    Parameters
    ----------
    name
        Of the study.
    options
        Those of its run; of these `quick`, `reps`, `shard` and `store` count.
    target
        The Monte Carlo standard error, in the units of each quantity.

    Returns
    -------
    Per quantity the largest number of replications, and the "method, ridge, cell" that needs it.

    Raises
    ------
    StoreError
        Where there is no store.
    """
    from mlbalance.simulation.store import Store

    study = apply_options(find(name), options)
    with Store(store_path(study, options)) as store:
        return _replications(study, store, target)


def export(name: str, options: Options, target: Path) -> int:
    """Write every row of the store of a study as CSV, whole or not at all.

    Parameters
    ----------
    name
        Of the study.
    options
        Those of its run; of these `quick`, `reps`, `shard` and `store` count.
    target
        The file to write.

    Returns
    -------
    Number of rows.

    Raises
    ------
    StoreError
        Where there is no store.
    InputError
        If `target` is the store, or cannot be written.
    """
    from mlbalance.simulation.store import Store

    path = store_path(apply_options(find(name), options), options)
    if target.exists() and path.exists() and target.samefile(path):
        raise InputError(f"{target} is the store itself; give --csv another file.")
    with Store(path) as store, open_for_writing(target) as file:
        table = csv.writer(file, lineterminator="\n")
        columns = map(str, store.columns)
        table.writerow(["cell", "method", "ridge", "replicate", "status", *columns])
        count = 0
        for *key, outcome in store.table():
            table.writerow([*key, *map(repr, outcome.tolist())])
            count += 1
    return count


def replay(name: str, cell: str, replicate: int, options: Options) -> ReplayResult:
    """Run one replicate alone and compare it with the stored rows.

    Parameters
    ----------
    name
        Of the study.
    cell
        Id of the cell.
    replicate
        Number of the replicate, from 0.
    options
        Those of its run; of these `quick`, `shard` and `store` count.

    Raises
    ------
    InputError
        For an unknown cell or a negative number. Exceptions of the study are raised as they are.
    """
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
    return ReplayResult(tuple(rows), study.columns, path, len(stored), different)


def _replications(study: Study, store: Store, target: float) -> dict[str, tuple[int, str]]:
    """See `precision`."""
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
