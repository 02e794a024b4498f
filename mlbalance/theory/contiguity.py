"""Whether a misspecification that makes weighting the better fit could be seen."""

from __future__ import annotations

from mlbalance.inputs import InputError

__all__ = ["contiguity_power"]


def contiguity_power(level: float = 0.05, correlation: float = 1.0) -> float:
    """Power of the best one-sided test where weighting and the efficient fit have equal MSE.

    The law is tilted in a direction whose `correlation`, above 0 and at most 1, is that with the
    difference of the two influence functions; at 1, the least favourable direction, the power is
    Phi(1 - z), .26 for a test of 5 % (label `contiguity`). Phi(1/correlation - z) in general:
    towards 0 the unweighted fit with offset stays the better at any power. Raises `InputError`.
    """
    from scipy.special import ndtr, ndtri

    if not 0 < level < 1:
        raise InputError(f"A level lies between 0 and 1; it is {level}.")
    if not 0 < correlation <= 1:
        raise InputError(f"A correlation lies above 0 and up to 1 here; it is {correlation}.")
    return float(ndtr(1 / correlation + ndtri(level)))
