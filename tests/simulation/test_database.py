"""Files that are no stores, or not for this: one line each, and nothing is lost or made up."""

import gc
import os
import sqlite3
import warnings
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from mlbalance.inputs import InputError
from mlbalance.populations import symmetric
from mlbalance.simulation import Cell, Store, StoreError, run
from tests.simulation.victim import STUDY, table

FEW = replace(STUDY, replications=4, cells=STUDY.cells[:1])


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "stored.sqlite"
    with Store(path, FEW) as store:
        run(FEW, store=store)
    return path


def changed(path, statement, *given):
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(statement, given).rowcount
        db.commit()


def names(folder):
    return sorted(path.name for path in folder.rglob("*"))


def pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def dangling(folder):
    (folder / "link").symlink_to(folder / "gone" / "away.sqlite")
    return folder / "link"


def hard(folder):
    (folder / "a").touch()
    (folder / "b").hardlink_to(folder / "a")
    return folder / "b"


def under_a_file(folder):
    (folder / "file").touch()
    return folder / "file" / "x.sqlite"


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(
    ("place", "message"),
    [
        (lambda folder: Path(""), "is a folder; a store is a file. Name one"),
        (lambda folder: folder, "is a folder; a store is a file. Name one"),
        (pipe, "is no plain file; a store is a file. Name one"),
        (dangling, r"link is a link to .*away\.sqlite, which is not there"),
        (hard, r"b is one of 2 names \(hard links\) of a file"),
        (under_a_file, r"cannot be used as a store \(Not a directory\)"),
        (lambda folder: folder / ("x" * 300), r"cannot be used as a store \(File name too long\)"),
        (lambda folder: Path(":memory:"), ":memory: would keep nothing; name a file"),
        (lambda folder: Path("/proc/no/store"), r"cannot be used as a store \(No such file"),
        (lambda folder: Path("/proc/store"), r"cannot be used as a store \(unable to open"),
    ],
)
def test_where_no_store_can_be_is_told_in_one_line(tmp_path, place, message, fresh):
    path = place(tmp_path)
    before = names(tmp_path)
    with pytest.raises(StoreError, match=message) as refused:
        Store(path, FEW, fresh=fresh)
    assert "\n" not in str(refused.value) and names(tmp_path) == before


@pytest.mark.parametrize("text", ["my thesis", "SQLite format 3\0" + "x" * 200])
def test_what_is_no_store_is_not_deleted(tmp_path, text):
    path = tmp_path / "thesis.txt"
    path.write_text(text)
    with pytest.raises(StoreError, match=r"thesis\.txt is no store, so --fresh does not delete it"):
        Store(path, FEW, fresh=True)
    assert path.read_text() == text and names(tmp_path) == ["thesis.txt"]


def test_a_fresh_store_leaves_its_link(tmp_path, stored):
    link = tmp_path / "link.sqlite"
    link.symlink_to(stored)
    with Store(link, FEW, fresh=True) as store:
        assert store.cells() == {}
        run(FEW, store=store)
    assert link.is_symlink() and table(stored) == table(link) != []
    empty = tmp_path / "empty.sqlite"
    empty.touch()
    Store(empty, FEW, fresh=True).close()


def test_two_writers_are_one_too_many_through_a_link_as_well(tmp_path, stored):
    link = tmp_path / "link.sqlite"
    link.symlink_to(stored)
    for first, second in ((stored, link), (link, stored)):
        with (
            Store(first, FEW),
            pytest.raises(StoreError, match="Another process writes to"),
        ):
            Store(second, FEW)


@pytest.mark.parametrize("key", ["format", "study", "columns", "version"])
@pytest.mark.parametrize("how", ["UPDATE meta SET value = ?", "DELETE FROM meta"])
def test_damaged_meta_is_told_in_one_line(stored, key, how):
    given = ("[\udcff".encode("utf-8", "surrogateescape"),) if "?" in how else ()
    changed(stored, f"{how} WHERE key = '{key}'", *given)
    for study in (FEW, None) if key in ("format", "columns") else (FEW,):
        with pytest.raises(StoreError) as refused, Store(stored, study) as store:
            assert store.columns
        assert "\n" not in str(refused.value) and "stored.sqlite" in str(refused.value)


@pytest.mark.parametrize("what", ["outcome", "status"])
def test_flipped_bits_are_seen(tmp_path, stored, what):
    flipped = {
        "outcome": "UPDATE results SET outcome = zeroblob(16) WHERE replicate = 3 AND ridge > 0",
        "status": "UPDATE results SET status = 'no-mle' WHERE replicate = 3 AND ridge > 0",
    }
    changed(stored, flipped[what])
    message = r"stored\.sqlite is damaged: class-weights, replicate 3 of d=2 is not what was writ"
    with Store(stored, FEW) as store:
        run(FEW, store=store)  # nothing is left to do
        with pytest.raises(StoreError, match=message):
            store.read("d=2")
        with pytest.raises(StoreError, match=message):
            list(store.table())
    with Store(tmp_path / "whole.sqlite", FEW) as store:
        with pytest.raises(StoreError, match=message):
            store.absorb(stored)
        assert store.cells() == {}


def test_shards_of_another_version_are_not_merged(tmp_path, stored):
    changed(stored, "UPDATE meta SET value = '0.0.1' WHERE key = 'version'")
    with (
        Store(tmp_path / "whole.sqlite", FEW) as store,
        pytest.raises(StoreError, match=r"stored\.sqlite was written by version 0\.0\.1, this is"),
    ):
        store.absorb(stored)


def test_a_store_in_memory_needs_no_closing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(FEW)
        with pytest.raises(StoreError):
            Store("/proc/store", FEW)
        gc.collect()


class Letters:
    columns = "score"

    def __call__(self, fitted):
        return fitted.theta[:, 0, :1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../six"}, "needs a name that a file can have; '../six' is none"),
        ({"name": ""}, "needs a name that a file can have; '' is none"),
        ({"name": "lone \udcff"}, "needs a name that a file can have"),
        ({"replications": 2.5}, r"needs a whole number as replications; has 2\.5"),
        ({"root": None}, "needs a whole number as root; has None"),
        ({"root": -1}, "needs a whole number as root; has -1"),
        ({"cells": (*STUDY.cells, "d=4")}, "has 'd=4' where a Cell with an id that can be print"),
        ({"cells": (replace(STUDY.cells[0], id="a\udcff"),)}, "where a Cell with an id that can b"),
        ({"methods": (None,)}, "has None where a Method with an id"),
        (
            {"cells": (Cell("a", symmetric(2, 2, 1.0)),)},
            "source Gaussian; it lacks dependence, tru",
        ),
        (
            {"outcomes": (Letters(),)},
            "has the outcome Letters; an outcome has `columns`, the names",
        ),
        ({"outcomes": (len,)}, "has the outcome builtin.*; an outcome has `columns`"),
    ],
)
def test_a_study_that_no_file_can_keep_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(STUDY, **change)
