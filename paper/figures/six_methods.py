"""Balanced error of all methods less that of class weights, at the six counts.

Methods are in the order of their mean over populations. Bars are simultaneous intervals of all
differences, markers full where they leave out zero. A method without an answer on some sample is
not drawn.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, Study, Summary, compare_share
from simulations.real_data import LINEAR, SURE

WIDEST = 0.2
"""Differences beyond are drawn at the edge."""


def compared(_: Study, rows: Summary) -> list[Comparison]:
    """Comparisons of the samples without a fit: none of a method that needs a ridge alone."""
    return [
        compare_share(row, 0.0, row.failures, row.n)
        for row in rows.select(metric="P(no estimate)")
        if row.method in SURE
    ]


def draw(study: Study, rows: Summary, _: list[Comparison]) -> Figure:
    fields = {"metric": "difference", "estimand": "error"}
    run = {row.cell for row in rows.values()}
    cells = [cell for cell in study.cells if cell.id in run]
    others = [method.id for method in study.methods if method.id != study.reference]
    found = {id: [rows.one(cell=c.id, method=id, **fields) for c in cells] for id in others}
    found = {id: own for id, own in found.items() if all(row.value == row.value for row in own)}
    order = sorted(found, key=lambda id: -sum(row.value for row in found[id]))
    critical = study.criterion.critical(sum(map(len, found.values())))
    figure, axes = plt.subplots(
        1, len(cells), sharey=True, squeeze=False, figsize=(6.5, 1.0 + 0.125 * len(order))
    )
    for at, (axis, cell) in enumerate(zip(axes[0], cells, strict=True)):
        for place, id in enumerate(order):
            row = found[id][at]
            sure = abs(row.value) > critical * row.mcse
            color = "C1" if id not in LINEAR else "C0"
            value, half = float(np.clip(row.value, -WIDEST, WIDEST)), critical * row.mcse
            axis.errorbar(value, place, xerr=half, fmt="none", ecolor=color, elinewidth=0.7)
            axis.plot(value, place, "o", ms=2.8, color=color, mfc=color if sure else "w", mew=0.7)
        axis.axvline(0, color="0.5", lw=0.8, zorder=1)
        own = {"cell": cell.id, "method": study.reference, "metric": "mean", "estimand": "error"}
        axis.set_title(f"{cell.id}\n{rows.one(**own).value:.2f}", size=7)
        axis.set_xlim(-WIDEST * 1.05, WIDEST * 1.05)
        axis.grid(axis="x")
    axes[0, 0].set_yticks(range(len(order)), order, size=5.5)
    axes[0, 0].set_ylim(-1, len(order))
    figure.supxlabel("balanced error less that of class weights, which stands on top", size=7)
    for color, name in (("C0", "linear"), ("C1", "other learners")):
        axes[0, 0].plot([], [], "o", ms=4, color=color, label=name)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), ncols=2, loc="outside upper right")
    return figure


if __name__ == "__main__":
    main("six_methods", draw, compared)
