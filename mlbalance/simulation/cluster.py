"""Workers on other machines: a dask cluster, looked over before it is given work."""

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
from mlbalance.simulation.blocks import StudyError, described, simulate
from mlbalance.simulation.study import Study
from mlbalance.simulation.workers import Block, Done, blas

__all__ = ["ClusterError", "cluster"]

_PATIENCE = 10.0
"""Seconds a scheduler has to answer."""

_ASK = (
    "import sys; from distributed import Client; print(flush=True); "
    "Client(sys.argv[1], timeout=60).close()"
)


class ClusterError(InputError):
    """A cluster that would hang, or not do the work, or do other work."""


@contextmanager
def cluster(address: str, study: Study) -> Iterator[_Cluster]:
    """The workers of the dask scheduler at `address`, for `run`.

    Raises `ClusterError` where nothing answers, where a worker or the scheduler lacks this
    version of the package or the study's own module, where the workers are threads of this very
    process, and where the scheduler is gone later.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            "--dask needs dask and distributed; install them with the extra: mlbalance[dask]."
        ) from None
    if address.startswith("inproc"):
        raise ClusterError(f"{address} is in this very process; use --jobs for that.")
    _ask(address)
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("distributed"):  # what there is to say comes in one line
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except Exception as error:
        raise ClusterError(_silent(address, error)) from None
    try:
        yield _Cluster(client, address, study, _looked_over(client, address, study))
    finally:
        with suppress(Exception):  # of what is gone already
            client.close(timeout=_PATIENCE if client.status == "running" else 1.0)


class _Cluster:
    """Threads of other machines, each with a block at work and one to go on with."""

    def __init__(self, client: Any, address: str, study: Study, threads: int) -> None:
        self.threads, self.slots = threads, 2 * threads
        self.blas = sorted(set(client.run(blas).values()))
        self._client, self._address = client, address
        # A result of its own, which the scheduler can have made anew where its place is lost.
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
                    f"Workers of {self._address} were killed at work on {described(*block)}, "
                    "perhaps for want of memory. What was finished is kept: run again to go on."
                ) from error
            raise ClusterError(self._gone(error)) from error
        self._heard = time.monotonic()
        return done

    def _check(self) -> None:
        """Raise `ClusterError` where the scheduler does not answer any more."""
        if time.monotonic() - self._heard < _PATIENCE / 2:
            return
        try:
            if self._client.status == "running":
                self._client.sync(self._client.scheduler.identity, callback_timeout=_PATIENCE / 2)
                self._heard = time.monotonic()
                return
        except Exception as error:
            raise ClusterError(self._gone(error)) from error
        if time.monotonic() - self._heard > _PATIENCE:
            raise ClusterError(self._gone(None))

    def _gone(self, error: Exception | None) -> str:
        what = f" ({type(error).__name__})" if error is not None else ""
        return (
            f"The scheduler at {self._address} does not answer any more{what}. What was finished "
            "is kept: start it and run again to go on."
        )


def _same(study: Study) -> Study:
    return study


def _ask(address: str) -> None:
    """See whether a scheduler answers, in a process that can be stopped whatever does."""
    command = [sys.executable, "-c", _ASK, address]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as asking:
        assert asking.stdout is not None
        asking.stdout.readline()  # to load dask takes its own time
        try:
            _, said = asking.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            raise ClusterError(_silent(address, f"nothing came in {_PATIENCE:g} s")) from None
        finally:
            asking.kill()
    if asking.returncode:
        lines = said.decode(errors="replace").strip().splitlines()
        raise ClusterError(_silent(address, lines[-1] if lines else "it was ended"))


def _silent(address: str, why: Any) -> str:
    return f"No dask scheduler answers at {address}: {str(why).rstrip('.')}."


def _looked_over(client: Any, address: str, study: Study) -> int:
    """Number of the threads of a cluster that can do the work."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise ClusterError(f"The scheduler at {address} has no workers. Start some and run again.")
    if os.getpid() in client.run(os.getpid).values():
        raise ClusterError(f"Workers of {address} are threads of this very process; use --jobs.")
    for module in sorted({"mlbalance", *_modules(study)}):
        # By `eval` of a built-in, since a function of ours could not be loaded where we are not.
        asked = f"getattr(__import__({module!r}), '__version__', '')"
        answers = client.run(eval, asked, on_error="return")
        if module == "mlbalance":
            answers["the scheduler"] = _of_scheduler(client, asked)
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
        for where, code in client.run(_code, plain).items():
            if code != plain.code():
                raise ClusterError(
                    f"{where} of {address} has other code of the study {study.name}. Bring it up "
                    "to date and restart it."
                )
    return sum(worker["nthreads"] for worker in workers.values())


def _code(study: Study) -> dict[str, str]:
    return study.code()


def _of_scheduler(client: Any, asked: str) -> Any:
    try:
        return client.run_on_scheduler(eval, asked)
    except Exception as error:
        return error


def _modules(study: Study) -> set[str]:
    """Where the study's own classes are defined, if not in the package."""
    parts = [*study.outcomes, *(cell.source for cell in study.cells)]
    found = {type(part).__module__ for part in parts}
    return {module for module in found if not module.startswith("mlbalance")}
