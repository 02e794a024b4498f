"""Votes of forests without signal (`forest-weights`)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, as_counts
from mlbalance.schemes import Scheme

__all__ = ["vote_shares"]


def vote_shares(counts: npt.ArrayLike, scheme: Scheme) -> FloatArray:
    """Shares of the classes in the distinct rows of a bag, in expectation.

    Trees that are grown to purity on one feature, which has the same distribution in all classes,
    vote by the shares of the distinct rows of their bags (label `forest-weights`). This is the
    ratio of expectations; that of the ratio is off it by an order of one over the rows.

    Parameters
    ----------
    counts : array (K,)
        Rows per class.
    scheme : Scheme
        Distribution of the rows of one bag, as `BalancedSampler()` of scikit-learn's forest with
        class_weight="balanced".

    Returns
    -------
    array (K,)

    Raises
    ------
    CountsError, PriorError, SchemeError
        As `Scheme.moments`.
    """
    n_k = as_counts(counts, "A vote")
    drawn = [chances[values > 0].sum() for values, chances in scheme.row_weights(n_k)]
    distinct = n_k * np.array(drawn)
    return np.asarray(distinct / distinct.sum())
