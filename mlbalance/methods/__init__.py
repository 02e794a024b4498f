"""Methods that are compared: scheme, ridge, correction, target and loss under one id.

Code that fits, predicts, draws or recommends takes a `Method` and dispatches on its parts.
"""

from mlbalance.methods.method import LOSSES, Estimates, Method
from mlbalance.methods.registry import AUTO, METHODS, method, methods
from mlbalance.methods.ridges import LeftOutRidge

__all__ = ["AUTO", "LOSSES", "METHODS", "Estimates", "LeftOutRidge", "Method", "method", "methods"]
