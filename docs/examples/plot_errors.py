"""
Standard errors that know the weights
=====================================

The inverse Hessian takes weights for counts of rows. Against the spread of the estimates over data
sets its errors are much too small; those of the design-based covariance are near it.
"""

import numpy as np
from matplotlib import pyplot as plt

from mlbalance import populations
from mlbalance.estimators import SoftmaxClassifier

classes, repeats = populations.symmetric(2, 3, 1.5), 150
estimates, reported = [], {"design": [], "model": []}
for number in range(repeats):
    X, y = classes.sample((900, 60), np.random.default_rng(number))
    model = SoftmaxClassifier(ridge=0.0).fit(X, y)
    estimates.append(model.coef_[0])
    for kind, own in reported.items():
        own.append(model.standard_errors_(kind)[0, 1:])
spread = np.std(estimates, axis=0)
print("spread of the estimates", spread.round(3))
for kind, own in reported.items():
    print(f"reported by {kind:11}", np.mean(own, axis=0).round(3))

# %%
# The labels are `naive-se` and `sandwich`.

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
at = np.arange(3)
axes.bar(at - 0.25, spread, 0.22, label=f"spread over {repeats} data sets", color="#444444")
axes.bar(at, np.mean(reported["design"], axis=0), 0.22, label="design", color="#2f7fc1")
axes.bar(at + 0.25, np.mean(reported["model"], axis=0), 0.22, label="model", color="#c1442f")
axes.set_xticks(at, [f"slope of x{j}" for j in at])
axes.set_ylabel("standard error")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.18))
plt.show()
