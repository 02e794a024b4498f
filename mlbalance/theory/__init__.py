"""Predictions for balanced fits, computed and not simulated.

First order: covariance and efficiency from class moments of the score (`moments`) and the moments
of the weights (`mlbalance.schemes`), for kept counts that are large against the number of features.
`second_order` adds the next term, `rare` has a class that is rare against the other, and in
`mlbalance.theory.proportional` rows and features grow together.
"""

from mlbalance.theory.balanced_error import (
    BalancedError,
    balanced_error,
    balanced_error_excess,
)
from mlbalance.theory.covariance import (
    covariance,
    degrees_of_freedom,
    excess_risk,
    intercept_excess,
    loss_gap,
)
from mlbalance.theory.efficiency import (
    Budget,
    allocation,
    bags_needed,
    budget,
    effective_size,
    harmonic_mean,
    variance_ratio,
)
from mlbalance.theory.forests import vote_shares
from mlbalance.theory.intervals import Interval, coverage, interval
from mlbalance.theory.losses import (
    LossOptimum,
    focal_log_odds,
    focal_optimum,
    focal_slope,
    margin_log_odds,
    margin_optimum,
    margin_threshold,
)
from mlbalance.theory.minibatch import (
    batch_covariance,
    batch_prior,
    largest_step,
    sgd_excess_risk,
)
from mlbalance.theory.moderated import MODEL_WORTH, Moderated, moderate
from mlbalance.theory.moments import Moments, data_moments, moments
from mlbalance.theory.offset import (
    bridge_covariance,
    bridge_offset,
    bridge_prior,
    contiguity_power,
    offset_covariance,
    separation_loss,
)
from mlbalance.theory.population import PopulationMoments, population_moments
from mlbalance.theory.rare import (
    LocalCaseControl,
    RareLimit,
    TiltedSlopes,
    break_even_controls,
    local_case_control,
    rare_limit,
    tilted_slopes,
)
from mlbalance.theory.second_order import (
    Expansion,
    SecondOrder,
    averaging_gap,
    second_order_bias,
)
from mlbalance.theory.separate import SeparateModel, first_stage_loss, part_of, separate_model
from mlbalance.theory.synthetic import LogOdds, smote_moments, smote_target
from mlbalance.theory.training_time import boundary_over_time
from mlbalance.theory.variance import (
    conditional_variance,
    random_counts_variance,
    reciprocal_counts,
    score_variance,
)

__all__ = [
    "MODEL_WORTH",
    "BalancedError",
    "Budget",
    "Expansion",
    "Interval",
    "LocalCaseControl",
    "LogOdds",
    "LossOptimum",
    "Moderated",
    "Moments",
    "PopulationMoments",
    "RareLimit",
    "SecondOrder",
    "SeparateModel",
    "TiltedSlopes",
    "allocation",
    "averaging_gap",
    "bags_needed",
    "balanced_error",
    "balanced_error_excess",
    "batch_covariance",
    "batch_prior",
    "boundary_over_time",
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
    "first_stage_loss",
    "focal_log_odds",
    "focal_optimum",
    "focal_slope",
    "harmonic_mean",
    "intercept_excess",
    "interval",
    "largest_step",
    "local_case_control",
    "loss_gap",
    "margin_log_odds",
    "margin_optimum",
    "margin_threshold",
    "moderate",
    "moments",
    "offset_covariance",
    "part_of",
    "population_moments",
    "random_counts_variance",
    "rare_limit",
    "reciprocal_counts",
    "score_variance",
    "second_order_bias",
    "separate_model",
    "separation_loss",
    "sgd_excess_risk",
    "smote_moments",
    "smote_target",
    "tilted_slopes",
    "variance_ratio",
    "vote_shares",
]
