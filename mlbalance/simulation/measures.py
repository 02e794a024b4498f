"""Performance measures by name, and what each needs of a recorded quantity."""

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
    """Values of one quantity of a method on a cell; for an estimate its truth and model SEs too."""

    values: FloatArray
    """(R,) NaN where there is no value"""
    dependence: float = 0.0
    estimate: bool = False
    """Whether it is an estimate, rather than a performance"""
    truth: float = np.nan
    errors: FloatArray = np.empty(0)
    """(R,) model standard errors, if there are any"""
    pairs: FloatArray = np.empty((2, 0))
    """(2, R') values of this method and of the reference, on replicates that both have"""


class Performance(NamedTuple):
    """A performance measure and what it needs of a column."""

    of: Callable[[Column], Measured]
    needs: tuple[str, ...] = ()
    """Any of "estimate", "truth", "errors", "pairs" and "independence" (of the replicates)"""
    robust: bool = False
    """Whether some replicates may lack a value"""

    def applies(self, column: Column) -> bool:
        """Whether the column has what the measure needs."""
        has = {
            "estimate": column.estimate,
            "truth": not np.isnan(column.truth),
            "errors": column.errors.size > 0,
            "pairs": column.pairs.size > 0,
            "independence": column.dependence == 0,
        }
        return all(has[need] for need in self.needs)

    def arrays(self, column: Column) -> FloatArray:
        """The arrays (m, R) that the measure is computed from."""
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
"""Measures by name, for `Study.measures`; formulas are in `performance`."""

DEFAULT = tuple(
    "bias,empirical SE,MSE,model SE,relative error of model SE,coverage,bias-eliminated coverage,"
    "relative precision".split(",")
)
"""Measures of every estimate that has what they need."""

DIFFERENCE = Performance(
    lambda c: mean_and_error(c.pairs[0] - c.pairs[1], c.dependence), ("pairs",)
)
RATIO = Performance(lambda c: ratio_and_error(*c.pairs), ("pairs",))


def check_measures(names: Sequence[str]) -> None:
    """Raise `InputError` for an unknown performance measure."""
    unknown = [name for name in names if name not in PERFORMANCE]
    if unknown:
        raise InputError(
            f"No performance measure is named {unknown[0]!r}; known are {', '.join(PERFORMANCE)}."
        )
