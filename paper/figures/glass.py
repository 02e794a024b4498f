"""Balanced error and log-loss of four methods on the Glass data, by ridge.

Without a ridge there is no fit at all: all rows have none, so no part of them has one. That
undersampling to nine rows a class has the larger balanced log-loss is claimed at every ridge; of
214 rows errors (those of the data set included) stay large, whatever the number of splits.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure

from mlbalance import existence
from mlbalance.simulation import Comparison, compare_share

MEASURES = {"error": "balanced error", "log-loss": "balanced log-loss (nats)"}
MARKS = ("o", "s", "^", "D")


def compared(study, rows: dict) -> list[Comparison]:
    """Splits without a fit: all of them, where the whole data set has none."""
    from simulations.glass import GLASS, METHODS

    none, found = float(existence.verdict(GLASS.X, GLASS.y) != "exists"), []
    for name in METHODS:
        key = study.cells[0].name, name, 0.0, "P(no estimate)"
        found.append(compare_share(key, none, rows[key].failures, rows[key].replications))
    return found


def draw(study, rows: dict, _: list[Comparison]) -> Figure:
    from simulations.glass import METHODS

    cell = study.cells[0].name
    ridges = sorted({recipe.ridge for recipe in study.recipes} - {0.0})
    figure, axes = plt.subplots(2, 2, sharex=True, figsize=(6.5, 4.8))
    for column, (measure, label) in zip(axes.T, MEASURES.items(), strict=True):
        dots(column[0], rows, cell, ridges, METHODS, measure)
        dots(column[1], rows, cell, ridges, METHODS[1:], f"difference in {measure}", first=1)
        column[0].set_title(label)
        column[1].set_title("minus that of class weights, paired")
        column[1].axhline(0, color="0.6", lw=0.8, zorder=1)
        column[1].set_xticks(range(len(ridges)), [f"{ridge:g}" for ridge in ridges])
        column[1].set_xlabel("ridge (mean-loss scale)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure


def dots(axis, rows, cell, ridges, methods, measure: str, first: int = 0) -> None:
    for index, method in enumerate(methods, start=first):
        found = [rows[cell, method, ridge, measure] for ridge in ridges]
        axis.errorbar(
            np.arange(len(ridges)) + 0.14 * (index - 1.5),
            [row.value for row in found],
            yerr=[2 * row.error for row in found],
            fmt=MARKS[index],
            color=f"C{index}",
            label=method,
            elinewidth=0.8,
        )
    axis.grid(axis="y", color="0.92", lw=0.6)


if __name__ == "__main__":
    main("glass", draw, compared)
