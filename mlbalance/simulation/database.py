"""The file of a store: its tables, the right to write to it, and its errors in words."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from mlbalance.inputs import InputError

APPLICATION = 0x6D6C6261
FORMAT = "1"
WAIT = 60.0
"""Seconds to wait for a reader that holds the file."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE description (part TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sessions (
    session INTEGER PRIMARY KEY, started TEXT, ended TEXT, about TEXT NOT NULL);
CREATE TABLE blocks (session INTEGER, cell TEXT, replicates INTEGER, seconds REAL);
CREATE TABLE results (
    cell TEXT, recipe TEXT, ridge REAL, replicate INTEGER, status TEXT NOT NULL, outcome BLOB,
    PRIMARY KEY (cell, recipe, ridge, replicate)) WITHOUT ROWID;
CREATE TABLE failures (
    cell TEXT, recipe TEXT, ridge REAL, replicate INTEGER, status TEXT NOT NULL, message TEXT,
    seed TEXT NOT NULL, PRIMARY KEY (cell, recipe, ridge, replicate)) WITHOUT ROWID;
"""


class StoreError(InputError):
    """A store that cannot be used, or not for this."""


def locked(path: Path) -> sqlite3.Connection:
    """A connection that holds the right to write to the store until it, or the process, ends."""
    lock = sqlite3.connect(f"{path}.lock", timeout=0.1, isolation_level=None)
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


def explanation(path: Path | None, error: sqlite3.Error) -> str:
    """What an error of SQLite means, and what to do."""
    what = str(error)
    if "full" in what:
        return f"The disk is full: {path} keeps what was finished. Make room and run again."
    if "not a database" in what or "malformed" in what:
        return f"{path} is damaged or no store ({what}). Move it away and run again."
    if "unable to open" in what or "readonly" in what:
        return f"{path} cannot be opened for writing ({what})."
    return f"{path}: {what}."
