"""Bootstrap of a whole fit, with every choice that it makes from the data."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone

from mlbalance.estimators.memory import Memory
from mlbalance.inputs import FloatArray, InputError
from mlbalance.methods.rows import FitError

__all__ = ["RESAMPLES", "bootstrap_estimates"]

RESAMPLES = 50
"""Fits of a bootstrap. Its standard errors have a relative error of 10 % by their number alone,
which t quantiles with one degree of freedom less allow for.
"""


def bootstrap_estimates(classifier: Any, of: Memory) -> FloatArray:
    """Coefficients of fits to rows drawn with replacement, as many of every class as there are.

    The scheme, ridge, corrections and temperature are chosen anew in each fit. A row that is drawn
    twice is two rows for that choice, one of which may be left out while the other is not.

    Parameters
    ----------
    classifier
        A fitted one.
    of
        Its rows.

    Returns
    -------
    (`RESAMPLES`, classes, 1 + d), as `intercept_` and `coef_` are. The rows drawn are the same in
    every call.

    Raises
    ------
    InputError
        Where a fit to drawn rows does not exist.
    """
    rng, codes, labels = np.random.default_rng(0), of.rows.codes, classifier.classes_[of.rows.codes]
    found = []
    for drawn in range(RESAMPLES):
        copies = np.zeros(codes.size)
        for k, n_k in enumerate(of.counts):
            own = codes == k
            copies[own] = rng.multinomial(n_k, of.rows.copies[own] / n_k)
        unfitted = clone(classifier).set_params(keep_data=False)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the fit itself has given them
                fit = unfitted.fit(of.X, labels, copies)
        except FitError as error:
            raise InputError(
                f"Bootstrap fit {drawn + 1} of {RESAMPLES} does not exist ({error.status}), so "
                'there is no interval by them. Give a larger ridge, or ridge="loo".'
            ) from error
        found.append(np.column_stack([fit.intercept_, fit.coef_]))
    return np.array(found)
