"""Coverage of a normal interval for its own target and for another, to order n^-1/2.

Where an estimate is large its standard error tends to be large too. For the estimate's own target
the misses on either side cancel; for another one, or with a bias, coverage moves with the
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
from mlbalance.theory.covariance import covariance
from mlbalance.theory.moments import Moments, moments
from mlbalance.theory.second_order import Expansion

__all__ = ["Interval", "coverage", "interval"]

_STEP = 1e-4


class Interval(NamedTuple):
    """Moments of an estimate and of the square of its standard error."""

    square: float
    """Limit of the squared standard error."""
    variance: float
    """Variance of the estimate, to first order."""
    third: float
    """Third cumulant of the estimate."""
    shared: float
    """Covariance of the estimate and the squared standard error."""


def interval(
    rule: list[Rule], expansion: Expansion, a: FloatArray, counts: IntArray, kind: str
) -> Interval:
    """Moments of the interval for a contrast of the class-weighted fit, with counts fixed.

    Parameters
    ----------
    rule : list of Rule
        One per class.
    expansion : Expansion
        Of the risk under the rule, at the prior of the weights.
    a : array (p,)
        Contrast against class 0, as in `covariance`.
    counts : array (K,)
        Rows per class.
    kind : {"design", "robust", "model"}
        Of the covariance whose plug-in estimate at the fit gives the standard error.

    Returns
    -------
    Interval
    """
    scheme = ClassWeight(prior=tuple(expansion.moments.prior.tolist()))
    m, tau = expansion.moments, expansion.moments.prior

    def square(m: Moments) -> float:
        return float(a @ covariance(m, scheme, counts, kind) @ a)

    limit, n_k = square(m), np.asarray(counts)
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
        pulled = -b * limit / float(a @ b)
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
    return Interval(limit, variance, found, shared)


def coverage(found: Interval, bias: float, *, level: float = 0.95) -> float:
    """Probability that estimate -/+ z SE holds a truth that the mean estimate is off by `bias`.

    Parameters
    ----------
    found : Interval
    bias : float
        Mean of the estimate less the truth.
    level : float
        Nominal coverage.

    Returns
    -------
    float
    """
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
