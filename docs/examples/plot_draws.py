"""
One fit, and a hundred draws around it
======================================

Two analysts who undersample the same data with their own seeds have different classifiers. The loss
of class weighting is the mean of theirs, and the mean of their fits comes close to its fit.
"""

import numpy as np
from matplotlib import pyplot as plt

from mlbalance import ClassWeight, Undersample, populations, softmax

rng = np.random.default_rng(1)
X, y = populations.symmetric(2, 2, 2.0).sample((300, 30), rng)
weights = np.concatenate([Undersample().draw(y, rng) for _ in range(100)])
fits = softmax.fit(X, y, weights, ridge=0.01)
all_rows = softmax.fit(X, y, ClassWeight().draw(y, rng)[0], ridge=0.01)


def slopes(fit):
    """Slopes of class 1 against class 0."""
    return fit.coef[..., 1, :] - fit.coef[..., 0, :]


print("all rows, weighted     ", slopes(all_rows).round(2))
print("mean of the draws      ", slopes(fits).mean(axis=0).round(2))
print("their standard deviation", slopes(fits).std(axis=0).round(2))

# %%
# The noise of the draws comes on top of that of the data, which all of them share (label
# `conditional-variance`).

figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
axes.scatter(*slopes(fits).T, s=14, alpha=0.5, label="undersamples", color="#2f7fc1")
axes.scatter(*slopes(fits).mean(axis=0), marker="s", s=60, label="their mean", color="#1b4f7c")
axes.scatter(*slopes(all_rows), marker="*", s=140, label="class weights", color="#c1442f")
axes.set_xlabel("slope of the first feature")
axes.set_ylabel("slope of the second")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
plt.show()
