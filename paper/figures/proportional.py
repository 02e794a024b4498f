"""What six methods are worth with 200 features: exact theory, and fits.

Lines are the limit of rows and features in proportion. Fits of 200 features are off it by an order
of 1/d, which half of both shows: what is judged is the limit and half of what fits of 100 features
are off it.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main
from joblib import Parallel, delayed
from limits import limit, predicted
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, compare
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


def compared(study, rows: dict) -> list[Comparison]:
    """Every number of the full size; off the limit by half of what the half size is."""
    from simulations._limits import Limits
    from simulations.proportional import RAREST, SHARES, name_of

    found = []
    for K in SHARES:
        for rarest in RAREST[K]:
            whole, half = (study.cell(name_of(K, rarest, part)).name for part in (1, 2))
            if whole not in {row.cell for row in rows.values()}:
                continue
            for recipe in study.recipes:
                values = predicted(study.cell(whole).source, recipe)
                for measure, value in zip(Limits.columns, values, strict=True):
                    key = whole, recipe.name, recipe.ridge, measure
                    other = rows[half, *key[1:]]
                    told = value + (other.value - value) / 2
                    found.append(compare(key, told, rows[key], own_error=other.error / 2))
    return found


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


def draw(study, rows: dict, found: list[Comparison]) -> Figure:
    from simulations.proportional import RAREST, RIDGES, SHARES

    found = [c for c in found if c.what == MEASURE]
    across = {K: np.geomspace(RAREST[K][0], RAREST[K][-1], 9) for K in SHARES}
    run = {int(c.cell[2]) for c in found}
    asked = [(K, recipe) for K in SHARES if K in run for recipe in study.recipes]
    lines = Parallel(n_jobs=-1)(delayed(curve)(K, r, across[K]) for K, r in asked)
    figure, axes = plt.subplots(2, 3, sharey=True, figsize=(6.9, 5.0))
    for (K, recipe), line in zip(asked, lines, strict=True):
        axis = axes[RIDGES.index(recipe.ridge), list(SHARES).index(K)]
        color, _, dashes = LOOK[recipe.name]
        axis.plot(across[K], line, dashes, color=color, lw=1.0)
    for c in found:
        K, rarest = int(c.cell[2]), int(c.cell.split()[1])
        axis = axes[RIDGES.index(c.ridge), list(SHARES).index(K)]
        color, mark, _ = LOOK[c.method]
        error = 2 * rows[c.cell, c.method, c.ridge, MEASURE].error
        axis.errorbar(rarest, c.observed, error, fmt=mark, color=color, mfc="w", ms=4, lw=0.8)
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
    main("proportional", draw, compared)
