"""Predictive performance of many fits on their test rows, block by block.

Arrays are class-major, (R, K, N) for R replicates, K classes and N test rows. No product or
reduction runs across replicates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.simulation.sources import Test

__all__ = ["BINARY", "MEASURES", "Evaluation", "Rows", "blocks", "total_of"]

_BLOCK_FLOATS = 2**17
"""Logits, and features if not shared, held at a time: 1 MiB. With all intermediate arrays a block
takes less than 8 MiB, or what one replicate needs if that is more."""

_FAR, _NOTHING = 300.0, -700.0
"""Logarithms: of a number whose square does not overflow, and of one that is negligible."""


@dataclass(frozen=True)
class Rows:
    """Test rows of T replicates; T = 1 if all share them."""

    across: FloatArray
    """(T, 1 + d, N) ones, then features"""
    own: IntArray
    """(T, N) position of the true class among the (K, N) logits"""
    y: IntArray
    """(T, N)"""
    weights: FloatArray
    """(T, N)"""

    @classmethod
    def of(cls, tests: list[Test]) -> Rows:
        parts = ((test.across, test.own, test.y, test.weights) for test in tests)
        return cls(*map(_stack, zip(*parts, strict=True)))


def _stack(arrays: tuple[Any, ...]) -> Any:
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


def blocks(tests: tuple[Test, ...], R: int, K: int) -> Iterator[tuple[IntArray, Rows]]:
    """Blocks of replicates with their test rows: shared, or equally many for each.

    Parameters
    ----------
    tests : tuple of Test
        One for all replicates, or one for each.
    R, K : int
        Replicates and classes.

    Yields
    ------
    Indices of the replicates, and their test rows.
    """
    sizes = np.array([test.y.size for test in tests])
    shared = Rows.of([tests[0]]) if len(tests) == 1 else None
    width = K + (0 if shared else 1 + tests[0].X.shape[1])
    for N in np.unique(sizes):
        group = np.arange(R) if shared else np.flatnonzero(sizes == N)
        size = max(1, _BLOCK_FLOATS // (width * max(int(N), 1)))
        for start in range(0, group.size, size):
            index = group[start : start + size]
            yield index, shared or Rows.of([tests[r] for r in index])


class Evaluation:
    """R fits on their test rows; intermediate results of several measures are computed once.

    Parameters
    ----------
    theta : array (R, K, 1 + d)
        Coefficients, intercept first.
    rows : Rows
    ridge : float
        On the mean-loss scale.
    best : float
        Minimum of the penalised log-loss over the test rows; NaN where it is not needed.
    """

    def __init__(self, theta: FloatArray, rows: Rows, ridge: float, best: float) -> None:
        self.theta, self.rows, self.ridge, self.best = theta, rows, ridge, best
        z, R = theta @ rows.across, len(theta)
        self._at = at = rows.own + (np.arange(R) * (z.size // R))[:, None]
        z -= z.reshape(-1).take(at)[:, None, :]
        z.reshape(-1)[at] = -np.inf
        self.ahead: FloatArray = z.max(axis=1)
        """(R, N) largest logit of another class minus that of the true class"""
        self.wrong = self.ahead > 0
        tied = self.ahead == 0
        if tied.any():
            r, i = np.nonzero(tied)
            y = np.broadcast_to(rows.y, tied.shape)
            self.wrong[r, i] = (z[r, :, i] == 0).argmax(axis=1) < y[r, i]
        self._z = z

    @cached_property
    def exponentials(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Exponentials of logits minus that of the true class (or the largest, to avoid overflow).

        exp(z) (R, K, N), negligible for the true class; its sum over the other classes (R, N); and
        the exponential of the true class, which broadcasts.
        """
        z, own = self._z, np.ones(())
        far = self.ahead > _FAR
        if far.any():
            base = np.where(far, self.ahead, 0.0)
            z -= base[:, None, :]
            own = np.exp(-base)
        z.reshape(-1)[self._at] = _NOTHING  # the exponential of minus infinity is slow
        e = np.exp(z, out=z)
        return e, e.sum(axis=1), own

    @cached_property
    def log_loss(self) -> FloatArray:
        """Weighted mean log-loss (R,), in nats."""
        _, others, own = self.exponentials
        losses = np.log1p(others)
        if own.ndim:
            far = self.ahead > _FAR
            losses[far] = np.log(others[far] + own[far]) + self.ahead[far]
        return self.mean(losses)

    @cached_property
    def log_odds(self) -> FloatArray:
        """Log-odds (R, N) of class 1 against class 0, for two classes."""
        return self.ahead * (1 - 2 * self.rows.y)

    def mean(self, values: FloatArray) -> FloatArray:
        """Weighted means (R,) over test rows of values (R, N)."""
        return total_of(values * self.rows.weights)


def total_of(values: FloatArray) -> FloatArray:
    """Sums (R,) over C-contiguous rows (R, N); a matrix product would mix replicates."""
    total: FloatArray = values.sum(axis=-1)
    return total


# --- measures, (R,) each --------------------------------------------------------------------------


def _error(evaluation: Evaluation) -> FloatArray:
    return evaluation.mean(evaluation.wrong)


def _worst_class_error(evaluation: Evaluation) -> FloatArray:
    R, K, _ = evaluation.theta.shape
    y, weights = evaluation.rows.y, evaluation.rows.weights
    bins = y + K * np.arange(R)[:, None]
    lost = np.bincount(bins.reshape(-1), (evaluation.wrong * weights).reshape(-1), R * K)
    bins = y + K * np.arange(len(y))[:, None]
    total = np.bincount(bins.reshape(-1), weights.reshape(-1), len(y) * K).reshape(-1, K)
    worst: FloatArray = (lost.reshape(R, K) / np.where(total > 0, total, 1.0)).max(axis=1)
    return worst


def _excess_risk(evaluation: Evaluation) -> FloatArray:
    coef = evaluation.theta[:, :, 1:]
    centred = coef - coef.mean(axis=1, keepdims=True)
    penalty = 0.5 * evaluation.ridge * total_of((centred**2).reshape(len(coef), -1))
    return evaluation.log_loss + penalty - evaluation.best


def _brier(evaluation: Evaluation) -> FloatArray:
    e, others, own = evaluation.exponentials
    return evaluation.mean(((e * e).sum(axis=1) + others**2) / (others + own) ** 2)


def _auc(evaluation: Evaluation) -> FloatArray:
    y, K = evaluation.rows.y, evaluation.theta.shape[1]
    if K == 2:
        return _mann_whitney(evaluation.log_odds, y == 1)
    z = evaluation.theta @ evaluation.rows.across
    e = np.exp(z - z.max(axis=1, keepdims=True))
    with np.errstate(divide="ignore"):
        odds = e / ((1.0 - np.eye(K)) @ e)
    return total_of(np.stack([_mann_whitney(odds[:, k], y == k) for k in range(K)], axis=1)) / K


def _mann_whitney(score: FloatArray, positive: npt.NDArray[np.bool_]) -> FloatArray:
    """Share (R,) of pairs in which the positive row has the larger score (R, N), ties half."""
    R, N = score.shape
    positive = np.broadcast_to(positive, score.shape)
    order = score.argsort(axis=1)
    ranked = np.take_along_axis(score, order, axis=1)
    hit = np.take_along_axis(positive, order, axis=1)
    below = np.cumsum(~hit, axis=1)  # negatives up to here
    twice = 2 * below  # integers also where ties count half
    new = ranked[:, 1:] != ranked[:, :-1]
    if not new.all():
        edge = np.ones((R, 1), dtype=bool)
        first = np.where(np.hstack([edge, new]), np.arange(N), 0)
        last = np.where(np.hstack([new, edge]), np.arange(N), N - 1)
        first = np.maximum.accumulate(first, axis=1)
        last = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
        before: IntArray = np.take_along_axis(below - ~hit, first, axis=1)
        twice = before + np.take_along_axis(below, last, axis=1)
    hits = positive.sum(axis=1)
    pairs = np.where((hits > 0) & (hits < N), 2.0 * hits * (N - hits), np.nan)
    return (twice * hit).sum(axis=1) / pairs


def _calibration_slope(evaluation: Evaluation) -> FloatArray:
    rows = evaluation.rows
    found = softmax.fit(evaluation.log_odds[:, :, None], rows.y, rows.weights, n_classes=2)
    slope: FloatArray = found.coef[:, 1, 0] - found.coef[:, 0, 0]
    return slope


def _calibration_intercept(evaluation: Evaluation) -> FloatArray:
    rows, half = evaluation.rows, 0.5 * evaluation.log_odds
    offset = np.stack([-half, half], axis=2)
    none = np.empty((*half.shape, 0))
    found = softmax.fit(none, rows.y, rows.weights, n_classes=2, offset=offset)
    intercept: FloatArray = found.intercept[:, 1] - found.intercept[:, 0]
    return intercept


MEASURES: dict[str, Callable[[Evaluation], FloatArray]] = {
    "log-loss": lambda evaluation: evaluation.log_loss,
    "error": _error,
    "worst-class error": _worst_class_error,
    "excess risk": _excess_risk,
    "Brier": _brier,
    "AUC": _auc,
    "calibration slope": _calibration_slope,
    "calibration intercept": _calibration_intercept,
}
"""Measures (R,) of R fits, by name."""

BINARY = ("calibration slope", "calibration intercept")
"""Those that are defined for two classes alone."""
