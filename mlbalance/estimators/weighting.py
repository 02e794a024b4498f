"""Rows with copies, the weights a scheme gives them, and the priors these stand for.

Letters: n rows, K classes, S_k sum of the sample weights of class k: its count when they are ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    check_random_state,
    column_or_1d,
)

from mlbalance.inputs import (
    DataError,
    FloatArray,
    InputError,
    IntArray,
    PriorError,
    SchemeError,
    as_floats,
    as_prior,
    by_label,
    in_order,
)
from mlbalance.schemes import ClassWeight, Scheme, Unweighted

__all__ = [
    "LARGEST_BYTES",
    "FitError",
    "Judged",
    "Rows",
    "as_choice",
    "as_scheme",
    "as_target",
    "check_memory",
    "check_uncorrected",
    "draw_weights",
    "generator",
    "naming",
    "shown_prior",
]

_SAME = 1e-7
"""Difference of two priors below which they are one, written twice."""


LARGEST_BYTES = 2**30
"""Memory that covariances, or leaving rows out, may take beyond the data."""


class FitError(ValueError):
    """There is no fit: the message says why and names what makes one exist."""

    def __init__(self, message: str, status: str = "no-mle") -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.status)


class Judged:
    """A score at the target, which `predict` answers for; mixed in before scikit-learn's."""

    classes_: npt.NDArray[Any]
    target: Any
    target_prior_: FloatArray

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Share of rows X with labels y (n,) that `predict` has right, at the target.

        Balanced accuracy for target="balanced", accuracy for "natural"; for a prior that is given
        the recalls of the classes weighted by it. Classes that y does not hold are left out, as in
        scikit-learn's balanced accuracy. Searches without `scoring` choose by it. Raises
        `InputError` for a label that was not in the fit.
        """
        check_is_fitted(self)
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
            weights = weights * (self.target_prior_ / np.where(totals > 0, totals, 1.0))[codes]
        right = self.predict(X) == y  # type: ignore[attr-defined]
        return float(np.average(right, weights=weights))


@dataclass(frozen=True, eq=False)
class Rows:
    """Labels of the rows that have weight, and how often each is meant to be there."""

    kept: npt.NDArray[np.bool_]
    """(all rows) whether the sample weight is above zero; the rest speaks of those n rows."""
    classes: npt.NDArray[Any]
    """(K,) the labels, sorted."""
    codes: IntArray
    """(n,) index of each row's class."""
    copies: FloatArray
    """(n,) sample weights."""

    @staticmethod
    def of(X: Any, y: npt.NDArray[Any], sample_weight: npt.ArrayLike | None, user: str) -> Rows:
        """Checked. Raises `DataError` for weights below zero or fewer than two classes."""
        copies = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if (copies < 0).any():
            raise DataError("Sample weights must not be negative; drop a row by weight zero.")
        kept = copies > 0
        classes, codes = np.unique(y[kept], return_inverse=True)
        if classes.size < 2:
            held = f"one class, {classes.tolist()[0]!r}" if classes.size else "no class"
            raise DataError(
                f"{user} needs rows of two classes or more; those with weight hold {held}. "
                "With one class there is nothing to balance."
            )
        return Rows(kept, classes, codes.astype(np.int64), copies[kept])

    def having(self, copies: FloatArray) -> Rows:
        """The rows of which some copies (n,) are left, of the same classes; `kept` is among n."""
        kept = copies > 0
        return replace(self, kept=kept, codes=self.codes[kept], copies=copies[kept])

    @property
    def totals(self) -> FloatArray:
        """(K,) sums S_k of the sample weights."""
        return np.bincount(self.codes, self.copies).astype(np.float64)

    @property
    def natural(self) -> FloatArray:
        """(K,) shares of the classes in the data."""
        return self.totals / self.copies.sum()

    def at(self, prior: FloatArray) -> FloatArray:
        """Weights (n,) of sum one that give the classes this prior (K,), copies alike."""
        return self.copies * (prior / self.totals)[self.codes]

    def prior_of(self, scheme: Scheme) -> FloatArray:
        """(K,) prior that a scheme fits these rows at."""
        with naming(self.classes):
            return scheme.target(cast(IntArray, self.totals))

    @property
    def whole(self) -> bool:
        """Whether every sample weight is a number of copies."""
        return bool((self.copies == np.rint(self.copies)).all())

    def shares(self, weights: FloatArray) -> FloatArray:
        """Sums (bags, K) over classes of weights (bags, n)."""
        return np.stack([np.bincount(self.codes, w, self.classes.size) for w in weights])


def draw_weights(scheme: Scheme, rows: Rows, rng: np.random.Generator) -> FloatArray:
    """Weights (bags, n) of a scheme, of sum one in each bag.

    Random schemes draw from the copies, as if each were a row of its own. Raises as the scheme,
    `InputError` for copies that are not whole, `FitError` for a class that was not drawn.
    """
    if isinstance(scheme, ClassWeight | Unweighted):
        weights = rows.at(rows.prior_of(scheme))[None]
    elif not rows.whole:
        raise InputError(
            f"{scheme!r} draws rows, and sample weights count copies of them; a part of a row "
            "cannot be drawn. Give whole sample weights, or use ClassWeight()."
        )
    else:
        total, bags = rows.copies.sum(), getattr(scheme, "bags", 1)
        check_memory(
            total * (2 + bags),
            f"{scheme!r} of rows that stand for {total:.3g} copies",
            "Divide the sample weights by a number, or use ClassWeight().",
            least=rows.codes.size * (2 + bags),
        )
        copies = np.rint(rows.copies).astype(np.int64)
        with naming(rows.classes):
            each = scheme.draw(np.repeat(rows.codes, copies), rng, n_classes=rows.classes.size)
        weights = np.add.reduceat(each, np.cumsum(copies) - copies, axis=1)
    shares = rows.shares(weights)
    if not shares.all():
        bag, k = np.argwhere(shares == 0)[0]
        raise FitError(
            f"{scheme!r} drew no row of class {rows.classes.tolist()[k]!r} in bag {bag + 1}. "
            "Draw more rows, or use a scheme that keeps every class, as Undersample()."
        )
    return weights / weights.sum(axis=1, keepdims=True)


@contextmanager
def naming(classes: npt.NDArray[Any]) -> Iterator[None]:
    """Add the labels, where these are no numbers from zero on, to what is said of classes."""
    try:
        yield
    except InputError as error:
        labels = classes.tolist()
        if labels == list(range(len(labels))):
            raise
        raise type(error)(f"{error} The classes are {labels}, in this order.") from None


def generator(random_state: Any) -> np.random.Generator:
    """A NumPy generator from what scikit-learn calls a random state."""
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))


def as_scheme(scheme: Any, rows: Rows, default: Scheme | None = None) -> Scheme:
    """The scheme, or the default for None, with what it has by label in the order of the classes.

    Weights by label, of every row of the class, are class weights. Raises `InputError` for what is
    no scheme, or other labels.
    """
    if scheme is None:
        return ClassWeight() if default is None else default
    labels, scheme = rows.classes.tolist(), by_label(scheme)
    if isinstance(scheme, dict):
        given = in_order(scheme, labels, SchemeError, "A dictionary of class weights")
        weights = as_floats(given, SchemeError, "Class weights are one number a class")
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
    """`given` if it is `allowed`. Raises `InputError` that lists what is."""
    if not (isinstance(given, str) and given in allowed):
        listed = " or ".join(f'"{a}"' for a in allowed)
        raise InputError(f"{name} must be {listed}; it is {given!r}.")
    return given


def as_target(
    target: Any, natural: FloatArray, classes: npt.NDArray[Any], name: str = "target"
) -> FloatArray:
    """Prior (K,) of "balanced", "natural", given numbers in the order of the classes, or numbers
    by label. Raises `InputError` otherwise.
    """
    if isinstance(target, str):
        as_choice(name, target, ("balanced", "natural"))
        return as_prior(None, natural.size) if target == "balanced" else natural
    if target is None:
        raise InputError(f'{name} must be "balanced", "natural" or one probability a class.')
    target = by_label(target)
    if isinstance(target, dict):
        target = in_order(target, classes.tolist(), PriorError, f"A prior as {name}")
    with naming(classes):
        return as_prior(target, natural.size)


def shown_prior(given: Any, prior: FloatArray, classes: npt.NDArray[Any]) -> str:
    """A target in one line: its name, or the prior (K,) that was given by label."""
    if isinstance(given, str):
        return repr(given)
    shares = zip(classes.tolist(), prior.tolist(), strict=True)
    return "{" + ", ".join(f"{label!r}: {share:.4g}" for label, share in shares) + "}"


def check_memory(doubles: float, what: str, remedy: str, least: float = 0) -> None:
    """Raises `InputError` where `what` would hold more numbers than fit in `LARGEST_BYTES`, and
    more than the `least` that was asked for.
    """
    if 8 * doubles > LARGEST_BYTES and doubles > least:
        raise InputError(
            f"{what} would take {8 * doubles / 2**30:.3g} GiB of memory; "
            f"{LARGEST_BYTES / 2**30:.3g} GiB is the limit. {remedy}"
        )


def check_uncorrected(scheme: Scheme, rows: Rows, target: Any) -> None:
    """Raises `InputError` where correction="none" would leave another prior than the target."""
    own, wanted = rows.prior_of(scheme), as_target(target, rows.natural, rows.classes)
    if np.abs(own - wanted).max() > _SAME:
        fitted = "the prior of the data" if isinstance(scheme, Unweighted) else "its own prior"
        raise InputError(
            f"{scheme!r} fits at {fitted}, not at target="
            f"{shown_prior(target, wanted, rows.classes)}, and "
            'correction="none" leaves it there. Give correction="prior", or another target.'
        )
