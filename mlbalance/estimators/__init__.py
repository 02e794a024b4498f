"""scikit-learn classifiers with a balancing scheme, valid standard errors and a target prior.

`SoftmaxClassifier()` has the coefficients of `LogisticRegression(class_weight="balanced")`, with
standard errors that are valid for weighted fits and probabilities at the balanced, the natural or
any other prior. `Balanced(estimator)` applies the same schemes to any classifier.
`DiscriminantClassifier()` is discriminant analysis with a ridge and thresholds for balanced error.
`SeparateSmallClasses()` gives the small classes a classifier of their own.
`LossClassifier(loss)` is a linear classifier of focal loss, LDAM or vector scaling.

Sample weights are frequency weights: a weight of 3 stands for three rows, in the class counts too.
Weights have the same sum under every scheme, so that a penalty has the same strength in all.
"""

from mlbalance.extras import require

require("mlbalance.estimators", "sklearn", "joblib")

from mlbalance.estimators.balanced import Balanced  # noqa: E402
from mlbalance.estimators.classifier import SoftmaxClassifier  # noqa: E402
from mlbalance.estimators.discriminant import DiscriminantClassifier  # noqa: E402
from mlbalance.estimators.losses import LossClassifier  # noqa: E402
from mlbalance.estimators.separate import SeparateSmallClasses  # noqa: E402
from mlbalance.methods.rows import FitError  # noqa: E402

__all__ = [
    "Balanced",
    "DiscriminantClassifier",
    "FitError",
    "LossClassifier",
    "SeparateSmallClasses",
    "SoftmaxClassifier",
]
