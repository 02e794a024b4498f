"""Balanced error and log-loss of four methods on the Glass data, by ridge.

Without a ridge there is no fit: all rows have none, so no part of them has one. The claim is that
undersampling to nine rows per class has the larger balanced log-loss at every ridge; with 214 rows
errors (those of the data set included) stay large, whatever the number of splits.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, legend, main, points
from matplotlib.figure import Figure

from mlbalance import existence
from mlbalance.methods import METHODS
from mlbalance.simulation import Comparison, Summary, compare_share
from simulations.glass import GLASS, RIDGES
from simulations.glass import METHODS as IDS

MEASURES = {"error": "balanced error", "log-loss": "balanced log-loss (nats)"}


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of the splits without a fit: all of them, where the data set has none."""
    none = float(existence.verdict(GLASS.X, GLASS.y) != "exists")
    return [
        compare_share(row, none, row.failures, row.n)
        for row in rows.select(ridge=0.0, metric="P(no estimate)")
    ]


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(2, 2, sharex=True, figsize=(6.5, 4.8))
    for (above, below), (estimand, label) in zip(axes.T, MEASURES.items(), strict=True):
        dots(above, rows, metric="mean", estimand=estimand)
        dots(below, rows, metric="difference", estimand=estimand)
        above.set_title(label)
        below.set_title("minus that of class weights, paired")
        below.axhline(0, color="0.6", lw=0.8, zorder=1)
        below.set_xticks(range(len(RIDGES[1:])), [f"{ridge:g}" for ridge in RIDGES[1:]])
        below.set_xlabel("ridge (mean-loss scale)")
    legend(figure, axes[0, 0], ncols=2)
    return figure


def dots(axis, rows: Summary, **wanted: str) -> None:
    """Points by ridge, from the first at which there are fits."""
    for index, id in enumerate(IDS):
        found = [row for row in rows.select(method=id, **wanted) if row.ridge]
        at = np.arange(len(found)) + 0.14 * (index - 1.5)
        points(axis, at, found, **LOOK[id].of_points, label=METHODS[id].label)
    axis.grid(axis="y")


if __name__ == "__main__":
    main("glass", draw, compared)
