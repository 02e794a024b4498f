"""Class weights under gradient flow on two separable rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError

__all__ = ["boundary_over_time"]


def boundary_over_time(time: npt.ArrayLike, weight: npt.ArrayLike) -> FloatArray:
    """Boundary of two separable rows under gradient flow from zero (label `training-time`).

    Rows lie at 1, with this weight, and at -1, with one minus it. Their margins u and v solve
    u + exp(u) = 2 weight time + 1 and v + exp(v) = 2 (1 - weight) time + 1, by Lambert's function.
    The logit w x + b vanishes at x = -b/w, b/w = (u - v)/(u + v): it falls from 2 weight - 1 at the
    start to zero, the largest margin, like the logarithm of the odds of the weights over that of
    the time squared.

    Parameters
    ----------
    time : array (...)
        Sum of the steps, positive, for a loss with weights of sum one.
    weight : array (...)
        Weight of the row at 1, between 0 and 1.

    Returns
    -------
    array (...)
        b/w.

    Raises
    ------
    InputError
        For times that are not positive, or weights outside of 0 to 1.
    """
    from scipy.special import wrightomega

    t, tau = np.asarray(time, dtype=float), np.asarray(weight, dtype=float)
    if not ((t > 0).all() and (tau > 0).all() and (tau < 1).all()):
        raise InputError(
            f"Times are positive and weights lie between 0 and 1; given are {time!r}, {weight!r}."
        )

    def margin(share: FloatArray) -> FloatArray:
        rise = 2 * share * t
        # wrightomega(c) is Lambert's function y of exp(c), without its overflow; c - y is log y.
        return np.where(rise > 1e-6, np.log(np.real(wrightomega(rise + 1))), rise / 2)

    u, v = margin(tau), margin(1 - tau)
    return np.asarray((u - v) / (u + v))
