"""The fit of the proportional regime, for two classes or more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mlbalance.inputs import DataError, FloatArray, InputError, as_floats
from mlbalance.theory.proportional.mixture import Mixture

__all__ = ["Problem"]


@dataclass(frozen=True, eq=False)
class Problem:
    """Classes, and an objective: the mean of c_{y_i} loss_i plus ridge / 2 sum_k |w_k|^2.

    Raises `DataError` or `InputError` for arrays of other shapes and numbers that are not positive.
    """

    mixture: Mixture
    fractions: FloatArray
    """(K,) rho, share of each class in the rows; they sum to one."""
    weights: FloatArray
    """(K,) c, the weight of a row by class."""
    load: float
    """alpha = n/d, rows per feature."""
    ridge: float
    """Ridge on coefficients that sum to zero over classes; that on w = w_1 - w_0 is half of it."""

    def __post_init__(self) -> None:
        K = self.mixture.n_classes
        for name in ("fractions", "weights"):
            given = as_floats(getattr(self, name), DataError, f"{name.capitalize()} are numbers")
            if given.shape != (K,) or not (np.isfinite(given) & (given > 0)).all():
                raise DataError(
                    f"The {name} must be {K} positive numbers, one per class; {given.tolist()} "
                    "were given. Drop a class that has none."
                )
            object.__setattr__(self, name, given)
        if abs(self.fractions.sum() - 1) > 1e-8:
            raise DataError(
                f"Fractions of rows must sum to one; theirs sum to {self.fractions.sum():.6g}. "
                "Divide counts by their sum."
            )
        if not 0 < self.load < np.inf:
            raise InputError(f"A load n/d is a positive number; {self.load!r} was given.")
        if not 0 <= self.ridge < np.inf:
            raise InputError(f"A ridge is a number from zero on; {self.ridge!r} was given.")
