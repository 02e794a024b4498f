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
        axis.set_xlabel("less the automatic choice", size=7)
        axis.grid(axis="x")
    names = [labels[id] for id in reversed(found)]
    axes[0].set_yticks(range(len(names)), names, size=7)
    return figure


def strip(axis, place: int, rows: list[Row], critical: float, widest: float) -> None:
    """One method: a point per cell, and the mean of them."""
    known = [row for row in rows if not np.isnan(row.value)]
    jitter = np.linspace(-0.25, 0.25, len(known))
    values, errors = (np.array([getattr(row, name) for row in known]) for name in ("value", "mcse"))
    at, sure = np.clip(values, -0.38 * widest, widest), np.abs(values) > critical * errors
    # Points of one kind together, which keeps the file small.
    for own, color in ((~sure, "0.6"), (sure & (values > 0), "C3"), (sure & (values <= 0), "C0")):
        fill = "w" if color == "0.6" else color
        style = {"ms": 2.6, "color": color, "mfc": fill, "mew": 0.6}
        axis.plot(at[own], place + jitter[own], "o", **style)
    mean = float(np.mean([row.value for row in known]))
    axis.vlines(np.clip(mean, -widest, widest), place - 0.42, place + 0.42, color="0.1", lw=1.6)
    axis.set_xlim(-widest * 0.4, widest * 1.04)


if __name__ == "__main__":
    main("contest", draw, compared)
