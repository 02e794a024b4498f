"""Schemes of balancing: distributions of random row weights that depend on labels only.

A scheme keeps, drops or repeats rows by their labels, and so is the distribution of a weight
vector W (n,) given y (n,). Weights are on the scale where the target prior tau is reached in
expectation: E[W_i | class k] = tau_k / n_k, so class k weighs tau_k and all rows weigh one.
Class weighting is the conditional mean of all of them (`conditional-mean`); what is left is
noise with the squared coefficient of variation c_k^2 of the `cv2` table.

Letters: n rows, K classes, n_k = counts[k], m the kept size per class, B bags.
"""

from mlbalance.schemes.bagging import Bagging
from mlbalance.schemes.keep import Cap, ClassWeight, Thin, Undersample, Unweighted
from mlbalance.schemes.repeat import BalancedSampler, Oversample, PoissonOversample
from mlbalance.schemes.scheme import Scheme, WeightMoments

__all__ = [
    "Bagging",
    "BalancedSampler",
    "Cap",
    "ClassWeight",
    "Oversample",
    "PoissonOversample",
    "Scheme",
    "Thin",
    "Undersample",
    "Unweighted",
    "WeightMoments",
]
