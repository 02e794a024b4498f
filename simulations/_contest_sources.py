"""Populations and outcomes of the contest: heavy tails, mislabelled rows, thinned data sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance.corrections import refit_intercepts
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.populations import Gaussian
from mlbalance.simulation import Fitted
from mlbalance.simulation.sources import Replicate, Stream, Test


@dataclass(frozen=True, eq=False)
class StudentT:
    """Classes with multivariate t rows: normal ones over the root of a chi-square mean of each.

    `freedom` degrees, 3 or more; rows are scaled so that their covariance is that of `normal`.
    """

    normal: Gaussian
    freedom: int = 3

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return self.normal.n_classes

    def sample(
        self, counts: npt.ArrayLike, rng: np.random.Generator
    ) -> tuple[FloatArray, IntArray]:
        """Features (n, d) and labels (n,), class by class."""
        X, y = self.normal.sample(counts, rng)
        means = self.normal.means[y]
        scale = np.sqrt((self.freedom - 2) / rng.chisquare(self.freedom, y.size))
        return means + (X - means) * scale[:, None], y


@dataclass(frozen=True, eq=False)
class Mislabelled:
    """Classes of which a share of the rows comes from the other classes, equally from each."""

    clean: Gaussian
    share: float

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return self.clean.n_classes

    def sample(
        self, counts: npt.ArrayLike, rng: np.random.Generator
    ) -> tuple[FloatArray, IntArray]:
        """Features (n, d) and labels (n,) as they are observed, class by class."""
        y = np.repeat(np.arange(self.n_classes), counts)
        moved = rng.random(y.size) < self.share
        origin = (y + moved * rng.integers(1, self.n_classes, y.size)) % self.n_classes
        order = np.argsort(origin, kind="stable")
        X = np.empty((y.size, self.clean.n_features))
        own = np.maximum(np.bincount(origin, minlength=self.n_classes), 1)
        drawn, of = self.clean.sample(own, rng)
        X[order] = drawn[np.isin(of, origin)]
        return X, y


@dataclass(frozen=True, eq=False)
class Thinned:
    """Random rows of a data set, `counts` (K,) of each class; the others are the test rows.

    Replicates stand for thinnings of this data set, not for new data sets: `dependence` is zero.
    Features are standardised by the training rows.
    """

    X: FloatArray
    y: IntArray
    counts: tuple[int, ...]

    dependence = 0.0
    truth = False

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return len(self.counts)

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """The drawn rows, standardised, and their labels."""
        rows = self._drawn(number, streams)
        return Replicate(self._standardised(rows)[rows], self.y[rows], np.arange(rows.size))

    def test(self, number: int, streams: Stream) -> Test:
        """Rows left out, weighted so that every class has the same total."""
        rows = self._drawn(number, streams)
        left = np.delete(np.arange(self.y.size), rows)
        y = self.y[left]
        weights = 1.0 / (np.bincount(y)[y] * self.n_classes)
        return Test(self._standardised(rows)[left], y, weights)

    def _standardised(self, rows: IntArray) -> FloatArray:
        spread = self.X[rows].std(axis=0)
        return (self.X - self.X[rows].mean(axis=0)) / np.where(spread > 0, spread, 1.0)

    def _drawn(self, number: int, streams: Stream) -> IntArray:
        rng = streams(number, "rows")
        of = [np.flatnonzero(self.y == k) for k in range(self.n_classes)]
        taken = [rng.permutation(own)[:n] for own, n in zip(of, self.counts, strict=True)]
        return np.concatenate(taken)


@dataclass(frozen=True)
class Calibration:
    """Calibration slope for any number of classes, and the error at the best intercepts.

    The slope is the factor of all logits, intercepts free, with the least log-loss on the test
    rows. The best intercept is that of the least error on the test rows, for two classes alone: no
    method knows it, and NaN stands for more classes.
    """

    columns = ("slope of the logits", "error at the best threshold")

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, 2)."""
        tests = fitted.tests if len(fitted.tests) > 1 else fitted.tests * len(fitted.theta)
        return np.array([_of(*pair) for pair in zip(fitted.theta, tests, strict=True)])


def _of(theta: FloatArray, test: Test) -> tuple[float, float]:
    z = (theta @ test.across).T
    slope = refit_intercepts(z, test.y, test.weights, temperature=True).scale
    return slope, _least_error(z[:, 1] - z[:, 0], test) if len(theta) == 2 else np.nan


def _least_error(z: FloatArray, test: Test) -> float:
    """Least error over thresholds of the log-odds."""
    order = np.argsort(z, kind="stable")
    sign = np.where(test.y[order] == 1, 1.0, -1.0) * test.weights[order]
    passed = np.append(0.0, np.cumsum(sign))  # errors as the threshold moves past each row
    cuts = np.append(True, np.diff(z[order]) > 0), True
    return float(test.weights[test.y == 0].sum() + passed[np.append(*cuts)].min())
