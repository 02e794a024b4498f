"""Rows with sample weights, the weights that a scheme gives them, and their priors.

Letters: n rows, K classes, S_k sum of the copies of class k, which is its count if all are one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.schemes import Scheme

__all__ = ["LARGEST_BYTES", "FitError", "Rows", "check_memory", "draw_weights", "labels_in_errors"]

LARGEST_BYTES = 2**30
"""Memory limit for covariances, leaving rows out, and repeated rows."""


class FitError(ValueError):
    """There is no fit: the message has reason and remedies, `status` a key of `softmax.STATUS`."""

    def __init__(self, message: str, status: str = "no-mle") -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.status)


@dataclass(frozen=True, eq=False)
class Rows:
    """Labels and copies of the rows with positive sample weight."""

    kept: npt.NDArray[np.bool_]
    """(all rows,) whether the sample weight is positive; the other fields have these n rows."""
    classes: npt.NDArray[Any]
    """(K,) the labels, sorted."""
    codes: IntArray
    """(n,) index of each row's class."""
    copies: FloatArray
    """(n,) sample weights, as numbers of copies."""

    def with_copies(self, copies: FloatArray) -> Rows:
        """The rows with other numbers of copies, without those that have none.

        Parameters
        ----------
        copies
            (n,) copies of each row, some of every class.

        Returns
        -------
        Rows of the same classes, with `kept` (n,).
        """
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
        """Weights that give the classes a prior, equal for all copies in a class.

        Parameters
        ----------
        prior
            (K,) total weights of the classes.

        Returns
        -------
        (n,) weights that sum to one.
        """
        return self.copies * (prior / self.totals)[self.codes]

    def prior_of(self, scheme: Scheme) -> FloatArray:
        """Prior at which a scheme fits these rows.

        Parameters
        ----------
        scheme
            The scheme.

        Returns
        -------
        (K,) probabilities.

        Raises
        ------
        PriorError
            For a prior with another number of classes.
        """
        with labels_in_errors(self.classes):
            return scheme.target(cast(IntArray, self.totals))

    @property
    def whole(self) -> bool:
        """Whether all sample weights are whole numbers."""
        return bool((self.copies == np.rint(self.copies)).all())

    def shares(self, weights: FloatArray) -> FloatArray:
        """Shares of the classes in weights that sum to one, as `draw_weights` returns them.

        Parameters
        ----------
        weights
            (bags, n) weights.

        Returns
        -------
        (bags, K) totals of the weights.
        """
        return np.stack([np.bincount(self.codes, w, self.classes.size) for w in weights])


def draw_weights(scheme: Scheme, rows: Rows, rng: np.random.Generator) -> FloatArray:
    """Draw the weights of a scheme, each copy of a row being a row to random schemes.

    Parameters
    ----------
    scheme
        The scheme.
    rows
        Labels and copies of the rows.
    rng
        Generator of the draws.

    Returns
    -------
    (bags, n) weights, summing to one in each bag.

    Raises
    ------
    InputError
        For sample weights that are not whole or too large, if the scheme is random, and as the
        scheme.
    FitError
        For a class that was not drawn.
    """
    if not scheme.random:
        weights = rows.at(rows.prior_of(scheme))[None]
    elif not rows.whole:
        raise InputError(
            f"{scheme!r} draws rows, and sample weights count copies of them; a part of a row "
            "cannot be drawn. Give whole sample weights, or use ClassWeight()."
        )
    else:
        total, bags = rows.copies.sum(), scheme.bags
        check_memory(
            total * (2 + bags),
            f"{scheme!r} of rows that stand for {total:.3g} copies",
            "Divide the sample weights by a number, or use ClassWeight().",
            least=rows.codes.size * (2 + bags),
        )
        copies = np.rint(rows.copies).astype(np.int64)
        with labels_in_errors(rows.classes):
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
def labels_in_errors(classes: npt.NDArray[Any]) -> Iterator[None]:
    """Context in which an `InputError` also lists labels that are not 0, ..., K-1.

    Parameters
    ----------
    classes
        (K,) labels in their order.
    """
    try:
        yield
    except InputError as error:
        labels = classes.tolist()
        if labels == list(range(len(labels))):
            raise
        raise type(error)(f"{error} The classes are {labels}, in this order.") from None


def check_memory(doubles: float, what: str, remedy: str, least: float = 0) -> None:
    """Check that a computation stays within `LARGEST_BYTES`.

    Parameters
    ----------
    doubles
        Numbers of eight bytes that it holds.
    what, remedy
        Its name and an advice, for the message.
    least
        Numbers that are allowed in any case.

    Raises
    ------
    InputError
        For more numbers than both.
    """
    if 8 * doubles > LARGEST_BYTES and doubles > least:
        raise InputError(
            f"{what} would take {8 * doubles / 2**30:.3g} GiB of memory; "
            f"{LARGEST_BYTES / 2**30:.3g} GiB is the limit. {remedy}"
        )
