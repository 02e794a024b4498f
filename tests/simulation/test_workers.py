"""Whatever a study does to the process it runs in: no row is lost, made up, or waited for."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from mlbalance.inputs import InputError
from mlbalance.methods import Estimates, Method, methods
from mlbalance.populations import symmetric
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Cell, Sampled, Store, StudyError, replay, run, sources
from mlbalance.simulation.engine import _Plan
from mlbalance.simulation.workers import Processes
from tests.simulation.victim import STUDY, table

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
FEW = replace(
    STUDY, replications=12, cells=STUDY.cells[:1], methods=methods("class-weights", ridge=0.1)
)


@dataclass(frozen=True)
class Does:
    """An outcome that does as it is told."""

    what: str
    columns = ("nothing",)

    def __call__(self, fitted):
        if self.what == "exits":
            sys.exit(0)
        if self.what == "ends":
            os._exit(0)
        if self.what == "prints":
            print("never mind")
            os.write(1, b"x" * 100)
        while self.what == "hangs":
            with suppress(BaseException):  # as of a time-out from inside
                time.sleep(60)
        return np.zeros((len(fitted.theta), 1))


def doing(what, **changes):
    return replace(FEW, outcomes=(Does(what),), **changes)


def test_a_block_that_takes_too_long_is_stopped_from_outside():
    store = Store(None, doing("hangs"))
    with pytest.raises(
        StudyError, match=r"Stopped: replicates 0 to 9 of d=2 took more than 0\.3 s"
    ):
        run(doing("hangs"), store=store, timeout=0.3)
    assert store.cells() == {}


@pytest.mark.parametrize("timeout", [60.0, 1e300])
def test_what_is_in_time_has_its_rows(tmp_path, timeout):
    paths = [tmp_path / "limited.sqlite", tmp_path / "alone.sqlite"]
    for path, limit in zip(paths, (timeout, None), strict=True):
        with Store(path, FEW) as store:
            run(FEW, store=store, timeout=limit)
    assert table(paths[0]) == table(paths[1]) != []


def test_a_study_that_ends_its_process_is_no_finished_study():
    with (
        Processes(doing("ends")) as workers,
        pytest.raises(StudyError, match=r"ended with exit code 0 at work on replicates 0 to 9 of"),
    ):
        run(doing("ends"), workers=workers)


def test_what_a_study_prints_gets_in_nobodys_way():
    study = doing("prints")
    with Processes(study) as workers:
        store = run(study, workers=workers)
    assert store.cells() == {"d=2": (12, 0)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_exit_is_an_error_of_its_row(jobs):
    study = doing("exits", replications=4)
    failures = run(study, jobs=jobs).failures()
    assert [f.message for f in failures] == ["SystemExit: 0"] * 4
    with pytest.raises(StudyError, match="Replicate 1 of d=2 asks to exit"):
        replay(study, "d=2", 1)


def test_a_study_of_errors_alone_is_stopped_at_once():
    study = doing("exits", replications=1000)
    store = Store(None, study)
    with pytest.raises(StudyError, match=r"10 rows ended in an error, and none gave a number"):
        run(study, store=store)
    assert store.cells() == {"d=2": (10, 10)}


def test_a_study_that_cannot_be_handed_on_is_refused():
    study = doing(threading.Lock())
    with pytest.raises(InputError, match="Study victim holds what cannot be handed to another pro"):
        run(study, jobs=2)


def test_so_many_processes_are_refused():
    with pytest.raises(InputError, match=r"processes can be 1 to 1000; it is 100000\."):
        run(FEW, jobs=100_000)


# --- wrong shapes --------------------------------------------------------------------------------


class Flat(Does):
    def __call__(self, fitted):
        return np.zeros(len(fitted.theta))


class Wide(Method):
    def fit(self, X, y, weights, rows=None):
        found = super().fit(X, y, weights, rows)
        return Estimates(found.theta[:, :, :-1], found.status)


class Short(ClassWeight):
    def draw(self, y, rng, *, n_classes=None):
        return super().draw(y, rng, n_classes=n_classes)[:, :-1]


class Lists(Sampled):
    def replicate(self, number, streams):
        found = super().replicate(number, streams)
        return sources.Replicate(found.X.ravel(), found.y, found.rows)


class Unlabelled(Sampled):
    def test(self, number, streams):
        found = super().test(number, streams)
        return sources.Test(found.X, found.y[:-1], found.weights)


def cell(kind):
    return Cell("d=2", kind(symmetric(2, 2, 1.0), (9, 8), test_size=16))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"outcomes": (Flat(""),)},
            r"what outcome Flat returns has shape \(10,\); it must be \(10, 1\)",
        ),
        ({"methods": (Wide(ClassWeight()),)}, "theta of method class-weights has"),
        ({"methods": (Method(Short()),)}, r"weights of Short has shape \(1, 35\)"),
        ({"cells": (cell(Lists),)}, r"X of Lists.replicate has shape \(34,\); it must be \(n, d\)"),
        ({"cells": (cell(Unlabelled),)}, r"y of Unlabelled.test has shape \(31,\); it must be"),
    ],
)
def test_a_wrong_shape_stops_the_study_in_one_line(change, message):
    study = replace(FEW, **change)
    store = Store(None, study)
    with pytest.raises(StudyError, match=message) as stopped:
        run(study, store=store)
    assert "\n" not in str(stopped.value) and store.cells() == {}


# --- what errors say -----------------------------------------------------------------------------


class MuteError(Exception):
    def __str__(self):
        raise ValueError("no")


@dataclass(frozen=True)
class Raises:
    """An outcome that raises; the study would stop if nothing were sound."""

    error: Exception
    columns = ("nothing",)

    def __call__(self, fitted):
        if fitted.ridge > 0.1:
            return np.zeros((len(fitted.theta), 1))
        raise self.error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("lone \udcff"), r"ValueError: lone \udcff"),
        (MuteError(), "MuteError: (its message cannot be printed)"),
        (ValueError("long" * 10**5), "ValueError: long"),
    ],
)
def test_any_message_of_an_error_can_be_kept_and_read_again(tmp_path, error, message):
    two = methods("class-weights", ridge=0.1) + methods("class-weights", ridge=0.2)
    study = replace(FEW, outcomes=(Raises(error),), methods=two)
    path = tmp_path / "said.sqlite"
    for _ in range(2):  # resuming reads them
        with Store(path, study) as store:
            run(study, store=store)
            said = {f.message for f in store.failures()}
    assert len(said) == 1 and said.pop().startswith(message)
    assert path.stat().st_size < 100_000


# --- workers and their parent --------------------------------------------------------------------


def test_workers_of_a_killed_run_end_whenever_it_is_killed(tmp_path):
    """Also before their first block, and nobody holds the pipe that the run wrote to."""
    victim, chance = Path(__file__).with_name("victim.py"), random.Random(1)
    for kill in range(2):
        process = subprocess.Popen(
            [sys.executable, str(victim), str(tmp_path / f"{kill}.sqlite"), "2"],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        parent, children = psutil.Process(process.pid), []
        while len(children) < 2:
            assert process.poll() is None
            children = parent.children(recursive=True)
        time.sleep(chance.uniform(0.0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        _, alive = psutil.wait_procs(children, timeout=60)
        assert not alive


# --- the plan ------------------------------------------------------------------------------------


def plan(**changes):
    study = replace(STUDY, **changes)
    return _Plan.of(study, Store(None, study), (1, 1))


def results(cell, numbers):
    return [row for number in numbers for row in replay(STUDY, cell, number)]


def test_every_cell_is_begun_before_any_is_finished():
    blocks = plan(replications=30).blocks()
    assert [(cell, len(numbers)) for cell, numbers in blocks] == [("d=2", 10), ("d=3", 10)] + [
        (cell, 10) for cell in ("d=2", "d=2", "d=3", "d=3")
    ]


def test_time_left_counts_each_cell_at_its_own_cost():
    found = plan(replications=30)
    blocks = found.blocks()
    cell, numbers = next(blocks)
    found.learn(cell, results(cell, numbers), seconds=10.0)
    # 20 of one cell and 30 of the other, a second each as far as is known.
    assert found.seconds_left(threads=2) == pytest.approx(50 / 2)
    cell, numbers = next(blocks)
    found.learn(cell, results(cell, numbers), seconds=1000.0)
    assert found.seconds_left(threads=2) == pytest.approx((20 * 1 + 20 * 100) / 2)


def test_a_study_of_any_length_begins_at_once():
    found = plan(replications=10**9)
    assert found.total == 2 * 10**9 and next(found.blocks()) == ("d=2", list(range(10)))
    with pytest.raises(InputError, match="10000000000 replications; at most 1000000000"):
        replace(STUDY, replications=10**10)
