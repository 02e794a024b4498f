"""Fits of schemes to one data set: of bags that are drawn, and of infinitely many of them.

Letters: n rows, d features, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mlbalance import softmax
from mlbalance.corrections import LeftOut
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods.sharing import shared
from mlbalance.schemes import Scheme

__all__ = ["InfiniteBags", "fit_infinite", "infinite_path", "is_infinite"]


class InfiniteBags(NamedTuple):
    """Mean of the fits of infinitely many bags, as one bag."""

    theta: FloatArray
    """(1, K, 1 + d)"""
    status: Any
    """(1,) a key of `softmax.STATUS`."""
    n_iter: IntArray
    """(1,) sweeps."""
    leave_out: Callable[..., LeftOut]
    """Logits of rows left out of the bags, whatever the arguments."""


def is_infinite(scheme: Scheme) -> bool:
    """Whether a scheme averages over infinitely many bags, which cannot be drawn."""
    return bool(np.isinf(scheme.bags))


@shared
def fit_infinite(
    scheme: Scheme,
    X: FloatArray,
    codes: IntArray,
    copies: FloatArray,
    *,
    ridge: float,
    max_iter: int = 200,
) -> InfiniteBags:
    """Mean of infinitely many bags of a scheme, from the distribution of its weights.

    Parameters
    ----------
    scheme
        One with infinitely many bags.
    X
        (n, d) features.
    codes
        (n,) labels 0..K-1, every class present.
    copies
        (n,) whole numbers of copies of each row, each a row to the scheme.
    ridge
        On the mean-loss scale.
    max_iter
        Sweeps allowed.

    Returns
    -------
    InfiniteBags

    Raises
    ------
    CountsError, PriorError, SchemeError
        As `Scheme.moments`.
    """
    times = np.rint(copies).astype(np.int64)
    counts = np.bincount(codes, times).astype(np.int64)
    fit = softmax.fit_bags(
        np.repeat(X, times, axis=0),
        np.repeat(codes, times),
        scheme.row_weights(counts),
        total_cov=scheme.one_bag.moments(counts).total_cov,
        ridge=ridge,
        max_iter=max_iter,
    )

    def leave_out(*_: Any, **__: Any) -> LeftOut:
        own = np.add.reduceat(fit.left_out, np.cumsum(times) - times) / times[:, None]
        return LeftOut(own, fit.status)

    return InfiniteBags(fit.theta[None], np.array([fit.status]), np.array([fit.n_iter]), leave_out)


def infinite_path(scheme: Scheme, copies: FloatArray) -> Callable[..., Any]:
    """Function that leaves rows out of infinitely many bags for several ridges.

    Parameters
    ----------
    scheme
        One with infinitely many bags.
    copies
        (n,) whole numbers of copies of each row.

    Returns
    -------
    Function as `discriminant.leave_one_out`: logits (L, n, K) and status (L,).
    """

    def path(X: FloatArray, codes: IntArray, *_: Any, ridges: FloatArray, **__: Any) -> Any:
        fits = [fit_infinite(scheme, X, codes, copies, ridge=float(ridge)) for ridge in ridges]
        left = [fit.leave_out() for fit in fits]
        return np.stack([each.logits for each in left]), np.array([each.status for each in left])

    return path
