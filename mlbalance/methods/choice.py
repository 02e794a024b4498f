"""Choice of a ridge, and of one of several kinds of fits, by the log-loss of rows left out.

Estimators, methods and comparisons choose by `choose`, on the scale of `softmax.fit`.

Letters: n rows, L ridges, F folds, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError
from mlbalance.losses import LogitLoss
from mlbalance.methods.answers import Answers, Fitted, remedy
from mlbalance.methods.bags import infinite_path, is_infinite
from mlbalance.methods.folds import deal
from mlbalance.methods.losses import LOSSES
from mlbalance.methods.ridges import RULES, Losses, RidgePath, as_ridges, search
from mlbalance.methods.rows import FitError, Rows, draw_weights
from mlbalance.schemes import Scheme

__all__ = ["Choice", "Chosen", "Kind", "LeftOutRidge", "choose", "fold_copies"]

_FOLDS = 5


class Kind(Protocol):
    """Kind of fits that may be chosen, as a `Method`."""

    @property
    def scheme(self) -> Scheme:
        """Distribution of the weights."""

    @property
    def loss(self) -> str:
        """Key of `LOSSES`."""


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
        For another rule, ridges that are not finite numbers from zero on, a random scheme, or a
        loss without logits of rows left out.
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
            if isinstance(each.loss, LogitLoss):
                raise InputError(
                    f"A method is chosen by logits of rows left out; {each.loss!r} has none. "
                    "Leave it out."
                )
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


@dataclass(frozen=True, eq=False)
class Choice:
    """Data and correction for which a ridge is chosen."""

    X: FloatArray
    rows: Rows
    answers: Answers
    unit: float = 1.0
    """Unit of the ridges on the scale of `softmax.fit`."""
    solver: dict[str, Any] = field(default_factory=dict)
    """Settings of softmax fits."""

    def spread(self, parts: FloatArray) -> FloatArray:
        """Standard errors of sums over rows; see `Answers.spread`."""
        return self.answers.spread(self.rows, parts)

    def search(self, losses: Losses, ridges: Any) -> RidgePath:
        """Path of ridges with these losses.

        Parameters
        ----------
        losses
            Function from ridges (L,) to parts of the losses and status.
        ridges
            (L,) of the path; None for the default.

        Returns
        -------
        The path, as by `ridges.search`, which names the errors.
        """
        return search(losses, ridges, self.spread, self.unit)

    def left_out(self, kind: Kind, weights: FloatArray) -> Losses:
        """Leave-one-out loss, for all ridges at once where that can be.

        Parameters
        ----------
        kind
            Scheme and loss of the fits.
        weights
            (bags, n) weights of the fits.

        Returns
        -------
        Function from ridges (L,) to parts of the losses and status.
        """
        path = LOSSES[kind.loss].left_out_path
        if is_infinite(kind.scheme):
            path = infinite_path(kind.scheme, self.rows.copies)
        if path is None or len(weights) > 1:
            return self.by_leaving_out(kind, weights)
        return self.at_once(path, weights[0])

    def by_leaving_out(self, kind: Kind, weights: FloatArray) -> Losses:
        """Leave-one-out loss, ridge by ridge.

        Parameters
        ----------
        kind, weights
            As of `left_out`.

        Returns
        -------
        Function from ridges (L,) to parts of the losses and status.
        """

        def loss(_: int, fitted: Fitted) -> FloatArray:
            return self.answers.left_out_losses(self.X, self.rows, fitted)

        return lambda ridges: self._losses(ridges, kind, weights[None], loss)

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
            z, status = leave_out(ridges=self.unit * given, n_classes=target.size)
            parts = np.full((len(given), len(self.X)), np.inf)
            for l in np.flatnonzero(status == "converged"):
                parts[l] = self.answers.choice_losses(z[l] + shift, rows)
            return parts, status.tolist()

        return losses

    def by_folds(self, kind: Kind, rng: np.random.Generator) -> Losses:
        """Loss by cross-validation over stratified folds, the scheme drawing anew for each.

        Parameters
        ----------
        kind
            Scheme and loss of the fits.
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
                drawn.append(draw_weights(kind.scheme, rest, rng))
        weights = np.zeros((len(held), len(drawn[0]), self.rows.codes.size))
        for given, rest, own in zip(weights, rests, drawn, strict=True):
            given[:, rest.kept] = own

        def loss(f: int, fitted: Fitted) -> FloatArray:
            fitted, rest = fitted._replace(weights=drawn[f]), rests[f]
            with _without_fold(f, len(held)):
                theta = self.answers.coefficients(self.X[rest.kept], rest, fitted).theta
            return self.answers.losses(softmax.logits(theta, self.X), self.rows, held[f])

        return lambda ridges: self._losses(ridges, kind, weights, loss)

    def _losses(
        self,
        given: FloatArray,
        kind: Kind,
        weights: FloatArray,
        loss: Callable[[int, Fitted], FloatArray],
    ) -> tuple[FloatArray, list[str]]:
        """Parts (L, n) of losses, over folds, of fits with weights (F, bags, n), and status.

        The fits of a ridge are one batch and start at those of the next larger ridge.
        """
        of, K, ridges = LOSSES[kind.loss], self.rows.classes.size, self.unit * given
        data = self.X, self.rows.codes, weights
        fits = of.path(*data, ridges=ridges, n_classes=K, solver=self.solver)
        found = np.zeros((ridges.size, self.rows.codes.size))
        status = ["converged"] * ridges.size
        for l, (ridge, fit) in enumerate(zip(ridges, fits, strict=True)):
            for f, theta in enumerate(fit.theta):
                try:
                    failed = fit.status[f][fit.status[f] != "converged"]
                    if failed.size:
                        raise FitError(remedy(failed[0]), str(failed[0]))
                    fitted = Fitted(theta, weights[f], ridge, None, of.leave_out, of.likelihood)
                    found[l] += loss(f, fitted)
                except FitError as error:
                    found[l], status[l] = np.inf, error.status
                    break
        return found, status


class Chosen(NamedTuple):
    """Kind of fits, and the path on which its ridge was chosen."""

    kind: Any
    weights: FloatArray
    """(bags, n) of its fits."""
    path: RidgePath
    ridge: float


def choose(kinds: Sequence[tuple[Any, FloatArray]], choice: Choice, wanted: LeftOutRidge) -> Chosen:
    """Choose one of several kinds of fits, each at the ridge of its own path.

    Parameters
    ----------
    kinds
        Each kind with the weights (bags, n) of its fits.
    choice
        The data.
    wanted
        Ridges and rule.

    Returns
    -------
    The kind with the least loss at its chosen ridge, the first of equals.

    Raises
    ------
    InputError
        As `search`.
    FitError
        Where no kind has a fit at any ridge.
    """
    errors: list[FitError] = []
    best, least = None, np.inf
    for kind, weights in kinds:
        try:
            path = choice.search(choice.left_out(kind, weights), wanted.ridges)
        except FitError as error:
            errors.append(error)
            continue
        ridge = path.best(wanted.rule)
        loss = float(path.losses[path.ridges == ridge][0])
        if loss < least:
            best, least = Chosen(kind, weights, path, ridge), loss
    if best is None:
        raise errors[0]
    return best


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
