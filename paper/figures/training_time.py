"""Boundary of gradient descent on separable rows over time, with class weights and without.

On two points, 160 and 40 rows, it starts at the difference of the weights and moves to the middle
for ever more slowly: the line is gradient flow, the mean over the random numbers of rows. With many
features both boundaries tend to that of the largest margin, which is not in the middle; what class
weights do to it fades.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, entries, legend, logarithmic, main, points, require
from matplotlib.figure import Figure
from scipy.stats import binom

from mlbalance.schemes import Unweighted
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory import boundary_over_time
from simulations.training_time import KINDS, MANY, STUDY, TIMES, TWO, method_of

FINE = np.geomspace(TIMES[0] / 2, 2 * TIMES[-1], 60)
LABELS = {"unweighted": "unweighted", "class-weights": "class weights"}


def predicted(time: float) -> float:
    """Mean boundary without weights, the number of rows of class 1 being binomial."""
    counts = np.array(STUDY.cell(TWO).source.counts)
    n = int(counts.sum())
    rare = np.arange(1, n)
    chances = binom.pmf(rare, n, counts[1] / n)
    return float(chances @ boundary_over_time(time, rare / n) / chances.sum())


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of the boundary of two points without weights."""
    return [
        compare(row, predicted(method.time))
        for row, _, method in entries(study, rows, cell=TWO, metric="mean")
        if method.scheme == Unweighted()
    ]


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    cells = [cell for cell in (TWO, MANY) if rows.select(cell=cell)]
    figure, axes = plt.subplots(1, len(cells), figsize=(6.5, 2.9), squeeze=False)
    axes[0, 0].plot(
        FINE, [predicted(time) for time in FINE], color="0.2", lw=1.0, label="predicted"
    )
    for axis, cell in zip(axes[0], cells, strict=True):
        for id in KINDS:
            own = [
                rows.one(cell=cell, method=method_of(id, time).id, metric="mean") for time in TIMES
            ]
            points(axis, TIMES, own, **LOOK[id].of_points, label=LABELS[id])
            if cell == TWO and id == "class-weights":
                require(
                    all(abs(row.value) < 1e-9 for row in own),
                    "with class weights the boundary of two points is in the middle.",
                )
        logarithmic(axis, x=TIMES)
        axis.set_xlabel("time: number of steps times their size")
        axis.set_title(cell)
        axis.grid(axis="y")
    axes[0, 0].set_ylabel("midpoint of the means, from the boundary")
    legend(figure, axes)
    return figure


if __name__ == "__main__":
    main("training_time", draw, compared)
