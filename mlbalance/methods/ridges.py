"""Paths of ridges, judged by the log-loss of rows left out of the fit.

A path is judged by one loss per ridge, a sum over rows. `RULES` name which ridge is taken.

Letters: n rows, L ridges.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray, InputError, as_floats
from mlbalance.methods.answers import UNSURE, remedy
from mlbalance.methods.rows import FitError

__all__ = ["RIDGES", "RULES", "Losses", "RidgePath", "Spread", "as_ridges", "search"]

RIDGES = tuple(10.0 ** (step / 2) for step in range(2, -3, -1))
"""Start of the default path: from 10 to 0.1 in half decades, on the mean-loss scale. Weak ridges
take most of the time, and are tried only where the loss falls towards them."""

_FURTHER = 10.0 ** (np.arange(1, 3) / 2)
"""Factors by which the path is extended beyond an end that is the best so far: a decade."""
_SAME = 1e-10
"""Nats below which losses are equal: fits are no more exact."""
_LARGEST, _SMALLEST = 1e5, 1e-9
"""Ridges beyond which, but for rounding, the path is not extended."""

RULES = ("min", "1se")
"""Ridge of the least loss; largest ridge whose loss is within a standard error of the least."""

Losses = Callable[[FloatArray], tuple[FloatArray, list[str]]]
"""Function from ridges (L,) to the parts (L, n) that rows have in the loss at the target prior,
infinite where a fit failed, and status (L,)."""


class RidgePath(NamedTuple):
    """Ridges that were tried, and the loss of each for rows left out of its fit."""

    ridges: FloatArray
    """(L,) as given; or from 10 to 0.1, and further while an end had the least loss."""
    losses: FloatArray
    """(L,) log-loss in nats at the target prior; infinite where a fit, or one without some of its
    rows, does not exist or did not converge."""
    status: tuple[str, ...] = ()
    """(L,) "converged", or the status of the first fit that failed, a key of `softmax.STATUS`."""
    errors: FloatArray | None = None
    """(L,) standard errors of the losses minus the least of them, paired by row, in nats."""

    def best(self, rule: str = "min") -> float:
        """Ridge with the least loss, the largest of equals; or the largest ridge near it.

        Parameters
        ----------
        rule
            One of `RULES`.

        Returns
        -------
        The ridge, on the scale of `ridges`.

        Raises
        ------
        FitError
            Where no ridge has a fit.
        """
        least = self.losses.min()
        if not np.isfinite(least):
            status = self.status[int(self.ridges.argmax())] if self.status else "no-mle"
            found = " that was found," if set(self.status) & {*UNSURE} else ""
            raise FitError(
                f"None of the ridges {', '.join(f'{r:.3g}' for r in self.ridges)} has a fit{found} "
                "to all rows and to those left when some are taken out. Give larger ridges, or "
                f"raise max_iter. At the largest: {remedy(status)}",
                status,
            )
        within = 0.0 if self.errors is None or rule == "min" else self.errors
        return float(self.ridges[self.losses <= least + within + _SAME].max())

    def end(self) -> str:
        """Message for a least loss at an end of the path.

        Returns
        -------
        The message; empty where the ridge of least loss lies between two, or is zero.
        """
        best, ends = self.best(), (float(self.ridges.min()), float(self.ridges.max()))
        if best not in ends or best == 0 or ends[0] == ends[1]:
            return ""
        side = "larger" if best == ends[1] else "smaller"
        return (
            f"Of the ridges {best:.3g}, the {side[:-2]}est, predicts rows left out best; a {side} "
            f"one may do better. Give {side} ridges too, or ridges=None, which goes on by itself."
        )


def search(losses: Losses, ridges: Any, spread: Spread, unit: float = 1.0) -> RidgePath:
    """Search a path for the ridge of least loss.

    Without given ridges the path is `RIDGES`, extended beyond an end that has the least loss until
    this lies inside or the path reaches 1e5 or 1e-9. Given ridges are not extended.

    Parameters
    ----------
    losses
        Function from ridges (L,) to parts of the losses and status.
    ridges
        (L,) path on the mean-loss scale; None as above.
    spread
        Function from the parts (..., n) of losses to their standard errors (...).
    unit
        Unit of the ridges on the scale of `RIDGES`.

    Returns
    -------
    The path with its losses.

    Raises
    ------
    InputError
        For ridges that are not finite numbers from zero on.
    FitError
        Where no ridge has a fit.
    """
    tried = np.divide(RIDGES, unit) if ridges is None else as_ridges(ridges)
    parts, status = losses(tried)
    path = _judged(tried, parts, status, spread)
    while ridges is None and (more := _beyond(path, unit)).size:
        tried = np.concatenate([tried, more])
        found, failed = losses(more)
        parts, status = np.concatenate([parts, found]), [*status, *failed]
        path = _judged(tried, parts, status, spread)
    return path


def _judged(ridges: FloatArray, parts: FloatArray, status: list[str], spread: Spread) -> RidgePath:
    losses = parts.sum(axis=1)
    least = parts[int(losses.argmin())]
    apart = np.zeros_like(parts) if np.isinf(losses).all() else parts - least
    apart[np.isinf(losses)] = 0.0
    return RidgePath(ridges, losses, tuple(status), spread(apart))


def _beyond(path: RidgePath, unit: float) -> FloatArray:
    """Ridges to try next; none where the best one lies between two."""
    best = path.best()
    if best == path.ridges.max() and best * unit < 0.99 * _LARGEST:
        return best * _FURTHER[::-1]
    if best == path.ridges.min() and best * unit > 1.01 * _SMALLEST:
        return best / _FURTHER
    return np.empty(0)


def as_ridges(ridges: Any) -> FloatArray:
    """Ridges as an array.

    Parameters
    ----------
    ridges
        (L,) path.

    Returns
    -------
    (L,) ridges in their order.

    Raises
    ------
    InputError
        For anything but a list of finite numbers from zero on.
    """
    wanted = "ridges must be a list of finite numbers from zero on, or None"
    path = as_floats(ridges, InputError, wanted)
    if path.ndim != 1 or not path.size or not np.isfinite(path).all() or (path < 0).any():
        raise InputError(f"{wanted}; they are {' '.join(repr(ridges).split())}.")
    return path


Spread = Callable[[FloatArray], FloatArray]
"""Function from the parts (..., n) that rows have in sums to the standard errors (...) of these."""
