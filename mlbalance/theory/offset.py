"""Weights traded for an offset: from the efficient unweighted fit to the robust weighted one.

On the bridge rows of class k weigh (tau_k/n_k)^g and have the known logit (1 - g) log(n_k/tau_k).
For a correctly specified model without ridge every g estimates the parameters at prior tau. The
cost of weights is largest for a rare class far from the other (`separation_loss`), and a
misspecification that makes them worth it can hardly be seen (`contiguity_power`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_counts, as_prior
from mlbalance.populations import Rule
from mlbalance.schemes import Bridge, ClassWeight
from mlbalance.theory.covariance import covariance
from mlbalance.theory.moments import moments

__all__ = [
    "bridge_covariance",
    "bridge_offset",
    "bridge_prior",
    "contiguity_power",
    "offset_covariance",
    "separation_loss",
]

_NODES = 400


def bridge_prior(counts: npt.ArrayLike, g: float, prior: npt.ArrayLike | None = None) -> FloatArray:
    """Share (K,) of each class in the total weight: tau_k^g n_k^(1 - g), scaled to sum to one.

    From n_k/n at g = 0 to the target prior tau at g = 1 (label `bridge`). Class weights to this
    prior are the weights of the bridge.

    Parameters
    ----------
    counts : array (K,)
        Rows per class.
    g : float
        Position on the bridge, from 0 to 1.
    prior : array (K,), optional
        Target prior tau; uniform by default.

    Returns
    -------
    array (K,)

    Raises
    ------
    InputError, CountsError, PriorError
        For g outside [0, 1], and counts or a prior that are not positive.
    """
    n_k = as_counts(counts, "A bridge")
    if not 0 <= g <= 1:
        raise InputError(f"A bridge runs from g = 0 to g = 1; g = {g} was given.")
    return Bridge(g, prior=tuple(as_prior(prior, n_k.size).tolist())).target(n_k)


def bridge_offset(
    counts: npt.ArrayLike, g: float, prior: npt.ArrayLike | None = None
) -> FloatArray:
    """Offset (K,) that goes with the weights of `bridge_prior`: (1 - g) log(n_k/tau_k), centred.

    At g = 0 that of `offset-efficiency`, at g = 1 zero. Parameters and errors are those of
    `bridge_prior`.
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
    """First-order covariance (p, p) of the fit on the bridge at g.

    Parameters
    ----------
    rule : list of Rule
        One per class.
    theta : array (K, 1 + d)
        Parameters at the target prior without the offset: the true ones of a correctly specified
        model, otherwise those that the fit at this g tends to.
    counts, g, prior
        As in `bridge_prior`.
    kind : {"design", "robust", "model"}
        As in `covariance`; "model" is right for slopes at g = 0 alone.

    Returns
    -------
    array (p, p)
        On contrasts against class 0.

    Raises
    ------
    InputError, CountsError, PriorError, DataError
        As `bridge_prior` and `moments`, and for another kind.
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

    It precedes that of weighting in Loewner order for a correctly specified model without ridge
    (label `offset-efficiency`); a misspecified one has another target. It is `bridge_covariance`
    at g = 0, with its parameters and errors.
    """
    return bridge_covariance(rule, theta, counts, 0.0, prior, kind=kind)


def separation_loss(separation: float) -> float:
    """Slope variance of balanced weights over that of the unweighted fit, in the rare limit.

    One feature, Gaussian of variance one in two classes with means s apart, one of them rare:
    exp(s^2/8) / E[X^2/cosh(s X/2)], X standard normal (label `no-loss-at-null`). One at zero, and
    growing with s.

    Parameters
    ----------
    separation : float
        s, in standard deviations, from 0 to 10.

    Returns
    -------
    float

    Raises
    ------
    InputError
        For a separation below zero or above 10.
    """
    if not 0 <= separation <= 10:
        raise InputError(f"A separation lies between 0 and 10 here; it is {separation}.")
    # The integrand decays as a Gaussian, where the trapezoidal rule converges geometrically.
    x = np.linspace(-12.0, 12.0, _NODES + 1)
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    mean = (x**2 * density / np.cosh(separation * x / 2)).sum() * (x[1] - x[0])
    return float(np.exp(separation**2 / 8) / mean)


def contiguity_power(level: float = 0.05, correlation: float = 1.0) -> float:
    """Power of the best one-sided test where weighting and the efficient fit have equal MSE.

    The distribution departs from a correctly specified model in a direction whose `correlation` r
    is that with the difference of the two influence functions: Phi(1/r - z), z the quantile of the
    level. At r = 1, the least favourable direction, it is .26 for a test of 5 % (label
    `contiguity`).

    Parameters
    ----------
    level : float
        Of the test, between 0 and 1.
    correlation : float
        r, above 0 and at most 1.

    Returns
    -------
    float

    Raises
    ------
    InputError
        For a level or a correlation outside these.
    """
    from scipy.special import ndtr, ndtri

    if not 0 < level < 1:
        raise InputError(f"A level lies between 0 and 1; it is {level}.")
    if not 0 < correlation <= 1:
        raise InputError(f"A correlation lies above 0 and up to 1 here; it is {correlation}.")
    return float(ndtr(1 / correlation + ndtri(level)))
