"""Predicted and observed cost of every scheme at the six counts, and at ten times those.

Black ticks are theory to second order or, where a class has fewer rows than there are features (20
features, 5 rows), the proportional limit of schemes that have one; grey ticks are first order.
"""

from functools import cache, partial

import matplotlib.pyplot as plt
import numpy as np
from common import entries, legend, logarithmic, main, points, strokes, where
from kept import kept
from limits import limit
from matplotlib.figure import Figure

from mlbalance import softmax, theory
from mlbalance.inputs import SchemeError
from mlbalance.methods import Method
from mlbalance.populations import stack
from mlbalance.schemes import Cap, ClassWeight, Thin
from mlbalance.simulation import Comparison, Row, Summary, compare, stream
from mlbalance.theory import Expansion
from mlbalance.theory.proportional import Mixture
from simulations.six_classes import COUNTS, RATIO, STUDY

RIDGE = 0.01
METRIC, ESTIMAND = RATIO
MARKS = {2: "o", 5: "s", 20: "^"}


@cache
def optima(source) -> list[tuple]:
    """Two independent rules of a population, each with an optimum from more points."""
    few, found = source.population.n_features < 9, []
    for which in "ab":
        rule, fine = (
            source.population.sobol(points, stream(0, "figure", which))
            for points in (4096 if few else 1024, 8192)
        )
        found.append((rule, softmax.fit(*stack(fine), ridge=RIDGE).theta))
    return found


def predicted(study, cell, schemes: dict) -> dict[str, tuple[float, float]]:
    """Ratio of each scheme's excess risk to that of class weighting and its error, by name.

    The study computes risks and their minimum on its own test points, on which the optimum of the
    population has a risk a little above the minimum, and a gradient.
    """
    counts = np.array(cell.source.counts)
    whole = {name: s for name, s in schemes.items() if not may_lose_a_class(s, counts)}
    points = cell.source.test(0, partial(stream, study.root, cell.id))
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
    """The same in the proportional limit, for schemes that have one."""
    source = cell.source
    mixture, d = Mixture.of(source.population), source.population.n_features

    def excess(scheme) -> float:
        logits = limit(mixture, source.counts, d, Method(scheme, RIDGE))
        # Isotropic classes: the covariance of the logits is the products of the slopes.
        return logits.log_loss() + penalty(logits.covariance[0]) - least

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
    """Ridge penalty of slopes, from their products (K, K)."""
    centre = np.eye(len(products)) - 1 / len(products)
    return RIDGE / 2 * float(np.trace(centre @ products))


def may_lose_a_class(scheme, counts) -> bool:
    """Whether a draw may lose a class, so that estimates have no mean."""
    if not isinstance(scheme, Thin) or scheme.renormalise:
        return False
    return bool((1 - np.max(scheme.rate)) ** counts.min() > 1e-9)


def first_order(cell, schemes: dict) -> dict[str, float]:
    """Ratios to first order."""
    rule, theta = optima(cell.source)[0]
    m, counts = theory.moments(rule, theta, ridge=RIDGE), cell.source.counts
    return {name: theory.variance_ratio(counts, scheme, m) for name, scheme in schemes.items()}


def judged(study, cell) -> dict:
    """Schemes that are compared with class weights on a cell, by method id."""
    return {
        method.id: method.scheme
        for method in study.methods_of(cell)
        if method.ridge == RIDGE and method.id != study.reference and not method.correction.needs
    }


@kept
def of_cell(id: str) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """What is predicted of a cell of the study, and to first order."""
    (cell,) = (cell for cell in STUDY.cells if cell.id == id)
    schemes = judged(STUDY, cell)
    return predicted(STUDY, cell, schemes), first_order(cell, schemes)


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of ratios of excess risks."""
    found, told = [], {}
    for row, cell, method in entries(study, rows, ridge=RIDGE, metric=METRIC, estimand=ESTIMAND):
        if cell.id not in told:
            told[cell.id] = of_cell(cell.id)[0]
        if method.id in told[cell.id]:
            ratio, error = told[cell.id][method.id]
            found.append(compare(row, ratio, own_error=error, log=True))
    return found


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    run = {row.cell for row in rows.values()}
    cells = [cell for cell in study.cells if cell.id in run]
    first = {cell.id: of_cell(cell.id)[1] for cell in cells}
    figure, axes = plt.subplots(1, 2, sharey=True, sharex=True)
    at = first[cells[0].id]
    # Caps differ between the panels.
    order = [m for m in study.methods if m.id in at and not isinstance(m.scheme, Cap)]
    order = sorted({m.id: m for m in order}.values(), key=lambda m: at[m.id])
    for axis, times in zip(axes, (1, 10), strict=True):
        own = [cell for cell in cells if cell.factors["times"] == times]
        for index, cell in enumerate(own):
            told = {c.row.method: c.predicted for c in where(found, cell=cell.id)}
            ridged = rows.select(cell=cell.id, ridge=RIDGE, metric=METRIC, estimand=ESTIMAND)
            by_method = {row.method: row for row in ridged}
            shift = 0.26 * (index - (len(own) - 1) / 2)
            series(axis, index, shift, [by_method[m.id] for m in order], first[cell.id], told)
        decorate(axis)
        axis.set_title(f"n = {times * sum(COUNTS)} rows, smallest class {times * min(COUNTS)}")
    axes[0].set_yticks(range(len(order)), [m.label for m in order])
    axes[0].invert_yaxis()
    legend(figure, axes[1])
    figure.supxlabel(
        "excess of the penalised balanced log-loss, relative to class weights (± 2 s.e.)"
    )
    return figure


def series(axis, index: int, shift: float, found: list[Row], first: dict, told: dict) -> None:
    """Observations of one cell, method by method, and their predictions."""
    height = np.arange(len(found)) + shift
    ratios = [first[row.method] for row in found]
    strokes(axis, height, ratios, sideways=True, color="0.75", lw=1.0, zorder=1)
    strokes(axis, height, [told.get(row.method, np.nan) for row in found], sideways=True)
    d = found[0].factors["features"]
    style = {"marker": MARKS[d], "color": f"C{index}", "zorder": 2, "label": f"observed, d={d}"}
    points(axis, height, found, sideways=True, **style)
    for place, row in zip(height, found, strict=True):
        if row.failures:
            lost = f"no fit in {row.failures} of {row.n}"
            at = {"transform": axis.get_yaxis_transform(), "ha": "right", "va": "center"}
            axis.text(1.0, place, lost, color=f"C{index}", fontsize=6, **at)


def decorate(axis) -> None:
    axis.vlines([], [], [], color="0.2", lw=1.4, label="predicted")
    axis.vlines([], [], [], color="0.75", lw=1.0, label="first order")
    axis.axvline(1, color="0.75", lw=0.8, zorder=1)
    logarithmic(axis, x=(0.7, 1, 1.5, 2, 3, 4, 5))
    axis.grid(axis="x")


if __name__ == "__main__":
    main("six_classes", draw, compared)
