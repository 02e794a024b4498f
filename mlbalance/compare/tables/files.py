"""Files of a table: bytes, encoding, delimiter, cells.

CSV and its relatives are read by the standard library, Parquet by pyarrow. A file is read whole or
refused; what was decided (encoding, delimiter, compression) is said in notes.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import stat
import zlib
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from mlbalance.compare.tables.delimited import read_columns
from mlbalance.compare.tables.names import TableError, check_names, shown
from mlbalance.extras import require

__all__ = ["Cells", "read_cells"]

_MOST_BYTES = 2**26
"""Largest file, after decompression: its cells take up to 25 times as much memory."""
_MOST_CELLS = 2**25
"""Most cells of a Parquet file."""
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_ADVICE = {
    b"PK\x03\x04": "a zip file or a workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old workbook; save the sheet as CSV",
    b"%PDF": "a PDF",
    b"BZh": "compressed by bzip2; unpack it or compress it by gzip",
    b"\xfd7zX": "compressed by xz; unpack it or compress it by gzip",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it or compress it by gzip",
}


class Cells(NamedTuple):
    """Columns as they were read."""

    names: tuple[str, ...]
    """d names, all different"""
    columns: tuple[Any, ...]
    """d arrays (n,), of text for CSV"""
    notes: tuple[str, ...]
    """Sentences on how the file was read"""


def read_cells(path: str | os.PathLike[str]) -> Cells:
    """Columns of a CSV, TSV or Parquet file.

    Parameters
    ----------
    path
        The file, up to 64 MiB; text may be compressed by gzip, which does not change the limit.

    Returns
    -------
    Names, columns and notes.

    Raises
    ------
    TableError
        For a file that cannot be read, or is not a table.
    MissingExtraError
        For Parquet without pyarrow.
    """
    name = shown(Path(path).name or path)
    raw = _bytes(path, name)
    notes = []
    if raw[:2] == b"\x1f\x8b":
        raw = _unpacked(raw, name)
        notes.append("The file was unpacked by gzip.")
    if raw[:4] == b"PAR1":
        return _parquet(raw, name)
    raw, encoding, said = _text(raw, name)
    header, columns, delimiter = read_columns(raw, encoding, name)
    if delimiter != "commas":
        said.append(f"Cells are separated by {delimiter}.")
    return Cells(header, columns, (*notes, *said))


def _bytes(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            found = os.fstat(file.fileno())
            regular = stat.S_ISREG(found.st_mode)
            if regular and found.st_size > _MOST_BYTES:
                _refuse_size(name, f"has {found.st_size / 2**20:.0f} MiB")
            raw = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise TableError(f"There is no file {name}. Check its name and folder.") from None
    except IsADirectoryError:
        raise TableError(f"{name} is a folder. Name a CSV, TSV or Parquet file in it.") from None
    except PermissionError:
        raise TableError(f"{name} may not be read. Change its permissions or copy it.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TableError(f"{name} cannot be read: {reason}. Name another file.") from None
    if len(raw) > _MOST_BYTES:
        _refuse_size(name, "is larger")
    if not raw.strip():
        raise TableError(f"{name} is empty. Give a file with a header and rows.")
    return raw


def _refuse_size(name: str, fault: str) -> NoReturn:
    raise TableError(
        f"{name} {fault}; a table of up to {_MOST_BYTES / 2**20:.0f} MiB of text is held in "
        "memory. Draw some of its rows at random, all of the rare classes."
    )


def _unpacked(raw: bytes, name: str) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
            text = file.read(_MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise TableError(f"{name} is a damaged gzip file. Compress or copy it anew.") from None
    if len(text) > _MOST_BYTES:
        _refuse_size(name, "is larger when unpacked")
    if not text.strip():
        raise TableError(f"{name} is empty when unpacked. Give a file with a header and rows.")
    return text


def _text(raw: bytes, name: str) -> tuple[bytes, str, list[str]]:
    for signature, kind in _ADVICE.items():
        if raw.startswith(signature):
            raise TableError(f"{name} is not a table in text or Parquet, but {kind}.")
    notes = []
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            raw = raw.decode("utf-16").encode()
            notes.append("The file was read as UTF-16.")
        except UnicodeError:
            raise TableError(f"{name} is damaged UTF-16. Save it as UTF-8.") from None
    raw = raw.removesuffix(b"\x1a")  # the end of a file to DOS
    binary = _CONTROL.search(raw)
    if binary:
        raise TableError(
            f"{name} is not a text file: byte 0x{binary[0][0]:02x} in line "
            f"{_line(raw, binary.start())}. Give CSV, TSV or Parquet."
        )
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append(_windows(raw, name))
        return raw, "cp1252", notes
    return raw, "utf-8-sig", notes


def _windows(raw: bytes, name: str) -> str:
    lines = raw.split(b"\n")
    foreign = [i for i, line in enumerate(lines, start=1) if not _is_utf8(line)]
    utf8 = [i for i, line in enumerate(lines, start=1) if not line.isascii() and _is_utf8(line)]
    if utf8:
        raise TableError(
            f"{name} mixes encodings: line {utf8[0]} is UTF-8, line {foreign[0]} is not. "
            "Save it as UTF-8."
        )
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError as error:
        raise TableError(
            f"{name} is neither UTF-8 nor Windows-1252: byte 0x{raw[error.start]:02x} in line "
            f"{_line(raw, error.start)}. Save it as UTF-8."
        ) from None
    return (
        f"The file is not UTF-8 (line {foreign[0]}) and was read as Windows-1252 (Latin-1); "
        "check the names with accents."
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _line(raw: bytes, at: int) -> int:
    return raw.count(b"\n", 0, at) + 1


def _parquet(raw: bytes, name: str) -> Cells:
    require("Reading Parquet", "pyarrow")
    from pyarrow import ArrowException, parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(raw))
        cells = file.metadata.num_rows * file.metadata.num_columns
        if cells > _MOST_CELLS:
            raise TableError(
                f"{name} has {cells} cells; up to {_MOST_CELLS} are held in memory. Draw some of "
                "its rows at random, all of the rare classes."
            )
        table = file.read()
        names = check_names(table.column_names, name)
        if table.num_rows == 0:
            raise TableError(f"{name} has columns and no rows. Give a file with rows.")
        columns = tuple(_of_arrow(column) for column in table.columns)
    except (ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:80]
        raise TableError(f"{name} is not a whole Parquet file ({reason}). Write it anew.") from None
    return Cells(names, columns, ())


def _of_arrow(column: Any) -> Any:
    found = column.to_numpy()
    return found if found.dtype.kind != "O" else np.fromiter(column.to_pylist(), object)
