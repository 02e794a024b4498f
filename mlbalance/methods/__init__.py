"""Methods that are compared: scheme, ridge, correction, target and loss under one id.

Code that fits, predicts, draws or recommends takes a `Method` and dispatches on its parts.
"""

from mlbalance.methods.method import LOSSES, Estimates, Method
from mlbalance.methods.registry import METHODS, method, methods

__all__ = ["LOSSES", "METHODS", "Estimates", "Method", "method", "methods"]
