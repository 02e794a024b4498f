"""Sources in which the methods of `mlbalance compare` answer, at the uniform prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from mlbalance.data import load
from mlbalance.inputs import IntArray
from mlbalance.simulation import Fresh, Split
from mlbalance.simulation.sources import Replicate, Stream, Test


@dataclass(frozen=True)
class Folds:
    """Stratified folds of a data set, in which methods answer at the uniform prior.

    Replicate r is fold r mod `folds` of repeat r div `folds`. The features of a replicate are the
    numbers of its rows: those of the data set are prepared within the fold.
    """

    name: str
    folds: int
    methods: tuple[str, ...]
    """Ids of candidates of `mlbalance.compare`"""

    truth = False

    @cached_property
    def _split(self) -> Split:
        y = load(self.name).y
        return Split(np.arange(y.size)[:, None], y, self.folds)

    @property
    def y(self) -> IntArray:
        """(n,) labels."""
        return self._split.y

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return self._split.n_classes

    @property
    def dependence(self) -> float:
        """That of folds, which share training rows."""
        return self._split.dependence

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """Numbers of all rows, labels, and the training rows."""
        return self._split.replicate(number, streams)

    def test(self, number: int, streams: Stream) -> Test:
        """Numbers of the rows left out, weighted so that every class has the same total."""
        return self._split.test(number, streams)

    def answers(self, number: int, streams: Stream) -> dict[str, Any]:
        """What each method says of the rows left out: an outcome of `mlbalance.compare`."""
        held = np.ones(self.y.size, dtype=int)
        held[self.replicate(number, streams).rows] = 0
        return answers(self._table, self.y, held, self.methods, streams(number, "fits"))

    @cached_property
    def _table(self) -> Any:
        """The data set, prepared within the fold."""
        from mlbalance.compare.tables import read

        data = load(self.name)
        return read(data.path, data.target)


@dataclass(frozen=True, eq=False)
class Drawn(Fresh):
    """Samples of a population, each tested on a sample of its own by methods of the comparison.

    The other parameters are those of `Fresh`.
    """

    methods: tuple[str, ...] = ()
    """Ids of candidates of `mlbalance.compare`"""

    def answers(self, number: int, streams: Stream) -> dict[str, Any]:
        """What each method says of the test rows: an outcome of `mlbalance.compare`."""
        from mlbalance.compare.tables import from_arrays

        train, test = self.replicate(number, streams), self.test(number, streams)
        y = np.concatenate([train.y, test.y])
        table = from_arrays(np.concatenate([train.X, test.X]), y)
        held = np.repeat([0, 1], [train.y.size, test.y.size])
        return answers(table, y, held, self.methods, streams(number, "fits"))


def answers(
    table: Any, y: IntArray, held: IntArray, methods: tuple[str, ...], rng: np.random.Generator
) -> dict[str, Any]:
    """What methods, fitted to the rows with `held` 0, say of those with 1.

    A method that raises, as one that needs more rows of a class, is no fault of the study.
    """
    from mlbalance.compare.blocks import Plan, run_block

    K = int(y.max()) + 1
    uniform, seed = np.full(K, 1 / K), int(rng.integers(2**31 - 1))
    plan = Plan(table, np.arange(K), y, held[None], uniform, _defined(methods), seed)
    return {
        each.method: each._replace(status="refused") if each.status == "error" else each
        for each in run_block(plan, 0, 1, methods).outcomes
    }


@cache
def _defined(methods: tuple[str, ...]) -> tuple[Any, ...]:
    """The candidates and their definitions."""
    from mlbalance.compare.candidates import as_candidate
    from mlbalance.compare.definition import define

    return tuple((each, define(each)) for each in map(as_candidate, methods))
