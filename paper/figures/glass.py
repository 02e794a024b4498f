"""Balanced error and log-loss of four methods on the Glass data, by ridge.

Claim: at no ridge does undersampling to nine rows a class have the smaller balanced log-loss, and
without a ridge there is no fit at all.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from matplotlib.figure import Figure

MEASURES = {"error": "balanced error", "log-loss": "balanced log-loss (nats)"}
MARKS = ("o", "s", "^", "D")


def draw(rows: dict) -> Figure:
    from simulations.glass import METHODS, STUDY

    cell = STUDY.cells[0].name
    ridges = sorted({recipe.ridge for recipe in STUDY.recipes} - {0.0})
    check(rows, cell, ridges, METHODS)
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


def check(rows: dict, cell: str, ridges: list[float], methods: tuple[str, ...]) -> None:
    for ridge in ridges:
        row = rows[cell, "undersample", ridge, "difference in log-loss"]
        require(row.value > 0, f"undersampling has the larger log-loss at ridge {ridge}.")
    for method in methods:
        row = rows[cell, method, 0.0, "P(no estimate)"]
        require(row.value == 1, f"{method} has no fit without a ridge in any split.")


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
    main("glass", draw)
