"""Balanced errors by method and ridge, as n and d grow together: what the table of advice holds.

The classes are those of `populations.symmetric`, described by the inner products of their means,
so that thousands of features cost no more than a few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import InputError, IntArray, as_floats
from mlbalance.populations import symmetric
from mlbalance.schemes import ClassWeight, Scheme, Undersample, Unweighted
from mlbalance.theory.proportional import ConvergenceError, Mixture, Solution, solve

__all__ = ["BEST_THRESHOLD", "Predicted", "as_ridges", "equidistant", "predicted"]

BEST_THRESHOLD = "class weights, best threshold"
"""The one row of a table that no fit attains: it knows the classes."""

_GRID = tuple((10.0 ** (np.arange(-6, 3) / 2)).tolist())  # two classes: a solution takes 10 ms
_COARSE = (0.01, 0.1, 1.0)  # more classes: up to a second
_MOST_CLASSES = 6  # with more a solution takes many seconds
_EQUAL = 1e-5  # errors of more than two classes are known to so much
_SEARCHED = 4  # classes for which the best of all thresholds is searched at every ridge


@dataclass(frozen=True)
class Predicted:
    """Balanced error in the proportional limit, by method and ridge."""

    ridges: tuple[float, ...]
    """(L,) on the mean-loss scale, the same for every method."""
    errors: dict[str, tuple[float | None, ...]]
    """(L,) by method, averaged over classes by the target prior; None where the equations were not
    solved. Left-out intercepts are those of `loo-intercept`. `BEST_THRESHOLD` is attained by
    none; with more than four classes it is searched at the largest ridge only."""
    recommended: str | None
    """The method with the smallest error at its best ridge, of those as good to five digits the
    first; None where none was solved."""

    @property
    def taken_back(self) -> float | None:
        """Loss of class weights by their intercepts over the lead of their direction.

        The lead is that on an undersample with the best thresholds for both, at the largest ridge.
        At the uniform prior threshold zero is the best of its symmetric fit; elsewhere it is not,
        and this no share.
        """
        names = "class weights", BEST_THRESHOLD, "undersample"
        weighted, best, kept = (self.errors[name][-1] for name in names)
        if weighted is None or best is None or kept is None:
            return None
        return (weighted - best) / (kept - best) if kept - best > 1e-6 else 0.0

    def best(self, method: str) -> float:
        """Error of a method at its best ridge; NaN where it was solved at none."""
        return min((e for e in self.errors[method] if e is not None), default=math.nan)


def as_ridges(given: npt.ArrayLike, n_classes: int) -> tuple[float, ...]:
    """Ridges (L,), ascending; raises `InputError` for any that is not positive.

    And for more classes than errors are predicted of.
    """
    if n_classes > _MOST_CLASSES:
        raise InputError(
            f"Errors are predicted of up to {_MOST_CLASSES} classes; there are {n_classes}. Leave "
            "out the ridge."
        )
    wanted = "Ridges are positive numbers on the mean-loss scale, as in --ridge .01 1"
    ridges = np.unique(as_floats(given, InputError, wanted))
    if not ridges.size or not ((ridges > 0) & (ridges < np.inf)).all():
        raise InputError(f"{wanted}; {np.asarray(given).tolist()} was given.")
    return tuple(ridges.tolist())


def equidistant(n_classes: int, features: int, separation: float) -> Mixture:
    """The classes of `populations.symmetric`; raises `DataError` as it does."""
    spanned = min(features, n_classes)  # all further features are noise
    return Mixture.isotropic(symmetric(n_classes, spanned, separation).means)


def predicted(
    counts: IntArray,
    features: int,
    separation: float,
    prior: tuple[float, ...] | None,
    ridges: tuple[float, ...] | None,
) -> Predicted | None:
    """The table at the ridges given, or at a grid of them; None for more than six classes."""
    if counts.size > _MOST_CLASSES:
        return None
    mixture = equidistant(counts.size, features, separation)
    ridges = ridges or (_GRID if counts.size == 2 else _COARSE)
    columns = [
        dict(_errors(mixture, counts, features, prior, ridge, last=ridge == ridges[-1]))
        for ridge in ridges
    ]
    errors = {name: tuple(column[name] for column in columns) for name in columns[0]}
    table = Predicted(ridges, errors, None)
    return replace(table, recommended=_recommended(table))


def _recommended(table: Predicted) -> str | None:
    best = {name: table.best(name) for name in table.errors if name != BEST_THRESHOLD}
    least = min((error for error in best.values() if not math.isnan(error)), default=math.nan)
    return next((name for name, error in best.items() if error <= least + _EQUAL), None)


def _errors(
    mixture: Mixture,
    counts: IntArray,
    features: int,
    prior: tuple[float, ...] | None,
    ridge: float,
    *,
    last: bool,
) -> Iterator[tuple[str, float | None]]:
    """Method and error at one ridge."""

    def solved(scheme: Scheme) -> Solution | None:
        try:
            with np.errstate(divide="raise", invalid="raise"):  # classes too far apart to err
                return solve(mixture, counts, features, scheme, ridge=ridge)
        except (ConvergenceError, ArithmeticError):
            return None

    weighted, kept = (
        solved(ClassWeight().with_prior(prior)),
        solved(Undersample().with_prior(prior)),
    )
    plain = solved(Unweighted())
    yield "class weights", _error(weighted, partial(_of_bags, prior=prior, bags=1.0))
    yield "class weights, left-out intercepts", _error(weighted, partial(_left_out, prior=prior))
    searched = last or counts.size <= _SEARCHED
    yield BEST_THRESHOLD, _error(weighted, partial(_at_best, prior=prior)) if searched else None
    for name, bags in (
        ("undersample", 1.0),
        ("under-bagging (10 bags)", 10.0),
        ("under-bagging (many bags)", np.inf),
    ):
        yield name, _error(kept, partial(_of_bags, prior=prior, bags=bags))
    yield "unweighted, prior correction", _error(plain, partial(_corrected, prior=prior))
    yield "unweighted, left-out intercepts", _error(plain, partial(_left_out, prior=prior))


def _error(found: Solution | None, error: Callable[[Solution], float]) -> float | None:
    """The error of a solution; None where there is none, or its own equations are not solved."""
    try:
        return None if found is None else error(found)
    except (ConvergenceError, ArithmeticError, np.linalg.LinAlgError):
        return None


def _of_bags(found: Solution, prior: tuple[float, ...] | None, bags: float) -> float:
    return found.averaged(bags, prior).balanced_error()


def _corrected(found: Solution, prior: tuple[float, ...] | None) -> float:
    return found.averaged(1, prior).balanced_error(found.correction(prior))


def _left_out(found: Solution, prior: tuple[float, ...] | None) -> float:
    logits = found.averaged(1, prior)
    return logits.balanced_error(logits.calibration(slope=1.0).intercept)


def _at_best(found: Solution, prior: tuple[float, ...] | None) -> float:
    logits = found.averaged(1, prior)
    return logits.balanced_error(logits.best_offset())
