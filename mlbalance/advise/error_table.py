"""Table of balanced errors by method and ridge in the proportional limit of many rows and features.

The classes are those of `populations.symmetric`, described by the inner products of their means,
so that thousands of features cost no more than a few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mlbalance.advise.matched import Matched, match_bags
from mlbalance.corrections import LeaveOneOut, PriorShift
from mlbalance.inputs import InputError, IntArray, as_floats
from mlbalance.methods import Method
from mlbalance.populations import symmetric
from mlbalance.schemes import Bagging, ClassWeight, Scheme, Undersample, Unweighted
from mlbalance.theory.proportional import (
    ConvergenceError,
    Mixture,
    Solution,
    limit_of,
    solve,
)

__all__ = [
    "BEST_THRESHOLD",
    "ErrorTable",
    "as_ridges",
    "equidistant",
    "label_of",
    "method_of",
    "predict_errors",
]

BEST_THRESHOLD = "class-weights+best-threshold"
"""Id of the one row of the table that no fit attains: its threshold needs the true classes."""
MANY_BAGS = "under-bagging-many"
"""Id of the row for infinitely many bags."""

_SCHEMES: tuple[Scheme, ...] = (ClassWeight(), Undersample(), Unweighted())
_WEIGHTED = Method(ClassWeight())
_LEFT_OUT = Method(ClassWeight(), correction=LeaveOneOut())
_BAGGED = Method(Bagging(Undersample(), 10))
_METHODS = (
    _WEIGHTED,
    _LEFT_OUT,
    Method(Undersample()),
    _BAGGED,
    Method(Unweighted(), correction=PriorShift()),
    Method(Unweighted(), correction=LeaveOneOut()),
)

_SQUARE = Method(Unweighted(), correction=LeaveOneOut(), loss="square")
"""Of two classes alone: for more its limit is not known."""

_BY_ID = {method.id: method for method in (*_METHODS, _SQUARE)} | {MANY_BAGS: _BAGGED}
_LABELS = {
    BEST_THRESHOLD: "class weights, best threshold",
    MANY_BAGS: "under-bagging (many bags)",
}

_GRID = tuple((10.0 ** (np.arange(-6, 3) / 2)).tolist())  # two classes: 10 ms per solution
_COARSE = (0.01, 0.1, 1.0)  # more classes: up to a second
_MOST_CLASSES = 6  # with more a solution takes many seconds
_EQUAL = 1e-5  # accuracy of errors for more than two classes
_SEARCHED = 4  # most classes for which the best thresholds are searched at every ridge


@dataclass(frozen=True)
class ErrorTable:
    """Balanced error in the proportional limit, by method and ridge."""

    ridges: tuple[float, ...]
    """(L,) on the mean-loss scale, the same for every method."""
    errors: dict[str, tuple[float | None, ...]]
    """(L,) by id of the method, averaged over classes by the target prior; None where the equations
    were not solved. For `BEST_THRESHOLD` and more than four classes at the largest ridge only."""
    recommended: str | None
    """Id of the method with the smallest error at its best ridge, the first of those within 1e-5;
    None where none was solved."""
    matched: Matched | None = None
    """At the ridge nearest to .01, for two classes and the uniform prior; None where not solved."""

    @property
    def taken_back(self) -> float | None:
        """Share of class weights' advantage that the bias of their intercepts costs.

        At the largest ridge: error of class weights at threshold zero less that at the best
        threshold, over the error of an undersample less the latter. At the uniform prior threshold
        zero is the best for an undersample; at another it is not, and this is no share.
        """
        names = "class-weights", BEST_THRESHOLD, "undersample"
        weighted, best, kept = (self.errors[name][-1] for name in names)
        if weighted is None or best is None or kept is None:
            return None
        return (weighted - best) / (kept - best) if kept - best > 1e-6 else 0.0

    def best(self, method: str) -> float:
        """Error of a method at its best ridge.

        Parameters
        ----------
        method
            Id of the method, a key of `errors`.

        Returns
        -------
        The error; NaN where the equations were solved at no ridge.
        """
        return min((e for e in self.errors[method] if e is not None), default=math.nan)


def label_of(id: str) -> str:
    """Label of a row of the table.

    Parameters
    ----------
    id
        Key of `ErrorTable.errors`.

    Returns
    -------
    The label, for people.
    """
    return _LABELS[id] if id in _LABELS else _BY_ID[id].label


def method_of(id: str) -> Method:
    """Method of a row of the table.

    Parameters
    ----------
    id
        Key of `ErrorTable.errors`, but for `BEST_THRESHOLD`.

    Returns
    -------
    The method, with ten bags for `MANY_BAGS`.
    """
    return _BY_ID[id]


def as_ridges(given: npt.ArrayLike, n_classes: int) -> tuple[float, ...]:
    """Ridges in ascending order.

    Parameters
    ----------
    given
        One ridge or several, on the mean-loss scale.
    n_classes
        Number of classes.

    Returns
    -------
    (L,) distinct ridges.

    Raises
    ------
    InputError
        For a ridge that is not positive and finite, or for more than six classes.
    """
    if n_classes > _MOST_CLASSES:
        raise InputError(
            f"Errors are predicted for up to {_MOST_CLASSES} classes; there are {n_classes}. Leave "
            "out the ridge."
        )
    wanted = "Ridges are positive numbers on the mean-loss scale, as in --ridge .01 1"
    ridges = np.unique(as_floats(given, InputError, wanted))
    if not ridges.size or not ((ridges > 0) & (ridges < np.inf)).all():
        raise InputError(f"{wanted}; {np.asarray(given).tolist()} was given.")
    return tuple(ridges.tolist())


def equidistant(n_classes: int, features: int, separation: float) -> Mixture:
    """Mixture of the classes of `populations.symmetric`.

    Parameters
    ----------
    n_classes
        Number of classes.
    features
        Number of features d.
    separation
        Distance of neighbouring means, in standard deviations.

    Returns
    -------
    The mixture, in the features that the means span.

    Raises
    ------
    DataError
        As `populations.symmetric`.
    """
    spanned = min(features, n_classes)  # all further features are noise
    return Mixture.isotropic(symmetric(n_classes, spanned, separation).means)


def predict_errors(
    counts: IntArray,
    features: int,
    separation: float,
    prior: tuple[float, ...] | None,
    ridges: tuple[float, ...] | None,
    progress: Callable[[int, int], None] | None = None,
) -> ErrorTable | None:
    """Predict balanced errors in the proportional limit, by method and ridge.

    Parameters
    ----------
    counts
        (K,) rows per class.
    features
        Number of features d.
    separation
        Distance of neighbouring means, in standard deviations.
    prior
        (K,) target prior; uniform for None.
    ridges
        (L,) on the mean-loss scale, ascending; a grid for None.
    progress
        Called with the number of ridges that are done, and of all.

    Returns
    -------
    The table (labels `ridge-limit`, `under-bagging`, `loo-intercept`); None for more than six
    classes.
    """
    if counts.size > _MOST_CLASSES:
        return None
    mixture = equidistant(counts.size, features, separation)
    ridges = ridges or (_GRID if counts.size == 2 else _COARSE)
    columns = []
    for ridge in ridges:
        last = ridge == ridges[-1]
        columns.append(dict(_errors(mixture, counts, features, prior, ridge, last=last)))
        if progress is not None:
            progress(len(columns), len(ridges))
    errors = {name: tuple(column[name] for column in columns) for name in columns[0]}
    matched = match_bags(mixture, counts, features, ridges) if prior is None else None
    table = ErrorTable(ridges, errors, None, matched)
    return replace(table, recommended=_smallest(table))


def _smallest(table: ErrorTable) -> str | None:
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
    """Id and error of each row of the table at one ridge."""
    solutions = {
        scheme: _solve(mixture, counts, features, scheme, prior, ridge) for scheme in _SCHEMES
    }

    def error(method: Method, bags: float | None = None, *, best: bool = False) -> float | None:
        """None where the equations were not solved."""
        solution = solutions[method.scheme.one_bag]
        if solution is None:
            return None
        asked = replace(method, target=prior)
        try:
            logits = limit_of(asked, mixture, counts, features, bags=bags, solution=solution)
            return logits.balanced_error(logits.best_offset() if best else None)
        except (ConvergenceError, ArithmeticError, np.linalg.LinAlgError):
            return None

    for method in _METHODS:
        yield method.id, error(method)
        if method is _LEFT_OUT:
            searched = last or counts.size <= _SEARCHED
            yield BEST_THRESHOLD, error(_WEIGHTED, best=True) if searched else None
        if method is _BAGGED:
            yield MANY_BAGS, error(method, bags=np.inf)
    if counts.size == 2:
        yield _SQUARE.id, _discriminant(mixture, counts, features, prior, ridge)


def _discriminant(
    mixture: Mixture,
    counts: IntArray,
    features: int,
    prior: tuple[float, ...] | None,
    ridge: float,
) -> float | None:
    asked = replace(_SQUARE.with_ridge(ridge), target=prior)
    try:
        return limit_of(asked, mixture, counts, features).balanced_error()
    except (ConvergenceError, ArithmeticError, np.linalg.LinAlgError):
        return None


def _solve(
    mixture: Mixture,
    counts: IntArray,
    features: int,
    scheme: Scheme,
    prior: tuple[float, ...] | None,
    ridge: float,
) -> Solution | None:
    asked = scheme if isinstance(scheme, Unweighted) else scheme.with_prior(prior)
    try:
        with np.errstate(divide="raise", invalid="raise"):  # classes too far apart to err
            return solve(mixture, counts, features, asked, ridge=ridge)
    except (ConvergenceError, ArithmeticError):
        return None
