"""Second order: bias of a fit, and covariance and excess risk to order n^-2."""

from mlbalance.theory.second_order.bias import averaging_gap, second_order_bias
from mlbalance.theory.second_order.expansion import Expansion, SecondOrder

__all__ = ["Expansion", "SecondOrder", "averaging_gap", "second_order_bias"]
