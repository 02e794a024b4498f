"""The schemes around any classifier: weights where it takes them, rows where it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import _safe_indexing, get_tags, indexable
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _num_samples,
    assert_all_finite,
    check_is_fitted,
    check_random_state,
    column_or_1d,
    has_fit_parameter,
)

from mlbalance.corrections import prior_shift
from mlbalance.estimators.weighting import (
    Judged,
    as_choice,
    as_scheme,
    as_target,
    check_uncorrected,
    generator,
    rows_of,
)
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.methods.rows import Rows, check_memory, draw_weights
from mlbalance.schemes import Bagging, ClassWeight, Scheme, Undersample

__all__ = ["Balanced"]


class Balanced(MetaEstimatorMixin, Judged, ClassifierMixin, BaseEstimator):
    """A classifier fitted to the rows and weights of a scheme, bag by bag.

    Weights sum to the number of rows in every scheme, as `class_weight="balanced"` has it, so
    that a penalty of the classifier weighs the same in all. A classifier that takes no
    `sample_weight` gets repeated rows instead.

    Parameters
    ----------
    estimator
        A classifier with `predict_proba`.
    scheme
        One of `mlbalance.schemes`, its prior or rates by label if so given, or class weights
        {label: weight}. Bags are averaged in probabilities. None is `ClassWeight()`, but
        `Bagging(Undersample(), 10)` around trees, which grow until leaves are pure whatever rows
        weigh, so that weights balance them little.
    correction
        "prior" multiplies probabilities by target_k / fitted_k and normalises them (label
        `prior-shift`): nothing where the scheme fits at the target. "none" leaves them, and
        refuses a scheme that fits at another prior than the target. Either is as right as the
        classifier is calibrated.
    target
        Prior of predictions: "balanced", "natural" (shares of the classes in the data), or one
        probability per class, as in `classes_` or by label: those of the population where counts
        are by design. `score` is of the same target.
    oob
        Whether to predict each row by the bags that left it out.
    n_jobs
        Bags fitted at a time, as in joblib.
    random_state
        Seed of schemes that draw, and of the classifiers; None leaves theirs alone.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_
        As in scikit-learn; features as the classifier knows them.
    estimators_
        One fitted classifier a bag.
    scheme_
        The scheme that was used.
    target_prior_, natural_prior_, fitted_prior_
        (K,) priors of the answers, of the data, and of the weights that were fitted.
    oob_decision_function_
        (n, K) probabilities at the target, with `oob`; NaN for a row that is in every bag.
    """

    def __init__(
        self,
        estimator: Any,
        scheme: Scheme | Mapping[Any, float] | None = None,
        *,
        correction: str = "prior",
        target: Any = "balanced",
        oob: bool = False,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.scheme = scheme
        self.correction = correction
        self.target = target
        self.oob = oob
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> Balanced:
        """Fit rows X (n, d), of any kind the classifier takes, with labels y (n,).

        A sample weight (n,) is a number of copies. Raises `InputError` for settings that do not
        go together, or weights that the classifier can take in no way.
        """
        X, y = indexable(X, y)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        rows = rows_of(X, y, sample_weight, type(self).__name__)
        scheme = self._checked(rows)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.target_prior_ = as_target(self.target, rows.natural, rows.classes)
        self.scheme_ = scheme
        weights = draw_weights(scheme, rows, generator(self.random_state))
        self.fitted_prior_ = rows.shares(weights).mean(axis=0)
        everywhere = np.flatnonzero(rows.kept)
        plans = [self._plan(w * rows.copies.sum(), X, rows) for w in weights]
        self.estimators_ = Parallel(n_jobs=self.n_jobs)(
            delayed(_fitted)(estimator, X, y, everywhere[taken], given)
            for estimator, (taken, given) in zip(self._clones(len(plans)), plans, strict=True)
        )
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimators_[0], name):
                setattr(self, name, getattr(self.estimators_[0], name))
        if self.oob:
            self.oob_decision_function_ = self._out_of_bag(X, rows, weights)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels (n,) of the largest probability at the target prior."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Probabilities (n, K), averaged over bags, at the target prior or at another `prior`.

        `prior` is "balanced", "natural", (K,) numbers or numbers by label.
        """
        check_is_fitted(self)
        mean = sum(self._columns(e, X) for e in self.estimators_) / len(self.estimators_)
        return self._moved(np.asarray(mean), prior)

    def predict_log_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Logarithms (n, K) of `predict_proba`; -inf where it is zero."""
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X, prior))

    def __sklearn_tags__(self) -> Any:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        return tags

    def _checked(self, rows: Rows) -> Scheme:
        default = Bagging(Undersample(), 10) if grows_trees(self.estimator) else ClassWeight()
        scheme = as_scheme(self.scheme, rows, default)
        if not hasattr(self.estimator, "predict_proba"):
            raise InputError(
                f"Balanced averages probabilities, and {self._name} has no predict_proba. Put it "
                "in CalibratedClassifierCV."
            )
        if self.correction == "loo":
            raise InputError('correction="loo" is for SoftmaxClassifier. Give "prior" or "none".')
        as_choice("correction", self.correction, ("none", "prior"))
        if self.correction == "none":
            check_uncorrected(scheme, rows, self.target)
        return scheme

    @property
    def _name(self) -> str:
        return type(self.estimator).__name__

    def _plan(self, weights: FloatArray, X: Any, rows: Rows) -> tuple[IntArray, FloatArray | None]:
        """Rows of a bag and their weights; None where the rows are repeated instead."""
        used, scheme = np.flatnonzero(weights), self.scheme_
        if has_fit_parameter(self.estimator, "sample_weight"):
            return used, weights[used]
        times = weights[used] / weights[used].min()
        if isinstance(scheme, ClassWeight) or np.abs(times / np.rint(times) - 1).max() > 1e-8:
            raise InputError(
                f"{self._name}.fit takes no sample_weight, and the weights of {scheme!r} are no "
                "numbers of copies. Give Undersample(), Oversample() or Bagging(Undersample(), "
                "10), or a classifier that takes weights; in a Pipeline put Balanced around the "
                "last step."
            )
        width, repeated = np.prod(getattr(X, "shape", ())[1:]), times.sum()
        check_memory(
            repeated * width,
            f"{self._name}.fit takes no sample_weight, and {scheme!r} as {repeated:.3g} rows",
            "Divide the sample weights by a number, or give a classifier that takes weights.",
            least=rows.classes.size * rows.codes.size * width,
        )
        return np.repeat(used, np.rint(times).astype(np.int64)), None

    def _clones(self, bags: int) -> list[Any]:
        estimators = [clone(self.estimator) for _ in range(bags)]
        if self.random_state is not None:
            # One seed a bag; the scheme's generator is made of the same state, not of these.
            seeds = check_random_state(self.random_state).randint(
                np.iinfo(np.int32).max, size=1 + bags
            )[1:]
            for estimator, seed in zip(estimators, seeds, strict=True):
                _seed(estimator, int(seed))
        return estimators

    def _columns(self, estimator: Any, X: Any) -> FloatArray:
        """Probabilities (n, K) of one bag's classifier, its classes where they belong."""
        p = np.zeros((_num_samples(X), self.classes_.size))
        p[:, np.searchsorted(self.classes_, estimator.classes_)] = estimator.predict_proba(X)
        return p

    def _moved(self, p: FloatArray, prior: Any) -> FloatArray:
        """Probabilities from the prior that was fitted to the one that is asked."""
        fitted = self.target_prior_ if self.correction == "none" else self.fitted_prior_
        wanted = (
            self.target_prior_
            if prior is None
            else as_target(prior, self.natural_prior_, self.classes_, "prior")
        )
        moved = p * np.exp(prior_shift(np.zeros_like(wanted), fitted, wanted))
        return moved / moved.sum(axis=1, keepdims=True)

    def _out_of_bag(self, X: Any, rows: Rows, weights: FloatArray) -> FloatArray:
        out = np.ones((len(weights), rows.kept.size), dtype=bool)
        out[:, rows.kept] = weights == 0
        if not out[:, rows.kept].any():
            raise InputError(
                f"No bag of {self.scheme_!r} leaves a row out, so none can be "
                "predicted out of bag. Give oob=False, or a scheme that drops rows."
            )
        total = np.zeros((rows.kept.size, rows.classes.size))
        for estimator, left in zip(self.estimators_, out, strict=True):
            if left.any():
                total[left] += self._columns(estimator, _safe_indexing(X, np.flatnonzero(left)))
        seen = out.any(axis=0)
        p = np.full_like(total, np.nan)
        p[seen] = self._moved(total[seen], None)  # which makes them add up to one
        return p


def grows_trees(estimator: Any) -> bool:
    """Whether a classifier, the last of a pipeline, is made of trees that can grow deep.

    It is one with a `max_depth`, of its own or of a part, as the libraries of trees and boosting
    have it, or one of scikit-learn's ensembles that are of trees unless told.
    """
    from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier

    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    if (
        isinstance(estimator, AdaBoostClassifier | BaggingClassifier)
        and estimator.estimator is None
    ):
        return True
    names = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else ()
    return any(name.rpartition("__")[2] == "max_depth" for name in names)


def _fitted(
    estimator: Any, X: Any, y: npt.NDArray[Any], rows: IntArray, weights: FloatArray | None
) -> Any:
    if rows.size != y.size or (rows != np.arange(y.size)).any():
        X, y = _safe_indexing(X, rows), y[rows]
    return estimator.fit(X, y) if weights is None else estimator.fit(X, y, sample_weight=weights)


def _seed(estimator: Any, seed: int) -> None:
    """Set every random state of a classifier and its parts, each its own."""
    names = [
        name
        for name in sorted(estimator.get_params(deep=True))
        if name == "random_state" or name.endswith("__random_state")
    ]
    states = np.random.RandomState(seed).randint(2**31 - 1, size=len(names))
    estimator.set_params(**dict(zip(names, map(int, states), strict=True)))
