"""Price of an intercept that is estimated, and what it is worth (label `intercept-price`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mlbalance.inputs import InputError
from mlbalance.theory.proportional import binary
from mlbalance.theory.proportional.limit import Solution

__all__ = ["InterceptPrice", "intercept_price"]


class InterceptPrice(NamedTuple):
    """Balanced error of a two-class fit above that at its best threshold, to second order."""

    fitted: float
    """With the intercept as it was fitted."""
    independent: float
    """With the midpoint of the mean logits of n_k independent rows of each class, on average."""
    left_out: float
    """With the midpoint of the mean left-out logits of the rows of the fit, on average."""

    @property
    def pays(self) -> bool:
        """Whether a threshold by left-out logits has the smaller error on average."""
        return self.left_out < self.fitted


def intercept_price(solution: Solution) -> InterceptPrice:
    """Price of a threshold estimated by left-out logits, beside that of the fitted intercept.

    A threshold off by t raises the balanced error by D phi(D) t^2/(2 q), D = m/sqrt(q). Logits of
    independent rows put t^2 at q (1/n_1 + 1/n_0)/4; left-out logits of two rows of one fit also
    have a covariance in common, by the pulls of both.

    Parameters
    ----------
    solution
        One fit of two classes of one covariance.

    Returns
    -------
    InterceptPrice
        Differences of balanced errors.

    Raises
    ------
    InputError
        For more than two classes or covariances that differ.
    """
    found, scales = solution.parameters, solution.mixture.scales
    if not isinstance(found, binary.Margins) or np.ptp(scales) > 0:
        raise InputError(
            "A price of an intercept is that of two classes of one covariance; there are "
            f"{solution.mixture.n_classes}, of scales {scales.tolist()}."
        )
    rows, sigma2 = solution.rows, float(scales[0] ** 2)
    variance = sigma2 * found.variance
    ratio = found.signal / np.sqrt(variance)
    rise = ratio * np.exp(-(ratio**2) / 2) / np.sqrt(2 * np.pi) / (2 * variance)
    independent = variance * (1 / rows).sum() / 4
    apart = np.diff(found.forces)[0] ** 2 / (4 * rows.sum())
    fitted = found.intercept**2
    return InterceptPrice(
        *(float(rise * t2) for t2 in (fitted, independent, independent + _pairs(found) * apart))
    )


def _pairs(found: binary.Margins) -> float:
    """Mean square of x_i' H^-1 x_j/n over pairs of rows times n, H the Hessian of the rest."""
    problem, sigma2 = found.problem, found.problem.mixture.scales**2
    e, p = problem.mixture.eigenvalues, problem.mixture.masses
    curvature = float(problem.fractions @ (sigma2 * binary.curvatures(found)))
    noise = float(p @ (e / (problem.ridge / 2 + curvature * e)) ** 2) / problem.load
    spread = float(problem.fractions @ (sigma2**2 * binary.curvatures(found, 2)))
    return float(sigma2[0] ** 2 * noise / (1 - noise * spread))
