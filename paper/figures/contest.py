"""The contest: balanced error of every method less that of the automatic choice, cell by cell.

A ridge above zero always has a fit: no method without left-out intercepts is without an estimate.
Points beyond the simultaneous interval of all differences are filled; ticks are means over cells.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, Row, Summary, compare_share

MEASURES = {"error": "balanced error", "log-loss": "balanced log-loss (nats)"}
WIDEST = {"error": 0.12, "log-loss": 0.25}
"""Differences beyond are drawn at the edge."""


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of the replicates without a fit: none of a method that has a ridge alone."""
    plain = {m.id for m in study.methods if m.correction.needs != "rows"}
    return [
        compare_share(row, 0.0, row.failures, row.n)
        for row in rows.select(metric="P(no estimate)")
        if row.method in plain
    ]


def differences(study, rows: Summary, estimand: str) -> dict[str, list[Row]]:
    """Differences from the reference by method, in the order of the study."""
    return {
        method.id: list(rows.select(method=method.id, metric="difference", estimand=estimand))
        for method in study.methods
        if method.id != study.reference
    }


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(1, 2, sharey=True, figsize=(6.5, 4.2))
    labels = {method.id: method.label for method in study.methods}
    for axis, (estimand, title) in zip(axes, MEASURES.items(), strict=True):
        found = differences(study, rows, estimand)
        critical = study.criterion.critical(sum(map(len, found.values())))
        for place, own in enumerate(reversed(found.values())):
            strip(axis, place, own, critical, WIDEST[estimand])
        axis.axvline(0, color="0.6", lw=0.8, zorder=1)
        axis.set_title(title)
        axis.set_xlabel("less that of the automatic choice", size=7)
        axis.grid(axis="x")
    names = [labels[id] for id in reversed(found)]
    axes[0].set_yticks(range(len(names)), names, size=7)
    return figure


def strip(axis, place: int, own: list[Row], critical: float, widest: float) -> None:
    """One method: a point per cell, and the mean of them."""
    known = [row for row in own if not np.isnan(row.value)]
    jitter = np.linspace(-0.25, 0.25, len(known))
    for row, off in zip(known, jitter, strict=True):
        sure = abs(row.value) > critical * row.mcse
        color = "0.6" if not sure else "C3" if row.value > 0 else "C0"
        at = float(np.clip(row.value, -0.38 * widest, widest))
        axis.plot(at, place + off, "o", ms=2.6, color=color, mfc=color if sure else "w", mew=0.6)
    mean = float(np.mean([row.value for row in known]))
    axis.vlines(np.clip(mean, -widest, widest), place - 0.42, place + 0.42, color="0.1", lw=1.6)
    axis.set_xlim(-widest * 0.4, widest * 1.04)


if __name__ == "__main__":
    main("contest", draw, compared)
