"""Outcomes, the numbers recorded of a replicate: predictive performance and estimates.

An outcome takes many replicates of a method at once and returns numbers by replicate. No product or
reduction runs across replicates: one has the same bits alone and in any batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, IntArray, as_floats
from mlbalance.simulation.evaluation import BINARY, MEASURES, Evaluation, blocks, total_of
from mlbalance.simulation.records import Quantity
from mlbalance.simulation.sources import Test

__all__ = ["Coefficients", "Fitted", "Outcome", "Predictive", "Ridge"]


@dataclass(frozen=True)
class Fitted:
    """Estimates of one method on R replicates, with their training and test rows."""

    theta: FloatArray
    """(R, K, 1 + d) finite coefficients, intercept first; R times `method.shape` of other models"""
    ridge: float
    """On the mean-loss scale; zero where it is chosen"""
    X: FloatArray
    """(R, n, d) training rows"""
    y: IntArray
    """(R, n)"""
    weights: FloatArray
    """(R, bags, n)"""
    tests: tuple[Test, ...]
    """One for all replicates, or R"""
    best: Callable[[], float] | None
    """Computes the minimum of the penalised log-loss over the test rows at this ridge; None unless
    these represent the population"""
    chosen: FloatArray | None = None
    """(R,) ridges of the fits, where these are chosen; None for `ridge`"""


class Outcome(Protocol):
    """Numbers that a study records of each replicate; a study file may define its own.

    Quantities of kind "estimate" and "se" are summarised as an estimate and its model standard
    error, with the cell's `truth[estimand]` as the truth; those of kind "value" by their mean.
    """

    @property
    def columns(self) -> tuple[str | Quantity, ...]:
        """Quantities in the order of the numbers; a plain name is one of kind "value"."""

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, columns); NaN where one does not exist."""


@dataclass(frozen=True, init=False)
class Predictive:
    """Predictive performance on the test rows.

    Means are over the test rows with their weights, which set the target: balanced or natural.

    Parameters
    ----------
    *names : str
        - "log-loss": minus the log-probability of the true class, in nats.
        - "error", "worst-class error": misclassification rate of all rows, and of the class where
          it is largest. The class of the largest logit is predicted, the first one at ties.
        - "excess risk": log-loss plus (ridge/2) ||coef - mean over classes||^2, minus the minimum
          over the test rows; NaN where these do not represent a population.
        - "Brier": sum over classes of squared differences from the class indicator, 0 to 2.
        - "AUC": probability that a row of class 1 has larger log-odds than one of class 0, ties
          counting half, all rows with equal weight (Mann-Whitney); for K > 2 the mean over classes
          of one class against the rest. NaN if a class has no test row.
        - "calibration slope", "calibration intercept": b of y ~ a + b lp and a of y ~ a + lp,
          logistic regressions on the log-odds lp of the test rows (Van Calster et al. 2016, J Clin
          Epidemiol 74:167); 1 and 0 for a calibrated model. K = 2 only; NaN where the regression
          has no MLE.

    Raises
    ------
    InputError
        For an unknown name, or none.
    """

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        unknown = [name for name in names if name not in MEASURES]
        if unknown or not names:
            raise InputError(
                f"No predictive outcome is named {', '.join(map(repr, unknown)) or 'nothing'}; "
                f"known are {', '.join(MEASURES)}."
            )
        object.__setattr__(self, "names", names)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the measures."""
        return self.names

    def check(self, n_classes: int) -> None:
        """Raise `InputError` if a measure is not defined for this number of classes."""
        refused = [name for name in self.names if name in BINARY]
        if n_classes > 2 and refused:
            raise InputError(
                f"The {refused[0]} is that of two classes; there are {n_classes}. Leave it out."
            )

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, names)."""
        theta = np.ascontiguousarray(fitted.theta, dtype=float)
        self.check(theta.shape[1])
        values = np.empty((len(theta), len(self.names)))
        best = np.nan
        if fitted.best is not None and "excess risk" in self.names:
            best = fitted.best()
        for index, rows in blocks(fitted.tests, len(theta), theta.shape[1]):
            evaluation = Evaluation(theta[index], rows, fitted.ridge, best)
            for column, name in enumerate(self.names):
                values[index, column] = MEASURES[name](evaluation)
        return values


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Estimates of linear functionals of the coefficients.

    Parameters
    ----------
    functionals
        Pairs of a name and an array A (K, 1 + d); the estimate is sum(A * theta), in units of the
        logit. Every column of A sums to zero over the classes: a shift common to all classes
        changes no probability.

    Raises
    ------
    InputError
        For no functional, and arrays that are not finite, of different shapes, all zero, or with
        another sum.
    """

    functionals: tuple[tuple[str, npt.ArrayLike], ...]

    def __post_init__(self) -> None:
        if not self.functionals:
            raise InputError("Coefficients need a functional: a name and an array (K, 1 + d).")
        checked = tuple((name, _contrast(name, given)) for name, given in self.functionals)
        shapes = {array.shape for _, array in checked}
        if len(shapes) > 1:
            raise InputError(f"Functionals need one shape (K, 1 + d); theirs are {shapes}.")
        object.__setattr__(self, "functionals", checked)

    @property
    def columns(self) -> tuple[Quantity, ...]:
        """One estimate per functional."""
        return tuple(Quantity(name, "estimate") for name, _ in self.functionals)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Estimates (R, functionals)."""
        theta = np.ascontiguousarray(fitted.theta)
        arrays = [np.asarray(array) for _, array in self.functionals]
        if theta.shape[1:] != arrays[0].shape:
            raise InputError(
                f"Functionals of coefficients have shape {arrays[0].shape}; the coefficients "
                f"(K, 1 + d) have {theta.shape[1:]}. Give arrays of that shape."
            )
        terms = (theta * array for array in arrays)
        return np.stack([total_of(term.reshape(len(theta), -1)) for term in terms], axis=1)


@dataclass(frozen=True)
class Ridge:
    """Ridges of the fits, which a method may choose in each data set.

    Of a ridge of zero there is no logarithm: the number is NaN.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The logarithm to base ten, of a ridge on the mean-loss scale."""
        return ("log10 ridge",)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, 1)."""
        same = np.full(len(fitted.theta), float(fitted.ridge))
        ridges = same if fitted.chosen is None else np.array(fitted.chosen, dtype=float)
        ridges[ridges == 0] = np.nan
        return np.log10(ridges)[:, None]


def _contrast(name: str, given: npt.ArrayLike) -> FloatArray:
    array = as_floats(given, InputError, f"Functional {name!r} must be numbers (K, 1 + d)").copy()
    if array.ndim != 2 or not np.isfinite(array).all() or not array.any():
        raise InputError(
            f"Functional {name!r} must be finite numbers (K, 1 + d), not all zero; it has shape "
            f"{array.shape}."
        )
    if (np.abs(array.sum(axis=0)) > 1e-12 * np.abs(array).sum(axis=0)).any():
        raise InputError(
            f"Functional {name!r} must sum to zero over the classes in every column: a shift "
            "common to all classes means nothing. Subtract the mean over the classes."
        )
    array.flags.writeable = False
    return array
