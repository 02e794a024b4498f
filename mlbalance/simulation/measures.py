"""Performance measures by name, and what a recorded number must have for each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray, InputError
from mlbalance.simulation import performance
from mlbalance.simulation.performance import (
    Measured,
    mean_and_error,
    quantile_and_error,
    ratio_and_error,
)

__all__ = [
    "DEFAULT",
    "DIFFERENCE",
    "PERFORMANCE",
    "RATIO",
    "Column",
    "Performance",
    "check_measures",
]


class Column(NamedTuple):
    """One column of a method on a cell, or an estimate with what belongs to it."""

    values: FloatArray
    """(R,) NaN where there is none"""
    dependence: float = 0.0
    estimate: bool = False
    """Whether it estimates something, rather than being a performance already"""
    truth: float = np.nan
    errors: FloatArray = np.empty(0)
    """(R,) model standard errors, if there are any"""
    pairs: FloatArray = np.empty((2, 0))
    """(2, R') values of this method and of the reference, on the replicates of both"""


class Performance(NamedTuple):
    """A measure, what a column must have for it, and whether some replicates may lack a value."""

    of: Callable[[Column], Measured]
    needs: tuple[str, ...] = ()
    """Of "estimate", "truth", "errors", "pairs", "independence"; the last of the replicates"""
    robust: bool = False

    def applies(self, column: Column) -> bool:
        """Whether the column has all that is needed."""
        has = {
            "estimate": column.estimate,
            "truth": not np.isnan(column.truth),
            "errors": column.errors.size > 0,
            "pairs": column.pairs.size > 0,
            "independence": column.dependence == 0,
        }
        return all(has[need] for need in self.needs)

    def used(self, column: Column) -> FloatArray:
        """The arrays (m, R) it is worked out from."""
        arrays = [*column.pairs] if "pairs" in self.needs else [column.values]
        return np.stack([*arrays, column.errors] if "errors" in self.needs else arrays)


def _quantile(share: float) -> Performance:
    return Performance(lambda c: quantile_and_error(c.values, share, c.dependence), robust=True)


_TRUE, _SE, _FREE = ("estimate", "truth"), ("estimate", "errors"), ("independence",)

PERFORMANCE: dict[str, Performance] = {
    "mean": Performance(lambda c: mean_and_error(c.values, c.dependence)),
    "median": _quantile(0.5),
    "lower quartile": _quantile(0.25),
    "upper quartile": _quantile(0.75),
    "bias": Performance(lambda c: performance.bias(c.values, c.truth, c.dependence), _TRUE),
    "empirical SE": Performance(lambda c: performance.empirical_se(c.values), _FREE),
    "MSE": Performance(lambda c: performance.mse(c.values, c.truth, c.dependence), _TRUE),
    "RMSE": Performance(lambda c: performance.rmse(c.values, c.truth, c.dependence), _TRUE),
    "model SE": Performance(lambda c: performance.model_se(c.errors), (*_SE, *_FREE)),
    "relative error of model SE": Performance(
        lambda c: performance.relative_error_of_model_se(c.values, c.errors), (*_SE, *_FREE)
    ),
    "coverage": Performance(
        lambda c: performance.coverage(c.values, c.errors, c.truth, dependence=c.dependence),
        (*_TRUE, "errors"),
    ),
    "bias-eliminated coverage": Performance(
        lambda c: performance.bias_eliminated_coverage(c.values, c.errors), (*_SE, *_FREE)
    ),
    "relative precision": Performance(
        lambda c: performance.relative_precision(*c.pairs), ("estimate", "pairs", *_FREE)
    ),
}
"""Measures by name, as a study may ask for them; formulas are in `performance`."""

DEFAULT = tuple(
    "bias,empirical SE,MSE,model SE,relative error of model SE,coverage,bias-eliminated coverage,"
    "relative precision".split(",")
)
"""What every estimate is summarised by, as far as it has what is needed."""

DIFFERENCE = Performance(
    lambda c: mean_and_error(c.pairs[0] - c.pairs[1], c.dependence), ("pairs",)
)
RATIO = Performance(lambda c: ratio_and_error(*c.pairs), ("pairs",))


def check_measures(names: Sequence[str]) -> None:
    """Raise `InputError` for a performance measure that is not known."""
    unknown = [name for name in names if name not in PERFORMANCE]
    if unknown:
        raise InputError(
            f"No performance measure is named {unknown[0]!r}; known are {', '.join(PERFORMANCE)}."
        )
