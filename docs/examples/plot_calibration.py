"""
Probabilities at another prior
==============================

A balanced fit says what is probable if classes are equally frequent, and is shifted to the prior of
the data. Where features are many its logits are too large as well; intercepts and a temperature by
left-out rows repair that.
"""

import numpy as np
from matplotlib import pyplot as plt

from mlbalance import populations
from mlbalance.estimators import SoftmaxClassifier

classes = populations.symmetric(2, 60, 2.0)
X, y = classes.sample((540, 60), np.random.default_rng(1))
new, own = classes.sample((18_000, 2_000), np.random.default_rng(2))
plain = SoftmaxClassifier(ridge=0.003).fit(X, y)
left_out = SoftmaxClassifier(ridge=0.003, correction="loo", temperature=True).fit(X, y)
said = {
    "balanced": plain.predict_proba(new)[:, 1],
    "natural prior": plain.predict_proba(new, prior="natural")[:, 1],
    "and by left-out rows": left_out.predict_proba(new, prior="natural")[:, 1],
}
for name, p in said.items():
    loss = -np.log(np.where(own == 1, p, 1 - p)).mean()
    print(f"{name:22} mean {p.mean():.3f}, log-loss {loss:.3f}")

# %%
# Observed share of class 1 among new rows of like probability; on the diagonal they are calibrated.

figure, axes = plt.subplots(figsize=(4.5, 4), layout="constrained")
axes.plot([0, 1], [0, 1], color="black", linewidth=1)
for (name, p), style in zip(said.items(), ("-o", "-s", "-^"), strict=True):
    edges = np.quantile(p, np.linspace(0, 1, 13))
    bins = np.digitize(p, edges[1:-1])
    points = [(p[bins == b].mean(), own[bins == b].mean()) for b in range(12)]
    axes.plot(*np.transpose(points), style, markersize=4, label=name)
axes.set_xlabel("probability of class 1")
axes.set_ylabel("observed share")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
plt.show()
