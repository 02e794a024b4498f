"""Mean squared error along the bridge from an offset (g = 0) to weights (g = 1).

Lines are theory to second order: variance, and bias from another target and from few rows. The
offset has the smaller error where the model is correctly specified, weights where it is
misspecified. (Numbers in titles: variance of the smallest class; that of the others is 1.)
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import SPECIFIED, entries, legend, main, points
from matplotlib.figure import Figure
from orders import expansion, rule_of

from mlbalance.corrections import prior_shift
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory import bridge_covariance, bridge_prior, covariance
from simulations.bridge import BETWEEN, COUNTS, ENDS, ERROR, SLOPE, SPREADS

SHARES = {id: g for g, id in ENDS.items()} | {method.id: g for g, method in BETWEEN.items()}
"""Shares g of the weights by method."""


@cache
def errors(population, g: float) -> tuple[float, float]:
    """Bias and variance of the slope at g, to second order."""
    q = tuple(bridge_prior(COUNTS, g).tolist())
    at, best = expansion(population, q), expansion(population).theta
    balanced = at.theta.copy()
    balanced[:, 0] = prior_shift(at.theta[:, 0], q)
    found, shares = at.of_scheme(ClassWeight(prior=q), COUNTS), np.array(COUNTS) / sum(COUNTS)
    bias = SLOPE.of(balanced, shares) - SLOPE.of(best, shares) + SLOPE.contrast @ found.bias
    cov = bridge_covariance(rule_of(population), balanced, COUNTS, g)
    cov = cov + found.covariance - covariance(at.moments, ClassWeight(prior=q), COUNTS)
    return float(bias), float(SLOPE.contrast @ cov @ SLOPE.contrast)


def predicted(study, cell) -> dict[tuple[str, str], float]:
    """Squared errors and their differences from that of class weights, by method and metric."""
    squares = {}
    for id, g in SHARES.items():
        bias, variance = errors(cell.source.population, g)
        squares[id] = bias**2 + variance
    found = {(id, "mean"): value for id, value in squares.items()}
    for id, value in squares.items():
        if id != study.reference:
            found[id, "difference"] = value - squares[study.reference]
    return found


def compared(study, rows: Summary) -> list[Comparison]:
    """Squared errors, and their differences from that of class weights."""
    return [
        compare(row, predicted(study, cell)[method.id, row.metric])
        for row, cell, method in entries(study, rows, estimand=ERROR)
    ]


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(1, len(study.cells), sharey=True, figsize=(6.5, 2.9))
    fine, scale = np.linspace(0, 1, 21), 1e3
    for axis, cell in zip(axes, study.cells, strict=True):
        bias, variance = np.array([errors(cell.source.population, g) for g in fine]).T
        axis.fill_between(fine, 0, scale * variance, color="0.9", lw=0, label="variance")
        axis.fill_between(
            fine, scale * variance, scale * (variance + bias**2), color="0.75", lw=0, label="bias²"
        )
        axis.plot(fine, scale * (variance + bias**2), color="0.2", label="predicted", zorder=2)
        found = rows.select(cell=cell.id, metric="mean", estimand=ERROR)
        shares = [SHARES[row.method] for row in found]
        points(axis, shares, found, unit=1 / scale, color="C0", label="observed")
        axis.set_title(
            f"{SPECIFIED[cell.factors['model']]} model ({SPREADS[cell.factors['model']]:g})"
        )
        axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
    axes[0].set_ylim(0, None)
    axes[0].set_ylabel("1000 × mean squared error of a slope")
    axes[0].margins(y=0.06)
    figure.supxlabel("share g of the weights; offset at 0, class weights at 1")
    legend(figure, axes[0])
    return figure


if __name__ == "__main__":
    main("bridge", draw, compared)
