"""Regularised discriminant analysis as a scikit-learn classifier."""

from __future__ import annotations

from functools import partial
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from mlbalance import discriminant
from mlbalance.corrections import Corrected, Correction, Fits, LeftOut
from mlbalance.estimators.predictions import LogitsAtTarget
from mlbalance.estimators.weighting import (
    ScoreAtTarget,
    as_choice,
    as_target,
    check_temperature,
    check_uncorrected,
    rows_of,
)
from mlbalance.inputs import FloatArray, InputError
from mlbalance.methods.answers import Answers, as_correction
from mlbalance.methods.ridges import Losses, search
from mlbalance.methods.rows import FitError, Rows
from mlbalance.schemes import Unweighted

__all__ = ["DiscriminantClassifier"]

_TOLD = {
    "no-mle": "Class means differ in a direction in which rows of a class do not, so that classes "
    "are infinitely far apart. Give a ridge, or drop features that are constant within classes.",
    "not-identified": "Features are collinear within classes. Drop some, or give a ridge.",
    "max-iter": "Numbers are too large or too small for double precision. Give a larger ridge, or "
    "scale the features, as StandardScaler does.",
}
"""Meanings of failures, and remedies."""


class DiscriminantClassifier(LogitsAtTarget, ScoreAtTarget, ClassifierMixin, BaseEstimator):
    """Linear discriminant analysis with a ridge, of all rows without weights, to a target prior.

    Ridge least squares on indicators of the classes, and a discriminant on its scores: see
    `mlbalance.discriminant`. In proportion no ridge fit of another convex loss has smaller error
    for two Gaussian classes of one covariance, each with its best ridge and threshold (label
    `effective-ridge`). Without ridge it is scikit-learn's `LinearDiscriminantAnalysis`.

    Parameters
    ----------
    ridge
        Added, halved, to the variances of the features; on the scale of `SoftmaxClassifier`.
        "loo" chooses, from 1e-5 to 10 and beyond an end that is the best, that with the least
        log-loss of left-out rows at the target, correction included.
    correction
        Correction of the intercepts to the target prior: "loo" refits them to leave-one-out
        logits, since with many features thresholds half way between class means favour large
        classes (label `self-influence`); "prior" adds log(target_k / natural_k); "none" leaves
        them, for target="natural".
    temperature
        Whether correction="loo" also fits one scale of all logits, which None means: the variance
        within classes is that of rows in the fit, and new rows vary more.
    target
        Prior of `intercept_`, `predict` and `predict_proba`, as of `SoftmaxClassifier`.

    Attributes
    ----------
    coef_, intercept_
        (K, d) and (K,), summing to zero over classes; for two classes (1, d) and (1,), of
        `classes_[1]` against `classes_[0]`, as in scikit-learn.
    classes_, n_features_in_, feature_names_in_
        As in scikit-learn.
    target_prior_, natural_prior_
        (K,) priors of the predictions and of the data.
    ridge_
        The ridge that was used.
    ridge_path_
        As of `SoftmaxClassifier`; None if the ridge was given.
    temperature_
        Divisor of the logits, as of `SoftmaxClassifier`.

    Raises
    ------
    FitError
        In `fit`, where classes are infinitely far apart or, without ridge, features are collinear.
    """

    def __init__(
        self,
        *,
        ridge: float | str = "loo",
        correction: str = "loo",
        temperature: bool | None = None,
        target: Any = "balanced",
    ) -> None:
        self.ridge = ridge
        self.correction = correction
        self.temperature = temperature
        self.target = target

    def fit(
        self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None
    ) -> DiscriminantClassifier:
        """Fit the model.

        Parameters
        ----------
        X
            (n, d) features.
        y
            (n,) labels.
        sample_weight
            (n,) numbers of copies; one per row for None.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        FitError
            Where there is no fit.
        InputError
            For settings that do not go together.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        rows = rows_of(X, y, sample_weight, type(self).__name__)
        X = X if rows.kept.all() else X[rows.kept]
        correction = self._check_settings(rows)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.target_prior_ = as_target(self.target, rows.natural, rows.classes)
        self.ridge_path_ = None
        if isinstance(self.ridge, str):
            try:
                answers = Answers(correction, self.target_prior_)
                losses = _losses(X, rows, answers)
                self.ridge_path_ = search(losses, None, partial(answers.spread, rows))
            except FitError as error:
                raise FitError(f"No ridge has a fit. {_TOLD[error.status]}", error.status) from None
        self.ridge_ = float(self.ridge) if self.ridge_path_ is None else self.ridge_path_.best()
        weights = rows.copies / rows.copies.sum()
        fit = discriminant.fit(X, rows.codes, weights, ridge=self.ridge_)
        if fit.status != "converged":
            raise FitError(_TOLD[str(fit.status)], str(fit.status))
        left = _left_out(X, rows, [self.ridge_])[0] if correction.needs == "rows" else None
        found = correction.correct(_fits(X, rows, fit.theta, left), self.target_prior_)
        if found.status != "converged":
            raise FitError(_failure(found), found.status)
        theta = found.theta[1:] - found.theta[:1] if len(found.theta) == 2 else found.theta
        self.coef_, self.intercept_ = theta[:, 1:], theta[:, 0]
        self.temperature_ = 1.0 / found.scale if found.scale else np.inf
        return self

    def _check_settings(self, rows: Rows) -> Correction:
        as_choice("correction", self.correction, ("none", "prior", "loo"))
        if self.correction == "none":
            check_uncorrected(Unweighted(), rows, self.target)
        asked = self.correction == "loo" if self.temperature is None else self.temperature
        check_temperature(asked, self.correction)
        if self.ridge != "loo" and not (isinstance(self.ridge, Real) and 0 <= self.ridge < np.inf):
            raise InputError(
                f'A ridge is a finite number from zero on, or "loo"; it is {self.ridge!r}.'
            )
        correction = as_correction(self.correction, bool(asked))
        single = rows.totals < 2
        if single.any() and (correction.needs == "rows" or self.ridge == "loo"):
            user = 'ridge="loo"' if self.ridge == "loo" else 'correction="loo"'
            raise InputError(
                f"{user} leaves out each row in turn, and needs two of every class; of class "
                f"{rows.classes.tolist()[int(single.argmax())]!r} there is one. Collect rows for "
                'it, or give a number as the ridge and correction="prior".'
            )
        return correction


def _failure(found: Corrected) -> str:
    if found.stage == "a row left out":
        return f'Without one of the rows: {_TOLD[found.status]} Or give correction="prior".'
    return (
        "Intercepts for the left-out rows were not found: their logits are too far apart. Give "
        'a larger ridge, or correction="prior".'
    )


def _losses(X: FloatArray, rows: Rows, answers: Answers) -> Losses:
    """Function from ridges (L,) to parts (L, n) of leave-one-out losses, and status."""
    nothing = np.zeros((answers.target.size, 1 + X.shape[1]))

    def losses(ridges: FloatArray) -> tuple[FloatArray, list[str]]:
        found, status = np.full((ridges.size, rows.codes.size), np.inf), []
        for l, left in enumerate(_left_out(X, rows, ridges)):
            fits, moved = _fits(X, rows, nothing, left), Corrected(nothing, 1.0, left.status)
            if left.status == "converged":
                moved = answers.correction.correct(fits, answers.target)
            status.append(moved.status)
            if moved.status == "converged":
                z = moved.scale * left.logits + moved.theta[:, 0]
                found[l] = answers.losses(z, rows, rows.copies)
        return found, status

    return losses


def _left_out(X: FloatArray, rows: Rows, ridges: npt.ArrayLike) -> list[LeftOut]:
    """Logits of each row without one copy of it, for each ridge."""
    total = rows.copies.sum()
    weights, leaving = rows.copies / total, np.minimum(1.0, rows.copies) / total
    z, status = discriminant.leave_one_out(X, rows.codes, weights, leaving, ridges=ridges)
    return [LeftOut(*given) for given in zip(z, status.tolist(), strict=True)]


def _fits(X: FloatArray, rows: Rows, theta: FloatArray, left: LeftOut | None) -> Fits:
    weights = rows.copies[None] / rows.copies.sum()
    data = X, rows.codes, rows.copies, theta[None], weights
    leave_out = None if left is None else lambda *_, **__: left
    return Fits(*data, 0.0, leave_out=leave_out, likelihood=False)
