"""How often a normal interval covers, about its centre and off it, to order n^-1/2.

Where an estimate is large so is its standard error. About the centre of an interval that makes up
for itself; off it, where the estimate has another target or a bias, coverage moves with the
covariance of the two. With Y = estimate - truth -/+ z SE an end of the interval misses if Y > 0 or
Y < 0, and the distribution of Y has an Edgeworth expansion, whose first term is kept (Hall 1992,
The Bootstrap and Edgeworth Expansion, section 2.3).
"""

from __future__ import annotations

from math import erf, exp, pi, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.populations import Rule
from mlbalance.schemes import ClassWeight
from mlbalance.theory.moments import Moments, covariance, moments
from mlbalance.theory.next_order import Expansion

__all__ = ["Interval", "coverage", "interval"]

_STEP = 1e-4


class Interval(NamedTuple):
    """Moments of an estimate and of the square of its standard error."""

    square: float
    """Limit of the squared standard error"""
    variance: float
    """of the estimate"""
    third: float
    """Third cumulant of the estimate"""
    shared: float
    """Covariance of the estimate and the squared standard error"""


def interval(
    rule: list[Rule], expansion: Expansion, a: FloatArray, counts: IntArray, kind: str
) -> Interval:
    """Of a contrast `a` (p,) of the weighted fit of independent rows, counts (K,) fixed.

    Weights are those of the expansion's prior; `kind` is that of `covariance`, and its plug-in
    estimate at the fit gives the standard error.
    """
    scheme = ClassWeight(prior=tuple(expansion.moments.prior.tolist()))
    m, tau = expansion.moments, expansion.moments.prior

    def square(m: Moments) -> float:
        return float(a @ covariance(m, scheme, counts, kind) @ a)

    told, n_k = square(m), np.asarray(counts)
    b = expansion.inverse @ a
    slope = np.empty(a.size)
    for j in range(a.size):
        ends = []
        for sign in (1, -1):
            theta = expansion.theta.copy()
            theta[1:].reshape(-1)[j] += sign * _STEP
            ends.append(square(moments(rule, theta, tau)))
        slope[j] = (ends[0] - ends[1]) / (2 * _STEP)
    # As A moves: of b'Jb through both b, or of a'A^-1 a.
    if kind == "model":
        pulled = -b * told / float(a @ b)
    else:
        pulled = -2 * expansion.inverse @ (m.hessian @ covariance(m, scheme, counts, kind) @ a)
    shared = 0.0
    for k, own in enumerate(expansion.classes):
        along = own.variance @ a
        moved = tau[k] * slope @ along + tau[k] * pulled @ (own.moved @ a) @ b
        if kind != "model":
            moved += tau[k] ** 2 / n_k[k] * np.einsum("abc,a,b,c->", own.skew, a, a, a)
        if kind == "robust":
            moved += tau[k] ** 2 / n_k[k] * 2 * (a @ own.total) * (a @ along)
        shared += tau[k] / n_k[k] * float(moved)
    found = expansion.third_cumulant(a, scheme, counts)
    variance = float(a @ covariance(m, scheme, counts) @ a)
    return Interval(told, variance, found, shared)


def coverage(found: Interval, bias: float, *, level: float = 0.95) -> float:
    """Probability that estimate -/+ z SE holds the truth, which is off the mean by `bias`."""
    z, se, sd = NormalDist().inv_cdf(0.5 + level / 2), sqrt(found.square), sqrt(found.variance)
    below = []
    for sign in (1, -1):
        y = (sign * z * se - bias) / sd
        # Y has the variance of the estimate less 2 sign z Cov(estimate, SE).
        moved = y * sign * z * found.shared / (2 * se * found.variance)
        moved -= found.third / sd**3 * (y * y - 1) / 6
        density = exp(-y * y / 2) / sqrt(2 * pi)
        below.append((1 + erf(y / sqrt(2))) / 2 + density * moved)
    return float(np.clip(below[0] - below[1], 0.0, 1.0))
