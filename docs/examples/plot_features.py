"""
When an undersample wins, and why it need not
=============================================

Balanced error as features grow: 180 rows of one class and 20 of another, in the limit of rows and
features in proportion. What an undersample wins it wins by the intercept, and left-out rows set
that without dropping any.
"""

from matplotlib import pyplot as plt

from mlbalance import ClassWeight, Undersample
from mlbalance.theory import proportional

means = proportional.Mixture.isotropic([[-1.0], [1.0]])
features = (5, 10, 20, 40, 80, 160, 320)
errors = {name: [] for name in ("class weights", "undersample", "class weights, best threshold")}
for d in features:
    weighted, kept = (
        proportional.solve(means, (180, 20), d, scheme, ridge=0.1).logits
        for scheme in (ClassWeight(), Undersample())
    )
    errors["class weights"].append(weighted.balanced_error())
    errors["undersample"].append(kept.balanced_error())
    errors["class weights, best threshold"].append(weighted.balanced_error(weighted.best_offset()))
for name, values in errors.items():
    print(f"{name:30}", *(f"{value:.3f}" for value in values))

# %%
# The threshold that is best on new rows is what intercepts by left-out rows come to (label
# `loo-intercept`).

figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
for (name, values), style in zip(errors.items(), ("-o", "-s", "--"), strict=True):
    axes.plot(features, values, style, label=name)
axes.set_xscale("log")
axes.set_xlabel("features")
axes.set_ylabel("balanced error")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
plt.show()
