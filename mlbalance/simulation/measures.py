"""Estimates of performance with Monte Carlo standard errors, and the table that holds them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray, InputError
from mlbalance.simulation.engine import MEASURES, Results

__all__ = ["Row", "mean_and_error", "ratio_and_error", "read_rows", "summarise", "write_rows"]


class Row(NamedTuple):
    """One reported number.

    A mean over replicates of which some failed has no value: failures are counted, not dropped.
    """

    cell: str
    recipe: str
    ridge: float
    measure: str
    value: float
    error: float
    """Monte Carlo standard error of the value."""
    replications: int
    failures: int
    """Replicates without an estimate of the recipe (or of the one it is compared with)."""


def summarise(results: Results) -> list[Row]:
    """Means of all measures, P(no estimate), and the comparison with the study's reference.

    "difference in ..." is paired, recipe minus reference; "risk ratio" is the ratio of mean excess
    risks, recipe over reference at the same ridge, with the delta-method error of paired means.
    """
    return [row for key in results.values for row in _rows(results, *key)]


def mean_and_error(values: FloatArray, dependence: float = 0.0) -> tuple[float, float]:
    """Mean of replicates (R,) and its standard error (Morris et al. 2019, Table 6).

    With `dependence` c between replicates the variance of the mean is (1/R + c) times that of one
    (Nadeau & Bengio 2003, for overlapping training sets).
    """
    spread = values.std(ddof=1)
    return float(values.mean()), float(spread * np.sqrt(1 / values.size + dependence))


def ratio_and_error(over: FloatArray, under: FloatArray) -> tuple[float, float]:
    """Ratio of the means of paired replicates (R,) and its delta-method standard error."""
    ratio = over.mean() / under.mean()
    return float(ratio), mean_and_error(over - ratio * under)[1] / abs(float(under.mean()))


def write_rows(rows: list[Row], path: Path, header: str) -> None:
    """Write rows as CSV, whole or not at all, under a comment line with `header`."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {header}\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Row._fields)
        for row in rows:
            table.writerow([f"{x:.6g}" if isinstance(x, float) else x for x in row])
    part.replace(path)


def read_rows(path: Path) -> list[Row]:
    """Read what `write_rows` wrote. Raises `InputError` for another file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) < 2 or lines[1].split(",") != list(Row._fields):
            raise ValueError("no header")
        return [
            Row(c, r, float(lam), m, float(v), float(e), int(n), int(f))
            for c, r, lam, m, v, e, n, f in csv.reader(lines[2:])
        ]
    except ValueError:
        raise InputError(
            f"{path} is not a table of results. Run the study to make it anew."
        ) from None


def _rows(results: Results, cell: str, recipe: str, ridge: float) -> Iterator[Row]:
    values = results.values[cell, recipe, ridge]
    failed = results.status[cell, recipe, ridge] != "converged"
    source = next(c.source for c in results.study.cells if c.name == cell)
    size, failures = len(values), int(failed.sum())

    def row(measure: str, estimate: tuple[float, float], lost: int) -> Row:
        shown = (np.nan, np.nan) if lost and measure != "P(no estimate)" else estimate
        return Row(cell, recipe, ridge, measure, *shown, size, lost)

    yield row("P(no estimate)", mean_and_error(failed.astype(float), source.dependence), failures)
    for name, column in zip(MEASURES, values.T, strict=True):
        if name != "excess risk" or source.truth:
            yield row(name, mean_and_error(column, source.dependence), failures)
    reference = (cell, results.study.reference, ridge)
    if recipe == results.study.reference or reference not in results.values:
        return
    lost = int((failed | (results.status[reference] != "converged")).sum())
    base = results.values[reference]
    for name, column in zip(MEASURES[:3], (values - base).T[:3], strict=True):
        yield row(f"difference in {name}", mean_and_error(column, source.dependence), lost)
    if source.truth:
        yield row("risk ratio", ratio_and_error(values[:, 3], base[:, 3]), lost)
