"""Proximal maps of margin losses: from the margin of a row without it to that in the fit.

Of a loss l and a pull a the map of the margin o is t = o - a l'(t), the minimiser of
a l(t) + (t - o)^2 / 2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mlbalance.inputs import FloatArray

__all__ = ["LOSSES"]

_STEPS = 60


def _logistic(out: FloatArray, pull: FloatArray) -> tuple[FloatArray, FloatArray]:
    """-l' and l'' of log(1 + e^-t) at the margins t = out + pull (-l'(t)).

    The root lies in [out, out + pull]. Newton from t_0 = out + omega(log pull - out), which
    solves the equation with the loss e^-t and so lies above, converges fast; a step that leaves
    what is known to hold the root halves it instead. The third derivative of the loss is below
    its second, so that the error of a step is below half its square.
    """
    from scipy.special import expit, wrightomega

    t = out + np.minimum(wrightomega(np.log(pull) - out), pull)
    low, high = out, out + pull
    for _ in range(_STEPS):
        first = expit(-t)
        gap = t - out - pull * first
        move = gap / (1 + pull * first * (1 - first))
        low, high = np.where(gap < 0, t, low), np.where(gap > 0, t, high)
        t = t - move
        outside = (t < low) | (t > high)
        if outside.any():
            t = np.where(outside, 0.5 * (low + high), t)
        if np.abs(move).max() <= 1e-7:
            break
    first = expit(-t)
    return first, first * (1 - first)


def _square_loss(out: FloatArray, pull: FloatArray) -> tuple[FloatArray, FloatArray]:
    """-l' and l'' of (1 - t)^2 / 2 at the margins t = out + pull (-l'(t))."""
    return (1 - out) / (1 + pull), np.ones_like(out)


LOSSES: dict[str, Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]] = {
    "logistic": _logistic,
    "square": _square_loss,
}
