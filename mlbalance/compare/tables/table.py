"""A user's table: features, labels, and what was seen in it.

The features are one array of floats: numbers with NaN where one is missing, categories as codes.
What must be learned from data (medians, levels, scales) is left to `Table.preprocessor`, which is
fitted in each training fold and never sees a test row. What is decided on all rows needs no label
but for the check of columns that give the label away.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance.compare.tables.columns import Column, as_labels, infer
from mlbalance.compare.tables.description import on_cells, on_classes, on_columns, on_rows
from mlbalance.compare.tables.files import read_cells
from mlbalance.compare.tables.names import TableError, check_names, listed, place_of, shown
from mlbalance.compare.tables.screening import constant, count_pairs, identifier, refuse_target
from mlbalance.extras import require
from mlbalance.inputs import FloatArray, IntArray

__all__ = ["Table", "check_folds", "encode", "from_arrays", "read"]

_MOST_CLASSES = 100
_MOST_LEVELS = 30
"""Levels with a column of their own in a fold; the rarest share one."""


@dataclass(frozen=True, eq=False)
class Table:
    """Features and labels of n rows, with what was seen and done."""

    X: FloatArray
    """(n, d) numbers, NaN where one is missing, and codes of categories"""
    y: npt.NDArray[Any]
    """(n,) labels, integers or text"""
    columns: tuple[Column, ...]
    """Names and levels of the d features"""
    target: str
    """Name of the target"""
    notes: tuple[str, ...]
    """Sentences on what was seen and done"""

    @property
    def names(self) -> tuple[str, ...]:
        """(d,) names of the features."""
        return tuple(column.name for column in self.columns)

    def preprocessor(self) -> Any:
        """Unfitted scikit-learn transformer of `X` into finite numbers.

        Fitted on training rows alone: a missing number becomes their median, and numbers get mean 0
        and standard deviation 1. A category becomes one 0/1 column per level but the first; a
        missing cell is a level of its own, levels beyond the 30 most frequent share a column, and
        a level without training row counts as the most frequent one. Columns that are constant in
        the training rows are dropped, so that the rest can be identified without a ridge.

        Returns
        -------
        `sklearn.pipeline.Pipeline`

        Raises
        ------
        MissingExtraError
            Without scikit-learn.
        """
        require("Comparing methods", "sklearn")
        from sklearn.compose import ColumnTransformer
        from sklearn.feature_selection import VarianceThreshold
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

        numbers = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
        )
        categories = make_pipeline(
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(drop="first", max_categories=_MOST_LEVELS, sparse_output=False),
        )
        kinds = np.array([bool(column.levels) for column in self.columns])
        parts = (("numbers", numbers, ~kinds), ("categories", categories, kinds))
        return make_pipeline(
            ColumnTransformer([(n, part, np.flatnonzero(at)) for n, part, at in parts if at.any()]),
            VarianceThreshold(),
        )


def encode(columns: Sequence[Column], rows: Any) -> FloatArray:
    """Features of new rows, as in `Table.X`, for a fitted preprocessor.

    Parameters
    ----------
    columns
        (d,) columns of the table.
    rows
        DataFrame or mapping with columns of these names; others are ignored.

    Returns
    -------
    (m, d) numbers and codes.

    Raises
    ------
    TableError
        For a missing column, or one of numbers with a cell that is none.
    """
    names, cells = _split(rows)
    places = [place_of(column.name, names, "The new rows have") for column in columns]
    encoded = [column.encode(cells[at]) for column, at in zip(columns, places, strict=True)]
    return np.column_stack(encoded)


def read(
    path: str | os.PathLike[str],
    target: str,
    *,
    drop: Iterable[str] = (),
    keep: Iterable[str] = (),
) -> Table:
    """Table of a CSV, TSV or Parquet file.

    Parameters
    ----------
    path
        The file; see `files.read_cells`.
    target
        Name of the column of labels.
    drop
        Names of columns to leave out.
    keep
        Names of columns to keep although they look like identifiers, text or the target.

    Returns
    -------
    The table.

    Raises
    ------
    TableError
        For what cannot be read, or cannot be compared on.
    MissingExtraError
        For Parquet without pyarrow.
    """
    names, cells, notes = read_cells(path)
    where = f"{shown(Path(path).name)} has"
    at = place_of(target, names, where)
    rest = [j for j in range(len(names)) if j != at]
    features = [(names[j], cells[j]) for j in rest]
    return _table(features, (names[at], cells[at]), where, set(drop), set(keep), list(notes))


def from_arrays(X: Any, y: Any, *, drop: Iterable[str] = (), keep: Iterable[str] = ()) -> Table:
    """Table of arrays or DataFrames.

    Parameters
    ----------
    X
        (n, d) features: an array, a DataFrame of pandas or polars, a table of pyarrow, or a mapping
        from names to columns.
    y
        (n,) labels: integers, text or truth values.
    drop, keep
        Names of columns, as for `read`; those of an array are x0, x1, ...

    Returns
    -------
    The table.

    Raises
    ------
    TableError
        For what cannot be compared on.
    """
    names, cells = _split(X)
    if not names:
        raise TableError("X has no features; a column at least is needed.")
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise TableError(f"Labels y must have shape (n,); theirs is {labels.shape}. Give one each.")
    rows = {len(column) for column in cells}
    if rows != {len(labels)}:
        raise TableError(
            f"X and y must have the same number of rows; they have {sorted(rows)} and "
            f"{len(labels)}."
        )
    name = str(getattr(y, "name", None) or "y")
    features = list(zip(names, cells, strict=True))
    return _table(features, (name, labels), "X has", set(drop), set(keep), [])


def check_folds(y: npt.ArrayLike, folds: int) -> None:
    """Check that every fold can have a row of every class.

    Parameters
    ----------
    y
        (n,) labels.
    folds
        Number of folds.

    Raises
    ------
    TableError
        For a class with fewer rows than folds.
    """
    names, counts = np.unique(np.asarray(y), return_counts=True)
    small = np.flatnonzero(counts < folds)
    if small.size == 0:
        return
    each = [f"{shown(names[k])} ({counts[k]})" for k in small]
    # Of two rows one would be left to train on, and none beside it to choose a ridge by.
    fewer = f"Take {counts.min()} folds, merge" if counts.min() > 2 else "Merge"
    raise TableError(
        f"{folds} folds need {folds} rows of every class; fewer have: {listed(each)}. {fewer} such "
        "a class with another, or drop its rows."
    )


def _split(X: Any) -> tuple[tuple[str, ...], list[Any]]:
    """Names and columns of anything like a table."""
    if hasattr(X, "toarray"):
        raise TableError("X is sparse; a dense table is needed. Give X.toarray().")
    if isinstance(X, Mapping):
        names, cells = list(X), [np.asarray(column) for column in X.values()]
    elif hasattr(X, "iloc"):  # pandas: two columns may have one name
        names, cells = list(X.columns), [X.iloc[:, j] for j in range(len(X.columns))]
    elif hasattr(X, "get_columns"):  # polars
        names, cells = list(X.columns), X.get_columns()
    elif hasattr(X, "column_names"):  # pyarrow
        names, cells = list(X.column_names), [np.asarray(column) for column in X.columns]
    else:
        array = np.asarray(X)
        if array.ndim != 2:
            raise TableError(f"Features X must have shape (n, d); theirs is {array.shape}.")
        names, cells = [f"x{j}" for j in range(array.shape[1])], list(array.T)
    return check_names(names, "X"), cells


def _table(
    features: list[tuple[str, Any]],
    target: tuple[str, Any],
    where: str,
    drop: set[str],
    keep: set[str],
    notes: list[str],
) -> Table:
    for name in sorted(drop | keep):
        place_of(name, [name for name, _ in features], where)
    labels, there = as_labels(*target)
    y = np.array(labels)
    codes = _classes(target[0], y)
    left_out: dict[str, list[str]] = {"asked for": sorted(drop)} if drop else {}
    found: list[tuple[Column, FloatArray]] = []
    suspects = []
    for name, cells in features:
        if name in drop:
            continue
        column, every = infer(name, cells)
        values = every[there]
        distinct, pairs = count_pairs(values, codes)
        reason = constant(column, values)
        if name not in keep and not reason:
            if distinct == pairs == codes.max() + 1:
                refuse_target(name, target[0])
            reason = identifier(column, values, distinct)
        if reason:
            left_out.setdefault(reason, []).append(name)
            continue
        found.append((column, values))
        if pairs == distinct <= len(values) / 10:
            suspects.append(name)
    notes += on_columns(left_out, suspects, target[0])
    if not found:
        raise TableError(f"{where} no feature left: {' '.join(notes)} Give columns that differ.")
    X = np.column_stack([values for _, values in found])
    columns = tuple(column for column, _ in found)
    said = [*on_classes(target[0], y, there), *on_rows(X, codes), *on_cells(X, columns)]
    return Table(X, y, columns, target[0], (*said, *notes))


def _classes(target: str, y: npt.NDArray[Any]) -> IntArray:
    names, codes = np.unique(y, return_inverse=True)
    if len(names) == 0:
        raise TableError(f"No row has a value of the target {shown(target)}. Name another column.")
    if len(names) == 1:
        raise TableError(
            f"The target {shown(target)} has one class, {shown(names[0])}, in all {len(y)} rows; "
            "at least two are needed. Name another column or add rows of another class."
        )
    if len(names) > min(_MOST_CLASSES, len(y) / 2):
        raise TableError(
            f"The target {shown(target)} has {len(names)} distinct values in {len(y)} rows, such "
            f"as {shown(names[0])}; a class needs two rows on average, and up to {_MOST_CLASSES} "
            "classes are compared. Name a column of classes, or put ranges in place of a quantity."
        )
    return codes
