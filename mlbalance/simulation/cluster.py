"""Workers on other machines: a dask cluster, checked before it receives work."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import Any

from mlbalance import __version__
from mlbalance.inputs import InputError
from mlbalance.simulation.blocks import StudyError, block_name, simulate
from mlbalance.simulation.study import Study
from mlbalance.simulation.workers import Block, Done, blas

__all__ = ["ClusterError", "cluster"]

_PATIENCE = 10.0
"""Seconds to wait for an answer of the scheduler."""

_PROBE = (
    "import sys; from distributed import Client; print(flush=True); "
    "Client(sys.argv[1], timeout=60).close()"
)


class ClusterError(InputError):
    """A cluster that does not answer, or cannot simulate this study."""


@contextmanager
def cluster(address: str, study: Study) -> Iterator[_Cluster]:
    """Workers of a dask scheduler, for `run`, as a context.

    Parameters
    ----------
    address : str
        Of the scheduler, as "tcp://HOST:8786".
    study : Study
        Sent to the workers once.

    Raises
    ------
    ClusterError
        Where nothing answers, there are no workers, they lack this version of the package or the
        study's own modules, or they are threads of this process; also later, where the scheduler
        stops answering.
    """
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
        yield _Cluster(client, address, study, _count_threads(client, address, study))
    finally:
        with suppress(Exception):  # the scheduler may have ended already
            client.close(timeout=_PATIENCE if client.status == "running" else 1.0)


class _Cluster:
    """Threads of other machines, each with one block at work and one in reserve."""

    def __init__(self, client: Any, address: str, study: Study, threads: int) -> None:
        self.threads, self.slots = threads, 2 * threads
        self.blas = sorted(set(client.run(blas).values()))
        self._client, self._address = client, address
        # As the result of a task: the scheduler can compute it again where a worker is lost.
        self._study = client.submit(_same, study, pure=False)
        self._done: SimpleQueue[Any] = SimpleQueue()
        self._given: dict[Any, Block] = {}
        self._heard = time.monotonic()

    def give(self, block: Block) -> None:
        future = self._client.submit(simulate, self._study, *block, pure=False)
        self._given[future] = block
        future.add_done_callback(self._done.put)

    def take(self) -> Done:
        while True:
            try:
                future = self._done.get(timeout=1.0)
                break
            except Empty:
                self._check()
        block = self._given.pop(future)
        try:
            done: Done = future.result(timeout=_PATIENCE)
        except StudyError:
            raise
        except Exception as error:
            if type(error).__name__ == "KilledWorker":
                raise StudyError(
                    f"Workers of {self._address} were killed at work on {block_name(*block)}, "
                    "perhaps for want of memory. What was finished is kept: run again to go on."
                ) from error
            raise ClusterError(self._lost(error)) from error
        self._heard = time.monotonic()
        return done

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
            f"The scheduler at {self._address} does not answer any more{what}. What was finished "
            "is kept: start it and run again to go on."
        )


def _same(study: Study) -> Study:
    return study


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


def _count_threads(client: Any, address: str, study: Study) -> int:
    """Check a cluster and return the number of its threads."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise ClusterError(f"The scheduler at {address} has no workers. Start some and run again.")
    if os.getpid() in client.run(os.getpid).values():
        raise ClusterError(f"Workers of {address} are threads of this very process; use --jobs.")
    for module in sorted({"mlbalance", *_modules(study)}):
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
    if "__main__" not in _modules(study):
        plain = replace(study, file=None)
        for where, digests in client.run(_code, plain).items():
            if digests != plain.code():
                raise ClusterError(
                    f"{where} of {address} has other code of the study {study.name}. Bring it up "
                    "to date and restart it."
                )
    return sum(worker["nthreads"] for worker in workers.values())


def _code(study: Study) -> dict[str, str]:
    return study.code()


def _of_scheduler(client: Any, code: str) -> Any:
    try:
        return client.run_on_scheduler(eval, code)
    except Exception as error:
        return error


def _modules(study: Study) -> set[str]:
    """Modules outside the package in which classes of the study are defined."""
    parts = [*study.outcomes, *(cell.source for cell in study.cells)]
    found = {type(part).__module__ for part in parts}
    return {module for module in found if not module.startswith("mlbalance")}
