"""Balanced error of linear rules for two Gaussian classes, and its excess by the noise of a fit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, InputError
from mlbalance.populations import Gaussian

__all__ = ["BalancedError", "balanced_error", "balanced_error_excess"]


class BalancedError(NamedTuple):
    """Balanced error at coefficients, with its derivatives in the contrast (b_1, w_1)."""

    value: float
    """Mean over classes of the probability of error."""
    gradient: FloatArray
    """(1 + d,), zero at the optimum of a correctly specified model at the uniform prior, without
    ridge."""
    hessian: FloatArray
    """(1 + d, 1 + d)."""


def balanced_error(population: Gaussian, theta: npt.ArrayLike) -> BalancedError:
    """Exact balanced error of the argmax of the logits, for two Gaussian classes.

    With u_k = (b + w'mean_k)/sqrt(w' Sigma_k w): the mean of Phi(u_0) and Phi(-u_1).

    Parameters
    ----------
    population : Gaussian
        Two classes.
    theta : array (2, 1 + d)
        Intercepts and slopes.

    Returns
    -------
    BalancedError

    Raises
    ------
    DataError
        For more classes, other shapes, or slopes that are all zero.
    """
    contrast = _contrast(population, theta)
    sigma = np.broadcast_to(population.covariance, (2, len(contrast) - 1, len(contrast) - 1))
    both = [_one_side(contrast, mean, S) for mean, S in zip(population.means, sigma, strict=True)]
    (value_0, gradient_0, hessian_0), (value_1, gradient_1, hessian_1) = both
    return BalancedError(
        (value_0 + 1 - value_1) / 2, (gradient_0 - gradient_1) / 2, (hessian_0 - hessian_1) / 2
    )


def balanced_error_excess(
    at: BalancedError, covariance: npt.ArrayLike, bias: npt.ArrayLike | None = None
) -> float:
    """Expected excess of the balanced error over that at the limit, to second order in the noise.

    gradient'bias + tr(hessian covariance)/2, both of order one over the counts (label
    `balanced-error`). With few rows a fit is not near enough to its limit.

    Parameters
    ----------
    at : BalancedError
        At the coefficients that the fit tends to.
    covariance : array (p, p)
        Of the contrast of a fit.
    bias : array (p,), optional
        Such as `second_order_bias`; by default none, which is right where the gradient is zero.

    Returns
    -------
    float

    Raises
    ------
    InputError
        For other shapes.
    """
    C = np.asarray(covariance, dtype=float)
    m = np.zeros(len(at.gradient)) if bias is None else np.asarray(bias, dtype=float)
    if C.shape != at.hessian.shape or m.shape != at.gradient.shape:
        raise InputError(
            f"A bias and a covariance of {len(at.gradient)} contrasts are needed; theirs have "
            f"shapes {m.shape} and {C.shape}."
        )
    return float(at.gradient @ m + (at.hessian * C).sum() / 2)


def _contrast(population: Gaussian, theta: npt.ArrayLike) -> FloatArray:
    at = np.asarray(theta, dtype=float)
    wanted = (population.n_classes, 1 + population.n_features)
    if population.n_classes != 2 or at.shape != wanted:
        raise DataError(
            f"A balanced error in closed form is of two classes, theta of shape "
            f"(2, {wanted[1]}); {wanted[0]} classes and theta of shape {at.shape} were given."
        )
    contrast = np.asarray(at[1] - at[0], dtype=float)
    if not contrast[1:].any():
        raise DataError("With slopes of zero every row is on one side; the error has no slope.")
    return contrast


def _one_side(
    contrast: FloatArray, mean: FloatArray, sigma: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Phi(u) with its gradient and Hessian, u = (b + w'mean)/sqrt(w' sigma w)."""
    from scipy.special import ndtr

    z = np.concatenate([[1.0], mean])
    pull = np.concatenate([[0.0], sigma @ contrast[1:]])
    spread = np.zeros((z.size, z.size))
    spread[1:, 1:] = sigma
    m, s = contrast @ z, np.sqrt(contrast @ pull)
    first = z / s - m * pull / s**3
    cross = np.outer(z, pull)
    second = -(cross + cross.T + m * spread) / s**3 + 3 * m * np.outer(pull, pull) / s**5
    u = m / s
    density = np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
    return float(ndtr(u)), density * first, density * (second - u * np.outer(first, first))
