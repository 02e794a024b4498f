"""What B bags cost against class weights: independent ones, and ones that share no row.

Claim: independent bags leave 1/B of what one undersample loses; disjoint ones less, and nothing
when they use up every row of classes of one size. Within four standard errors after an allowance
of three times p/rows, of 6 and 1.5 %; what is missed falls as 1/rows.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from first_order import Compared, require_all, require_second_order, share
from matplotlib.figure import Figure

from mlbalance import theory

MEASURE = "risk ratio"
SMALL, LARGE = "1x", "4x"
ROWS = {SMALL: 100, LARGE: 400}
LOOK = {False: ("C0", "o", "independent bags"), True: ("C1", "s", "disjoint bags")}


def predicted(cell, scheme) -> float:
    """First-order ratio of excess risks, bags over class weights."""
    m = theory.population_moments(cell.source.population).moments
    return theory.variance_ratio(cell.source.counts, scheme, m)


def compared(rows: dict) -> list[Compared]:
    """Ratios of excess risks."""
    from simulations.bagging import STUDY

    found = []
    for cell in STUDY.cells:
        source = cell.source
        for recipe in STUDY.recipes:
            row = rows.get((cell.name, recipe.name, recipe.ridge, MEASURE))
            if row is not None:
                of = share(source.population, source.counts, recipe.scheme)
                ratio = predicted(cell, recipe.scheme)
                found.append(
                    Compared(cell.name, recipe.name, MEASURE, ratio, row.value, row.error, of)
                )
    return found


def check(rows: dict) -> list[Compared]:
    """What is drawn, if the claim holds."""
    from simulations.bagging import DISJOINT

    found = compared(rows)
    require_all(found)
    require_second_order(found, SMALL, LARGE)
    last = {c.cell: c for c in found if c.recipe == f"{DISJOINT[-1]} disjoint bags"}
    for size in (SMALL, LARGE):
        equal, unequal = last[f"equal ratios, {size}"], last[f"unequal ratios, {size}"]
        require(abs(equal.predicted - 1) < 1e-9, "equal ratios: class weights are reached.")
        require(unequal.observed > equal.observed, "unequal ratios: noise is left.")
    return found


def draw(rows: dict) -> Figure:
    from simulations.bagging import COUNTS

    found = check(rows)
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(6.5, 2.9))
    for axis, (name, counts) in zip(axes, COUNTS.items(), strict=True):
        panel(axis, [c for c in found if c.cell.startswith(name)])
        axis.set_title(f"{name}, {' : '.join(str(n // min(counts)) for n in counts)}")
    axes[0].set_ylabel("excess risk, relative to\nclass weights (± 2 s.e.)")
    axes[1].legend()
    figure.supxlabel("bags B", size=8.5)
    return figure


def panel(axis, found: list[Compared]) -> None:
    from simulations.bagging import INDEPENDENT

    for disjoint, (color, mark, label) in LOOK.items():
        own = [c for c in found if ("disjoint" in c.recipe) == disjoint]
        law(axis, [c for c in found if bags(c) == 1] + own, "--" if disjoint else "-", color)
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
    axis.plot([], [], color="0.2", label="lines: predicted")
    axis.axhline(1, color="0.75", lw=0.8, zorder=1)
    axis.set_xscale("log")
    axis.set_xticks(INDEPENDENT, [str(B) for B in INDEPENDENT])
    axis.minorticks_off()
    axis.grid(axis="y", color="0.92", lw=0.6)


def bags(c: Compared) -> int:
    return int(c.recipe.split()[0])


def law(axis, found: list[Compared], dashes: str, color: str) -> None:
    """The prediction between whole numbers of bags: it is linear in 1/B."""
    at = {1 / bags(c): c.predicted for c in found}
    inverse = np.linspace(min(at), 1, 200)
    axis.plot(
        1 / inverse,
        np.interp(inverse, sorted(at), [at[i] for i in sorted(at)]),
        dashes,
        color=color,
    )


if __name__ == "__main__":
    main("bagging", draw)
