"""SQLite file of a store: its tables, its lock, and its errors as messages in one line."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mlbalance.inputs import InputError

APPLICATION = 0x6D6C6261
FORMAT = "3"
WAIT = 60.0
"""Seconds to wait for another process that reads the file."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE description (part TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE code (part TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (
    session INTEGER PRIMARY KEY, started TEXT, ended TEXT, about TEXT NOT NULL);
CREATE TABLE blocks (session INTEGER, cell TEXT, replicates INTEGER, seconds REAL);
CREATE TABLE results (
    cell TEXT, method TEXT, ridge REAL, replicate INTEGER, status TEXT NOT NULL, outcome BLOB,
    checksum INTEGER NOT NULL, PRIMARY KEY (cell, method, ridge, replicate)) WITHOUT ROWID;
CREATE TABLE failures (
    cell TEXT, method TEXT, ridge REAL, replicate INTEGER, status TEXT NOT NULL, message TEXT,
    seed TEXT NOT NULL, PRIMARY KEY (cell, method, ridge, replicate)) WITHOUT ROWID;
"""


class StoreError(InputError):
    """A store cannot be used, or not for this study."""


def checksum(*row: Any) -> int:
    """Checksum of cell, method, ridge, replicate, status and outcome, as they are stored."""
    *key, outcome = row
    return zlib.crc32(outcome or b"", zlib.crc32(repr(key).encode()))


def real_path(path: Path, *, writing: bool) -> Path:
    """File behind a path and its links, by which a store is opened and locked.

    Raises `StoreError` for a path that cannot be a store and, where `writing`, for a file with
    hard links, by which a second process could write to it.
    """
    with store_errors(path):
        if str(path) == ":memory:":
            raise StoreError(":memory: would keep nothing; name a file.")
        at = Path(os.path.realpath(path))
        try:
            found = at.stat()
        except FileNotFoundError:
            if path.is_symlink():
                raise StoreError(f"{path} is a link to {at}, which is not there.") from None
            return at
        if not at.is_file():
            kind = "a folder" if at.is_dir() else "no plain file"
            raise StoreError(f"{path} is {kind}; a store is a file. Name one.")
        if writing and found.st_nlink > 1:
            raise StoreError(
                f"{path} is one of {found.st_nlink} names (hard links) of a file; two writers "
                "could get in. Copy it and use the copy."
            )
    return at


def connect(path: Path | None) -> sqlite3.Connection:
    """Connect to the file of a store, or to memory for None."""
    with store_errors(path):
        return sqlite3.connect(
            path or ":memory:", timeout=WAIT, isolation_level=None, check_same_thread=False
        )


def lock_for_writing(path: Path) -> sqlite3.Connection:
    """Lock a store for writing, until the connection is closed or the process ends."""
    with store_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(
            f"{path}.lock", timeout=0.1, isolation_level=None, check_same_thread=False
        )
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        lock.close()
        if "locked" in str(error):
            raise StoreError(
                f"Another process writes to {path}. Wait for it, or give --store another file."
            ) from None
        raise StoreError(explanation(path, error)) from error
    return lock


def check_ours(path: Path) -> None:
    """Raise `StoreError` for a file that is no store, and so must not be deleted."""
    with store_errors(path):
        if not path.exists():
            return
        with path.open("rb") as file:
            header = file.read(72)
        ours = header.startswith(b"SQLite format 3\0") and header[68:] == APPLICATION.to_bytes(4)
        if header and not ours:
            raise StoreError(f"{path} is no store, so --fresh does not delete it. Name another.")


def delete(path: Path) -> None:
    """Delete the file of a store and its journal; links to it stay."""
    with store_errors(path):
        for part in (path, Path(f"{path}-journal")):
            part.unlink(missing_ok=True)


@contextmanager
def store_errors(path: Path | None) -> Iterator[None]:
    """Turn errors of SQLite and of the operating system into a `StoreError` of one line."""
    try:
        yield
    except StoreError:
        raise
    except (
        sqlite3.Error,
        OSError,
        ValueError,
    ) as error:  # the last: damaged JSON
        raise StoreError(explanation(path, error)) from error


def explanation(path: Path | None, error: Exception) -> str:
    """Meaning of an error of SQLite or of the operating system, and what to do."""
    what = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if "full" in what or "No space" in what:
        return f"The disk is full: {path} keeps what was finished. Make room and run again."
    if isinstance(error, OSError) or "unable to open" in what or "readonly" in what:
        return f"{path} cannot be used as a store ({what}). Name a file that can be written."
    if "locked" in what:
        return f"{path} is in use by another process ({what}). Wait for it."
    return f"{path} is damaged or no store ({what}). Move it away and run again."
