"""What a regime is called, and the numbers between which it is known.

In plain Python, which the page translates.
"""

from __future__ import annotations

import math

from mlbalance.inputs import InputError

__all__ = ["ASSUMED", "WEAKEST", "WIDEST", "name_of", "refuse_features"]

ASSUMED = 2.0
"""Separation of two classes where none is given: the Bayes error is 16 %."""

WEAKEST = 1e-3
"""Separation that stands for zero, where shares are limits."""

WIDEST = 8.0
"""Separation up to which thresholds are searched."""

_SLIGHT = 0.1  # cost of the intercepts, as a share, up to which first order is a guide
_LARGEST = 70.0  # separation with an error of 1e-268; at 80 it underflows


def refuse_features(features: float, separation: float | None) -> None:
    """Refuse features or a separation out of range.

    Parameters
    ----------
    features
        Number of features d.
    separation
        Distance of neighbouring means, in standard deviations.

    Raises
    ------
    InputError
        For values out of range.
    """
    if (
        isinstance(features, bool)
        or not 1 <= features < math.inf
        or features != math.floor(features)
    ):
        raise InputError(f"Features are a whole number from 1 on; {features} was given.")
    if separation is not None and not 0 <= separation <= _LARGEST:
        raise InputError(
            f"A separation is a number from 0 to {_LARGEST:g}, in standard deviations; "
            f"{separation} was given."
        )


def name_of(
    everything: bool | None, undersample: bool | None, taken_back: float | None
) -> str | None:
    """Name of a regime.

    Parameters
    ----------
    everything, undersample
        Whether all rows, and those of an undersample, are separable; None if unknown.
    taken_back
        Share of the advantage of class weights that their intercepts cost; None if unknown.

    Returns
    -------
    One of `advise.regime.REGIMES`, None where it is unknown.
    """
    if everything:
        return "all-separable"
    if everything is None or undersample is None:
        return None
    if undersample:
        return "undersample-separable"
    if taken_back is None:
        return None
    return "first-order" if taken_back <= _SLIGHT else "intercept-biased"
