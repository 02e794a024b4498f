"""From outcomes of replicates to a table of performance with Monte Carlo standard errors."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError
from mlbalance.outputs import written
from mlbalance.simulation import performance
from mlbalance.simulation.performance import (
    Measured,
    mean_and_error,
    quantile_and_error,
    ratio_and_error,
)

if TYPE_CHECKING:
    from mlbalance.simulation.store import Outcomes
    from mlbalance.simulation.study import Cell, Study

__all__ = [
    "DEFAULT",
    "PERFORMANCE",
    "Row",
    "check_measures",
    "mean_and_error",
    "ratio_and_error",
    "read_rows",
    "summarise",
    "write_rows",
]


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
    """Replicates without the number for the recipe (or for the one it is compared with)."""


class Readable(Protocol):
    """Where outcomes are read from, as `Store`."""

    def read(self, cell: str) -> Mapping[tuple[str, float], Outcomes]:
        """Outcomes of a cell for each (recipe, ridge)."""


# --- what can be asked of a column ---------------------------------------------------------------


class Column(NamedTuple):
    """One column of a recipe on a cell, or an estimate with what belongs to it."""

    values: FloatArray
    """(R,) NaN where there is none"""
    dependence: float = 0.0
    estimate: bool = False
    """Whether it estimates something, rather than being a performance already"""
    truth: float = np.nan
    errors: FloatArray = np.empty(0)
    """(R,) model standard errors, if there are any"""
    pairs: FloatArray = np.empty((2, 0))
    """(2, R') values of this recipe and of the reference, on the replicates of both"""


class Performance(NamedTuple):
    """A measure, what a column must have for it, and whether some replicates may lack a value."""

    of: Callable[[Column], Measured]
    needs: tuple[str, ...] = ()
    """Of "estimate", "truth", "errors", "pairs", "independence"; the last of the replicates"""
    robust: bool = False

    def applies(self, column: Column) -> bool:
        """Whether the column has all that is needed."""
        has = {
            "estimate": column.estimate,
            "truth": not np.isnan(column.truth),
            "errors": column.errors.size > 0,
            "pairs": column.pairs.size > 0,
            "independence": column.dependence == 0,
        }
        return all(has[need] for need in self.needs)

    def used(self, column: Column) -> FloatArray:
        """The arrays (m, R) it is worked out from."""
        arrays = [*column.pairs] if "pairs" in self.needs else [column.values]
        return np.stack([*arrays, column.errors] if "errors" in self.needs else arrays)


def _quantile(share: float) -> Performance:
    return Performance(lambda c: quantile_and_error(c.values, share, c.dependence), robust=True)


_TRUE, _SE, _FREE = ("estimate", "truth"), ("estimate", "errors"), ("independence",)

PERFORMANCE: dict[str, Performance] = {
    "mean": Performance(lambda c: mean_and_error(c.values, c.dependence)),
    "median": _quantile(0.5),
    "lower quartile": _quantile(0.25),
    "upper quartile": _quantile(0.75),
    "bias": Performance(lambda c: performance.bias(c.values, c.truth, c.dependence), _TRUE),
    "empirical SE": Performance(lambda c: performance.empirical_se(c.values), _FREE),
    "MSE": Performance(lambda c: performance.mse(c.values, c.truth, c.dependence), _TRUE),
    "RMSE": Performance(lambda c: performance.rmse(c.values, c.truth, c.dependence), _TRUE),
    "model SE": Performance(lambda c: performance.model_se(c.errors), (*_SE, *_FREE)),
    "relative error of model SE": Performance(
        lambda c: performance.relative_error_of_model_se(c.values, c.errors), (*_SE, *_FREE)
    ),
    "coverage": Performance(
        lambda c: performance.coverage(c.values, c.errors, c.truth, dependence=c.dependence),
        (*_TRUE, "errors"),
    ),
    "bias-eliminated coverage": Performance(
        lambda c: performance.bias_eliminated_coverage(c.values, c.errors), (*_SE, *_FREE)
    ),
    "relative precision": Performance(
        lambda c: performance.relative_precision(*c.pairs), ("estimate", "pairs", *_FREE)
    ),
}
"""Measures by name, as a study may ask for them; formulas are in `performance`."""

DEFAULT = tuple(
    "bias,empirical SE,MSE,model SE,relative error of model SE,coverage,bias-eliminated coverage,"
    "relative precision".split(",")
)
"""What every estimate is summarised by, as far as it has what is needed."""

_DIFFERENCE = Performance(
    lambda c: mean_and_error(c.pairs[0] - c.pairs[1], c.dependence), ("pairs",)
)
_RATIO = Performance(lambda c: ratio_and_error(*c.pairs), ("pairs",))

_CALIBRATION = ("calibration slope", "calibration intercept")
"""Neither less nor more of these is better, and some replicates may have none."""

_WORST = dict.fromkeys(("log-loss", "error", "worst-class error", "excess risk", "Brier"), np.inf)
_WORST["AUC"] = -np.inf


def check_measures(names: Sequence[str]) -> None:
    """Raise `InputError` for a performance measure that is not known."""
    unknown = [name for name in names if name not in PERFORMANCE]
    if unknown:
        raise InputError(
            f"No performance measure is named {unknown[0]!r}; known are {', '.join(PERFORMANCE)}."
        )


# --- the summary ---------------------------------------------------------------------------------


def summarise(study: Study, store: Readable) -> list[Row]:
    """Performance of every recipe on every cell that the store holds, read cell by cell.

    - "P(no estimate)" counts what has not converged.
    - A plain column, such as "log-loss": its mean, by its own name, and "difference in ..." from
      the study's reference at the same ridge on the same replicates, recipe minus reference.
      "risk ratio" is instead the ratio of mean excess risks, recipe over reference. Calibration
      has a median besides its mean, and no difference.
    - A column "estimate NAME", with the model standard error "se NAME" if there is one and the
      cell's `truth[NAME]` if it has one: the `DEFAULT` measures as "bias of NAME", and so on.
    - `study.measures` are added for all columns that have what they need, as "RMSE of NAME" or
      "median of log-loss".

    Where a replicate has no number, means and all made of them have none either. Quantiles stay:
    there a failed fit counts as the worst possible loss or AUC, and where it is not known on which
    side it would lie (estimates, calibration), the error covers both. Replicates that share rows
    have no measures of spread, which would take them for independent.
    """
    rows = []
    for cell in study.cells:
        found = store.read(cell.name)
        for recipe in study.recipes_of(cell):
            key, other = ((name, recipe.ridge) for name in (recipe.name, study.reference))
            if key in found:
                base = None if key == other else found.get(other)
                reported = _rows(study, cell, found[key], base)
                rows += [Row(cell.name, key[0], float(key[1]), *row) for row in reported]
    return rows


_Reported = tuple[str, float, float, int, int]
"""Measure, value, error, replications, failures."""


def _rows(study: Study, cell: Cell, own: Outcomes, base: Outcomes | None) -> Iterator[_Reported]:
    failed = own.status != "converged"
    share = mean_and_error(failed.astype(float), cell.source.dependence)
    yield "P(no estimate)", *share, failed.size, int(failed.sum())
    columns = list(_columns(study, cell, own, base))
    for name, column in columns:
        if not column.estimate:
            yield from _reported(name, PERFORMANCE["mean"], column, failed, name)
        asked = DEFAULT if column.estimate else ("median",) if name in _CALIBRATION else ()
        for measure in dict.fromkeys((*asked, *study.measures)):
            if column.estimate or measure != "mean":
                label = f"{measure} of {name}"
                yield from _reported(label, PERFORMANCE[measure], column, failed, name)
    for name, column in columns:
        if column.estimate or name in _CALIBRATION:
            continue
        if name == "excess risk":
            yield from _reported("risk ratio", _RATIO, column, failed, name)
        else:
            yield from _reported(f"difference in {name}", _DIFFERENCE, column, failed, name)


def _columns(
    study: Study, cell: Cell, own: Outcomes, base: Outcomes | None
) -> Iterator[tuple[str, Column]]:
    """Plain columns by their name and estimates by that of what they estimate."""
    columns = {name: j for j, name in enumerate(study.columns)}
    values, pairs = _converged(own), np.empty((2, 0, len(columns)))
    if base is not None:
        _, one, other = np.intersect1d(own.replicates, base.replicates, return_indices=True)
        pairs = np.stack([values[one], _converged(base)[other]])
    for name, j in columns.items():
        kind, _, what = name.partition(" ")
        plain = Column(values[:, j], cell.source.dependence, pairs=pairs[:, :, j])
        if kind == "estimate":
            errors = values[:, columns[f"se {what}"]] if f"se {what}" in columns else np.empty(0)
            truth = float(cell.truth.get(what, np.nan))
            yield what, plain._replace(estimate=True, truth=truth, errors=errors)
        elif not (kind == "se" and f"estimate {what}" in columns) and (
            name != "excess risk" or cell.source.truth
        ):
            yield name, plain


def _converged(outcomes: Outcomes) -> FloatArray:
    """Values (R, columns), NaN where the fit failed, whatever was left behind."""
    return np.where((outcomes.status == "converged")[:, None], outcomes.values, np.nan)


def _reported(
    label: str, measure: Performance, column: Column, failed: npt.NDArray[np.bool_], name: str
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
    yield label, *estimate, used.shape[1], lost


# --- the table -----------------------------------------------------------------------------------


def write_rows(rows: list[Row], path: Path, header: str) -> None:
    """Write rows as CSV, whole or not at all, under a comment line with `header`."""
    with written(path) as file:
        file.write(f"# {header}\n")
        table = csv.writer(file, lineterminator="\n")
        table.writerow(Row._fields)
        for row in rows:
            table.writerow([f"{x:.6g}" if isinstance(x, float) else x for x in row])


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
