"""Integration rules: weighted points of every class, of a population or of a data set.

The balanced risk, its Hessian and the class moments of the score are sums over the rules of the
classes. A data set is the rule with weights 1/n_k.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, IntArray, as_counts, as_data, as_prior

__all__ = ["Rule", "data_rule", "stack"]


class Rule(NamedTuple):
    """Quadrature of one distribution: points (N, d) and weights (N,) that sum to one."""

    points: FloatArray
    weights: FloatArray


def data_rule(X: npt.ArrayLike, y: npt.ArrayLike) -> list[Rule]:
    """Rules of a data set: the rows of each class, weighted 1/n_k.

    Parameters
    ----------
    X : array (n, d)
        Features.
    y : array (n,)
        Labels 0..K-1, each with at least one row.

    Returns
    -------
    list of Rule
        One per class.

    Raises
    ------
    DataError, CountsError
        For arrays that do not fit each other, or a class without rows.
    """
    data = as_data(X, y)
    as_counts(np.bincount(data.y, minlength=data.n_classes), "A rule")
    rows = [data.X[data.y == k] for k in range(data.n_classes)]
    return [Rule(points, np.full(len(points), 1.0 / len(points))) for points in rows]


def stack(
    rule: list[Rule], prior: npt.ArrayLike | None = None
) -> tuple[FloatArray, IntArray, FloatArray]:
    """One weighted data set made of the rules of K classes; its weighted loss is the risk.

    Parameters
    ----------
    rule : list of Rule
        One per class.
    prior : array (K,), optional
        Prior of the risk; uniform by default.

    Returns
    -------
    X : array (N, d)
    y : array (N,)
    weights : array (N,)
        Their sum is one, and prior[k] within class k.

    Raises
    ------
    PriorError
        For a prior that is not one positive probability per class.
    """
    tau = as_prior(prior, len(rule))
    X = np.concatenate([r.points for r in rule])
    y = np.repeat(np.arange(len(rule)), [len(r.points) for r in rule])
    return X, y, np.concatenate([t * r.weights for t, r in zip(tau, rule, strict=True)])
