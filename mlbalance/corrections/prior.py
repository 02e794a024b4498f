"""Prior correction: intercepts moved from the prior of the fit to another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, as_prior

__all__ = ["prior_shift"]


def prior_shift(
    intercept: npt.ArrayLike, fitted: npt.ArrayLike, wanted: npt.ArrayLike | None = None
) -> FloatArray:
    """Intercepts with log(wanted_k / fitted_k) added, summing to zero (label `prior-shift`).

    Under label shift this turns true posteriors at one prior into those at the other. A
    misspecified or penalised fit need not become the fit that is made at the other.

    Parameters
    ----------
    intercept : array (..., K)
    fitted : array (..., K)
        Prior of the fit.
    wanted : array (..., K), optional
        Prior it is moved to; uniform by default.

    Returns
    -------
    array (..., K)

    Raises
    ------
    DataError, PriorError
        For arrays that do not broadcast, or priors that are not one positive probability per class.
    """
    b = np.asarray(intercept, dtype=float)
    if b.ndim == 0:
        raise DataError("Intercepts need shape (..., K); a single number was given.")
    K = b.shape[-1]
    before, after = _priors(fitted, K), _priors(wanted, K)
    try:
        b = b + (np.log(after) - np.log(before))
    except ValueError:
        raise DataError(
            "Intercepts and priors must broadcast; they have shapes "
            f"{b.shape}, {before.shape} and {after.shape}."
        ) from None
    return b - b.mean(axis=-1, keepdims=True)


def _priors(prior: npt.ArrayLike | None, n_classes: int) -> FloatArray:
    tau = np.asarray(as_prior(None, n_classes) if prior is None else prior, dtype=float)
    for row in tau.reshape(-1, tau.shape[-1] if tau.ndim else 1):
        as_prior(row, n_classes)
    return tau
