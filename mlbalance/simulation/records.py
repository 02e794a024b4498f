"""What becomes of a replicate, as it is kept and read again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, IntArray

__all__ = ["Failure", "Outcomes", "Result"]


class Result(NamedTuple):
    """One recipe on one replicate."""

    recipe: str
    ridge: float
    replicate: int
    status: str
    """a key of `softmax.STATUS`, or "error\""""
    outcome: FloatArray | None
    """(columns,) of the study's outcomes; None unless converged"""
    message: str = ""


class Failure(NamedTuple):
    """A replicate without an estimate of a recipe, and how to see it again."""

    cell: str
    recipe: str
    ridge: float
    replicate: int
    status: str
    message: str
    seed: str


class Outcomes(NamedTuple):
    """Of one recipe on one cell, in the order of the replicates that there are."""

    values: FloatArray
    """(replicates, columns); NaN where there is no estimate"""
    status: npt.NDArray[np.str_]
    """(replicates,)"""
    replicates: IntArray
    """(replicates,) their numbers"""

    def where(self, chosen: npt.NDArray[np.bool_]) -> Outcomes:
        """Some of the replicates."""
        return Outcomes(self.values[chosen], self.status[chosen], self.replicates[chosen])
