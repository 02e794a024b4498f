"""What six methods are worth with 200 features: exact theory, and fits.

Claim: balanced error, log-loss, class errors, calibration slope and the law of the logits are those
of the equations, within four standard errors, for two, three and six classes; where rare rows are
few a feature, class weights lose to the undersample under a weak ridge, and to themselves with
left-out intercepts everywhere.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from joblib import Parallel, delayed
from limits import Compared, compared, limit, require_all
from matplotlib.figure import Figure

from mlbalance.theory.proportional import Mixture

MEASURE = "balanced error"
TITLES = {
    2: "two classes, 9 : 1",
    3: "three classes, 6 : 2 : 1",
    6: "six: 23, 5, 44, 14, 19, 31",
}
LOOK = {
    "class weights": ("C0", "o", "-"),
    "class weights, left-out intercepts": ("C0", "s", "--"),
    "undersample": ("C1", "v", "-"),
    "10 under-bags": ("C2", "^", "-"),
    "unweighted, prior correction": ("0.35", "D", "-"),
    "unweighted, left-out intercepts": ("0.35", "x", "--"),
}


def check(rows: dict) -> list[Compared]:
    """What is drawn, if the claim holds."""
    from simulations.proportional import STUDY

    found = compared(STUDY, rows)
    require_all(found)
    by = {(c.cell, c.recipe, c.ridge): c for c in found if c.measure == MEASURE}
    for (cell, recipe, ridge), c in by.items():
        if recipe == "class weights":
            refit = by[cell, "class weights, left-out intercepts", ridge]
            require(refit.observed < c.observed, f"{cell}: left-out intercepts help class weights.")
    for cell in dict.fromkeys(c.cell for c in found if c.cell.startswith("K=2, 20")):
        weighted, under = (by[cell, name, 0.01] for name in ("class weights", "undersample"))
        require(under.observed < weighted.observed, f"{cell}: the undersample wins.")
    return [c for c in found if c.measure == MEASURE]


def curve(K: int, recipe, per_rare: np.ndarray) -> list[float]:
    """Predicted balanced error between the cells."""
    from simulations.proportional import FEATURES, SHARES, corners

    mixture, shares = Mixture.of(corners(K)), np.array(SHARES[K]) / min(SHARES[K])
    # Rows count per feature only: many of both, so that counts may be rounded.
    fine = 1000
    return [
        limit(mixture, np.rint(shares * r * fine), FEATURES * fine, recipe).balanced_error()
        for r in per_rare
    ]


def draw(rows: dict) -> Figure:
    from simulations.proportional import RAREST, RIDGES, SHARES, STUDY

    found = check(rows)
    across = {K: np.geomspace(RAREST[K][0], RAREST[K][-1], 9) for K in SHARES}
    run = {int(c.cell[2]) for c in found}
    asked = [(K, recipe) for K in SHARES if K in run for recipe in STUDY.recipes]
    lines = Parallel(n_jobs=-1)(delayed(curve)(K, r, across[K]) for K, r in asked)
    figure, axes = plt.subplots(2, 3, sharey=True, figsize=(6.9, 5.0))
    for (K, recipe), line in zip(asked, lines, strict=True):
        axis = axes[RIDGES.index(recipe.ridge), list(SHARES).index(K)]
        color, _, dashes = LOOK[recipe.name]
        axis.plot(across[K], line, dashes, color=color, lw=1.0)
    for c in found:
        K, rarest = int(c.cell[2]), int(c.cell.split()[1])
        axis = axes[RIDGES.index(c.ridge), list(SHARES).index(K)]
        color, mark, _ = LOOK[c.recipe]
        axis.errorbar(rarest, c.observed, 2 * c.error, fmt=mark, color=color, mfc="w", ms=4, lw=0.8)
    for axis, K in zip(axes[0], SHARES, strict=True):
        axis.set_title(TITLES[K])
    for row, ridge in zip(axes, RIDGES, strict=True):
        row[0].set_ylabel(f"balanced error, ridge {ridge:g}")
        for axis, K in zip(row, SHARES, strict=True):
            axis.set_xscale("log")
            axis.set_xticks(RAREST[K], [str(r) for r in RAREST[K]])
            axis.minorticks_off()
            axis.grid(axis="y", color="0.92", lw=0.6)
    handles = [
        plt.Line2D([], [], color=color, marker=mark, ls=dashes, mfc="w", ms=4, label=name)
        for name, (color, mark, dashes) in LOOK.items()
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=2)
    figure.supxlabel("rows of the rarest class (200 features)", size=8.5)
    return figure


if __name__ == "__main__":
    main("proportional", draw)
