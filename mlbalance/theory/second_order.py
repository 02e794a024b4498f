"""Bias of a fit to second order, and the fit that has none of it.

Letters: p = (K - 1)(1 + d) contrasts, A the Hessian of the risk at its minimiser, T its third
derivative, s the score of a row, ds its derivative, J_W the variance of the weighted score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray, IntArray, as_counts, as_data
from mlbalance.populations import Rule, stacked
from mlbalance.schemes import Bagging, Scheme, WeightMoments
from mlbalance.theory.moments import Moments, moments

__all__ = ["averaging_gap", "firth", "second_order_bias"]


def second_order_bias(
    rule: list[Rule],
    theta: npt.ArrayLike,
    scheme: Scheme,
    counts: npt.ArrayLike,
    *,
    ridge: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Mean error (p,) of the contrasts of a scheme's fit, to second order (label `second-order`).

    `theta` (K, 1 + d) is the minimiser of the (penalised) risk under `rule` at the scheme's
    prior. The average of bags has the bias of one: `Bagging` gives that of its base. Raises
    `InputError` as `moments` and the scheme do.
    """
    one, n_k = _one_bag(scheme), as_counts(counts, "A bias")
    m = moments(rule, theta, one.target(n_k), ridge=ridge)
    w = one.moments(n_k)
    return _bias(rule, theta, m, w, n_k * w.mean**2 * (1 + w.cv2), one.target(n_k))


def averaging_gap(
    rule: list[Rule],
    theta: npt.ArrayLike,
    scheme: Scheme,
    *,
    ridge: npt.ArrayLike = 0.0,
) -> FloatArray:
    """Mean of a scheme's fits to one data set less its class-weighted fit (label `argmin-mean`).

    Contrasts (p,), to second order, over the scheme's own noise; `rule` is that of the data
    (`populations.data_rule`) and `theta` (K, 1 + d) the class-weighted fit at the scheme's
    prior. For weights exchangeable within classes. It is what averaging ever more bags leaves.
    """
    one = _one_bag(scheme)
    n_k = np.array([len(points) for points, _ in rule])
    m = moments(rule, theta, one.target(n_k), ridge=ridge)
    w = one.moments(n_k)
    # Covariances of a data set have divisor n_k; a class of one row has no noise of its own.
    noise = n_k * w.mean**2 * w.cv2 * n_k / np.maximum(n_k - 1, 1)
    return _bias(rule, theta, m, w, noise, one.target(n_k))


def firth(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_classes: int | None = None,
    tol: float = 1e-10,
    max_iter: int = 200,
) -> FloatArray:
    """Coefficients (K, 1 + d) of the unweighted fit with Firth's penalty (label `second-order`).

    Minimises the summed log-loss less half the log-determinant of the information (Jeffreys'
    prior): finite for separated classes, and without the second-order bias of a right model's
    fit. Not for weighted fits. Centred over classes. Raises `DataError` for collinear features
    or when it does not converge.
    """
    data = as_data(X, y, n_classes=n_classes)
    if data.X.ndim != 2 or data.y.ndim != 1:
        raise DataError(f"Firth's fit takes one data set, X (n, d) and y (n,); X is {data.X.shape}")
    K, q = data.n_classes, data.X.shape[1] + 1
    if np.linalg.matrix_rank(_design(data.X)) < q:
        raise DataError("The features are collinear, with each other or the intercept. Drop some.")
    theta, state = np.zeros((K, q)), _penalised(np.zeros((K, q)), data.X, data.y)
    small = tol * len(data.y) * (1 + np.abs(data.X).max(initial=0.0))
    for _ in range(max_iter):
        if np.abs(state.score).max() <= small:
            return theta - theta.mean(axis=0)
        theta, state = _descended(theta, state, data.X, data.y)
    raise DataError(f"Firth's fit did not converge in {max_iter} steps. Rescale X.")


def _one_bag(scheme: Scheme) -> Scheme:
    return scheme.base if isinstance(scheme, Bagging) else scheme


def _bias(
    rule: list[Rule],
    theta: npt.ArrayLike,
    m: Moments,
    w: WeightMoments,
    noise: FloatArray,
    tau: FloatArray,
) -> FloatArray:
    """The two terms, for a score variance of sum_k noise_k V_k and the totals' covariance."""
    at = np.asarray(theta, dtype=float)
    J = np.tensordot(noise, m.score_cov, axes=1) + m.score_mean.T @ w.total_cov @ m.score_mean
    half = np.linalg.solve(m.hessian, J)
    cov = np.linalg.solve(m.hessian, half.T)
    X, _, weights = stacked(rule, tau)
    total = -_third(at, X, weights, cov) / 2
    for k, (points, mass) in enumerate(rule):
        s = softmax.row_scores(at, points, np.full(len(points), k))[:, 1:].reshape(len(points), -1)
        away = np.linalg.solve(m.hessian, (s - m.score_mean[k]).T).T
        total += noise[k] * _curved(at, points, mass, away)
        # The score of a class comes with the totals of all: zero where those are fixed.
        shift = np.linalg.solve(m.hessian, w.total_cov[k] @ m.score_mean)
        total += _curved(at, points, mass, np.broadcast_to(shift, away.shape))
    return np.asarray(np.linalg.solve(m.hessian, total), dtype=float)


def _design(X: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(X)), X])


def _contrasts(theta: FloatArray, X: FloatArray) -> FloatArray:
    """Probabilities (n, K - 1) of all classes but the first."""
    return np.exp(softmax.log_probabilities(softmax.logits(theta, X)))[:, 1:]


def _curved(theta: FloatArray, X: FloatArray, mass: FloatArray, v: FloatArray) -> FloatArray:
    """Mean (p,) over rows of the Hessian of a row times its own v (n, p)."""
    z, p = _design(X), _contrasts(theta, X)
    eta = np.einsum("nq,ncq->nc", z, v.reshape(len(X), p.shape[1], -1))
    moved = p * (eta - (p * eta).sum(axis=1, keepdims=True))
    return ((moved * mass[:, None]).T @ z).ravel()


def _third(theta: FloatArray, X: FloatArray, mass: FloatArray, M: FloatArray) -> FloatArray:
    """Third derivative of the loss, contracted with a symmetric M (p, p)."""
    z, p = _design(X), _contrasts(theta, X)
    C, q = p.shape[1], z.shape[1]
    G = np.einsum("na,caeb,nb->nce", z, M.reshape(C, q, C, q), z, optimize=True)
    own = np.einsum("ncc->nc", G)
    across = np.einsum("nce,ne->nc", G, p)
    common = 2 * (across * p).sum(axis=1) - (own * p).sum(axis=1)
    third = p * (own - 2 * across + common[:, None])
    return ((third * mass[:, None]).T @ z).ravel()


class _Penalised(NamedTuple):
    value: float
    score: FloatArray
    information: FloatArray


def _penalised(theta: FloatArray, X: FloatArray, y: IntArray) -> _Penalised:
    """Summed loss less half the log-determinant of the information, and its gradient."""
    info = softmax.hessian(theta, X, y)[1:, :, 1:, :]
    size = info.shape[0] * info.shape[1]
    info = info.reshape(size, size)
    value = float(softmax.loss(theta, X, y) - np.linalg.slogdet(info)[1] / 2)
    inverse = np.asarray(np.linalg.inv(info), dtype=float)
    pull = _third(theta, X, np.ones(len(X)), inverse) / 2
    return _Penalised(value, softmax.score(theta, X, y)[1:].ravel() - pull, info)


def _descended(
    theta: FloatArray, state: _Penalised, X: FloatArray, y: IntArray
) -> tuple[FloatArray, _Penalised]:
    """One scoring step, halved until the objective does not rise but for rounding."""
    step = np.linalg.solve(state.information, state.score).reshape(theta[1:].shape)
    length = 1.0
    while True:
        moved = theta.copy()
        moved[1:] -= length * step
        new = _penalised(moved, X, y)
        if new.value <= state.value + 1e-12 * (1 + abs(state.value)) or length < 1e-8:
            return moved, new
        length /= 2
