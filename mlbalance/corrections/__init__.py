"""What moves intercepts: another prior (`prior_shift`), and rows that did not fit them
(`left_out_logits`).
"""

from mlbalance.corrections.leave_one_out import left_out_logits
from mlbalance.corrections.prior import prior_shift

__all__ = ["left_out_logits", "prior_shift"]
