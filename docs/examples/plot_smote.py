"""
Rows that SMOTE makes up vary less
==================================

A row interpolated between any two rows of a large class has near two thirds of their second moment
about the class mean. The class shrinks, and a balanced fit has slopes that are too large.
"""

import numpy as np
from matplotlib import pyplot as plt

from mlbalance import populations
from mlbalance.theory import smote_moments

rng = np.random.default_rng(1)
X, _ = populations.symmetric(2, 2, 2.0).sample((400, 2), rng)
X = X[:400]
first, second, share = rng.integers(400, size=2000), rng.integers(400, size=2000), rng.random(2000)
made = X[first] + share[:, None] * (X[second] - X[first])
print("variances of the rows    ", X.var(axis=0).round(2))
print("of rows that are made up ", made.var(axis=0).round(2))
print("as predicted             ", np.diag(smote_moments(X)[1]).round(2))

# %%
# The labels are `smote` and `smote-target`; the study `synthetic_rows` has nearest neighbours.

figure, panels = plt.subplots(
    1, 2, figsize=(7, 3.5), sharex=True, sharey=True, layout="constrained"
)
for axes, rows, name in zip(panels, (X, made[:400]), ("rows", "made up"), strict=True):
    axes.scatter(*rows.T, s=8, alpha=0.5, color="#2f7fc1")
    axes.add_patch(plt.Circle(rows.mean(axis=0), 2 * rows.std(), fill=False, color="#c1442f"))
    axes.set_title(name)
    axes.set_aspect("equal")
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
