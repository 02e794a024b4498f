"""Choice of the ridge by the log-loss of rows left out of the fit.

Letters: n rows, L ridges, F folds, K classes.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError, as_floats
from mlbalance.methods.answers import UNSURE, Answers, Fitted, remedy
from mlbalance.methods.folds import deal
from mlbalance.methods.rows import FitError, Rows, draw_weights
from mlbalance.schemes import Scheme

__all__ = ["RIDGES", "Choice", "RidgePath", "as_ridges", "fold_copies", "search"]

RIDGES = tuple(10.0 ** (step / 2) for step in range(2, -11, -1))
"""Default path: from 10 to 1e-5 in half decades, on the mean-loss scale."""

_FOLDS = 5
_FURTHER = 10.0 ** (np.arange(1, 5) / 2)
"""Factors by which the path is extended beyond an end that is the best so far: two decades."""
_LARGEST, _SMALLEST = 1e5, 1e-9
"""Ridges beyond which the path is not extended."""

Losses = Callable[[FloatArray], tuple[FloatArray, list[str]]]
"""Function from ridges (L,) to losses (L,), infinite where a fit failed, and status (L,)."""


class RidgePath(NamedTuple):
    """Ridges that were tried, and the loss of each for rows left out of its fit."""

    ridges: FloatArray
    """(L,) as given; or from 10 to 1e-5, and further while an end had the least loss."""
    losses: FloatArray
    """(L,) log-loss in nats at the target prior; infinite where a fit, or one without some of its
    rows, does not exist or did not converge."""
    status: tuple[str, ...] = ()
    """(L,) "converged", or the status of the first fit that failed, a key of `softmax.STATUS`."""

    def best(self) -> float:
        """Ridge with the least loss, the largest of equals.

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
        return float(self.ridges[self.losses == least].max())


def search(losses: Losses, ridges: Any) -> RidgePath:
    """Search a path for the ridge with the least loss.

    Without given ridges the path is `RIDGES`, extended beyond an end that has the least loss until
    the minimum is inside or the path reaches 1e5 or 1e-9. Given ridges are not extended: a
    `UserWarning` says where the best of them is an end.

    Parameters
    ----------
    losses
        Function from ridges (L,) to losses and status.
    ridges
        (L,) path on the mean-loss scale; None as above.

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
    tried = as_ridges(ridges)
    found, status = losses(tried)
    path = RidgePath(tried, found, tuple(status))
    while ridges is None and (more := _beyond(path)).size:
        found, status = losses(more)
        path = RidgePath(
            np.concatenate([path.ridges, more]),
            np.concatenate([path.losses, found]),
            (*path.status, *status),
        )
    best, ends = path.best(), (float(path.ridges.min()), float(path.ridges.max()))
    if ridges is not None and best in ends and best > 0 and ends[0] < ends[1]:
        side = "larger" if best == ends[1] else "smaller"
        warnings.warn(
            f"Of the ridges {best:.3g}, the {side[:-2]}est, predicts rows left out best; a {side} "
            f"one may do better. Give {side} ridges too, or ridges=None, which goes on by itself.",
            UserWarning,
            stacklevel=4,
        )
    return path


def _beyond(path: RidgePath) -> FloatArray:
    """Ridges to try next; none where the best lies between two."""
    best = path.best()
    if best == path.ridges.max() and best < _LARGEST:
        return best * _FURTHER[::-1]
    if best == path.ridges.min() and best > _SMALLEST:
        return best / _FURTHER
    return np.empty(0)


def as_ridges(ridges: Any) -> FloatArray:
    """Ridges as an array.

    Parameters
    ----------
    ridges
        (L,) path on the mean-loss scale; `RIDGES` for None.

    Returns
    -------
    (L,) ridges in their order.

    Raises
    ------
    InputError
        For anything but a list of finite numbers from zero on.
    """
    wanted = "ridges must be a list of finite numbers from zero on, or None"
    path = as_floats(RIDGES if ridges is None else ridges, InputError, wanted)
    if path.ndim != 1 or not path.size or not np.isfinite(path).all() or (path < 0).any():
        raise InputError(f"{wanted}; they are {' '.join(repr(ridges).split())}.")
    return path


@dataclass(frozen=True, eq=False)
class Choice:
    """Data, scheme and correction for which a ridge is chosen."""

    X: FloatArray
    rows: Rows
    scheme: Scheme
    answers: Answers
    symmetric: Callable[[Any], Any]
    """Function from ridges to those for K coefficients that sum to zero."""
    solver: dict[str, Any]
    """Settings of `softmax.path`."""

    def by_leaving_out(self, weights: FloatArray) -> Losses:
        """Leave-one-out loss.

        Parameters
        ----------
        weights
            (bags, n) weights of the fits.

        Returns
        -------
        Function from ridges (L,) to losses and status.
        """

        def loss(_: int, fitted: Fitted) -> float:
            z = self.answers.left_out(self.X, self.rows, fitted)
            return self.answers.loss(z, self.rows, self.rows.copies)

        return lambda ridges: self._losses(ridges, weights[None], loss)

    def by_folds(self, rng: np.random.Generator) -> Losses:
        """Loss by cross-validation over stratified folds, the scheme drawing anew for each.

        Parameters
        ----------
        rng
            Generator of the draws.

        Returns
        -------
        Function from ridges (L,) to losses and status.

        Raises
        ------
        InputError
            For a class with one row, or a scheme that does not fit the rows outside a fold.
        FitError
            Where a draw loses a class.
        """
        held = fold_copies(self.rows)
        rests = [self.rows.with_copies(self.rows.copies - out) for out in held]
        drawn = []
        for f, rest in enumerate(rests):
            with _without_fold(f, len(held)):
                drawn.append(draw_weights(self.scheme, rest, rng))
        weights = np.zeros((len(held), len(drawn[0]), self.rows.codes.size))
        for given, rest, own in zip(weights, rests, drawn, strict=True):
            given[:, rest.kept] = own

        def loss(f: int, fitted: Fitted) -> float:
            fitted, rest = fitted._replace(weights=drawn[f]), rests[f]
            with _without_fold(f, len(held)):
                theta, _ = self.answers.coefficients(self.X[rest.kept], rest, fitted)
            return self.answers.loss(softmax.logits(theta, self.X), self.rows, held[f])

        return lambda ridges: self._losses(ridges, weights, loss)

    def _losses(
        self, given: FloatArray, weights: FloatArray, loss: Callable[[int, Fitted], float]
    ) -> tuple[FloatArray, list[str]]:
        """Losses (L,), summed over folds, of fits with weights (F, bags, n), and status.

        The fits of a ridge are one batch and start at those of the next larger ridge.
        """
        ridges = self.symmetric(given)
        fits = softmax.path(
            self.X,
            self.rows.codes,
            weights,
            ridges=ridges,
            n_classes=self.rows.classes.size,
            **self.solver,
        )
        found, status = np.zeros(ridges.size), ["converged"] * ridges.size
        for l, (ridge, fit) in enumerate(zip(ridges, fits, strict=True)):
            for f, theta in enumerate(fit.theta):
                try:
                    failed = fit.status[f][~fit.converged[f]]
                    if failed.size:
                        raise FitError(remedy(failed[0]), str(failed[0]))
                    found[l] += loss(f, Fitted(theta, weights[f], ridge, fit.n_iter[f]))
                except FitError as error:
                    found[l], status[l] = np.inf, error.status
                    break
        return found, status


@contextmanager
def _without_fold(f: int, folds: int) -> Iterator[None]:
    """Name the fold in an `InputError` about the rows outside it."""
    try:
        yield
    except InputError as error:
        raise InputError(f'Without fold {f + 1} of {folds} of ridge="cv": {error}') from None


def fold_copies(rows: Rows) -> FloatArray:
    """Copies of each row in each of five folds, or as many as the rarest class has rows.

    Copies are dealt in turn like rows, class by class in their order; where sample weights are not
    whole each row is dealt as one.

    Parameters
    ----------
    rows
        Labels and copies of the rows.

    Returns
    -------
    (F, n) copies of a row in a fold; over folds they sum to all its copies.

    Raises
    ------
    InputError
        For a class with one row.
    """
    units = np.rint(rows.copies).astype(np.int64) if rows.whole else np.ones_like(rows.codes)
    counts = np.bincount(rows.codes, units)
    if counts.min() < 2:
        raise InputError(
            'ridge="cv" needs two rows of every class, one to fit and one to judge; of class '
            f"{rows.classes.tolist()[int(counts.argmin())]!r} there is one. Collect rows for it, "
            "or give a number as the ridge."
        )
    folds = min(_FOLDS, int(counts.min()))
    return deal(rows.codes, units, folds) * (rows.copies / units)
