"""What is predicted: covariance and efficiency of balanced fits, to first order.

Everything here is computed from class moments of the score (`moments`) and the moments of the
weights (`mlbalance.schemes`); nothing is simulated. Predictions hold when every kept count is
large against the number of features; with few rows they are a guide, not a promise.
"""

from mlbalance.theory.efficiency import (
    Budget,
    allocation,
    budget,
    effective_size,
    harmonic_mean,
    variance_ratio,
)
from mlbalance.theory.moments import (
    Moments,
    covariance,
    excess_risk,
    moments,
    score_variance,
)

__all__ = [
    "Budget",
    "Moments",
    "allocation",
    "budget",
    "covariance",
    "effective_size",
    "excess_risk",
    "harmonic_mean",
    "moments",
    "score_variance",
    "variance_ratio",
]
