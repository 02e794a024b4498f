"""How far a run is: a bar with the time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mlbalance.simulation.engine import Progress

__all__ = ["told"]

_EVERY = 5.0
"""Seconds between plain lines."""


@contextmanager
def told() -> Iterator[Callable[[Progress], None]]:
    """What to give `run` as `progress`, while it lasts."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        TextColumn("{task.completed}/{task.total} replicates"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failures]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, failures="")

        def show(progress: Progress) -> None:
            failures = f"{progress.failures} without an estimate" if progress.failures else ""
            bar.update(task, completed=progress.done, total=progress.total, failures=failures)

        yield show


class _Lines:
    """Prints to standard error, at most once in a while and when all is done."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last < _EVERY and progress.done < progress.total:
            return
        self._last = now
        left = (progress.total - progress.done) * (now - self._start) / max(progress.new, 1)
        rest = f", {_clock(left)} left" if progress.done < progress.total else ""
        lost = f", {progress.failures} rows without an estimate" if progress.failures else ""
        print(
            f"  {progress.done}/{progress.total} replicates{rest}{lost}",
            file=sys.stderr,
            flush=True,
        )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
