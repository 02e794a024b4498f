"""Class moments of the score: what covariances and risks of every scheme are made of.

Scores, and all that follows from them, are on contrasts against class 0, class-major:
(b_1, w_1, ..., b_{K-1}, w_{K-1}), p = (K - 1)(1 + d) numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError, as_prior
from mlbalance.populations import Rule, data_rule, stack

__all__ = ["Moments", "data_moments", "moments"]


class Moments(NamedTuple):
    """Moments of the score of one row at theta, by class, and the Hessian of the risk there."""

    hessian: FloatArray
    """A (p, p), Hessian of the risk at `prior`, ridge included."""
    score_mean: FloatArray
    """mu_k (K, p), mean score in class k."""
    score_cov: FloatArray
    """V_k (K, p, p), covariance of the score within class k."""
    prior: FloatArray
    """tau (K,), target prior of A; that of a scheme whose covariance is asked."""


def moments(
    rule: list[Rule],
    theta: npt.ArrayLike,
    prior: npt.ArrayLike | None = None,
    *,
    ridge: npt.ArrayLike = 0.0,
) -> Moments:
    """Moments at given coefficients of a population's or a data set's rule.

    Parameters
    ----------
    rule : list of Rule
        One per class.
    theta : array (K, 1 + d)
        Intercepts and slopes. For `covariance` they must be the minimiser of the (penalised) risk,
        which `population_moments` finds.
    prior : array (K,), optional
        Target prior tau; uniform by default.
    ridge : float or array
        On the mean-loss scale of `softmax.fit`.

    Returns
    -------
    Moments

    Raises
    ------
    DataError, PriorError
        For arrays that do not fit each other, or a prior that is not one positive probability per
        class.
    """
    tau = as_prior(prior, len(rule))
    X, y, weights = stack(rule, tau)
    A = softmax.hessian(theta, X, y, weights, ridge=ridge)[1:, :, 1:, :]
    size = A.shape[0] * A.shape[1]
    means, covs = [], []
    for k, (points, mass) in enumerate(rule):
        s = softmax.row_scores(theta, points, np.full(len(points), k))[:, 1:].reshape(-1, size)
        mean = mass @ s
        means.append(mean)
        covs.append(((s - mean).T * mass) @ (s - mean))
    return Moments(A.reshape(size, size), np.stack(means), np.stack(covs), tau)


def data_moments(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    theta: npt.ArrayLike,
    prior: npt.ArrayLike | None = None,
    *,
    ridge: npt.ArrayLike = 0.0,
    divisor: str = "n_k - 1",
) -> Moments:
    """Plug-in moments of a data set, for `covariance`.

    At coefficients fitted to the same rows V_k is too small, the more so the fewer rows per feature
    there are. A class of one row has V_k = 0, an underestimate.

    Parameters
    ----------
    X : array (n, d)
    y : array (n,)
        Labels 0..K-1.
    theta, prior, ridge
        As in `moments`.
    divisor : {"n_k - 1", "n_k"}
        Of V_k. With "n_k - 1" it is unbiased at a theta that was not fitted to these rows, and
        `covariance` of kind "design" is the survey estimator with classes as strata (label
        `sandwich`); "n_k" gives the moments of the rows as a population, and HC0 with kind
        "robust".

    Returns
    -------
    Moments

    Raises
    ------
    DataError, CountsError, PriorError
        As `moments`, and for a class without rows.
    InputError
        For another divisor.
    """
    if divisor not in ("n_k - 1", "n_k"):
        raise InputError(f'A divisor is "n_k - 1" or "n_k"; {divisor!r} was given.')
    rule = data_rule(X, y)
    m = moments(rule, theta, prior, ridge=ridge)
    if divisor == "n_k":
        return m
    n_k = np.array([len(r.points) for r in rule])
    return m._replace(score_cov=m.score_cov * (n_k / np.maximum(n_k - 1, 1))[:, None, None])
