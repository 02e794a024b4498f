"""What B bags cost against class weights: independent ones, and ones that share no row.

Lines are theory to second order (thin: to first). To first order independent bags leave 1/B of what
one undersample loses; disjoint ones less, and nothing when they use up every row of classes of one
size. Second order adds what averaging fits, and not weights, leaves.
"""

import matplotlib.pyplot as plt
from common import main
from matplotlib.figure import Figure
from orders import expansion

from mlbalance import theory
from mlbalance.schemes import Bagging, ClassWeight, Undersample
from mlbalance.simulation import Comparison, compare

MEASURE = "risk ratio"
SMALL, LARGE = "1x", "4x"
ROWS = {SMALL: 100, LARGE: 400}
LOOK = {False: ("C0", "o", "independent bags"), True: ("C1", "s", "disjoint bags")}


def predicted(cell, scheme) -> float:
    """Ratio of excess risks, bags over class weights, to second order."""
    risks = expansion(cell.source.population)
    one, other = (
        risks.of_scheme(which, cell.source.counts).excess_risk for which in (scheme, ClassWeight())
    )
    return one / other


def compared(study, rows: dict) -> list[Comparison]:
    """Ratios of excess risks."""
    found = []
    for cell in study.cells:
        for recipe in study.recipes:
            key = cell.name, recipe.name, recipe.ridge, MEASURE
            if key in rows:
                found.append(compare(key, predicted(cell, recipe.scheme), rows[key], log=True))
    return found


def draw(study, rows: dict, found: list[Comparison]) -> Figure:
    from simulations.bagging import COUNTS

    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(6.5, 2.9))
    for axis, (name, counts) in zip(axes, COUNTS.items(), strict=True):
        panel(axis, [c for c in found if c.cell.startswith(name)])
        for size in (SMALL, LARGE):
            lines(axis, study.cell(f"{name}, {size}"), size == LARGE)
        axis.set_title(f"{name}, {' : '.join(str(n // min(counts)) for n in counts)}")
    axes[0].set_ylabel("excess risk, relative to\nclass weights (± 2 s.e.)")
    axes[1].legend(fontsize=7)
    figure.supxlabel("bags B", size=8.5)
    return figure


def panel(axis, found: list[Comparison]) -> None:
    from simulations.bagging import INDEPENDENT

    for disjoint, (color, mark, label) in LOOK.items():
        own = [c for c in found if ("disjoint" in c.method) == disjoint]
        for size in (SMALL, LARGE):
            these = [c for c in own if c.cell.endswith(size)]
            axis.errorbar(
                [bags(c) * (0.96 if size == SMALL else 1.04) for c in these],
                [c.observed for c in these],
                yerr=[2 * c.error for c in these],
                fmt=mark,
                color=color,
                mfc="white" if size == SMALL else color,
                elinewidth=0.8,
                label=f"{label}, m = {ROWS[size]}",
            )
    for dashes, size in (("-", LARGE), (":", SMALL)):
        axis.plot([], [], dashes, color="0.2", label=f"second order, m = {ROWS[size]}")
    axis.plot([], [], color="0.75", lw=0.7, label="first order")
    axis.axhline(1, color="0.75", lw=0.8, zorder=1)
    axis.set_xscale("log")
    axis.set_xticks(INDEPENDENT, [str(B) for B in INDEPENDENT])
    axis.minorticks_off()
    axis.grid(axis="y", color="0.92", lw=0.6)


def bags(c: Comparison) -> int:
    return int(c.method.split()[0])


def lines(axis, cell, large: bool) -> None:
    """The predictions at every number of bags; of the large counts that of first order too."""
    from simulations.bagging import DISJOINT, INDEPENDENT

    m = theory.population_moments(cell.source.population).moments
    for disjoint, most in ((False, INDEPENDENT[-1]), (True, DISJOINT[-1])):
        color = LOOK[disjoint][0]
        many = range(1, most + 1)
        schemes = [Bagging(Undersample(), B, disjoint=disjoint) for B in many]
        values = [predicted(cell, scheme) for scheme in schemes]
        axis.plot(many, values, "-" if large else ":", color=color, lw=1.0)
        if large:
            first = [theory.variance_ratio(cell.source.counts, scheme, m) for scheme in schemes]
            axis.plot(many, first, "-", color="0.75", lw=0.7, zorder=1)


if __name__ == "__main__":
    main("bagging", draw, compared)
