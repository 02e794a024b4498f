"""Predictions from logits at the target prior, for classifiers with coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted, validate_data

from mlbalance import softmax
from mlbalance.corrections import prior_shift
from mlbalance.estimators.dask_rows import by_blocks, is_dask
from mlbalance.estimators.weighting import as_target
from mlbalance.inputs import FloatArray

__all__ = ["LargestProbability", "LogitsAtTarget"]


class LargestProbability:
    """Mixin with the labels of the largest probability, which `predict_proba` gives."""

    classes_: npt.NDArray[Any]

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels of the largest probability.

        Parameters
        ----------
        X
            (n, d) rows.

        Returns
        -------
        (n,) labels.
        """
        check_is_fitted(self)
        if is_dask(X):
            return by_blocks(self, "predict", X, None)
        p = self.predict_proba(X)  # type: ignore[attr-defined]
        return np.asarray(self.classes_[p.argmax(axis=1)])


class LogitsAtTarget(LargestProbability):
    """Mixin with the predictions of `coef_` and `intercept_`, as scikit-learn shapes them."""

    coef_: FloatArray
    intercept_: FloatArray
    natural_prior_: FloatArray
    target_prior_: FloatArray

    def decision_function(self, X: Any) -> FloatArray:
        """Logits at the target prior.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n, K) logits; for two classes (n,), of the second against the first.
        """
        check_is_fitted(self)
        if is_dask(X):
            columns = None if len(self.coef_) == 1 else len(self.coef_)
            return by_blocks(self, "decision_function", X, columns)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        z = X @ self.coef_.T + self.intercept_
        return z[:, 0] if len(self.coef_) == 1 else z

    def predict_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Probabilities at the target prior or another one.

        Parameters
        ----------
        X
            (n, d) features.
        prior
            "balanced", "natural", (K,) probabilities or probabilities by label; the target prior
            for None. Logits are shifted to it (label `prior-shift`).

        Returns
        -------
        (n, K) probabilities, classes as in `classes_`.

        Raises
        ------
        InputError
            For anything else as prior.
        """
        return np.exp(self.predict_log_proba(X, prior))  # of a Dask array one, too

    def predict_log_proba(self, X: Any, prior: Any = None) -> FloatArray:
        """Logarithms of probabilities.

        Parameters
        ----------
        X, prior
            As of `predict_proba`.

        Returns
        -------
        (n, K) logarithms.

        Raises
        ------
        InputError
            As `predict_proba`.
        """
        if is_dask(X):
            check_is_fitted(self)
            columns = self.classes_.size
            return by_blocks(self, "predict_log_proba", X, columns, prior)
        z = self._logits(X)
        if prior is not None:
            wanted = as_target(prior, self.natural_prior_, self.classes_, "prior")
            z = z + prior_shift(np.zeros_like(wanted), self.target_prior_, wanted)
        return softmax.log_probabilities(z)

    def _logits(self, X: Any) -> FloatArray:
        z = self.decision_function(X)
        return np.column_stack([np.zeros_like(z), z]) if z.ndim == 1 else z
