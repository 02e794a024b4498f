"""Cells of text in rows: CSV and its relatives, by the standard library."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from mlbalance.compare.tables.names import TableError, check_names

__all__ = ["read_columns"]

_DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_ROWS_AT_ONCE = 4096


def read_columns(
    raw: bytes, encoding: str, name: str
) -> tuple[tuple[str, ...], tuple[Any, ...], str]:
    """Columns of text in rows, the first of them the header.

    Parameters
    ----------
    raw
        The text, in the encoding.
    encoding
        Name of the encoding.
    name
        The file, for messages.

    Returns
    -------
    (d,) names, d arrays (n,) of text, and what separates cells.

    Raises
    ------
    TableError
        For rows of different lengths, quotes out of place, no rows, or names that repeat.
    """
    delimiter = _delimiter(raw, encoding)
    reader = _reader(raw, encoding, delimiter)
    rows = (row for row in reader if row)
    try:
        header = check_names(next(rows, []), name)
        chunks = list(_chunks(rows, reader, len(header), name))
    except csv.Error as error:
        raise TableError(
            f"Line {reader.line_num} of {name} is not CSV ({error}). Put cells that hold quotes, "
            f"{_DELIMITERS[delimiter]} or line ends into quotes, and double the quotes inside."
        ) from None
    if not chunks:
        raise TableError(f"{name} has a header and no rows. Give a file with rows.")
    columns = tuple(np.concatenate(parts) for parts in zip(*chunks, strict=True))
    return header, columns, _DELIMITERS[delimiter]


def _reader(raw: bytes, encoding: str, delimiter: str) -> Any:
    # newline="": line ends inside quotes belong to the cell
    text = io.TextIOWrapper(io.BytesIO(raw), encoding=encoding, newline="")
    return csv.reader(text, delimiter=delimiter, strict=True, skipinitialspace=True)


def _delimiter(raw: bytes, encoding: str) -> str:
    """Delimiter by which the first rows have as many cells as the header, and those the most."""

    def grade(delimiter: str) -> tuple[bool, int]:
        try:
            rows = islice(filter(None, _reader(raw, encoding, delimiter)), 20)
            widths = [len(row) for row in rows]
        except csv.Error:
            return False, 0
        several = widths[:1] > [1]
        return several and len(set(widths)) == 1, widths[0] if several else 0

    return max(_DELIMITERS, key=grade)  # the first of equals


def _chunks(rows: Iterator[list[str]], reader: Any, width: int, name: str) -> Iterator[list[Any]]:
    """Columns of some rows at a time: arrays take less memory than lists of text."""
    block: list[list[str]] = []
    for row in rows:
        if len(row) != width:
            raise TableError(
                f"Line {reader.line_num} of {name} has {len(row)} cell{'s'[: len(row) != 1]}; the "
                f"header has {width}. Give every row as many; a cell that holds the delimiter "
                "needs quotes."
            )
        block.append(row)
        if len(block) == _ROWS_AT_ONCE:
            yield _arrays(block)
            block = []
    if block:
        yield _arrays(block)


def _arrays(rows: list[list[str]]) -> list[Any]:
    return [np.array(cells, dtype=np.dtypes.StringDType()) for cells in zip(*rows, strict=True)]
