"""
Methods on real data
====================

Paired differences from class weights over the same folds, with intervals that hold for all of them
at once.
"""

from matplotlib import pyplot as plt

from mlbalance import data
from mlbalance.compare import compare

glass = data.load("glass")
methods = ["class-weights", "unweighted+prior", "undersample", "lda"]
found = compare(glass.X, glass.y, methods=methods, repeats=1)
for row in found.differences():
    print(f"{row.method:17} {row.mean:+.3f}, from {row.low:+.3f} to {row.high:+.3f}")

# %%
# On 214 rows hardly anything can be told apart, and the answer says so.

print(found.text().split("\n\n")[0])

# %%
# Intervals that reach zero are no finding.

figure, axes = plt.subplots(figsize=(6, 2.5), layout="constrained")
rows = found.differences()
for place, row in enumerate(rows):
    axes.plot([100 * row.low, 100 * row.high], [place, place], color="#2f7fc1", linewidth=2)
    axes.plot(100 * row.mean, place, "o", color="#1b4f7c")
axes.axvline(0, color="black", linewidth=1)
axes.set_yticks(range(len(rows)), [row.method for row in rows])
axes.set_xlabel("balanced error less that of class weights, points")
axes.spines[["top", "right"]].set_visible(False)
plt.show()
