"""A separate model for the small classes, behind one that tells them as a group from the others."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import _safe_indexing, get_tags, indexable
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _num_samples,
    assert_all_finite,
    check_is_fitted,
    column_or_1d,
)

from mlbalance.corrections import prior_shift
from mlbalance.estimators.classifier import SoftmaxClassifier
from mlbalance.estimators.predictions import LargestProbability
from mlbalance.estimators.weighting import ScoreAtTarget, as_target, rows_of
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.methods.rows import Rows

__all__ = ["SeparateSmallClasses"]


class SeparateSmallClasses(
    MetaEstimatorMixin, LargestProbability, ScoreAtTarget, ClassifierMixin, BaseEstimator
):
    """Meta-estimator with a classifier of its own for the small classes.

    The first classifier tells the small classes, as one group, from each of the others; the second
    tells them apart, on their rows alone. The probability of a small class is that of the group
    times its own within the group, so that all sum to one (label `separate-model`).

    Parameters
    ----------
    estimator
        A classifier with `predict_proba`, fitted twice; `SoftmaxClassifier(ridge="loo")` for None.
        A parameter `target`, as those of `mlbalance.estimators` have, is set to "natural":
        probabilities are composed at the shares of the classes in the data, and moved from there.
    small
        The small classes: their labels; a number, for those with fewer rows; None, for those with
        fewer rows than an equal share of all, n/K. There must be two or more, and another class.
    target
        Prior of predictions: "balanced", "natural" (shares of the classes in the data), or one
        probability per class, in the order of `classes_` or by label. `score` has the same target.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_
        As in scikit-learn; features as the classifier knows them.
    small_classes_
        Labels of the small classes.
    estimators_
        The two fitted classifiers. Labels of the first are numbers of the other classes in
        `classes_`, and K for the group; those of the second are numbers of the small ones.
    target_prior_, natural_prior_
        (K,) priors of the predictions and of the data.
    """

    def __init__(
        self, estimator: Any = None, small: Any = None, *, target: Any = "balanced"
    ) -> None:
        self.estimator = estimator
        self.small = small
        self.target = target

    def fit(
        self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None
    ) -> SeparateSmallClasses:
        """Fit both classifiers.

        Parameters
        ----------
        X
            (n, d) rows, of any type the classifier takes.
        y
            (n,) labels.
        sample_weight
            (n,) numbers of copies, handed on to the classifier; one per row for None.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        InputError
            Unless two classes or more are small, and one or more are not.
        """
        X, y = indexable(X, y)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        rows = rows_of(X, y, sample_weight, type(self).__name__)
        small = self._small(rows)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.target_prior_ = as_target(self.target, rows.natural, rows.classes)
        self.small_classes_, self._is_small = rows.classes[small], small
        group, inside = rows.classes.size, small[rows.codes]
        everywhere = np.flatnonzero(rows.kept)
        parts = (
            (everywhere, np.where(inside, group, rows.codes)),
            (everywhere[inside], rows.codes[inside]),
        )
        self.estimators_ = [
            self._fit_part(X, taken, labels, sample_weight) for taken, labels in parts
        ]
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimators_[0], name):
                setattr(self, name, getattr(self.estimators_[0], name))
        return self

    def predict_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Probabilities, those of small classes composed of both classifiers.

        Parameters
        ----------
        X
            (n, d) rows.
        prior
            "balanced", "natural", (K,) probabilities or probabilities by label; the target prior
            for None.

        Returns
        -------
        (n, K) probabilities, classes as in `classes_`.

        Raises
        ------
        InputError
            For anything else as prior.
        """
        check_is_fitted(self)
        first, second = self.estimators_
        K = self.classes_.size
        p = np.zeros((_num_samples(X), K + 1))
        p[:, first.classes_] = first.predict_proba(X)
        within = np.zeros((len(p), K))
        within[:, second.classes_] = second.predict_proba(X)
        composed = p[:, :K] + p[:, K:] * within
        wanted = self.target_prior_
        if prior is not None:
            wanted = as_target(prior, self.natural_prior_, self.classes_, "prior")
        shift = prior_shift(np.zeros(K), self.natural_prior_, wanted)
        moved = composed * np.exp(shift)
        return np.asarray(moved / moved.sum(axis=1, keepdims=True))

    def __sklearn_tags__(self) -> Any:
        tags, inner = super().__sklearn_tags__(), get_tags(self._new())
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        return tags

    def _new(self) -> Any:
        """An unfitted classifier."""
        if self.estimator is None:
            return SoftmaxClassifier(ridge="loo", keep_data=False)
        return clone(self.estimator)

    def _small(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """(K,) whether a class is small."""
        labels = rows.classes.tolist()
        if self.small is None or isinstance(self.small, Real):
            limit = rows.totals.mean() if self.small is None else float(self.small)
            small, rule = rows.totals < limit, f"with fewer than {limit:.4g} rows"
        else:
            wanted = np.asarray(self.small).ravel().tolist()
            if unknown := [label for label in wanted if label not in labels]:
                raise InputError(
                    f"There is no row of the small class {unknown[0]!r}; the classes are {labels}."
                )
            small, rule = np.isin(rows.classes, wanted), "that are named"
        if small.sum() < 2 or small.all():
            found = rows.classes[small].tolist()
            raise InputError(
                "A separate model needs two small classes or more, and another class; those "
                f"{rule} are {found} of {labels}. Name others, as small={labels[:2]}."
            )
        return small

    def _fit_part(
        self, X: Any, rows: IntArray, labels: IntArray, sample_weight: npt.ArrayLike | None
    ) -> Any:
        estimator = self._new()
        if not hasattr(estimator, "predict_proba"):
            raise InputError(
                f"{type(estimator).__name__} has no predict_proba, which composes classes. Put it "
                "in CalibratedClassifierCV."
            )
        if "target" in estimator.get_params(deep=False):
            estimator.set_params(target="natural")
        if rows.size < _num_samples(X):
            X = _safe_indexing(X, rows)
        if sample_weight is None:
            return estimator.fit(X, labels)
        return estimator.fit(X, labels, sample_weight=np.asarray(sample_weight)[rows])
