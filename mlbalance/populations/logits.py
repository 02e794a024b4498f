"""Distribution of the logits that a linear fit gives to new rows of Gaussian classes.

Balancing changes the means and covariances of these Gaussian logits, averaging bags the covariances
only, and a correction is an offset. Class errors, log-loss and calibration follow by quadrature,
without test rows, for one fit (`Logits.of`) and for the limit of fits alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_floats, as_prior
from mlbalance.populations.quadrature import normal_rules

__all__ = ["Calibration", "Logits"]

_POINTS = 8192  # of class errors


class Calibration(NamedTuple):
    """Intercepts and slope of the logistic regression of the labels on the logits."""

    intercept: FloatArray
    """(K,), summing to zero; zero when calibrated. For two classes the difference of the two is
    what is reported as the calibration intercept."""
    slope: float
    """One when calibrated; below one, probabilities are too extreme."""


@dataclass(frozen=True, eq=False)
class Logits:
    """Gaussian logits N(mean[k], covariance[k]) of a new row of class k.

    Methods take an offset (K,), which is added to the logits first. The error of quadrature is
    below 1e-7 for two and three classes that are not nearly separated. For more, class errors are
    within 1e-4, and log-losses and calibration slopes within 2e-3 (six classes) or 1e-2 (ten), by
    the same nodes in every law.

    Parameters
    ----------
    mean : array (K, K)
        Mean logits of each class (row); only differences within a row count.
    covariance : array (K, K, K)
        Covariance of the logits within each class (first axis).
    prior : array (K,), optional
        Shares of the classes in the averages over rows; uniform by default.
    """

    mean: FloatArray
    covariance: FloatArray
    prior: FloatArray | None = None

    @classmethod
    def of(cls, theta: FloatArray, X: FloatArray, y: IntArray) -> Logits:
        """Logits of a fit at Gaussian classes with the moments of these points.

        Parameters
        ----------
        theta : array (K, 1 + d)
            Intercepts and slopes of a fit.
        X : array (n, d)
            Points whose mean and covariance (divisor n_k) within each class are those of the
            class; the same number for every class.
        y : array (n,)
            Classes of the points.

        Returns
        -------
        Logits
            With the uniform prior.

        Raises
        ------
        DataError
            For fewer than K - 1 features: the logits then have a singular distribution.
        """
        if theta.shape[1] < len(theta):
            raise DataError(
                f"The logits of {len(theta)} classes need {len(theta) - 1} features or more; "
                f"theta has {theta.shape[1] - 1}."
            )
        z = np.stack([X[y == k] for k in range(len(theta))]) @ theta[:, 1:].T
        mean = z.mean(axis=1)
        away = z - mean[:, None]
        return cls(mean + theta[:, 0], np.einsum("knc,kne->kce", away, away) / z.shape[1])

    @cached_property
    def _prior(self) -> FloatArray:
        return as_prior(self.prior, self.n_classes)

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return len(self.mean)

    def class_errors(self, offset: npt.ArrayLike | None = None) -> FloatArray:
        """Probability (K,) that the largest logit of a row is not that of its class."""
        K, shifted = self.n_classes, self.mean + self._offset(offset)
        errors = np.empty(K)
        for k in range(K):
            others = self._rivals[k]
            errors[k] = 1 - _orthant(others @ shifted[k], others @ self.covariance[k] @ others.T)
        return errors

    def balanced_error(self, offset: npt.ArrayLike | None = None) -> float:
        """Mean of the class errors, weighted by the prior."""
        return float(self._prior @ self.class_errors(offset))

    def worst_class_error(self, offset: npt.ArrayLike | None = None) -> float:
        """Largest class error.

        Where two class errors have the same limit, the mean of their largest over fits tends to it
        from above, at rate 1/sqrt(d), since both fluctuate.
        """
        return float(self.class_errors(offset).max())

    def log_loss(self, offset: npt.ArrayLike | None = None) -> float:
        """Mean of minus the log probability of the true class, in nats, weighted by the prior."""
        points, weights = self._rows
        return float((weights * _losses(points + self._offset(offset))).sum())

    def calibration(
        self, offset: npt.ArrayLike | None = None, *, slope: float | None = None
    ) -> Calibration:
        """Intercepts and slope with the smallest log-loss of intercept + slope * logits.

        Of two classes with logits of one covariance, means +m and -m about b on the margin and its
        variance q: slope 2 m / q and intercept -2 m b / q (label `calibration-slope`).

        Parameters
        ----------
        offset : array (K,), optional
            Added to the logits first.
        slope : float, optional
            Fixed slope, for intercepts alone. Those at slope one are the limit of intercepts fitted
            to leave-one-out logits (label `loo-intercept`).

        Returns
        -------
        Calibration
        """
        points, weights = self._rows
        points = points + self._offset(offset)
        points = points - points.mean(axis=2, keepdims=True)
        return _recalibrate(points, weights, slope)

    def best_offset(self) -> FloatArray:
        """Offset (K,) with the smallest prior-weighted error, its mean zero."""
        from scipy.optimize import minimize

        start = self.calibration()
        offset = start.intercept / start.slope if start.slope > 0 else np.zeros(self.n_classes)
        found = minimize(
            lambda free: self.balanced_error(np.append(free, -free.sum())),
            offset[:-1],
            method="BFGS",
            options={"gtol": 1e-9, "eps": 1e-6},
        )
        return np.append(found.x, -found.x.sum())

    def _offset(self, offset: npt.ArrayLike | None) -> FloatArray:
        if offset is None:
            return np.zeros(self.n_classes)
        given = as_floats(offset, DataError, "An offset is one number per class")
        if given.shape != (self.n_classes,) or not np.isfinite(given).all():
            raise DataError(
                f"An offset is one finite number for each of {self.n_classes} classes; "
                f"{offset!r} is not."
            )
        return given

    @cached_property
    def _rivals(self) -> list[FloatArray]:
        """(K - 1, K) differences from each class's logit, the likeliest to exceed it first.

        The order makes the quadrature accurate; kept at every offset, it keeps errors smooth.
        """
        rivals = []
        for k, (mean, covariance) in enumerate(zip(self.mean, self.covariance, strict=True)):
            others = np.delete(np.eye(self.n_classes), k, axis=0) - np.eye(self.n_classes)[k]
            spread = np.sqrt(np.einsum("ic,cd,id->i", others, covariance, others))
            rivals.append(others[np.argsort(-(others @ mean) / spread)])
        return rivals

    @cached_property
    def _rows(self) -> tuple[FloatArray, FloatArray]:
        """Logits (K, N, K) at nodes of each class, and weights (K, N) by the prior."""
        from scipy.linalg import helmert

        K = self.n_classes
        # Basis and symmetric root are unique, so that the nodes are the same on every processor.
        basis = helmert(K).T
        rule = normal_rules(K - 1)[0]
        values, vectors = np.linalg.eigh(basis.T @ self.covariance @ basis)
        roots = (vectors * np.sqrt(np.maximum(values, 0))[:, None, :]) @ vectors.swapaxes(1, 2)
        points = self.mean[:, None, :] + np.einsum("cd,kde,en->knc", basis, roots, rule.points.T)
        return points, self._prior[:, None] * rule.weights


def _orthant(mean: FloatArray, covariance: FloatArray) -> float:
    """Probability that every coordinate of N(mean, covariance) is negative (Genz's transform).

    A sum over fixed nodes, and so smooth in the mean: the best offset is searched by slopes.
    """
    from scipy.special import ndtr, ndtri

    root = np.linalg.cholesky(covariance)
    inside = ndtr(-mean[0] / root[0, 0])
    if len(mean) == 1:
        return float(inside)
    rule = normal_rules(len(mean) - 1, None if len(mean) < 4 else _POINTS)[0]
    uniforms = ndtr(rule.points.T)
    drawn, total = np.empty_like(uniforms), np.full(rule.weights.size, inside)
    for i, uniform in enumerate(uniforms, start=1):
        drawn[i - 1] = ndtri(uniform * inside)
        inside = ndtr(-(mean[i] + root[i, :i] @ drawn[:i]) / root[i, i])
        total *= inside
    return float(rule.weights @ total)


def _losses(points: FloatArray) -> FloatArray:
    from scipy.special import logsumexp

    own = np.stack([part[:, k] for k, part in enumerate(points)])
    return np.asarray(logsumexp(points, axis=2) - own)


def _recalibrate(points: FloatArray, weights: FloatArray, slope: float | None) -> Calibration:
    """Minimiser of the log-loss of intercepts plus slope times points (K, N, K), by class."""
    from scipy.optimize import minimize

    K = len(points)
    size = float(np.sqrt((weights * (points**2).sum(axis=2)).sum())) or 1.0
    risk = _RecalibratedRisk(points / size, weights)
    start = np.append(1.0 if slope is None else slope * size, np.zeros(K))
    # The slope unless it is given, and the intercepts against the first.
    free = np.arange(0 if slope is None else 2, K + 1)
    free = free[free != 1]

    def whole(values: FloatArray) -> FloatArray:
        full = start.copy()
        full[free] = values
        return full

    def value(values: FloatArray) -> tuple[float, FloatArray]:
        loss, gradient = risk.value(whole(values))
        return loss, gradient[free]

    def hessian(values: FloatArray) -> FloatArray:
        return risk.hessian(whole(values))[np.ix_(free, free)]

    options = {"gtol": 1e-9, "maxiter": 200}
    found = minimize(
        value, start[free], jac=True, hess=hessian, method="trust-exact", options=options
    ).x
    full = whole(found - np.linalg.solve(hessian(found), value(found)[1]))
    return Calibration(full[1:] - full[1:].mean(), float(full[0]) / size)


class _RecalibratedRisk:
    """Log-loss of points (K, N, K) by class, as a function of slope and intercepts (1 + K,)."""

    def __init__(self, points: FloatArray, weights: FloatArray) -> None:
        K = len(points)
        own = np.stack([part[:, k] for k, part in enumerate(points)])
        # The loss is linear in the logits of the own class.
        self._own = np.append((weights * own).sum(), weights.sum(axis=1))
        self._weights = weights.ravel()
        self._logits = np.ascontiguousarray(points.reshape(-1, K).T)  # class by class

    def value(self, values: FloatArray) -> tuple[float, FloatArray]:
        """Log-loss and its gradient."""
        normaliser, p, mean = self._at(values)
        loss = float(self._weights @ normaliser - self._own @ values)
        return loss, np.append(self._weights @ mean, p @ self._weights) - self._own

    def hessian(self, values: FloatArray) -> FloatArray:
        """Second derivatives (1 + K, 1 + K)."""
        _, p, mean = self._at(values)
        away, mass = self._logits - mean, self._weights * p
        moment = mass * away
        hessian = np.empty((values.size, values.size))
        hessian[0, 0] = (moment * away).sum()
        hessian[0, 1:] = hessian[1:, 0] = moment.sum(axis=1)
        hessian[1:, 1:] = np.diag(mass.sum(axis=1)) - mass @ p.T
        return hessian

    def _at(self, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Of each point the logarithm of the softmax's sum, probabilities and their mean logit."""
        z = values[0] * self._logits + values[1:, None]
        largest = z.max(axis=0)
        z -= largest
        p = np.exp(z, out=z)
        total = p.sum(axis=0)
        p /= total
        return np.log(total) + largest, p, (p * self._logits).sum(axis=0)
