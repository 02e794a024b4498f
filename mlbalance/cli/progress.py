"""Progress of a run: a bar with the time left on a terminal, otherwise a line every few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from mlbalance.simulation.engine import Progress

__all__ = ["progress_reporter"]

_EVERY = 5.0
"""Seconds between plain lines."""


@contextmanager
def progress_reporter(
    noun: str = "replicates", lost: str = "rows without an estimate"
) -> Iterator[Callable[[Progress], None]]:
    """Context with a function that shows each `Progress` of a run on standard error.

    Parameters
    ----------
    noun
        Name of what is done.
    lost
        Name of what failed.
    """
    if not sys.stderr.isatty() or find_spec("rich") is None:
        yield _Lines(noun, lost)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TextColumn("{task.fields[words]}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, words="")

        def show(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.done,
                total=progress.total,
                words=_words(progress, noun, lost),
            )

        yield show


class _Lines:
    """Prints lines to standard error, at most one every `_EVERY` seconds and one at the end."""

    def __init__(self, noun: str, lost: str) -> None:
        self._noun, self._lost = noun, lost
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last < _EVERY and progress.done < progress.total:
            return
        self._last = now
        print(f"  {_words(progress, self._noun, self._lost)}", file=sys.stderr, flush=True)


def _words(progress: Progress, noun: str, lost: str) -> str:
    words = f"{progress.done}/{progress.total} {noun}"
    if progress.done < progress.total:
        words += f", {_clock(progress.left)} left"
    if progress.failures:
        words += f", {progress.failures} {lost}"
    if progress.errors:
        words += f", {progress.errors} ended in an error"
    return words


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
