"""Class moments of the score, and the covariance of a scheme's estimates that follows from them.

Covariances are on contrasts against class 0, class-major: (b_1, w_1, ..., b_{K-1}, w_{K-1}),
p = (K - 1)(1 + d) numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError, as_counts
from mlbalance.populations import Rule, stacked
from mlbalance.schemes import Scheme

__all__ = ["Moments", "covariance", "excess_risk", "moments", "score_variance"]


class Moments(NamedTuple):
    """Moments of one row's score at theta, by class, and the Hessian of the risk there."""

    hessian: FloatArray
    """A (p, p), Hessian of the balanced risk, ridge included."""
    score_mean: FloatArray
    """mu_k (K, p), mean score in class k."""
    score_cov: FloatArray
    """V_k (K, p, p), covariance of the score within class k."""


def moments(
    rule: list[Rule],
    theta: npt.ArrayLike,
    prior: npt.ArrayLike | None = None,
    *,
    ridge: npt.ArrayLike = 0.0,
) -> Moments:
    """Moments at theta (K, 1 + d) of a population's or a data set's rule.

    `prior` (K,) is the target tau, uniform if not given. For `covariance` theta must be the
    minimiser of the (penalised) risk. Raises `DataError` or `PriorError` for bad arguments.
    """
    X, y, weights = stacked(rule, prior)
    A = softmax.hessian(theta, X, y, weights, ridge=ridge)[1:, :, 1:, :]
    size = A.shape[0] * A.shape[1]
    means, covs = [], []
    for k, (points, mass) in enumerate(rule):
        s = softmax.row_scores(theta, points, np.full(len(points), k))[:, 1:].reshape(-1, size)
        mean = mass @ s
        means.append(mean)
        covs.append(((s - mean).T * mass) @ (s - mean))
    return Moments(A.reshape(size, size), np.stack(means), np.stack(covs))


def score_variance(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> FloatArray:
    """J_W (p, p), variance of the weighted score with counts (K,) fixed.

    Exact at every theta for weights that depend on labels only (labels `score-variance`,
    `random-totals`): sum_k tau_k^2 (1 + c_k^2) V_k / n_k + sum_kl Cov(T_k, T_l) mu_k mu_l'.
    Raises `InputError` for counts of other classes than the moments'.
    """
    n_k = as_counts(counts, "A score variance")
    if n_k.size != len(m.score_mean):
        raise InputError(f"The moments are of {len(m.score_mean)} classes; counts of {n_k.size}.")
    w = scheme.moments(n_k)
    within = n_k * w.mean**2 * (1 + w.cv2)
    return np.tensordot(within, m.score_cov, axes=1) + m.score_mean.T @ w.total_cov @ m.score_mean


def covariance(
    m: Moments, scheme: Scheme, counts: npt.ArrayLike, kind: str = "design"
) -> FloatArray:
    """First-order covariance (p, p) of a scheme's estimates with counts (K,) (label `sandwich`).

    A^-1 J_W A^-1. `kind="design"` centres scores within classes: right with fixed counts, and for
    weights from the observed counts under random ones. `kind="robust"` does not centre (HC0): too
    large on intercepts by D = diag(1/n_k) + 11'/n_0 when the model is right. Moments of a data
    set have divisor n_k; use n_k - 1 by multiplying V_k with n_k/(n_k - 1).
    """
    J = score_variance(m, scheme, counts)
    if kind == "robust":
        n_k = as_counts(counts, "A covariance")
        w = scheme.moments(n_k)
        J = J + (m.score_mean.T * (n_k * w.mean**2 * (1 + w.cv2))) @ m.score_mean
    elif kind != "design":
        raise InputError(f'A covariance is of kind "design" or "robust"; {kind!r} was given.')
    half = np.linalg.solve(m.hessian, J)
    cov = np.linalg.solve(m.hessian, half.T)
    return (cov + cov.T) / 2


def excess_risk(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> float:
    """First-order expected excess of the (penalised) risk over its minimum, in nats.

    tr(A^-1 J_W) / 2 (label `excess-risk`).
    """
    return float(np.trace(np.linalg.solve(m.hessian, score_variance(m, scheme, counts))) / 2)
