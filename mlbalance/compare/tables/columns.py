"""Columns of a table: numbers or categories, by what their cells hold.

A column is numbers if every cell that is not missing is one; else its different texts are the
levels of a category. Missing are empty cells, NaN, None and the words NA, N/A, NaN, null and ?.
A missing number is imputed later, in each training fold; a missing category is a level of its own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from numbers import Number
from typing import Any

import numpy as np

from mlbalance.compare.tables.names import TableError, shown
from mlbalance.inputs import FloatArray

__all__ = ["Column", "as_labels", "infer", "not_numbers"]

_MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nan", "null", "?"})
_TOO_LARGE = 1e100  # squares must be finite, as those of a standard deviation
_LONGEST_CLASS = 200
_DECIMAL_COMMA = re.compile(r"[+-]?\d+(,\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})*")
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})(\.0)?")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?"
    r"|\d{1,2}([-/.])\d{1,2}\2(\d{2}|\d{4})( .*)?"
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?"
    r"|\d{1,2}[ -][A-Za-z]{3,9}[ -,]+(\d{2}|\d{4})"
    r"|[A-Za-z]{3,9} \d{1,2}, ?\d{4}"
)


@dataclass(frozen=True)
class Column:
    """Name and kind of a feature; numbers have no levels.

    The level of a missing cell is the empty text.
    """

    name: str
    levels: tuple[str, ...] = ()
    """Texts of a category, the most frequent first; a cell is coded by its place among them."""

    def encode(self, cells: Any) -> FloatArray:
        """Numbers of the cells of this column, in these rows or new ones.

        Parameters
        ----------
        cells
            (n,) cells.

        Returns
        -------
        (n,) numbers, NaN where one is missing, or codes of levels; L, their number, for a level
        that is not among them.

        Raises
        ------
        TableError
            For a column of numbers with a cell that is none.
        """
        found = _plain(np.asarray(cells), self.name)
        if self.levels:
            code = {level: float(at) for at, level in enumerate(self.levels)}
            return np.array([code.get(text, len(code)) for text in _texts(found)])
        if isinstance(found, list):
            numbers = _numbers(found)
            if numbers is None:
                alien = shown(next(not_numbers(found)))
                raise TableError(
                    f"Column {shown(self.name)} holds numbers; {alien} is none. Leave such a cell "
                    "empty."
                )
            return numbers
        return found


def infer(name: str, cells: Any) -> tuple[Column, FloatArray]:
    """Kind of a column, and its cells as numbers.

    Parameters
    ----------
    name
        Name of the column.
    cells
        (n,) cells: an array of numbers, truth values, text or Python objects, or a categorical.

    Returns
    -------
    The column, and its (n,) encoded cells, as `Column.encode` gives them.

    Raises
    ------
    TableError
        For dates, times, and cells that are neither numbers nor text.
    """
    found = _plain(np.asarray(cells), name)
    categorical = str(getattr(cells, "dtype", "")).lower().startswith(("categor", "enum"))
    if categorical:
        found = _texts(found)
    if not isinstance(found, list):
        return Column(name), found
    numbers = None if categorical else _numbers(found)
    if numbers is not None:
        return Column(name), numbers
    times = Counter(found)
    _refuse_dates(name, [text for text in times if text])
    column = Column(name, tuple(sorted(times, key=lambda text: (-times[text], text))))
    return column, column.encode(np.array(found, dtype=object))


def as_labels(name: str, cells: Any) -> tuple[list[int] | list[str], list[bool]]:
    """Class labels: integers if all are whole numbers written as such, else text.

    Parameters
    ----------
    name
        Name of the target.
    cells
        (n,) cells, as for `infer`.

    Returns
    -------
    Labels of the rows that have one, and (n,) whether a row has one.

    Raises
    ------
    TableError
        For dates, labels of over 200 characters, and cells that are neither numbers nor text.
    """
    texts = _texts(_plain(np.asarray(cells), name))
    known = [text for text in texts if text]
    distinct = dict.fromkeys(known)
    _refuse_dates(name, list(distinct))
    longest = max(distinct, key=len, default="")
    if len(longest) > _LONGEST_CLASS:
        raise TableError(
            f"The target {shown(name)} holds a text of {len(longest)} characters; names of classes "
            f"have up to {_LONGEST_CLASS}. Name the column of the classes."
        )
    there = [bool(text) for text in texts]
    if all(map(_WHOLE.fullmatch, distinct)):
        return [int(text.removesuffix(".0")) for text in known], there
    return known, there


def not_numbers(texts: Iterable[str]) -> Iterator[str]:
    """Texts that are neither numbers nor missing."""
    return (text for text in texts if text and _numbers([text]) is None)


def _plain(cells: Any, name: str) -> FloatArray | list[str]:
    """Cells as floats, or as text that is empty where one is missing."""
    if cells.ndim != 1:
        raise TableError(
            f"Column {shown(name)} must hold one value per row; its shape is {cells.shape}."
        )
    if cells.dtype.kind in "iuf":
        return _finite(cells.astype(float))
    if cells.dtype.kind in "mM":
        _refuse_dates(name, [str(cells[0])], known=True)
    if cells.dtype.kind in "TU":
        texts = cells.tolist()
        known = {text: _known(text) for text in dict.fromkeys(texts)}
        return [known[text] for text in texts]
    if cells.dtype.kind not in "bO":
        raise TableError(
            f"Column {shown(name)} is of type {cells.dtype}; numbers, text and truth values are "
            "allowed. Convert it or leave it out."
        )
    return [_text(cell, name) for cell in cells.tolist()]


def _known(text: str) -> str:
    text = text.strip()
    return "" if text.casefold() in _MISSING else text


def _text(cell: Any, name: str) -> str:
    if isinstance(cell, str):
        return _known(cell)
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(cell, date | time | timedelta | np.datetime64):
        _refuse_dates(name, [str(cell)], known=True)
    if isinstance(cell, bool | np.bool_) or (isinstance(cell, Number) and cell == cell):
        return str(cell)
    if isinstance(cell, Number):
        return ""
    raise TableError(
        f"Column {shown(name)} holds a {type(cell).__name__}; numbers, text and truth values are "
        "allowed. Convert it or leave it out."
    )


def _texts(found: FloatArray | list[str]) -> list[str]:
    if isinstance(found, list):
        return found
    whole = np.isnan(found) | (found == np.floor(found)) & (np.abs(found) < 2**53)
    if whole.all():
        return ["" if cell != cell else str(int(cell)) for cell in found.tolist()]
    return ["" if cell != cell else repr(cell) for cell in found.tolist()]


def _numbers(texts: list[str]) -> FloatArray | None:
    """Floats of texts, NaN where they are empty; None if one is not a number."""
    try:
        found = np.array([float(text) if text else np.nan for text in texts])
        if "_" not in "".join(texts):  # Python's 1_000
            return _finite(found)
    except ValueError:
        pass
    known = dict.fromkeys(text for text in texts if text)
    if all(map(_DECIMAL_COMMA.fullmatch, known)) and not all(map(_THOUSANDS.fullmatch, known)):
        return _numbers([text.replace(",", ".") for text in texts])
    return None


def _finite(numbers: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(numbers) < _TOO_LARGE, numbers, np.nan) + 0.0  # no negative zero


def _refuse_dates(name: str, distinct: Iterable[str], *, known: bool = False) -> None:
    found = list(distinct)
    if found and (known or all(map(_DATE.fullmatch, found))):
        raise TableError(
            f"Column {shown(name)} holds dates or times, such as {shown(found[0])}; features and "
            "classes are numbers or categories. Leave it out, or give numbers in its place, such "
            "as days since a day, or the month."
        )
