"""Sums of scores and of their products over weighted points, fast where classes share the points.

Letters: M points (M, d) with masses (K, M) in K classes, q = 1 + d, C = K - 1, p = C q contrasts.
"""

from __future__ import annotations

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray

__all__ = ["score_sums"]

_CHUNK = 2**18  # products of pairs that stay in the cache


def score_sums(
    theta: FloatArray, points: FloatArray, masses: FloatArray, tau: FloatArray, *, classes: bool
) -> tuple[FloatArray, FloatArray]:
    """Mean score (K, p) of every class, and second moments: A (p, p), then those of `classes`.

    A second moment is the mean of u_ab z_i z_j, where z = (1, x) and u_ab is the product of two
    residuals, for a class, or the covariance of two indicators, for A. Only pairs a <= b and
    i <= j are summed, as one product of matrices: less than half the work of all p scores.
    """
    (K, q), C = theta.shape, len(theta) - 1
    a, b = np.triu_indices(C)
    others = (1.0 - np.eye(K))[1:]
    rows = K + 1 if classes else 1
    mean, second = np.zeros((K, C, q)), np.zeros((rows * a.size, q * (q + 1) // 2))
    length = max(128, _CHUNK // (K * a.size))
    for first in range(0, len(points), length):
        part = slice(first, first + length)
        z = np.vstack([np.ones(len(points[part])), points[part].T])
        p, mass = np.exp(softmax.log_probabilities(theta @ z, axis=0)), masses[:, part]
        products = np.empty((rows, a.size, z.shape[1]))
        weighted = p[1:] * (tau @ mass)
        products[0] = -weighted[a] * p[1:][b]
        products[0, a == b] = weighted * (others @ p)
        for k in range(K):
            r = p[1:].copy()
            if k:
                r[k - 1] -= 1
            weighted = r * mass[k]
            mean[k] += weighted @ z.T
            if classes:
                np.multiply(weighted[a], r[b], out=products[k + 1])
        second += _sum_pairs(products.reshape(-1, z.shape[1]), z)
    return mean.reshape(K, C * q), _unpack(second, C, q)


def _sum_pairs(products: FloatArray, z: FloatArray) -> FloatArray:
    """Sums over points of products (n, M) times z_i z_j, (n, q(q + 1)/2), i <= j."""
    i, j = np.triu_indices(len(z))
    if len(products) < len(z):
        return ((products[:, None] * z) @ z.T)[:, i, j]
    return products @ np.ascontiguousarray((z[i] * z[j]).T)


def _unpack(second: FloatArray, C: int, q: int) -> FloatArray:
    """Matrices (n, p, p) from their pairs a <= b of classes and i <= j of features."""
    (a, b), (i, j) = np.triu_indices(C), np.triu_indices(q)
    square = np.empty((len(second) // a.size, a.size, q, q))
    square[..., i, j] = square[..., j, i] = second.reshape(-1, a.size, i.size)
    full = np.empty((len(square), C, C, q, q))
    full[:, a, b] = full[:, b, a] = square
    return full.swapaxes(2, 3).reshape(-1, C * q, C * q)
