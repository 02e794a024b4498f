"""Workers on other machines: a dask cluster, checked before it receives work."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from mlbalance import __version__
from mlbalance.inputs import InputError
from mlbalance.simulation.blocks import StudyError, block_name, simulate
from mlbalance.simulation.study import Study
from mlbalance.simulation.workers import blas

__all__ = ["ClusterError", "Work", "cluster"]

_PATIENCE = 10.0
"""Seconds to wait for an answer of the scheduler."""

_PROBE = (
    "import sys; from distributed import Client; print(flush=True); "
    "Client(sys.argv[1], timeout=60).close()"
)


class ClusterError(InputError):
    """A cluster that does not answer, or cannot do this work."""


class Work(NamedTuple):
    """Work in blocks, and what its code must be at the other end."""

    name: str
    given: Any
    """What all blocks need; sent to the workers once."""
    run: Callable[..., Any]
    """Function of that and of what a block is; does the block."""
    block_name: Callable[..., str]
    """Function of what a block is; its name for messages."""
    code: Callable[[Any], Any]
    """Function of what is given; digests of the code, which are equal where the code is."""
    modules: frozenset[str]
    """Modules outside the package that workers import."""
    kept: str = "What was finished is kept"
    """What becomes of finished blocks when the work stops."""

    @classmethod
    def of(cls, study: Study) -> Work:
        """Simulation of a study."""
        parts = [*study.outcomes, *(cell.source for cell in study.cells)]
        found = [type(part).__module__ for part in parts]
        modules = frozenset(name for name in found if not name.startswith("mlbalance"))
        return cls(f"the study {study.name}", study, simulate, block_name, _code_of, modules)


def _code_of(study: Study) -> dict[str, str]:
    return replace(study, file=None).code()


@contextmanager
def cluster(address: str, work: Work | Study) -> Iterator[_Cluster]:
    """Workers of a dask scheduler, for `run`, as a context.

    Parameters
    ----------
    address : str
        Of the scheduler, as "tcp://HOST:8786".
    work : Work or Study
        What is done there.

    Raises
    ------
    ClusterError
        Where nothing answers, there are no workers, they lack this version of the package or the
        work's own modules, or they are threads of this process; also later, where the scheduler
        stops answering.
    """
    if isinstance(work, Study):
        work = Work.of(work)
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            "--dask needs dask and distributed; install them with the extra: mlbalance[dask]."
        ) from None
    if address.startswith("inproc"):
        raise ClusterError(f"{address} is in this very process; use --jobs for that.")
    _probe(address)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):  # errors are reported in one line, below
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except Exception as error:
        raise ClusterError(_no_answer(address, error)) from None
    try:
        yield _Cluster(client, address, work, _count_threads(client, address, work))
    finally:
        with suppress(Exception):  # the scheduler may have ended already
            client.close(timeout=_PATIENCE if client.status == "running" else 1.0)


class _Cluster:
    """Threads of other machines, each with one block at work and one in reserve."""

    def __init__(self, client: Any, address: str, work: Work, threads: int) -> None:
        self.threads, self.slots = threads, 2 * threads
        self.blas = sorted(set(client.run(blas).values()))
        self._client, self._address, self._work = client, address, work
        # As the result of a task: the scheduler can compute it again where a worker is lost.
        self._all = client.submit(_same, work.given, pure=False)
        # With the seconds that its result may take.
        self._done: SimpleQueue[tuple[Any, float]] = SimpleQueue()
        self._given: dict[Any, Any] = {}
        self._heard = time.monotonic()

    def give(self, block: Any) -> None:
        future = self._client.submit(self._work.run, self._all, *block, pure=False)
        self._given[future] = block
        future.add_done_callback(lambda done: self._done.put((done, _PATIENCE / 2)))

    def take(self) -> Any:
        while True:
            try:
                future, seconds = self._done.get(timeout=1.0)
            except Empty:
                self._check()
                continue
            try:
                done = future.result(timeout=seconds)
            except StudyError:
                raise
            except Exception as error:
                if isinstance(error, TimeoutError) and future.status != "error":
                    # Its worker was lost before the result was fetched, and it is done again; or
                    # the result is large, and the way to it slow.
                    self._check()
                    self._done.put((future, 2 * seconds))
                    continue
                raise self._failed(future, error) from error
            del self._given[future]
            self._heard = time.monotonic()
            return done

    def _failed(self, future: Any, error: Exception) -> StudyError | ClusterError:
        if future.status != "error":
            return ClusterError(self._lost(error))
        block = self._work.block_name(*self._given[future])
        if type(error).__name__ == "KilledWorker":
            what = f"were killed at work on {block}, perhaps for want of memory"
        else:
            what = f"failed at work on {block} ({type(error).__name__}: {error})"
        return StudyError(
            f"Workers of {self._address} {what}. {self._work.kept}: run again to go on."
        )

    def _check(self) -> None:
        """Raise `ClusterError` if the scheduler no longer answers."""
        if time.monotonic() - self._heard < _PATIENCE / 2:
            return
        try:
            if self._client.status == "running":
                self._client.sync(self._client.scheduler.identity, callback_timeout=_PATIENCE / 2)
                self._heard = time.monotonic()
                return
        except Exception as error:
            raise ClusterError(self._lost(error)) from error
        if time.monotonic() - self._heard > _PATIENCE:
            raise ClusterError(self._lost(None))

    def _lost(self, error: Exception | None) -> str:
        what = f" ({type(error).__name__})" if error is not None else ""
        return (
            f"The scheduler at {self._address} does not answer any more{what}. {self._work.kept}: "
            "start it and run again to go on."
        )


def _same(given: Any) -> Any:
    return given


def _probe(address: str) -> None:
    """Raise `ClusterError` if no scheduler answers, found in a process that can be killed."""
    command = [sys.executable, "-c", _PROBE, address]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as probe:
        assert probe.stdout is not None
        probe.stdout.readline()  # the time to import dask does not count
        try:
            _, stderr = probe.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            raise ClusterError(_no_answer(address, f"nothing came in {_PATIENCE:g} s")) from None
        finally:
            probe.kill()
    if probe.returncode:
        lines = stderr.decode(errors="replace").strip().splitlines()
        raise ClusterError(_no_answer(address, lines[-1] if lines else "it was ended"))


def _no_answer(address: str, why: Any) -> str:
    return f"No dask scheduler answers at {address}: {str(why).rstrip('.')}."


def _count_threads(client: Any, address: str, work: Work) -> int:
    """Check a cluster and return the number of its threads."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise ClusterError(f"The scheduler at {address} has no workers. Start some and run again.")
    if os.getpid() in client.run(os.getpid).values():
        raise ClusterError(f"Workers of {address} are threads of this very process; use --jobs.")
    for module in sorted({"mlbalance", *work.modules}):
        # By the built-in `eval`: a function of this package needs the package at the other end.
        code = f"getattr(__import__({module!r}), '__version__', '')"
        answers = client.run(eval, code, on_error="return")
        if module == "mlbalance":
            answers["the scheduler"] = _of_scheduler(client, code)
        for where, answer in answers.items():
            if isinstance(answer, BaseException):
                raise ClusterError(
                    f"{where} of {address} cannot import {module} ({answer}). Install this "
                    "version there and restart it."
                )
            if module == "mlbalance" and answer != __version__:
                raise ClusterError(
                    f"{where} of {address} has mlbalance {answer}, this is {__version__}. "
                    "Install the same version everywhere."
                )
    if "__main__" not in work.modules:
        own = work.code(work.given)
        for where, digests in client.run(work.code, work.given).items():
            if digests != own:
                raise ClusterError(
                    f"{where} of {address} has other code of {work.name}. Bring it up to date and "
                    "restart it."
                )
    return sum(worker["nthreads"] for worker in workers.values())


def _of_scheduler(client: Any, code: str) -> Any:
    try:
        return client.run_on_scheduler(eval, code)
    except Exception as error:
        return error
