"""Focal loss, by Newton steps from the softmax fit.

With q the softmax probability of the own class the loss of a row is (1 - q)^gamma (-log q). Its
gradient in the logits is phi(q) times that of the log-loss, phi(q) = (1 - q)^gamma - gamma q
(1 - q)^(gamma - 1) log q (label `focal`), and its Hessian is

    phi(q) (diag(p) - p p') - q phi'(q) (e_y - p)(e_y - p)'

which is not definite where q is small. Letters as in `mlbalance.losses`, p = (K - 1)(1 + d).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray
from mlbalance.losses.loss import LogitLoss, Problem, as_parameter

__all__ = ["Focal"]

_LARGEST = 1
"""GiB of memory for the Hessian and what it is made of."""


@dataclass(frozen=True)
class Focal(LogitLoss):
    """Focal loss (1 - q)^gamma (-log q), q the probability of the own class (Lin et al. 2017).

    Where logits can be any function it decides as the log-loss does, with logits that are too small
    (label `focal`): it does not balance classes, weights do. The loss is convex in q and not in the
    logits (at gamma = 2 not where q is below .058), so the minimum that is found, from the softmax
    fit, may be a local one.

    Parameters
    ----------
    gamma
        Exponent, from zero on; zero is the log-loss.

    Raises
    ------
    InputError
        For a number out of range.
    """

    gamma: float = 2.0

    cites = ("lin2017", "charoenphakdee2021")

    def __post_init__(self) -> None:
        as_parameter("The gamma of a focal loss", self.gamma)

    @property
    def id(self) -> str:
        """Stable name in ASCII."""
        return "focal" if self.gamma == 2 else f"focal-{self.gamma:g}"

    @property
    def label(self) -> str:
        """Name for people."""
        return "focal loss" if self.gamma == 2 else f"focal loss, gamma {self.gamma:g}"

    def log_force(self, against: FloatArray) -> FloatArray:
        """Logarithm of phi(q), the weight of a row relative to the log-loss.

        Parameters
        ----------
        against
            Log-odds log((1 - q)/q) against the own class.

        Returns
        -------
        Logarithms, of the same shape.
        """
        _, q, ratio = _shares(against)
        return np.asarray(
            np.log1p(self.gamma * q * ratio) - self.gamma * np.logaddexp(0.0, -against)
        )

    def log_probabilities(self, z: npt.ArrayLike, counts: npt.ArrayLike = ()) -> FloatArray:
        """p_k in proportion to q_k/phi(q_k), q = softmax(z) (Charoenphakdee et al. 2021)."""
        z = np.asarray(z, dtype=float)
        against = np.stack([_against(z, np.array(k)) for k in range(z.shape[-1])], axis=-1)
        log_q = -np.logaddexp(0.0, against)
        return softmax.log_probabilities(log_q - self.log_force(against))

    def _solve(self, problem: Problem) -> tuple[FloatArray, Any]:
        X, y, weights, sizes, ridge, tol, max_iter = problem
        K, kept = sizes.size, weights > 0
        _check_memory(K, int(kept.sum()), X.shape[1])
        control: dict[str, Any] = {"n_classes": K, "tol": tol, "max_iter": max_iter}
        fit = softmax.fit(X, y, weights, ridge=ridge, **control)
        if fit.status != "converged" or not self.gamma:
            return fit.theta, fit.status
        total = weights.sum()
        centre = weights[kept] @ X[kept] / total
        basis, Z = None, X[kept] - centre
        if len(Z) < Z.shape[1]:
            basis, across = np.linalg.qr(Z.T)
            Z = across.T
        start = fit.theta[:, 1:] if basis is None else fit.theta[:, 1:] @ basis
        start = np.column_stack([fit.theta @ np.r_[1.0, centre], start])
        rows = _Rows(
            np.column_stack([np.ones(len(Z)), Z]), y[kept], weights[kept] / total, ridge / total
        )
        found, converged = self._descend(rows, self._shrunk(rows, start), tol, max_iter)
        slopes = found[:, 1:] if basis is None else found[:, 1:] @ basis.T
        theta = np.column_stack([found[:, 0] - slopes @ centre, slopes])
        return (theta, "converged") if converged else (theta * np.nan, "max-iter")

    def _shrunk(self, rows: _Rows, theta: FloatArray) -> FloatArray:
        """The best of some multiples of coefficients: at small ones all rows have curvature."""
        return min((s * theta for s in _SHRUNK), key=lambda theta: self._at(rows, theta).loss)

    def _descend(
        self, rows: _Rows, theta: FloatArray, tol: float, max_iter: int
    ) -> tuple[FloatArray, bool]:
        """Coefficients (K, q) at a minimum, and whether it was found.

        Steps are Newton's, damped (Levenberg and Marquardt) where these lead upwards.
        """
        now, damping = self._at(rows, theta), 0.0
        unit = rows.weights @ rows.design**2 / 2
        unit[1:] += rows.ridge
        for _ in range(max_iter):
            H = self._hessian(rows, now)
            done = bool((np.abs(now.score) <= tol * now.terms).all())
            while True:
                step = _newton(H, np.tile(damping * unit, len(theta) - 1), now.score)
                if step is not None:
                    if done and not damping:
                        return now.theta, True
                    slope = float((now.score * step).sum())
                    new = self._at(rows, now.theta + step)
                    if new.loss <= now.loss + 1e-4 * slope + 1e-15 * (1 + abs(now.loss)):
                        break
                damping = max(100 * damping, _LEAST_DAMPING)
                if damping > 1 / _LEAST_DAMPING:
                    return now.theta, False
            now, damping = new, damping / 100 if damping > _LEAST_DAMPING else 0.0
        return now.theta, False

    def _at(self, rows: _Rows, theta: FloatArray) -> _Point:
        design, y, weights, ridge = rows
        theta = theta - theta.mean(axis=0)
        z = design @ theta.T
        against = _against(z, y)
        away, _, ratio = _shares(against)
        residuals = np.exp(softmax.log_probabilities(z))
        residuals[np.arange(y.size), y] = -away
        pull = ridge * theta
        pull[:, 0] = 0.0
        loss = weights @ (away ** (1 + self.gamma) * ratio) + (pull * theta).sum() / 2
        forces = (weights * np.exp(self.log_force(against)))[:, None] * residuals
        terms = np.abs(forces).T @ np.abs(design) + np.abs(pull)
        return _Point(theta, against, residuals, float(loss), forces.T @ design + pull, terms)

    def _hessian(self, rows: _Rows, now: _Point) -> FloatArray:
        """Hessian (p, p) in contrasts against class 0."""
        (K, q), (design, y, weights, ridge) = now.theta.shape, rows
        forces = weights * np.exp(self.log_force(now.against))
        H = softmax.hessian(now.theta, design[:, 1:], y, forces, ridge=ridge)[1:, :, 1:, :]
        own = (now.residuals[:, 1:, None] * design[:, None, :]).reshape(y.size, (K - 1) * q)
        bend = weights * self._bend(now.against)
        return H.reshape(own.shape[1], -1) + (own.T * bend) @ own

    def _bend(self, against: FloatArray) -> FloatArray:
        """-q phi'(q) of each row."""
        (away, q, ratio), g = _shares(against), self.gamma
        return np.asarray(g * q * away ** (g - 1) * (2 - away * ratio + (g - 1) * q * ratio))


class _Rows(NamedTuple):
    """Rows with weights of sum one and centred features."""

    design: FloatArray
    """(n, q), ones first"""
    y: Any
    weights: FloatArray
    ridge: float


class _Point(NamedTuple):
    theta: FloatArray
    """(K, q), summing to zero over classes"""
    against: FloatArray
    """(n,) log-odds against the own classes"""
    residuals: FloatArray
    """(n, K) of the log-loss"""
    loss: float
    score: FloatArray
    """(K, q)"""
    terms: FloatArray
    """(K, q) sums of the absolute terms of the score"""


_LEAST_DAMPING = 1e-6
"""Of a step, in units of the curvature at equal probabilities; the largest is its inverse."""

_SHRUNK = (1.0, 0.5, 0.25, 0.125, 0.0625, 0.0)

_LEAST_LOG = -600.0
"""Of 1 - q, so that its powers are numbers."""


def _newton(H: FloatArray, damping: FloatArray, score: FloatArray) -> FloatArray | None:
    """Step (K, q) that has zero for class 0; None unless the damped Hessian is definite."""
    try:
        root = np.linalg.cholesky(H + np.diag(damping))
        step = np.linalg.solve(root.T, np.linalg.solve(root, score[1:].ravel()))
    except np.linalg.LinAlgError:
        return None
    return np.vstack([np.zeros(score.shape[1]), -step.reshape(len(score) - 1, -1)])


def _check_memory(n_classes: int, n_rows: int, n_features: int) -> None:
    size = (n_classes - 1) * (1 + min(n_rows, n_features))
    gib = 8 * max(size, n_rows) * size / 2**30
    if gib > _LARGEST:
        raise DataError(
            f"The focal loss with {n_classes} classes, {n_features} features and {n_rows} rows "
            f"would take {gib:.3g} GiB of memory; {_LARGEST} GiB is the limit. Drop features, or "
            "rows."
        )


def _against(z: FloatArray, y: Any) -> FloatArray:
    """log((1 - q)/q) (...) of the classes y (...), without the rounding of 1 - q."""
    own = y[..., None] == np.arange(z.shape[-1])
    others = np.where(own, -np.inf, z)
    most = others.max(axis=-1)
    total = np.log(np.exp(others - most[..., None]).sum(axis=-1))
    return np.asarray(most + total - np.where(own, z, 0.0).sum(axis=-1))


def _shares(against: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """1 - q above zero, q, and -log(q)/(1 - q), which is one at q = 1."""
    against = np.maximum(against, _LEAST_LOG)
    softplus = np.logaddexp(0.0, against)
    away = np.exp(against - softplus)
    return away, np.exp(-softplus), np.maximum(softplus / away, 1.0)
