"""The ridge that predicts rows best which did not fit it.

Letters: n rows, L ridges, F folds, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.estimators.correcting import Correction, Fitted
from mlbalance.estimators.weighting import FitError, Rows, draw_weights
from mlbalance.inputs import FloatArray, InputError, as_floats
from mlbalance.schemes import Scheme

__all__ = ["RIDGES", "Choice", "RidgePath", "as_ridges"]

RIDGES = tuple(10.0 ** (step / 2) for step in range(2, -11, -1))
"""The path if none is given: from 10 to 1e-5 in half decades, on the mean loss."""

_FOLDS = 5


class RidgePath(NamedTuple):
    """Ridges that were tried, and how well each predicts rows that did not fit it."""

    ridges: FloatArray
    """(L,) as they were given."""
    losses: FloatArray
    """(L,) log-loss in nats at the target; infinite where a fit, or one without some of its rows,
    does not exist or did not converge."""

    def best(self) -> float:
        """The ridge of the least loss, the larger of two alike.

        Raises `FitError` if none has a fit.
        """
        least = self.losses.min()
        if not np.isfinite(least):
            raise FitError(
                f"None of the ridges {', '.join(f'{r:.3g}' for r in self.ridges)} has a fit to "
                "all rows and to those left when some are taken out. Give larger ridges, or raise "
                "max_iter."
            )
        return float(self.ridges[self.losses == least].max())


def as_ridges(ridges: Any) -> FloatArray:
    """A path (L,) of ridges; `RIDGES` for None. Raises `InputError` for what is none."""
    wanted = "ridges must be a list of finite numbers from zero on, or None"
    path = as_floats(RIDGES if ridges is None else ridges, InputError, wanted)
    if path.ndim != 1 or not path.size or not np.isfinite(path).all() or (path < 0).any():
        raise InputError(f"{wanted}; they are {' '.join(repr(ridges).split())}.")
    return path


@dataclass(frozen=True, eq=False)
class Choice:
    """What a ridge is chosen for: rows X (n, d) under a scheme, and how they are answered."""

    X: FloatArray
    rows: Rows
    scheme: Scheme
    correction: Correction
    ridges: FloatArray
    """(L,), on K coefficients of sum zero."""
    solver: dict[str, Any]
    """Settings of `softmax.path`."""

    def by_leaving_out(self, weights: FloatArray) -> FloatArray:
        """Losses (L,) of each row without itself, from the fits with weights (bags, n)."""

        def loss(_: int, fitted: Fitted) -> float:
            z = self.correction.left_out(self.X, self.rows, fitted)
            return self.correction.loss(z, self.rows, self.rows.copies)

        return self._losses(weights[None], loss)

    def by_folds(self, rng: np.random.Generator) -> FloatArray:
        """Losses (L,) of rows left out a fold at a time, each fold's scheme drawing for itself."""
        held = dealt(self.rows)
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
                theta, _ = self.correction.answer(self.X[rest.kept], rest, fitted)
            return self.correction.loss(softmax.logits(theta, self.X), self.rows, held[f])

        return self._losses(weights, loss)

    def _losses(self, weights: FloatArray, loss: Callable[[int, Fitted], float]) -> FloatArray:
        """Sums (L,) over folds of the loss of each one's fits, with weights (F, bags, n).

        The fits of a ridge are one batch, and start at those of the next larger.
        """
        fits = softmax.path(
            self.X,
            self.rows.codes,
            weights,
            ridges=self.ridges,
            n_classes=self.rows.classes.size,
            **self.solver,
        )
        found = np.zeros(self.ridges.size)
        for l, (ridge, fit) in enumerate(zip(self.ridges, fits, strict=True)):
            for f, theta in enumerate(fit.theta):
                try:
                    fitted = Fitted(theta, weights[f], ridge, fit.n_iter[f])
                    found[l] += loss(f, fitted) if fit.converged[f].all() else np.inf
                except FitError:
                    found[l] = np.inf
        return found


@contextmanager
def _without_fold(f: int, folds: int) -> Iterator[None]:
    """Say of what is refused that it is the rows without a fold, which are fewer."""
    try:
        yield
    except InputError as error:
        raise InputError(f'Without fold {f + 1} of {folds} of ridge="cv": {error}') from None


def dealt(rows: Rows) -> FloatArray:
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
    folds = np.arange(min(_FOLDS, int(counts.min())))[:, None]
    order = np.argsort(rows.codes, kind="stable")
    ends = np.cumsum(units[order])
    held = np.empty((folds.size, units.size))
    # Of the copies start, ..., end - 1 a fold takes those whose number leaves it as a remainder.
    taken = (ends - folds - 1) // folds.size - (ends - units[order] - folds - 1) // folds.size
    held[:, order] = taken
    return held * (rows.copies / units)
