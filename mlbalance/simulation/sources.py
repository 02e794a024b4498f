"""Where the rows of a replicate come from: a population, or splits of a real data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

from mlbalance.inputs import FloatArray, InputError, IntArray, as_counts, as_data
from mlbalance.methods.folds import deal
from mlbalance.populations import Rule, stack

__all__ = [
    "Fresh",
    "Population",
    "Replicate",
    "Sampled",
    "Source",
    "Split",
    "Stream",
    "Test",
]

Stream = Callable[..., np.random.Generator]
"""Names of a purpose within one cell to a generator."""


class _Rows(NamedTuple):
    X: FloatArray
    y: IntArray
    weights: FloatArray


class Test(_Rows):
    """Rows on which methods are judged; measures are means with these weights, of sum one."""

    @cached_property
    def across(self) -> FloatArray:
        """(1 + d, N) ones, then features."""
        N, d = self.X.shape
        across = np.empty((1 + d, N))
        across[0], across[1:] = 1.0, self.X.T
        return across

    @cached_property
    def own(self) -> IntArray:
        """(N,) position of the own class among the (K, N) logits."""
        return self.y * self.y.size + np.arange(self.y.size)


class Replicate(NamedTuple):
    """One training set: features (n, d), labels (n,), and which of the rows may be used."""

    X: FloatArray
    y: IntArray
    rows: IntArray


class Source(Protocol):
    """What a cell draws its replicates from."""

    @property
    def n_classes(self) -> int:
        """Number of classes K, some of which a replicate may lack."""

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


class Population(Protocol):
    """Laws of the features in each class, as `mlbalance.populations` has them."""

    @property
    def n_classes(self) -> int:
        """Number of classes K."""

    def sample(self, counts: Any, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Features (n, d) and labels (n,), class by class."""

    def sobol(self, size: int, rng: np.random.Generator) -> list[Rule]:
        """Integration rule."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Fresh rows of a population, judged on its integration rule.

    Classes have the given counts in every replicate; if `random`, these are expected ones, which
    need not be whole, and labels are drawn, as in a sample of everyone. The rule (`test_size`
    scrambled Sobol points per class, a power of two) stands for the population: risks, and the best
    coefficients they are compared with, are sums over the same points.
    """

    population: Population
    counts: tuple[float, ...]
    random: bool = False
    test_size: int = 1024

    dependence = 0.0
    truth = True

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return len(self.counts)

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """A new sample."""
        counts = np.array(self.counts)
        if self.random:
            shares = counts / counts.sum()
            counts = streams(number, "labels").multinomial(round(counts.sum()), shares)
        X, y = _sample(self.population, counts, streams(number, "rows"))
        return Replicate(X, y, np.arange(y.size))

    def test(self, number: int, streams: Stream) -> Test:
        """The population's rule, the same for every replicate."""
        return Test(*stack(self.population.sobol(self.test_size, streams("test"))))


@dataclass(frozen=True, eq=False)
class Fresh(Sampled):
    """Fresh rows to learn from, and others to be judged on.

    `test_size` test rows are drawn anew for every replicate: as many of every class, or with the
    shares of the counts, labels drawn at random if `random`, if the target is "natural". All of
    them weigh the same.
    """

    target: str = "balanced"

    truth = False

    def __post_init__(self) -> None:
        if self.target not in ("balanced", "natural"):
            raise InputError(f'A target is "balanced" or "natural", not {self.target!r}.')

    def test(self, number: int, streams: Stream) -> Test:
        """New rows."""
        counts, rng = self._expected, streams(number, "test")
        if self.random and self.target == "natural":
            counts = rng.multinomial(self.test_size, self._shares)
        X, y = _sample(self.population, counts, rng)
        return Test(X, y, np.full(y.size, 1.0 / y.size))

    @cached_property
    def _shares(self) -> FloatArray:
        shares = np.ones(self.n_classes) if self.target == "balanced" else np.array(self.counts)
        return shares / shares.sum()

    @cached_property
    def _expected(self) -> IntArray:
        ends = np.append(0, np.cumsum(self._shares)) * self.test_size
        return np.diff(np.rint(ends).astype(int))


def _sample(
    population: Population, counts: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, IntArray]:
    """Of every class `counts` rows, of some perhaps none."""
    if counts.all():
        return population.sample(counts, rng)
    X, y = population.sample(np.maximum(counts, 1), rng)
    first = np.r_[0, np.cumsum(np.maximum(counts, 1))[:-1]]
    kept = np.delete(np.arange(y.size), first[counts == 0])
    return X[kept], y[kept]


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
    def n_classes(self) -> int:
        """Number of classes K."""
        return int(self.y.max()) + 1

    @property
    def dependence(self) -> float:
        """Variance of a mean over J replicates is (1/J + this) times that of one."""
        return 1.0 / (self.folds - 1)

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """Standardised features (n, d) of all rows, their labels, and the training rows."""
        rows = np.flatnonzero(self._fold(number, streams) != number % self.folds)
        spread = self.X[rows].std(axis=0)
        X = (self.X - self.X[rows].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        return Replicate(X, self.y, rows)

    def test(self, number: int, streams: Stream) -> Test:
        """The rows left out, weighted so that every class counts the same."""
        left = self._fold(number, streams) == number % self.folds
        y = self.y[left]
        counts = np.bincount(y)
        return Test(self.replicate(number, streams).X[left], y, 1.0 / (counts[y] * counts.size))

    def _fold(self, number: int, streams: Stream) -> IntArray:
        """Fold (n,) of every row: classes are dealt out one after the other, at random."""
        order = streams(number // self.folds, "split").permutation(self.y.size)
        taken = deal(self.y[order], np.ones_like(order), self.folds)
        fold = np.empty(self.y.size, dtype=np.int64)
        fold[order] = taken.argmax(axis=0)
        return fold
