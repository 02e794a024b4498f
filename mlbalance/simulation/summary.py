"""From outcomes of replicates to a table of performance with Monte Carlo standard errors."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError
from mlbalance.outputs import written
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
    """Where outcomes are read from, as `Store`."""

    def read(self, cell: str) -> Mapping[tuple[str, float], Outcomes]:
        """Outcomes of a cell for each (method, ridge)."""


_CALIBRATION = ("calibration slope", "calibration intercept")
"""Neither less nor more of these is better, and some replicates may have none."""

_WORST = dict.fromkeys(("log-loss", "error", "worst-class error", "excess risk", "Brier"), np.inf)
_WORST["AUC"] = -np.inf


def summarise(study: Study, store: Readable) -> Summary:
    """Performance of every method on every cell that the store holds, read cell by cell.

    - "P(no estimate)" counts what has not converged.
    - A value, such as the log-loss: its "mean", and the "difference" from the study's reference at
      the same ridge on the same replicates, method minus reference. Of the excess risk it is
      instead the "ratio" of means, method over reference. Calibration has a "median" besides its
      mean, and no difference.
    - An estimate, with its model standard error if there is one and the cell's `truth[estimand]`
      if it has one: the `DEFAULT` measures, "bias" and so on.
    - `study.measures` are added for all that have what they need, as "RMSE" or "median".

    Where a replicate has no number, means and all made of them have none either. Quantiles stay:
    there a failed fit counts as the worst possible loss or AUC, and where it is not known on which
    side it would lie (estimates, calibration), the error covers both. Replicates that share rows
    have no measures of spread, which would take them for independent.
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


_Reported = tuple[str, str, float, float, int, int]
"""Metric, estimand, value, error, replicates, failures."""


def _rows(study: Study, cell: Cell, own: Outcomes, base: Outcomes | None) -> Iterator[_Reported]:
    failed = own.status != "converged"
    share = mean_and_error(failed.astype(float), cell.source.dependence)
    yield "P(no estimate)", "", *share, failed.size, int(failed.sum())
    columns = list(_columns(study, cell, own, base))
    for name, column in columns:
        calibration = name in _CALIBRATION
        asked = DEFAULT if column.estimate else ("mean", "median") if calibration else ("mean",)
        for metric in dict.fromkeys((*asked, *study.measures)):
            yield from _reported(metric, PERFORMANCE[metric], column, failed, name)
    for name, column in columns:
        if column.estimate or name in _CALIBRATION:
            continue
        if name == "excess risk":
            yield from _reported("ratio", RATIO, column, failed, name)
        else:
            yield from _reported("difference", DIFFERENCE, column, failed, name)


def _columns(
    study: Study, cell: Cell, own: Outcomes, base: Outcomes | None
) -> Iterator[tuple[str, Column]]:
    """Values and estimates by what they are of."""
    columns = {quantity: j for j, quantity in enumerate(study.columns)}
    values, pairs = _converged(own), np.empty((2, 0, len(columns)))
    if base is not None:
        _, one, other = np.intersect1d(own.replicates, base.replicates, return_indices=True)
        pairs = np.stack([values[one], _converged(base)[other]])
    for (name, kind), j in columns.items():
        plain = Column(values[:, j], cell.source.dependence, pairs=pairs[:, :, j])
        if kind == "estimate":
            at = columns.get(Quantity(name, "se"))
            errors = np.empty(0) if at is None else values[:, at]
            truth = float(cell.truth.get(name, np.nan))
            yield name, plain._replace(estimate=True, truth=truth, errors=errors)
        elif kind == "value" and (name != "excess risk" or cell.source.truth):
            yield name, plain


def _converged(outcomes: Outcomes) -> FloatArray:
    """Values (R, columns), NaN where the fit failed, whatever was left behind."""
    return np.where((outcomes.status == "converged")[:, None], outcomes.values, np.nan)


def _reported(
    metric: str, measure: Performance, column: Column, failed: npt.NDArray[np.bool_], name: str
) -> Iterator[_Reported]:
    """The row of a measure, if it applies."""
    if not measure.applies(column):
        return
    used = measure.used(column)
    lost = int(np.isnan(used).any(axis=0).sum())
    estimate = (np.nan, np.nan)
    if measure.robust:
        worst = np.nan if column.estimate else _WORST.get(name, np.nan)
        column = column._replace(values=np.where(failed, worst, column.values))
    if measure.robust or not lost:
        # Infinite estimates have no mean and no spread, which NaN says well enough.
        with np.errstate(invalid="ignore", divide="ignore"):
            estimate = measure.of(column)
    yield metric, name, *estimate, used.shape[1], lost


# --- the table -----------------------------------------------------------------------------------

_AFTER = ROW_FIELDS[1:]
"""Columns after the factors."""


def write_rows(rows: Summary, path: Path, header: str) -> None:
    """Write rows as CSV, whole or not at all, under a comment line with `header`.

    Factors are columns after the cell's.
    """
    with written(path) as file:
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
    """Read what `write_rows` wrote. Raises `InputError` for another file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        head, *table = csv.reader(lines[1:])
        factors = head[1 : -len(_AFTER)]
        if head != [ROW_FIELDS[0], *factors, *_AFTER]:
            raise ValueError("no header")
        return Summary(_row_of(cells, factors) for cells in table)
    except ValueError:
        raise InputError(
            f"{path} is not a table of results. Run the study to make it anew."
        ) from None


def _row_of(cells: list[str], factors: list[str]) -> Row:
    cell, *values = cells
    known = dict(zip(factors, map(_factor_of, values), strict=False))
    method, ridge, metric, estimand, value, mcse, n, failures = values[len(factors) :]
    numbers = float(value), float(mcse), int(n), int(failures)
    return Row(cell, known, method, float(ridge), metric, estimand, *numbers)


def _factor_as_text(value: Any) -> str:
    """A factor in a table: texts that read as numbers are quoted."""
    if isinstance(value, str) and _factor_of(value) == value:
        return value
    return json.dumps(value)


def _factor_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
