"""Infinitely many undersamples beside least squares on all rows with their effective ridge."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mlbalance.inputs import InputError, IntArray
from mlbalance.schemes import Undersample
from mlbalance.theory.proportional import (
    ConvergenceError,
    Mixture,
    effective_ridge,
    matched_ridge,
    solve,
)

__all__ = ["Matched", "match_bags"]

_USUAL = 0.01
"""The ridge that bags are given, or the nearest to it."""


class Matched(NamedTuple):
    """Infinitely many undersamples, and least squares on all rows with their effective ridge."""

    ridge: float
    """Of the bags, on the mean-loss scale."""
    degrees_of_freedom: float
    """Of both."""
    all_rows: float
    """Ridge of least squares on all rows, on the same scale."""
    error: float
    """Its balanced error at the best threshold: no convex loss on all rows, and no average of bags,
    has a smaller one at as many degrees of freedom (label `effective-ridge`)."""


def match_bags(
    mixture: Mixture, counts: IntArray, features: int, ridges: tuple[float, ...]
) -> Matched | None:
    """Match infinitely many undersamples by least squares on all rows, at the uniform prior.

    Parameters
    ----------
    mixture
        Of the classes.
    counts
        (K,) rows per class.
    features
        Number of features d.
    ridges
        (L,) on the mean-loss scale; bags have the one nearest to .01.

    Returns
    -------
    Both ridges and what they give; None for more than two classes, or where the equations were not
    solved.
    """
    from scipy.special import ndtr

    if counts.size > 2:
        return None
    ridge = min(ridges, key=lambda ridge: abs(math.log(ridge / _USUAL)))
    try:
        with np.errstate(divide="raise", invalid="raise"):  # classes too far apart to err
            solution = solve(mixture, counts, features, Undersample(), ridge=ridge)
        bags = effective_ridge(solution, bags=np.inf)
        all_rows = matched_ridge(mixture, counts, features, bags.chi)
    except (ConvergenceError, ArithmeticError, InputError):
        return None
    return Matched(ridge, bags.degrees_of_freedom, all_rows, float(ndtr(-np.sqrt(bags.best))))
