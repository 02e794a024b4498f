"""Softmax classifiers that a comparison needs beside `SoftmaxClassifier`."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, check_X_y

from mlbalance import softmax
from mlbalance.corrections import Fits, LeaveOneOut
from mlbalance.estimators import FitError, SoftmaxClassifier
from mlbalance.estimators.predictions import LargestProbability
from mlbalance.estimators.weighting import generator
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.schemes import ClassWeight, Scheme

__all__ = ["AtOwnPrior", "LocalCaseControl"]


class AtOwnPrior(LargestProbability, ClassifierMixin, BaseEstimator):
    """Softmax classifier whose target is the prior at which its scheme fits.

    Its ridge is chosen by leaving out rows of the training set, with the loss at that prior.

    Parameters
    ----------
    scheme
        One of `mlbalance.schemes`.
    random_state
        Seed of a random scheme.

    Attributes
    ----------
    estimator_, classes_
        The fitted classifier, and its labels.
    fitted_prior_
        (K,) prior of its probabilities.
    """

    def __init__(self, scheme: Scheme, random_state: Any = None) -> None:
        self.scheme = scheme
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> AtOwnPrior:
        """Fit the classifier.

        Parameters
        ----------
        X
            (n, d) features.
        y
            (n,) labels.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        InputError, FitError
            As `SoftmaxClassifier`.
        """
        self.classes_, counts = np.unique(y, return_counts=True)
        self.fitted_prior_ = self.scheme.target(counts)
        self.estimator_ = SoftmaxClassifier(
            self.scheme,
            ridge="loo",
            target=self.fitted_prior_,
            random_state=self.random_state,
            keep_data=False,
        ).fit(X, y)
        return self

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities at `fitted_prior_`.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, K) probabilities.
        """
        check_is_fitted(self)
        return np.asarray(self.estimator_.predict_proba(X))


class LocalCaseControl(LargestProbability, ClassifierMixin, BaseEstimator):
    """Softmax fitted to rows that surprise a pilot fit, with an offset for that (label `lcc`).

    A row of class y is accepted with probability 1 - p_y, p the probabilities at it by the pilot:
    class weights, without the row, moved to the prior of the data. Among accepted rows class k has
    odds in proportion to (1 - p_k) times those of all rows, so that log(1 - p_k) as a known offset
    leaves the coefficients of all rows (Fithian and Hastie 2014 for two classes). The ridge is that
    of the pilot, chosen by leaving out rows, times the share that accepted rows have of the
    curvature.

    Parameters
    ----------
    random_state
        Seed of the draw.

    Attributes
    ----------
    classes_
        The labels.
    coefficients_
        (K, 1 + d), the intercept first, at the prior of the data.
    accepted_
        (n,) whether a row was accepted.
    """

    def __init__(self, random_state: Any = None) -> None:
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> LocalCaseControl:
        """Draw the rows and fit the softmax to them.

        Parameters
        ----------
        X
            (n, d) features.
        y
            (n,) labels.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        FitError
            Where the pilot has no fit, without a row or with all, or where a class has no
            accepted row.
        """
        X, y = check_X_y(X, y, dtype=np.float64)
        self.classes_, codes = np.unique(y, return_inverse=True)
        p, ridge = self._pilot(X, codes)
        rare = p * (1 - p)
        kept = rare.sum(axis=1, keepdims=True)
        share = (kept[:, 0] - (rare**2 / kept).sum(axis=1)).sum() / rare.sum()
        chance = 1 - p[np.arange(codes.size), codes]
        self.accepted_ = generator(self.random_state).random(codes.size) < chance
        X, codes, p = X[self.accepted_], codes[self.accepted_], p[self.accepted_]
        counts = np.bincount(codes, minlength=self.classes_.size)
        if not counts.all():
            label = self.classes_.tolist()[int(counts.argmin())]
            raise FitError(
                f"Local case-control accepted no row of class {label!r}: the pilot is sure of all. "
                "Give another method."
            )
        fit = softmax.fit(
            X,
            codes,
            np.full(codes.size, 1 / self.accepted_.size),
            n_classes=self.classes_.size,
            offset=np.log1p(-p),
            ridge=share * ridge,
        )
        if fit.status != "converged":
            raise FitError(f"The fit to accepted rows: {softmax.STATUS[str(fit.status)]}")
        self.coefficients_ = fit.theta
        return self

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities at the prior of the data.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, K) probabilities.
        """
        check_is_fitted(self)
        z = self.coefficients_[:, 0] + np.asarray(X) @ self.coefficients_[:, 1:].T
        return np.asarray(np.exp(softmax.log_probabilities(z)))

    def _pilot(self, X: FloatArray, codes: IntArray) -> tuple[FloatArray, float]:
        """Probabilities (n, K) of each row by the pilot without it, and the pilot's ridge."""
        counts = np.bincount(codes)
        chosen = SoftmaxClassifier(ridge="loo", target="natural", keep_data=False).fit(X, codes)
        # The classifier's ridge is on the coefficients of two classes' difference.
        ridge = chosen.ridge_ * (2 if counts.size == 2 else 1)
        weights = ClassWeight().draw(codes, np.random.default_rng(0))
        fit = softmax.fit(X, codes, weights, ridge=ridge)
        fits = Fits(X, codes, np.ones(codes.size), fit.theta, weights, ridge)
        left = LeaveOneOut().leave_out(fits, counts / codes.size)
        if left.status != "converged":
            raise FitError(f"The pilot without a row: {softmax.STATUS[left.status]}", left.status)
        p = np.exp(softmax.log_probabilities(left.logits))
        return np.minimum(p, 1 - _SURE), ridge


_SURE = 1e-12
"""Least chance of a row of a class to be accepted: its logarithm is an offset."""
