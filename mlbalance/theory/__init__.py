"""What is predicted: covariance and efficiency of balanced fits, to first order.

Everything here is computed from class moments of the score (`moments`) and the moments of the
weights (`mlbalance.schemes`); nothing is simulated. Predictions hold when every kept count is
large against the number of features; with few rows they are a guide, not a promise. Where features
are many, `mlbalance.theory.proportional` is exact as both grow.
"""

from mlbalance.theory.bag_count import bags_needed
from mlbalance.theory.balanced_error import (
    BalancedError,
    balanced_error,
    balanced_error_excess,
)
from mlbalance.theory.bridge import (
    bridge_covariance,
    bridge_offset,
    bridge_prior,
    offset_covariance,
    separation_loss,
)
from mlbalance.theory.conditional import (
    conditional_variance,
    random_counts_variance,
    reciprocal_counts,
)
from mlbalance.theory.contiguity import contiguity_power
from mlbalance.theory.efficiency import (
    Budget,
    allocation,
    budget,
    effective_size,
    harmonic_mean,
    variance_ratio,
)
from mlbalance.theory.intercepts import intercept_excess
from mlbalance.theory.intervals import Interval, coverage, interval
from mlbalance.theory.moments import (
    Moments,
    covariance,
    data_moments,
    excess_risk,
    loss_gap,
    moments,
    score_variance,
)
from mlbalance.theory.next_order import Expansion, SecondOrder
from mlbalance.theory.population import PopulationMoments, population_moments
from mlbalance.theory.rare import (
    LocalCaseControl,
    RareLimit,
    TiltedSlopes,
    break_even_controls,
    local_case_control,
    poisson_oversampling,
    rare_limit,
    tilted_slopes,
)
from mlbalance.theory.second_order import (
    averaging_gap,
    firth,
    second_order_bias,
)
from mlbalance.theory.small import degrees_of_freedom

__all__ = [
    "BalancedError",
    "Budget",
    "Expansion",
    "Interval",
    "LocalCaseControl",
    "Moments",
    "PopulationMoments",
    "RareLimit",
    "SecondOrder",
    "TiltedSlopes",
    "allocation",
    "averaging_gap",
    "bags_needed",
    "balanced_error",
    "balanced_error_excess",
    "break_even_controls",
    "bridge_covariance",
    "bridge_offset",
    "bridge_prior",
    "budget",
    "conditional_variance",
    "contiguity_power",
    "covariance",
    "coverage",
    "data_moments",
    "degrees_of_freedom",
    "effective_size",
    "excess_risk",
    "firth",
    "harmonic_mean",
    "intercept_excess",
    "interval",
    "local_case_control",
    "loss_gap",
    "moments",
    "offset_covariance",
    "poisson_oversampling",
    "population_moments",
    "random_counts_variance",
    "rare_limit",
    "reciprocal_counts",
    "score_variance",
    "second_order_bias",
    "separation_loss",
    "tilted_slopes",
    "variance_ratio",
]
