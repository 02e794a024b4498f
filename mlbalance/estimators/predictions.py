"""Predictions from logits at the target prior, for classifiers with coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted, validate_data

from mlbalance import softmax
from mlbalance.corrections import prior_shift
from mlbalance.estimators.weighting import as_target
from mlbalance.inputs import FloatArray

__all__ = ["LogitsAtTarget"]


class LogitsAtTarget:
    """Mixin with the predictions of `coef_` and `intercept_`, as scikit-learn shapes them."""

    classes_: npt.NDArray[Any]
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
        X = validate_data(self, X, dtype=np.float64, reset=False)
        z = X @ self.coef_.T + self.intercept_
        return z[:, 0] if len(self.coef_) == 1 else z

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels of the largest probability at the target prior.

        Parameters
        ----------
        X
            (n, d) features.

        Returns
        -------
        (n,) labels.
        """
        check_is_fitted(self)
        return self.classes_[self._logits(X).argmax(axis=1)]

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
        return np.exp(self.predict_log_proba(X, prior))

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
        z = self._logits(X)
        if prior is not None:
            wanted = as_target(prior, self.natural_prior_, self.classes_, "prior")
            z = z + prior_shift(np.zeros_like(wanted), self.target_prior_, wanted)
        return softmax.log_probabilities(z)

    def _logits(self, X: Any) -> FloatArray:
        z = self.decision_function(X)
        return np.column_stack([np.zeros_like(z), z]) if z.ndim == 1 else z
