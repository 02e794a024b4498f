"""Methods that are compared: scheme, ridge, correction, target and loss under one id.

Code that fits, predicts, draws or recommends takes a `Method` and dispatches on its parts.
"""

from mlbalance.methods.choice import LeftOutRidge
from mlbalance.methods.losses import LOSSES
from mlbalance.methods.method import Estimates, Method
from mlbalance.methods.registry import AUTO, METHODS, method, methods

__all__ = ["AUTO", "LOSSES", "METHODS", "Estimates", "LeftOutRidge", "Method", "method", "methods"]
