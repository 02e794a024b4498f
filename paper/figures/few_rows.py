"""Coverage of 95 percent t intervals where a class has few rows, by the estimate of its covariance.

At the fit itself covariances are too small; from rows left out they still miss what a class's own
few rows do not show. Moderated towards the model's they cover, at their worst, at least ten points
more than the plug-in at its worst. Grey bands are what was promised.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import NARROW, legend, main, require
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, Summary, compare_share
from simulations.few_rows import FEATURES, KINDS, METHODS, NAMES, promised

LOOK = {"design": ("D", "C2"), "jackknife": ("s", "C0"), "moderated": ("o", "C1")}
DEFAULT = METHODS[1]


def compared(study, rows: Summary) -> list[Comparison]:
    """Coverages of moderated intervals against the band that was promised."""
    found = []
    for row in rows.select(metric="coverage"):
        if row.estimand not in {f"{name}, moderated" for name in NAMES} or row.failures:
            continue
        low, high = promised(row.factors["smallest"], row.factors["features"])
        nearest = float(np.clip(row.value, low, high))
        own = compare_share(row, nearest, round(row.value * row.n), row.n)
        # A distance from a band has not the variance of a standard normal deviate.
        found.append(own._replace(spread=False))
    return found


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(len(FEATURES), 1, sharex=True, sharey=True, figsize=(6.5, 4.6))
    for axis, d in zip(axes, FEATURES, strict=True):
        cells = [cell for cell in study.cells if cell.factors["features"] == d]
        cells = [cell for cell in cells if rows.select(cell=cell.id)]
        panel(axis, cells, rows)
        axis.set_title(f"{d} features")
    axes[0].set_ylim(0.35, 1.01)
    figure.supylabel("coverage of 95 % intervals")
    legend(figure, axes[0], ncols=3)
    worst, plug_in = (min(row.value for row in _of(rows, k)) for k in ("moderated", "design"))
    require(worst > plug_in + 0.1, f"moderated intervals cover ten points more; {worst}, {plug_in}")
    return figure


def panel(axis, cells, rows: Summary) -> None:
    for place, cell in enumerate(cells):
        low, high = promised(cell.factors["smallest"], cell.factors["features"])
        axis.fill_between([place - 0.45, place + 0.45], low, high, color="0.88", lw=0, zorder=0)
        for index, kind in enumerate(KINDS):
            mark, colour = LOOK[kind]
            for method in METHODS:
                values = [row.value for row in _of(rows, kind, cell=cell.id, method=method.id)]
                axis.plot(
                    np.full(len(values), place + 0.27 * (index - 1)),
                    values,
                    mark,
                    color=colour,
                    mfc=colour if method is DEFAULT else "white",
                    ms=3,
                    label=f"{kind}, ridge {'1/n' if method is DEFAULT else '0'}",
                    zorder=2,
                )
    axis.axhline(0.95, color="0.6", lw=0.7, zorder=1)
    axis.set_xticks(range(len(cells)), [_name(cell) for cell in cells])
    axis.tick_params(axis="x", labelsize=6)


def _of(rows: Summary, kind: str, **wanted) -> list:
    names = {f"{name}, {kind}" for name in NAMES}
    found = rows.select(metric="coverage", **wanted)
    return [row for row in found if row.estimand in names and not row.failures]


def _name(cell) -> str:
    factors = cell.factors
    model = NARROW[factors["model"]]
    random = "\nrandom" if factors["labels"] == "random" else ""
    return f"{factors['smallest']} of\n{factors['rows']}\n{model}{random}"


if __name__ == "__main__":
    main("few_rows", draw, compared)
