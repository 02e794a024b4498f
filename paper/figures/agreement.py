"""How far observed numbers are from predicted ones, for the figures that put both on one axis."""

import numpy as np
from common import require

LIMIT = 4.0
"""Standard errors that a cell may be off, besides what its figure allows for."""


def off(value: float, predicted: float, error: float, allowance: float = 0.0) -> float:
    """Standard errors between the two beyond an allowance in the units of the values.

    An observation without spread, such as no failure at all, must be met exactly. NaN if any
    number is.
    """
    far = np.maximum(abs(value - predicted) - allowance, 0.0) + 0.0 * error
    if not far > 0:
        return float(far)
    return float(np.sign(value - predicted) * (far / error if error > 0 else np.inf))


def agree(what: str, value: float, predicted: float, error: float, allowance: float = 0.0) -> float:
    """The same, if it is at most 4; otherwise the figure is not drawn."""
    z = off(value, predicted, error, allowance)
    require(
        bool(abs(z) <= LIMIT),
        f"{what}: {value:.4g} observed, {predicted:.4g} predicted, {z:+.1f} standard errors of "
        f"{error:.2g} apart, {LIMIT:g} allowed.",
    )
    return z
