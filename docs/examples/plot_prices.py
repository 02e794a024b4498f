"""
What every scheme costs
=======================

Variance of the estimates relative to class weights on all rows, to first order, for classes that
are exchangeable or carry no signal.
"""

from matplotlib import pyplot as plt

from mlbalance import Bagging, BalancedSampler, ClassWeight, Oversample, Undersample
from mlbalance.theory import variance_ratio

counts = (23, 5, 44, 14, 19, 31)
schemes = (
    ClassWeight(),
    Oversample(),
    Bagging(Undersample(), 10),
    Oversample(keep=False),
    BalancedSampler(),
    Undersample(),
    Undersample(replace=True),
)
prices = {scheme.label: variance_ratio(counts, scheme) for scheme in schemes}
for label, price in prices.items():
    print(f"{label:30} {price:.2f}")

# %%
# No scheme is below class weights (label `loewner`): they are its mean, and what is left is noise.

figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
bars = axes.barh(list(prices), list(prices.values()), color="#2f7fc1")
axes.bar_label(bars, fmt="%.2f", padding=3)
axes.axvline(1, color="black", linewidth=1)
axes.invert_yaxis()
axes.set_xlabel("variance relative to class weights on all rows")
axes.spines[["top", "right"]].set_visible(False)
plt.show()
