"""Choice of the ridge by rows that did not fit it.

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
from mlbalance.methods.answers import Answers, Fitted, remedy
from mlbalance.methods.folds import deal
from mlbalance.methods.rows import FitError, Rows, draw_weights
from mlbalance.schemes import Scheme

__all__ = ["RIDGES", "Choice", "RidgePath", "as_ridges", "held_out", "search"]

RIDGES = tuple(10.0 ** (step / 2) for step in range(2, -11, -1))
"""The path if none is given: from 10 to 1e-5 in half decades, on the mean loss."""

_FOLDS = 5
_FURTHER = 10.0 ** (np.arange(1, 5) / 2)
"""Steps beyond an end that is the best so far: two decades."""
_LARGEST, _SMALLEST = 1e5, 1e-9
"""Ridges beyond which the path is not extended."""

Losses = Callable[[FloatArray], tuple[FloatArray, list[str]]]
"""From ridges (L,) to their losses (L,), infinite where a fit failed, and what became of each."""


class RidgePath(NamedTuple):
    """Ridges that were tried, and how well each predicts rows that did not fit it."""

    ridges: FloatArray
    """(L,) as they were given; or from 10 to 1e-5, and further while an end had the least loss."""
    losses: FloatArray
    """(L,) log-loss in nats at the target; infinite where a fit, or one without some of its rows,
    does not exist or did not converge."""
    status: tuple[str, ...] = ()
    """(L,) "converged", or what became of the first fit that failed, a key of `softmax.STATUS`."""

    def best(self) -> float:
        """The ridge of the least loss, the larger of two alike.

        Raises `FitError` if none has a fit.
        """
        least = self.losses.min()
        if not np.isfinite(least):
            status = self.status[int(self.ridges.argmax())] if self.status else "no-mle"
            raise FitError(
                f"None of the ridges {', '.join(f'{r:.3g}' for r in self.ridges)} has a fit to "
                "all rows and to those left when some are taken out. Give larger ridges, or raise "
                f"max_iter. At the largest: {remedy(status)}",
                status,
            )
        return float(self.ridges[self.losses == least].max())


def search(losses: Losses, ridges: Any) -> RidgePath:
    """The path of `ridges` as they were given, or for None of `RIDGES` and beyond.

    Beyond an end of `RIDGES` that has the least loss others follow, until it lies between two or
    the path ends at 1e5 or 1e-9. Warns where one of given ridges is the best and the last of them.
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
    """Ridges to try next: none where the best lies between two."""
    best = path.best()
    if best == path.ridges.max() and best < _LARGEST:
        return best * _FURTHER[::-1]
    if best == path.ridges.min() and best > _SMALLEST:
        return best / _FURTHER
    return np.empty(0)


def as_ridges(ridges: Any) -> FloatArray:
    """A path (L,) of ridges; `RIDGES` for None. Raises `InputError` for what is none."""
    wanted = "ridges must be a list of finite numbers from zero on, or None"
    path = as_floats(RIDGES if ridges is None else ridges, InputError, wanted)
    if path.ndim != 1 or not path.size or not np.isfinite(path).all() or (path < 0).any():
        raise InputError(f"{wanted}; they are {' '.join(repr(ridges).split())}.")
    return path


@dataclass(frozen=True, eq=False)
class Choice:
    """Rows X (n, d) under a scheme for which a ridge is chosen, and how they are answered."""

    X: FloatArray
    rows: Rows
    scheme: Scheme
    answers: Answers
    symmetric: Callable[[Any], Any]
    """From ridges to those on K coefficients of sum zero."""
    solver: dict[str, Any]
    """Settings of `softmax.path`."""

    def by_leaving_out(self, weights: FloatArray) -> Losses:
        """Losses of each row without itself, from the fits with weights (bags, n)."""

        def loss(_: int, fitted: Fitted) -> float:
            z = self.answers.left_out(self.X, self.rows, fitted)
            return self.answers.loss(z, self.rows, self.rows.copies)

        return lambda ridges: self._losses(ridges, weights[None], loss)

    def by_folds(self, rng: np.random.Generator) -> Losses:
        """Losses of rows left out a fold at a time, each fold's scheme drawing for itself."""
        held = held_out(self.rows)
        rests = [self.rows.having(self.rows.copies - out) for out in held]
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
        """Sums (L,) over folds of the loss of each one's fits, with weights (F, bags, n).

        The fits of a ridge are one batch, and start at those of the next larger.
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
    """Say of what is refused that it is the rows without a fold, which are fewer."""
    try:
        yield
    except InputError as error:
        raise InputError(f'Without fold {f + 1} of {folds} of ridge="cv": {error}') from None


def held_out(rows: Rows) -> FloatArray:
    """Copies (F, n) of each row that every fold leaves out: five folds, or fewer for few rows.

    Copies are dealt in turn as rows of their own, class by class in the order they have; rows
    whose copies are not whole are dealt as one. Raises `InputError` for a class of one.
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
