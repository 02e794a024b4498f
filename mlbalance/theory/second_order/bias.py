"""Bias of a fit to second order, and the mean of a scheme's fits about the class-weighted one.

Letters: p = (K - 1)(1 + d) contrasts, A the Hessian of the risk at its minimiser, T its third
derivative, s the score of a row, ds its derivative, J_W the variance of the weighted score.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, as_counts
from mlbalance.populations import Rule, stack
from mlbalance.schemes import Scheme, WeightMoments
from mlbalance.softmax.derivatives import contrasts, design, row_thirds
from mlbalance.theory.moments import Moments, moments
from mlbalance.theory.variance import summed_variance

__all__ = ["averaging_gap", "second_order_bias"]


def second_order_bias(
    rule: list[Rule],
    theta: npt.ArrayLike,
    scheme: Scheme,
    counts: npt.ArrayLike,
    *,
    ridge: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Mean error (p,) of the contrasts of a scheme's fit, to second order (label `second-order`).

    Parameters
    ----------
    rule : list of Rule
        One per class.
    theta : array (K, 1 + d)
        Minimiser of the (penalised) risk under the rule at the scheme's prior.
    scheme : Scheme
        The average of bags has the bias of one bag.
    counts : array (K,)
        Rows per class.
    ridge : float or array
        On the mean-loss scale of `softmax.fit`.

    Returns
    -------
    array (p,)
        On contrasts against class 0.

    Raises
    ------
    CountsError, DataError, PriorError, SchemeError
        As `moments` and the scheme do.
    """
    one, n_k = scheme.one_bag, as_counts(counts, "A bias")
    m = moments(rule, theta, one.target(n_k), ridge=ridge)
    w = one.moments(n_k)
    return _bias(rule, theta, m, w, w.squares(n_k))


def averaging_gap(
    rule: list[Rule],
    theta: npt.ArrayLike,
    scheme: Scheme,
    *,
    ridge: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Mean of a scheme's fits to one data set less its class-weighted fit, to second order.

    It is what averaging ever more bags leaves (label `argmin-mean`).

    Parameters
    ----------
    rule : list of Rule
        Of the data set (`populations.data_rule`).
    theta : array (K, 1 + d)
        Class-weighted fit at the scheme's prior.
    scheme : Scheme
        Weights exchangeable within classes.
    ridge : float or array
        On the mean-loss scale of `softmax.fit`.

    Returns
    -------
    array (p,)
        On contrasts against class 0.

    Raises
    ------
    CountsError, DataError, PriorError, SchemeError
        As `moments` and the scheme do.
    """
    one = scheme.one_bag
    n_k = np.array([len(points) for points, _ in rule])
    m = moments(rule, theta, one.target(n_k), ridge=ridge)
    w = one.moments(n_k)
    return _bias(rule, theta, m, w, w.noise(n_k))


def _bias(
    rule: list[Rule],
    theta: npt.ArrayLike,
    m: Moments,
    w: WeightMoments,
    noise: FloatArray,
) -> FloatArray:
    """The two terms, for a score variance of sum_k noise_k V_k and the totals' covariance."""
    at = np.asarray(theta, dtype=float)
    J = summed_variance(noise, m.score_cov, w.total_cov, m.score_mean)
    half = np.linalg.solve(m.hessian, J)
    cov = np.linalg.solve(m.hessian, half.T)
    X, _, weights = stack(rule, m.prior)
    total = -_third(at, X, weights, cov) / 2
    for k, (points, mass) in enumerate(rule):
        s = softmax.row_scores(at, points, np.full(len(points), k))[:, 1:].reshape(len(points), -1)
        away = np.linalg.solve(m.hessian, (s - m.score_mean[k]).T).T
        total += noise[k] * _turn(at, points, mass, away)
        # The score of a class comes with the totals of all: zero where those are fixed.
        shift = np.linalg.solve(m.hessian, w.total_cov[k] @ m.score_mean)
        total += _turn(at, points, mass, np.broadcast_to(shift, away.shape))
    return np.asarray(np.linalg.solve(m.hessian, total), dtype=float)


def _turn(theta: FloatArray, X: FloatArray, mass: FloatArray, v: FloatArray) -> FloatArray:
    """Mean (p,) over rows of the Hessian of a row times its own v (n, p)."""
    z, p = design(X), contrasts(theta, X)
    eta = np.einsum("nq,ncq->nc", z, v.reshape(len(X), p.shape[1], -1))
    moved = p * (eta - (p * eta).sum(axis=1, keepdims=True))
    return ((moved * mass[:, None]).T @ z).ravel()


def _third(theta: FloatArray, X: FloatArray, mass: FloatArray, M: FloatArray) -> FloatArray:
    """Third derivative of the loss, contracted with a symmetric M (p, p)."""
    return np.asarray(mass @ row_thirds(theta, X, M))
