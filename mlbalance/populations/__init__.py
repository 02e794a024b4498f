"""Populations: distributions of the features in each class, and integrals over them.

`Gaussian` and `Discrete` classes have samples, posterior logits and an integration `Rule`;
`quadrature` holds the rules of standard normal vectors, and `Logits` is the distribution of the
logits that a linear fit gives to Gaussian classes: class errors, log-loss and calibration without
test rows. Theory ends in such a distribution and simulation measures fits with it, so it stands
here, where neither is known.

Letters: K classes, d features, n_k = counts[k] rows of class k.
"""

from mlbalance.populations.classes import Discrete, Gaussian, symmetric
from mlbalance.populations.logits import Calibration, Logits
from mlbalance.populations.rules import Rule, data_rule, stack

__all__ = [
    "Calibration",
    "Discrete",
    "Gaussian",
    "Logits",
    "Rule",
    "data_rule",
    "stack",
    "symmetric",
]
