"""Ten times the rows of the larger class where features or classes differ in spread.

Claim: every number is within four standard errors of the limit of n and d.
Under the weak ridge: where the signal is in features of small variance, rows that an undersample
drops tell which features these are. More of them halve the error of class weights with left-out
intercepts and lower that of under-bags by less than a tenth, and bags come to lose even to class
weights at threshold zero; where it is in features of large variance they win.
Under both: an undersample beats class weights at threshold zero when the rare class is the wider
one, and loses, as do bags, when it is the tighter one, at every count, since of as many rows those
of the wider class pull more. Class weights have the intercept against the class of larger
sigma^2/n, as left-out intercepts show: with few rows that is the larger class.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from limits import Compared, compared, limit, require_all
from matplotlib.figure import Figure
from proportional import LOOK

from mlbalance.recipes import Recipe
from mlbalance.theory.proportional import Mixture

MEASURE = "balanced error"
MOVED = "difference in margin, rarest"
"""By which left-out intercepts move the intercept of class weights."""
LOST = f"difference in {MEASURE}"
LARGE, TIGHT = "signal where features vary", "signal where they do not"
WIDER, TIGHTER = "wider rare class", "tighter rare class"
BAGS, LEFT_OUT = "10 under-bags", "class weights, left-out intercepts"


@cache
def predicted(population: str, largest: float, recipe: Recipe) -> float:
    """Limit of the balanced error."""
    from simulations.anisotropic import FEATURES, POPULATIONS, RAREST

    mixture = Mixture.of(POPULATIONS[population])
    return limit(mixture, (largest, RAREST), FEATURES, recipe).balanced_error()


def check(rows: dict) -> list[Compared]:
    """What is drawn, if the claim holds."""
    from simulations.anisotropic import LARGEST, POPULATIONS, RIDGES, STUDY

    found = compared(STUDY, rows)
    require_all(found)
    ran = dict.fromkeys(c.cell for c in found)
    for name in POPULATIONS:
        for largest in LARGEST:
            if f"{name}, {largest}" in ran:
                intercepts(rows, name, largest)
    for cell in ran:
        for ridge in RIDGES:
            if cell.startswith(WIDER):
                loses(rows, cell, "undersample", ridge, -1)
            if cell.startswith(TIGHTER):
                loses(rows, cell, "undersample", ridge, 1)
                loses(rows, cell, BAGS, ridge, 1)
    if len(ran) == len(STUDY.cells):
        loses(rows, f"{LARGE}, {LARGEST[-1]}", BAGS, RIDGES[0], -1)
        loses(rows, f"{TIGHT}, {LARGEST[-1]}", BAGS, RIDGES[0], 1)
        for recipe, low, high in ((LEFT_OUT, 0.0, 0.5), (BAGS, 0.9, 1.0)):
            few, many = (
                rows[f"{TIGHT}, {n}", recipe, RIDGES[0], MEASURE].value
                for n in (LARGEST[0], LARGEST[-1])
            )
            require(
                low < many / few < high,
                f"{TIGHT}: {recipe} has {many:.3f} instead of {few:.3f} with more rows of the "
                f"larger class, a ratio between {low} and {high}.",
            )
    return found


def loses(rows: dict, cell: str, recipe: str, ridge: float, sign: int) -> None:
    """Require that a recipe has the larger error than class weights, or the smaller one."""
    row = rows[cell, recipe, ridge, LOST]
    require(
        sign * row.value > 4 * row.error,
        f"{cell}, ridge {ridge:g}: {recipe} {'loses' if sign > 0 else 'wins'} by "
        f"{sign * row.value:.3f} ± {row.error:.2g}.",
    )


def intercepts(rows: dict, name: str, largest: int) -> None:
    """Require that class weights are against the class whose rows pull more, sigma^2/n."""
    from simulations.anisotropic import POPULATIONS, RAREST, RIDGES

    pull = Mixture.of(POPULATIONS[name]).scales ** 2 / (largest, RAREST)
    for ridge in RIDGES:
        row = rows[f"{name}, {largest}", LEFT_OUT, ridge, MOVED]
        require(
            np.sign(pull[1] - pull[0]) * row.value > 4 * row.error,
            f"{name}, {largest}, ridge {ridge:g}: left-out intercepts move the rarer class by "
            f"{row.value:.2f} ± {row.error:.2g}, with pulls {pull[1]:.2g} and {pull[0]:.2g}.",
        )


def draw(rows: dict) -> Figure:
    from simulations.anisotropic import LARGEST, METHODS, POPULATIONS, RIDGES

    found = [c for c in check(rows) if c.measure == MEASURE]
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


def panel(axis, name: str, ridge: float, found: list[Compared]) -> None:
    from simulations.anisotropic import LARGEST, METHODS

    fine = np.rint(np.geomspace(LARGEST[0], LARGEST[-1], 9))
    for method, (scheme, correction) in METHODS.items():
        color, mark, dashes = LOOK[method]
        recipe = Recipe(method, scheme, ridge, correction)
        axis.plot(fine, [predicted(name, n, recipe) for n in fine], dashes, color=color, lw=1.0)
        own = [c for c in found if c.recipe == method]
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
    main("anisotropic", draw)
