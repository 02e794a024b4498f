"""Regularised discriminant analysis as a scikit-learn classifier."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from mlbalance import discriminant
from mlbalance.corrections import Corrected, Correction, Fits
from mlbalance.estimators.predictions import LogitsAtTarget
from mlbalance.estimators.weighting import (
    ScoreAtTarget,
    as_choice,
    as_target,
    check_temperature,
    check_uncorrected,
    rows_of,
)
from mlbalance.inputs import InputError
from mlbalance.methods import LOSSES, Method
from mlbalance.methods.answers import Answers, as_correction
from mlbalance.methods.choice import Choice, LeftOutRidge, choose
from mlbalance.methods.rows import FitError, Rows
from mlbalance.methods.sharing import shared
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
        Added, halved, to the variances of the features; on the scale of `softmax.fit`, for two
        classes twice the ridge of `SoftmaxClassifier`.
        "loo" chooses, from 0.1 to 10 and beyond an end that is the best, that with the least
        log-loss of left-out rows at the target, before intercepts are refitted and, with
        `temperature`, at the best scale.
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
        weights, self.ridge_path_ = rows.copies / rows.copies.sum(), None
        if isinstance(self.ridge, str):
            try:
                choice = Choice(X, rows, Answers(correction, self.target_prior_))
                own = [(Method(Unweighted(), loss="square"), weights[None])]
                self.ridge_path_ = choose(own, choice, LeftOutRidge()).path
            except FitError as error:
                raise FitError(f"No ridge has a fit. {_TOLD[error.status]}", error.status) from None
        self.ridge_ = float(self.ridge) if self.ridge_path_ is None else self.ridge_path_.best()
        fit = shared(discriminant.fit)(X, rows.codes, weights, ridge=self.ridge_)
        if fit.status != "converged":
            raise FitError(_TOLD[str(fit.status)], str(fit.status))
        data = X, rows.codes, rows.copies, fit.theta[None], weights[None]
        leave_out = LOSSES["square"].leave_out
        fits = Fits(*data, self.ridge_, leave_out=leave_out, likelihood=False)
        found = correction.correct(fits, self.target_prior_)
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
