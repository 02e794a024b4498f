"""From the prior a fit was made under to the prior it is used under."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, as_prior

__all__ = ["prior_shift"]


def prior_shift(
    intercept: npt.ArrayLike, fitted: npt.ArrayLike, wanted: npt.ArrayLike | None = None
) -> FloatArray:
    """Intercepts (..., K) moved from the prior `fitted` (..., K) to `wanted` (..., K).

    `wanted` is uniform if not given. Adds log(wanted_k / fitted_k) and centres (label
    `prior-shift`): exact for the posterior of a calibrated fit under label shift. A misspecified
    or penalised fit is not turned into the fit one would get at `wanted`. Raises `DataError` or
    `PriorError` for intercepts or priors that do not fit.
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
