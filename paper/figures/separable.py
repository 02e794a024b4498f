"""Separated rows as the ridge vanishes: weights and offsets leave no trace, intercept included.

Lines are the limit of rows and features in proportion, without a ridge that of the largest margin.
As the ridge falls class weights, no weights and these with a prior correction come ever closer to
each other, logarithmically, while an undersample tends to the largest margin of its own rows,
without the intercept against the rarer class.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import main
from limits import limit
from matplotlib.figure import Figure

from mlbalance.recipes import Recipe
from mlbalance.simulation import Comparison, compare
from mlbalance.theory.proportional import Mixture, max_margin

LOOK = {
    "class weights": ("C0", "o"),
    "unweighted": ("0.6", "x"),
    "unweighted, prior correction": ("0.35", "D"),
    "undersample": ("C1", "v"),
}
MEASURES = {"intercept": "intercept / |w|", "signal": "signal / |w|"}
REST = {"largest margin": "C0", "largest margin of an undersample": "C1"}
FINE = np.geomspace(1e-1, 1e-7, 25)
NONE = 1e-8
"""Where the largest margin is drawn: a ridge of zero is on no logarithmic axis."""


@cache
def predicted(cell: str, recipe) -> tuple[float, ...]:
    """Limit of the numbers of `Hyperplane`."""
    from simulations.separable import SEPARATION, STUDY, LargestMargin, boundary

    source = STUDY.cell(cell).source
    n, d = np.array(source.counts), source.population.n_features
    if isinstance(recipe, LargestMargin):
        rows = n * recipe.scheme.moments(n).overlap
        widest = max_margin(rows.sum() / d, rows / rows.sum(), SEPARATION)
        large, rare = widest.class_errors  # the rarer class is the last one
        return widest.signal, widest.intercept, float(rare), float(large)
    return boundary(limit(Mixture.of(source.population), n, d, recipe), n)


def compared(study, rows: dict) -> list[Comparison]:
    """Every number of every recipe on every cell that was run."""
    from simulations.separable import Hyperplane

    found = []
    for cell in study.cells:
        for recipe in study.recipes:
            for column, value in zip(Hyperplane.columns, predicted(cell.name, recipe), strict=True):
                key = cell.name, recipe.name, recipe.ridge, column
                if key in rows:
                    found.append(compare(key, value, rows[key]))
    return found


def draw(study, rows: dict, found: list[Comparison]) -> Figure:
    from simulations.separable import COUNTS

    cells = [name for name in COUNTS if name in {c.cell for c in found}]
    figure, axes = plt.subplots(
        2, len(cells), sharex=True, sharey="row", squeeze=False, figsize=(6.5, 4.2)
    )
    for column, cell in zip(axes.T, cells, strict=True):
        for axis, measure in zip(column, MEASURES, strict=True):
            panel(axis, [c for c in found if c.cell == cell and c.what == measure])
        column[0].set_title(cell)
    for axis, label in zip(axes[:, 0], MEASURES.values(), strict=True):
        axis.set_ylabel(label)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    figure.supxlabel("ridge", size=8.5)
    return figure


def panel(axis, found: list[Comparison]) -> None:
    from simulations.separable import METHODS, Hyperplane

    cell, measure = found[0].cell, found[0].what
    place = Hyperplane.columns.index(measure)
    for name, (color, mark) in LOOK.items():
        scheme, correction = METHODS[name]
        recipes = [Recipe(name, scheme, ridge, correction) for ridge in FINE]
        axis.plot(FINE, [predicted(cell, recipe)[place] for recipe in recipes], color=color, lw=1.0)
        points(axis, [c for c in found if c.method == name], color, mark, name)
    for name, color in REST.items():
        (own,) = (c for c in found if c.method == name)
        axis.axhline(own.predicted, color=color, lw=0.8, ls="--", zorder=1)
        points(axis, [own._replace(ridge=NONE)], color, "*", "largest margin" * (color == "C0"))
    axis.set_xscale("log")
    axis.set_xlim(0.2, NONE / 2)
    axis.set_xticks([1e-1, 1e-3, 1e-5, NONE], ["$10^{-1}$", "$10^{-3}$", "$10^{-5}$", "none"])
    axis.minorticks_off()


def points(axis, found: list[Comparison], color: str, mark: str, label: str) -> None:
    axis.errorbar(
        [c.ridge for c in found],
        [c.observed for c in found],
        yerr=[2 * c.error for c in found],
        fmt=mark,
        color=color,
        mfc="w",
        ms=3.5,
        lw=0.8,
        label=label or None,
    )


if __name__ == "__main__":
    main("separable", draw, compared)
