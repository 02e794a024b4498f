"""Choice of the ridge by the log-loss of rows left out of the fit.

A path is judged by one loss per ridge, a sum over rows. `RULES` name which ridge is taken.

Letters: n rows, L ridges, F folds, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.corrections import LeftOut
from mlbalance.inputs import FloatArray, InputError, as_floats
from mlbalance.methods.answers import UNSURE, Answers, Fitted, remedy
from mlbalance.methods.folds import deal
from mlbalance.methods.rows import FitError, Rows, draw_weights
from mlbalance.schemes import Scheme

__all__ = [
    "RIDGES",
    "RULES",
    "Choice",
    "LeftOutRidge",
    "Losses",
    "RidgePath",
    "as_ridges",
    "choose",
    "fold_copies",
    "search",
]

RIDGES = tuple(10.0 ** (step / 2) for step in range(2, -11, -1))
"""Default path: from 10 to 1e-5 in half decades, on the mean-loss scale."""

_FOLDS = 5
_FURTHER = 10.0 ** (np.arange(1, 5) / 2)
"""Factors by which the path is extended beyond an end that is the best so far: two decades."""
_SAME = 1e-10
"""Nats below which losses are equal: fits are no more exact."""
_LARGEST, _SMALLEST = 1e5, 1e-9
"""Ridges beyond which the path is not extended."""

RULES = ("min", "1se")
"""Ridge of the least loss; largest ridge whose loss is within a standard error of the least."""

Losses = Callable[[FloatArray], tuple[FloatArray, list[str]]]
"""Function from ridges (L,) to the parts (L, n) that rows have in the loss at the target prior,
infinite where a fit failed, and status (L,)."""


@dataclass(frozen=True)
class LeftOutRidge:
    """Ridge chosen in each data set by the left-out loss of its rows.

    The loss is that of leave-one-out logits before their intercepts are refitted. Where a
    temperature is fitted, it is that of their best scale (`corrections.scaled_losses`).

    Parameters
    ----------
    ridges
        Path on the mean-loss scale; `RIDGES`, which goes on beyond its ends, for None.
    rule
        "min" takes the ridge of the least loss, "1se" the largest whose loss is within one
        standard error, paired by row, of the least.
    among
        Methods of which the one with the least loss at its ridge is chosen too; its scheme, which
        is not random, takes the place of that of the method. None for the method's own scheme.

    Raises
    ------
    InputError
        For another rule, ridges that are not finite numbers from zero on, or a random scheme.
    """

    ridges: tuple[float, ...] | None = None
    rule: str = "min"
    among: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise InputError(
                f"A rule is {' or '.join(map(repr, RULES))}; it is {self.rule!r}. Change it."
            )
        if self.ridges is not None:
            object.__setattr__(self, "ridges", tuple(as_ridges(self.ridges).tolist()))
        for each in self.among:
            if each.scheme.random:
                raise InputError(
                    f"A method is chosen among some without draws; {each.id} draws rows. Leave it "
                    "out."
                )

    @property
    def id(self) -> str:
        """Stable name in ASCII; does not name the path."""
        return "ridge-loo" + "-1se" * (self.rule == "1se")

    @property
    def label(self) -> str:
        """Name for people."""
        return "left-out ridge" + " (1se)" * (self.rule == "1se")


class RidgePath(NamedTuple):
    """Ridges that were tried, and the loss of each for rows left out of its fit."""

    ridges: FloatArray
    """(L,) as given; or from 10 to 1e-5, and further while an end had the least loss."""
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

    def end(self, rule: str) -> str:
        """Message for a chosen ridge that is an end of the path.

        Parameters
        ----------
        rule
            One of `RULES`.

        Returns
        -------
        The message; empty where the ridge lies between two, or is zero.
        """
        best, ends = self.best(rule), (float(self.ridges.min()), float(self.ridges.max()))
        if best not in ends or best == 0 or ends[0] == ends[1]:
            return ""
        side = "larger" if best == ends[1] else "smaller"
        return (
            f"Of the ridges {best:.3g}, the {side[:-2]}est, predicts rows left out best; a {side} "
            f"one may do better. Give {side} ridges too, or ridges=None, which goes on by itself."
        )


def search(losses: Losses, ridges: Any, spread: Spread, rule: str = "min") -> RidgePath:
    """Search a path for a ridge by a rule.

    Without given ridges the path is `RIDGES`, extended beyond an end that is chosen until the
    chosen ridge is inside or the path reaches 1e5 or 1e-9. Given ridges are not extended.

    Parameters
    ----------
    losses
        Function from ridges (L,) to parts of the losses and status.
    ridges
        (L,) path on the mean-loss scale; None as above.
    spread
        Function from the parts (..., n) of losses to their standard errors (...).
    rule
        One of `RULES`.

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
    parts, status = losses(tried)
    path = _judged(tried, parts, status, spread)
    while ridges is None and (more := _beyond(path, rule)).size:
        tried = np.concatenate([tried, more])
        found, failed = losses(more)
        parts, status = np.concatenate([parts, found]), [*status, *failed]
        path = _judged(tried, parts, status, spread)
    return path


def choose(
    kinds: Sequence[Losses], ridges: Any, spread: Spread, rule: str = "min"
) -> tuple[int, RidgePath]:
    """Choose one of several kinds of fits, each at the ridge of its own path.

    Parameters
    ----------
    kinds
        For each kind, a function from ridges to parts of its losses and status.
    ridges, spread, rule
        As of `search`.

    Returns
    -------
    Position of the kind with the least loss at its chosen ridge, the first of equals, and its path.

    Raises
    ------
    InputError
        As `search`.
    FitError
        Where no kind has a fit at any ridge.
    """
    paths: list[RidgePath] = []
    errors: list[FitError] = []
    best, least = -1, np.inf
    for losses in kinds:
        try:
            path = search(losses, ridges, spread, rule)
        except FitError as error:
            errors.append(error)
            paths.append(RidgePath(np.empty(0), np.empty(0)))
            continue
        paths.append(path)
        loss = float(path.losses[path.ridges == path.best(rule)][0])
        if loss < least:
            best, least = len(paths) - 1, loss
    if best < 0:
        raise errors[0]
    return best, paths[best]


def _judged(ridges: FloatArray, parts: FloatArray, status: list[str], spread: Spread) -> RidgePath:
    losses = parts.sum(axis=1)
    least = parts[int(losses.argmin())]
    apart = np.zeros_like(parts) if np.isinf(losses).all() else parts - least
    apart[np.isinf(losses)] = 0.0
    return RidgePath(ridges, losses, tuple(status), spread(apart))


def _beyond(path: RidgePath, rule: str) -> FloatArray:
    """Ridges to try next; none where the chosen one lies between two."""
    best = path.best(rule)
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


Spread = Callable[[FloatArray], FloatArray]
"""Function from the parts (..., n) that rows have in sums to the standard errors (...) of these."""


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
    """Settings of the fits."""
    path: Callable[..., list[Any]] = softmax.path
    """As `softmax.path`."""
    leave_out: Callable[..., LeftOut] | None = None
    """As that of `Fitted`."""

    def spread(self, parts: FloatArray) -> FloatArray:
        """Standard errors of sums over rows; see `Answers.spread`."""
        return self.answers.spread(self.rows, parts)

    def by_leaving_out(self, weights: FloatArray) -> Losses:
        """Leave-one-out loss.

        Parameters
        ----------
        weights
            (bags, n) weights of the fits.

        Returns
        -------
        Function from ridges (L,) to parts of the losses and status.
        """

        def loss(_: int, fitted: Fitted) -> FloatArray:
            return self.answers.left_out_losses(self.X, self.rows, fitted)

        return lambda ridges: self._losses(ridges, weights[None], loss)

    def at_once(self, path: Callable[..., Any], weights: FloatArray) -> Losses:
        """Leave-one-out loss of one bag, whose rows a path leaves out for all ridges at once.

        Parameters
        ----------
        path
            As `discriminant.leave_one_out`.
        weights
            (n,) weights of the fit.

        Returns
        -------
        Function from ridges (L,) to parts of the losses and status.
        """
        rows, target = self.rows, self.answers.target
        unit = np.minimum(1.0, rows.copies) / rows.copies
        leave_out = partial(path, self.X, rows.codes, weights, weights * unit)
        none = np.zeros(target.size)
        shift = self.answers.correction.move(none, rows.shares(weights[None])[0], target)

        def losses(given: FloatArray) -> tuple[FloatArray, list[str]]:
            z, status = leave_out(ridges=self.symmetric(given), n_classes=target.size)
            parts = np.full((len(given), len(self.X)), np.inf)
            for l in np.flatnonzero(status == "converged"):
                parts[l] = self.answers.choice_losses(z[l] + shift, rows)
            return parts, status.tolist()

        return losses

    def by_folds(self, rng: np.random.Generator) -> Losses:
        """Loss by cross-validation over stratified folds, the scheme drawing anew for each.

        Parameters
        ----------
        rng
            Generator of the draws.

        Returns
        -------
        Function from ridges (L,) to parts of the losses and status.

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

        def loss(f: int, fitted: Fitted) -> FloatArray:
            fitted, rest = fitted._replace(weights=drawn[f]), rests[f]
            with _without_fold(f, len(held)):
                theta = self.answers.coefficients(self.X[rest.kept], rest, fitted).theta
            return self.answers.losses(softmax.logits(theta, self.X), self.rows, held[f])

        return lambda ridges: self._losses(ridges, weights, loss)

    def _losses(
        self, given: FloatArray, weights: FloatArray, loss: Callable[[int, Fitted], FloatArray]
    ) -> tuple[FloatArray, list[str]]:
        """Parts (L, n) of losses, over folds, of fits with weights (F, bags, n), and status.

        The fits of a ridge are one batch and start at those of the next larger ridge.
        """
        ridges = self.symmetric(given)
        fits = self.path(
            self.X,
            self.rows.codes,
            weights,
            ridges=ridges,
            n_classes=self.rows.classes.size,
            **self.solver,
        )
        found = np.zeros((ridges.size, self.rows.codes.size))
        status = ["converged"] * ridges.size
        for l, (ridge, fit) in enumerate(zip(ridges, fits, strict=True)):
            for f, theta in enumerate(fit.theta):
                try:
                    failed = fit.status[f][fit.status[f] != "converged"]
                    if failed.size:
                        raise FitError(remedy(failed[0]), str(failed[0]))
                    fitted = Fitted(theta, weights[f], ridge, None, self.leave_out)
                    found[l] += loss(f, fitted)
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
