"""Balancing schemes: distributions of random row weights that depend on the labels only.

A scheme keeps, drops or repeats rows by their labels, and so is the distribution of a weight
vector W (n,) given y (n,). Weights have the scale E[W_i | class k] = tau_k / n_k, so that in
expectation class k weighs tau_k, its share of the target prior, and all rows weigh one. Class
weighting is the conditional mean of every scheme (label `conditional-mean`); the rest is noise with
the squared coefficient of variation c_k^2 (label `cv2`).

Letters: n rows, K classes, n_k = counts[k], m rows kept per class, B bags.
"""

from mlbalance.schemes.bagging import AnalyticBag, Bagging
from mlbalance.schemes.constant import Bridge, ClassWeight, EffectiveNumber, Unweighted
from mlbalance.schemes.keep import Cap, Thin, Undersample
from mlbalance.schemes.moments import WeightMoments
from mlbalance.schemes.repeat import BalancedSampler, Oversample, PoissonOversample
from mlbalance.schemes.scheme import Scheme

__all__ = [
    "AnalyticBag",
    "Bagging",
    "BalancedSampler",
    "Bridge",
    "Cap",
    "ClassWeight",
    "EffectiveNumber",
    "Oversample",
    "PoissonOversample",
    "Scheme",
    "Thin",
    "Undersample",
    "Unweighted",
    "WeightMoments",
]
