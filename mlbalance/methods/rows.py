"""Rows with copies, the weights a scheme gives them, and the priors these stand for.

Letters: n rows, K classes, S_k sum of the copies of class k: its count when they are ones.
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

__all__ = ["LARGEST_BYTES", "FitError", "Rows", "check_memory", "draw_weights", "naming"]

LARGEST_BYTES = 2**30
"""Memory that covariances, or leaving rows out, may take beyond the data."""


class FitError(ValueError):
    """There is no fit: the message says why and names what makes one exist."""

    def __init__(self, message: str, status: str = "no-mle") -> None:
        super().__init__(message)
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.status)


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


def check_memory(doubles: float, what: str, remedy: str, least: float = 0) -> None:
    """Raises `InputError` where `what` would hold more numbers than fit in `LARGEST_BYTES`, and
    more than the `least` that was asked for.
    """
    if 8 * doubles > LARGEST_BYTES and doubles > least:
        raise InputError(
            f"{what} would take {8 * doubles / 2**30:.3g} GiB of memory; "
            f"{LARGEST_BYTES / 2**30:.3g} GiB is the limit. {remedy}"
        )
