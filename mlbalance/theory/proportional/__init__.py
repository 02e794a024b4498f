"""Exact limits for many features: rows n and features d grow with n/d fixed.

First-order theory takes every kept count to be large against the number of features. Here it is
not: rows pull their own logits, the intercept is set on the inflated scores, and undersampling can
win. `solve` gives the limit of a scheme's fit and `limit_of` that of a method, correction included;
`separability_threshold` is the load above which a fit without ridge exists, and `max_margin` the
limit of vanishing ridges below it.
"""

from mlbalance.theory.proportional.limit import (
    ConvergenceError,
    Solution,
    limit_of,
    ridge_of_C,
    solve,
)
from mlbalance.theory.proportional.margin import (
    MaxMargin,
    SeparationError,
    max_margin,
    separability_threshold,
)
from mlbalance.theory.proportional.mixture import Mixture
from mlbalance.theory.proportional.strong_ridge import StrongRidge, flip_boundary, strong_ridge

__all__ = [
    "ConvergenceError",
    "MaxMargin",
    "Mixture",
    "SeparationError",
    "Solution",
    "StrongRidge",
    "flip_boundary",
    "limit_of",
    "max_margin",
    "ridge_of_C",
    "separability_threshold",
    "solve",
    "strong_ridge",
]
