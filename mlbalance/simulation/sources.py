"""Sources of the rows of a replicate: samples of a population, or splits of a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

from mlbalance.inputs import FloatArray, InputError, IntArray, as_counts, as_data
from mlbalance.methods.folds import deal
from mlbalance.populations import Rule, stack

__all__ = [
    "Answer",
    "Answering",
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
"""Gives the generator for the names of a purpose within one cell."""


class _Rows(NamedTuple):
    X: FloatArray
    y: IntArray
    weights: FloatArray


class Test(_Rows):
    """Test rows X (N, d), y (N,) with weights (N,) of sum one, by which measures are averaged."""

    @cached_property
    def across(self) -> FloatArray:
        """(1 + d, N) ones, then features."""
        N, d = self.X.shape
        across = np.empty((1 + d, N))
        across[0], across[1:] = 1.0, self.X.T
        return across

    @cached_property
    def own(self) -> IntArray:
        """(N,) position of the true class among the (K, N) logits."""
        return self.y * self.y.size + np.arange(self.y.size)


class Replicate(NamedTuple):
    """One training set: features (n, d), labels (n,), and indices of the training rows."""

    X: FloatArray
    y: IntArray
    rows: IntArray


class Source(Protocol):
    """Source of the replicates of a cell."""

    @property
    def n_classes(self) -> int:
        """Number of classes K; a replicate may lack some."""

    @property
    def dependence(self) -> float:
        """Dependence c of two replicates; see `performance`."""

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """Training set of one replicate.

        Parameters
        ----------
        number : int
            Of the replicate, from 0.
        streams : Stream
            Gives the generator for names of a purpose, as `streams(number, "rows")`.
        """

    def test(self, number: int, streams: Stream) -> Test:
        """Test rows of one replicate; parameters as of `replicate`."""

    @property
    def truth(self) -> bool:
        """Whether the test rows represent the population, the same ones for every replicate."""


class Answer(Protocol):
    """What a method says of test rows."""

    @property
    def status(self) -> str:
        """Key of `softmax.STATUS`, "refused" or "error"; "converged" with an answer."""

    @property
    def message(self) -> str:
        """What is known of that reason."""

    @property
    def log_p(self) -> FloatArray | None:
        """(N, K) log-probabilities of the test rows, None without an answer."""


class Answering(Source, Protocol):
    """Source that fits methods itself, as those whose logits are not linear in the features."""

    def answers(self, number: int, streams: Stream) -> Mapping[str, Answer]:
        """Answers on the test rows of one replicate, by the id of the method."""


class Population(Protocol):
    """Distributions of the features in each class, as in `mlbalance.populations`."""

    @property
    def n_classes(self) -> int:
        """Number of classes K."""

    def sample(self, counts: Any, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
        """Features (n, d) and labels (n,), class by class."""

    def sobol(self, size: int, rng: np.random.Generator) -> list[Rule]:
        """Integration rule of each class with `size` scrambled Sobol points."""


@dataclass(frozen=True, eq=False)
class Sampled:
    """Samples of a population, tested on its integration rule.

    The rule represents the population: risks and their minimum are sums over the same points.

    Parameters
    ----------
    population
        Distributions of the features.
    counts
        (K,) rows of each class in every replicate; their expectations if `random`, which need not
        be whole.
    random
        Whether labels are drawn too, as in a sample of the whole population.
    test_size
        Scrambled Sobol points per class, a power of two.
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
        """The integration rule, the same for every replicate."""
        return Test(*stack(self.population.sobol(self.test_size, streams("test"))))


@dataclass(frozen=True, eq=False)
class Fresh(Sampled):
    """Samples of a population, each tested on a sample of its own.

    The first four parameters are those of `Sampled`, but that `test_size` counts the test rows of
    all classes. These have equal weights.

    Parameters
    ----------
    target
        "balanced": equally many test rows of every class. "natural": with the shares of the counts,
        labels being drawn if `random`.

    Raises
    ------
    InputError
        For another target.
    """

    target: str = "balanced"

    truth = False

    def __post_init__(self) -> None:
        if self.target not in ("balanced", "natural"):
            raise InputError(f'A target is "balanced" or "natural", not {self.target!r}.')

    def test(self, number: int, streams: Stream) -> Test:
        """A new sample."""
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
    """Features and labels with `counts` rows per class, which may be zero."""
    if counts.all():
        return population.sample(counts, rng)
    X, y = population.sample(np.maximum(counts, 1), rng)
    first = np.r_[0, np.cumsum(np.maximum(counts, 1))[:-1]]
    kept = np.delete(np.arange(y.size), first[counts == 0])
    return X[kept], y[kept]


@dataclass(frozen=True, eq=False)
class Split:
    """Repeated stratified cross-validation of a data set.

    Replicate r is fold r mod `folds` of repeat r div `folds`. Features are standardised by the
    training rows.

    Parameters
    ----------
    X
        Features (n, d).
    y
        Labels (n,).
    folds
        2 up to the number of rows of the smallest class.

    Raises
    ------
    InputError
        For another number of folds, or a class with fewer than two rows.
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
        """1/(folds - 1), since replicates share training rows (Nadeau & Bengio 2003)."""
        return 1.0 / (self.folds - 1)

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """Standardised features (n, d) of all rows, their labels, and the training rows.

        Standardisation is by the training rows; a constant feature is only centred.
        """
        rows = np.flatnonzero(self._fold(number, streams) != number % self.folds)
        spread = self.X[rows].std(axis=0)
        X = (self.X - self.X[rows].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        return Replicate(X, self.y, rows)

    def test(self, number: int, streams: Stream) -> Test:
        """Rows left out, weighted so that every class has the same total."""
        left = self._fold(number, streams) == number % self.folds
        y = self.y[left]
        counts = np.bincount(y)
        return Test(self.replicate(number, streams).X[left], y, 1.0 / (counts[y] * counts.size))

    def _fold(self, number: int, streams: Stream) -> IntArray:
        """Fold (n,) of every row: rows are assigned class by class, in random order."""
        order = streams(number // self.folds, "split").permutation(self.y.size)
        taken = deal(self.y[order], np.ones_like(order), self.folds)
        fold = np.empty(self.y.size, dtype=np.int64)
        fold[order] = taken.argmax(axis=0)
        return fold
