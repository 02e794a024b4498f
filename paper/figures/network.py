"""Balanced error of a network, stopped early and trained until it interpolates its rows.

Stopped early class weights, and prior correction of the unweighted network, do what they do for a
linear model. Once the rows are interpolated class weights gain half as much or less, and less than
the correction; where rows are many every network has become worse. Nothing is predicted but that
the rows are interpolated.
"""

import matplotlib.pyplot as plt
from common import LOOK, legend, main, points
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, Summary, compare_share
from simulations.network import CORRECTED, COUNTS, ERROR, STOPS

SHOWN = (
    ("network-unweighted", ERROR, "unweighted", LOOK["unweighted"]),
    ("network-unweighted", CORRECTED, "unweighted, prior correction", LOOK["unweighted+prior"]),
    ("network-class-weights", ERROR, "class weights", LOOK["class-weights"]),
    ("network-undersample", ERROR, "undersample", LOOK["undersample"]),
)
PLACES = {"early": "stopped early", "late": "interpolating"}


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of the networks that do not interpolate their rows: none."""
    return [
        compare_share(row, 0.0, row.failures, row.n) for row in rows.select(metric="P(no estimate)")
    ]


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    cells = [cell for cell in study.cells if rows.select(cell=cell.id)]
    figure, axes = plt.subplots(1, len(cells), figsize=(6.5, 3.0), squeeze=False)
    for axis, cell in zip(axes[0], cells, strict=True):
        for off, (id, name, label, look) in enumerate(SHOWN):
            own = [
                rows.one(cell=cell.id, method=id, metric="mean", estimand=name.format(stop))
                for stop in STOPS
            ]
            at = [place + 0.15 * (off - 1.5) for place in range(len(STOPS))]
            points(axis, at, own, **look.of_points, label=label)
        axis.set_xticks(range(len(STOPS)), [PLACES[stop] for stop in STOPS])
        axis.set_xlim(-0.5, len(STOPS) - 0.5)
        times = cell.factors["times"]
        counts = ", ".join(str(times * n) for n in COUNTS)
        axis.set_title(f"{counts} rows", size=8)
        axis.grid(axis="y")
    axes[0, 0].set_ylabel("balanced error")
    legend(figure, axes[0, 0], ncols=2)
    return figure


if __name__ == "__main__":
    main("network", draw, compared)
