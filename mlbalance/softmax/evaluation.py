"""A block of problems at a point: objective, score, Hessian, and products with the Hessian.

Arrays have the problems first; coefficients are relative to class 0, whose own are zero.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self, cast

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.softmax.batch import Problems
from mlbalance.softmax.curvature import (
    by_class_pairs,
    class_pair_curvature,
    column_products,
    log_loss_curvature,
)
from mlbalance.softmax.metric import Even
from mlbalance.softmax.objective import add_penalty_curvature

_KEPT_PRODUCTS = 2**21
"""Doubles of column products of one problem up to which they are kept: 16 MiB."""

DIRECT = 200
"""Parameters up to which the Hessian of a problem is formed; twice as many for two classes if rows
are few."""

_FEW_ROWS = 4
"""Rows per column up to which problems are ill conditioned, and L-BFGS takes hundreds of steps. Of
more than two classes the Hessian takes as long as these."""

_UNDERFLOW = 1e-280
"""Sum of the residuals of a class below which they have lost digits, and prove no zero score."""

_FEW_CLASSES = 32
"""Classes up to which sums over all other classes are one matrix product."""


class _Stack:
    """Arrays that all have the problems of a block as their first axis."""

    def take(self, index: Any) -> Self:
        """The problems at `index`."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return type(self)(**{k: None if v is None else v[index] for k, v in parts.items()})


@dataclass(frozen=True)
class Task(_Stack):
    """R problems of n rows, K classes and q columns, with arrays that steps do not change."""

    Z: FloatArray  # (R, n, q)
    across: FloatArray  # (R, q, n), Z transposed
    products: FloatArray | None  # (R, q (q + 1) / 2, n), unless too many
    own: IntArray  # (R, n) position of the own class among the (K, n) of a problem
    weights: FloatArray  # (R, n)
    offset: FloatArray | None  # (R, K, n)
    penalty: FloatArray | None  # (R, K, K)
    share: FloatArray | None  # (R, 1, q - 1), of the penalty by column, unless it is all of it
    bound: FloatArray  # (R, K, q), largest diagonal of the Hessian
    reach: FloatArray  # (R, 1, q), largest absolute terms of the score
    even: FloatArray | None  # (R, q, q), Hessian at equal probabilities, where parameters are many

    @classmethod
    def of(cls, problems: Problems, penalty: FloatArray, order: IntArray) -> Task:
        """Problems with their classes in the order (R, K), penalty (K, K) on the scale given."""
        Z, n = problems.Z, problems.y.shape[1]
        y = np.take_along_axis(order.argsort(axis=1), problems.y, axis=1)
        spread = 0.5 * (problems.weights[:, None, :] @ Z**2)
        bound = np.repeat(spread, order.shape[1], axis=1)
        offset, scaled = problems.offset, None
        share = None if problems.unit is None else problems.unit**-2.0
        if offset is not None:
            offset = np.take_along_axis(offset, order[:, :, None], axis=1)
        if penalty.any():
            scaled = penalty[order[:, :, None], order[:, None, :]] / problems.total[:, None, None]
            own = np.diagonal(scaled, axis1=1, axis2=2)[:, :, None]
            bound[..., 1:] += own if share is None else own * share
        K, q = order.shape[1], Z.shape[2]
        few = K == 2 and n <= _FEW_ROWS * q
        direct = (K - 1) * q <= DIRECT * (2 if few else 1)
        kept = direct and n * q * (q + 1) // 2 <= _KEPT_PRODUCTS
        across = np.ascontiguousarray(np.swapaxes(Z, 1, 2))
        return cls(
            Z=Z,
            across=across,
            products=column_products(across) if kept else None,
            own=y * n + np.arange(n),
            weights=problems.weights,
            offset=offset,
            penalty=scaled,
            share=share,
            bound=bound,
            reach=problems.weights[:, None, :] @ np.abs(Z),
            even=None if direct else even_curvature(Z, problems.weights, scaled, share, K),
        )

    @property
    def y(self) -> IntArray:
        """Labels (R, n) in the order of the problem's classes."""
        return self.own // self.own.shape[1]

    @property
    def direct(self) -> bool:
        """Whether parameters are so few that Hessians are formed."""
        return self.even is None

    @property
    def metric(self) -> Even:
        """Metric of one problem of many parameters."""
        return Even(np.linalg.cholesky(cast(FloatArray, self.even)[0]))

    @property
    def doubtful(self) -> bool:
        """Whether there may be no minimiser."""
        return self.penalty is None

    def at(self, theta: FloatArray) -> Point:
        """Evaluate the objective and its gradient at theta (R, K, q)."""
        return Point.at(self, theta)

    def hessian(self, now: Point) -> FloatArray:
        """Hessian (R, K - 1, q, K - 1, q) in the contrasts."""
        at = now.p[:, 1:], now.others[:, 1:], self.weights, self.across
        if self.products is None and by_class_pairs(now.p.shape[1] - 1, self.across.shape[1]):
            H = class_pair_curvature(*at)
        else:
            H = log_loss_curvature(*at, self.products)
        if self.penalty is not None:
            add_penalty_curvature(H, self.penalty[:, 1:, 1:], self.share)
        return H

    def product(self, now: Point, v: FloatArray) -> FloatArray:
        """Hessian of all classes times v (R, K, q), without forming it."""
        z = v @ self.across
        mean = (now.p * z).sum(axis=1, keepdims=True)
        product = (now.p * (z - mean) * self.weights[:, None, :]) @ self.Z
        product += self.pull(v)
        return product

    def sums(self, now: Point, index: Any = slice(None)) -> FloatArray:
        """Sums (R, K, q) of the absolute terms of the score, of the problems at `index`."""
        return np.abs(now.weighted[index]) @ np.abs(self.Z[index])

    def longest_step(self, now: Point, direction: FloatArray) -> FloatArray:
        """Share (R,) of each step beyond which the loss of one row exceeds that of all now.

        The loss of a row is at least what another class is ahead of its own.
        """
        z, along = now.theta @ self.across, direction @ self.across
        z = z if self.offset is None else z + self.offset
        own = self.y[:, None, :]
        behind = z - np.take_along_axis(z, own, axis=1)
        falling = along - np.take_along_axis(along, own, axis=1)
        most = now.loss[:, None, None] / np.maximum(self.weights, 1e-200)[:, None, :]
        # Where the loss is that of one row, rounding must not forbid every step.
        allowed = np.maximum(most - behind, 1e-12 * most) + np.finfo(float).tiny
        return np.asarray((allowed / np.maximum(allowed, falling)).min(axis=(1, 2)))

    def pull(self, theta: FloatArray) -> FloatArray:
        """Gradient (R, K, q) of the penalty."""
        if self.penalty is None:
            return np.zeros_like(theta)
        pull = self.penalty @ theta
        pull[..., 0] = 0.0
        if self.share is not None:
            pull[..., 1:] *= self.share
        return pull


@dataclass(frozen=True)
class Point(_Stack):
    """R problems at coefficients theta."""

    theta: FloatArray  # (R, K, q)
    p: FloatArray  # (R, K, n)
    others: FloatArray  # (R, K, n), 1 - p without its rounding
    weighted: FloatArray  # (R, K, n), weights times p - e_y
    loss: FloatArray  # (R,)
    gradient: FloatArray  # (R, K, q)

    @classmethod
    def at(cls, task: Task, theta: FloatArray) -> Point:
        """Evaluate the objective and its gradient at theta (R, K, q)."""
        R = len(theta)
        z = theta @ task.across
        if task.offset is not None:
            z += task.offset
        z -= z.max(axis=1, keepdims=True)
        own = task.own + (np.arange(R) * (z.size // R))[:, None]
        z_own = z.reshape(-1).take(own)
        p = np.exp(z, out=z)
        total = p.sum(axis=1)
        loss = ((np.log(total) - z_own) * task.weights).sum(axis=1)
        p *= np.reciprocal(total)[:, None, :]
        others = _others(p)
        weighted = p * task.weights[:, None, :]
        weighted.reshape(-1)[own] = -task.weights * others.reshape(-1).take(own)
        gradient = weighted @ task.Z
        if task.penalty is not None:
            pull = task.pull(theta)
            loss += 0.5 * (pull * theta).sum(axis=(1, 2))
            gradient += pull
        return cls(theta, p, others, weighted, loss, gradient)


def _others(p: FloatArray) -> FloatArray:
    """Sums (R, K, n) of the probabilities p (R, K, n) of all other classes, relatively exact."""
    K = p.shape[1]
    if K <= _FEW_CLASSES:
        return (1.0 - np.eye(K)) @ p
    # 1 - p loses digits where p is near one, as that of the largest class may be and no other.
    others, first = 1.0 - p, p.argmax(axis=1)[:, None, :]
    rest = p.copy()
    np.put_along_axis(rest, first, 0.0, axis=1)
    np.put_along_axis(others, first, rest.sum(axis=1, keepdims=True), axis=1)
    return others


def even_curvature(
    Z: FloatArray,
    weights: FloatArray,
    penalty: FloatArray | None,
    share: FloatArray | None,
    K: int,
) -> FloatArray:
    """Hessian (R, q, q) at equal probabilities, the same block for every class of a problem."""
    even: FloatArray = np.swapaxes(Z * weights[:, :, None], 1, 2) @ Z / K
    diagonal = np.einsum("rjj->rj", even)
    if penalty is not None:
        own = np.trace(penalty, axis1=1, axis2=2)[:, None] / (K - 1)
        diagonal[:, 1:] += own if share is None else own * share[:, 0]
    diagonal += 1e-10 * np.where(diagonal > 0, diagonal, 1.0)
    return even


def relative_score(task: Task, now: Point, tol: float | None = None) -> FloatArray:
    """Largest component of the score (R,) relative to its `score_terms`.

    With `tol`, infinite where a bound on the terms shows, without their sum, that it exceeds `tol`.
    """
    size, pull = np.abs(now.gradient), task.pull(now.theta)
    near: Any = slice(None)
    norm = np.full(len(size), np.inf)
    if tol is not None:
        bound = 2.0 * task.reach + np.sum(np.abs(pull), axis=1, keepdims=True)
        near = np.flatnonzero((size <= tol * bound).all(axis=(1, 2)))
        if not near.size:
            return norm
        near = slice(None) if near.size == len(size) else near
    terms = score_terms(task.sums(now, near), pull[near])
    judged = (terms[..., 0] > _UNDERFLOW).all(axis=1)
    ratio = (size[near] / np.where(terms > 0, terms, 1.0)).max(axis=(1, 2))
    norm[near] = np.where(judged, ratio, np.inf)
    return norm


def score_terms(sums: FloatArray, pull: FloatArray) -> FloatArray:
    """Sizes (R, K, q) with which the components of the score are compared.

    The `sums` of the absolute terms of a component, and that of the pull; or, if that is more, of
    its residuals times the feature's mean size over the residuals of all classes: a feature that
    is zero in the rows of one class is resolved by those of the others.
    """
    terms: FloatArray = sums + np.abs(pull)
    residuals = terms[..., :1]
    total = residuals.sum(axis=1, keepdims=True)
    typical = terms.sum(axis=1, keepdims=True) / np.where(total > 0, total, 1.0)
    return np.maximum(terms, residuals * typical)
