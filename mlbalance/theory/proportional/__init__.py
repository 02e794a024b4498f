"""What is predicted when features are many: n and d grow with n/d fixed, exactly.

First-order theory takes every kept count to be large against the number of features. Here it is
not: rows pull their own logits, the intercept is set on the inflated scores, and undersampling can
win. `solve` gives the limit of a scheme's fit, with the distribution of its logits on new rows;
`separability_threshold` says where a fit without ridge exists, `max_margin` what is beyond it.
"""

from mlbalance.theory.proportional.limit import ConvergenceError, Solution, ridge_of_C, solve
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
    "max_margin",
    "ridge_of_C",
    "separability_threshold",
    "solve",
    "strong_ridge",
]
