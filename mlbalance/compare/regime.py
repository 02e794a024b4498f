"""Regime of the data: what balancing costs at these counts, and whether there is a fit.

`mlbalance.advise` tells of counts alone, and assumes Gaussian classes; here the rows themselves are
asked whether they can be separated.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mlbalance import existence
from mlbalance.advise import advise
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.schemes import Undersample
from mlbalance.simulation.streams import stream

__all__ = ["UNDERSAMPLES", "Regime", "regime"]

UNDERSAMPLES = 10
"""Undersamples that are drawn to see whether they have a fit."""


class Regime(NamedTuple):
    """Regime of a table of labelled rows."""

    columns: int
    """Columns of the features after preprocessing, a category having one per level but the first"""
    verdict: str
    """Whether all rows have a fit without a ridge: one of the verdicts of `mlbalance.existence`"""
    without: int
    """How many of ten undersamples have no unique one"""
    variance_ratio: float
    """Variance of an undersample's fit relative to class weights, to first order (`harmonic`)"""


def regime(X: FloatArray, codes: IntArray, target: FloatArray, seed: int) -> Regime:
    """Regime of labelled rows.

    Parameters
    ----------
    X
        (n, d) features, finite numbers.
    codes
        (n,) class of each row; every class has some.
    target
        (K,) target prior.
    seed
        Root of the random streams.

    Returns
    -------
    The regime.
    """
    counts = np.bincount(codes)
    drawn = [_undersample(codes, stream(seed, "regime", i)) for i in range(UNDERSAMPLES)]
    return Regime(
        X.shape[1],
        existence.verdict(X, codes),
        sum(existence.verdict(X, codes, weights) != "exists" for weights in drawn),
        float(advise(counts, target_prior=target).variance_ratio["undersample"]),
    )


def _undersample(codes: IntArray, rng: np.random.Generator) -> Any:
    return np.reshape(Undersample().draw(codes, rng), -1)
