"""Bias of a fit to second order, and Firth's fit, whose slopes have none of it.

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
from mlbalance.schemes import Scheme, WeightMoments
from mlbalance.theory.derivatives import contrasts, design, row_thirds
from mlbalance.theory.moments import Moments, moments, summed_variance

__all__ = ["averaging_gap", "firth", "firth_fit", "second_order_bias"]


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
    one, n_k = scheme.one_bag, as_counts(counts, "A bias")
    m = moments(rule, theta, one.target(n_k), ridge=ridge)
    w = one.moments(n_k)
    return _bias(rule, theta, m, w, w.squares(n_k), one.target(n_k))


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
    one = scheme.one_bag
    n_k = np.array([len(points) for points, _ in rule])
    m = moments(rule, theta, one.target(n_k), ridge=ridge)
    w = one.moments(n_k)
    return _bias(rule, theta, m, w, w.noise(n_k), one.target(n_k))


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
    prior): finite for separated classes, and slopes of a right model lose their second-order bias.
    So do intercepts at the natural prior when counts are random; with fixed counts they are left
    with (1/n_k - 1/n_0)/2 on the contrast of class k with class 0. Of wrong models and of weighted
    fits the penalty is not the bias. Centred over classes. Raises `DataError` for collinear
    features or when it does not converge.
    """
    fit = firth_fit(X, y, n_classes=n_classes, tol=tol, max_iter=max_iter)
    if fit.status == "not-identified":
        raise DataError("The features are collinear, with each other or the intercept. Drop some.")
    if not fit.converged:
        raise DataError(f"Firth's fit did not converge in {max_iter} steps. Rescale X.")
    return fit.theta


def firth_fit(
    X: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    n_classes: int | None = None,
    tol: float = 1e-10,
    max_iter: int = 200,
) -> softmax.Fit:
    """`firth` with its steps, and a status in the place of errors.

    `grad_norm` is the largest component of the penalised score over n (1 + max |X|), which `tol`
    bounds. Raises `DataError` for what is not one data set.
    """
    data = as_data(X, y, n_classes=n_classes)
    if data.X.ndim != 2 or data.y.ndim != 1:
        raise DataError(f"Firth's fit takes one data set, X (n, d) and y (n,); X is {data.X.shape}")
    theta, none = np.zeros((data.n_classes, data.X.shape[1] + 1)), np.nan
    if np.linalg.matrix_rank(design(data.X)) < theta.shape[1]:
        return softmax.Fit(theta[:, 1:] + none, theta[:, 0] + none, "not-identified", 0, none)
    state = _penalised(theta, data.X, data.y)
    size, norm = len(data.y) * (1 + np.abs(data.X).max(initial=0.0)), none
    for step in range(max_iter):
        norm = float(np.abs(state.score).max() / size)
        if norm <= tol:
            theta = theta - theta.mean(axis=0)
            return softmax.Fit(theta[:, 1:], theta[:, 0], "converged", step, norm)
        theta, state = _descended(theta, state, data.X, data.y)
    return softmax.Fit(theta[:, 1:] + none, theta[:, 0] + none, "max-iter", max_iter, norm)


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
    J = summed_variance(noise, m.score_cov, w.total_cov, m.score_mean)
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


def _curved(theta: FloatArray, X: FloatArray, mass: FloatArray, v: FloatArray) -> FloatArray:
    """Mean (p,) over rows of the Hessian of a row times its own v (n, p)."""
    z, p = design(X), contrasts(theta, X)
    eta = np.einsum("nq,ncq->nc", z, v.reshape(len(X), p.shape[1], -1))
    moved = p * (eta - (p * eta).sum(axis=1, keepdims=True))
    return ((moved * mass[:, None]).T @ z).ravel()


def _third(theta: FloatArray, X: FloatArray, mass: FloatArray, M: FloatArray) -> FloatArray:
    """Third derivative of the loss, contracted with a symmetric M (p, p)."""
    return np.asarray(mass @ row_thirds(theta, X, M))


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
