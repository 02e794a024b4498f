"""Simulation of a block of replicates: data, weights and fits of each method, outcomes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache, partial
from itertools import compress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.methods import Estimates, Method
from mlbalance.simulation.fingerprint import stable_name
from mlbalance.simulation.outcomes import Fitted
from mlbalance.simulation.records import Result
from mlbalance.simulation.sources import Replicate, Source, Stream, Test
from mlbalance.simulation.streams import stream
from mlbalance.simulation.study import Cell, NamedMethod, Study

__all__ = ["StudyError", "block_name", "simulate"]

AnyMethod = Method | NamedMethod

_TEST_FLOATS = 2**18
"""Feature values of test rows (2 MiB) that are drawn before their outcomes are computed."""

_LONGEST = 500
"""Characters kept of an error message."""


class StudyError(InputError):
    """A study was stopped or failed; finished blocks are in the store."""

    exit_code = 1


def simulate(
    study: Study,
    name: str,
    numbers: list[int],
    guarded: bool = True,
) -> tuple[str, list[Result], float]:
    """Simulate some replicates of a cell.

    Parameters
    ----------
    study : Study
    name : str
        Id of the cell.
    numbers : list of int
        Numbers of the replicates.
    guarded : bool
        Whether exceptions are recorded as rows of status "error" instead of raised.

    Returns
    -------
    Id of the cell, one row per method and replicate, and the seconds that they took.

    Raises
    ------
    StudyError
        Where a part of the study returns an array of a wrong shape.
    """
    start = time.perf_counter()
    cell = study.cell(name)
    attempt = _guarded_rows if guarded else _rows
    # Workers that each use every core would slow one another down.
    with _thread_pools().limit(limits=1):
        results = attempt(study, cell, study.methods_of(cell), numbers)
    return name, results, time.perf_counter() - start


@cache
def _thread_pools() -> Any:
    """Thread pools of the process; finding their libraries takes as long as a fit."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _guarded_rows(
    study: Study, cell: Cell, methods: tuple[AnyMethod, ...], numbers: list[int]
) -> list[Result]:
    """Rows of a block, with status "error" for each method and replicate that raises."""
    try:
        return _rows(study, cell, methods, numbers)
    except (StudyError, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit() in a study must not end the run
        alone: list[tuple[tuple[AnyMethod, ...], list[int]]]
        if len(methods) > 1:
            alone = [((method,), numbers) for method in methods]
        elif len(numbers) > 1:
            alone = [(methods, [number]) for number in numbers]
        else:
            (method,), (number,) = methods, numbers
            return [Result(*method.key, number, "error", None, _message(error))]
        return [row for one in alone for row in _guarded_rows(study, cell, *one)]


def _message(error: BaseException) -> str:
    """Message of an error, fit to be stored and printed anywhere."""
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be printed)"
    text = f"{type(error).__name__}: {text}"
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} ..."
    return text.encode("utf-8", "backslashreplace").decode()


def block_name(cell: str, numbers: list[int]) -> str:
    """Name of a block for messages: its cell and replicates."""
    if len(numbers) == 1:
        return f"replicate {numbers[0]} of {cell}"
    return f"replicates {numbers[0]} to {numbers[-1]} of {cell}"


def _rows(
    study: Study, cell: Cell, given: tuple[AnyMethod, ...], numbers: list[int]
) -> list[Result]:
    """Rows of a block: of methods that the source fits, and of all others."""
    methods = tuple(method for method in given if isinstance(method, Method))
    named = [method for method in given if isinstance(method, NamedMethod)]
    rows = [row for number in numbers for row in _answered(study, cell, named, number)]
    return [*rows, *_fitted(study, cell, methods, numbers)] if methods else rows


def _answered(study: Study, cell: Cell, methods: list[NamedMethod], number: int) -> list[Result]:
    """Rows of the methods that the source fits itself."""
    if not methods:
        return []
    streams: Stream = partial(stream, study.root, cell.id)
    test, rows = _test_rows(cell.source, number, streams), []
    found = cell.source.answers(number, streams)  # type: ignore[attr-defined]
    for method in methods:
        answer, values = found[method.id], None
        if answer.log_p is not None:
            K = cell.source.n_classes
            _check(answer.log_p, (test.y.size, K), f"log_p of method {method.id}")
            # As those of a linear fit whose features they are.
            told = Test(answer.log_p, test.y, test.weights)
            none = np.empty((1, 0, K)), np.empty((1, 0), dtype=int), np.empty((1, 1, 0))
            fitted = Fitted(np.eye(K, 1 + K, 1)[None], 0.0, *none, (told,), None)
            values = np.concatenate([outcome(fitted) for outcome in study.outcomes], axis=1)[0]
        rows.append(Result(*method.key, number, answer.status, values, answer.message[:_LONGEST]))
    return rows


def _fitted(
    study: Study, cell: Cell, methods: tuple[Method, ...], numbers: list[int]
) -> list[Result]:
    """Rows of a block: all replicates of one size are fitted at once, then evaluated in parts."""
    block = _draw_data(study, cell, numbers)
    rows = [
        Result(*method.key, number, "no-mle", None, "a class has no row")
        for method in methods
        for number in block.incomplete
    ]
    for group in block.groups:
        fits = [_fit(method, group) for method in methods]
        for part, tests in group.test_sets():
            rows += [row for fit in fits for row in _evaluate(study, fit, group, part, tests)]
    return rows


class _Fits(NamedTuple):
    """Fits of one method to a group of replicates."""

    method: Method
    weights: FloatArray
    found: Estimates


def _fit(method: Method, group: _Group) -> _Fits:
    weights, drawn = _weights(method, group), {}
    if method.stream_name:
        drawn["rngs"] = [group.streams(number, method.stream_name) for number in group.numbers]
    found = method.fit(group.X, group.y, weights, group.usable, **drawn)
    R, _, d = group.X.shape
    shape = method.shape(group.source.n_classes, d)
    _check(found.theta, (R, *shape), f"theta of method {method.id}")
    _check(found.status, (R,), f"status of method {method.id}")
    return _Fits(method, weights, found)


def _evaluate(
    study: Study, fits: _Fits, group: _Group, part: IntArray, tests: tuple[Test, ...]
) -> list[Result]:
    """Rows of the replicates `part` of a group, with one test set for all or one for each."""
    method, weights, found = fits
    status = found.status[part]
    converged = status == "converged"
    values = np.full((part.size, len(study.columns)), np.nan)
    if converged.any():
        good = part[converged]
        fitted = Fitted(
            theta=found.theta[good],
            ridge=method.key[1],
            chosen=None if found.ridge is None else found.ridge[good],
            X=group.X[good],
            y=group.y[good],
            weights=weights[good],
            tests=tests if len(tests) == 1 else tuple(compress(tests, converged)),
            best=None
            if group.population is None
            else partial(group.population.risk, method.key[1]),
        )
        numbers = [outcome(fitted) for outcome in study.outcomes]
        for outcome, own in zip(study.outcomes, numbers, strict=True):
            shape = (good.size, len(outcome.columns))
            _check(own, shape, f"what outcome {type(outcome).__name__} returns")
        values[converged] = np.concatenate(numbers, axis=1)
    rows = []
    lost = np.isnan(values).all(axis=1)
    for r, fit_status, outcomes, missing in zip(part, status, values, lost, strict=True):
        row = Result(*method.key, group.numbers[r], str(fit_status), outcomes)
        if missing:
            row = row._replace(outcome=None)
            if fit_status == "converged":
                row = row._replace(status="error", message=f"{study.columns[0]} is nan")
        rows.append(row)
    return rows


def _weights(method: Method, group: _Group) -> FloatArray:
    """Weights (R, bags, n), zero for rows that a replicate may not use.

    A stream is named after the scheme, so that methods of one scheme share their draws.
    """
    drawn: list[FloatArray] = []
    scheme, rng = stable_name(method.scheme.stream_name, method.scheme), None
    for number, y, rows in zip(group.numbers, group.y, group.rows, strict=True):
        if rng is None or method.scheme.random:
            rng = group.streams(number, scheme)
        own = method.scheme.draw(y[rows], rng, n_classes=group.source.n_classes)
        bags = len(drawn[0]) if drawn else np.shape(own)[0] if np.ndim(own) else 1
        _check(own, (bags, rows.size), f"the weights of {type(method.scheme).__name__}")
        weights = np.zeros((own.shape[0], y.size))
        weights[:, rows] = own
        drawn.append(weights)
    return np.stack(drawn)


# --- data of a block, the same for all methods ----------------------------------------------------


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
    """Population of the cell where the test rows represent it, else None."""

    @cached_property
    def usable(self) -> npt.NDArray[np.bool_] | None:
        """(R, n) training rows; None for all of them."""
        if all(rows.size == self.y.shape[1] for rows in self.rows):
            return None
        usable = np.zeros(self.y.shape, dtype=bool)
        for own, rows in zip(usable, self.rows, strict=True):
            own[rows] = True
        return usable

    def test_sets(self) -> Iterator[tuple[IntArray, tuple[Test, ...]]]:
        """Replicates and their test rows: one set for all, or as many sets as stay in cache."""
        indices = np.arange(len(self.numbers))
        if self.population is not None:
            yield indices, (self.population.test,)
            return
        first, drawn = 0, []
        for end, number in enumerate(self.numbers, start=1):
            drawn.append(_test_rows(self.source, number, self.streams))
            if end == indices.size or sum(test.X.size for test in drawn) >= _TEST_FLOATS:
                yield indices[first:end], tuple(drawn)
                first, drawn = end, []


class _Block(NamedTuple):
    incomplete: list[int]
    """Replicates whose training rows lack a class."""
    groups: list[_Group]


def _draw_data(study: Study, cell: Cell, numbers: list[int]) -> _Block:
    streams: Stream = partial(stream, study.root, cell.id)
    source = cell.source
    incomplete: list[int] = []
    sizes: dict[tuple[int, ...], dict[int, Replicate]] = {}
    for number in numbers:
        replicate = source.replicate(number, streams)
        _check_rows(source, "replicate", replicate.X, replicate.y)
        _check(replicate.rows, (np.size(replicate.rows),), "the training rows of a replicate")
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


def _test_rows(source: Source, number: int, streams: Stream) -> Test:
    test = source.test(number, streams)
    _check_rows(source, "test", test.X, test.y)
    _check(test.weights, test.y.shape, "the weights of test rows")
    return test


def _check_rows(source: Source, method: str, X: FloatArray, y: IntArray) -> None:
    what = f"of {type(source).__name__}.{method}"
    if np.ndim(X) != 2:
        raise StudyError(f"Stopped: X {what} has shape {np.shape(X)}; it must be (n, d).")
    _check(y, (len(X),), f"y {what}")


def _check(found: Any, shape: tuple[int, ...], what: str) -> None:
    """Raise `StudyError` for a wrong shape: it would be wrong in every replicate."""
    if np.shape(found) != shape:
        raise StudyError(
            f"Stopped: {what} has shape {np.shape(found)}; it must be {shape}. Correct it and "
            "run again."
        )


def _complete(replicate: Replicate, n_classes: int) -> bool:
    counts = np.bincount(replicate.y[replicate.rows], minlength=n_classes)
    return bool(counts.all())


class _Population:
    """Test rows that represent a population, and the minimum of the penalised log-loss there."""

    def __init__(self, test: Test) -> None:
        self.test = test
        self._known: dict[float, float] = {}

    def risk(self, ridge: float) -> float:
        """Minimum of the penalised log-loss at a ridge."""
        if ridge not in self._known:
            at = softmax.fit(*self.test, ridge=ridge)
            self._known[ridge] = float(softmax.loss(at.theta, *self.test, ridge=ridge))
        return self._known[ridge]


def _population(study: Study, cell: Cell, streams: Stream) -> _Population:
    key = (study.root, cell.id, study.description()[f"cell {cell.id!r}"])
    return _kept_population(_Draw(key, partial(_test_rows, cell.source, 0, streams)))


@dataclass(frozen=True)
class _Draw:
    """Draw of the test rows of a population; those of one key are the same."""

    key: tuple[int, str, str]
    test: Callable[[], Test] = field(compare=False)


@lru_cache(maxsize=1)
def _kept_population(draw: _Draw) -> _Population:
    """Population of a cell, kept between its blocks: integration is slower than simulation."""
    return _Population(draw.test())
