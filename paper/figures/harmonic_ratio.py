"""Variance ratio of undersampling over class weights at random counts: H/m and its limits.

For exchangeable classes the ratio of excess risks is H/m to first order. Where classes differ in
spread, and for one slope, it is another ratio, from the moments of the classes. Axes are second
order; H/m alone is judged by the same criterion (rms z, and its upper bound).
"""

from functools import cache

import matplotlib.pyplot as plt
from common import entries, legend, logarithmic, main, points
from kept import kept
from matplotlib.figure import Figure
from orders import expansion

from mlbalance import theory
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Comparison, Summary, compare, verdict

LOOK = {
    "alike": ("C0", "o", "exchangeable"),
    "unequal spread": ("C1", "s", "unequal spread"),
    "in a line": ("C2", "^", "in a line"),
}
PANELS = (
    ("exchangeable: excess risk", "excess risk", ("alike",)),
    ("other classes: excess risk", "excess risk", ("unequal spread", "in a line")),
    ("exchangeable: one slope", "slope", ("alike",)),
)
METRICS = {"excess risk": "ratio", "slope": "relative precision"}
TICKS = (1, 2, 3, 5, 8, 12)


@cache
@kept
def predicted(source, scheme) -> dict[str, float]:
    """Ratios to second order, by the class moments of the population."""
    of = expansion(source.population)
    one, other = (of.of_scheme(which, source.counts) for which in (scheme, ClassWeight()))
    return {
        "excess risk": one.excess_risk / other.excess_risk,
        "slope": float(one.covariance[1, 1] / other.covariance[1, 1]),  # after the intercept
    }


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of ratios with second order."""
    return [exact for exact, _ in pairs(study, rows)]


def pairs(study, rows: Summary) -> list[tuple[Comparison, Comparison]]:
    """Comparisons of every ratio with second order, and with H/m."""
    found = []
    for estimand, metric in METRICS.items():
        for row, cell, method in entries(study, rows, metric=metric, estimand=estimand):
            value = 1 / row.value if metric == "relative precision" else row.value
            seen = value, value * row.mcse / row.value
            exact = predicted(cell.source, method.scheme)[estimand]
            plain = theory.variance_ratio(cell.source.counts, method.scheme)
            both = (compare(row, p, observed=seen, log=True) for p in (exact, plain))
            found.append(tuple(both))
    return found


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    found = pairs(study, rows)
    figure, axes = plt.subplots(1, 3, sharex=True, sharey=True, figsize=(6.5, 2.9))
    for axis, (title, estimand, kinds) in zip(axes, PANELS, strict=True):
        own = [pair for pair in found if pair[0].row.estimand == estimand]
        own = [pair for pair in own if pair[0].row.factors["kind"] in kinds]
        panel(axis, own, study.criterion)
        axis.set_title(title)
    axes[0].set_ylabel("observed ratio (± 2 s.e.)")
    legend(figure, axes)
    figure.supxlabel("predicted ratio of variances, undersampling over class weights")
    return figure


def panel(axis, found: list, criterion) -> None:
    for kind, (color, mark, label) in LOOK.items():
        own = [exact for exact, _ in found if exact.row.has(kind=kind)]
        style = {"color": color, "marker": mark, "ms": 3.2, "elinewidth": 0.6, "label": label}
        points(axis, [c.predicted for c in own], own, **style)
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
    logarithmic(axis, x=TICKS, y=TICKS)
    axis.set_aspect("equal")


if __name__ == "__main__":
    main("harmonic_ratio", draw, compared)
