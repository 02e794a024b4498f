"""Two classes without a ridge: where the MLE exists, and the largest margin where it does not.

Weights appear nowhere: whether rows can be separated, and by how wide a margin, is a matter of
the rows alone (labels `mle-threshold`, `max-margin`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, InputError, as_floats, as_prior
from mlbalance.theory.proportional.mixture import Mixture

__all__ = ["MaxMargin", "SeparationError", "mahalanobis", "max_margin", "separability_threshold"]

_SIGNS = np.array([-1.0, 1.0])


class SeparationError(InputError):
    """Load n/d on the other side of the separability threshold than the answer needs."""


class MaxMargin(NamedTuple):
    """The separating hyperplane of largest margin among those with |w| = 1."""

    margin: float
    """kappa: distance of the nearest rows from the hyperplane."""
    signal: float
    """w'mu, mu half the difference of the means."""
    intercept: float
    """b, at the midpoint of the means."""
    class_errors: FloatArray
    """(2,) probability that a new row of the class falls on the other side."""


def separability_threshold(
    priors: npt.ArrayLike, separation: float, *, scales: npt.ArrayLike = (1.0, 1.0)
) -> float:
    """Load n/d below which two Gaussian classes can be separated, whatever weights the rows have.

    With more rows per feature the MLE exists, with fewer it does not, with probability tending to
    one as both grow (label `mle-threshold`, for equal scales). It is 2 for equal shares without
    separation.
    Source: Candès and Sur (2020), and Montanari et al. (2019).

    Parameters
    ----------
    priors : array (2,)
        Share of each class in the rows.
    separation : float
        Distance of the means in standard deviations.
    scales : array (2,)
        Standard deviations of the classes, relative to the one that `separation` is in.

    Returns
    -------
    float
        Rows per feature.

    Raises
    ------
    PriorError, DataError
        For shares or scales that are not two positive numbers, or a separation below zero.
    """
    rho, sigma, s = _check(priors, scales, separation)
    return 1 / _distance(rho, sigma, s, 0.0)[0]


def max_margin(
    load: float, priors: npt.ArrayLike, separation: float, *, scales: npt.ArrayLike = (1.0, 1.0)
) -> MaxMargin:
    """Limit of logistic fits with a vanishing ridge where the rows can be separated.

    Any positive weights lead there, intercept included (label `max-margin`, for equal scales).
    Source: Montanari et al. (2019).

    Parameters
    ----------
    load : float
        Rows per feature, n/d.
    priors, separation, scales
        As in `separability_threshold`; covariances are the identity times the scales squared.

    Returns
    -------
    MaxMargin

    Raises
    ------
    SeparationError
        At a load that is not below the threshold.
    PriorError, DataError
        As `separability_threshold`.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    rho, sigma, s = _check(priors, scales, separation)
    threshold = separability_threshold(priors, separation, scales=scales)
    if not 0 < load < threshold:
        raise SeparationError(
            f"There is a largest margin below {threshold:.4g} rows per feature; the load is "
            f"{load:.4g}. Beyond, the maximum of the likelihood exists: use solve(ridge=0)."
        )

    def gap(kappa: float) -> float:
        return float(np.log(_distance(rho, sigma, s, kappa)[0] * load))

    widest = 1.0
    while gap(widest) < 0:
        widest *= 2
    kappa = float(brentq(gap, 0.0, widest, xtol=1e-13, rtol=1e-13))
    _, along, b = _distance(rho, sigma, s, kappa)
    return MaxMargin(kappa, along * s, b, ndtr(-(along * s + _SIGNS * b) / sigma))


def _check(
    priors: npt.ArrayLike, scales: npt.ArrayLike, separation: float
) -> tuple[FloatArray, FloatArray, float]:
    rho = as_prior(priors, 2)
    sigma = as_floats(scales, DataError, "Scales are two positive numbers")
    if sigma.shape != (2,) or not (sigma > 0).all() or not np.isfinite(sigma).all():
        raise DataError(f"Scales are two positive numbers; {scales!r} are not.")
    if not 0 <= separation < np.inf:
        raise DataError(f"A separation is a number from 0 on; it is {separation!r}.")
    return rho, sigma, separation / 2


def _distance(
    rho: FloatArray, sigma: FloatArray, s: float, kappa: float
) -> tuple[float, float, float]:
    """Least mean square shortfall from the margin kappa, per squared length of w across mu.

    With length one across mu and `a` along it the shortfall is convex in (a, b). Returns it with
    the minimiser, the direction scaled to length one.
    """
    from scipy.optimize import minimize
    from scipy.special import ndtr

    def shortfall(point: FloatArray) -> tuple[float, FloatArray]:
        a, b = point
        length = np.sqrt(1 + a * a)
        t = (a * s + _SIGNS * b) / sigma / length - kappa / sigma
        phi = np.exp(-t * t / 2) / np.sqrt(2 * np.pi)
        below = ndtr(-t)
        value = (1 + t * t) * below - t * phi
        slope = 2 * (t * below - phi)
        dt_da = (s - a * (a * s + _SIGNS * b) / length**2) / sigma / length
        dt_db = _SIGNS / sigma / length
        return float(length**2 * (rho @ value)), np.array(
            [
                2 * a * (rho @ value) + length**2 * (rho @ (slope * dt_da)),
                length**2 * (rho @ (slope * dt_db)),
            ]
        )

    found = minimize(
        shortfall, [s, 0.0], jac=True, method="BFGS", options={"gtol": 1e-12, "maxiter": 1000}
    )
    a, b = found.x
    length = np.sqrt(1 + a * a)
    return float(found.fun), float(a / length), float(b / length)


def mahalanobis(mixture: Mixture) -> float:
    """Distance of two means in standard deviations: all that a fit without ridge depends on."""
    gram = mixture.gram
    energy = gram[:, 0, 0] + gram[:, 1, 1] - 2 * gram[:, 0, 1]
    return float(np.sqrt(max(float((energy / mixture.eigenvalues).sum()), 0.0)))
