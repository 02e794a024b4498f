"""Summary of a study: performance of methods over replicates, with Monte Carlo standard errors."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError
from mlbalance.outputs import open_for_writing
from mlbalance.simulation.measures import (
    DEFAULT,
    DIFFERENCE,
    PERFORMANCE,
    RATIO,
    Column,
    Performance,
)
from mlbalance.simulation.performance import mean_and_error
from mlbalance.simulation.records import ROW_FIELDS, Outcomes, Quantity, Row, Summary
from mlbalance.simulation.study import Cell, Study

__all__ = ["read_rows", "summarise", "write_rows"]


class Readable(Protocol):
    """A source of outcomes, as `Store`."""

    def read(self, cell: str) -> Mapping[tuple[str, float], Outcomes]:
        """Outcomes of a cell by (method id, ridge)."""


_CALIBRATION = ("calibration slope", "calibration intercept")
"""Outcomes of which neither less nor more is better; some replicates may have none."""

_WORST = dict.fromkeys(("log-loss", "error", "worst-class error", "excess risk", "Brier"), np.inf)
_WORST["AUC"] = -np.inf


def summarise(study: Study, store: Readable) -> Summary:
    """Performance of every method on every cell that the store holds.

    - "P(no estimate)" is the share of replicates without an estimate.
    - A value, such as the log-loss: its "mean", and the "difference" from the study's reference at
      the same ridge on the same replicates, method minus reference, if it is one of
      `study.differences` or these are not given. For the excess risk it is the
      "ratio" of means instead, method over reference. Calibration has a "median" in addition to
      its mean, and no difference.
    - An estimate, with its model standard error and the cell's `truth[estimand]` if there are any:
      the `DEFAULT` measures, "bias" and so on.
    - `study.measures`, such as "RMSE" or "median", for all quantities that have what they need.

    Where a replicate has no number, measures that are functions of means have none either.
    Quantiles exist: there a failed fit counts as the worst possible loss or AUC, and where its side
    is unknown (estimates, calibration) the error allows for both. Replicates that share rows have
    no measures of spread, which need independence.

    Parameters
    ----------
    study : Study
    store : Store
        Or anything with its `read`; read cell by cell.
    """
    rows = []
    for cell in study.cells:
        found = store.read(cell.id)
        for method in study.methods_of(cell):
            id, ridge = key = method.key
            if key in found:
                other = study.reference, ridge
                base = None if key == other else found.get(other)
                reported = _rows(study, cell, found[key], base)
                rows += [Row(cell.id, cell.factors, id, ridge, *row) for row in reported]
    return Summary(rows)


_Report = tuple[str, str, float, float, int, int]
"""Metric, estimand, value, error, replicates, failures."""


def _rows(study: Study, cell: Cell, own: Outcomes, base: Outcomes | None) -> Iterator[_Report]:
    failed = own.status != "converged"
    share = mean_and_error(failed.astype(float), cell.source.dependence)
    yield "P(no estimate)", "", *share, failed.size, int(failed.sum())
    columns = list(_columns(study, cell, own, base))
    for name, column in columns:
        calibration = name in _CALIBRATION
        usual = DEFAULT if column.estimate else ("mean", "median") if calibration else ("mean",)
        for metric in dict.fromkeys((*usual, *study.measures)):
            yield from _report(metric, PERFORMANCE[metric], column, failed, name)
    for name, column in columns:
        if column.estimate or name in _CALIBRATION:
            continue
        if study.differences and name not in study.differences:
            continue
        if name == "excess risk":
            yield from _report("ratio", RATIO, column, failed, name)
        else:
            yield from _report("difference", DIFFERENCE, column, failed, name)


def _columns(
    study: Study, cell: Cell, own: Outcomes, base: Outcomes | None
) -> Iterator[tuple[str, Column]]:
    """Columns of values and estimates, each with its name."""
    columns = {quantity: j for j, quantity in enumerate(study.columns)}
    values, pairs = _converged_values(own), np.empty((2, 0, len(columns)))
    if base is not None:
        _, one, other = np.intersect1d(own.replicates, base.replicates, return_indices=True)
        pairs = np.stack([values[one], _converged_values(base)[other]])
    for (name, kind), j in columns.items():
        plain = Column(values[:, j], cell.source.dependence, pairs=pairs[:, :, j])
        if kind == "estimate":
            at = columns.get(Quantity(name, "se"))
            errors = np.empty(0) if at is None else values[:, at]
            truth = float(cell.truth.get(name, np.nan))
            yield name, plain._replace(estimate=True, truth=truth, errors=errors)
        elif kind == "value" and (name != "excess risk" or cell.source.truth):
            yield name, plain


def _converged_values(outcomes: Outcomes) -> FloatArray:
    """Values (R, columns), NaN where the fit failed."""
    return np.where((outcomes.status == "converged")[:, None], outcomes.values, np.nan)


def _report(
    metric: str, measure: Performance, column: Column, failed: npt.NDArray[np.bool_], name: str
) -> Iterator[_Report]:
    """Fields of the row of a measure, if it applies."""
    if not measure.applies(column):
        return
    used = measure.arrays(column)
    lost = int(np.isnan(used).any(axis=0).sum())
    estimate = (np.nan, np.nan)
    if measure.robust:
        worst = np.nan if column.estimate else _WORST.get(name, np.nan)
        column = column._replace(values=np.where(failed, worst, column.values))
    if measure.robust or not lost:
        # Infinite estimates have neither mean nor spread: NaN, without a warning.
        with np.errstate(invalid="ignore", divide="ignore"):
            estimate = measure.of(column)
    yield metric, name, *estimate, used.shape[1], lost


# --- the table -----------------------------------------------------------------------------------

_AFTER = ROW_FIELDS[1:]
"""Columns of the table after the factors."""


def write_rows(rows: Summary, path: Path, header: str) -> None:
    """Write a summary as CSV, whole or not at all.

    Parameters
    ----------
    rows : Summary
        Factors are columns after that of the cell.
    path : Path
        The file.
    header : str
        First line, as a comment.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with open_for_writing(path) as file:
        file.write(f"# {header}\n")
        table = csv.writer(file, lineterminator="\n")
        first = next(iter(rows.values()), None)
        table.writerow([ROW_FIELDS[0], *(first.factors if first else ()), *_AFTER])
        for row in rows.values():
            factors = map(_factor_as_text, row.factors.values())
            values = (getattr(row, name) for name in _AFTER)
            table.writerow(
                [row.cell, *factors, *(f"{x:.6g}" if isinstance(x, float) else x for x in values)]
            )


def read_rows(path: Path) -> Summary:
    """Read a summary.

    Parameters
    ----------
    path : Path
        A file of `write_rows`.

    Raises
    ------
    InputError
        For a file of another format.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        head, *table = csv.reader(lines[1:])
        factors = head[1 : -len(_AFTER)]
        if head != [ROW_FIELDS[0], *factors, *_AFTER]:
            raise ValueError("no header")
        return Summary(_row_of(cells, factors) for cells in table)
    except ValueError:
        raise InputError(
            f"{path} is not a table of results. Run the study to write it again."
        ) from None


def _row_of(cells: list[str], factors: list[str]) -> Row:
    cell, *values = cells
    known = dict(zip(factors, map(_factor_of, values), strict=False))
    method, ridge, metric, estimand, value, mcse, n, failures = values[len(factors) :]
    numbers = float(value), float(mcse), int(n), int(failures)
    return Row(cell, known, method, float(ridge), metric, estimand, *numbers)


def _factor_as_text(value: Any) -> str:
    """A factor as text in a table; strings that look like JSON values are quoted."""
    if isinstance(value, str) and _factor_of(value) == value:
        return value
    return json.dumps(value)


def _factor_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
