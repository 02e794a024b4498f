"""Where the rows of a replicate come from: a population, or splits of a real data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from mlbalance.inputs import FloatArray, InputError, IntArray, as_counts, as_data
from mlbalance.populations import Gaussian, stacked

__all__ = ["Replicate", "Sampled", "Source", "Split", "Stream", "Test"]

Stream = Callable[..., np.random.Generator]
"""Names of a purpose within one cell to a generator."""


class Test(NamedTuple):
    """Rows on which methods are judged; weights sum to one over the balanced classes."""

    X: FloatArray
    y: IntArray
    weights: FloatArray


class Replicate(NamedTuple):
    """One training set: features (n, d), and which of the source's rows may be used."""

    X: FloatArray
    rows: IntArray


class Source(Protocol):
    """What a cell draws its replicates from."""

    @property
    def y(self) -> IntArray:
        """Labels (n,) of all replicates of the cell."""

    @property
    def dependence(self) -> float:
        """Covariance of two replicates' outcomes relative to their variance."""

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """Training set of one replicate."""

    def test(self, number: int, streams: Stream) -> Test:
        """Test rows of one replicate."""

    @property
    def truth(self) -> bool:
        """Whether the test rows stand for the whole population, the same for every replicate."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Fresh rows of a population with fixed class counts, judged on its integration rule.

    The rule (`test_size` scrambled Sobol points a class) stands for the population: risks, and the
    best coefficients they are compared with, are sums over the same points.
    """

    population: Gaussian
    counts: tuple[int, ...]
    test_size: int = 1024

    dependence = 0.0
    truth = True

    @property
    def y(self) -> IntArray:
        """Labels (n,), class by class."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """A new sample."""
        X, _ = self.population.sample(self.counts, streams(number, "rows"))
        return Replicate(X, np.arange(len(X)))

    def test(self, number: int, streams: Stream) -> Test:
        """The population's rule, the same for every replicate."""
        return Test(*stacked(self.population.sobol(self.test_size, streams("test"))))


@dataclass(frozen=True, eq=False)
class Split:
    """Repeated stratified cross-validation of a data set X (n, d), y (n,).

    Replicate r is fold r mod `folds` of repeat r div `folds`. Features are standardised by the
    training rows. Replicates share rows, so a standard error must not treat them as independent:
    their correlation is taken as 1/(folds - 1) relative to the variance (Nadeau & Bengio 2003).
    """

    X: FloatArray
    y: IntArray
    folds: int = 5

    truth = False

    def __post_init__(self) -> None:
        data = as_data(self.X, self.y)
        fewest = int(as_counts(np.bincount(data.y, minlength=data.n_classes), "A split").min())
        if fewest < 2:
            raise InputError("A split needs at least two rows of every class; the smallest has 1.")
        if not 2 <= self.folds <= fewest:
            raise InputError(
                f"Stratified folds need 2 to {fewest} of them, the smallest class having {fewest} "
                f"rows; {self.folds} were given."
            )
        object.__setattr__(self, "X", data.X)
        object.__setattr__(self, "y", data.y)

    @property
    def dependence(self) -> float:
        """Variance of a mean over J replicates is (1/J + this) times that of one."""
        return 1.0 / (self.folds - 1)

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """Standardised features (n, d) of all rows, and the training rows."""
        rows = np.flatnonzero(self._fold(number, streams) != number % self.folds)
        spread = self.X[rows].std(axis=0)
        X = (self.X - self.X[rows].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        return Replicate(X, rows)

    def test(self, number: int, streams: Stream) -> Test:
        """The rows left out, weighted so that every class counts the same."""
        left = self._fold(number, streams) == number % self.folds
        y = self.y[left]
        counts = np.bincount(y)
        return Test(self.replicate(number, streams).X[left], y, 1.0 / (counts[y] * counts.size))

    def _fold(self, number: int, streams: Stream) -> IntArray:
        """Fold (n,) of every row: classes are dealt out one after the other, at random."""
        order = streams(number // self.folds, "split").permutation(self.y.size)
        dealt = order[np.argsort(self.y[order], kind="stable")]
        fold = np.empty(self.y.size, dtype=np.int64)
        fold[dealt] = np.arange(self.y.size) % self.folds
        return fold
