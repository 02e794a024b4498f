"""Predicted and observed cost of every scheme at the six counts, and at ten times those.

Black ticks are theory to second order, where a class has fewer rows than there are features (20
features, 5 rows) that in proportion, for the schemes that have one; grey ticks are first order.
"""

from functools import cache, partial

import matplotlib.pyplot as plt
import numpy as np
from common import main
from limits import limit
from matplotlib.figure import Figure

from mlbalance import softmax, theory
from mlbalance.inputs import SchemeError
from mlbalance.populations import stacked
from mlbalance.recipes import Recipe
from mlbalance.schemes import ClassWeight, Thin
from mlbalance.simulation import Comparison, compare, stream
from mlbalance.theory import Expansion
from mlbalance.theory.proportional import Mixture

RIDGE = 0.01
MEASURE = "risk ratio"
MARKS = {"d=2": "o", "d=5": "s", "d=20": "^"}


@cache
def optima(source) -> list[tuple]:
    """Two independent rules of a population, each with an optimum, which takes more points."""
    few, found = source.population.n_features < 9, []
    for which in "ab":
        rule, fine = (
            source.population.sobol(points, stream(0, "figure", which))
            for points in (4096 if few else 1024, 8192)
        )
        found.append((rule, softmax.fit(*stacked(fine), ridge=RIDGE).theta))
    return found


def predicted(study, cell, schemes: dict) -> dict[str, tuple[float, float]]:
    """Ratio of each scheme's excess risk to that of class weighting and its error, by name.

    The study takes risks, and the least of them, over points of its own. At the optimum of the
    population they have a risk a little above their least, and a gradient.
    """
    counts = np.array(cell.source.counts)
    whole = {name: s for name, s in schemes.items() if not may_lose_a_class(s, counts)}
    points = cell.source.test(0, partial(stream, study.root, cell.name))
    least = risk(softmax.fit(*points, ridge=RIDGE).theta, points)
    if cell.source.population.n_features > counts.min():
        return in_proportion(cell, whole, least)
    found = []
    for rule, theta in optima(cell.source):
        of = Expansion(rule, theta, np.full(counts.size, 1 / counts.size), RIDGE)
        above = risk(theta, points) - least
        slope = softmax.score(theta, *points, ridge=RIDGE)[1:].ravel()

        def excess(scheme, of=of, above=above, slope=slope) -> float:
            one = of.of_scheme(scheme, counts)
            return float(one.excess_risk + above + slope @ one.bias)

        unit = excess(ClassWeight())
        found.append({name: excess(scheme) / unit for name, scheme in whole.items()})
    one, other = found
    return {n: ((one[n] + other[n]) / 2, abs(one[n] - other[n]) / 2) for n in whole}


def in_proportion(cell, schemes: dict, least: float) -> dict[str, tuple[float, float]]:
    """The same as rows and features grow together, of schemes that have such a limit."""
    source = cell.source
    mixture, d = Mixture.of(source.population), source.population.n_features

    def excess(scheme) -> float:
        law = limit(mixture, source.counts, d, Recipe("", scheme, RIDGE))
        # Of isotropic classes the covariance of the logits is that of the slopes.
        return law.log_loss() + penalty(law.covariance[0]) - least

    unit, found = excess(ClassWeight()), {}
    for name, scheme in schemes.items():
        try:
            found[name] = excess(scheme) / unit, 0.0
        except SchemeError:
            continue
    return found


def risk(theta, points) -> float:
    """Penalised log-loss over test points."""
    return float(softmax.loss(theta, *points)) + penalty(theta[:, 1:] @ theta[:, 1:].T)


def penalty(products) -> float:
    """Of slopes, from their products (K, K)."""
    centre = np.eye(len(products)) - 1 / len(products)
    return RIDGE / 2 * float(np.trace(centre @ products))


def may_lose_a_class(scheme, counts) -> bool:
    """Whether estimates have no mean, a class being lost at times."""
    if not isinstance(scheme, Thin) or scheme.renormalise:
        return False
    return bool((1 - np.max(scheme.rate)) ** counts.min() > 1e-9)


def first_order(cell, schemes: dict) -> dict[str, float]:
    """Ratios to first order."""
    rule, theta = optima(cell.source)[0]
    m, counts = theory.moments(rule, theta, ridge=RIDGE), cell.source.counts
    return {name: theory.variance_ratio(counts, scheme, m) for name, scheme in schemes.items()}


def judged(study, cell) -> dict:
    """Schemes that are compared with class weights on a cell, by name."""
    return {
        r.name: r.scheme
        for r in study.recipes_of(cell)
        if r.ridge == RIDGE and r.name != study.reference and r.correction == "none"
    }


def compared(study, rows: dict) -> list[Comparison]:
    """Ratios of excess risks."""
    found = []
    for cell in study.cells:
        if (cell.name, study.reference, RIDGE, "log-loss") in rows:
            for name, (ratio, error) in predicted(study, cell, judged(study, cell)).items():
                key = cell.name, name, RIDGE, MEASURE
                found.append(compare(key, ratio, rows[key], own_error=error, log=True))
    return found


def draw(study, rows: dict, found: list[Comparison]) -> Figure:
    from simulations.six_classes import COUNTS

    cells = [c for c in study.cells if (c.name, study.reference, RIDGE, "log-loss") in rows]
    first = {c.name: first_order(c, judged(study, c)) for c in cells}
    told = {(c.cell, c.method): c.predicted for c in found}
    figure, axes = plt.subplots(1, 2, sharey=True, sharex=True)
    titles = {
        "1x": f"n = {sum(COUNTS)} rows, smallest class {min(COUNTS)}",
        "10x": f"n = {10 * sum(COUNTS)} rows, smallest class {10 * min(COUNTS)}",
    }
    at = first[cells[0].name]
    order = sorted((name for name in at if not name.startswith("cap")), key=at.get)
    for axis, (times, title) in zip(axes, titles.items(), strict=True):
        own = [c for c in cells if c.name.endswith(f" {times}")]
        panel(axis, order, own, first, told, rows)
        axis.set_title(title)
    axes[0].set_yticks(range(len(order)), order)
    axes[0].invert_yaxis()
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    figure.supxlabel(
        "excess of the penalised balanced log-loss, relative to class weights (± 2 s.e.)",
        fontsize=8.5,
    )
    return figure


def panel(axis, order: list[str], cells: list, first: dict, told: dict, rows: dict) -> None:
    for index, cell in enumerate(cells):
        label = cell.name.split(",")[0]
        found = [rows[cell.name, name, RIDGE, MEASURE] for name in order]
        height = np.arange(len(order)) + 0.26 * (index - (len(cells) - 1) / 2)
        ratios = [first[cell.name][name] for name in order]
        axis.vlines(ratios, height - 0.13, height + 0.13, color="0.75", lw=1.0, zorder=1)
        ratios = [told.get((cell.name, name), np.nan) for name in order]
        axis.vlines(ratios, height - 0.13, height + 0.13, color="0.2", lw=1.4, zorder=3)
        axis.errorbar(
            [row.value for row in found],
            height,
            xerr=[2 * row.error for row in found],
            fmt=MARKS[label],
            color=f"C{index}",
            label=f"observed, {label}",
            elinewidth=0.8,
            zorder=2,
        )
        for place, row in zip(height, found, strict=True):
            if row.failures:
                lost = f"no fit in {row.failures} of {row.replications}"
                axis.text(3.0, place, lost, color=f"C{index}", fontsize=6.5, va="center")
    axis.vlines([], [], [], color="0.2", lw=1.4, label="predicted")
    axis.vlines([], [], [], color="0.75", lw=1.0, label="first order")
    axis.axvline(1, color="0.75", lw=0.8, zorder=1)
    axis.set_xscale("log")
    ticks = [0.7, 1, 1.5, 2, 3, 4, 5]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.grid(axis="x", color="0.92", lw=0.6)


if __name__ == "__main__":
    main("six_classes", draw, compared)
