"""What moves intercepts: another prior (`prior_shift`), and rows that did not fit them
(`left_out`), which may set a temperature too (`refit_intercepts`).
"""

from mlbalance.corrections.correction import (
    Corrected,
    Correction,
    Fits,
    Judged,
    LeaveOneOut,
    PriorShift,
    Uncorrected,
)
from mlbalance.corrections.intercepts import Refit, refit_intercepts
from mlbalance.corrections.leave_one_out import LeftOut, left_out, left_out_logits
from mlbalance.corrections.prior import prior_shift

__all__ = [
    "Corrected",
    "Correction",
    "Fits",
    "Judged",
    "LeaveOneOut",
    "LeftOut",
    "PriorShift",
    "Refit",
    "Uncorrected",
    "left_out",
    "left_out_logits",
    "prior_shift",
    "refit_intercepts",
]
