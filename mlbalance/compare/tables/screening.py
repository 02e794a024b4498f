"""Columns that are no features: empty, constant, identifiers, free text, the target itself."""

from __future__ import annotations

import re
from typing import NoReturn

import numpy as np

from mlbalance.compare.tables.columns import Column, not_numbers
from mlbalance.compare.tables.names import TableError, shown
from mlbalance.inputs import FloatArray, IntArray

__all__ = ["constant", "count_pairs", "identifier", "refuse_target"]

_MOST_TEXTS = 1000
_FEW_ROWS = 20  # fewer rows say nothing about how a column goes on
_IDENTIFIER = re.compile(r"(.*[^a-z])?(id|uuid|guid|index|idx|row ?names?)", re.IGNORECASE)
_CAMEL_CASE = re.compile(r".*[a-z](ID|Id)")


def constant(column: Column, values: FloatArray) -> str:
    """Reason to leave a column out that has one value or none; empty for any other."""
    missing = np.isnan(values) if not column.levels else values == _code_of_missing(column)
    if missing.all():
        return "every cell is missing"
    differ = values[~missing]
    # a category that is missing in some rows differs between rows
    return "constant" * bool((differ == differ[0]).all() and not (column.levels and missing.any()))


def count_pairs(values: FloatArray, y: IntArray) -> tuple[int, int]:
    """Numbers of different values (n,) and of different pairs of a value and a label 0..K-1."""
    distinct, places = np.unique(values, return_inverse=True)
    n_classes = int(y.max()) + 1
    return len(distinct), int(np.count_nonzero(np.bincount(places * n_classes + y)))


def identifier(column: Column, values: FloatArray, distinct: int) -> str:
    """Reason to leave a column out that names rows instead of describing them, or empty.

    Parameters
    ----------
    column
        The column.
    values
        (n,) encoded cells.
    distinct
        Number of different values.

    Returns
    -------
    One of: identifier, free text, groups of rows, or nothing.
    """
    n = len(values)
    whole = bool(column.levels) or bool((values == np.floor(values)).all())
    named = bool(_IDENTIFIER.fullmatch(column.name) or _CAMEL_CASE.fullmatch(column.name))
    if column.levels:
        example = shown(next(not_numbers(column.levels), column.levels[0]))
        if distinct == n:
            return f"a different text in every row, such as {example}"
        if distinct > min(n / 2, _MOST_TEXTS):
            return f"mostly different texts, such as {example}"
    elif whole and distinct == n and n >= _FEW_ROWS:
        steps = np.diff(values)
        runs = np.ptp(values) == n - 1
        if named or runs or (steps > 0).all() or (steps < 0).all():
            return "a different whole number in every row, as an identifier"
    if named and whole and distinct >= _FEW_ROWS:
        return "an identifier by its name, of groups of rows that a split may tear apart"
    return ""


def refuse_target(name: str, target: str) -> NoReturn:
    """Refuse a column whose values correspond one-to-one to the classes."""
    raise TableError(
        f"Column {shown(name)} is the target {shown(target)} under other names: each of its values "
        "goes with one class, so it gives the label away (leakage). Leave it out (drop), and every "
        "other column that is not known before the label."
    )


def _code_of_missing(column: Column) -> float:
    return column.levels.index("") if "" in column.levels else -1.0
