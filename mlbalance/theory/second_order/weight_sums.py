"""Expected sums, over the rows of a class, of products of two and three weights.

Letters: K classes, n_k = counts[k] rows, T_k the total weight of class k, q_k the sum of its
squared weights; W, W' and W'' are the weights of one row in three different bags.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.schemes import Scheme

__all__ = ["WeightSums", "weight_sums"]


class WeightSums(NamedTuple):
    """Sums of a scheme; for `Bagging`, of one bag and of two and three different ones."""

    bags: int
    squares: FloatArray
    """(K,) E sum W^2"""
    pairs: FloatArray
    """(K,) E sum W W', of two bags; the squares without bags"""
    cubes: FloatArray
    """(K,) E sum W^3"""
    twice: FloatArray
    """(K,) E sum W W'^2"""
    threes: FloatArray
    """(K,) E sum W W' W'', of three bags"""
    total_cov: FloatArray
    """(K, K) Cov(T_k, T_l)"""
    with_total: FloatArray
    """(K, K) Cov(q_k, T_l)"""
    total_third: FloatArray
    """(K, K, K) third cumulants of the totals"""


def weight_sums(scheme: Scheme, n_k: IntArray) -> WeightSums:
    """Sums for counts n_k (K,), exact but for `with_total` of a balanced sampler: asymptotic.

    Where totals are random, the terms of the totals of several bags are those of one bag.
    """
    one = scheme.one_bag
    tau, w = one.target(n_k), one.moments(n_k)
    squares, cubes = n_k * w.mean**2 * (1 + w.cv2), n_k * w.mean**3 * one.cubes(n_k)
    totals = _totals(one, n_k, tau, w.total_cov, squares, cubes)
    if one is scheme:
        return WeightSums(1, squares, squares, cubes, cubes, cubes, *totals)
    if scheme.disjoint:  # two bags have all rows of a class in common, or none
        whole = scheme.moments(n_k).overlap
        return WeightSums(
            scheme.bags, squares, squares * whole, cubes, cubes * whole, cubes * whole, *totals
        )
    return WeightSums(
        scheme.bags,
        squares,
        tau**2 / n_k,
        cubes,
        tau / n_k * squares,
        tau**3 / n_k**2,
        *totals,
    )


def _totals(
    scheme: Scheme,
    n_k: IntArray,
    tau: FloatArray,
    cov: FloatArray,
    squares: FloatArray,
    cubes: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Covariance of the totals, with the sums of squares, and third cumulants."""
    K = n_k.size
    third = np.zeros((K, K, K))
    if scheme.totals == "multinomial":
        N = scheme.rows_used(n_k).sum()
        with_total = ((1 + (2 * N * tau - 1) / n_k)[:, None] / N) * cov
        one, two = np.eye(K), np.diag(tau)
        pair = two[:, :, None] * tau
        sym = pair + pair.transpose(0, 2, 1) + pair.transpose(2, 0, 1)
        third = np.einsum("k,ka,kb,kc->abc", tau, one, one, one) - sym
        third += 2 * np.einsum("a,b,c->abc", tau, tau, tau)
        return cov, with_total, third / N**2
    if scheme.totals == "independent":
        mean = tau / n_k
        own = np.arange(K)
        third[own, own, own] = cubes - 3 * squares * mean + 2 * n_k * mean**3
        return cov, np.diag(cubes - squares * mean), third
    return cov, np.zeros((K, K)), third
