"""The schemes for any classifier: by sample weights if it takes them, by rows if not."""

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
from mlbalance.estimators.predictions import LargestProbability
from mlbalance.estimators.weighting import (
    ScoreAtTarget,
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


class Balanced(
    MetaEstimatorMixin, LargestProbability, ScoreAtTarget, ClassifierMixin, BaseEstimator
):
    """Meta-estimator that fits a classifier to the rows and weights of a scheme, bag by bag.

    Weights sum to the number of rows under every scheme, as with `class_weight="balanced"`, so
    that a penalty of the classifier has the same strength in all. A classifier that takes no
    `sample_weight` is fitted to repeated rows instead.

    Parameters
    ----------
    estimator
        A classifier with `predict_proba`.
    scheme
        One of `mlbalance.schemes`, whose prior or rates may be by label, or class weights
        {label: weight}. Probabilities are averaged over bags. None is `ClassWeight()`, but
        `Bagging(Undersample(), 10)` for trees: they grow until leaves are pure whatever the
        weights, which therefore have little effect.
    correction
        "prior" multiplies probabilities by target_k / fitted_k and normalises them (label
        `prior-shift`), which changes nothing where the scheme fits at the target. "none" leaves
        them, and refuses a scheme that fits at another prior. Both are as accurate as the
        classifier is calibrated.
    target
        Prior of predictions: "balanced", "natural" (shares of the classes in the data), or one
        probability per class, in the order of `classes_` or by label: those of the population
        where counts are fixed by design. `score` has the same target.
    oob
        Whether to predict each row by the bags that do not hold it.
    n_jobs
        Number of bags fitted in parallel, as in joblib.
    random_state
        Seed of random schemes and of the classifiers; None does not set that of the classifiers.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_
        As in scikit-learn; features as the classifier knows them.
    estimators_
        One fitted classifier per bag.
    scheme_
        The scheme that was used.
    target_prior_, natural_prior_, fitted_prior_
        (K,) priors of the predictions, of the data, and of the weights of the fit.
    oob_decision_function_
        (n, K) probabilities at the target, if `oob`; NaN for a row that is in every bag.
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
        """Fit the classifier to each bag of the scheme.

        Parameters
        ----------
        X
            (n, d) rows, of any type the classifier takes.
        y
            (n,) labels.
        sample_weight
            (n,) numbers of copies; one per row for None.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        InputError
            For settings that do not go together, or weights that the classifier cannot take.
        FitError
            For a class that the scheme did not draw.
        """
        X, y = indexable(X, y)
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        rows = rows_of(X, y, sample_weight, type(self).__name__)
        scheme = self._check_settings(rows)
        self.classes_, self.natural_prior_ = rows.classes, rows.natural
        self.target_prior_ = as_target(self.target, rows.natural, rows.classes)
        self.scheme_ = scheme
        weights = draw_weights(scheme, rows, generator(self.random_state))
        self.fitted_prior_ = rows.shares(weights).mean(axis=0)
        everywhere = np.flatnonzero(rows.kept)
        plans = [self._plan(w * rows.copies.sum(), X, rows) for w in weights]
        self.estimators_ = Parallel(n_jobs=self.n_jobs)(
            delayed(_fit_rows)(estimator, X, y, everywhere[taken], given)
            for estimator, (taken, given) in zip(self._clones(len(plans)), plans, strict=True)
        )
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimators_[0], name):
                setattr(self, name, getattr(self.estimators_[0], name))
        if self.oob:
            self.oob_decision_function_ = self._out_of_bag(X, rows, weights)
        return self

    def predict_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Probabilities, averaged over bags.

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
        mean = sum(self._columns(e, X) for e in self.estimators_) / len(self.estimators_)
        return self._at_prior(np.asarray(mean), prior)

    def predict_log_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Logarithms of probabilities.

        Parameters
        ----------
        X, prior
            As of `predict_proba`.

        Returns
        -------
        (n, K) logarithms, -inf where a probability is zero.

        Raises
        ------
        InputError
            As `predict_proba`.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X, prior))

    def __sklearn_tags__(self) -> Any:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        return tags

    def _check_settings(self, rows: Rows) -> Scheme:
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
        """Rows of a bag and their weights, or None as weights if rows are repeated instead."""
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
            # One seed per bag; the first draw of this state seeds the generator of the scheme.
            seeds = check_random_state(self.random_state).randint(
                np.iinfo(np.int32).max, size=1 + bags
            )[1:]
            for estimator, seed in zip(estimators, seeds, strict=True):
                set_seeds(estimator, int(seed))
        return estimators

    def _columns(self, estimator: Any, X: Any) -> FloatArray:
        """Probabilities (n, K) of one bag's classifier, in the order of `classes_`."""
        p = np.zeros((_num_samples(X), self.classes_.size))
        p[:, np.searchsorted(self.classes_, estimator.classes_)] = estimator.predict_proba(X)
        return p

    def _at_prior(self, p: FloatArray, prior: Any) -> FloatArray:
        """Probabilities p (n, K), at the fitted prior, shifted to another one."""
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
        p[seen] = self._at_prior(total[seen], None)  # which normalises them
        return p


def grows_trees(estimator: Any) -> bool:
    """Whether a classifier, or the last step of a pipeline, grows trees of any depth.

    Parameters
    ----------
    estimator
        A classifier.

    Returns
    -------
    True for one with a parameter `max_depth`, its own or that of a part, as in libraries of trees
    and boosting, and for scikit-learn's ensembles that use trees by default.
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


def _fit_rows(
    estimator: Any, X: Any, y: npt.NDArray[Any], rows: IntArray, weights: FloatArray | None
) -> Any:
    if rows.size != y.size or (rows != np.arange(y.size)).any():
        X, y = _safe_indexing(X, rows), y[rows]
    return estimator.fit(X, y) if weights is None else estimator.fit(X, y, sample_weight=weights)


def set_seeds(estimator: Any, seed: int) -> None:
    """Set all random states of a classifier and its parts, each to a seed of its own.

    Parameters
    ----------
    estimator
        The classifier, which is changed.
    seed
        From which those of the parts are drawn.
    """
    names = [
        name
        for name in sorted(estimator.get_params(deep=True))
        if name == "random_state" or name.endswith("__random_state")
    ]
    states = np.random.RandomState(seed).randint(2**31 - 1, size=len(names))
    estimator.set_params(**dict(zip(names, map(int, states), strict=True)))
