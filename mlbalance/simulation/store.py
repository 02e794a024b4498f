"""Store of the outcomes of a study: one SQLite file, written by one process at a time.

A block of replicates is one transaction with full synchronisation: it survives a killed process
once it is acknowledged, and an interrupted one leaves nothing. A row is the result of one method on
one replicate, failures included. A store belongs to one study; it may grow by replicates, cells and
methods, and its rows never change.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mlbalance.inputs import FloatArray
from mlbalance.simulation import database
from mlbalance.simulation.database import StoreError
from mlbalance.simulation.identity import Identity
from mlbalance.simulation.records import Failure, Outcomes, Quantity, Result
from mlbalance.simulation.study import Study

__all__ = ["Store", "StoreError"]

_TOKEN = "token"
"""Key of what tells sessions apart that began in the same second, as those of two shards."""


class Store:
    """Outcomes of a study, in a file or in memory; to be closed, or used as a context.

    Parameters
    ----------
    path : path, optional
        The file; in memory if not given.
    study : Study, optional
        Open for writing, after checking that the file, if there is one, holds this study. Without
        it the store is read only.
    fresh : bool
        Whether an existing store is deleted first.
    accept : bool
        Whether rows made by other code of the study are kept, as where no number depends on the
        change; this is recorded.

    Raises
    ------
    StoreError
        Where the file is no store or not of this study, is damaged, cannot be read or written, or
        another process writes to it.
    """

    def __init__(
        self,
        path: Path | str | None = None,
        study: Study | None = None,
        *,
        fresh: bool = False,
        accept: bool = False,
    ) -> None:
        self.path = Path(path) if path is not None else None
        self._lock: sqlite3.Connection | None = None
        self._session: int | None = None
        at = None
        if self.path is not None:
            at = database.real_path(self.path, writing=study is not None)
            if study is None and not at.exists():
                raise StoreError(f"There is no store {self.path}; run the study first.")
            if study is not None:
                if fresh:
                    database.check_ours(at)
                self._lock = database.lock_for_writing(at)
        try:
            if at is not None and fresh:
                database.delete(at)
            self._db = database.connect(at)
            # Also for a store that is not closed explicitly, as one in memory.
            self._closing = weakref.finalize(self, _close, self._db, self._lock)
        except BaseException:
            if self._lock is not None:
                self._lock.close()
            raise
        try:
            with self._store_errors():
                self._db.execute("PRAGMA synchronous = FULL")
                self._check_file()
                if study is not None:
                    self._adopt(study, accept)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release its lock."""
        self._closing()

    # --- reading ---

    @property
    def study(self) -> str:
        """Name of the study."""
        return self._meta("study")

    @property
    def columns(self) -> tuple[Quantity, ...]:
        """Quantities of a row."""
        with self._store_errors():
            return tuple(Quantity(*column) for column in json.loads(self._meta("columns")))

    def read(self, cell: str) -> dict[tuple[str, float], Outcomes]:
        """Outcomes of a cell by (method id, ridge)."""
        groups: dict[tuple[str, float], list[tuple[int, str, FloatArray]]] = {}
        for _, method, ridge, replicate, status, outcome in self._rows("WHERE cell = ?", cell):
            groups.setdefault((method, ridge), []).append((replicate, status, outcome))
        return {
            key: Outcomes(
                np.stack([row[2] for row in rows]),
                np.array([row[1] for row in rows], dtype="U14"),
                np.array([row[0] for row in rows]),
            )
            for key, rows in groups.items()
        }

    def done(self, cell: str, methods: Sequence[tuple[str, float]]) -> set[int]:
        """Replicates of a cell that have a row for every one of the (method id, ridge)."""
        sets = []
        with self._store_errors():
            for method, ridge in methods:
                rows = self._db.execute(
                    "SELECT replicate FROM results WHERE cell = ? AND method = ? AND ridge = ?",
                    (cell, method, ridge),
                )
                sets.append({number for (number,) in rows})
        return set.intersection(*sets) if sets else set()

    def holds(self, study: Study) -> bool:
        """Whether the store has every replicate of a study for every method."""
        return all(
            self.done(cell.id, [method.key for method in study.methods_of(cell)])
            >= {*range(study.replications)}
            for cell in study.cells
        )

    def cells(self) -> dict[str, tuple[int, int]]:
        """Numbers of replicates and of rows without an estimate, by cell."""
        with self._store_errors():
            rows = self._db.execute(
                "SELECT cell, COUNT(DISTINCT replicate), SUM(status <> 'converged') "
                "FROM results GROUP BY cell"
            ).fetchall()
        return {cell: (replicates, failures) for cell, replicates, failures in rows}

    def failures(self) -> list[Failure]:
        """All rows without an estimate."""
        with self._store_errors():
            return [Failure(*row) for row in self._db.execute("SELECT * FROM failures")]

    def errors(self) -> int:
        """Number of rows of status "error"."""
        with self._store_errors():
            query = "SELECT COUNT(*) FROM failures WHERE status = 'error'"
            return int(self._db.execute(query).fetchone()[0])

    def sessions(self) -> list[dict[str, Any]]:
        """Runs that wrote to the store: versions, command, machine, start, end, seconds of work."""
        with self._store_errors():
            rows = self._db.execute(
                "SELECT started, ended, about, (SELECT COALESCE(SUM(seconds), 0) FROM blocks "
                "WHERE blocks.session = sessions.session) FROM sessions ORDER BY session"
            ).fetchall()
        found = [
            {"started": start, "ended": end, "seconds": seconds, **json.loads(about)}
            for start, end, about, seconds in rows
        ]
        for session in found:
            session.pop(_TOKEN, None)
        return found

    def table(self) -> Iterator[tuple[str, str, float, int, str, FloatArray]]:
        """Every row: cell, method, ridge, replicate, status, outcome (columns,)."""
        return self._rows("")

    def _rows(
        self, where: str, *given: str
    ) -> Iterator[tuple[str, str, float, int, str, FloatArray]]:
        nothing = np.full(len(self.columns), np.nan).tobytes()
        query = (
            "SELECT cell, method, ridge, replicate, status, outcome, checksum FROM results "
            f"{where} ORDER BY cell, method, ridge, replicate"
        )
        with self._store_errors():
            for *row, checksum in self._db.execute(query, given):
                if database.checksum(*row) != checksum:
                    raise StoreError(
                        f"{self.path} is damaged: {row[1]}, replicate {row[3]} of {row[0]} is not "
                        "what was written. Move it away and run again."
                    )
                *key, outcome = row
                yield (*key, np.frombuffer(outcome or nothing))

    # --- writing ---

    def begin(self, about: dict[str, Any]) -> None:
        """Begin a session, which describes the run that writes from now on."""
        with self._store_errors(), self._transaction():
            cursor = self._db.execute(
                "INSERT INTO sessions (started, about) VALUES (datetime('now'), ?)",
                (json.dumps({**about, _TOKEN: secrets.token_hex(8)}),),
            )
            self._session = cursor.lastrowid

    def add(self, cell: str, results: Sequence[Result], seconds: float, seed: str) -> None:
        """Write a block of one cell, whole or not at all; rows that exist stay as they are.

        Parameters
        ----------
        cell : str
            Id of the cell.
        results : sequence of Result
        seconds : float
            Time that the block took.
        seed : str
            Root seed and cell, recorded with failures.

        Raises
        ------
        StoreError
            Where the file cannot be written; all earlier blocks are kept.
        """
        keys = [(cell, r.method, float(r.ridge), r.replicate, r.status) for r in results]
        outcomes = [_bytes(r.outcome) for r in results]
        rows = [
            (*key, outcome, database.checksum(*key, outcome))
            for key, outcome in zip(keys, outcomes, strict=True)
        ]
        lost = [
            (cell, r.method, r.ridge, r.replicate, r.status, r.message, f"{seed}, {r.replicate}")
            for r in results
            if r.status != "converged"
        ]
        replicates = len({r.replicate for r in results})
        with self._store_errors(), self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany(
                "INSERT OR IGNORE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)", lost
            )
            block = (self._session, cell, replicates, seconds)
            self._db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?)", block)

    def absorb(self, path: Path) -> None:
        """Copy the rows of another store of the same study.

        Parameters
        ----------
        path : Path
            The other store.

        Raises
        ------
        StoreError
            Where it is not of this study as it is now, is damaged, or has another result for a
            row. Nothing is copied then.
        """
        with Store(path) as other:
            self._identity().check_shard(other._identity(), path)
            for _ in other.table():  # checks every row
                pass
        with self._store_errors():
            self._db.execute("ATTACH ? AS other", (str(database.real_path(path, writing=False)),))
            try:
                self._check_same(path)
                with self._transaction():
                    for table in ("results", "failures", "description", "code"):
                        self._db.execute(
                            f"INSERT OR IGNORE INTO main.{table} SELECT * FROM other.{table}"
                        )
                    self._absorb_sessions()
            finally:
                self._db.execute("DETACH other")

    def _absorb_sessions(self) -> None:
        """Copy sessions and blocks of the other store that this one does not have."""
        known = set(self._db.execute("SELECT started, about FROM main.sessions"))
        for old, *session in self._db.execute("SELECT * FROM other.sessions").fetchall():
            if (session[0], session[2]) not in known:
                new = self._db.execute(
                    "INSERT INTO main.sessions (started, ended, about) VALUES (?, ?, ?)", session
                ).lastrowid
                self._db.execute(
                    "INSERT INTO main.blocks SELECT ?, cell, replicates, seconds "
                    "FROM other.blocks WHERE session = ?",
                    (new, old),
                )

    def forget_errors(self) -> int:
        """Delete the rows of status "error", to be run again; returns their number."""
        with self._store_errors(), self._transaction():
            self._db.execute("DELETE FROM results WHERE status = 'error'")
            return self._db.execute("DELETE FROM failures WHERE status = 'error'").rowcount

    def end(self) -> None:
        """End the session."""
        with self._store_errors(), self._transaction():
            self._db.execute(
                "UPDATE sessions SET ended = datetime('now') WHERE session = ?", (self._session,)
            )

    # --- checks ---

    def _meta(self, key: str) -> str:
        with self._store_errors():
            row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise StoreError(f"{self.path} is damaged: it lacks its {key}. Move it away.")
        return str(row[0])

    def _check_file(self) -> None:
        if not self._db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            if self.path is not None and self._lock is None:
                raise StoreError(f"{self.path} holds no study yet; run it first.")
            return
        if self._db.execute("PRAGMA application_id").fetchone()[0] != database.APPLICATION:
            raise StoreError(
                f"{self.path} is a database of something else, not a store. Name another file."
            )
        if self._meta("format") != database.FORMAT:
            raise StoreError(f"{self.path} was written in another format; move it away.")

    def _adopt(self, study: Study, accept: bool) -> None:
        """Initialise a new file for a study, or check that a file holds it."""
        now = Identity.of(study)
        if not self._db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            # executescript commits by itself: without its own BEGIN half a schema could be left.
            meta = {
                "format": database.FORMAT,
                "study": now.study,
                "columns": json.dumps(now.columns),
                "version": now.version,
            }
            self._db.execute(f"PRAGMA application_id = {database.APPLICATION}")
            with self._transaction():
                for statement in database.SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
                self._describe(now)
            return
        accepted = self._identity().check_study(now, self.path, accept=accept)
        with self._transaction():
            self._describe(now)
            if accepted:
                self._db.execute(
                    "INSERT INTO sessions (started, ended, about) "
                    "VALUES (datetime('now'), datetime('now'), ?)",
                    (json.dumps({"mlbalance": now.version, "accepted": accepted}),),
                )

    def _describe(self, now: Identity) -> None:
        """Write descriptions of new parts, and the code of all."""
        rows = now.description.items()
        self._db.executemany("INSERT OR IGNORE INTO description VALUES (?, ?)", rows)
        self._db.executemany("INSERT OR REPLACE INTO code VALUES (?, ?)", now.code.items())

    def _identity(self) -> Identity:
        with self._store_errors():
            description, code = (
                dict(self._db.execute(f"SELECT part, value FROM {table}"))
                for table in ("description", "code")
            )
        return Identity(self.study, self._meta("version"), self.columns, description, code)

    def _check_same(self, path: Path) -> None:
        clash = self._db.execute(
            "SELECT a.cell, a.method, a.replicate FROM main.results a JOIN other.results b "
            "USING (cell, method, ridge, replicate) "
            "WHERE a.status <> b.status OR a.outcome IS NOT b.outcome LIMIT 1"
        ).fetchone()
        if clash:
            raise StoreError(
                f"{path} disagrees about {clash[1]}, replicate {clash[2]} of {clash[0]}: it was "
                "made by other code or another machine's arithmetic. Merge stores of one kind."
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _store_errors(self) -> AbstractContextManager[None]:
        return database.store_errors(self.path)


def _close(*connections: sqlite3.Connection | None) -> None:
    for connection in connections:
        if connection is not None:
            connection.close()


def _bytes(outcome: FloatArray | None) -> bytes | None:
    return None if outcome is None else np.asarray(outcome, "<f8").tobytes()
