"""Replicates of a study, block by block and in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray
from mlbalance.recipes import Recipe
from mlbalance.simulation.sources import Replicate, Stream, Test
from mlbalance.simulation.streams import stream
from mlbalance.simulation.study import Cell, Study

__all__ = ["MEASURES", "Results", "run"]

_BLOCK = 25
"""Replicates of a cell in one unit of work."""

MEASURES = ("log-loss", "error", "worst-class error", "excess risk")
"""Balanced log-loss (nats), balanced error, largest class error, and how much the penalised
balanced log-loss exceeds its minimum over the population (where there is one to know)."""


@dataclass(frozen=True)
class Results:
    """Outcomes of a study: for each (cell, recipe, ridge) measures by replicate, and statuses."""

    study: Study
    values: dict[tuple[str, str, float], FloatArray]
    """(replications, measures) in the order of `MEASURES`; NaN where there is no estimate."""
    status: dict[tuple[str, str, float], npt.NDArray[np.str_]]
    """(replications,) keys of `softmax.STATUS`."""


def run(study: Study, *, jobs: int = 1, progress: Callable[[float], None] | None = None) -> Results:
    """Simulate every cell of a study with `jobs` processes; any number gives the same results.

    `progress` is told the share of the work that is done, after every block.
    """
    from joblib import Parallel, delayed

    blocks = list(_blocks(study))
    work = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(_block)(study, cell, numbers) for cell, numbers in blocks
    )
    results = Results(study, {}, {})
    for done, (cell, numbers, outcomes) in enumerate(work, start=1):
        for recipe, values, status in outcomes:
            key = (cell, recipe.name, recipe.ridge)
            shape = (study.replications, len(MEASURES))
            results.values.setdefault(key, np.full(shape, np.nan))[numbers] = values
            results.status.setdefault(key, np.full(shape[0], "", dtype="U14"))[numbers] = status
        if progress is not None:
            progress(done / len(blocks))
    return results


def _blocks(study: Study) -> Iterator[tuple[Cell, range]]:
    for cell in study.cells:
        for start in range(0, study.replications, _BLOCK):
            yield cell, range(start, min(start + _BLOCK, study.replications))


def _block(
    study: Study, cell: Cell, numbers: range
) -> tuple[str, range, list[tuple[Recipe, FloatArray, Any]]]:
    from threadpoolctl import threadpool_limits

    streams: Stream = partial(stream, study.root, cell.name)
    with threadpool_limits(1):
        replicates = [cell.source.replicate(number, streams) for number in numbers]
        if cell.source.truth:
            tests = [cell.source.test(0, streams)] * len(numbers)
        else:
            tests = [cell.source.test(number, streams) for number in numbers]
        best = _Best(tests[0]) if cell.source.truth else None
        outcomes = []
        for recipe in study.recipes_of(cell):
            weights = _weights(recipe, cell, replicates, numbers, streams)
            X = np.stack([replicate.X for replicate in replicates])
            found = recipe.fit(X, cell.source.y, weights)
            pairs = zip(found.theta, tests, strict=True)
            values = np.array([_judged(theta, test, recipe.ridge, best) for theta, test in pairs])
            outcomes.append((recipe, values, found.status))
    return cell.name, numbers, outcomes


def _weights(
    recipe: Recipe, cell: Cell, replicates: list[Replicate], numbers: range, streams: Stream
) -> FloatArray:
    """Weights (R, bags, n), zero for rows that a replicate may not use.

    A stream is named after the scheme, so that recipes of one scheme share their draws.
    """
    y = cell.source.y
    drawn = []
    for number, replicate in zip(numbers, replicates, strict=True):
        rng = streams(number, repr(recipe.scheme))
        own = recipe.scheme.draw(y[replicate.rows], rng, n_classes=int(y.max()) + 1)
        weights = np.zeros((own.shape[0], y.size))
        weights[:, replicate.rows] = own
        drawn.append(weights)
    return np.stack(drawn)


class _Best:
    """Smallest penalised balanced log-loss over the test rows, for each ridge."""

    def __init__(self, test: Test) -> None:
        self._test = test
        self._known: dict[float, float] = {}

    def risk(self, ridge: float) -> float:
        if ridge not in self._known:
            at = softmax.fit(*self._test, ridge=ridge)
            self._known[ridge] = float(softmax.loss(at.theta, *self._test, ridge=ridge))
        return self._known[ridge]


def _judged(theta: FloatArray, test: Test, ridge: float, best: _Best | None) -> FloatArray:
    """The `MEASURES` of one replicate's coefficients (K, 1 + d)."""
    if not np.isfinite(theta).all():
        return np.full(len(MEASURES), np.nan)
    z = softmax.logits(theta, test.X)
    own = softmax.log_probabilities(z)[np.arange(test.y.size), test.y]
    log_loss = -(test.weights @ own)
    wrong = z.argmax(axis=1) != test.y
    by_class = np.bincount(test.y, test.weights * wrong) / np.bincount(test.y, test.weights)
    excess = np.nan
    if best is not None:
        lam = 0.5 * ridge * ((theta[:, 1:] - theta[:, 1:].mean(axis=0)) ** 2).sum()
        excess = log_loss + lam - best.risk(ridge)
    return np.array([log_loss, test.weights @ wrong, by_class.max(), excess])
