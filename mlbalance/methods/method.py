"""A method as a value, and its fits to many data sets at once.

Letters: R data sets, n rows, d features, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.corrections import Correction, Fits, Uncorrected, is_alone
from mlbalance.inputs import FloatArray, InputError, IntArray, PriorError, as_prior
from mlbalance.losses import LogitLoss
from mlbalance.methods.answers import Answers
from mlbalance.methods.bags import fit_infinite, is_infinite
from mlbalance.methods.choice import Choice, LeftOutRidge, choose
from mlbalance.methods.losses import loss_of
from mlbalance.methods.rows import FitError, Rows, draw_weights
from mlbalance.schemes import Scheme, Unweighted

__all__ = ["Estimates", "Method"]


_NONE = Uncorrected()
_FITTED = ("theta", "status")


class Estimates(NamedTuple):
    """Coefficients of R data sets, averaged over bags, their status and ridges."""

    theta: FloatArray
    """(R, K, 1 + d), intercept first; NaN where the fit of any bag failed."""
    status: npt.NDArray[np.str_]
    """(R,) keys of `softmax.STATUS`; that of the first failed bag, if any."""
    ridge: FloatArray | None = None
    """(R,) on the mean-loss scale, where chosen, and NaN where none could be; None for the
    method's own."""


class Name(NamedTuple):
    """Id and label of a method that are not made of its parts."""

    id: str
    label: str


@dataclass(frozen=True)
class Method:
    """Fits with a scheme's weights, corrected to a target prior and averaged over bags.

    Parameters
    ----------
    scheme
        Distribution of the weights.
    ridge
        On the mean-loss scale of `softmax.fit`: methods of equal ridge and prior minimise the same
        penalised risk. A `LeftOutRidge` chooses it in each data set.
    correction
        Of the intercepts, to the target: `Uncorrected()`, `PriorShift()` or `LeaveOneOut()`.
    target
        (K,) target prior; uniform for None.
    loss
        Key of `LOSSES`, or one of `mlbalance.losses`; logits of the latter are not log-odds, and go
        without correction and choice of a ridge.
    name
        Id and label, where those made of the parts would be too long.

    Raises
    ------
    InputError
        For a part of another kind or out of range.
    """

    scheme: Scheme
    ridge: float | LeftOutRidge = 0.0
    correction: Correction = _NONE
    target: tuple[float, ...] | None = None
    loss: Any = "softmax"
    name: tuple[str, str] | None = None

    stream_name: ClassVar[str] = ""
    """Name of the random stream of a fit that draws; `fit` then takes `rngs`, one per data set."""

    def __post_init__(self) -> None:
        self._check_kinds()
        if self.target is not None:
            as_prior(self.target, np.size(self.target))
            object.__setattr__(self, "target", tuple(map(float, self.target)))
        if self.name is not None:
            object.__setattr__(self, "name", _as_name(self.name))

    def _check_kinds(self) -> None:
        if not isinstance(self.scheme, Scheme):
            raise InputError(
                "A method's scheme is one of mlbalance.schemes, as Undersample(); "
                f"{self.scheme!r} is not."
            )
        if not isinstance(self.correction, Correction):
            raise InputError(
                "A correction is Uncorrected(), PriorShift() or LeaveOneOut(); "
                f"{self.correction!r} is not."
            )
        loss = loss_of(self.loss)
        if is_infinite(self.scheme) and self.loss != "softmax":
            raise InputError(
                f"{self.scheme!r} is the mean of softmax fits; the loss is {self.loss!r}. Use "
                'loss="softmax", or Bagging.'
            )
        if isinstance(loss, LogitLoss) and self.correction != _NONE:
            raise InputError(
                f"Logits of {loss!r} are not log-odds, so that no shift of intercepts corrects "
                "them. Use Uncorrected(), or estimators.LossClassifier."
            )
        if isinstance(loss, LogitLoss) and isinstance(self.ridge, LeftOutRidge):
            raise InputError(
                f"{loss!r} has no logits of rows left out. Give a number as the ridge, or use "
                "estimators.LossClassifier, which chooses one by folds."
            )
        given = self.ridge
        known = isinstance(given, LeftOutRidge) or (isinstance(given, Real) and 0 <= given < np.inf)
        if not known:
            raise InputError(
                "A ridge is a finite number from zero on, or LeftOutRidge() to choose it; it is "
                f"{self.ridge!r}."
            )

    @property
    def id(self) -> str:
        """Stable name in ASCII, for stores, tables and citations; does not name the ridge."""
        if self.name is not None:
            return self.name[0]
        own = "+".join(part.id for part in self._parts if part.id)
        short = "-".join(f"{share:.3g}" for share in self.target or ())
        return f"{own}->{short}" if short else own

    @property
    def label(self) -> str:
        """Name for people; does not name the ridge."""
        if self.name is not None:
            return self.name[1]
        own = ", ".join(part.label for part in self._parts if part.label)
        short = ", ".join(f"{share:.3g}" for share in self.target or ())
        return f"{own}, to ({short})" if short else own

    @property
    def _parts(self) -> list[Any]:
        """Parts that are named; without weights a loss other than the softmax needs no scheme."""
        parts: list[Any] = [self.scheme, loss_of(self.loss), self.correction]
        parts += [self.ridge] if isinstance(self.ridge, LeftOutRidge) else []
        return parts[1:] if parts[1].id and self.scheme == Unweighted() else parts

    @property
    def key(self) -> tuple[str, float]:
        """Id and ridge, which identify results; the ridge is zero where it is chosen."""
        return self.id, 0.0 if isinstance(self.ridge, LeftOutRidge) else float(self.ridge)

    @property
    def cites(self) -> tuple[str, ...]:
        """Keys of `references.bib`: where its scheme, loss and correction come from."""
        parts = (self.scheme, loss_of(self.loss), self.correction)
        return tuple(dict.fromkeys(key for part in parts for key in part.cites))

    def with_ridge(self, ridge: float | LeftOutRidge) -> Method:
        """The same method with another ridge.

        Parameters
        ----------
        ridge
            On the mean-loss scale, or its choice.

        Returns
        -------
        The method.

        Raises
        ------
        InputError
            For anything but a finite number from zero on, or a choice.
        """
        return replace(self, ridge=ridge)

    def shape(self, n_classes: int, n_features: int) -> tuple[int, ...]:
        """Shape of the parameters of a fit, which of another model than a softmax is its own.

        Parameters
        ----------
        n_classes, n_features
            Numbers of classes K and features d.

        Returns
        -------
        (K, 1 + d)
        """
        return n_classes, 1 + n_features

    def prior(self, n_classes: int) -> FloatArray:
        """Target prior.

        Parameters
        ----------
        n_classes
            Number of classes K.

        Returns
        -------
        (K,) probabilities.

        Raises
        ------
        PriorError
            For a target with another number of classes.
        """
        if self.target is not None and len(self.target) != n_classes:
            raise PriorError(
                f"{self.id} answers for {len(self.target)} classes; there are {n_classes}."
            )
        return as_prior(self.target, n_classes)

    def fit(
        self,
        X: FloatArray,
        y: IntArray,
        weights: FloatArray,
        rows: npt.NDArray[np.bool_] | None = None,
    ) -> Estimates:
        """Fit R data sets.

        Parameters
        ----------
        X
            (R, n, d) features.
        y
            (n,) or (R, n) labels 0..K-1.
        weights
            (R, bags, n) weights, as `Scheme.draw` gives them.
        rows
            (R, n) rows of each data set, if not all: others have weight zero, and corrections do
            not count them as left out.

        Returns
        -------
        Coefficients at the target prior, and their status.

        Raises
        ------
        PriorError
            For a target with another number of classes.
        """
        y = np.broadcast_to(y, X.shape[:2])
        if isinstance(self.ridge, LeftOutRidge):
            return self._fit_chosen(self.ridge, X, y, weights, rows)
        K = int(y.max()) + 1
        loss = loss_of(self.loss)
        leaving: list[Any] = [loss.leave_out] * len(X)
        if is_infinite(self.scheme):
            theta, statuses, leaving = self._infinite(X, y, rows)
        else:
            fits = loss.fit(X[:, None], y[:, None], weights, n_classes=K, ridge=self.ridge)
            theta, statuses = fits.theta, fits.status.astype("U32")
        target, sound = self.prior(K), statuses == "converged"
        if self.correction.needs == "shares":
            shares = _shares(y, weights, K)[sound]
            theta[sound, :, 0] = self.correction.move(theta[sound, :, 0], shares, target)
        first = np.argmin(sound, axis=1)
        status = np.take_along_axis(statuses, first[:, None], axis=1)[:, 0]
        mean = theta.mean(axis=1)
        if self.correction.needs == "rows":
            for r in np.flatnonzero(sound.all(axis=1)):
                own = np.ones(y.shape[1], dtype=bool) if rows is None else rows[r]
                data = X[r][own], y[r][own], np.ones(own.sum()), theta[r], weights[r][:, own]
                own_fits = Fits(*data, self.ridge, leave_out=leaving[r], likelihood=loss.likelihood)
                found = self.correction.correct(own_fits, target)
                mean[r], status[r] = found.theta, found.status
        mean[status != "converged"] = np.nan
        return Estimates(mean, status)

    def _infinite(
        self, X: FloatArray, y: IntArray, rows: npt.NDArray[np.bool_] | None
    ) -> tuple[FloatArray, Any, list[Any]]:
        """Coefficients (R, 1, K, 1 + d) and status (R, 1), and logits of rows left out."""
        kept = np.ones(y.shape, dtype=bool) if rows is None else rows
        found = [
            fit_infinite(
                self.scheme, X[r][kept[r]], y[r][kept[r]], np.ones(kept[r].sum()), ridge=self.key[1]
            )
            for r in range(len(X))
        ]
        theta, status = (np.stack([getattr(f, name) for f in found]) for name in _FITTED)
        return theta, status.astype("U32"), [f.leave_out for f in found]

    def _fit_chosen(
        self,
        wanted: LeftOutRidge,
        X: FloatArray,
        y: IntArray,
        weights: FloatArray,
        rows: npt.NDArray[np.bool_] | None,
    ) -> Estimates:
        """Fits of R data sets, each of the method and ridge that it chooses."""
        found = []
        for r in range(len(X)):
            own = slice(None) if rows is None else rows[r]
            found.append(self._fit_one(wanted, X[r][own], y[r][own], weights[r][:, own]))
        return Estimates(*map(np.concatenate, zip(*found, strict=True)))

    def _fit_one(
        self, wanted: LeftOutRidge, X: FloatArray, y: IntArray, weights: FloatArray
    ) -> Estimates:
        K, ones = int(y.max()) + 1, np.ones(y.size)
        data = Rows(ones > 0, np.arange(K), y, ones)
        kinds = [(self, weights)]
        if wanted.among:
            own = np.random.default_rng(0)
            kinds = [(kind, draw_weights(kind.scheme, data, own)) for kind in wanted.among]
        if any(is_alone(y, w, w).any() for _, drawn in kinds for w in drawn):
            return _failed("no-mle", X, K)
        try:
            choice = Choice(X, data, Answers(self.correction, self.prior(K)))
            found = choose(kinds, choice, wanted)
        except FitError as error:
            return _failed(error.status, X, K)
        chosen = replace(
            found.kind, ridge=found.ridge, correction=self.correction, target=self.target
        )
        fit = chosen.fit(X[None], y, found.weights[None])
        return fit._replace(ridge=np.array([found.ridge]))


def _failed(status: str, X: FloatArray, K: int) -> Estimates:
    theta = np.full((1, K, 1 + X.shape[1]), np.nan)
    return Estimates(theta, np.array([status], dtype="U32"), np.array([np.nan]))


def _as_name(given: Any) -> Name:
    match given:
        case str(id), str(label) if id and id.isascii() and label and (id + label).isprintable():
            return Name(id, label)
    raise InputError(
        "A method's name is an id in ASCII and a label, both of which can be printed; "
        f"{given!r} is not."
    )


def _shares(y: IntArray, weights: FloatArray, n_classes: int) -> FloatArray:
    """Shares (R, bags, K) of the classes (R, n) in weights (R, bags, n)."""
    own = np.arange(n_classes)[:, None] == y[:, None, None, :]
    totals = (weights[:, :, None, :] * own).sum(axis=-1)
    return np.asarray(totals / totals.sum(axis=-1, keepdims=True))
