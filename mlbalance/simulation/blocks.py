"""The work on a block of replicates: their data, the weights and fits of recipes, the outcomes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError
from mlbalance.recipes import Recipe
from mlbalance.simulation.outcomes import Fitted
from mlbalance.simulation.sources import Replicate, Stream, Test
from mlbalance.simulation.store import Result
from mlbalance.simulation.streams import stream
from mlbalance.simulation.study import Cell, Study

__all__ = ["StudyError", "simulate"]


class StudyError(InputError):
    """A study that was stopped; what was finished is in the store."""


def simulate(
    study: Study,
    name: str,
    numbers: list[int],
    timeout: float | None = None,
    guarded: bool = True,
    parent: int | None = None,
) -> tuple[str, list[Result], float]:
    """Rows of some replicates of a cell, and the seconds they took.

    A child of the process `parent` ends when that is gone.
    """
    from threadpoolctl import ThreadpoolController

    if parent == os.getppid() and "parent" not in _LAST:
        _LAST["parent"] = threading.Thread(target=_end_with, args=(parent,), daemon=True)
        _LAST["parent"].start()
    start = time.perf_counter()
    cell = study.cell(name)
    attempt = _guarded_rows if guarded else _rows
    # Workers that each take every core would slow one another down.
    if "threads" not in _LAST:
        _LAST["threads"] = ThreadpoolController()  # to look for libraries takes as long as a fit
    with _LAST["threads"].limit(limits=1), _limited(timeout, name, numbers):
        results = [row for r in study.recipes_of(cell) for row in attempt(study, cell, r, numbers)]
    return name, results, time.perf_counter() - start


def _guarded_rows(study: Study, cell: Cell, recipe: Recipe, numbers: list[int]) -> list[Result]:
    """Rows, those of replicates that raise being errors, found by trying each alone."""
    try:
        return _rows(study, cell, recipe, numbers)
    except StudyError:
        raise
    except Exception as error:
        if len(numbers) > 1:
            alone = ([number] for number in numbers)
            return [row for one in alone for row in _guarded_rows(study, cell, recipe, one)]
        message = f"{type(error).__name__}: {error}"
        return [Result(recipe.name, recipe.ridge, numbers[0], "error", None, message)]


def _rows(study: Study, cell: Cell, recipe: Recipe, numbers: list[int]) -> list[Result]:
    block = _block(study, cell, tuple(numbers))
    rows = [
        Result(recipe.name, recipe.ridge, number, "no-mle", None, "a class has no row")
        for number, complete in zip(numbers, block.complete, strict=True)
        if not complete
    ]
    for group in block.groups:
        rows += _judged(study, recipe, group)
    return rows


def _judged(study: Study, recipe: Recipe, group: _Group) -> list[Result]:
    """Rows of replicates that have the same number of rows."""
    weights = _weights(recipe, group)
    found = recipe.fit(group.X, group.y, weights)
    good = found.status == "converged"
    values = np.full((good.size, len(study.columns)), np.nan)
    if good.any():
        fitted = Fitted(
            theta=found.theta[good],
            ridge=recipe.ridge,
            X=group.X[good],
            y=group.y[good],
            weights=weights[good],
            tests=group.tests if len(group.tests) == 1 else _chosen(group.tests, good),
            best=None if group.best is None else partial(group.best, recipe.ridge),
        )
        values[good] = np.concatenate([outcome(fitted) for outcome in study.outcomes], axis=1)
    rows = []
    for number, status, outcome in zip(group.numbers, found.status, values, strict=True):
        row = Result(recipe.name, recipe.ridge, number, str(status), None)
        if status == "converged":
            row = row._replace(outcome=outcome)
            if np.isnan(outcome).all():
                message = f"{study.columns[0]} is nan"
                row = row._replace(status="error", outcome=None, message=message)
        rows.append(row)
    return rows


def _chosen(tests: tuple[Test, ...], good: Any) -> tuple[Test, ...]:
    return tuple(test for test, kept in zip(tests, good, strict=True) if kept)


def _weights(recipe: Recipe, group: _Group) -> FloatArray:
    """Weights (R, bags, n), zero for rows that a replicate may not use.

    A stream is named after the scheme, so that recipes of one scheme share their draws.
    """
    drawn = []
    for number, y, rows in zip(group.numbers, group.y, group.rows, strict=True):
        rng = group.streams(number, repr(recipe.scheme))
        own = recipe.scheme.draw(y[rows], rng, n_classes=group.n_classes)
        weights = np.zeros((own.shape[0], y.size))
        weights[:, rows] = own
        drawn.append(weights)
    return np.stack(drawn)


# --- the data of a block, the same for all recipes ------------------------------------------------


@dataclass
class _Group:
    """Replicates of one size, stacked."""

    numbers: list[int]
    X: FloatArray
    y: Any
    rows: list[Any]
    tests: tuple[Test, ...]
    best: Callable[[float], float] | None
    streams: Stream
    n_classes: int


@dataclass
class _Block:
    complete: list[bool]
    """Whether a replicate has rows of every class to learn from."""
    groups: list[_Group]


_LAST: dict[Any, Any] = {}
"""In each process: the data of the last block, the test rows of the last cell, and the like."""


def _block(study: Study, cell: Cell, numbers: tuple[int, ...]) -> _Block:
    key = ("block", id(study), cell.name, numbers)
    if _LAST.get("block", (None,))[0] != key:
        _LAST.pop("block", None)  # not two of them in memory
        _LAST["block"] = (key, _drawn(study, cell, numbers), study)
    return _LAST["block"][1]


def _drawn(study: Study, cell: Cell, numbers: tuple[int, ...]) -> _Block:
    streams: Stream = partial(stream, study.root, cell.name)
    source = cell.source
    replicates = {number: source.replicate(number, streams) for number in numbers}
    complete = [_complete(replicates[number], source.n_classes) for number in numbers]
    sizes: dict[tuple[int, ...], list[int]] = {}
    for number, usable in zip(numbers, complete, strict=True):
        if usable:
            sizes.setdefault(replicates[number].X.shape, []).append(number)
    groups = []
    tests: tuple[Test, ...]
    for of_size in sizes.values():
        best = None
        if source.truth:
            best = _population(study, cell, streams)
            tests = (best.test,)
        else:
            tests = tuple(source.test(number, streams) for number in of_size)
        own = [replicates[number] for number in of_size]
        groups.append(
            _Group(
                numbers=of_size,
                X=np.stack([r.X for r in own]),
                y=np.stack([r.y for r in own]),
                rows=[r.rows for r in own],
                tests=tests,
                best=None if best is None else best.risk,
                streams=streams,
                n_classes=source.n_classes,
            )
        )
    return _Block(complete, groups)


def _complete(replicate: Replicate, n_classes: int) -> bool:
    counts = np.bincount(replicate.y[replicate.rows], minlength=n_classes)
    return bool(counts.all())


class _Population:
    """Test rows that stand for the population, and the smallest penalised log-loss over them."""

    def __init__(self, test: Test) -> None:
        self.test = test
        self._known: dict[float, float] = {}

    def risk(self, ridge: float) -> float:
        """At the best coefficients for a ridge."""
        if ridge not in self._known:
            at = softmax.fit(*self.test, ridge=ridge)
            self._known[ridge] = float(softmax.loss(at.theta, *self.test, ridge=ridge))
        return self._known[ridge]


def _population(study: Study, cell: Cell, streams: Stream) -> _Population:
    """Kept between the blocks of a cell: to integrate takes longer than to simulate."""
    key = (study.root, cell.name, study.description()[f"cell {cell.name!r}"])
    if _LAST.get("population", (None,))[0] != key:
        _LAST["population"] = (key, _Population(cell.source.test(0, streams)))
    return _LAST["population"][1]


def _end_with(parent: int) -> None:
    """Workers of a killed process would wait for ever to hand over what they did."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


@contextmanager
def _limited(timeout: float | None, cell: str, numbers: list[int]) -> Iterator[None]:
    """Raise `StudyError` after some seconds."""
    if timeout is None:
        yield
        return
    alone = threading.current_thread() is threading.main_thread()
    if not (alone and hasattr(signal, "setitimer")):
        raise StudyError(
            "A timeout needs processes of its own and a Unix system; leave it out here."
        )

    def stop(*_: object) -> None:
        raise StudyError(
            f"Stopped: replicates {numbers[0]} to {numbers[-1]} of {cell} took more than "
            f"{timeout:g} s. What was finished is kept; `replay` runs one alone."
        )

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
