"""Sums over the rows of a class of products of two and three weights, in expectation.

What the second order needs to know of a scheme. Letters: K classes, n_k = counts[k] rows, T_k the
total weight of class k, q_k the sum of its squared weights.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    Oversample,
    Scheme,
    Thin,
    Undersample,
)

__all__ = ["WeightSums", "weight_sums"]


class WeightSums(NamedTuple):
    """Of a scheme; of `Bagging`, of one bag and of two and three different ones."""

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
    """Exact but for `with_total` of the sampler, which is that of large counts.

    Bags of a scheme with random totals are those of their base averaged, totals' terms of `cubes`
    to first order only.
    """
    one = scheme.base if isinstance(scheme, Bagging) else scheme
    tau, w = one.target(n_k), one.moments(n_k)
    squares, cubes = n_k * w.mean**2 * (1 + w.cv2), n_k * w.mean**3 * _third(one, n_k, tau)
    totals = _totals(one, n_k, tau, w.total_cov, squares, cubes)
    if not isinstance(scheme, Bagging):
        return WeightSums(1, squares, squares, cubes, cubes, cubes, *totals)
    if scheme.disjoint:  # a class is shared whole, or no row of it is
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


def _third(scheme: Scheme, n: IntArray, tau: FloatArray) -> FloatArray:
    """E[W^3] / E[W]^3 by class."""
    match scheme:
        case Undersample(replace=True):
            return _binomial_cube(scheme.kept(n), 1 / n, 0)
        case Undersample():
            return (n / scheme.kept(n)) ** 2
        case Cap():
            return (n / np.minimum(n, scheme.size)) ** 2
        case Oversample():
            size = scheme.reached(n)
            return _binomial_cube(size - n if scheme.keep else size, 1 / n, int(scheme.keep))
        case BalancedSampler():
            return _binomial_cube(scheme._count(n), tau / n, 0)
        case Thin(renormalise=False):
            return 1 / scheme._rates(n) ** 2
        case Thin():
            rates = zip(n, scheme._rates(n), strict=True)
            return np.array([size**2 * _mean_reciprocal_square(size, q) for size, q in rates])
    return np.ones(n.size)


def _binomial_cube(draws: int | IntArray, p: FloatArray, own: int) -> FloatArray:
    """E[X^3] / E[X]^3 for X = own + Binomial(draws, p)."""
    mean = draws * p
    square = mean * (1 - p) + mean**2
    cube = draws * (draws - 1) * (draws - 2) * p**3 + 3 * draws * (draws - 1) * p**2 + mean
    return np.asarray((own + 3 * own * mean + 3 * own * square + cube) / (own + mean) ** 3)


def _mean_reciprocal_square(n: int, q: float) -> float:
    """E[1/M^2 | M > 0] for M ~ Binomial(n, q)."""
    from scipy.stats import binom

    m = np.arange(1, n + 1)
    mass = binom.pmf(m, n, q)
    return float((mass / m**2).sum() / mass.sum())


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
    if isinstance(scheme, BalancedSampler):
        N = scheme._count(n_k)
        with_total = ((1 + (2 * N * tau - 1) / n_k)[:, None] / N) * cov
        one, two = np.eye(K), np.diag(tau)
        pair = two[:, :, None] * tau
        sym = pair + pair.transpose(0, 2, 1) + pair.transpose(2, 0, 1)
        third = np.einsum("k,ka,kb,kc->abc", tau, one, one, one) - sym
        third += 2 * np.einsum("a,b,c->abc", tau, tau, tau)
        return cov, with_total, third / N**2
    if isinstance(scheme, Thin) and not scheme.renormalise:
        mean = tau / n_k
        own = np.arange(K)
        third[own, own, own] = cubes - 3 * squares * mean + 2 * n_k * mean**3
        return cov, np.diag(cubes - squares * mean), third
    return cov, np.zeros((K, K)), third
