"""Class moments of the score, and the covariance of a scheme's estimates that follows from them.

Covariances are on contrasts against class 0, class-major: (b_1, w_1, ..., b_{K-1}, w_{K-1}),
p = (K - 1)(1 + d) numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError, IntArray, PriorError, as_counts, as_prior
from mlbalance.populations import Rule, data_rule, stacked
from mlbalance.schemes import Scheme

__all__ = [
    "Moments",
    "covariance",
    "data_moments",
    "excess_risk",
    "loss_gap",
    "moments",
    "score_variance",
    "summed_variance",
]

_SAME = 1e-7
"""Difference of two priors below which they are one, written twice; `as_prior` allows 1e-8."""


class Moments(NamedTuple):
    """Moments of one row's score at theta, by class, and the Hessian of the risk there."""

    hessian: FloatArray
    """A (p, p), Hessian of the balanced risk, ridge included."""
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
    """Moments at theta (K, 1 + d) of a population's or a data set's rule.

    `prior` (K,) is the target tau, uniform if not given. For `covariance` theta must be the
    minimiser of the (penalised) risk (`population_moments` finds it). Raises `DataError` or
    `PriorError` for bad arguments.
    """
    tau = as_prior(prior, len(rule))
    X, y, weights = stacked(rule, tau)
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
    """Plug-in moments at theta (K, 1 + d) of a data set X (n, d), y (n,), for `covariance`.

    V_k has divisor `"n_k - 1"`: unbiased at a theta that was not fitted to the same rows, and with
    it `kind="design"` is the survey estimator with classes as strata (label `sandwich`). At fitted
    coefficients it is too small, the more so the fewer rows a feature has (label `small-n`).
    `"n_k"` gives the moments of the rows as a population, for HC0 with `kind="robust"`. A class of
    one row has V_k = 0 either way, an underestimate. Raises as `moments`, and `InputError` for
    another divisor.
    """
    if divisor not in ("n_k - 1", "n_k"):
        raise InputError(f'A divisor is "n_k - 1" or "n_k"; {divisor!r} was given.')
    rule = data_rule(X, y)
    m = moments(rule, theta, prior, ridge=ridge)
    if divisor == "n_k":
        return m
    n_k = np.array([len(r.points) for r in rule])
    return m._replace(score_cov=m.score_cov * (n_k / np.maximum(n_k - 1, 1))[:, None, None])


def score_variance(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> FloatArray:
    """J_W (p, p), variance of the weighted score with counts (K,) fixed.

    Exact at every theta for weights that depend on labels only: sum_k tau_k^2 (1 + c_k^2) V_k / n_k
    (label `score-variance`), and where class totals T_k are random sum_kl Cov(T_k, T_l) mu_k mu_l'
    more (label `random-totals`). J_W is this sum everywhere in `theory`. The moments' prior does
    not enter. Raises `InputError` for counts of other classes than the moments'.
    """
    n_k = as_counts(counts, "A score variance")
    if n_k.size != len(m.score_mean):
        raise InputError(f"The moments are of {len(m.score_mean)} classes; counts of {n_k.size}.")
    w = scheme.moments(n_k)
    return summed_variance(w.squares(n_k), m.score_cov, w.total_cov, m.score_mean)


def summed_variance(
    within: FloatArray, covs: FloatArray, between: FloatArray, means: FloatArray
) -> FloatArray:
    """sum_k within_k covs_k + sum_kl between_kl means_k means_l' (p, p), the variance of a sum."""
    return np.asarray(np.tensordot(within, covs, axes=1) + means.T @ between @ means)


def covariance(
    m: Moments, scheme: Scheme, counts: npt.ArrayLike, kind: str = "design"
) -> FloatArray:
    """First-order covariance (p, p) of a scheme's estimates with counts (K,) (label `sandwich`).

    `kind="design"`: A^-1 J_W A^-1, J_W of `score_variance`. Right with fixed counts, and for
    weights from the observed counts under random ones; the model right or wrong, any ridge.

    `kind="robust"`: the mean of HC0 over the scheme's draws, A^-1 (sum_i E W_i^2 s_i s_i') A^-1,
    with scores not centred and copies of a row clustered on it. Right, the model right or wrong
    and without ridge, where rows are drawn independently with their labels and no weight depends
    on the counts: of unweighted fits, and of weights tau_k/pi_k of a population's shares pi_k,
    thinned or not. With fixed counts, or weights from observed ones, right for slopes when the
    model is right, and on intercepts too large by `intercept_excess` (label `intercept-shift`).

    `kind="model"`: A^-1 over the rows that the fit is told it has, copies counted as rows. Right
    for slopes when the model is right, all weights are equal and rows distinct; too large by D on
    intercepts. For weighted fits and copies it is what software prints, and wrong (`naive-se`).

    For a data set take moments from `data_moments`, with divisor n_k - 1, or n_k for `"robust"`.
    Raises `PriorError` for moments at another prior than the scheme's, `InputError` for another
    kind, or for `"model"` of a scheme that is not one fit of a known number of rows.
    """
    check_prior(m, scheme, counts)
    n_k = as_counts(counts, "A covariance")
    if kind == "model":
        return np.asarray(np.linalg.inv(m.hessian) / _rows_told(scheme, n_k))
    if kind == "design":
        J = score_variance(m, scheme, n_k)
    elif kind == "robust":
        # E ss' within a class is V_k + mu_k mu_k': no total enters.
        own = scheme.moments(n_k).squares(n_k)
        J = summed_variance(own, m.score_cov, np.diag(own), m.score_mean)
    else:
        raise InputError(
            f'A covariance is of kind "model", "design" or "robust"; {kind!r} was given.'
        )
    half = np.linalg.solve(m.hessian, J)
    cov = np.linalg.solve(m.hessian, half.T)
    return (cov + cov.T) / 2


def excess_risk(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> float:
    """First-order expected excess of the (penalised) risk over its minimum, in nats.

    tr(A^-1 J_W) / 2 (label `excess-risk`). Raises `PriorError` as `covariance`.
    """
    check_prior(m, scheme, counts)
    return float(np.trace(np.linalg.solve(m.hessian, score_variance(m, scheme, counts))) / 2)


def loss_gap(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> float:
    """First-order expected risk of a fit less its own (weighted) training loss, in nats.

    tr(A^-1 J_W), twice the excess risk (label `excess-risk`).
    """
    return 2 * excess_risk(m, scheme, counts)


def check_prior(m: Moments, scheme: Scheme, counts: npt.ArrayLike) -> None:
    """Raises `PriorError` for a scheme whose target is not the prior that A was computed for."""
    tau = scheme.target(as_counts(counts, "A covariance"))
    if tau.shape != m.prior.shape:
        raise InputError(f"The moments are of {m.prior.size} classes; counts of {tau.size}.")
    if np.abs(tau - m.prior).max() > _SAME:
        shown = [", ".join(f"{t:.4g}" for t in prior) for prior in (m.prior, tau)]
        raise PriorError(
            f"The moments are at prior ({shown[0]}); the scheme's is ({shown[1]}). Compute them at "
            "the scheme's, with theta the optimum there."
        )


def _rows_told(scheme: Scheme, n_k: IntArray) -> float:
    """Rows that a fit of the scheme believes to be independent: copies count as rows."""
    if scheme.bags == 1 and scheme.fixed_size:
        return float(scheme.rows_used(n_k).sum())
    raise InputError(
        f'A covariance of kind "model" is of one fit with a known number of rows; {scheme!r} '
        'is not. Ask for kind "design".'
    )
