"""Fits of the square loss, problem by problem."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.discriminant.problem import Problem, logits_map
from mlbalance.inputs import DataError, FloatArray, as_data, as_floats

__all__ = ["Fit", "as_ridge", "fit", "solve"]


class Fit(NamedTuple):
    """Coefficients of the logits of a batch of fits, and their status."""

    theta: FloatArray
    """(..., K, 1 + d), intercept first, summing to zero over classes; NaN unless converged."""
    status: npt.NDArray[np.str_]
    """(...) keys of `softmax.STATUS`."""


def fit(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    *,
    n_classes: int | None = None,
    ridge: float = 0.0,
) -> Fit:
    """Logits of a discriminant on the scores of ridge least squares; see `mlbalance.discriminant`.

    Costs n d min(n, d) per problem.

    Parameters
    ----------
    X, y, weights
        (..., n, d), (..., n) and (..., n); leading axes broadcast. Labels are 0..K-1. Rows of
        weight zero are left out. Weights are one per row if not given; the shares that classes have
        of them are the prior.
    n_classes
        K; the largest label plus one if not given.
    ridge
        On the scale of the weights' sum, as in `softmax.fit`.

    Returns
    -------
    Fit
        Its status is "no-mle" where a class has no weight, or classes have different scores that do
        not vary within them; "not-identified" where features are collinear within classes and there
        is no ridge; "max-iter" where numbers are too large or small for double precision.

    Raises
    ------
    DataError
        If the arguments do not fit together or are not finite.
    """
    data, lam = as_data(X, y, weights, n_classes), float(as_ridge(ridge))
    K, d = data.n_classes, data.X.shape[-1]
    lead = np.broadcast_shapes(data.X.shape[:-2], data.y.shape[:-1], data.weights.shape[:-1])
    features = np.broadcast_to(data.X, (*lead, *data.X.shape[-2:]))
    labels = np.broadcast_to(data.y, (*lead, data.y.shape[-1]))
    given = np.broadcast_to(data.weights, (*lead, data.weights.shape[-1]))
    theta, status = np.full((*lead, K, 1 + d), np.nan), np.full(lead, "no-mle", dtype="U14")
    for at in np.ndindex(lead):
        own = given[at] > 0
        rows = features[at][own], labels[at][own], given[at][own]
        if np.bincount(rows[1], minlength=K).all():
            problem = Problem.of(*rows, K, even=lam == 0)
            theta[at], status[at] = solve(problem, lam / rows[2].sum())
    return Fit(theta, status[()])


def solve(problem: Problem, ridge: float) -> tuple[FloatArray, str]:
    """Coefficients (K, 1 + d) and status of one problem."""
    pi, of, penalty = problem.totals, problem.spectrum, problem.penalty(ridge)
    nothing = np.full((pi.size, 1 + problem.centre.size), np.nan)
    E = of.vectors.T @ problem.between
    if status := of.singular(problem.between, penalty):
        return nothing, "max-iter" if ridge else status
    _, j, jwj = of.metrics(penalty)
    T = (E.T * j) @ E
    G, sound = logits_map(T, (E.T * jwj) @ E)
    if not sound:
        return nothing, "no-mle"
    slopes = ((G @ E.T * j) @ of.vectors.T) / np.sqrt(pi)[:, None]
    theta = problem.theta(slopes, np.log(pi) - np.diag(G @ T) / (2 * pi))
    return (theta, "converged") if np.isfinite(theta).all() else (nothing, "max-iter")


def as_ridge(ridge: npt.ArrayLike) -> FloatArray:
    """Ridges as numbers.

    Raises `DataError` unless they are finite and not negative.
    """
    lam = as_floats(ridge, DataError, "A ridge must be a number")
    if not np.isfinite(lam).all() or (lam < 0).any():
        raise DataError(f"A ridge must be finite and not negative; it is {ridge!r}.")
    return lam
