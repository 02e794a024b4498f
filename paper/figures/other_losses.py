"""Focal loss and margins by class (LDAM), two Gaussian classes with nine times as many rows in one.

Left: mean intercept over mean slope, where balanced error asks for zero; ticks are the optima with
their bias. Margins alone stay near the prior of the data, weights balance any of these losses.
Right: variance of the direction of the slopes relative to class weights, by the gamma of a focal
loss (curve: first order), weights on all rows.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import entries, legend, main, points, strokes
from matplotlib.figure import Figure

from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Comparison, Row, Summary, compare
from mlbalance.theory import LossOptimum, covariance, focal_optimum, margin_optimum
from simulations.other_losses import (
    BOTH,
    FOCAL,
    INTERCEPT,
    MARGINS,
    NOISE,
    SHARES,
    SIZES,
    SLOPE,
    STUDY,
    counts,
    name_of,
)

POPULATION = STUDY.cells[0].source.population
NATURAL = tuple(share / sum(SHARES) for share in SHARES)
ADJUSTED, WEIGHTED = "unweighted+prior", "class-weights"
SMALL, LARGE = SIZES
CONTRASTS = {SLOPE: (0, -1, 0), INTERCEPT: (1, 0, 0), NOISE: (0, 0, -1)}
PRECISION = "relative precision"
FINE = np.linspace(0, 6, 25)


@cache
def of_focal(gamma: float, prior: tuple[float, ...] | None = None) -> LossOptimum:
    return focal_optimum(POPULATION, gamma, prior)


@cache
def optimum(id: str, size: int) -> LossOptimum:
    """Optimum of a method; margins depend on the shares of the classes alone."""
    n_k = np.array(counts(size))
    if id in (MARGINS.id, BOTH.id):
        margins = MARGINS.loss.margins(n_k)
        return margin_optimum(POPULATION, margins, NATURAL if id == MARGINS.id else None)
    if id == ADJUSTED:
        return of_focal(0.0, NATURAL)
    return of_focal({method.id: gamma for gamma, method in FOCAL.items()}.get(id, 0.0))


def mean(id: str, size: int, what: str) -> float:
    """Optimum with its bias, at the uniform prior for logit adjustment."""
    at = optimum(id, size)
    theta = at.theta + at.bias(counts(size))
    if id == ADJUSTED:
        theta = theta - [np.log(NATURAL[1] / NATURAL[0]), 0, 0]
    return float(theta @ CONTRASTS[what])


def variance(at: LossOptimum, what: str) -> float:
    """First-order variance at the larger size."""
    a = np.array(CONTRASTS[what])
    scheme = ClassWeight(prior=tuple(at.moments.prior.tolist()))
    return float(a @ covariance(at.moments, scheme, counts(LARGE)) @ a)


def compared(study, rows: Summary) -> list[Comparison]:
    """Means at both sizes; precisions at the larger one.

    From the smaller size comes the term of order 1/n of precisions, four times as large there.
    """
    found = []
    for row, cell, method in entries(study, rows):
        size = cell.factors["rows"]
        if row.metric == "mean":
            found.append(compare(row, mean(method.id, size, row.estimand)))
        if row.metric == PRECISION and size == LARGE and row.estimand != INTERCEPT:
            whole = variance(optimum(WEIGHTED, LARGE), row.estimand)
            first = whole / variance(optimum(method.id, LARGE), row.estimand)
            small = rows[row.key._replace(cell=name_of(SMALL))]
            told = first + (small.value - first) * SMALL / LARGE
            found.append(compare(row, told, own_error=small.mcse * SMALL / LARGE))
    return found


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.5, 2.9), width_ratios=(3, 2))
    shown = [m.id for m in study.methods]
    for size, style in zip(SIZES, ({"color": "C0", "mfc": "w"}, {"color": "C0"}), strict=True):
        cell, shift = name_of(size), 0.12 if size == LARGE else -0.12
        at = np.arange(len(shown)) + shift
        found = [boundary(rows, cell, id) for id in shown]
        points(left, at, found, sideways=True, label=cell, ms=4, **style)
        told = [mean(id, size, INTERCEPT) / mean(id, size, SLOPE) for id in shown]
        strokes(left, at, told, 0.1, sideways=True)
    left.axvline(0, color="0.8", lw=0.8, zorder=0)
    left.set_yticks(range(len(shown)), [m.label for m in study.methods])
    left.invert_yaxis()
    left.set_xlabel("intercept over slope")
    left.grid(axis="y")
    base = of_focal(0.0)
    curve = [direction(of_focal(gamma)) / direction(base) for gamma in FINE]
    right.plot(FINE, curve, color="0.2", lw=1.0)
    slopes = {id: rows.one(**where_of(id, "mean", SLOPE)).value for id in shown}
    for gamma, method in FOCAL.items():
        row = rows.one(**where_of(method.id, PRECISION, NOISE))
        unit = (slopes[WEIGHTED] / slopes[method.id]) ** 2
        value = unit / row.value
        seen = row._replace(value=value, mcse=value * row.mcse / row.value)
        points(right, [gamma], [seen], color="C0", ms=4)
    right.set_xlabel("gamma of the focal loss")
    right.set_ylabel("variance of direction,\nrelative to class weights")
    legend(figure, left)
    return figure


def where_of(id: str, metric: str, estimand: str) -> dict[str, str]:
    return {"cell": name_of(LARGE), "method": id, "metric": metric, "estimand": estimand}


def boundary(rows: Summary, cell: str, id: str) -> Row:
    """Mean intercept over mean slope; its error is that of the intercept."""
    own = {"cell": cell, "method": id, "metric": "mean"}
    slope, row = (rows.one(**own, estimand=what) for what in (SLOPE, INTERCEPT))
    return row._replace(value=row.value / slope.value, mcse=row.mcse / slope.value)


def direction(at: LossOptimum) -> float:
    return variance(at, NOISE) / float(at.theta @ CONTRASTS[SLOPE]) ** 2


if __name__ == "__main__":
    main("other_losses", draw, compared)
