"""Ten times the rows of the larger class where features or classes differ in spread.

Lines are the limit of rows and features in proportion. Under the weak ridge: where the signal is in
features of small variance, rows that an undersample drops tell which features these are. More of
them halve the error of class weights with left-out intercepts and lower that of under-bags by less
than a tenth, and bags come to lose even to class weights at threshold zero; where it is in features
of large variance they win. Under both: an undersample beats class weights at threshold zero when
the rare class is the wider one, and loses, as do bags, when it is the tighter one, at every count,
since of as many rows those of the wider class pull more. Class weights have the intercept against
the class of larger sigma^2/n, as left-out intercepts show: with few rows that is the larger class.
All of this is claimed in the study, and how much of it is shown is said below.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import main
from limits import compared, limit
from matplotlib.figure import Figure
from proportional import LOOK

from mlbalance.recipes import Recipe
from mlbalance.simulation import Comparison
from mlbalance.theory.proportional import Mixture

MEASURE = "balanced error"


@cache
def predicted(population: str, largest: float, recipe: Recipe) -> float:
    """Limit of the balanced error."""
    from simulations.anisotropic import FEATURES, POPULATIONS, RAREST

    mixture = Mixture.of(POPULATIONS[population])
    return limit(mixture, (largest, RAREST), FEATURES, recipe).balanced_error()


def draw(study, rows: dict, found: list[Comparison]) -> Figure:
    from simulations.anisotropic import LARGEST, METHODS, POPULATIONS, RIDGES

    found = [c for c in found if c.what == MEASURE]
    figure, axes = plt.subplots(
        len(RIDGES), len(POPULATIONS), sharex=True, sharey=True, figsize=(6.5, 4.2)
    )
    for line, ridge in zip(axes, RIDGES, strict=True):
        for axis, name in zip(line, POPULATIONS, strict=True):
            own = [c for c in found if c.ridge == ridge and c.cell.startswith(name)]
            panel(axis, name, ridge, own)
        line[0].set_ylabel(f"ridge {ridge:g}\nbalanced error")
    for axis, name in zip(axes[0], POPULATIONS, strict=True):
        axis.set_title(name.replace("where ", "where\n").replace(" rare", "\nrare"))
    axes[0, 0].set_xscale("log")
    axes[0, 0].set_xticks(LARGEST, [str(n) for n in LARGEST])
    axes[0, 0].minorticks_off()
    handles = [
        plt.Line2D([], [], color=color, marker=mark, ls=dashes, mfc="w", ms=4, label=name)
        for name, (color, mark, dashes) in LOOK.items()
        if name in METHODS
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    figure.supxlabel("rows of the larger class", size=8.5)
    return figure


def panel(axis, name: str, ridge: float, found: list[Comparison]) -> None:
    from simulations.anisotropic import LARGEST, METHODS

    fine = np.rint(np.geomspace(LARGEST[0], LARGEST[-1], 9))
    for method, (scheme, correction) in METHODS.items():
        color, mark, dashes = LOOK[method]
        recipe = Recipe(method, scheme, ridge, correction)
        axis.plot(fine, [predicted(name, n, recipe) for n in fine], dashes, color=color, lw=1.0)
        own = [c for c in found if c.method == method]
        axis.errorbar(
            [int(c.cell.split(", ")[-1]) for c in own],
            [c.observed for c in own],
            yerr=[2 * c.error for c in own],
            fmt=mark,
            color=color,
            mfc="w",
            ms=3.5,
            lw=0.8,
        )
    axis.grid(axis="y", color="0.92", lw=0.6)


if __name__ == "__main__":
    main("anisotropic", draw, compared)
