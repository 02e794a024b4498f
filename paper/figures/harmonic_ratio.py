"""Undersampling over class weights at random counts: H/m, and what is true where H/m is not.

Claim: of exchangeable classes the ratio of excess risks is H/m at every count vector. Where
classes differ in spread, and for one slope, it is the ratio by class moments; H/m fails there.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from first_order import Compared, require_all, share
from matplotlib.figure import Figure

from mlbalance import theory

PANELS = {
    "alike, excess risk": "exchangeable: excess risk",
    "not alike, excess risk": "other classes: excess risk",
    "alike, one slope": "exchangeable: one slope",
}
LOOK = {
    "alike": ("C0", "o", "exchangeable"),
    "unequal spread": ("C1", "s", "unequal spread"),
    "in a line": ("C2", "^", "in a line"),
}
TICKS = (1, 2, 3, 5, 8, 12)


@cache
def limit(kind: str, K: int) -> theory.Moments:
    from simulations.harmonic_ratio import POPULATIONS

    return theory.population_moments(POPULATIONS[kind](K), rtol=5e-3).moments


def predicted(cell, scheme, what: str) -> float:
    """First-order ratio by the class moments of the population."""
    K = cell.source.n_classes
    slope = np.zeros((K - 1, 1 + cell.source.population.n_features))
    slope[0, 1] = 1
    functional = slope.ravel() if what == "one slope" else None
    m = limit(cell.name.split(", ")[0], K)
    return theory.variance_ratio(cell.source.counts, scheme, m, functional)


def compared(rows: dict) -> list[Compared]:
    """Ratios against the moments' prediction; for exchangeable classes' excess risk that is H/m."""
    return [exact for exact, _ in pairs(rows)]


def pairs(rows: dict) -> list[tuple[Compared, Compared]]:
    """Every ratio against the moments' prediction, and against H/m."""
    from simulations.harmonic_ratio import STUDY

    (recipe,) = (r for r in STUDY.recipes if r.name != STUDY.reference)
    found = []
    for cell in STUDY.cells:
        of = share(cell.source.population, cell.source.counts, recipe.scheme)
        for what in ("excess risk", "one slope"):
            seen = ratio(rows, cell, recipe, what)
            if seen is None:
                continue
            plain = theory.variance_ratio(cell.source.counts, recipe.scheme)
            exact = predicted(cell, recipe.scheme, what)
            both = (Compared(cell.name, recipe.name, what, p, *seen, of) for p in (exact, plain))
            found.append(tuple(both))
    return found


def ratio(rows: dict, cell, recipe, what: str) -> tuple[float, float] | None:
    """Observed ratio and its error."""
    if what == "excess risk":
        row = rows.get((cell.name, recipe.name, recipe.ridge, "risk ratio"))
        return None if row is None else (row.value, row.error)
    row = rows.get((cell.name, recipe.name, recipe.ridge, "relative precision of slope"))
    return None if row is None else (1 / row.value, row.error / row.value**2)


def of_panel(found: list, name: str) -> list:
    kind, what = name.split(", ")
    return [
        pair
        for pair in found
        if pair[0].what == what and pair[0].cell.startswith("alike") == (kind == "alike")
    ]


def check(rows: dict) -> list[tuple[Compared, Compared]]:
    """What is drawn, if the claim holds."""
    from simulations.harmonic_ratio import STUDY

    found = pairs(rows)
    require_all([exact for exact, _ in found])
    for exact, plain in of_panel(found, "alike, excess risk"):
        same = abs(exact.predicted / plain.predicted - 1) < 1e-3
        require(same, f"{exact.cell}: of exchangeable classes the ratio is H/m.")
    if len(found) < 2 * len(STUDY.cells):
        return found  # a quick run has too few cells to tell how H/m fails
    slopes = of_panel(found, "alike, one slope")
    unequal = [pair for pair in found if pair[0].cell.startswith("unequal")]
    for name, own in {"one slope": slopes, "unequal spread": unequal}.items():
        moments, plain = (
            error([exact for exact, _ in own]),
            error([harmonic for _, harmonic in own]),
        )
        require(
            plain > 2 * moments and not all(harmonic.passes for _, harmonic in own),
            f"{name}: H/m fails; it is off by {plain:.2f}, the moments by {moments:.2f}.",
        )
    return found


def error(found: list[Compared]) -> float:
    """Mean absolute error of a prediction, in logarithms."""
    return float(np.mean([abs(np.log(c.observed / c.predicted)) for c in found]))


def draw(rows: dict) -> Figure:
    found = check(rows)
    figure, axes = plt.subplots(1, 3, sharex=True, sharey=True, figsize=(6.5, 2.9))
    for axis, (name, title) in zip(axes, PANELS.items(), strict=True):
        panel(axis, of_panel(found, name))
        axis.set_title(title)
    axes[0].set_ylabel("observed ratio (± 2 s.e.)")
    both = [axis.get_legend_handles_labels() for axis in axes]
    unique = {label: handle for pair in both for handle, label in zip(*pair, strict=True)}
    figure.legend(unique.values(), unique, loc="outside upper center", ncols=len(unique))
    figure.supxlabel("predicted ratio of variances, undersampling over class weights", size=8.5)
    return figure


def panel(axis, found: list) -> None:
    for kind, (color, mark, label) in LOOK.items():
        own = [exact for exact, _ in found if exact.cell.startswith(kind)]
        if own:
            axis.errorbar(
                [c.predicted for c in own],
                [c.observed for c in own],
                yerr=[2 * c.error for c in own],
                fmt=mark,
                ms=3.2,
                color=color,
                elinewidth=0.6,
                label=label,
            )
    failing = [plain for _, plain in found if not plain.passes]
    if failing:
        expected, observed = zip(*((c.predicted, c.observed) for c in failing), strict=True)
        label = "H/m instead, where it fails"
        axis.plot(expected, observed, "x", color="0.35", ms=3.5, mew=0.8, zorder=1, label=label)
    fails = f"H/m fails in {len(failing)} of {len(found)}"
    axis.text(0.98, 0.03, fails, transform=axis.transAxes, ha="right", va="bottom", size=8)
    axis.axline((1, 1), (2, 2), color="0.2", lw=1, zorder=0)
    axis.set_xscale("log")
    axis.set_yscale("log")
    for one in (axis.xaxis, axis.yaxis):
        one.set_ticks(TICKS, [str(tick) for tick in TICKS])
        one.set_minor_locator(plt.NullLocator())
    axis.set_aspect("equal")


if __name__ == "__main__":
    main("harmonic_ratio", draw)
