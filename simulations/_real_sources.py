"""Data sets as `mlbalance compare` sees them: its methods are fitted in stratified folds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mlbalance.data import load
from mlbalance.inputs import IntArray
from mlbalance.simulation import Split
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
        """What each method says of the rows left out: an outcome of `mlbalance.compare`.

        A method that raises, as one that needs more rows of a class, is no fault of the study.
        """
        from mlbalance.compare.blocks import run_block

        held = np.ones(self.y.size, dtype=int)
        held[self.replicate(number, streams).rows] = 0
        seed = int(streams(number, "fits").integers(2**31 - 1))
        plan = self._plan._replace(fold_of=held[None], seed=seed)
        return {
            each.method: each._replace(status="refused") if each.status == "error" else each
            for each in run_block(plan, 0, 1, self.methods).outcomes
        }

    @cached_property
    def _plan(self) -> Any:
        """All that does not depend on the fold."""
        from mlbalance.compare.blocks import Plan
        from mlbalance.compare.candidates import as_candidate
        from mlbalance.compare.definition import define
        from mlbalance.compare.tables import read

        data = load(self.name)
        table = read(data.path, data.target)
        candidates = map(as_candidate, self.methods)
        defined = tuple((each, define(each)) for each in candidates)
        K = self.n_classes
        return Plan(table, np.arange(K), self.y, np.empty((1, 0)), np.full(K, 1 / K), defined, 0)
