"""Softmax regression under a scheme, as a scikit-learn classifier."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from mlbalance import softmax
from mlbalance.corrections import left_out_logits, prior_shift
from mlbalance.estimators.inference import Inference
from mlbalance.estimators.weighting import (
    FitError,
    Rows,
    as_choice,
    as_scheme,
    as_target,
    check_uncorrected,
    draw_weights,
    generator,
)
from mlbalance.inputs import DataError, FloatArray, InputError
from mlbalance.schemes import Scheme, Unweighted

__all__ = ["SoftmaxClassifier"]

_REMEDIES = {
    "no-mle": "The likelihood has no maximum, because the classes can be separated. Give a ridge "
    '(ridge=None is 1/n), or use Unweighted() with penalty="firth", or collect rows where the '
    "classes overlap.",
    "not-identified": "Features are collinear, with each other or the intercept, so many "
    "coefficients fit equally well. Drop features, or give a ridge (ridge=None is 1/n).",
    "max-iter": "The iterations ended before the score was zero. Raise max_iter, or scale the "
    "features, as StandardScaler does.",
}


class SoftmaxClassifier(Inference, ClassifierMixin, BaseEstimator):
    """Multinomial logistic regression with class weights, resampling or bags of either.

    Minimises the mean loss under the scheme's weights, of sum one, plus
    `ridge / 2 * (coef_ ** 2).sum()`. By default it is
    `LogisticRegression(class_weight="balanced")`: the same coefficients.

    Parameters
    ----------
    scheme
        One of `mlbalance.schemes`; `ClassWeight()` if None. Bags are averaged in logits.
    correction
        How intercepts come to the target prior. "prior" adds log(target_k / fitted_k): nothing
        where the scheme fits at the target (label `prior-shift`; exact for a right model without
        ridge). "loo" fits them anew to logits of rows left out of the fit, which rare classes
        need when features are many (label `loo-intercept`). "none" leaves them, and refuses a
        scheme that fits at another prior than the target.
    ridge
        Penalty on the mean loss, so that equal ridges have equal targets in all schemes.
        None is 1/n, n the sum of the sample weights: scikit-learn's C = 1. In general C is
        1/(n ridge).
    target
        Prior at which `intercept_`, `predict` and `predict_proba` answer: "balanced", "natural"
        (shares of the classes in the data), or one probability a class, as in `classes_`.
    penalty
        "firth" is Jeffreys' prior, for `Unweighted()` alone: a fit exists for separated classes,
        with less bias (label `second-order`). It takes the place of the ridge.
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
    status_, n_iter_
        "converged", always, since a fit that does not exist raises; (bags,) steps taken.

    Raises
    ------
    FitError
        In `fit`, when the maximum does not exist or is not unique; it names the remedies.
    """

    def __init__(
        self,
        scheme: Scheme | None = None,
        *,
        correction: str = "prior",
        ridge: float | None = None,
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
        rows = Rows.of(X, y, sample_weight, type(self).__name__)
        X = X if rows.kept.all() else X[rows.kept]
        scheme = self._checked(rows)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.target_prior_ = as_target(self.target, rows.natural)
        self.ridge_ = self._ridge(rows)
        fitted = self._firth(X, rows) if self.penalty else self._softmax(X, rows, scheme)
        theta = self._corrected(X, rows, fitted)
        if len(theta) == 2:
            theta = theta[1:] - theta[:1]
        self.coef_, self.intercept_ = theta[:, 1:], theta[:, 0]
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

        `prior` is "balanced", "natural" or (K,) numbers; those that a calibrated fit gives at
        one prior are turned into those at the other (label `prior-shift`).
        """
        z = self._logits(X)
        if prior is not None:
            wanted = as_target(prior, self.natural_prior_, "prior")
            z = z + prior_shift(np.zeros_like(wanted), self.target_prior_, wanted)
        return np.exp(softmax.log_probabilities(z))

    def predict_log_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Logarithms (n, K) of `predict_proba`."""
        return np.log(self.predict_proba(X, prior))

    def _logits(self, X: Any) -> FloatArray:
        z = self.decision_function(X)
        return np.column_stack([np.zeros_like(z), z]) if z.ndim == 1 else z

    def _checked(self, rows: Rows) -> Scheme:
        scheme = as_scheme(self.scheme)
        as_choice("correction", self.correction, ("none", "prior", "loo"))
        if self.correction == "none":
            check_uncorrected(scheme, rows, self.target)
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

    def _ridge(self, rows: Rows) -> float:
        if self.penalty or self.ridge is None:
            return 0.0 if self.penalty else 1.0 / float(rows.copies.sum())
        if not isinstance(self.ridge, Real) or not 0 <= self.ridge < np.inf:
            raise InputError(
                f"A ridge is a finite number from zero on, or None for 1/n; it is {self.ridge!r}."
            )
        return float(self.ridge)

    def _softmax(self, X: FloatArray, rows: Rows, scheme: Scheme) -> _Fitted:
        weights = draw_weights(scheme, rows, generator(self.random_state))
        fit = softmax.fit(
            X,
            rows.codes,
            weights,
            n_classes=rows.classes.size,
            ridge=self._symmetric_ridge,
            tol=self.tol,
            max_iter=self.max_iter,
        )
        for bag, status in enumerate(fit.status):
            if status != "converged":
                which = f"Bag {bag + 1} of {len(weights)} has no fit. " if len(weights) > 1 else ""
                raise FitError(which + _REMEDIES[status], str(status))
        return _Fitted(fit.theta, weights, fit.n_iter)

    def _firth(self, X: FloatArray, rows: Rows) -> _Fitted:
        from mlbalance.theory import firth

        if not rows.whole:
            raise InputError('penalty="firth" needs whole sample weights, as numbers of copies.')
        of = np.repeat(np.arange(rows.codes.size), np.rint(rows.copies).astype(int))
        try:
            theta = firth(
                X[of],
                rows.codes[of],
                n_classes=rows.classes.size,
                tol=self.tol,
                max_iter=self.max_iter,
            )
        except DataError as error:
            status = "max-iter" if "converge" in str(error) else "not-identified"
            raise FitError(_REMEDIES[status], status) from None
        return _Fitted(theta[None], rows.copies[None] / rows.copies.sum(), None)

    def _corrected(self, X: FloatArray, rows: Rows, fitted: _Fitted) -> FloatArray:
        """Averaged coefficients (K, 1 + d) with intercepts at the target."""
        theta = fitted.theta.copy()
        if self.correction == "prior":
            shares = rows.shares(fitted.weights)
            theta[:, :, 0] = prior_shift(theta[:, :, 0], shares, self.target_prior_)
        theta = theta.mean(axis=0)
        if self.correction == "loo":
            theta[:, 0] += self._loo(X, rows, fitted)
        return theta

    def _loo(self, X: FloatArray, rows: Rows, fitted: _Fitted) -> FloatArray:
        """Change (K,) of the intercepts that fits logits of left-out rows best at the target."""
        unit = np.minimum(1.0, rows.copies) / rows.copies
        z = np.zeros((rows.codes.size, rows.classes.size))
        for theta, weights in zip(fitted.theta, fitted.weights, strict=True):
            alone = rows.shares(weights[None])[0][rows.codes] - weights * unit <= 1e-12 * weights
            if alone.any():
                k = int(rows.codes[np.argmax(alone)])
                raise InputError(
                    'correction="loo" leaves out each row in turn, and needs two of every class; '
                    f"of class {rows.classes.tolist()[k]!r} there is one. Collect rows for it, or "
                    'give correction="prior".'
                )
            z += left_out_logits(
                X, rows.codes, theta, weights, weights * unit, self._symmetric_ridge
            )
        if np.isnan(z).any():
            raise FitError("Without one of its rows the fit does not exist. " + _REMEDIES["no-mle"])
        weights = rows.copies * (self.target_prior_ / rows.totals)[rows.codes]
        none = np.empty((len(z), 0))
        moved = softmax.fit(none, rows.codes, weights, offset=z / len(fitted.theta))
        if not moved.converged:
            raise FitError(
                "Rows left out of the fit are all on their class's side, so no intercepts fit them "
                'best. Give correction="prior", or a larger ridge.',
                str(moved.status),
            )
        return moved.intercept


class _Fitted(NamedTuple):
    theta: FloatArray
    """(bags, K, 1 + d), as fitted."""
    weights: FloatArray
    """(bags, n), of sum one."""
    n_iter: Any
    """(bags,), or None where it is not told."""
