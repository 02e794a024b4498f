"""Predicted and observed cost of every scheme at the six counts, and at ten times those.

Claim: at ten times the counts, the excess risk of every scheme relative to class weighting is
within a fifth of what first-order theory predicts, or within four standard errors.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from matplotlib.figure import Figure

from mlbalance import softmax, theory
from mlbalance.populations import stacked
from mlbalance.simulation import stream

RIDGE = 0.01
MEASURE = "risk ratio"
TOLERANCE = 0.2
MARKS = {"d=2": "o", "d=5": "s", "d=20": "^"}


def predicted(cell, recipes) -> dict[str, float]:
    """First-order ratio of each recipe's excess risk to that of class weighting."""
    streams = partial(stream, 0, "figure", cell.name)
    rule = cell.source.population.sobol(4096, streams("rule"))
    best = softmax.fit(*stacked(rule), ridge=RIDGE)
    moments = theory.moments(rule, best.theta, ridge=RIDGE)
    counts = cell.source.counts
    return {r.name: theory.variance_ratio(counts, r.scheme, moments) for r in recipes}


def draw(rows: dict) -> Figure:
    from simulations.six_classes import COUNTS, STUDY

    schemes = [
        r
        for r in STUDY.recipes
        if r.ridge == RIDGE and r.name != STUDY.reference and r.correction == "none"
    ]
    cells = [c for c in STUDY.cells if (c.name, STUDY.reference, RIDGE, "log-loss") in rows]
    theory_of = {c.name: predicted(c, schemes) for c in cells}
    check(rows, cells, theory_of)
    figure, axes = plt.subplots(1, 2, sharey=True, sharex=True)
    titles = {
        "1x": f"n = {sum(COUNTS)} rows, smallest class {min(COUNTS)}",
        "10x": f"n = {10 * sum(COUNTS)} rows, smallest class {10 * min(COUNTS)}",
    }
    first = theory_of[cells[0].name]
    order = sorted((s.name for s in schemes if not s.name.startswith("cap")), key=first.get)
    for axis, (times, title) in zip(axes, titles.items(), strict=True):
        panel(axis, order, [c for c in cells if c.name.endswith(f" {times}")], theory_of, rows)
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


def check(rows: dict, cells: list, theory_of: dict) -> None:
    for cell in cells:
        if not cell.name.endswith(" 10x"):
            continue
        for name, ratio in theory_of[cell.name].items():
            row = rows.get((cell.name, name, RIDGE, MEASURE))
            if row is None or np.isnan(row.value):
                continue
            far = abs(row.value - ratio)
            require(
                far <= max(TOLERANCE * ratio, 4 * row.error),
                f"{name}, {cell.name}: {row.value:.3f} ± {row.error:.3f} against {ratio:.3f}.",
            )


def panel(axis, order: list[str], cells: list, theory_of: dict, rows: dict) -> None:
    for index, cell in enumerate(cells):
        label = cell.name.split(",")[0]
        found = [rows[cell.name, name, RIDGE, MEASURE] for name in order]
        height = np.arange(len(order)) + 0.26 * (index - (len(cells) - 1) / 2)
        ratios = [theory_of[cell.name][name] for name in order]
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
    axis.axvline(1, color="0.75", lw=0.8, zorder=1)
    axis.set_xscale("log")
    ticks = [0.7, 1, 1.5, 2, 3, 4, 5]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    axis.grid(axis="x", color="0.92", lw=0.6)


if __name__ == "__main__":
    main("six_classes", draw)
