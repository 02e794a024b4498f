"""Local departures from a correctly specified model, and the most powerful test against each.

Two classes on finitely many points, counts n_k of n rows. phi and psi are the influence functions
of weighting and of the unweighted fit with offset, centred within classes since counts are fixed;
d their difference. Class k is tilted by exp(size g_k / sqrt(n)), g of mean zero in each class and
variance one (label `contiguity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray
from mlbalance.populations import Discrete
from mlbalance.simulation import Fitted
from mlbalance.theory import population_moments
from simulations._outcomes import Functional

NORMAL = 1.6448536269514722  # quantile of the one-sided test of 5 %


def on_a_grid(separation: float, points: int) -> Discrete:
    """Two normal distributions of variance one on a grid that ends two deviations beyond their
    means: the softmax model is correctly specified, and no tilt has heavy tails.
    """
    x = np.linspace(-2.0, 2.0 + separation, points)
    masses = np.exp(-((x - np.array([[0.0], [separation]])) ** 2) / 2)
    return Discrete(x[:, None], masses / masses.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Tilt:
    """A departure of a `size` from a correctly specified model, in a direction that has a
    `correlation` with d; the rest of it is the part of x^2 in class 1 that is uncorrelated with d.
    (In both classes it would change the distribution of x and leave the model correct.)
    """

    right: Discrete
    counts: tuple[int, ...]
    functional: Functional
    correlation: float
    size: float = 0.0

    @cached_property
    def influences(self) -> tuple[FloatArray, FloatArray]:
        """phi and psi (K, points), of one row, relative to 1/n."""
        found = []
        for tau in (np.full(self.shares.size, 1 / self.shares.size), self.shares):
            m, theta, *_ = population_moments(self.right, tau)
            direction = np.linalg.solve(m.hessian, self.functional.contrast)
            points = self.right.points
            scores = [
                softmax.row_scores(theta, points, np.full(len(points), k))[:, 1:] for k in range(2)
            ]
            centred = np.stack(scores).reshape(2, len(points), -1) - m.score_mean[:, None]
            found.append(-(tau / self.shares)[:, None] * (centred @ direction))
        return found[0], found[1]

    @property
    def shares(self) -> FloatArray:
        """n_k / n (K,)."""
        return np.array(self.counts) / sum(self.counts)

    @cached_property
    def direction(self) -> FloatArray:
        """g (K, points)."""
        phi, psi = self.influences
        d = phi - psi
        d = d / np.sqrt(self.mean(d**2))
        other = np.array([[0.0], [1.0]]) * self.right.points[:, 0] ** 2
        other = other - (self.right.masses * other).sum(axis=1, keepdims=True)
        other = other - self.mean(other * d) * d
        other = other / np.sqrt(self.mean(other**2))
        return self.correlation * d + np.sqrt(1 - self.correlation**2) * other

    @property
    def population(self) -> Discrete:
        """The tilted distribution."""
        masses = self.right.masses * np.exp(self.size * self.direction / np.sqrt(sum(self.counts)))
        return Discrete(self.right.points, masses / masses.sum(axis=1, keepdims=True))

    def mean(self, values: FloatArray) -> float:
        """Mean of values (K, points) over a row under the correctly specified model."""
        return float((self.shares[:, None] * self.right.masses * values).sum())


@dataclass(frozen=True, eq=False)
class Rejected:
    """Whether the mean of g, the most powerful test's statistic, rejects the model at 5 percent."""

    name: str
    right: Discrete
    counts: tuple[int, ...]
    functional: Functional
    correlation: float

    @property
    def columns(self) -> tuple[str, ...]:
        """One column."""
        return (f"rejected, {self.name}",)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Zeros and ones (R, 1)."""
        g = Tilt(self.right, self.counts, self.functional, self.correlation).direction
        points = self.right.points[:, 0]
        place = np.abs(fitted.X[:, :, :1] - points).argmin(axis=-1)
        statistic = g[fitted.y, place].sum(axis=1) / np.sqrt(fitted.y.shape[1])
        return (statistic > NORMAL).astype(float)[:, None]
