"""What users fit: scikit-learn classifiers with a scheme, honest covariances and a named prior.

`SoftmaxClassifier()` is `LogisticRegression(class_weight="balanced")` in one line, to the last
digit of its coefficients, with standard errors that are right for weighted fits and probabilities
at the balanced, the natural or any other prior. `Balanced(estimator)` puts the same schemes around
any classifier.

Sample weights have the meaning of repetition: a weight of 3 is three rows, in the classes' counts
too. Every scheme passes on weights of the same sum, so that penalties weigh the same in all.
"""

from mlbalance.extras import require

require("mlbalance.estimators", "sklearn", "joblib")

from mlbalance.estimators.balanced import Balanced  # noqa: E402
from mlbalance.estimators.classifier import SoftmaxClassifier  # noqa: E402
from mlbalance.methods.rows import FitError  # noqa: E402

__all__ = ["Balanced", "FitError", "SoftmaxClassifier"]
