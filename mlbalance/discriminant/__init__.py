"""The square loss on class indicators as a classifier: regularised discriminant analysis.

Scores s(x) = b + B x in R^K minimise

    sum_i W_i |e_{y_i} - s(x_i)|^2 + (ridge/2) sum_k |B_k|^2

with indicators e_k and unpenalised intercepts b. Logits are those of Gaussian classes of one
covariance in the space of the scores:

    z_k(x) = log pi_k + M_k' Q^- (s(x) - M_k/2)

with pi_k the share of class k in the weights, M_k the mean of its scores and Q the covariance
within classes, of the rows that are fitted. The prior is that of the weights, so that
`corrections.prior_shift` from it to another is Bayes' rule. Without ridge this is linear
discriminant analysis; with one, and two classes, ridge regression on the labels with the threshold
half way between the means of the classes. With K - 1 features or fewer the scores are the features
in other coordinates, and no ridge changes the logits.

Weights sum to one, so that `ridge` is on the mean-loss scale of `softmax.fit`: it adds ridge/2 to
the variances of features. For two classes the objective is the mean of (1 - t)^2/2, t the margin,
plus ridge/4 |w|^2: the square loss of `theory.proportional`.

Letters: n rows, d features, K classes; `theta` (..., K, 1 + d) holds the intercept in column 0.
A problem gives the same bits alone and in any batch.
"""

from mlbalance.discriminant.fitting import Fit, fit
from mlbalance.discriminant.leaving import leave_one_out

__all__ = ["Fit", "fit", "leave_one_out"]
