"""Checks of the estimators' settings, rows, scheme, target and random state, and their score."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    check_random_state,
    column_or_1d,
)

from mlbalance.estimators.dask_rows import is_dask, refuse
from mlbalance.inputs import (
    DataError,
    FloatArray,
    InputError,
    PriorError,
    SchemeError,
    as_floats,
    as_prior,
    by_label,
    in_order,
)
from mlbalance.methods.rows import Rows, labels_in_errors
from mlbalance.schemes import ClassWeight, Scheme, Unweighted

__all__ = [
    "ScoreAtTarget",
    "as_choice",
    "as_scheme",
    "as_target",
    "check_temperature",
    "check_uncorrected",
    "generator",
    "rows_of",
    "target_repr",
]

_SAME = 1e-7
"""Largest difference of two priors that counts as rounding."""


def rows_of(X: Any, y: npt.NDArray[Any], sample_weight: npt.ArrayLike | None, user: str) -> Rows:
    """Rows with positive sample weight, their classes and copies.

    Parameters
    ----------
    X
        (n, d) rows.
    y
        (n,) labels.
    sample_weight
        (n,) numbers of copies; one per row for None.
    user
        Name of the estimator, for messages.

    Returns
    -------
    Labels and copies.

    Raises
    ------
    DataError
        For a negative weight, or fewer than two classes with weight.
    """
    copies = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if (copies < 0).any():
        raise DataError("Sample weights must not be negative; give weight zero to drop a row.")
    kept = copies > 0
    classes, codes = np.unique(y[kept], return_inverse=True)
    if classes.size < 2:
        held = f"one class, {classes.tolist()[0]!r}" if classes.size else "no class"
        raise DataError(
            f"{user} needs rows of two classes or more; those with weight hold {held}. "
            "With one class there is nothing to balance."
        )
    return Rows(kept, classes, codes.astype(np.int64), copies[kept])


class ScoreAtTarget:
    """Mixin with a score at the target prior, to stand before scikit-learn's mixins."""

    classes_: npt.NDArray[Any]
    target: Any
    target_prior_: FloatArray

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of `predict` at the target prior.

        Balanced accuracy for target="balanced", accuracy for "natural"; for a given prior the
        recalls of the classes weighted by it. Classes without rows are left out, as in
        scikit-learn's balanced accuracy. Searches without `scoring` maximise it.

        Parameters
        ----------
        X
            (n, d) rows.
        y
            (n,) labels.
        sample_weight
            (n,) numbers of copies; one per row for None.

        Returns
        -------
        A number from 0 to 1.

        Raises
        ------
        InputError
            For a label that was not in the fit.
        """
        check_is_fitted(self)
        if is_dask(X):
            refuse("score", "Score some of the rows, or compare predict(X) with the labels.")
        y = column_or_1d(y)
        labels, known = np.unique(y).tolist(), self.classes_.tolist()
        unseen = [label for label in labels if label not in known]
        if unseen:
            raise InputError(
                f"The fit has seen no row of class {unseen[0]!r}; its classes are {known}. Leave "
                "out rows of other classes, or fit with some of them."
            )
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if not (isinstance(self.target, str) and self.target == "natural"):
            codes = np.searchsorted(self.classes_, y)
            totals = np.bincount(codes, weights, len(known))
            weights = weights * (self.target_prior_ / np.where(totals > 0, totals, np.inf))[codes]
        right = self.predict(X) == y  # type: ignore[attr-defined]
        return float(np.average(right, weights=weights))


def generator(random_state: Any) -> np.random.Generator:
    """NumPy generator from a random state of scikit-learn.

    Parameters
    ----------
    random_state
        A seed, a `RandomState`, or None.

    Returns
    -------
    The generator.
    """
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))


def as_scheme(scheme: Any, rows: Rows, default: Scheme | None = None) -> Scheme:
    """Scheme with values by label in the order of the classes.

    Parameters
    ----------
    scheme
        A scheme, or class weights {label: weight}, the weight of each row of a class.
    rows
        Labels and copies of the rows.
    default
        For None; `ClassWeight()` if not given.

    Returns
    -------
    The scheme.

    Raises
    ------
    InputError
        For anything else, or labels that are not those of the rows.
    """
    if scheme is None:
        return ClassWeight() if default is None else default
    labels, scheme = rows.classes.tolist(), by_label(scheme)
    if isinstance(scheme, dict):
        given = in_order(scheme, labels, SchemeError, "A dictionary of class weights")
        weights = as_floats(given, SchemeError, "Class weights are one number per class")
        if not (np.isfinite(weights) & (weights > 0)).all():
            raise SchemeError(f"Class weights must be finite and above zero; they are {scheme}.")
        prior = rows.totals * weights
        return ClassWeight(prior=tuple((prior / prior.sum()).tolist()))
    if not isinstance(scheme, Scheme):
        raise InputError(
            "A scheme is one of mlbalance.schemes, as Undersample(), or class weights by label, "
            f"{{label: weight}}; {scheme!r} is not."
        )
    return scheme.in_order(labels)


def as_choice(name: str, given: Any, allowed: tuple[str, ...]) -> str:
    """One of several words.

    Parameters
    ----------
    name
        Of the argument, for the message.
    given
        Its value.
    allowed
        The words.

    Returns
    -------
    The word.

    Raises
    ------
    InputError
        For anything else.
    """
    if not (isinstance(given, str) and given in allowed):
        listed = " or ".join(f'"{a}"' for a in allowed)
        raise InputError(f"{name} must be {listed}; it is {given!r}.")
    return given


def as_target(
    target: Any, natural: FloatArray, classes: npt.NDArray[Any], name: str = "target"
) -> FloatArray:
    """Target prior as an array.

    Parameters
    ----------
    target
        "balanced", "natural", (K,) probabilities, or probabilities by label.
    natural
        (K,) shares of the classes in the data.
    classes
        (K,) labels.
    name
        Of the argument, for messages.

    Returns
    -------
    (K,) probabilities in the order of the classes.

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(target, str):
        as_choice(name, target, ("balanced", "natural"))
        return as_prior(None, natural.size) if target == "balanced" else natural
    if target is None:
        raise InputError(f'{name} must be "balanced", "natural" or one probability per class.')
    target = by_label(target)
    if isinstance(target, dict):
        target = in_order(target, classes.tolist(), PriorError, f"A prior as {name}")
    with labels_in_errors(classes):
        return as_prior(target, natural.size)


def target_repr(given: Any, prior: FloatArray, classes: npt.NDArray[Any]) -> str:
    """Target in one line, for messages.

    Parameters
    ----------
    given
        The target as given.
    prior
        (K,) its probabilities.
    classes
        (K,) labels.

    Returns
    -------
    Its name, or its probabilities by label.
    """
    if isinstance(given, str):
        return repr(given)
    shares = zip(classes.tolist(), prior.tolist(), strict=True)
    return "{" + ", ".join(f"{label!r}: {share:.4g}" for label, share in shares) + "}"


def check_temperature(temperature: Any, correction: str) -> None:
    """Check that a temperature is asked for with left-out rows alone.

    Parameters
    ----------
    temperature
        Whether logits are scaled.
    correction
        Name of the correction.

    Raises
    ------
    InputError
        For anything but True or False, and for True without correction="loo".
    """
    if not isinstance(temperature, bool | np.bool_):
        raise InputError(
            "temperature is True or False, since it is fitted to left-out rows; it is "
            f"{temperature!r}."
        )
    if temperature and correction != "loo":
        raise InputError(
            "temperature=True is fitted to rows left out of the fit, and goes with "
            f'correction="loo"; it is {correction!r}. Change one of them.'
        )


def check_uncorrected(scheme: Scheme, rows: Rows, target: Any) -> None:
    """Check that correction="none" leaves a fit at the target prior.

    Parameters
    ----------
    scheme
        Scheme of the fit.
    rows
        Labels and copies of the rows.
    target
        As for `as_target`.

    Raises
    ------
    InputError
        For a scheme that fits at another prior.
    """
    own, wanted = rows.prior_of(scheme), as_target(target, rows.natural, rows.classes)
    if np.abs(own - wanted).max() > _SAME:
        fitted = "the prior of the data" if isinstance(scheme, Unweighted) else "its own prior"
        raise InputError(
            f"{scheme!r} fits at {fitted}, not at target="
            f"{target_repr(target, wanted, rows.classes)}, and "
            'correction="none" leaves it there. Give correction="prior", or another target.'
        )
