"""Classifiers of other losses than the log-loss, as scikit-learn classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mlbalance import softmax
from mlbalance.corrections import Uncorrected
from mlbalance.estimators.predictions import LargestProbability
from mlbalance.estimators.weighting import ScoreAtTarget, as_scheme, as_target, generator, rows_of
from mlbalance.inputs import FloatArray, InputError
from mlbalance.losses import Focal, LogitLoss, LossFit
from mlbalance.methods.answers import UNSURE, Answers, remedy
from mlbalance.methods.choice import Choice, fold_copies
from mlbalance.methods.ridges import Losses
from mlbalance.methods.rows import FitError, Rows, draw_weights
from mlbalance.methods.sharing import shared
from mlbalance.schemes import Scheme

__all__ = ["LossClassifier"]

_NOT_FOUND = "No minimum was found. Scale the features, as StandardScaler does, or give a ridge."


@shared
def _fit(loss: LogitLoss, *data: Any, **settings: Any) -> LossFit:
    """Fits with the arguments of `LogitLoss.fit`."""
    return loss.fit(*data, **settings)


class LossClassifier(LargestProbability, ScoreAtTarget, ClassifierMixin, BaseEstimator):
    """Linear classifier of another loss than the log-loss: focal, LDAM or vector scaling.

    Minimises the mean loss under the scheme's weights, which sum to one, plus
    `ridge / 2 * (coef_ ** 2).sum()`. For the log-loss see `SoftmaxClassifier`, which has left-out
    rows and covariances too.

    Parameters
    ----------
    loss
        One of `mlbalance.losses`, as `LDAM()`; `Focal()` if None.
    scheme
        One of `mlbalance.schemes`, or class weights by label; `ClassWeight()` if None.
    corrected
        Whether probabilities are those of the inverse link of the loss, at the prior that the
        weights give the classes, moved to the target (labels `focal`, `margin-losses`,
        `prior-shift`). Otherwise they are the softmax of the logits, as the loss is mostly used,
        and answer for no prior in particular.
    ridge
        On the mean-loss scale, as of `SoftmaxClassifier`; None is 1/n. "cv" chooses, from 1e-5 to
        10 and beyond an end that is the best, that with the least log-loss at the target by
        stratified folds; of probabilities that are `corrected`, whether or not they are answered.
    target
        Prior of `predict` and `predict_proba`, as of `SoftmaxClassifier`; for `score` and the
        choice of the ridge alone where `corrected` is False.
    random_state
        Seed of random schemes.

    Attributes
    ----------
    coef_, intercept_
        (K, d) and (K,) of the logits in the loss, summing to zero over classes; for two classes
        (1, d) and (1,), of `classes_[1]` against `classes_[0]`.
    classes_, n_features_in_, feature_names_in_
        As in scikit-learn.
    class_sizes_
        (K,) rows per class, copies counted, of which losses make margins and scales.
    target_prior_, natural_prior_, fitted_prior_
        (K,) priors of the target, of the data, and of the weights of the fit.
    loss_, scheme_, ridge_
        The loss, scheme and ridge that were used.
    ridge_path_
        As of `SoftmaxClassifier`; None if the ridge was given.

    Raises
    ------
    FitError
        In `fit`, where there is no minimum, or none was found.
    """

    def __init__(
        self,
        loss: LogitLoss | None = None,
        scheme: Scheme | Mapping[Any, float] | None = None,
        *,
        corrected: bool = True,
        ridge: float | str | None = "cv",
        target: Any = "balanced",
        random_state: Any = None,
    ) -> None:
        self.loss = loss
        self.scheme = scheme
        self.corrected = corrected
        self.ridge = ridge
        self.target = target
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> LossClassifier:
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
            For settings that are not allowed.
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        rows = rows_of(X, y, sample_weight, type(self).__name__)
        X = X if rows.kept.all() else X[rows.kept]
        self._check_settings()
        self.loss_ = Focal() if self.loss is None else self.loss
        self.scheme_ = as_scheme(self.scheme, rows)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.class_sizes_ = rows.totals
        self.target_prior_ = as_target(self.target, rows.natural, rows.classes)
        rng = generator(self.random_state)
        weights = draw_weights(self.scheme_, rows, rng)
        self.fitted_prior_ = rows.shares(weights).mean(axis=0)
        self.ridge_path_ = None
        if isinstance(self.ridge, str):
            choice = Choice(X, rows, Answers(Uncorrected(), self.target_prior_))
            path = choice.search(self._fold_losses(choice, rng), None)
            self.ridge_, self.ridge_path_ = path.best(), path
        else:
            self.ridge_ = 1 / rows.copies.sum() if self.ridge is None else float(self.ridge)
        theta, status = self._fit_rows(X, rows, weights, self.ridge_)
        if status != "converged":
            told = _NOT_FOUND if status in UNSURE else remedy(status)
            raise FitError(told, status)
        theta = theta[1:] - theta[:1] if len(theta) == 2 else theta
        self.coef_, self.intercept_ = theta[:, 1:], theta[:, 0]
        return self

    def _check_settings(self) -> None:
        if self.loss is not None and not isinstance(self.loss, LogitLoss):
            raise InputError(
                f"A loss is one of mlbalance.losses, as Focal(); it is {self.loss!r}. For the "
                "log-loss use SoftmaxClassifier."
            )
        if not isinstance(self.corrected, bool | np.bool_):
            raise InputError(f"corrected is True or False; it is {self.corrected!r}.")
        number = isinstance(self.ridge, Real) and 0 <= self.ridge < np.inf
        if not (number or self.ridge is None or self.ridge == "cv"):
            raise InputError(
                'A ridge is a finite number from zero on, None for 1/n, or "cv"; it is '
                f"{self.ridge!r}."
            )

    def _fit_rows(
        self, X: FloatArray, rows: Rows, weights: FloatArray, ridge: float
    ) -> tuple[FloatArray, str]:
        """Coefficients (K, 1 + d), averaged over bags, and status of the first that failed."""
        K = rows.classes.size
        # Two coefficients that sum to zero have half the square of their difference.
        ridge = 2 * ridge if K == 2 else ridge
        own: dict[str, Any] = {"n_classes": K, "ridge": ridge, "counts": rows.totals}
        fit = _fit(self.loss_, X, rows.codes, weights, **own)
        failed = fit.status[fit.status != "converged"]
        return fit.theta.mean(axis=0), str(failed[0]) if failed.size else "converged"

    def _fold_losses(self, choice: Choice, rng: np.random.Generator) -> Losses:
        """Function from ridges (L,) to parts (L, n) of the losses of held-out rows, and status."""
        X, rows = choice.X, choice.rows
        held = fold_copies(rows)
        rests = [rows.with_copies(rows.copies - out) for out in held]
        drawn = [draw_weights(self.scheme_, rest, rng) for rest in rests]

        def losses(ridges: FloatArray) -> tuple[FloatArray, list[str]]:
            parts, status = np.zeros((ridges.size, len(X))), ["converged"] * ridges.size
            for l, ridge in enumerate(ridges):
                for out, rest, weights in zip(held, rests, drawn, strict=True):
                    theta, status[l] = self._fit_rows(X[rest.kept], rest, weights, ridge)
                    if status[l] != "converged":
                        parts[l] = np.inf
                        break
                    z = self.loss_.log_probabilities(softmax.logits(theta, X), rest.totals)
                    z = z + np.log(self.target_prior_ / rest.shares(weights).mean(axis=0))
                    parts[l] += choice.answers.losses(z, rows, out)
            return parts, status

        return losses

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Logarithms of probabilities.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, K) logarithms.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        z = X @ self.coef_.T + self.intercept_
        if len(self.coef_) == 1:
            z = np.column_stack([-z / 2, z / 2])
        if self.corrected:
            z = self.loss_.log_probabilities(z, self.class_sizes_)
            z = z + np.log(self.target_prior_ / self.fitted_prior_)
        return softmax.log_probabilities(z)

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities: at the target prior if `corrected`, else the softmax of the logits.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, K) probabilities, classes as in `classes_`.
        """
        return np.exp(self.predict_log_proba(X))

    def decision_function(self, X: Any) -> FloatArray:
        """Log-probabilities; for two classes log-odds of the second.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, K), or (n,) for two classes.
        """
        log_p = self.predict_log_proba(X)
        return log_p[:, 1] - log_p[:, 0] if log_p.shape[1] == 2 else log_p
