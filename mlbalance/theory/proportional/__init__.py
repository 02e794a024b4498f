"""Exact limits for many features: rows n and features d grow with n/d fixed.

First-order theory takes every kept count to be large against the number of features. Here it is
not: rows pull their own logits, the intercept is set on the inflated scores, and undersampling can
win. `solve` gives the limit of a scheme's fit and `limit_of` that of a method, correction included;
`separability_threshold` is the load above which a fit without ridge exists, and `max_margin` the
limit of vanishing ridges below it.
`effective_ridge` puts fits on one scale of degrees of freedom, `one_fit` is infinitely many bags.

Modules: `mixture` and `problem` say what is fitted to what. The equations are those of `binary` for
two classes (losses in `margin_losses`) and of `multiclass` for more (`forces`, `proximal`);
`fixed_point` solves both, and `limit` makes them the limit of a scheme or method. All others are
what follows from it, each for the label that it names.
"""

from mlbalance.theory.proportional.discriminant import effective_size_at, mahalanobis_matrix
from mlbalance.theory.proportional.effective import (
    EffectiveRidge,
    degrees_of_freedom,
    effective_ridge,
    matched_ridge,
    signal_to_noise,
)
from mlbalance.theory.proportional.envelope import OneFit, one_fit
from mlbalance.theory.proportional.intercept import InterceptPrice, intercept_price
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
from mlbalance.theory.proportional.order import LogisticOrder, logistic_order
from mlbalance.theory.proportional.strong_ridge import StrongRidge, flip_boundary, strong_ridge

__all__ = [
    "ConvergenceError",
    "EffectiveRidge",
    "InterceptPrice",
    "LogisticOrder",
    "MaxMargin",
    "Mixture",
    "OneFit",
    "SeparationError",
    "Solution",
    "StrongRidge",
    "degrees_of_freedom",
    "effective_ridge",
    "effective_size_at",
    "flip_boundary",
    "intercept_price",
    "limit_of",
    "logistic_order",
    "mahalanobis_matrix",
    "matched_ridge",
    "max_margin",
    "one_fit",
    "ridge_of_C",
    "separability_threshold",
    "signal_to_noise",
    "solve",
    "strong_ridge",
]
