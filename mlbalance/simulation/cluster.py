"""Workers on other machines: a dask cluster behind joblib, looked over before it is given work."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mlbalance import __version__
from mlbalance.inputs import InputError
from mlbalance.simulation.study import Study

__all__ = ["ClusterError", "cluster"]

_PATIENCE = 10
"""Seconds a scheduler has to answer."""


class ClusterError(InputError):
    """A cluster that would hang, or not do the work, or do other work."""


@contextmanager
def cluster(address: str, study: Study) -> Iterator[int]:
    """Let joblib use the workers of the scheduler at `address`; yields the number of their threads.

    Raises `ClusterError` where nothing answers, where a worker or the scheduler lacks this
    version of the package or the study's own module (joblib would wait for ever), or where the
    workers are threads of this very process.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError(
            "--dask needs dask and distributed; install them with the extra: mlbalance[dask]."
        ) from None
    from joblib import parallel_config

    if address.startswith("inproc"):
        raise ClusterError(f"{address} is in this very process; use --jobs for that.")
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ClusterError(f"No dask scheduler answers at {address}: {error}.") from None
    try:
        threads = _looked_over(client, address, study)
        with parallel_config(backend="dask", n_jobs=-1, client=client):
            yield threads
    finally:
        client.close()


def _looked_over(client: Any, address: str, study: Study) -> int:
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
    return sum(worker["nthreads"] for worker in workers.values())


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
