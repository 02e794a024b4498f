"""Where the outcomes of a study are kept: one SQLite file, written by one process.

A block of replicates is one transaction with full synchronisation: what has been acknowledged
survives a killed process, and a block that was cut off was never there. A row is one recipe on one
replicate, whatever became of it. A store belongs to one study; it may grow, by replicates, cells
and recipes, and nothing in it ever changes.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import __version__
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.simulation import database
from mlbalance.simulation.database import StoreError
from mlbalance.simulation.study import Study

__all__ = ["Failure", "Outcomes", "Result", "Store", "StoreError"]


class Result(NamedTuple):
    """One recipe on one replicate."""

    recipe: str
    ridge: float
    replicate: int
    status: str
    """a key of `softmax.STATUS`, or "error\""""
    outcome: FloatArray | None
    """(columns,) of the study's outcomes; None unless converged"""
    message: str = ""


class Failure(NamedTuple):
    """A replicate without an estimate of a recipe, and how to see it again."""

    cell: str
    recipe: str
    ridge: float
    replicate: int
    status: str
    message: str
    seed: str


class Outcomes(NamedTuple):
    """Of one recipe on one cell, in the order of the replicates that there are."""

    values: FloatArray
    """(replicates, columns); NaN where there is no estimate"""
    status: npt.NDArray[np.str_]
    """(replicates,)"""
    replicates: IntArray
    """(replicates,) their numbers"""


class Store:
    """The outcomes of a study, in a file or in memory.

    `Store(path)` reads; `Store(path, study)` writes, after checking that the file, if there is
    one, holds this study and that no other process writes to it. Raises `StoreError` in one line
    for anything else. To be closed, or used in a `with`.
    """

    def __init__(self, path: Path | str | None = None, study: Study | None = None) -> None:
        self.path = Path(path) if path is not None else None
        self._lock: sqlite3.Connection | None = None
        self._session: int | None = None
        if self.path is not None and study is None and not self.path.is_file():
            raise StoreError(f"There is no store {self.path}; run the study first.")
        if self.path is not None and study is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = database.locked(self.path)
        self._db = sqlite3.connect(
            self.path or ":memory:",
            timeout=database.WAIT,
            isolation_level=None,
            check_same_thread=self.path is not None,
        )
        if self.path is None:  # handed on, as by `run(study)`, and closed by nobody
            weakref.finalize(self, self._db.close)
        try:
            with self._explained():
                self._db.execute("PRAGMA synchronous = FULL")
                self._check_file()
                if study is not None:
                    self._adopt(study)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def discard(path: Path) -> None:
        """Delete a store, unless another process writes to it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(database.locked(path)):
            for part in (path, Path(f"{path}-journal")):
                part.unlink(missing_ok=True)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let others write to it."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    # --- reading ---

    @property
    def study(self) -> str:
        """Name of the study."""
        return self._meta("study")

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the outcomes of a row."""
        return tuple(json.loads(self._meta("columns")))

    def read(self, cell: str) -> dict[tuple[str, float], Outcomes]:
        """Outcomes of a cell for each (recipe, ridge)."""
        with self._explained():
            found = self._db.execute(
                "SELECT recipe, ridge, replicate, status, outcome FROM results WHERE cell = ? "
                "ORDER BY recipe, ridge, replicate",
                (cell,),
            ).fetchall()
        nothing = np.full(len(self.columns), np.nan).tobytes()
        groups: dict[tuple[str, float], list[tuple[Any, ...]]] = {}
        for row in found:
            groups.setdefault((row[0], row[1]), []).append(row)
        return {
            key: Outcomes(
                np.frombuffer(b"".join(row[4] or nothing for row in rows)).reshape(len(rows), -1),
                np.array([row[3] for row in rows], dtype="U14"),
                np.array([row[2] for row in rows]),
            )
            for key, rows in groups.items()
        }

    def done(self, cell: str, recipes: Sequence[tuple[str, float]]) -> set[int]:
        """Replicates of a cell that have a row for every one of the recipes."""
        sets = []
        with self._explained():
            for recipe, ridge in recipes:
                rows = self._db.execute(
                    "SELECT replicate FROM results WHERE cell = ? AND recipe = ? AND ridge = ?",
                    (cell, recipe, ridge),
                )
                sets.append({number for (number,) in rows})
        return set.intersection(*sets) if sets else set()

    def cells(self) -> dict[str, tuple[int, int]]:
        """Replicates, and rows without an estimate, by cell."""
        with self._explained():
            rows = self._db.execute(
                "SELECT cell, COUNT(DISTINCT replicate), SUM(status <> 'converged') "
                "FROM results GROUP BY cell"
            ).fetchall()
        return {cell: (replicates, failures) for cell, replicates, failures in rows}

    def failures(self) -> list[Failure]:
        """All rows without an estimate."""
        with self._explained():
            return [Failure(*row) for row in self._db.execute("SELECT * FROM failures")]

    def errors(self) -> int:
        """Number of rows that an exception ended."""
        with self._explained():
            query = "SELECT COUNT(*) FROM failures WHERE status = 'error'"
            return int(self._db.execute(query).fetchone()[0])

    def sessions(self) -> list[dict[str, Any]]:
        """What wrote to the store: versions, command, machine, begin, end, and time at work."""
        with self._explained():
            rows = self._db.execute(
                "SELECT started, ended, about, (SELECT COALESCE(SUM(seconds), 0) FROM blocks "
                "WHERE blocks.session = sessions.session) FROM sessions ORDER BY session"
            ).fetchall()
        return [
            {"started": start, "ended": end, "seconds": seconds, **json.loads(about)}
            for start, end, about, seconds in rows
        ]

    def table(self) -> Iterator[tuple[str, str, float, int, str, FloatArray]]:
        """Every row: cell, recipe, ridge, replicate, status, outcome (columns,)."""
        nothing = np.full(len(self.columns), np.nan).tobytes()
        query = (
            "SELECT cell, recipe, ridge, replicate, status, outcome FROM results "
            "ORDER BY cell, recipe, ridge, replicate"
        )
        with self._explained():
            for *key, outcome in self._db.execute(query):
                yield (*key, np.frombuffer(outcome or nothing))

    # --- writing ---

    def begin(self, about: dict[str, Any]) -> None:
        """Open a session: who writes from now on."""
        with self._explained(), self._transaction():
            cursor = self._db.execute(
                "INSERT INTO sessions (started, about) VALUES (datetime('now'), ?)",
                (json.dumps(about),),
            )
            self._session = cursor.lastrowid

    def add(self, cell: str, results: Sequence[Result], seconds: float, seed: str) -> None:
        """Keep a block of one cell, whole or not at all. Rows that are there already stay."""
        rows = [
            (cell, r.recipe, r.ridge, r.replicate, r.status, _bytes(r.outcome)) for r in results
        ]
        lost = [
            (cell, r.recipe, r.ridge, r.replicate, r.status, r.message, f"{seed}, {r.replicate}")
            for r in results
            if r.status != "converged"
        ]
        replicates = len({r.replicate for r in results})
        with self._explained(), self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?, ?, ?)", rows)
            self._db.executemany(
                "INSERT OR IGNORE INTO failures VALUES (?, ?, ?, ?, ?, ?, ?)", lost
            )
            block = (self._session, cell, replicates, seconds)
            self._db.execute("INSERT INTO blocks VALUES (?, ?, ?, ?)", block)

    def absorb(self, path: Path) -> None:
        """Copy what another store of the same study holds.

        Raises `StoreError`, and copies nothing, where it is not of this study as it is now, or
        where the two disagree about a row.
        """
        with Store(path) as other:
            if other.study != self.study:
                raise StoreError(f"{path} holds study {other.study}, not {self.study}.")
            self._check_unchanged(other._description(), path)
        with self._explained():
            self._db.execute("ATTACH ? AS other", (str(path),))
            try:
                self._check_same(path)
                with self._transaction():
                    for table in ("results", "failures", "description"):
                        self._db.execute(
                            f"INSERT OR IGNORE INTO main.{table} SELECT * FROM other.{table}"
                        )
                    self._db.execute(
                        "INSERT INTO main.sessions (started, ended, about) "
                        "SELECT started, ended, about FROM other.sessions"
                    )
            finally:
                self._db.execute("DETACH other")

    def forget_errors(self) -> int:
        """Drop the rows that an exception ended, to be run anew; returns how many."""
        with self._explained(), self._transaction():
            self._db.execute("DELETE FROM results WHERE status = 'error'")
            return self._db.execute("DELETE FROM failures WHERE status = 'error'").rowcount

    def end(self) -> None:
        """Close the session."""
        with self._explained(), self._transaction():
            self._db.execute(
                "UPDATE sessions SET ended = datetime('now') WHERE session = ?", (self._session,)
            )

    # --- what it checks ---

    def _meta(self, key: str) -> str:
        with self._explained():
            return str(
                self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0]
            )

    def _check_file(self) -> None:
        if not self._db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            if self.path is not None and self._lock is None:
                raise StoreError(f"{self.path} holds no study yet; run it first.")
            return
        if self._db.execute("PRAGMA application_id").fetchone()[0] != database.APPLICATION:
            raise StoreError(f"{self.path} is a database of something else, not a store.")
        if self._meta("format") != database.FORMAT:
            raise StoreError(f"{self.path} was written in another format; move it away.")

    def _adopt(self, study: Study) -> None:
        """Make a new file the study's, or check that it is."""
        new = study.description()
        if not self._db.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]:
            # executescript commits by itself: without its own BEGIN half a schema could be left.
            meta = {
                "format": database.FORMAT,
                "study": study.name,
                "columns": json.dumps(study.columns),
                "version": __version__,
            }
            self._db.execute(f"PRAGMA application_id = {database.APPLICATION}")
            with self._transaction():
                for statement in database.SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
                self._db.executemany("INSERT INTO description VALUES (?, ?)", new.items())
            return
        if self.study != study.name:
            raise StoreError(f"{self.path} holds study {self.study}, not {study.name}.")
        if self._meta("version") != __version__:
            raise StoreError(
                f"{self.path} was written by version {self._meta('version')}, this is "
                f"{__version__}: results may differ. Run with --fresh, or move it away."
            )
        self._check_unchanged(new)
        with self._transaction():
            rows = new.items()
            self._db.executemany("INSERT OR IGNORE INTO description VALUES (?, ?)", rows)

    def _description(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT part, value FROM description"))

    def _check_unchanged(self, new: dict[str, str], theirs: Path | None = None) -> None:
        old = self._description()
        changed = [part for part in new if part in old and old[part] != new[part]]
        if not changed:
            return
        part, more = changed[0], len(changed) - 1
        others = f" (and {more} more)" if more else ""
        if theirs is not None:
            raise StoreError(
                f"{theirs} is of another {self.study}: {part} is {new[part]} there and "
                f"{old[part]} here{others}."
            )
        raise StoreError(
            f"The study changed since {self.path} was written: {part} was {old[part]}, is "
            f"{new[part]}{others}. Run with --fresh to begin anew, or move the store away."
        )

    def _check_same(self, path: Path) -> None:
        clash = self._db.execute(
            "SELECT a.cell, a.recipe, a.replicate FROM main.results a JOIN other.results b "
            "USING (cell, recipe, ridge, replicate) "
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

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(database.explanation(self.path, error)) from error


def _bytes(outcome: FloatArray | None) -> bytes | None:
    return None if outcome is None else np.asarray(outcome, "<f8").tobytes()
