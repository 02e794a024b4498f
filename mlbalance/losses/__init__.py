"""Losses of linear logits other than the log-loss: focal, margins by class, vector scaling.

With logits z_k = intercept_k + coef_k . x and the own class y a fit minimises

    sum_i W_i l(z_i, y_i) + (ridge/2) sum_k |coef_k|^2

at coefficients that sum to zero over classes, so that with weights of sum one a ridge is on the
mean-loss scale of `softmax.fit`. A fit exists if and only if that of the softmax does, as each loss
falls with the lead of the own class and has no bound where that falls behind (label `existence`).
The logits are not log-odds: `log_probabilities`, the inverse link of the loss, makes these of them.

    Focal(gamma)               (1 - q)^gamma (-log q), q = softmax(z)_y
    LDAM(largest, scale)       log-loss of scale (z_k - D_k [k = y]), D_k ~ n_k^(-1/4)
    VectorScaling(gamma, tau)  log-loss of (n_k/max n)^gamma z_k + tau log(n_k/n)

Letters: n rows, d features, K classes, n_k rows of class k; `theta` (..., K, 1 + d) holds the
intercept in column 0.
"""

from mlbalance.losses.focal import Focal
from mlbalance.losses.loss import LogitLoss, LossFit
from mlbalance.losses.margins import LDAM, VectorScaling

__all__ = ["LDAM", "Focal", "LogitLoss", "LossFit", "VectorScaling"]
