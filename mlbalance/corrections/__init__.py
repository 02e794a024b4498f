"""Corrections of a fit: intercepts moved to another prior, or fitted anew to leave-one-out logits.

A `Correction` is a value; it rests on `prior_shift`, `leave_one_out_logits` and `refit_intercepts`,
which may fit a temperature too.
"""

from mlbalance.corrections.correction import (
    Corrected,
    Correction,
    Fits,
    LeaveOneOut,
    PriorShift,
    Uncorrected,
)
from mlbalance.corrections.intercepts import (
    Refit,
    best_scale,
    pays,
    refit_intercepts,
    scaled_losses,
)
from mlbalance.corrections.leave_one_out import LeftOut, is_alone, leave_one_out_logits
from mlbalance.corrections.prior import prior_shift

__all__ = [
    "Corrected",
    "Correction",
    "Fits",
    "LeaveOneOut",
    "LeftOut",
    "PriorShift",
    "Refit",
    "Uncorrected",
    "best_scale",
    "is_alone",
    "leave_one_out_logits",
    "pays",
    "prior_shift",
    "refit_intercepts",
    "scaled_losses",
]
