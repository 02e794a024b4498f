"""Softmax regression under a scheme, as a scikit-learn classifier."""

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
from mlbalance.corrections import prior_shift
from mlbalance.estimators.inference import Inference
from mlbalance.estimators.weighting import (
    Judged,
    as_choice,
    as_scheme,
    as_target,
    check_uncorrected,
    generator,
    rows_of,
)
from mlbalance.inputs import FloatArray, InputError
from mlbalance.methods.answers import Answers, Fitted, as_correction, remedy
from mlbalance.methods.ridges import Choice, search
from mlbalance.methods.rows import FitError, Rows, check_memory, draw_weights
from mlbalance.schemes import Scheme, Unweighted

__all__ = ["SoftmaxClassifier"]


class SoftmaxClassifier(Inference, Judged, ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression with class weights, resampling or bags of either.

    Minimises the mean loss under the scheme's weights, of sum one, plus
    `ridge / 2 * (coef_ ** 2).sum()`. By default it is
    `LogisticRegression(class_weight="balanced")`: the same coefficients.

    Parameters
    ----------
    scheme
        One of `mlbalance.schemes`; `ClassWeight()` if None. Bags are averaged in logits. A prior
        or rates of its own may be by label, as in `ClassWeight(prior={"ill": 0.3, "well": 0.7})`;
        {"ill": 5, "well": 1} are class weights as scikit-learn's `class_weight` has them.
    correction
        How intercepts come to the target prior. "prior" adds log(target_k / fitted_k): nothing
        where the scheme fits at the target (label `prior-shift`; exact for a right model without
        ridge). "loo" fits them anew to logits of rows left out of the fit, which rare classes
        need when features are many (label `loo-intercept`). "none" leaves them, and refuses a
        scheme that fits at another prior than the target.
    ridge
        Penalty on the mean loss, so that equal ridges have equal targets in all schemes.
        None is 1/n, n the sum of the sample weights: scikit-learn's C = 1. In general C is
        1/(n ridge). "loo" and "cv" choose the one of `ridges` with the least log-loss at the
        target, correction and all: "loo" of each row without itself, by one Newton step for the
        row in every bag that holds it, its weight going to its class (a copy at a time; classes
        of fewer than ten rows are fitted anew); "cv" in five folds, or as many as the rarest class
        has rows. Rows are dealt to folds in turn, class by class, and copies as rows; every fold
        has draws of its own.
    ridges
        What "loo" and "cv" choose from, with a warning where the best is the first or the last of
        them. From 1e-5 to 10 in half decades if None, and on beyond an end that is the best, to
        1e-9 or 1e5 at most: there classes are all but separated, or features tell nothing.
    temperature
        Whether correction="loo" sets one scale of all logits too, and so of `coef_`, for
        probabilities that are neither too sure nor too timid.
    target
        Prior at which `intercept_`, `predict` and `predict_proba` answer: "balanced", "natural"
        (shares of the classes in the data), or one probability per class, as in `classes_` or by
        label: {"ill": 0.01, "well": 0.99}. Where counts are by design, as in a case-control study,
        "natural" is the design's: give the shares of the population, here or as `prior` of
        `predict_proba`. `score` is of the same target.
    penalty
        "firth" is Jeffreys' prior, for `Unweighted()` alone: a fit exists for separated classes,
        with less bias in the slopes of a right model (label `second-order`). It takes the place of
        the ridge.
    tol, max_iter
        As of `mlbalance.softmax.fit`.
    random_state
        Seed of schemes that draw.
    keep_data
        Whether a copy of the rows is kept, and pickled, for covariances, intervals and `summary`.

    Attributes
    ----------
    coef_, intercept_
        (K, d) and (K,), summing to zero over classes; for two classes (1, d) and (1,), of
        `classes_[1]` against `classes_[0]`, as in scikit-learn.
    classes_, n_features_in_, feature_names_in_
        As in scikit-learn.
    target_prior_, natural_prior_
        (K,) prior of the answers, and the one of the data.
    ridge_
        The ridge that was used.
    ridge_path_
        `ridges` (L,), their `losses` (L,) in nats, infinite where there is no fit, and a `status`
        (L,) that says why; None if the ridge was given.
    temperature_
        What logits were divided by, one unless asked for. It is infinite where logits of left-out
        rows tell nothing of their classes; where they separate them, or nearly so, it stops where
        those of a row differ by 20 on average.
    status_, n_iter_
        "converged", always, since a fit that does not exist raises; (bags,) steps taken.

    Raises
    ------
    FitError
        In `fit`, when the maximum does not exist or is not unique, or for no ridge of a path; it
        names the remedies.
    """

    def __init__(
        self,
        scheme: Scheme | Mapping[Any, float] | None = None,
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
        """Fit rows X (n, d) with labels y (n,); a sample weight (n,) is a number of copies.

        Raises `FitError` where there is no fit, `InputError` for settings that do not go together.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, copy=self.keep_data)
        check_classification_targets(y)
        rows = rows_of(X, y, sample_weight, type(self).__name__)
        X = X if rows.kept.all() else X[rows.kept]
        scheme = self._checked(rows)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.target_prior_ = as_target(self.target, rows.natural, rows.classes)
        correction = as_correction(self.correction, self.temperature)
        answers = Answers(correction, self.target_prior_, self.max_iter)
        fitted = (self._firth if self.penalty else self._softmax)(X, rows, scheme, answers)
        theta, scale = answers.coefficients(X, rows, fitted)
        if len(theta) == 2:
            theta = theta[1:] - theta[:1]
        self.coef_, self.intercept_ = theta[:, 1:], theta[:, 0]
        self.temperature_ = 1.0 / scale if scale else np.inf
        self.status_, self.n_iter_ = "converged", fitted.n_iter
        self._remember(X, rows, fitted.theta.mean(axis=0), scheme)
        return self

    def decision_function(self, X: Any) -> FloatArray:
        """Logits (n, K) at the target prior; (n,) of the second class for two."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        z = X @ self.coef_.T + self.intercept_
        return z[:, 0] if len(self.coef_) == 1 else z

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels (n,) of the largest probability at the target prior."""
        check_is_fitted(self)
        return self.classes_[self._logits(X).argmax(axis=1)]

    def predict_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Probabilities (n, K) at the target prior, or at another `prior`.

        `prior` is "balanced", "natural", (K,) numbers or numbers by label; those that a calibrated
        fit gives at one prior are turned into those at the other (label `prior-shift`).
        """
        return np.exp(self.predict_log_proba(X, prior))

    def predict_log_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Logarithms (n, K) of `predict_proba`."""
        z = self._logits(X)
        if prior is not None:
            wanted = as_target(prior, self.natural_prior_, self.classes_, "prior")
            z = z + prior_shift(np.zeros_like(wanted), self.target_prior_, wanted)
        return softmax.log_probabilities(z)

    def _logits(self, X: Any) -> FloatArray:
        z = self.decision_function(X)
        return np.column_stack([np.zeros_like(z), z]) if z.ndim == 1 else z

    def _checked(self, rows: Rows) -> Scheme:
        scheme = as_scheme(self.scheme, rows)
        as_choice("correction", self.correction, ("none", "prior", "loo"))
        if self.correction == "none":
            check_uncorrected(scheme, rows, self.target)
        if not isinstance(self.temperature, bool | np.bool_):
            raise InputError(
                "temperature is True or False, since rows left out of the fit set it; it is "
                f"{self.temperature!r}."
            )
        if self.temperature and self.correction != "loo":
            raise InputError(
                "temperature=True fits one to rows left out of the fit, and goes with "
                f'correction="loo"; it is {self.correction!r}. Change one of them.'
            )
        if self.ridges is not None and not self._chooses:
            raise InputError(
                'ridges are what ridge="loo" or ridge="cv" chooses from; ridge is '
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
        if self.ridge or self.correction == "loo":
            other = 'correction="loo"' if self.correction == "loo" else f"ridge={self.ridge!r}"
            raise InputError(f'penalty="firth" does not go with {other}. Leave one out.')
        return scheme

    def _softmax(self, X: FloatArray, rows: Rows, scheme: Scheme, answers: Answers) -> Fitted:
        rng = generator(self.random_state)
        weights = draw_weights(scheme, rows, rng)
        solver: dict[str, Any] = {"tol": self.tol, "max_iter": self.max_iter}
        self.ridge_path_ = None
        if self._chooses:
            choice = Choice(X, rows, scheme, answers, self._symmetric, solver)
            by_rows = self.ridge == "loo"
            losses = choice.by_leaving_out(weights) if by_rows else choice.by_folds(rng)
            self.ridge_path_ = search(losses, self.ridges)
        self.ridge_ = self.ridge_path_.best() if self.ridge_path_ else self._ridge(rows)
        ridge = self._symmetric(self.ridge_)
        fit = softmax.fit(
            X, rows.codes, weights, n_classes=rows.classes.size, ridge=ridge, **solver
        )
        for bag, status in enumerate(fit.status):
            if status != "converged":
                which = f"Bag {bag + 1} of {len(weights)} has no fit. " if len(weights) > 1 else ""
                raise FitError(which + remedy(status), str(status))
        return Fitted(fit.theta, weights, ridge, fit.n_iter)

    @property
    def _chooses(self) -> bool:
        return isinstance(self.ridge, str) and self.ridge in ("loo", "cv")

    def _ridge(self, rows: Rows) -> float:
        """The ridge that is given."""
        if self.ridge is None:
            return 1.0 / float(rows.copies.sum())
        if not isinstance(self.ridge, Real) or not 0 <= self.ridge < np.inf:
            raise InputError(
                'A ridge is a finite number from zero on, None for 1/n, "loo" or "cv"; it is '
                f"{self.ridge!r}."
            )
        return float(self.ridge)

    def _firth(self, X: FloatArray, rows: Rows, *_: Any) -> Fitted:
        if not rows.whole:
            raise InputError('penalty="firth" needs whole sample weights, as numbers of copies.')
        check_memory(
            2 * rows.copies.sum() * X.shape[1],
            f'penalty="firth" of rows that stand for {rows.copies.sum():.3g} copies',
            "Divide the sample weights by a number.",
            least=2 * X.size,
        )
        of = np.repeat(np.arange(rows.codes.size), np.rint(rows.copies).astype(int))
        fit = softmax.fit_firth(
            X[of],
            rows.codes[of],
            n_classes=rows.classes.size,
            tol=self.tol,
            max_iter=self.max_iter,
        )
        if not fit.converged:
            raise FitError(remedy(fit.status), fit.status)
        self.ridge_, self.ridge_path_ = 0.0, None
        weights = rows.copies[None] / rows.copies.sum()
        return Fitted(fit.theta[None], weights, 0.0, np.array([fit.n_iter]))
