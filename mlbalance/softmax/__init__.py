"""The weighted softmax likelihood with offset and ridge, and its fits.

Objective, weights taken literally (labels `score`, `hessian`):

    L(theta) = sum_i W_i [log sum_k exp(z_ik) - z_{i, y_i}] + penalty(coef)
    z_ik     = intercept_k + coef_k . x_i + offset_ik
    penalty  = min_v (1/2) sum_k ridge_k ||coef_k + v||^2

The penalty is the smallest ridge penalty of all coefficients with the same probabilities: a common
ridge adds (ridge/2) sum_k ||coef_k||^2 at coefficients that sum to zero over classes. Intercepts
are never penalised. With weights that sum to one, `ridge` is on the mean-loss scale;
scikit-learn's `C` is `1/(ridge * sum of its weights)` for K >= 3 and twice that for K = 2.

Letters: n rows, d features, K classes; `theta` (..., K, 1 + d) holds the intercept in column 0.
Leading axes broadcast as in NumPy, and no product or reduction runs across them: a problem
gives the same bits alone and in any batch.
"""

from mlbalance.softmax.bags import BagFit, fit_bags
from mlbalance.softmax.firth import fit_firth
from mlbalance.softmax.fitting import Fit, fit, fit_rows, path
from mlbalance.softmax.objective import (
    hessian,
    log_probabilities,
    logits,
    loss,
    row_scores,
    score,
)
from mlbalance.softmax.profile import profile_intervals
from mlbalance.softmax.status import OF_VERDICT, STATUS

__all__ = [
    "OF_VERDICT",
    "STATUS",
    "BagFit",
    "Fit",
    "fit",
    "fit_bags",
    "fit_firth",
    "fit_rows",
    "hessian",
    "log_probabilities",
    "logits",
    "loss",
    "path",
    "profile_intervals",
    "row_scores",
    "score",
]
