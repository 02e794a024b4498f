"""Separated rows as the ridge vanishes: weights and offsets leave no trace, intercept included.

Claim: at every ridge signal, intercept and class errors are within four standard errors of the
limit of n and d, and without one those of the largest margin. As the ridge falls class weights, no
weights and these with a prior correction come ever closer to each other, logarithmically, while an
undersample tends to the largest margin of its own rows, without the intercept against the rarer
class.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from limits import Compared, limit, require_all
from matplotlib.figure import Figure

from mlbalance.recipes import Recipe
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
FALL = 5.0
"""How many times closer the weakest ridge brings the intercepts than the strongest, at least."""


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


def compared(rows: dict) -> list[Compared]:
    """Every number of every recipe on every cell that was run."""
    from simulations.separable import STUDY, Hyperplane

    found = []
    for cell in STUDY.cells:
        for recipe in STUDY.recipes:
            for column, value in zip(Hyperplane.columns, predicted(cell.name, recipe), strict=True):
                row = rows.get((cell.name, recipe.name, recipe.ridge, column))
                if row is not None:
                    found.append(Compared(*row[:4], value, row.value, row.error))
    return found


def check(rows: dict) -> list[Compared]:
    """What is drawn, if the claim holds."""
    from simulations.separable import RIDGES

    found = compared(rows)
    require_all(found)
    at = {c[:4]: c for c in found}
    for cell in dict.fromkeys(c.cell for c in found):
        for name in ("unweighted", "unweighted, prior correction"):
            gaps = [abs(rows[cell, name, r, "difference in intercept"].value) for r in RIDGES]
            require(
                all(np.diff(gaps) < 0) and FALL * gaps[-1] < gaps[0],
                f"{cell}: the intercept of {name} comes ever closer to that of class weights; they "
                f"are {', '.join(f'{gap:.3f}' for gap in gaps)} apart.",
            )
        whole, part = (at[cell, name, 0.0, "intercept"] for name in REST)
        require(
            part.observed - whole.observed > 4 * np.hypot(part.error, whole.error),
            f"{cell}: an undersample has a largest margin of its own.",
        )
    return found


def draw(rows: dict) -> Figure:
    from simulations.separable import COUNTS

    found = check(rows)
    cells = [name for name in COUNTS if name in {c.cell for c in found}]
    figure, axes = plt.subplots(
        2, len(cells), sharex=True, sharey="row", squeeze=False, figsize=(6.5, 4.2)
    )
    for column, cell in zip(axes.T, cells, strict=True):
        for axis, measure in zip(column, MEASURES, strict=True):
            panel(axis, [c for c in found if c.cell == cell and c.measure == measure])
        column[0].set_title(cell)
    for axis, label in zip(axes[:, 0], MEASURES.values(), strict=True):
        axis.set_ylabel(label)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    figure.supxlabel("ridge", size=8.5)
    return figure


def panel(axis, found: list[Compared]) -> None:
    from simulations.separable import METHODS, Hyperplane

    cell, measure = found[0].cell, found[0].measure
    place = Hyperplane.columns.index(measure)
    for name, (color, mark) in LOOK.items():
        scheme, correction = METHODS[name]
        recipes = [Recipe(name, scheme, ridge, correction) for ridge in FINE]
        axis.plot(FINE, [predicted(cell, recipe)[place] for recipe in recipes], color=color, lw=1.0)
        points(axis, [c for c in found if c.recipe == name], color, mark, name)
    for name, color in REST.items():
        (own,) = (c for c in found if c.recipe == name)
        axis.axhline(own.predicted, color=color, lw=0.8, ls="--", zorder=1)
        points(axis, [own._replace(ridge=NONE)], color, "*", "largest margin" * (color == "C0"))
    axis.set_xscale("log")
    axis.set_xlim(0.2, NONE / 2)
    axis.set_xticks([1e-1, 1e-3, 1e-5, NONE], ["$10^{-1}$", "$10^{-3}$", "$10^{-5}$", "none"])
    axis.minorticks_off()


def points(axis, found: list[Compared], color: str, mark: str, label: str) -> None:
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
    main("separable", draw)
