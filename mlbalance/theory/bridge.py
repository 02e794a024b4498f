"""Weights traded for an offset: from the efficient unweighted fit to the robust weighted one.

Rows of class k weigh (tau_k/n_k)^g and have the known logit (1 - g) log(n_k/tau_k). When the
softmax is right and there is no ridge, every g estimates the parameters at prior tau.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_counts, as_prior
from mlbalance.populations import Rule
from mlbalance.schemes import ClassWeight
from mlbalance.theory.moments import covariance, moments

__all__ = [
    "bridge_covariance",
    "bridge_offset",
    "bridge_prior",
    "offset_covariance",
    "separation_loss",
]

_NODES = 400


def bridge_prior(counts: npt.ArrayLike, g: float, prior: npt.ArrayLike | None = None) -> FloatArray:
    """Share (K,) of each class in the total weight: tau_k^g n_k^(1 - g), scaled to sum to one.

    From n_k/n at g = 0 to the target prior tau (K,), uniform if not given, at g = 1 (label
    `bridge`). Class weights to this prior are the bridge's weights. Raises `InputError` for g
    outside [0, 1], `CountsError` or `PriorError`.
    """
    n_k = as_counts(counts, "A bridge")
    if not 0 <= g <= 1:
        raise InputError(f"A bridge runs from g = 0 to g = 1; g = {g} was given.")
    q = as_prior(prior, n_k.size) ** g * (n_k / n_k.sum()) ** (1 - g)
    return q / q.sum()


def bridge_offset(
    counts: npt.ArrayLike, g: float, prior: npt.ArrayLike | None = None
) -> FloatArray:
    """Offset (K,) that goes with the weights of `bridge_prior`, centred: (1 - g) log(n_k/tau_k).

    At g = 0 that of `offset-efficiency`; zero at g = 1. Raises as `bridge_prior`.
    """
    q = bridge_prior(counts, g, prior)
    o = np.log(q) - np.log(as_prior(prior, q.size))
    return o - o.mean()


def bridge_covariance(
    rule: list[Rule],
    theta: npt.ArrayLike,
    counts: npt.ArrayLike,
    g: float,
    prior: npt.ArrayLike | None = None,
    *,
    kind: str = "design",
) -> FloatArray:
    """First-order covariance (p, p) of the bridge at g, on contrasts against class 0.

    `theta` (K, 1 + d) are the parameters at the target prior without the offset: the true ones
    when the softmax is right, otherwise those the bridge at this g tends to. Kinds, and errors,
    are those of `covariance`; `"model"` is right for slopes at g = 0 alone.
    """
    q = bridge_prior(counts, g, prior)
    at = np.array(theta, dtype=float)
    at[:, 0] += bridge_offset(counts, g, prior)
    scheme = ClassWeight(prior=tuple(q.tolist()))
    return covariance(moments(rule, at, q), scheme, counts, kind)


def offset_covariance(
    rule: list[Rule],
    theta: npt.ArrayLike,
    counts: npt.ArrayLike,
    prior: npt.ArrayLike | None = None,
    *,
    kind: str = "design",
) -> FloatArray:
    """First-order covariance (p, p) of the unweighted fit with offset log(n_k/(n tau_k)).

    Precedes that of weighting in Loewner order when the softmax is right and there is no ridge
    (label `offset-efficiency`); with another model it is about another target. Arguments, kinds
    and errors are those of `bridge_covariance`, of which it is g = 0.
    """
    return bridge_covariance(rule, theta, counts, 0.0, prior, kind=kind)


def separation_loss(separation: float) -> float:
    """Slope variance of balanced weights over that of the unweighted fit, in the rare limit.

    Two Gaussian classes of variance one with means `separation` apart and a majority without end:
    exp(s^2/8) / E[X^2/cosh(s X/2)], X standard normal (label `no-loss-at-null`), for the slope
    along the line between the means; slopes across it lose less. One at zero and growing. Raises
    `InputError` for a separation below zero or above 10.
    """
    if not 0 <= separation <= 10:
        raise InputError(f"A separation lies between 0 and 10 here; it is {separation}.")
    # The integrand decays as a Gaussian, where the trapezoidal rule converges geometrically.
    x = np.linspace(-12.0, 12.0, _NODES + 1)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    mean = (x**2 * density / np.cosh(separation * x / 2)).sum() * (x[1] - x[0])
    return float(np.exp(separation**2 / 8) / mean)
