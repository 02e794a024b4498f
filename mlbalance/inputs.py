"""Checks of counts, priors and data, with errors of one line that say what to do.

Every error is a `ValueError`, so that callers can catch it without an import; subclasses name the
argument at fault.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = [
    "CountsError",
    "DataError",
    "InputError",
    "PriorError",
    "SchemeError",
    "as_counts",
    "as_data",
    "as_floats",
    "as_labels",
    "as_prior",
    "by_label",
    "in_order",
    "refuse_counts",
    "refuse_prior",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


_MOST_ROWS = 2**53
"""Largest count of a class: beyond, whole numbers are not all floats."""

_MANY_CLASSES = 1000
"""Number of classes up to which labels may skip some."""


class InputError(ValueError):
    """Input that cannot be used; the message says what was given, what is allowed, what to do."""

    exit_code = 2
    """Exit status of a command that ends with it."""


class CountsError(InputError):
    """Class counts that are not positive whole numbers of at least two classes."""


class PriorError(InputError):
    """A target prior that is not a positive probability vector over the classes."""


class SchemeError(InputError):
    """A scheme whose sizes or rates do not fit, alone or with the counts."""


class DataError(InputError):
    """Features, labels, weights, offset or ridge that do not fit together."""


class Data(NamedTuple):
    """Arrays of a weighted classification problem; leading axes as given."""

    X: FloatArray
    y: IntArray
    weights: FloatArray
    n_classes: int


def as_floats(given: npt.ArrayLike, error: type[InputError], wanted: str) -> FloatArray:
    """Array of floats.

    Parameters
    ----------
    given
        Numbers of any shape.
    error
        Class of the error.
    wanted
        Description of what is allowed, for the message.

    Returns
    -------
    The numbers, of the same shape.

    Raises
    ------
    InputError
        `error` for anything that is not numbers.
    """
    try:
        return np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        shown = " ".join(repr(given).split())
        shown = shown if len(shown) <= 60 else shown[:57] + "..."
        raise error(f"{wanted}; {shown} is not.") from None


def as_counts(counts: npt.ArrayLike, needed_by: str = "This") -> IntArray:
    """Class counts as integers.

    Parameters
    ----------
    counts
        (K,) rows per class, K >= 2.
    needed_by
        Subject of the message.

    Returns
    -------
    (K,) integers from 1 on.

    Raises
    ------
    CountsError
        For anything else, or an absent class.
    """
    given = as_floats(counts, CountsError, "Counts must be whole numbers, one per class")
    if given.ndim != 1:
        raise CountsError(f"Counts must be one list of numbers; theirs has shape {given.shape}.")
    whole = (given >= 1) & (given <= _MOST_ROWS) & (given == np.floor(given))
    if given.size < 2 or not whole.all():
        refuse_counts(given.tolist(), needed_by)
    return given.astype(np.int64)


def refuse_counts(counts: Sequence[float], needed_by: str) -> None:
    """Refuse counts that are not whole numbers from 1 on, of two classes at least.

    Parameters
    ----------
    counts
        (K,) numbers.
    needed_by
        Subject of the message.

    Raises
    ------
    CountsError
        For such counts.
    """
    if any(not 0 <= n < math.inf or n != math.floor(n) for n in counts):
        raise CountsError(
            f"Counts must be whole numbers of rows, one per class; counts are {_text(counts)}. "
            "Give the number of rows of every class."
        )
    if any(n > _MOST_ROWS for n in counts):
        raise CountsError(f"Counts must be below 2**53 rows per class; counts are {_text(counts)}.")
    if len(counts) < 2:
        raise CountsError(
            f"{needed_by} needs at least two classes; counts are {_text(counts)}. "
            "With one class there is nothing to balance."
        )
    if 0 in counts:
        raise CountsError(
            f"{needed_by} needs every class present; counts are {_text(counts)}. "
            f"Drop class {counts.index(0)} or collect rows for it."
        )


def as_prior(prior: npt.ArrayLike | None, n_classes: int) -> FloatArray:
    """Prior as an array.

    Parameters
    ----------
    prior
        (K,) positive probabilities that sum to one; uniform for None.
    n_classes
        Number of classes K.

    Returns
    -------
    (K,) probabilities.

    Raises
    ------
    PriorError
        For anything else.
    """
    if prior is None:
        return np.full(n_classes, 1.0 / n_classes)
    tau = as_floats(prior, PriorError, "A prior is one probability per class")
    if tau.shape != (n_classes,):
        raise PriorError(
            f"A prior needs one probability for each of {n_classes} classes; "
            f"it has shape {tau.shape}."
        )
    refuse_prior(tau.tolist())
    return tau / tau.sum()


def refuse_prior(tau: Sequence[float]) -> None:
    """Refuse probabilities that are not above zero or do not sum to one.

    Parameters
    ----------
    tau
        (K,) numbers.

    Raises
    ------
    PriorError
        For such probabilities.
    """
    if any(not 0 < t < math.inf for t in tau):
        raise PriorError(
            f"A prior needs every probability above zero; it is {_text(tau)}. "
            "Drop a class that has no share."
        )
    total = sum(tau)
    if abs(total - 1.0) > 1e-8:
        raise PriorError(
            f"A prior must sum to one; {_text(tau)} sums to {total:.6g}. Divide it by its sum."
        )


def by_label(given: Any) -> Any:
    """Dictionary of a mapping or pandas Series; anything else as it is.

    Parameters
    ----------
    given
        Values by label, or not.

    Returns
    -------
    The dictionary, or `given`.
    """
    if isinstance(given, Mapping):
        return dict(given)
    return given.to_dict() if hasattr(given, "to_dict") and hasattr(given, "index") else given


def in_order(
    given: Mapping[Any, Any], labels: Sequence[Any], error: type[InputError], name: str
) -> list[Any]:
    """Values in the order of the labels.

    Parameters
    ----------
    given
        Values by label.
    labels
        (K,) labels in their order.
    error
        Class of the error.
    name
        Subject of the message.

    Returns
    -------
    (K,) values.

    Raises
    ------
    InputError
        `error` for a missing label or an unknown one.
    """
    missing = [label for label in labels if label not in given]
    unknown = [label for label in given if label not in labels]
    if missing or unknown:
        fault = (
            f"has no value for class {missing[0]!r}"
            if missing
            else f"has one for class {unknown[0]!r}, of which there is no row"
        )
        raise error(f"{name} {fault}. Give one value for each of the classes {list(labels)}.")
    return [given[label] for label in labels]


def as_labels(y: npt.ArrayLike, n_classes: int | None = None) -> tuple[IntArray, int]:
    """Labels as integers, and the number of classes.

    Parameters
    ----------
    y
        (..., n) labels 0..K-1.
    n_classes
        Number of classes K; the largest label plus one for None.

    Returns
    -------
    (..., n) labels, and K.

    Raises
    ------
    DataError
        For no labels, labels of another kind or range, or one class.
    """
    given = np.asarray(y)
    if given.ndim == 0 or given.shape[-1] == 0:
        raise DataError("Labels y must hold at least one row; they are empty.")
    if given.dtype.kind not in "iub" and not (
        given.dtype.kind == "f" and np.isfinite(given).all() and (given == np.floor(given)).all()
    ):
        raise DataError(
            f"Labels y must be whole numbers 0..K-1; they are of type {given.dtype}. "
            "Encode them, as numpy.unique(y, return_inverse=True) does."
        )
    labels = given.astype(np.int64)
    low, high = int(labels.min()), int(labels.max())
    classes = high + 1 if n_classes is None else int(n_classes)
    if low < 0 or high >= classes:
        raise DataError(
            f"Labels y must lie in 0..{classes - 1}; they span {low}..{high}. "
            "Encode them from zero or give n_classes."
        )
    if n_classes is None and classes > max(given.size, _MANY_CLASSES):
        raise DataError(
            f"Labels y are class numbers 0..K-1; a label of {high} among {given.shape[-1]} rows "
            f"would make {classes} classes. Encode them, as numpy.unique(y, return_inverse=True) "
            "does, or give n_classes."
        )
    if classes < 2:
        raise DataError("Labels y hold one class only; a softmax needs at least two.")
    return labels, classes


def as_data(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    n_classes: int | None = None,
) -> Data:
    """Arrays of a weighted classification problem.

    Parameters
    ----------
    X
        (..., n, d) finite features.
    y
        (..., n) labels 0..K-1.
    weights
        (..., n) weights from zero on, not all zero; one per row for None.
    n_classes
        Number of classes K; the largest label plus one for None.

    Returns
    -------
    The arrays, and K.

    Raises
    ------
    DataError
        For anything else, or unequal numbers of rows.
    """
    features = as_floats(X, DataError, "Features X must be numbers of shape (..., n, d)")
    if features.ndim < 2:
        raise DataError(f"Features X must have shape (..., n, d); theirs is {features.shape}.")
    if not np.isfinite(features).all():
        raise DataError(
            "Features X must be finite; they hold NaN or infinity. Impute or drop rows."
        )
    labels, classes = as_labels(y, n_classes)
    row_weights = (
        np.ones(labels.shape[-1:])
        if weights is None
        else as_floats(weights, DataError, "Weights must be numbers of shape (..., n)")
    )
    rows = features.shape[-2], labels.shape[-1], row_weights.shape[-1] if row_weights.ndim else 0
    if len(set(rows)) > 1:
        raise DataError(
            f"X, y and weights must have the same number of rows; they have {rows[0]}, "
            f"{rows[1]} and {rows[2]}."
        )
    if not np.isfinite(row_weights).all() or (row_weights < 0).any():
        raise DataError("Weights must be finite and not negative; drop a row by weight zero.")
    if not row_weights.any():
        raise DataError("Weights must not all be zero; give at least one row a positive weight.")
    return Data(features, labels, row_weights, classes)


def _text(values: Sequence[float]) -> str:
    return "(" + ", ".join([f"{value:.10g}" for value in values]) + ")"
