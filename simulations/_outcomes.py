"""Outcomes of the studies of inference, and populations on finitely many points as a source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.corrections import prior_shift
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.populations import Gaussian, stack
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Fitted, Quantity, Sampled
from mlbalance.simulation.sources import Stream, Test
from mlbalance.theory import covariance, data_moments, population_moments

KINDS = ("model", "robust", "design")


@dataclass(frozen=True)
class Functional:
    """A linear functional sum(array * theta) of the coefficients (K, 1 + d) at the balanced prior,
    or, if `natural`, at the prior of the data.
    """

    name: str
    array: tuple[tuple[float, ...], ...]
    natural: bool = False

    def of(self, theta: FloatArray, shares: FloatArray) -> float:
        """Its value at balanced theta (K, 1 + d)."""
        at = theta.copy()
        if self.natural:
            at[:, 0] = prior_shift(at[:, 0], np.full(len(at), 1 / len(at)), shares)
        return float((np.array(self.array) * at).sum())

    @property
    def contrast(self) -> FloatArray:
        """Coefficients (p,) of the functional on contrasts against class 0, as covariances are."""
        return np.array(self.array)[1:].ravel()


def truths(
    functionals: tuple[Functional, ...], population: Gaussian, counts: tuple[int, ...]
) -> dict[str, float]:
    """Values at the balanced optimum, by the names of `Intervals`."""
    theta, shares = population_moments(population).theta, np.array(counts) / sum(counts)
    return {f"{f.name}, {kind}": f.of(theta, shares) for f in functionals for kind in KINDS}


@dataclass(frozen=True)
class Intervals:
    """Estimates of functionals, each with the standard error of every kind of covariance.

    Standard errors use the rows with positive weight and no others.
    """

    functionals: tuple[Functional, ...]

    @property
    def columns(self) -> tuple[Quantity, ...]:
        """One estimate and one standard error per functional and kind."""
        names = [f"{f.name}, {kind}" for f in self.functionals for kind in KINDS]
        return tuple(Quantity(name, what) for name in names for what in ("estimate", "se"))

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, columns), replicate by replicate."""
        rows = zip(fitted.theta, fitted.X, fitted.y, fitted.weights[:, 0], strict=True)
        return np.array([self._of(*row) for row in rows])

    def _of(self, theta: FloatArray, X: FloatArray, y: IntArray, w: FloatArray) -> FloatArray:
        shares, kept = np.bincount(y) / y.size, w > 0
        tau, counts = np.bincount(y, w) / w.sum(), np.bincount(y[kept])
        at = theta.copy()  # the fit before the correction
        at[:, 0] = prior_shift(theta[:, 0], np.full(tau.size, 1 / tau.size), tau)
        scheme = ClassWeight(prior=tuple(tau.tolist()))
        centred = data_moments(X[kept], y[kept], at, tau)
        raw = centred._replace(
            score_cov=centred.score_cov * ((counts - 1) / counts)[:, None, None]
        )  # divisor n_k, as HC0 has it
        by_kind = dict(zip(KINDS, (centred, raw, centred), strict=True))
        covs = {kind: covariance(m, scheme, counts, kind) for kind, m in by_kind.items()}
        values = []
        for f in self.functionals:
            estimate, a = f.of(theta, shares), f.contrast
            for kind in KINDS:
                values += [estimate, np.sqrt(a @ covs[kind] @ a)]
        return np.array(values)


@dataclass(frozen=True)
class SquaredErrors:
    """Squared errors of functionals about the balanced optimum of the cell's population, and the
    estimates themselves.
    """

    functionals: tuple[Functional, ...]

    @property
    def columns(self) -> tuple[Quantity, ...]:
        """One squared error and one estimate per functional."""
        return tuple(
            quantity
            for f in self.functionals
            for quantity in (Quantity(f"squared error of {f.name}"), Quantity(f.name, "estimate"))
        )

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, columns)."""
        (test,) = fitted.tests
        best = softmax.fit(*test).theta
        shares = np.bincount(fitted.y[0]) / fitted.y.shape[1]
        values = []
        for f in self.functionals:
            truth, found = f.of(best, shares), np.array([f.of(t, shares) for t in fitted.theta])
            values += [(found - truth) ** 2, found]
        return np.stack(values, axis=1)


@dataclass(frozen=True, eq=False)
class Exact(Sampled):
    """A sample of a population whose `rule()` is exact, tested on that rule."""

    def test(self, number: int, streams: Stream) -> Test:
        """Every point of every class with its mass."""
        return Test(*stack(self.population.rule()))


def tuples(array: npt.ArrayLike) -> tuple[tuple[float, ...], ...]:
    """An array (K, 1 + d) as nested tuples, for a field of a frozen class."""
    return tuple(tuple(row) for row in np.asarray(array, dtype=float).tolist())
