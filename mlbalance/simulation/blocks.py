"""The work on a block of replicates: their data, the weights and fits of recipes, the outcomes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.recipes import Estimates, Recipe
from mlbalance.simulation.outcomes import Fitted
from mlbalance.simulation.sources import Replicate, Source, Stream, Test
from mlbalance.simulation.store import Result
from mlbalance.simulation.streams import stream
from mlbalance.simulation.study import Cell, Study

__all__ = ["StudyError", "simulate"]

_TEST_FLOATS = 2**18
"""Features of test rows, 2 MiB, beyond which those held are judged before more are drawn."""


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
        results = attempt(study, cell, study.recipes_of(cell), numbers)
    return name, results, time.perf_counter() - start


def _guarded_rows(
    study: Study, cell: Cell, recipes: tuple[Recipe, ...], numbers: list[int]
) -> list[Result]:
    """Rows, those that raise being errors, found by trying each recipe, then each replicate."""
    try:
        return _rows(study, cell, recipes, numbers)
    except StudyError:
        raise
    except Exception as error:
        alone: list[tuple[tuple[Recipe, ...], list[int]]]
        if len(recipes) > 1:
            alone = [((recipe,), numbers) for recipe in recipes]
        elif len(numbers) > 1:
            alone = [(recipes, [number]) for number in numbers]
        else:
            message = f"{type(error).__name__}: {error}"
            return [Result(recipes[0].name, recipes[0].ridge, numbers[0], "error", None, message)]
        return [row for one in alone for row in _guarded_rows(study, cell, *one)]


def _rows(
    study: Study, cell: Cell, recipes: tuple[Recipe, ...], numbers: list[int]
) -> list[Result]:
    """Rows of a block: all of it is fitted at once, then judged a few test sets at a time."""
    block = _drawn(study, cell, numbers)
    rows = [
        Result(recipe.name, recipe.ridge, number, "no-mle", None, "a class has no row")
        for recipe in recipes
        for number in block.incomplete
    ]
    for group in block.groups:
        fits = [_fitted(recipe, group) for recipe in recipes]
        for part, tests in group.judged_by():
            rows += [row for fit in fits for row in _judged(study, fit, group, part, tests)]
    return rows


class _Fits(NamedTuple):
    """What a recipe made of a group of replicates."""

    recipe: Recipe
    weights: FloatArray
    found: Estimates


def _fitted(recipe: Recipe, group: _Group) -> _Fits:
    weights = _weights(recipe, group)
    return _Fits(recipe, weights, recipe.fit(group.X, group.y, weights))


def _judged(
    study: Study, fits: _Fits, group: _Group, part: IntArray, tests: tuple[Test, ...]
) -> list[Result]:
    """Rows of some replicates of a group, by test rows that they share or have each."""
    recipe, weights, found = fits
    status = found.status[part]
    converged = status == "converged"
    values = np.full((part.size, len(study.columns)), np.nan)
    if converged.any():
        good = part[converged]
        fitted = Fitted(
            theta=found.theta[good],
            ridge=recipe.ridge,
            X=group.X[good],
            y=group.y[good],
            weights=weights[good],
            tests=tests if len(tests) == 1 else tuple(compress(tests, converged)),
            best=None if group.population is None else partial(group.population.risk, recipe.ridge),
        )
        values[converged] = np.concatenate([outcome(fitted) for outcome in study.outcomes], axis=1)
    rows = []
    lost = np.isnan(values).all(axis=1)
    for r, said, outcome, nothing in zip(part, status, values, lost, strict=True):
        row = Result(recipe.name, recipe.ridge, group.numbers[r], str(said), outcome)
        if nothing:
            row = row._replace(outcome=None)
            if said == "converged":
                row = row._replace(status="error", message=f"{study.columns[0]} is nan")
        rows.append(row)
    return rows


def _weights(recipe: Recipe, group: _Group) -> FloatArray:
    """Weights (R, bags, n), zero for rows that a replicate may not use.

    A stream is named after the scheme, so that recipes of one scheme share their draws.
    """
    drawn, scheme, rng = [], repr(recipe.scheme), None
    for number, y, rows in zip(group.numbers, group.y, group.rows, strict=True):
        if rng is None or recipe.scheme.random:
            rng = group.streams(number, scheme)
        own = recipe.scheme.draw(y[rows], rng, n_classes=group.source.n_classes)
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
    y: IntArray
    rows: list[IntArray]
    source: Source
    streams: Stream
    population: _Population | None
    """Where its test rows stand for it."""

    def judged_by(self) -> Iterator[tuple[IntArray, tuple[Test, ...]]]:
        """Replicates and their test rows: one set for all, or so many sets as stay in cache."""
        everyone = np.arange(len(self.numbers))
        if self.population is not None:
            yield everyone, (self.population.test,)
            return
        first, drawn = 0, []
        for end, number in enumerate(self.numbers, start=1):
            drawn.append(self.source.test(number, self.streams))
            if end == everyone.size or sum(test.X.size for test in drawn) >= _TEST_FLOATS:
                yield everyone[first:end], tuple(drawn)
                first, drawn = end, []


class _Block(NamedTuple):
    incomplete: list[int]
    """Replicates that lack rows of a class to learn from."""
    groups: list[_Group]


_LAST: dict[Any, Any] = {}
"""In each process: the test rows of the last cell that shares them, and the like."""


def _drawn(study: Study, cell: Cell, numbers: list[int]) -> _Block:
    streams: Stream = partial(stream, study.root, cell.name)
    source = cell.source
    incomplete: list[int] = []
    sizes: dict[tuple[int, ...], dict[int, Replicate]] = {}
    for number in numbers:
        replicate = source.replicate(number, streams)
        if _complete(replicate, source.n_classes):
            sizes.setdefault(replicate.X.shape, {})[number] = replicate
        else:
            incomplete.append(number)
    groups = [
        _Group(
            numbers=list(of_size),
            X=np.stack([r.X for r in of_size.values()]),
            y=np.stack([r.y for r in of_size.values()]),
            rows=[r.rows for r in of_size.values()],
            source=source,
            streams=streams,
            population=_population(study, cell, streams) if source.truth else None,
        )
        for of_size in sizes.values()
    ]
    return _Block(incomplete, groups)


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
