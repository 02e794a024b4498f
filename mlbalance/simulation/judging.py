"""Predictive performance of many coefficients on their test rows, block by block.

Arrays are class-major, (R, K, N) for R replicates, K classes and N test rows, and no product or
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

__all__ = ["BINARY", "MEASURES", "Judged", "Rows", "blocks", "total_of"]

_BLOCK_FLOATS = 2**17
"""Logits, and features if not shared, held at a time: 1 MiB. With all that is made of them a block
takes less than 8 MiB, or what one replicate needs if that is more."""


@dataclass(frozen=True)
class Rows:
    """Test rows of T replicates, T being one if they share them."""

    across: FloatArray
    """(T, 1 + d, N) ones, then features"""
    own: IntArray
    """(T, N) position of the own class among the (K, N) logits"""
    y: IntArray
    """(T, N)"""
    weights: FloatArray
    """(T, N)"""

    @classmethod
    def of(cls, tests: list[Test]) -> Rows:
        parts = ((test.across, test.own, test.y, test.weights) for test in tests)
        return cls(*map(_stacked, zip(*parts, strict=True)))


def _stacked(arrays: tuple[Any, ...]) -> Any:
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


def blocks(tests: tuple[Test, ...], R: int, K: int) -> Iterator[tuple[IntArray, Rows]]:
    """Replicates that are judged at once, and their rows: shared, or as many for each."""
    sizes = np.array([test.y.size for test in tests])
    shared = Rows.of([tests[0]]) if len(tests) == 1 else None
    width = K + (0 if shared else 1 + tests[0].X.shape[1])
    for N in np.unique(sizes):
        group = np.arange(R) if shared else np.flatnonzero(sizes == N)
        size = max(1, _BLOCK_FLOATS // (width * max(int(N), 1)))
        for start in range(0, group.size, size):
            index = group[start : start + size]
            yield index, shared or Rows.of([tests[r] for r in index])


class Judged:
    """R replicates on their test rows; what several measures need is worked out once."""

    def __init__(self, theta: FloatArray, rows: Rows, ridge: float, best: float) -> None:
        self.theta, self.rows, self.ridge, self.best = theta, rows, ridge, best
        z, R = theta @ rows.across, len(theta)
        self._at = at = rows.own + (np.arange(R) * (z.size // R))[:, None]
        self.own: FloatArray = z.reshape(-1).take(at)
        z.reshape(-1)[at] = -np.inf
        self.other: FloatArray = z.max(axis=1)
        self.wrong = self.other > self.own
        tied = self.other == self.own
        if tied.any():
            r, i = np.nonzero(tied)
            y = np.broadcast_to(rows.y, self.own.shape)
            first = (z[r, :, i] == self.own[r, i, None]).argmax(axis=1)
            self.wrong[r, i] = first < y[r, i]
        self._z = z

    @cached_property
    def exponentials(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Of logits relative to the row's largest.

        exp(z) (R, K, N), zero for the own class; its sum over classes (R, N); that of the own
        class; and the logarithm of the latter.
        """
        top = np.maximum(self.own, self.other)
        z, log_own = self._z, self.own - top
        z.reshape(-1)[self._at] = self.own  # the exponential of minus infinity takes long
        z -= top[:, None, :]
        e = np.exp(z, out=z)
        own = e.reshape(-1).take(self._at)
        e.reshape(-1)[self._at] = 0.0
        return e, e.sum(axis=1), own, log_own

    @cached_property
    def log_loss(self) -> FloatArray:
        _, others, own, log_own = self.exponentials
        return self.mean(np.log(others + own) - log_own)

    @cached_property
    def log_odds(self) -> FloatArray:
        """Of class 1 against 0 (R, N), for two classes."""
        return (self.own - self.other) * (2 * self.rows.y - 1)

    def mean(self, values: FloatArray) -> FloatArray:
        """Weighted sums (R,) of (R, N)."""
        return total_of(values * self.rows.weights)


def total_of(values: FloatArray) -> FloatArray:
    """Sums (R,) of C-contiguous rows (R, N); a matrix product would mix replicates."""
    total: FloatArray = values.sum(axis=-1)
    return total


# --- measures, each of a block of replicates (R,) ------------------------------------------------


def _error(judged: Judged) -> FloatArray:
    return judged.mean(judged.wrong)


def _worst_class_error(judged: Judged) -> FloatArray:
    R, K, _ = judged.theta.shape
    y, weights = judged.rows.y, judged.rows.weights
    bins = y + K * np.arange(R)[:, None]
    lost = np.bincount(bins.reshape(-1), (judged.wrong * weights).reshape(-1), R * K)
    bins = y + K * np.arange(len(y))[:, None]
    total = np.bincount(bins.reshape(-1), weights.reshape(-1), len(y) * K).reshape(-1, K)
    worst: FloatArray = (lost.reshape(R, K) / np.where(total > 0, total, 1.0)).max(axis=1)
    return worst


def _excess_risk(judged: Judged) -> FloatArray:
    coef = judged.theta[:, :, 1:]
    centred = coef - coef.mean(axis=1, keepdims=True)
    penalty = 0.5 * judged.ridge * total_of((centred**2).reshape(len(coef), -1))
    return judged.log_loss + penalty - judged.best


def _brier(judged: Judged) -> FloatArray:
    e, others, own, _ = judged.exponentials
    return judged.mean(((e * e).sum(axis=1) + others**2) / (others + own) ** 2)


def _auc(judged: Judged) -> FloatArray:
    y, K = judged.rows.y, judged.theta.shape[1]
    if K == 2:
        return _mann_whitney(judged.log_odds, y == 1)
    z = judged.theta @ judged.rows.across
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
    below = np.cumsum(~hit, axis=1)  # negatives up to here, so twice the count has no fractions
    twice = 2 * below
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


def _calibration_slope(judged: Judged) -> FloatArray:
    rows = judged.rows
    found = softmax.fit(judged.log_odds[:, :, None], rows.y, rows.weights, n_classes=2)
    slope: FloatArray = found.coef[:, 1, 0] - found.coef[:, 0, 0]
    return slope


def _calibration_intercept(judged: Judged) -> FloatArray:
    rows, half = judged.rows, 0.5 * judged.log_odds
    offset = np.stack([-half, half], axis=2)
    none = np.empty((*half.shape, 0))
    found = softmax.fit(none, rows.y, rows.weights, n_classes=2, offset=offset)
    intercept: FloatArray = found.intercept[:, 1] - found.intercept[:, 0]
    return intercept


MEASURES: dict[str, Callable[[Judged], FloatArray]] = {
    "log-loss": lambda judged: judged.log_loss,
    "error": _error,
    "worst-class error": _worst_class_error,
    "excess risk": _excess_risk,
    "Brier": _brier,
    "AUC": _auc,
    "calibration slope": _calibration_slope,
    "calibration intercept": _calibration_intercept,
}

BINARY = ("calibration slope", "calibration intercept")
