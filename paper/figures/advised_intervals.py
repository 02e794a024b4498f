"""Coverage of 95 percent intervals after a choice of the ridge, and by the penalised likelihood.

A bootstrap of the whole fit covers where the default interval, which takes the chosen ridge as
given, does not. The grey band is what was promised of the advised intervals.
"""

import matplotlib.pyplot as plt
from common import legend, main, require
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, Summary, compare_share
from simulations.advised_intervals import LOWEST, METHODS, NAMES

LOOK = (("o", "C0"), ("s", "C1"), ("D", "C2"))


def compared(study, rows: Summary) -> list[Comparison]:
    """Coverages of advised intervals against the band that was promised."""
    found = []
    for name in NAMES:
        for row in rows.select(metric="mean", estimand=f"{name}, advised covers"):
            nearest = max(row.value, LOWEST)
            own = compare_share(row, nearest, round(row.value * row.n), row.n)
            # A distance from a band has not the variance of a standard normal deviate.
            found.append(own._replace(spread=False))
    return found


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(len(METHODS), 1, sharex=True, sharey=True, figsize=(6.5, 4.6))
    for axis, method in zip(axes, METHODS, strict=True):
        panel(axis, study, rows, method)
        advised, usual = method.kinds
        axis.set_title(f"{method.label}: {advised} (filled), {usual} (open)")
    figure.supylabel("coverage of 95 % intervals")
    legend(figure, axes[0], ncols=3)
    worst, fixed = (
        min(r.value for r in _of(rows, use, method=METHODS[0].id)) for use in ("advised", "usual")
    )
    require(worst > fixed, f"a bootstrap covers more than a fixed ridge; {worst}, {fixed}")
    return figure


def panel(axis, study, rows: Summary, method) -> None:
    axis.axhspan(LOWEST, 1.0, color="0.88", lw=0, zorder=0)
    axis.axhline(0.95, color="0.6", lw=0.7, zorder=1)
    for place, cell in enumerate(study.cells):
        for shift, use in ((-0.2, "advised"), (0.2, "usual")):
            own = _of(rows, use, cell=cell.id, method=method.id)
            places = (-0.1, 0.0, 0.1)
            for row, name, (mark, colour), at in zip(own, NAMES, LOOK, places, strict=False):
                axis.errorbar(
                    place + shift + at,
                    row.value,
                    2 * row.mcse,
                    fmt=mark,
                    color=colour,
                    mfc=colour if use == "advised" else "white",
                    ms=4,
                    lw=0.8,
                    label=name,
                    zorder=2,
                )
    names = [
        f"{c.factors['rows']} rows,\n{_fewest(c)}, d={c.factors['features']}" for c in study.cells
    ]
    axis.set_xticks(range(len(names)), names)
    axis.tick_params(axis="x", labelsize=7)


def _fewest(cell) -> str:
    return f"K={cell.factors['classes']}, smallest {cell.factors['smallest']}"


def _of(rows: Summary, use: str, **wanted) -> list:
    found = [
        rows.select(metric="mean", estimand=f"{name}, {use} covers", **wanted) for name in NAMES
    ]
    return [row for some in found for row in some]


if __name__ == "__main__":
    main("advised_intervals", draw, compared)
