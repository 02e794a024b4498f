"""Softmax regression under a scheme, as a scikit-learn classifier."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from mlbalance import softmax
from mlbalance.corrections import Corrected
from mlbalance.estimators.dask_rows import DaskRows, is_dask, refuse
from mlbalance.estimators.inference import Inference
from mlbalance.estimators.many_rows import PassMemory, fit_weights, rows_by_class
from mlbalance.estimators.predictions import LogitsAtTarget
from mlbalance.estimators.weighting import (
    ScoreAtTarget,
    as_choice,
    as_scheme,
    as_target,
    check_uncorrected,
    generator,
    rows_of,
)
from mlbalance.inputs import FloatArray, InputError
from mlbalance.methods import LOSSES, Method
from mlbalance.methods.answers import Answers, Fitted, as_correction, failure, remedy
from mlbalance.methods.bags import fit_infinite, is_infinite
from mlbalance.methods.choice import Choice, LeftOutRidge, choose
from mlbalance.methods.registry import CHOICE, KINDS
from mlbalance.methods.ridges import RidgePath
from mlbalance.methods.rows import FitError, Rows, check_memory, draw_weights
from mlbalance.methods.sharing import shared
from mlbalance.schemes import Scheme, Unweighted

__all__ = ["SoftmaxClassifier"]


class SoftmaxClassifier(Inference, LogitsAtTarget, ScoreAtTarget, ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression with class weights, resampling or bags of either.

    Minimises the mean loss under the scheme's weights, which sum to one, plus
    `ridge / 2 * (coef_ ** 2).sum()`. By default it has the coefficients of
    `LogisticRegression(class_weight="balanced")`.

    Parameters
    ----------
    scheme
        One of `mlbalance.schemes`; `ClassWeight()` if None. Logits are averaged over bags. Its
        prior or rates may be by label, as in `ClassWeight(prior={"ill": 0.3, "well": 0.7})`;
        {"ill": 5, "well": 1} are class weights as in scikit-learn's `class_weight`. "auto" is
        `ClassWeight()` or least squares on all rows, as in `DiscriminantClassifier`, whichever has
        the smaller left-out loss at its ridge, which is the largest whose loss is within a standard
        error of the least. `LeftOutRidge(...)` as the ridge has other rules, and others `among`.
    correction
        Correction of the intercepts to the target prior. "prior" adds log(target_k / fitted_k),
        which is zero where the scheme fits at the target (label `prior-shift`; exact for a
        correctly specified model without ridge). "loo" refits them to leave-one-out logits, which
        rare classes need when features are many (label `loo-intercept`). "auto" does so where it
        gains more than it costs (label `intercept-price`), and else is "prior". "none" leaves them,
        and refuses a scheme that fits at another prior.
    ridge
        Penalty on the mean-loss scale, so that equal ridges have equal targets under all schemes.
        None is 1/n, n the sum of the sample weights: scikit-learn's C = 1. In general C is
        1/(n ridge). "loo" and "cv" choose the one of `ridges` with the least log-loss at the
        target. "loo" leaves out each row, one copy at a time, by one Newton step in every bag that
        holds it, its weight going to the rest of its class; in classes of fewer than ten rows it
        refits. Its loss is that before intercepts are refitted, and with `temperature` that of the
        best scale. `LeftOutRidge(rule="1se")` takes the largest ridge within a standard error
        of the least loss. "cv" includes the correction; it has five folds, or as many as the rarest
        class has rows; rows and copies are dealt to folds in turn, class by class, and the scheme
        draws anew for each fold.
    ridges
        Candidates for "loo" and "cv", with a warning where the best is the smallest or the largest
        of them. If None, from 0.1 to 10 in half decades (for two classes half of that, which is the
        same on the scale of `softmax.fit`), and a decade further at a time beyond an end that is
        the best, to 1e-9 or 1e5 at most: the best lies there if classes are nearly separated, or
        features carry no signal.
    temperature
        Whether correction="loo" or "auto" also fits one scale of all logits, and so of `coef_`, for
        calibrated probabilities (calibration slope one): after the intercepts where a class has
        fewer than 20 rows, with them above.
    target
        Prior of `intercept_`, `predict` and `predict_proba`: "balanced", "natural" (shares of the
        classes in the data), or one probability per class, in the order of `classes_` or by label:
        {"ill": 0.01, "well": 0.99}. Where counts are fixed by design, as in a case-control study,
        "natural" is the prior of the design: give the shares of the population, here or as `prior`
        of `predict_proba`. `score` has the same target.
    penalty
        "firth" is Jeffreys' prior, for `Unweighted()` alone and without ridge: a fit exists for
        separated classes, and slopes of a correctly specified model have less bias (label
        `second-order`).
    tol, max_iter
        As of `mlbalance.softmax.fit`.
    random_state
        Seed of random schemes.
    keep_data
        Whether to keep, and pickle, a copy of the rows for covariances, intervals and `summary`.

    Attributes
    ----------
    coef_, intercept_
        (K, d) and (K,), summing to zero over classes; for two classes (1, d) and (1,), of
        `classes_[1]` against `classes_[0]`, as in scikit-learn.
    classes_, n_features_in_, feature_names_in_
        As in scikit-learn.
    target_prior_, natural_prior_
        (K,) priors of the predictions and of the data.
    scheme_, loss_, ridge_
        The scheme, loss and ridge that were used: the loss is "softmax", or "square" where "auto"
        chose least squares, for which there are no covariances and intervals.
    ridge_path_
        `ridges` (L,), their `losses` (L,) in nats, infinite where there is no fit, `status` (L,)
        with the reason, and `errors` (L,) of the differences from the least loss; None if the ridge
        was given.
    intercepts_refitted_
        Whether the intercepts are those of left-out rows.
    temperature_
        Divisor of the logits, one without `temperature`. It is infinite where leave-one-out logits
        are uninformative; where they separate the classes, or nearly so, it stops where those of a
        row differ by 20 on average.
    status_, n_iter_
        "converged", always, since a fit that does not exist raises; (bags,) iterations.

    Raises
    ------
    FitError
        In `fit`, where the maximum does not exist or is not unique, at any ridge of a path; the
        message names remedies.
    """

    def __init__(
        self,
        scheme: Scheme | Mapping[Any, float] | str | None = None,
        *,
        correction: str = "prior",
        ridge: float | str | None = None,
        ridges: Any = None,
        temperature: bool = False,
        target: Any = "balanced",
        penalty: str | None = None,
        tol: float = 1e-10,
        max_iter: int = 200,
        random_state: Any = None,
        keep_data: bool = True,
    ) -> None:
        self.scheme = scheme
        self.correction = correction
        self.ridge = ridge
        self.ridges = ridges
        self.temperature = temperature
        self.target = target
        self.penalty = penalty
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.keep_data = keep_data

    def fit(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> SoftmaxClassifier:
        """Fit the model.

        Parameters
        ----------
        X
            (n, d) features. A Dask array or DataFrame is read a partition at a time, one per thread
            of a worker, for schemes that weight every row, `Undersample` and `Cap`, without a ridge
            or correction by rows left out; predictions of one are Dask arrays.
        y
            (n,) labels; of a Dask collection also a Dask array or Series.
        sample_weight
            (n,) numbers of copies; one per row for None. Not with a Dask collection.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        FitError
            Where there is no fit.
        InputError
            For settings that do not go together, or that need all rows of a Dask collection.
        """
        if is_dask(X):
            return self._fit_partitions(X, y, sample_weight)
        X, y = validate_data(self, X, y, dtype=np.float64, copy=self.keep_data)
        check_classification_targets(y)
        rows = rows_of(X, y, sample_weight, type(self).__name__)
        X = X if rows.kept.all() else X[rows.kept]
        scheme = self._check_settings(rows)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.target_prior_ = as_target(self.target, rows.natural, rows.classes)
        correction = as_correction(self.correction, self.temperature)
        answers = Answers(correction, self.target_prior_, self.max_iter)
        rng = generator(self.random_state)
        kinds = (self._among or KINDS) if scheme is None else (Method(scheme),)
        given = [(kind, draw_weights(kind.scheme, rows, rng)) for kind in kinds]
        kind, weights = self._choose(X, rows, answers, given, rng)
        self.scheme_, self.loss_ = kind.scheme, kind.loss
        fitted = self._firth(X, rows) if self.penalty else self._fit_kind(X, rows, kind, weights)
        self._answer(answers.coefficients(X, rows, fitted), fitted)
        self._remember(X, rows, fitted.theta.mean(axis=0), kind.scheme)
        return self

    def _answer(self, found: Corrected, fitted: Fitted) -> None:
        """Set the attributes of coefficients at the target."""
        theta, scale, _, _, self.intercepts_refitted_ = found
        if len(theta) == 2:
            theta = theta[1:] - theta[:1]
        self.coef_, self.intercept_ = theta[:, 1:], theta[:, 0]
        self.temperature_ = 1.0 / scale if scale else np.inf
        self.status_, self.n_iter_ = "converged", fitted.n_iter

    def _fit_partitions(self, X: Any, y: Any, sample_weight: Any) -> SoftmaxClassifier:
        """Fit a Dask collection, a partition at a time."""
        self._refuse_partitions(sample_weight)
        data = DaskRows.of(X, y)
        rows = rows_by_class(data, type(self).__name__)
        scheme = cast(Scheme, self._check_settings(rows))
        self.n_features_in_ = data.n_features
        if all(isinstance(name, str) for name in getattr(X, "columns", [0])):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.target_prior_ = as_target(self.target, rows.natural, rows.classes)
        self.ridge_, self.ridge_path_ = self._given_ridge(rows), None
        self.scheme_, self.loss_, ridge = scheme, "softmax", self._symmetric(self.ridge_)
        solver = {"ridge": ridge, "tol": self.tol, "max_iter": self.max_iter}
        fit = fit_weights(data, scheme, generator(self.random_state), **solver)
        if not fit.converged:
            raise FitError(remedy(fit.status), fit.status)
        n_iter = np.array([fit.n_iter])
        prior = rows.prior_of(scheme)[None]
        fitted = Fitted(fit.theta[None], prior, ridge, n_iter, leave_out=None, likelihood=True)
        answers = Answers(as_correction(self.correction), self.target_prior_)
        self._answer(answers.coefficients(np.empty((0, 0)), rows, fitted), fitted)
        self._memory = PassMemory(data, rows, fit.theta, scheme) if self.keep_data else None
        return self

    def _refuse_partitions(self, sample_weight: Any) -> None:
        """Refuse what needs all rows in memory."""
        instead = "Choose it on some of the rows, as Undersample(size) keeps them, in memory."
        unlike = {
            "sample_weight": (sample_weight is None, "Give class weights as the scheme."),
            'scheme="auto"': (not self._is_auto, instead),
            f"ridge={self.ridge!r}": (isinstance(self.ridge, Real | None), instead),
            f"correction={self.correction!r}": (
                self.correction not in ("loo", "auto"),
                'Give correction="prior".',
            ),
            "temperature=True": (self.temperature is not True, "Leave it out."),
            f"penalty={self.penalty!r}": (self.penalty is None, "Give a ridge."),
        }
        for what, (allowed, advice) in unlike.items():
            if not allowed:
                refuse(what.replace("'", '"'), advice)

    def _check_settings(self, rows: Rows) -> Scheme | None:
        scheme = None if self._is_auto else as_scheme(self.scheme, rows)
        as_choice("correction", self.correction, ("none", "prior", "loo", "auto"))
        if scheme is None:
            self._check_auto()
        elif self.correction == "none":
            check_uncorrected(scheme, rows, self.target)
        if not isinstance(self.temperature, bool | np.bool_):
            raise InputError(
                "temperature is True or False, since it is fitted to left-out rows; it is "
                f"{self.temperature!r}."
            )
        if self.temperature and self.correction not in ("loo", "auto"):
            raise InputError(
                "temperature=True is fitted to rows left out of the fit, and goes with "
                f'correction="loo" or "auto"; it is {self.correction!r}. Change one of them.'
            )
        if scheme is not None and is_infinite(scheme) and (self.ridge == "cv" or not rows.whole):
            given = 'ridge is "cv"' if rows.whole else "sample weights are not whole"
            raise InputError(
                f'{scheme!r} needs ridge="loo" or a number, and whole sample weights; {given}. '
                "Change it, or use ClassWeight()."
            )
        if self._among and scheme is not None:
            raise InputError(
                f'LeftOutRidge(among=...) goes with scheme="auto"; it is {self.scheme!r}. Change '
                "one of them."
            )
        if self.ridges is not None and not (self._chooses or self._is_auto):
            raise InputError(
                'ridges are the candidates of ridge="loo" and ridge="cv"; ridge is '
                f"{self.ridge!r}. Change one of them."
            )
        if self.penalty is None:
            return scheme
        as_choice("penalty", self.penalty, ("firth",))
        if not isinstance(scheme, Unweighted):
            raise InputError(
                f'penalty="firth" is for unweighted fits; the scheme is {scheme!r}. Use '
                'Unweighted(), which correction="prior" brings to any target, or a ridge.'
            )
        leaves = self.correction in ("loo", "auto")
        if self.ridge or leaves:
            other = f"correction={self.correction!r}" if leaves else f"ridge={self.ridge!r}"
            other = other.replace("'", '"')
            raise InputError(f'penalty="firth" does not go with {other}. Leave one out.')
        return scheme

    ridge_path_: RidgePath | None

    def _choose(
        self,
        X: FloatArray,
        rows: Rows,
        answers: Answers,
        kinds: list[tuple[Method, FloatArray]],
        rng: np.random.Generator,
    ) -> tuple[Method, FloatArray]:
        """Kind of fits, and its weights; its ridge is the given one, 1/n, or a chosen one."""
        self.ridge_path_ = None
        kind, weights = kinds[0]
        if not (self._chooses or self._is_auto):
            self.ridge_ = self._given_ridge(rows)
            return kind, weights
        wanted = self._wanted()
        solver = {"tol": self.tol, "max_iter": self.max_iter}
        choice = Choice(X, rows, answers, self._symmetric(1.0), solver)
        if self.ridge == "cv":
            path = choice.search(choice.by_folds(kind, rng), wanted.ridges)
        else:
            kind, weights, path, _ = choose(kinds, choice, wanted)
        self.ridge_, self.ridge_path_ = path.best(wanted.rule), path
        if wanted.ridges is not None and (told := path.end()):
            warnings.warn(told, UserWarning, stacklevel=3)
        return kind, weights

    def _given_ridge(self, rows: Rows) -> float:
        if self.ridge is None:
            return 1.0 / float(rows.copies.sum())
        if not isinstance(self.ridge, Real) or not 0 <= self.ridge < np.inf:
            raise InputError(
                'A ridge is a finite number from zero on, None for 1/n, "loo" or "cv"; it is '
                f"{self.ridge!r}."
            )
        return float(self.ridge)

    def _fit_kind(self, X: FloatArray, rows: Rows, kind: Method, weights: FloatArray) -> Fitted:
        ridge, loss = self._symmetric(self.ridge_), LOSSES[kind.loss]
        leave_out, n_iter = loss.leave_out, np.ones(len(weights), dtype=np.int64)
        if is_infinite(kind.scheme):
            given = X, rows.codes, rows.copies
            fit: Any = fit_infinite(kind.scheme, *given, ridge=ridge, max_iter=self.max_iter)
            leave_out, n_iter = fit.leave_out, fit.n_iter
        else:
            solver = {"tol": self.tol, "max_iter": self.max_iter}
            given = X, rows.codes, weights
            ridges, K = np.array([ridge]), rows.classes.size
            (fit,) = loss.path(*given, ridges=ridges, n_classes=K, solver=solver)
            n_iter = getattr(fit, "n_iter", n_iter)
        for bag, status in enumerate(fit.status):
            if status != "converged":
                of = f"The fit of bag {bag + 1} of {len(weights)}"
                told = failure(of, status) if len(weights) > 1 else remedy(status)
                raise FitError(told, str(status))
        return Fitted(fit.theta, weights, ridge, n_iter, leave_out, loss.likelihood)

    @property
    def _chooses(self) -> bool:
        named = isinstance(self.ridge, str) and self.ridge in ("loo", "cv")
        return named or isinstance(self.ridge, LeftOutRidge)

    def _wanted(self) -> LeftOutRidge:
        """Ridges and rule of the choice."""
        wanted = CHOICE if self._is_auto else LeftOutRidge()
        if isinstance(self.ridge, LeftOutRidge):
            wanted = self.ridge
        return wanted if self.ridges is None else replace(wanted, ridges=self.ridges)

    @property
    def _among(self) -> tuple[Method, ...]:
        return self.ridge.among if isinstance(self.ridge, LeftOutRidge) else ()

    @property
    def _is_auto(self) -> bool:
        return isinstance(self.scheme, str) and self.scheme == "auto"

    def _check_auto(self) -> None:
        if self.ridge is not None and (self.ridge == "cv" or not self._chooses):
            raise InputError(
                'scheme="auto" is chosen by rows left out, with its ridge; ridge is '
                f'{self.ridge!r}. Give ridge="loo", or a scheme.'
            )
        if self.correction == "none":
            raise InputError(
                'scheme="auto" may choose a scheme that fits at another prior than the target. '
                'Give correction="prior", "loo" or "auto".'
            )

    def _firth(self, X: FloatArray, rows: Rows) -> Fitted:
        if not rows.whole:
            raise InputError('penalty="firth" needs whole sample weights, as numbers of copies.')
        check_memory(
            2 * rows.copies.sum() * X.shape[1],
            f'penalty="firth" of rows that stand for {rows.copies.sum():.3g} copies',
            "Divide the sample weights by a number.",
            least=2 * X.size,
        )
        of = np.repeat(np.arange(rows.codes.size), np.rint(rows.copies).astype(int))
        fit = shared(softmax.fit_firth)(
            X[of],
            rows.codes[of],
            n_classes=rows.classes.size,
            tol=self.tol,
            max_iter=self.max_iter,
        )
        if not fit.converged:
            raise FitError(remedy(fit.status), fit.status)
        self.ridge_ = 0.0
        weights = rows.copies[None] / rows.copies.sum()
        n_iter = np.array([fit.n_iter])
        return Fitted(fit.theta[None], weights, 0.0, n_iter, leave_out=None, likelihood=True)
