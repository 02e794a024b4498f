"""Slope and intercept of a balanced logistic fit after SMOTE, and the errors of both classes.

Strokes are the limit of many rows: class weights and repeated rows have the true log-odds, SMOTE
with any other row of the class as neighbour has a larger slope and an intercept against the class
that it oversamples. Five nearest neighbours do little of that with two features and most of it with
twenty, where nothing is predicted.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, Look, entries, legend, main, points, require, strokes, where
from matplotlib.figure import Figure
from scipy.special import ndtr

from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory import smote_target
from simulations.synthetic_rows import CELLS, COUNTS, INTERCEPT, METHODS, OTHER, RARE, SLOPE

LOOKS = {
    "class-weights": LOOK["class-weights"],
    "oversample": Look("C4", "s"),
    "smote-all": Look("C1", "v"),
    "smote-5": Look("C3", "^"),
}
NEW = {"class-weights": 0.0, "oversample": 0.0, "smote-all": 1 - COUNTS[1] / COUNTS[0]}
"""Share of synthetic rows in the rarer class, by method; nearest neighbours have no prediction."""

PANELS = {
    SLOPE: "slope / true slope",
    INTERCEPT: "intercept",
    RARE: "error of the rarer class",
    OTHER: "error of the larger class",
}


def predicted(separation: float, method: str) -> dict[str, float]:
    """Measures of the fit to many rows."""
    intercept, slope = smote_target(separation, NEW[method])
    boundary = -intercept / slope
    return {
        SLOPE: slope,
        INTERCEPT: intercept,
        RARE: ndtr(boundary - separation / 2),
        OTHER: ndtr(-boundary - separation / 2),
    }


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons with the limit, with two features and without nearest neighbours."""
    return [
        compare(row, predicted(cell.factors["separation"], method.id)[row.estimand])
        for row, cell, method in entries(study, rows, metric="mean", features=2)
        if method.id in NEW
    ]


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(2, 2, sharex=True, figsize=(6.5, 4.6))
    names = [cell.id for cell in study.cells if rows.select(cell=cell.id)]
    for axis, (estimand, title) in zip(axes.ravel(), PANELS.items(), strict=True):
        for at, name in enumerate(names):
            unit = CELLS[name][1] if estimand == SLOPE else 1.0
            panel(axis, at, where(found, cell=name, estimand=estimand), unit)
            for off, method in enumerate(METHODS):
                row = rows.one(cell=name, method=method.id, metric="mean", estimand=estimand)
                place, label = at + 0.18 * (off - 1.5), None if at else method.label
                points(axis, [place], [row], unit=unit, **LOOKS[method.id].of_points, label=label)
        axis.set_title(title)
        axis.grid(axis="y")
        axis.set_xticks(range(len(names)), names)
    for separation in dict.fromkeys(cell.factors["separation"] for cell in study.cells):
        own, true = predicted(separation, "smote-all"), predicted(separation, "class-weights")
        require(
            own[SLOPE] > 1.15 * true[SLOPE] and own[INTERCEPT] < -0.1 < true[INTERCEPT],
            "SMOTE overstates slopes by 15 % or more and moves against the rarer class.",
        )
    legend(figure, axes[0, 0])
    return figure


def panel(axis, at: int, found: list[Comparison], unit: float) -> None:
    """Predictions of one cell."""
    order = [method.id for method in METHODS]
    places = [at + 0.18 * (order.index(c.row.method) - 1.5) for c in found]
    strokes(axis, places, np.array([c.predicted for c in found]) / unit, 0.08)


if __name__ == "__main__":
    main("synthetic_rows", draw, compared)
