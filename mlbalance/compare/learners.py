"""scikit-learn classifiers that a comparison needs beside those of `mlbalance.estimators`."""

from __future__ import annotations

import warnings
from copy import copy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.validation import check_is_fitted

from mlbalance.compare.measures import log_probabilities_at
from mlbalance.estimators import FitError, SoftmaxClassifier
from mlbalance.estimators.predictions import LargestProbability
from mlbalance.estimators.weighting import as_target
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.schemes import Unweighted

__all__ = ["AtTarget", "Resampled", "TunedThreshold", "voted_prior"]


class AtTarget(MetaEstimatorMixin, LargestProbability, ClassifierMixin, BaseEstimator):
    """Meta-estimator whose probabilities are those of a classifier, moved to a target prior.

    Parameters
    ----------
    estimator
        A classifier with `predict_proba`.
    prior
        Prior of its probabilities, one of `Prior` in `compare.candidates`.
    target
        Target prior: "balanced", "natural", or one probability per class.

    Attributes
    ----------
    estimator_, classes_
        The fitted classifier, and its labels.
    target_prior_, natural_prior_
        (K,) target prior, and shares of the classes in the data.
    """

    def __init__(self, estimator: Any, prior: str = "natural", target: Any = "balanced") -> None:
        self.estimator = estimator
        self.prior = prior
        self.target = target

    def fit(self, X: Any, y: Any) -> AtTarget:
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
        InputError
            For a target that is no prior of the classes, and as the classifier.
        """
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.natural_prior_ = np.bincount(codes) / codes.size
        self.target_prior_ = as_target(self.target, self.natural_prior_, self.classes_)
        estimator = clone(self.estimator)
        own = self.prior == "out-of-bag" and "target" in estimator.get_params(deep=False)
        if self.prior == "target" or own:
            estimator.set_params(target=self.target_prior_)
        with warnings.catch_warnings():
            # Of forests, for rows in the bag of every tree; `voted_prior` does without them.
            warnings.filterwarnings("ignore", "Some inputs do not have OOB scores")
            self.estimator_ = estimator.fit(X, y)
        self._codes = codes
        return self

    @property
    def voted_prior_(self) -> FloatArray:
        """Prior of the out-of-bag probabilities of a forest; see `voted_prior` for errors."""
        votes = self.estimator_.oob_decision_function_
        return voted_prior(votes, self._codes, self.target_prior_)

    def with_prior(self, prior: str) -> AtTarget:
        """The same fit, its probabilities taken to be at another prior.

        Parameters
        ----------
        prior
            As of the class.

        Returns
        -------
        A copy that shares the fitted classifier.
        """
        other = copy(self)
        other.prior = prior
        return other

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Log-probabilities at the target prior.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, K) log-probabilities.

        Raises
        ------
        ValueError
            For a classifier whose probabilities are not finite numbers.
        """
        check_is_fitted(self)
        p = np.zeros((len(X), self.classes_.size))
        at = np.searchsorted(self.classes_, self.estimator_.classes_)
        p[:, at] = self.estimator_.predict_proba(X)
        if not np.isfinite(p).all():
            raise ValueError("Some probabilities are not finite numbers.")
        return log_probabilities_at(p, self._fitted_prior, self.target_prior_)

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities at the target prior.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, K) probabilities.
        """
        return np.exp(self.predict_log_proba(X))

    @property
    def _fitted_prior(self) -> FloatArray:
        match self.prior:
            case "natural":
                return self.natural_prior_
            case "uniform":
                return np.full_like(self.target_prior_, 1 / self.classes_.size)
            case "fitted":
                return np.asarray(self.estimator_.fitted_prior_)
            case "out-of-bag":
                return self.voted_prior_
        return self.target_prior_


def voted_prior(votes: FloatArray, codes: IntArray, target: FloatArray) -> FloatArray:
    """Prior of probabilities, by rows that did not make them.

    Under their own prior rho the probabilities of new rows average to rho. So it solves
    rho = rho M, row k of M the mean probabilities at rows of class k that are out of bag. Unlike
    the least log-loss, means need no logarithm of a row that few trees answer for. One vote more
    per class, by the target, stands for those that are too rare to be seen.

    Parameters
    ----------
    votes
        (n, K) probabilities by trees that did not have the row; NaN or zero where there is none.
    codes
        (n,) class of each row.
    target
        (K,) prior.

    Returns
    -------
    (K,) prior.

    Raises
    ------
    FitError
        Where a class has no row with votes.
    """
    K = target.size
    votes = np.nan_to_num(votes)
    seen = votes.sum(axis=1) > 0
    rows = _TREES * np.bincount(codes[seen], minlength=K)
    if not rows.all():
        raise FitError(
            "All rows of a class are in the bag of every tree, so that no vote tells the prior of "
            "the votes. Grow more trees."
        )
    sums = np.stack([votes[seen & (codes == k)].sum(axis=0) for k in range(K)])
    means = (_TREES * sums + target) / (rows + 1)[:, None]
    # rho (M - I) = 0 and sum(rho) = 1.
    equations = np.vstack([means.T - np.eye(K), np.ones(K)])
    prior = np.linalg.lstsq(equations, np.append(np.zeros(K), 1.0), rcond=None)[0]
    return np.asarray(prior)


_TREES = 30
"""Trees that answer for a row, of the hundred of a forest by default: about 1/e."""


class Resampled(MetaEstimatorMixin, LargestProbability, ClassifierMixin, BaseEstimator):
    """Meta-estimator that fits a classifier to the rows a sampler makes of the training rows.

    Parameters
    ----------
    sampler
        Object with `fit_resample`, as of imbalanced-learn. If it has a number `k_neighbors`, as
        SMOTE, the neighbours are at most the other rows of the smallest class.
    estimator
        A classifier with `predict_proba`. None is `SoftmaxClassifier(Unweighted())` with the ridge
        that class weights choose by leaving out rows of the training set as it is: made rows are
        near those they were made of, so that leaving one of them out tells too little.

    Attributes
    ----------
    estimator_, classes_
        The fitted classifier, and its labels.
    fitted_prior_
        (K,) shares of the classes among the resampled rows, at which probabilities are.
    """

    def __init__(self, sampler: Any, estimator: Any = None) -> None:
        self.sampler = sampler
        self.estimator = estimator

    def fit(self, X: Any, y: Any) -> Resampled:
        """Resample the rows and fit the classifier to them.

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
        InputError
            For a sampler without `fit_resample`.
        """
        if not hasattr(self.sampler, "fit_resample"):
            raise InputError(
                f"Resampled takes a sampler with fit_resample, as imblearn's SMOTE(); "
                f"{self.sampler!r} has none."
            )
        sampler = clone(self.sampler)
        others = int(np.unique(y, return_counts=True)[1].min()) - 1
        if 0 < others < self._neighbors():
            sampler.set_params(k_neighbors=others)
        more, labels = sampler.fit_resample(X, y)
        if self.estimator is None:
            ridge = SoftmaxClassifier(ridge="loo", keep_data=False).fit(X, y).ridge_
            inner: Any = SoftmaxClassifier(
                Unweighted(), ridge=ridge, target="natural", keep_data=False
            )
        else:
            inner = clone(self.estimator)
        self.estimator_ = inner.fit(more, labels)
        self.classes_ = self.estimator_.classes_
        counts = np.array([(np.asarray(labels) == label).sum() for label in self.classes_])
        self.fitted_prior_ = counts / counts.sum()
        return self

    def _neighbors(self) -> int:
        """Number of neighbours of a made row, zero for a sampler without."""
        params = self.sampler.get_params() if hasattr(self.sampler, "get_params") else {}
        found = params.get("k_neighbors", 0)
        return int(found) if isinstance(found, int | np.integer) else 0

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


class TunedThreshold(MetaEstimatorMixin, LargestProbability, ClassifierMixin, BaseEstimator):
    """scikit-learn's `TunedThresholdClassifierCV` with log-odds moved to put the threshold at 1/2.

    The threshold has the largest recall of both classes, weighted by the target prior, over five
    folds of the training rows.

    Parameters
    ----------
    estimator
        A classifier of two classes with `predict_proba`.
    target
        (2,) prior, in the order of `classes_`, or "balanced".
    random_state
        Seed of the folds.

    Attributes
    ----------
    classes_
        The labels.
    threshold_
        Probability of `classes_[1]` from which that class is answered.
    """

    def __init__(self, estimator: Any, target: Any = "balanced", random_state: Any = None) -> None:
        self.estimator = estimator
        self.target = target
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> TunedThreshold:
        """Fit the classifier and its threshold.

        Parameters
        ----------
        X
            (n, d) features.
        y
            (n,) labels of two classes.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        InputError
            For another number of classes.
        """
        from sklearn.metrics import make_scorer, recall_score
        from sklearn.model_selection import TunedThresholdClassifierCV

        labels = np.unique(y)
        if labels.size != 2:
            raise InputError(
                f"A threshold is tuned for two classes; there are {labels.size}. Give another "
                "method."
            )
        target = [0.5, 0.5] if isinstance(self.target, str) else list(self.target)

        def recall(truth: Any, answer: Any) -> float:
            return float(recall_score(truth, answer, average=None, labels=labels) @ target)

        tuned = TunedThresholdClassifierCV(
            clone(self.estimator),
            scoring=make_scorer(recall),
            response_method="predict_proba",
            cv=min(5, int(np.unique(y, return_counts=True)[1].min())),
            random_state=self.random_state,
        )
        self.estimator_ = tuned.fit(X, y)
        self.classes_, self.threshold_ = tuned.classes_, float(tuned.best_threshold_)
        return self

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities whose log-odds are those of the classifier less that of the threshold.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, 2) probabilities.
        """
        check_is_fitted(self)
        cut = np.clip(self.threshold_, *_OPEN)
        p = self.estimator_.predict_proba(X) / [1 - cut, cut]
        return np.asarray(p / p.sum(axis=1, keepdims=True))


_OPEN = (1e-12, 1 - 1e-12)
"""Thresholds from and to which log-odds are moved."""
