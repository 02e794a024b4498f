"""A dask scheduler and two workers on loopback: the same table, or a refusal in words."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import pytest

from mlbalance import simulation
from mlbalance.inputs import InputError
from mlbalance.simulation import Store, Study, StudyError, run
from mlbalance.simulation.blocks import simulate
from mlbalance.simulation.cluster import ClusterError, cluster
from tests.simulation.victim import STUDY, table

pytest.importorskip("distributed")

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
WORKER = ("--nthreads", "1", "--no-nanny", "--no-dashboard")
QUIET = {
    "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "critical",
    "DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "0",
}


class Machines:
    """A scheduler and its workers."""

    def __init__(self, folder, environment=ENVIRONMENT):
        self.environment = {**environment, **QUIET}
        self.folder, self.file, self.processes = folder, folder / "scheduler.json", []
        self.start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        deadline = time.monotonic() + 30
        # It is there before it is written.
        while not (self.file.exists() and self.file.read_text().rstrip().endswith("}")):
            assert time.monotonic() < deadline, "the scheduler does not start"
            time.sleep(0.05)

    def start(self, kind, *words):
        command = [sys.executable, "-m", "distributed.cli.dask_" + kind, *words]
        process = subprocess.Popen(
            [*command, "--scheduler-file", str(self.file)],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def worker(self):
        """One worker more, which the scheduler knows."""
        from distributed import Client

        process = self.start("worker", *WORKER)
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(len(self.processes) - 1, timeout=30)
        return process

    @property
    def address(self):
        import json

        return json.loads(self.file.read_text())["address"]

    def stop(self):
        for process in self.processes[::-1]:
            process.kill()
            process.wait()


@pytest.fixture
def machines(tmp_path):
    found = Machines(tmp_path)
    yield found
    found.stop()


def test_two_workers_give_the_same_table(tmp_path, machines, whole):
    machines.worker()
    machines.worker()
    path = tmp_path / "dask.sqlite"
    with cluster(machines.address, STUDY) as workers, Store(path, STUDY) as store:
        assert workers.threads == 2 and len(workers.blas) == 1
        run(STUDY, store=store, workers=workers)
    assert table(path) == whole


def test_a_killed_worker_loses_nothing(tmp_path, machines, whole):
    victim = machines.worker()
    machines.worker()
    path, told = tmp_path / "dask.sqlite", []

    def kill_once(progress):
        if not told:
            victim.kill()
        told.append(progress.done)

    with cluster(machines.address, STUDY) as workers, Store(path, STUDY) as store:
        # The scheduler gives the work to the other worker; what it had is done again.
        run(STUDY, store=store, workers=workers, progress=kill_once)
    with Store(path, STUDY) as store:
        assert sum(n for n, _ in store.cells().values()) >= told[-1]
        run(STUDY, store=store)
    assert table(path) == whole


@pytest.mark.slow
def test_a_finished_block_whose_worker_is_lost_before_it_is_fetched_is_done_again(
    machines, monkeypatch
):
    victim, block = machines.worker(), ("d=2", [0, 1, 2])
    with cluster(machines.address, STUDY) as workers:
        monkeypatch.setattr(simulation.cluster, "_PATIENCE", 4.0)
        workers.give(block)
        (future,) = workers._given
        deadline = time.monotonic() + 30
        while not future.done():
            assert time.monotonic() < deadline, "the block is not done"
            time.sleep(0.01)
        victim.kill()
        # Nobody can do it for longer than the scheduler may take to answer.
        later = threading.Timer(6.0, machines.start, ("worker", *WORKER))
        later.start()
        try:
            cell, results, _ = workers.take()
        finally:
            later.cancel()
            later.join()
    _, expected, _ = simulate(STUDY, *block)
    assert cell == "d=2" and len(results) == 3 * len(STUDY.methods)
    assert [bits(row) for row in results] == [bits(row) for row in expected]


def bits(row):
    return (*row[:4], row.outcome if row.outcome is None else row.outcome.tobytes())


class Slow:
    """A result that takes nine seconds to come, or a task that failed as time ran out."""

    def __init__(self, status):
        self.status, self.asked = status, []

    def result(self, timeout):
        self.asked.append(timeout)
        assert len(self.asked) < 9
        if timeout < 9:
            raise TimeoutError
        return "result"


@pytest.mark.parametrize("status", ["finished", "error"])
def test_a_result_that_is_slow_to_come_is_given_more_time_and_a_failed_task_none(status):
    workers, slow = object.__new__(simulation.cluster._Cluster), Slow(status)
    workers._done, workers._given, workers._heard = (
        SimpleQueue(),
        {slow: ("d=2", [0, 1, 2])},
        time.monotonic(),
    )
    workers._address, workers._work = "tcp://there", simulation.cluster.Work.of(STUDY)
    workers._done.put((slow, 2.0))
    if status == "error":
        with pytest.raises(StudyError, match=r"failed at work on .*d=2.* \(TimeoutError: \)"):
            workers.take()
        assert slow.asked == [2.0]
    else:
        assert workers.take() == "result" and not workers._given
        assert slow.asked == [2.0, 4.0, 8.0, 16.0]


def test_what_would_hang_or_run_at_home_is_refused(machines):
    with (
        pytest.raises(ClusterError, match=r"has no workers\. Start some and run again"),
        cluster(machines.address, STUDY),
    ):
        pass
    with (
        pytest.raises(ClusterError, match=r"No dask scheduler answers at tcp://127\.0\.0\.1:9:"),
        cluster("tcp://127.0.0.1:9", STUDY),
    ):
        pass


@pytest.fixture
def server():
    """Something that listens and answers in its own way, or not at all."""
    answers, listening = [b""], socket.create_server(("127.0.0.1", 0))
    held = []

    def serve():
        while True:
            try:
                held.append(listening.accept()[0])
                held[-1].sendall(answers[0])
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield answers, f"tcp://127.0.0.1:{listening.getsockname()[1]}"
    listening.shutdown(socket.SHUT_RDWR)
    for one in (listening, *held):
        one.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nno",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    ],
    ids=["silent", "HTTP", "SSH"],
)
def test_what_is_no_scheduler_is_refused_in_one_line(server, monkeypatch, answer):
    answers, address = server
    answers[0] = answer
    monkeypatch.setattr(simulation.cluster, "_PATIENCE", 2.0)
    with (
        pytest.raises(ClusterError, match=f"No dask scheduler answers at {address}: ") as refused,
        cluster(address, STUDY),
    ):
        pass
    assert "\n" not in str(refused.value)


def test_a_scheduler_that_dies_ends_the_run_in_words(tmp_path, machines, monkeypatch):
    machines.worker()
    path, done = tmp_path / "dask.sqlite", []

    def kill_once(progress):
        if not done:
            monkeypatch.setattr(simulation.cluster, "_PATIENCE", 4.0)
            machines.processes[0].kill()
        done.append(progress.done)

    with (
        Store(path, STUDY) as store,
        pytest.raises(ClusterError, match=r"does not answer any more.*is kept: start it and run"),
        cluster(machines.address, STUDY) as workers,
    ):
        run(STUDY, store=store, workers=workers, progress=kill_once)
    with Store(path) as store:
        assert sum(n for n, _ in store.cells().values()) == done[-1] < 2 * STUDY.replications


def test_a_worker_with_other_code_of_the_study_is_refused(machines, monkeypatch):
    machines.worker()
    monkeypatch.setattr(Study, "code", lambda self: {"code of this": "{}"})
    with (
        pytest.raises(ClusterError, match=r"has other code of the study victim\. Bring it up to"),
        cluster(machines.address, STUDY),
    ):
        pass


def test_a_timeout_is_not_for_others(machines):
    machines.worker()
    with (
        cluster(machines.address, STUDY) as workers,
        pytest.raises(InputError, match="A timeout needs processes of the run's own"),
    ):
        run(STUDY, workers=workers, timeout=1.0)


def test_workers_in_this_process_are_refused():
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as local,
        pytest.raises(ClusterError, match="in this very process; use --jobs"),
        cluster(local.scheduler_address, STUDY),
    ):
        pass


def test_a_worker_without_the_package_is_refused(tmp_path):
    bare = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    hidden = tmp_path / "hidden"
    (hidden / "mlbalance").mkdir(parents=True)
    (hidden / "mlbalance" / "__init__.py").write_text("__version__ = '0.0.0'\n")
    found = Machines(tmp_path, {**bare, "PYTHONPATH": str(hidden)})
    try:
        found.worker()
        with (
            pytest.raises(
                ClusterError, match=r"has mlbalance 0\.0\.0, this is .* Install the same"
            ),
            cluster(found.address, STUDY),
        ):
            pass
    finally:
        found.stop()
