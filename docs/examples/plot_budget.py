"""
Where the next rows should go
=============================

Share of each class in the variance of class weighting, and the worth of one more row of it.
"""

import numpy as np
from matplotlib import pyplot as plt

from mlbalance.theory import budget

counts = np.array((23, 5, 44, 14, 19, 31))
found = budget(counts)
worth = found.row_value / found.row_value.min()
for k, n in enumerate(counts):
    print(
        f"class {k}: {n:2} rows, {found.share[k]:4.0%} of the variance, a row worth {worth[k]:5.1f}"
    )

# %%
# Rows of the class with the fewest are worth the most (label `budget`).

figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3), layout="constrained", sharex=True)
left.bar(range(6), 100 * found.share, color="#2f7fc1")
left.set_ylabel("% of the variance")
right.bar(range(6), worth, color="#c1442f")
right.set_yscale("log")
right.set_ylabel("worth of one more row")
for axes in (left, right):
    axes.set_xticks(range(6), [f"{k}\n({n})" for k, n in enumerate(counts)])
    axes.set_xlabel("class (rows)")
    axes.spines[["top", "right"]].set_visible(False)
plt.show()
