"""Softmax classifiers that a comparison needs beside `SoftmaxClassifier`."""

from __future__ import annotations

from functools import partial
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, check_scalar, check_X_y

from mlbalance import softmax
from mlbalance.corrections import Fits, LeaveOneOut
from mlbalance.estimators import FitError, SoftmaxClassifier
from mlbalance.estimators.dask_rows import DaskRows, by_blocks, is_dask, of_ranks, places
from mlbalance.estimators.many_rows import rows_by_class, sample_ranks
from mlbalance.estimators.predictions import LargestProbability
from mlbalance.estimators.weighting import generator
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods.rows import check_memory
from mlbalance.schemes import ClassWeight, Scheme
from mlbalance.softmax.many_rows import Some

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

    The pilot of a Dask collection is fitted to a sample in memory; its ridge falls as the effective
    sample size grows (label `kish`) from the sample's to that of all rows. Rows are read three
    times: to count classes, for the sample, and for the accepted rows, which are in memory too.

    Parameters
    ----------
    pilot_size
        Rows of a Dask collection that the pilot is fitted to: as many of each class, two at least,
        or all it has.
    random_state
        Seed of the draw.

    Attributes
    ----------
    classes_
        The labels.
    coefficients_
        (K, 1 + d), the intercept first, at the prior of the data.
    accepted_counts_
        (K,) accepted rows of each class.
    accepted_
        (n,) whether a row was accepted; None for a Dask collection.
    """

    accepted_: npt.NDArray[np.bool_] | None

    def __init__(self, pilot_size: int = 20_000, random_state: Any = None) -> None:
        self.pilot_size = pilot_size
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> LocalCaseControl:
        """Draw the rows and fit the softmax to them.

        Parameters
        ----------
        X
            (n, d) features, or a Dask array or DataFrame of them.
        y
            (n,) labels; of a Dask collection also a Dask array or Series.

        Returns
        -------
        The estimator itself.

        Raises
        ------
        FitError
            Where the pilot has no fit, without a row or with all, or where a class has no
            accepted row.
        InputError
            Where the accepted rows of a Dask collection would take too much memory.
        TypeError, ValueError
            For a pilot size that is not a whole number from 1 on, with a Dask collection.
        """
        rng = generator(self.random_state)
        if is_dask(X):
            return self._fit_partitions(DaskRows.of(X, y), rng)
        X, y = check_X_y(X, y, dtype=np.float64)
        self.classes_, codes = np.unique(y, return_inverse=True)
        counts = np.bincount(codes)
        pilot = _Pilot.of(X, codes, counts)
        self.accepted_ = _accepted(pilot.p, codes, rng)
        kept = np.flatnonzero(self.accepted_)
        some = Some(X[kept], codes[kept], np.ones(kept.size), np.log1p(-pilot.p[kept]))
        return self._fit_accepted(some, counts, pilot)

    def _fit_partitions(self, data: DaskRows, rng: np.random.Generator) -> LocalCaseControl:
        check_scalar(self.pilot_size, "pilot_size", Integral, min_val=1)
        rows_by_class(data, type(self).__name__)
        self.classes_, self.accepted_, counts = data.classes, None, data.counts
        sizes = np.minimum(counts, max(2, self.pilot_size // counts.size))
        ranks = data.own_ranks(sample_ranks(counts, sizes, rng))
        some = data.taken(of_ranks, ranks)
        pilot = _Pilot.of(some.X, some.y, counts)
        surprise = np.bincount(some.y, 1 - pilot.p[np.arange(some.y.size), some.y]) / sizes
        check_memory(
            2 * float(surprise @ counts) * (1 + data.n_features + counts.size),
            f"The accepted ones of {counts.sum():.3g} rows",
            "Use Undersample(size), whose rows you choose the number of.",
        )
        ends = np.cumsum([sum(map(len, own)) for own in ranks])
        seeds = rng.integers(2**63, size=len(ranks)).tolist()
        own = list(zip(seeds, ranks, np.split(pilot.p, ends[:-1]), strict=True))
        return self._fit_accepted(data.taken(partial(_surprising, pilot.theta), own), counts, pilot)

    def _fit_accepted(self, some: Some, counts: IntArray, pilot: _Pilot) -> LocalCaseControl:
        """Fit accepted rows, whose offsets are the logarithms of their chances by class."""
        self.accepted_counts_ = np.bincount(some.y, minlength=counts.size)
        if not self.accepted_counts_.all():
            label = self.classes_.tolist()[int(self.accepted_counts_.argmin())]
            raise FitError(
                f"Local case-control accepted no row of class {label!r}: the pilot is sure of all. "
                "Give another method."
            )
        fit = softmax.fit(
            some.X,
            some.y,
            np.full(some.y.size, 1 / counts.sum()),
            n_classes=counts.size,
            offset=some.offset,
            ridge=pilot.ridge,
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
        (n, K) probabilities; of a Dask collection a Dask array.
        """
        check_is_fitted(self)
        if is_dask(X):
            return by_blocks(self, "predict_proba", X, self.classes_.size)
        return _probabilities(self.coefficients_, np.asarray(X))


_SURE = 1e-12
"""Least chance of a row of a class to be accepted: its logarithm is an offset."""


class _Pilot(NamedTuple):
    """Fit of rows at the prior of all rows."""

    theta: FloatArray  # (K, 1 + d)
    p: FloatArray  # (n, K) probabilities of each row by the fit without it
    ridge: float  # of the accepted ones of all rows

    @classmethod
    def of(cls, X: FloatArray, codes: IntArray, counts: IntArray) -> _Pilot:
        """Pilot of some of the rows, of which there are (K,) counts in all."""
        prior, sizes = counts / counts.sum(), np.bincount(codes)
        chosen = SoftmaxClassifier(ridge="loo", target=prior, keep_data=False).fit(X, codes)
        # The classifier's ridge is on the coefficients of two classes' difference.
        ridge = chosen.ridge_ * (2 if counts.size == 2 else 1)
        weights = ClassWeight().draw(codes, np.random.default_rng(0))
        fit = softmax.fit(X, codes, weights, ridge=ridge)
        fits = Fits(X, codes, np.ones(codes.size), fit.theta, weights, ridge)
        left = LeaveOneOut().leave_out(fits, prior)
        if left.status != "converged":
            raise FitError(f"The pilot without a row: {softmax.STATUS[left.status]}", left.status)
        p = np.exp(softmax.log_probabilities(left.logits))
        theta = fit.theta[0].copy()
        theta[:, 0] += np.log(prior * counts.size)
        rare, stands_for = p * (1 - p), (counts / sizes)[codes]
        kept = rare.sum(axis=1)
        accepted = kept - (rare**2).sum(axis=1) / kept
        share = (stands_for @ accepted) / (stands_for @ kept)
        larger = (1 / sizes).sum() / (1 / counts).sum()
        return cls(theta, np.minimum(p, 1 - _SURE), share * ridge / larger)


def _accepted(p: FloatArray, codes: IntArray, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Whether each row is accepted, of probabilities (n, K)."""
    return np.asarray(rng.random(codes.size) < 1 - p[np.arange(codes.size), codes])


def _surprising(theta: FloatArray, some: Some, own: tuple[int, list[IntArray], FloatArray]) -> Some:
    """Accepted rows of a partition, whose rows of the pilot have left-out probabilities."""
    seed, ranks, left_out = own
    p = np.minimum(_probabilities(theta, some.X), 1 - _SURE)
    p[places(some.y, ranks)] = left_out
    kept = np.flatnonzero(_accepted(p, some.y, np.random.default_rng(seed)))
    return Some(some.X[kept].astype(float), some.y[kept], some.weights[kept], np.log1p(-p[kept]))


def _probabilities(theta: FloatArray, X: FloatArray) -> FloatArray:
    return np.exp(softmax.log_probabilities(softmax.logits(theta, X)))
