"""Separable rows as the ridge vanishes: so does the effect of weights and offsets.

Lines are the proportional limit, without a ridge that of the largest margin. As the ridge decreases
class weights, no weights and no weights with a prior correction approach each other, intercept
included, at a logarithmic rate. An undersample tends to the largest margin of its own rows, whose
intercept is not biased against the rarer class.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, entries, legend, main, points, where
from limits import limit
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory.proportional import Mixture, max_margin
from simulations.separable import (
    MARGINS,
    METHODS,
    SEPARATION,
    Hyperplane,
    LargestMargin,
    boundary,
)

MEASURES = {"intercept": "intercept / |w|", "signal": "signal / |w|"}
FINE = np.geomspace(1e-1, 1e-7, 25)
NONE = 1e-8
"""Position of the largest margin: a logarithmic axis has no ridge of zero."""


@cache
def predicted(source, method) -> dict[str, float]:
    """Limit of the measures of `Hyperplane`, by name."""
    n, d = np.array(source.counts), source.population.n_features
    if isinstance(method, LargestMargin):
        rows = n * method.scheme.moments(n).overlap
        widest = max_margin(rows.sum() / d, rows / rows.sum(), SEPARATION)
        large, rare = widest.class_errors  # the rarer class is the last one
        values = widest.signal, widest.intercept, float(rare), float(large)
    else:
        values = boundary(limit(Mixture.of(source.population), n, d, method), n)
    return dict(zip(Hyperplane.columns, values, strict=True))


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of all measures, by method and cell."""
    return [
        compare(row, predicted(cell.source, method)[row.estimand])
        for row, cell, method in entries(study, rows, metric="mean")
    ]


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    cells = [cell for cell in study.cells if where(found, cell=cell.id)]
    figure, axes = plt.subplots(
        2, len(cells), sharex=True, sharey="row", squeeze=False, figsize=(6.5, 4.2)
    )
    for column, cell in zip(axes.T, cells, strict=True):
        for axis, estimand in zip(column, MEASURES, strict=True):
            panel(axis, cell, estimand, where(found, cell=cell.id, estimand=estimand))
        column[0].set_title(cell.id)
    for axis, label in zip(axes[:, 0], MEASURES.values(), strict=True):
        axis.set_ylabel(label)
    legend(figure, axes[0, 0], ncols=3)
    figure.supxlabel("ridge")
    return figure


def panel(axis, cell, estimand: str, found: list[Comparison]) -> None:
    for method in METHODS:
        look, own = LOOK[method.id], where(found, method=method.id)
        line = [predicted(cell.source, method.with_ridge(ridge))[estimand] for ridge in FINE]
        axis.plot(FINE, line, color=look.color, lw=1.0)
        points(axis, [c.row.ridge for c in own], own, **look.of_points, label=method.label)
    for method, color in zip(MARGINS, ("C0", "C1"), strict=True):
        (own,) = where(found, method=method.id)
        axis.axhline(own.predicted, color=color, lw=0.8, ls="--", zorder=1)
        points(axis, [NONE], [own], color=color, marker="*", mfc="w", label=method.label)
    axis.set_xscale("log")
    axis.set_xlim(0.3, NONE / 5)
    axis.set_xticks([1e-1, 1e-3, 1e-5, NONE], ["$10^{-1}$", "$10^{-3}$", "$10^{-5}$", "none"])
    axis.minorticks_off()


if __name__ == "__main__":
    main("separable", draw, compared)
