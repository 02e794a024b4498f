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

_LARGEST_BYTES = 2**30
"""Memory limit for the Hessian."""


@dataclass(frozen=True)
class Focal(LogitLoss):
    """Focal loss (1 - q)^gamma (-log q), q the probability of the own class (Lin et al. 2017).

    It decides as the log-loss does where the model is correctly specified, with logits that are too
    small (label `focal`): it does not balance classes, weights do. The loss is convex in q and not
    in the logits, so the minimum that is found, from the softmax fit, may be a local one.

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

    def force(self, log_q: FloatArray) -> FloatArray:
        """Weight phi(q) of a row relative to the log-loss.

        Parameters
        ----------
        log_q
            Log-probabilities.

        Returns
        -------
        phi(q) of the same shape, above zero unless q is one.
        """
        away, ratio = _away(log_q)
        return np.asarray(away**self.gamma * (1 + self.gamma * np.exp(log_q) * ratio))

    def log_probabilities(self, z: npt.ArrayLike, counts: npt.ArrayLike = ()) -> FloatArray:
        """p_k in proportion to q_k/phi(q_k), q = softmax(z) (Charoenphakdee et al. 2021)."""
        log_q = softmax.log_probabilities(z)
        with np.errstate(divide="ignore"):
            log_p = log_q - np.log(self.force(log_q))
        # Where q is one to rounding its log-odds are -log of a force that is zero.
        return softmax.log_probabilities(np.minimum(log_p, _LARGEST_LOG))

    def _solve(self, problem: Problem) -> tuple[FloatArray, Any]:
        X, y, weights, sizes, ridge, tol, max_iter = problem
        K, kept = sizes.size, weights > 0
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
        found, converged = self._descend(
            _Rows(Z, y[kept], weights[kept] / total, ridge / total), start, tol, max_iter
        )
        slopes = found[:, 1:] if basis is None else found[:, 1:] @ basis.T
        theta = np.column_stack([found[:, 0] - slopes @ centre, slopes])
        return (theta, "converged") if converged else (theta * np.nan, "max-iter")

    def _descend(
        self, rows: _Rows, theta: FloatArray, tol: float, max_iter: int
    ) -> tuple[FloatArray, bool]:
        """Coefficients (K, q) at a minimum, and whether it was found."""
        now = self._at(rows, theta)
        for _ in range(max_iter):
            direction, convex = self._direction(rows, now)
            if convex and (np.abs(now.score) <= tol * now.terms).all():
                return now.theta, True
            slope, length = float((now.score * direction).sum()), 1.0
            slack = 1e-15 * (1 + abs(now.loss))
            new = self._at(rows, now.theta + direction)
            while not new.loss <= now.loss + 1e-4 * length * slope + slack and length > 1e-10:
                length /= 2
                new = self._at(rows, now.theta + length * direction)
            now = new
        return now.theta, False

    def _at(self, rows: _Rows, theta: FloatArray) -> _Point:
        Z, y, weights, ridge = rows
        theta = theta - theta.mean(axis=0)
        log_p = softmax.log_probabilities(softmax.logits(theta, Z))
        log_q = log_p[np.arange(y.size), y]
        residuals = np.exp(log_p)
        residuals[np.arange(y.size), y] = np.expm1(log_q)
        pull = ridge * theta
        pull[:, 0] = 0.0
        loss = -weights @ (_away(log_q)[0] ** self.gamma * log_q) + (pull * theta).sum() / 2
        forces = (weights * self.force(log_q))[:, None] * residuals
        design = np.column_stack([np.ones(len(Z)), Z])
        terms = np.abs(forces).T @ np.abs(design) + np.abs(pull)
        return _Point(theta, log_q, residuals, float(loss), forces.T @ design + pull, terms)

    def _direction(self, rows: _Rows, now: _Point) -> tuple[FloatArray, bool]:
        """Newton step (K, q), and whether the Hessian is positive definite.

        Where it is not, rows with negative curvature along their own logit are taken without it.
        """
        Z, y, weights, ridge = rows
        (K, q), log_q = now.theta.shape, now.log_q
        size = (K - 1) * q
        if 8 * max(size, len(Z)) * size > _LARGEST_BYTES:
            raise DataError(
                f"The focal loss with {K} classes, {q - 1} features and {len(Z)} rows would take "
                f"{8 * max(size, len(Z)) * size / 2**30:.3g} GiB of memory; "
                f"{_LARGEST_BYTES / 2**30:.3g} GiB is the limit. Drop features, or rows."
            )
        forces = weights * self.force(log_q)
        convex = softmax.hessian(now.theta, Z, y, forces, ridge=ridge)[1:, :, 1:, :]
        own = now.residuals[:, 1:, None] * np.column_stack([np.ones(len(Z)), Z])[:, None, :]
        own = own.reshape(len(Z), size)
        bend = weights * self._bend(log_q)
        step = np.zeros((K, q))
        for part in (bend, np.maximum(bend, 0.0)):
            H = convex.reshape(size, size) + (own.T * part) @ own
            try:
                np.linalg.cholesky(H)
            except np.linalg.LinAlgError:
                continue
            break
        step[1:] = -np.linalg.solve(H, now.score[1:].ravel()).reshape(K - 1, q)
        return step, part is bend

    def _bend(self, log_q: FloatArray) -> FloatArray:
        """-q phi'(q) of each row."""
        away, ratio = _away(log_q)
        g, q = self.gamma, np.exp(log_q)
        return np.asarray(g * q * away ** (g - 1) * (2 + log_q + (g - 1) * q * ratio))


class _Rows(NamedTuple):
    """Rows with weights of sum one and centred features."""

    Z: FloatArray
    y: Any
    weights: FloatArray
    ridge: float


class _Point(NamedTuple):
    theta: FloatArray
    """(K, q), summing to zero over classes"""
    log_q: FloatArray
    """(n,) of own classes"""
    residuals: FloatArray
    """(n, K) of the log-loss"""
    loss: float
    score: FloatArray
    """(K, q)"""
    terms: FloatArray
    """(K, q) sums of the absolute terms of the score"""


_LEAST = 1e-300
"""Smallest 1 - q: its powers below zero are then numbers."""
_LARGEST_LOG = 700.0


def _away(log_q: FloatArray) -> tuple[FloatArray, FloatArray]:
    """1 - q, and -log(q)/(1 - q), which is one at q = 1."""
    away = np.maximum(-np.expm1(log_q), _LEAST)
    return away, np.where(away > _LEAST, -log_q / away, 1.0)
