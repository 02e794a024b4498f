"""How many bags a variance needs."""

from __future__ import annotations

import math

from mlbalance.inputs import InputError

__all__ = ["bags_needed"]


def bags_needed(ratio: float, eps: float) -> int:
    """Independent bags that bring a variance within a factor 1 + eps of class weighting.

    `ratio` is the variance ratio of one draw (`variance_ratio`), at least one. The least whole
    B >= (ratio - 1)/eps, at least one (label `bags-needed`); averaged estimators follow to first
    order. As many disjoint bags are at least as good, where the larger classes have rows for them
    (B m <= n_k). Raises `InputError` for a ratio below one or eps not above zero.
    """
    if not 1 <= ratio < math.inf:
        raise InputError(f"A variance ratio to class weighting is at least 1; it is {ratio}.")
    if not eps > 0:
        raise InputError(f"A tolerance must be above zero; it is {eps}.")
    # A quotient that is a whole number but for rounding is that number.
    bags = (ratio - 1) / eps
    return max(1, math.ceil(bags * (1 - 1e-12)))
