"""Undersampling over class weights at random counts: H/m, and what is true where H/m is not.

Of exchangeable classes the ratio of excess risks is H/m to first order. Where classes differ in
spread, and for one slope, it is another ratio, by the moments of the classes. Axes are of second
order; what H/m alone would say is judged by the same rule (rms z, and how large it may be).
"""

from functools import cache

import matplotlib.pyplot as plt
from common import main
from matplotlib.figure import Figure
from orders import expansion

from mlbalance import theory
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Comparison, compare, verdict

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
MEASURES = {"excess risk": "risk ratio", "one slope": "relative precision of slope"}
TICKS = (1, 2, 3, 5, 8, 12)


@cache
def predicted(source, scheme) -> dict[str, float]:
    """Ratios to second order, by the class moments of the population."""
    of = expansion(source.population)
    one, other = (of.of_scheme(which, source.counts) for which in (scheme, ClassWeight()))
    return {
        "excess risk": one.excess_risk / other.excess_risk,
        "one slope": float(one.covariance[1, 1] / other.covariance[1, 1]),  # after the intercept
    }


def compared(study, rows: dict) -> list[Comparison]:
    """Ratios against second order."""
    return [exact for exact, _ in pairs(study, rows)]


def pairs(study, rows: dict) -> list[tuple[Comparison, Comparison]]:
    """Every ratio against second order, and against H/m."""
    (recipe,) = (r for r in study.recipes if r.name != study.reference)
    found = []
    for cell in study.cells:
        plain = theory.variance_ratio(cell.source.counts, recipe.scheme)
        for what, measure in MEASURES.items():
            row = rows.get((cell.name, recipe.name, recipe.ridge, measure))
            if row is None:
                continue
            key = cell.name, recipe.name, recipe.ridge, what
            value = row.value if what == "excess risk" else 1 / row.value
            seen = value, value * row.error / row.value
            exact = predicted(cell.source, recipe.scheme)[what]
            both = (compare(key, p, row, observed=seen, log=True) for p in (exact, plain))
            found.append(tuple(both))
    return found


def of_panel(found: list, name: str) -> list:
    kind, what = name.split(", ")
    return [
        pair
        for pair in found
        if pair[0].what == what and pair[0].cell.startswith("alike") == (kind == "alike")
    ]


def draw(study, rows: dict, _: list[Comparison]) -> Figure:
    found = pairs(study, rows)
    figure, axes = plt.subplots(1, 3, sharex=True, sharey=True, figsize=(6.5, 2.9))
    for axis, (name, title) in zip(axes, PANELS.items(), strict=True):
        panel(axis, of_panel(found, name), study.criterion)
        axis.set_title(title)
    axes[0].set_ylabel("observed ratio (± 2 s.e.)")
    both = [axis.get_legend_handles_labels() for axis in axes]
    unique = {label: handle for pair in both for handle, label in zip(*pair, strict=True)}
    figure.legend(unique.values(), unique, loc="outside upper center", ncols=len(unique))
    figure.supxlabel("predicted ratio of variances, undersampling over class weights", size=8.5)
    return figure


def panel(axis, found: list, criterion) -> None:
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
    plain = [harmonic for _, harmonic in found]
    rival = verdict(plain, criterion)
    failing = [c for c in plain if abs(c.z) > rival.critical]
    if failing:
        expected, observed = zip(*((c.predicted, c.observed) for c in failing), strict=True)
        label = "H/m instead, where it fails by itself"
        axis.plot(expected, observed, "x", color="0.35", ms=3.5, mew=0.8, zorder=1, label=label)
    words = f"H/m: rms z {rival.rms:.1f} ({rival.high:.1f})"
    axis.text(0.98, 0.03, words, transform=axis.transAxes, ha="right", va="bottom", size=8)
    axis.axline((1, 1), (2, 2), color="0.2", lw=1, zorder=0)
    axis.set_xscale("log")
    axis.set_yscale("log")
    for one in (axis.xaxis, axis.yaxis):
        one.set_ticks(TICKS, [str(tick) for tick in TICKS])
        one.set_minor_locator(plt.NullLocator())
    axis.set_aspect("equal")


if __name__ == "__main__":
    main("harmonic_ratio", draw, compared)
