"""Workers that simulate blocks: this process, or processes that can be killed.

A worker process reads blocks from one pipe and answers on another. It leads a process group of its
own, which is killed when a block takes too long, when the run ends, and by the worker itself once
the pipe is closed: so none outlives its parent, however that ended, and none keeps the output of
the parent open.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from queue import SimpleQueue
from typing import Any, Protocol

from mlbalance.inputs import InputError
from mlbalance.simulation.blocks import StudyError, block_name, simulate
from mlbalance.simulation.records import Result
from mlbalance.simulation.study import Study

__all__ = ["ONE_THREAD", "Block", "Done", "Here", "Processes", "Workers", "serve", "work"]

Block = tuple[str, list[int]]
"""Id of a cell, and the numbers of some of its replicates."""

Done = tuple[str, list[Result], float]
"""Id of a cell, its rows of a block, and the seconds that they took."""

_MOST = 1000
"""Largest number of processes."""

_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from mlbalance.simulation.workers import serve; serve()"
)

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
"""Environment of one process of several: each on every core, they would slow one another down."""


class Workers(Protocol):
    """Workers that take blocks and return what these give, in any order."""

    slots: int
    """Blocks that they hold at a time."""
    threads: int
    """Blocks that they work on at a time."""

    def give(self, block: Any) -> None:
        """Submit a block."""

    def take(self) -> Any:
        """Wait for the next finished block. Raises `StudyError` if it cannot be done."""


def work(workers: Workers, blocks: Iterator[Any]) -> Iterator[Any]:
    """Finished blocks, in any order; each is submitted only when there is a free slot.

    Parameters
    ----------
    workers : Workers
    blocks : iterator
        Read one at a time, so that later blocks can depend on finished ones.

    Raises
    ------
    StudyError
        Where a block cannot be done.
    """
    held = 0
    for block in islice(blocks, workers.slots):
        workers.give(block)
        held += 1
    while held:
        yield workers.take()
        held -= 1
        for block in islice(blocks, 1):
            workers.give(block)
            held += 1


class Here:
    """Work in this process: the quickest to start, without protection from crashes."""

    slots = threads = 1

    def __init__(self, study: Study) -> None:
        self._study = study
        self._block: Block

    def give(self, block: Block) -> None:
        self._block = block

    def take(self) -> Done:
        return simulate(self._study, *self._block)


class Processes:
    """Processes on this machine, started as they are needed; to be used as a context.

    Parameters
    ----------
    study : Study
    jobs : int
        Number of processes, 1 to 1000.
    timeout : float, optional
        Seconds that a block may take. A block that takes longer, or whose process ends, is a
        `StudyError`.

    Raises
    ------
    InputError
        For another number of processes, or a study that cannot be pickled.
    """

    def __init__(self, study: Study, jobs: int = 1, timeout: float | None = None) -> None:
        import cloudpickle

        if not 1 <= jobs <= _MOST:
            raise InputError(f"The number of processes can be 1 to {_MOST}; it is {jobs}.")
        self.slots = self.threads = jobs
        try:
            self._study = cloudpickle.dumps(study)
        except Exception as error:
            raise InputError(
                f"Study {study.name} holds what cannot be handed to another process ({error}). "
                "Have it made where it is used."
            ) from error
        self._timeout = None if timeout is None else min(timeout, threading.TIMEOUT_MAX)
        self._given: SimpleQueue[Block | None] = SimpleQueue()
        self._done: SimpleQueue[Done | BaseException] = SimpleQueue()
        self._lock, self._closed = threading.Lock(), False
        self._started: list[_Worker] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._closed = True
            for worker in self._started:
                worker.kill()
        for _ in self._threads:
            self._given.put(None)
        for leader in self._threads:
            leader.join()
        for worker in self._started:
            worker.close()

    def give(self, block: Block) -> None:
        self._given.put(block)
        if len(self._threads) < self.slots:
            self._threads.append(threading.Thread(target=self._lead, daemon=True))
            self._threads[-1].start()

    def take(self) -> Done:
        done = self._done.get()
        if isinstance(done, BaseException):
            raise done
        return done

    def _lead(self) -> None:
        """Pass blocks to one worker process, and its answers back."""
        worker = None
        while (block := self._given.get()) is not None:
            try:
                worker = worker or self._new()
                self._done.put(worker.work(block, self._timeout))
            except BaseException as error:  # raised by `take`
                self._done.put(error)

    def _new(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise StudyError("Stopped.")
            worker = _Worker()
            self._started.append(worker)
        worker.learn(self._study)
        return worker


class _Worker:
    """One worker process, seen from its parent."""

    def __init__(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, json.dumps([*map(str, sys.path)])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **ONE_THREAD},
                process_group=0 if os.name == "posix" else None,
            )
        except OSError as error:
            raise StudyError(f"No worker process can be started: {error}.") from error

    def learn(self, study: bytes) -> None:
        self._answer(study, "before its first block")

    def work(self, block: Block, timeout: float | None) -> Done:
        where, late = block_name(*block), threading.Event()

        def stop() -> None:
            late.set()
            self.kill()

        clock = threading.Timer(timeout or 0.0, stop)
        if timeout is not None:
            clock.start()
        try:
            done: Done = self._answer(block, f"at work on {where}")
        except StudyError:
            if not late.is_set():
                raise
        finally:
            clock.cancel()
        if late.is_set():
            raise StudyError(
                f"Stopped: {where} took more than {timeout:g} s. What was finished is kept; "
                "`replay` runs one alone."
            )
        return done

    def kill(self) -> None:
        _kill(self._process.pid)

    def close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # data that the process did not read
                pipe.close()  # type: ignore[union-attr]
        self._process.wait()

    def _answer(self, order: Any, when: str) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            pickle.dump(order, stdin)
            stdin.flush()
            answer, refusal = pickle.load(stdout)
        except Exception as error:  # an incomplete answer can raise anything
            self.kill()
            raise StudyError(_exit_message(self._process.wait(), when)) from error
        if refusal is not None:
            raise StudyError(refusal)
        return answer


def _exit_message(code: int, when: str) -> str:
    kept = "What was finished is kept"
    if code == -signal.SIGKILL:
        return (
            f"A worker process was killed {when}, perhaps for want of memory. {kept}: run again to "
            "go on, with fewer jobs."
        )
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return f"A worker process ended {how} {when}. {kept}; `replay` runs one replicate alone."


def _kill(leader: int) -> None:
    """Kill a worker and the processes that it started."""
    with suppress(OSError):  # it has ended already
        if os.name == "posix":
            os.killpg(leader, signal.SIGKILL)
        else:
            os.kill(leader, signal.SIGTERM)


def blas() -> str:
    """BLAS library of NumPy, its version and kernel: another one may round differently."""
    import numpy as np
    from threadpoolctl import threadpool_info

    build = np.show_config("dicts")["Build Dependencies"]["blas"]
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    own = [library for library in found if "numpy" in library["filepath"]] or found
    kernels = sorted({str(library.get("architecture")) for library in own})
    return " ".join([str(build.get("name")), str(build.get("version")), *kernels])


# --- in the worker process ------------------------------------------------------------------------


def serve() -> None:
    """Answer orders from standard input, the study first and then blocks, until it is closed."""
    orders, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    inbox: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_receive, args=(orders, inbox), daemon=True).start()
    # Input and output of the study itself must not mix with them.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    study: Any = None
    while True:
        order, answer, refusal = inbox.get(), None, None
        try:
            if study is None:
                study = pickle.loads(order)
            else:
                answer = simulate(study, *order)
        except StudyError as error:
            refusal = str(error)
        except Exception as error:
            refusal = f"A worker process cannot do this: {type(error).__name__}: {error}"
        pickle.dump((answer, refusal), answers)
        answers.flush()


def _receive(orders: Any, inbox: SimpleQueue[Any]) -> None:
    """Pass orders on, and kill the process once their source has ended."""
    try:
        while True:
            inbox.put(pickle.load(orders))
    finally:
        _kill(os.getpid() if os.name != "posix" else os.getpgid(0))
