"""Cost of B bags against class weights: independent ones, and ones that share no row.

Lines are theory to second order (thin: to first). To first order independent bags leave 1/B of the
excess of one undersample; disjoint bags leave less, and nothing where they use up every row of
classes of one size. Second order adds the effect of averaging fits instead of weights.
"""

import matplotlib.pyplot as plt
from common import entries, legend, logarithmic, main, points, where
from matplotlib.figure import Figure
from orders import expansion

from mlbalance import theory
from mlbalance.schemes import Bagging, ClassWeight, Undersample
from mlbalance.simulation import Comparison, Summary, compare
from simulations.bagging import COUNTS, DISJOINT, INDEPENDENT

SMALL, LARGE = 1, 4
LOOK = {False: ("C0", "o", "independent bags"), True: ("C1", "s", "disjoint bags")}


def predicted(cell, scheme) -> float:
    """Ratio of excess risks, bags over class weights, to second order."""
    risks = expansion(cell.source.population)
    one, other = (
        risks.of_scheme(which, cell.source.counts).excess_risk for which in (scheme, ClassWeight())
    )
    return one / other


def compared(study, rows: Summary) -> list[Comparison]:
    """Ratios of excess risks."""
    return [
        compare(row, predicted(cell, method.scheme), log=True)
        for row, cell, method in entries(study, rows, metric="ratio")
    ]


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(6.5, 3.2))
    for axis, (name, counts) in zip(axes, COUNTS.items(), strict=True):
        panel(axis, study, where(found, counts=name), min(counts))
        for cell in study.cells:
            if cell.factors["counts"] == name:
                lines(axis, cell)
        axis.set_title(f"{name}, {' : '.join(str(n // min(counts)) for n in counts)}")
    axes[0].set_ylabel("excess risk, relative to\nclass weights (± 2 s.e.)")
    legend(figure, axes[1], ncols=3)
    figure.supxlabel("bags B")
    return figure


def panel(axis, study, found: list[Comparison], smallest: int) -> None:
    schemes = {method.id: method.scheme for method in study.methods}
    for disjoint, (color, mark, label) in LOOK.items():
        own = [c for c in found if schemes[c.row.method].disjoint == disjoint]
        for times, aside in ((SMALL, 0.96), (LARGE, 1.04)):
            these = where(own, times=times)
            points(
                axis,
                [aside * schemes[c.row.method].bags for c in these],
                these,
                color=color,
                marker=mark,
                mfc="white" if times == SMALL else color,
                label=f"{label}, m = {times * smallest}",
            )
    for dashes, times in (("-", LARGE), (":", SMALL)):
        axis.plot([], [], dashes, color="0.2", label=f"second order, m = {times * smallest}")
    axis.plot([], [], color="0.75", lw=0.7, label="first order")
    axis.axhline(1, color="0.75", lw=0.8, zorder=1)
    logarithmic(axis, x=INDEPENDENT)
    axis.grid(axis="y")


def lines(axis, cell) -> None:
    """Predictions by number of bags; for the large counts to first order too."""
    m = theory.population_moments(cell.source.population).moments
    large = cell.factors["times"] == LARGE
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
