"""What goes wrong in a long run, on real processes: nothing acknowledged is lost."""

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import psutil
import pytest

from mlbalance.methods import Method, methods
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Store, StoreError, StudyError, database, run, summarise
from tests.simulation.victim import STUDY, table, work

# A new process is a fork of one that has imported all that a study needs.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.simulation.warm"])


class Process:
    """The study at work in a process of its own; what it prints goes to files."""

    def __init__(self, path, jobs=1, shard=(1, 1)):
        self.out, self.err = path.with_suffix(".out"), path.with_suffix(".err")
        self.out.write_text("")
        self.process = PROCESSES.Process(target=work, args=(path, jobs, shard))
        self.process.start()

    def until(self, lines):
        """Wait until it has printed so many lines, the first when it begins, or has ended."""
        while len(self.out.read_text().split()) < lines and self.process.is_alive():
            time.sleep(0.002)
        return self

    def children(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, stop=None):
        """Exit code, lines printed, and what it said of errors, after a signal if one is given."""
        if stop is not None and self.process.is_alive():
            os.kill(self.process.pid, stop)
        self.process.join(timeout=120)
        code = self.process.exitcode
        self.process.close()
        return code, self.out.read_text().split()[1:], self.err.read_text()


def checked(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA integrity_check").fetchone()[0]


@pytest.mark.parametrize(("jobs", "kills"), [(1, 17), (2, 3)])
def test_killed_at_random_moments_and_resumed_nothing_is_lost(tmp_path, whole, jobs, kills):
    path, chance, moments = tmp_path / "killed.sqlite", random.Random(jobs), []
    for _ in range(kills):
        process = Process(path, jobs).until(chance.randrange(1, 5))
        time.sleep(chance.uniform(0.0, 0.1))
        _, acknowledged, _ = process.end(signal.SIGKILL)
        assert checked(path) == "ok"
        with Store(path) as store:
            kept = sum(replicates for replicates, _ in store.cells().values())
        assert kept >= int(acknowledged[-1] if acknowledged else 0)
        moments.append(kept)
    assert len({n for n in moments if 0 < n < 2 * STUDY.replications}) >= 2, moments
    code, _, err = Process(path, jobs).end()
    assert code == 0, err
    assert table(path) == whole


def test_two_merged_shards_are_the_whole_study(tmp_path, whole):
    parts = [tmp_path / "first.sqlite", tmp_path / "second.sqlite"]
    for i, part in enumerate(parts, start=1):
        code, _, err = Process(part, 1, (i, 2)).end()
        assert code == 0, err
    with Store(tmp_path / "both.sqlite", STUDY) as store:
        for part in parts:
            store.absorb(part)
            store.absorb(part)
        assert len(store.sessions()) == 2
    assert table(tmp_path / "both.sqlite") == whole


def test_a_killed_worker_ends_the_run_in_words_and_it_goes_on(tmp_path, whole):
    path = tmp_path / "worker.sqlite"
    process = Process(path, 2).until(3)
    children = process.children()
    assert len(children) == 2
    children[0].kill()
    code, _, err = process.end()
    assert code == 2
    assert "A worker process was killed" in err and "run again to go on" in err
    assert len(err.strip().splitlines()) == 1
    assert checked(path) == "ok"
    code, _, err = Process(path).end()
    assert code == 0, err
    assert table(path) == whole


def test_workers_end_with_their_parent(tmp_path):
    process = Process(tmp_path / "orphans.sqlite", 2).until(3)
    children = process.children()
    assert len(children) == 2
    process.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert not alive


def test_ctrl_c_keeps_what_is_done(tmp_path, whole):
    path = tmp_path / "stopped.sqlite"
    code, acknowledged, err = Process(path, 2).until(3).end(signal.SIGINT)
    assert code == 130 and acknowledged, err
    assert err.split() == ["stopped"]
    with Store(path, STUDY) as store:
        assert store.cells()
        run(STUDY, store=store)
    assert table(path) == whole


def test_two_writers_are_one_too_many(tmp_path):
    path = tmp_path / "one.sqlite"
    process = Process(path).until(1)
    with pytest.raises(StoreError, match=r"Another process writes to .*one\.sqlite"):
        Store(path, STUDY)
    with Store(path) as reader:  # reading is allowed
        assert reader.study == "victim"
    process.end(signal.SIGKILL)
    Store(path, STUDY).close()


def test_a_full_disk_keeps_what_was_finished(tmp_path):
    path = tmp_path / "full.sqlite"
    with Store(path, STUDY) as store:
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages + 20}")
        told = []
        with pytest.raises(StoreError, match=r"The disk is full: .*full\.sqlite keeps"):
            run(STUDY, store=store, progress=told.append)
    assert checked(path) == "ok"
    with Store(path) as store:
        assert sum(n for n, _ in store.cells().values()) == told[-1].done > 0


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "damaged or no store"),
        (lambda data: b"not a database at all" * 100, "damaged or no store"),
        (lambda data: data[:100] + bytes(4000) + data[4100:], "damaged or no store"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, damage, message):
    path = tmp_path / "damaged.sqlite"
    few = replace(STUDY, replications=20)
    with Store(path, few) as store:
        run(few, store=store)
    path.write_bytes(damage(path.read_bytes()))
    before = path.read_bytes()
    with pytest.raises(StoreError, match=message), Store(path, few) as store:
        run(STUDY, store=store)
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE mine (x)")
        db.commit()
    for study in (None, STUDY):
        with pytest.raises(StoreError, match="is a database of something else, not a store"):
            Store(path, study)
    path = tmp_path / "empty.sqlite"  # of a run that was killed before it began
    path.touch()
    with pytest.raises(StoreError, match=r"empty\.sqlite holds no study yet; run it first"):
        Store(path)
    Store(path, STUDY).close()
    with pytest.raises(StoreError, match="There is no store"):
        Store(tmp_path / "none.sqlite")


OTHER = Method(ClassWeight(), name=("undersample", "undersample"))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"root": 12}, "root seed was 11, is 12"),
        ({"name": "other"}, "holds study victim, not other"),
        (
            {"methods": (OTHER, *STUDY.methods[::2])},
            r"method 'undersample', ridge 0 was .*Undersample\(.*, is .*ClassWeight\(",
        ),
        ({"cells": (replace(STUDY.cells[0], source=STUDY.cells[1].source),)}, "cell 'd=2' was"),
    ],
)
def test_a_study_that_changed_is_refused_and_says_what(tmp_path, changed, message):
    path = tmp_path / "changed.sqlite"
    few = replace(STUDY, replications=10)
    with Store(path, few) as store:
        run(few, store=store)
    rows = table(path)
    with pytest.raises(StoreError, match=message):
        Store(path, replace(few, **changed))
    assert table(path) == rows


def test_a_study_may_grow(tmp_path, whole):
    path = tmp_path / "grown.sqlite"
    small = replace(STUDY, replications=50, cells=STUDY.cells[:1], methods=STUDY.methods[:2])
    for study in (small, replace(small, replications=80), STUDY):
        with Store(path, study) as store:
            run(study, store=store)
    assert table(path) == whole


# --- methods that fail ---------------------------------------------------------------------------


BROKEN = ("broken", "raises on some data sets")


class Broken(ClassWeight):
    """Raises on some data sets."""

    def draw(self, y, rng, *, n_classes=None):
        if rng.random() < 0.2:
            raise ZeroDivisionError("by design")
        return super().draw(y, rng, n_classes=n_classes)


class Empty:
    """An outcome that is not a number."""

    columns = ("nothing",)

    def __call__(self, fitted):
        return np.full((len(fitted.theta), 1), np.nan)


def test_a_replicate_that_raises_is_a_row_with_its_seed():
    study = replace(
        STUDY,
        methods=(*methods("class-weights", ridge=0.1), Method(Broken(), 0.1, name=BROKEN)),
        replications=60,
    )
    store = run(study)
    failures = [f for f in store.failures() if f.status == "error"]
    assert 5 <= len(failures) <= 45
    assert all(
        f.method == "broken" and f.message == "ZeroDivisionError: by design" for f in failures
    )
    assert failures[0].seed == f"11, {failures[0].cell!r}, {failures[0].replicate}"
    sound = run(replace(study, methods=study.methods[:1]))
    for cell in study.cells:
        both, alone = store.read(cell.id), sound.read(cell.id)
        key = ("class-weights", 0.1)
        np.testing.assert_array_equal(both[key].values, alone[key].values)
    row = summarise(study, store)["d=2", "broken", 0.1, "mean", "log-loss"]
    assert row.failures == sum(f.cell == "d=2" for f in failures) and np.isnan(row.value)
    with pytest.raises(StudyError, match=r"Stopped: \d+ rows ended in an error, 3 are allowed"):
        run(study, max_errors=3)


def test_an_outcome_that_is_no_number_is_an_error_row():
    two = methods("class-weights", "undersample", ridge=0.1)
    study = replace(STUDY, outcomes=(Empty(),), methods=two, replications=3)
    failures = run(study).failures()
    assert {f.message for f in failures} == {"nothing is nan"} and len(failures) == 12


def test_what_an_exception_ended_is_run_anew_on_request():
    broken = replace(
        STUDY, methods=(*methods("class-weights"), Method(Broken(), name=BROKEN)), replications=30
    )
    store = run(broken)
    lost = store.errors()
    assert lost > 0 and store.forget_errors() == lost
    assert store.errors() == 0 and len(list(store.table())) == 2 * 2 * 30 - lost
    run(broken, store=store)  # the same seeds: the same errors
    assert store.errors() == lost and len(list(store.table())) == 2 * 2 * 30


# --- stores that do not belong together -----------------------------------------------------------


@pytest.fixture
def two(tmp_path):
    """A store and another of the same study, with the same ten replicates a cell."""
    few, paths = replace(STUDY, replications=10), [tmp_path / "a.sqlite", tmp_path / "b.sqlite"]
    for path in paths:
        with Store(path, few) as store:
            run(few, store=store)
    return few, *paths


def test_stores_that_disagree_about_a_row_are_not_merged(two):
    few, a, b = two
    with closing(sqlite3.connect(b)) as db:
        db.create_function("checksum", 6, database.checksum)
        db.execute(
            "UPDATE results SET outcome = zeroblob(16), checksum = "
            "checksum(cell, method, ridge, replicate, status, zeroblob(16)) "
            "WHERE replicate = 3 AND cell = 'd=3'"
        )
        db.commit()
    before = table(a)
    message = r"disagrees about .*, replicate 3 of d=3: .* Merge stores of one kind"
    with Store(a, few) as store, pytest.raises(StoreError, match=message):
        store.absorb(b)
    assert table(a) == before


def test_stores_of_other_studies_are_not_merged(two, tmp_path):
    few, a, _ = two
    for change, message in (
        ({"name": "other"}, "holds study other, not victim"),
        ({"root": 12}, "is of another victim: root seed is 12 there and 11 here"),
    ):
        path, other = tmp_path / f"{message[:5]}.sqlite", replace(few, **change)
        with Store(path, other) as store:
            run(other, store=store)
        with Store(a, few) as store, pytest.raises(StoreError, match=message):
            store.absorb(path)
