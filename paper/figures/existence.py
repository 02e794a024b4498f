"""Probability that there is no fit without ridge, with every row and with an undersample.

In one feature, and in ten without signal, lines are exact formulas; in ten with signal they are
what `mlbalance advise` simulates by itself, with the same verdict: simulation against simulation.
The solver fails where the exact verdict does and nowhere else, and an undersample fails at least as
often.
"""

from math import comb

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from matplotlib.figure import Figure
from scipy.special import ndtr

from mlbalance.advise.gaussian import gaussian_advice
from mlbalance.simulation import Comparison, compare_share

NO_FIT = "P(no estimate)"
MARKS = {"class weights": ("o", "C0"), "undersample": ("s", "C1")}


def apart(separation: float, n_0: int, n_1: int) -> float:
    """Exact probability that two normal samples on a line do not overlap.

    All of one lie beyond the smallest of the other: an integral over where that is, both ways.
    """
    x = np.linspace(-9.0, 9.0 + separation, 4001)
    low, high = ndtr(x), ndtr(x - separation)

    def beyond(n: int, upper: np.ndarray, m: int, lower: np.ndarray) -> float:
        smallest = 1 - (1 - upper) ** n  # distribution of the smallest of the upper sample
        middle = (lower[1:] ** m + lower[:-1] ** m) / 2
        return float(middle @ np.diff(smallest))

    return beyond(n_1, high, n_0, low) + beyond(n_0, low, n_1, high)


def cover(n: int, d: int) -> float:
    """Cover's probability that n points in general position with labels by a coin are separated."""
    return float(sum(comb(n - 1, k) for k in range(min(d + 1, n))) / 2 ** (n - 1))


def predicted(study, cell) -> dict[str, tuple[float, float]]:
    """Probability by recipe and its own error, where there is a prediction."""
    population, counts = cell.source.population, cell.source.counts
    separation = float(np.linalg.norm(population.means[1] - population.means[0]))
    if population.n_features == 1:
        m = min(counts)
        return {
            "class weights": (apart(separation, *counts), 0.0),
            "undersample": (apart(separation, m, m), 0.0),
        }
    if cell.source.random:
        return {"class weights": (cover(sum(counts), population.n_features), 0.0)}
    schemes = {r.name: r.scheme for r in study.recipes if r.name in MARKS}
    found = gaussian_advice(np.array(counts), schemes, None, population.n_features, separation)
    return {name: (p.value, p.mcse) for name, p in found.no_mle.items()}


def compared(study, rows: dict) -> list[Comparison]:
    """Shares without a fit; the solver's are those of the exact verdict, data set by data set."""
    found = []
    for cell in study.cells:
        row = {name: rows[cell.name, name, 0.0, NO_FIT] for name in MARKS}
        for name, one in row.items():
            exact = rows[cell.name, f"{name}, exact verdict", 0.0, NO_FIT]
            require(
                one.failures == exact.failures,
                f"{cell.name}: {name} fails {one.failures} times, the verdict {exact.failures}.",
            )
        require(
            row["class weights"].failures <= row["undersample"].failures,
            f"{cell.name}: an undersample has a fit where all rows have none.",
        )
        for name, (p, error) in predicted(study, cell).items():
            key, one = (cell.name, name, 0.0, NO_FIT), row[name]
            found.append(compare_share(key, p, one.failures, one.replications, own_error=error))
    return found


def draw(study, rows: dict, _: list[Comparison]) -> Figure:
    from simulations.existence import COIN, LINE, SPACE

    figure, axes = plt.subplots(1, 3, sharey=True, figsize=(6.5, 2.9))
    line, coin, space = axes
    fine = np.unique(np.geomspace(2, 24, 23).astype(int))
    for s in (min(LINE)[0], max(LINE)[0]):  # the one between would cross them
        for name, style in (("class weights", "-"), ("undersample", "--")):
            curve = [apart(s, 4 * m if name == "class weights" else m, m) for m in fine]
            line.plot(fine, curve, style, color="0.2", lw=1.0)
        sizes = [m for separation, m in LINE if separation == s]
        points(line, sizes, [f"d=1, separation {s:g}, {m}" for m in sizes], rows)
        top = apart(s, 2, 2)
        line.text(2.25, top + 0.04, f"separation {s:g}", fontsize=7.5, color="0.35")
    line.set(xscale="log", xlabel="rows of the smaller class", title="one feature")
    line.set_xticks([2, 4, 8, 16], ["2", "4", "8", "16"])
    line.minorticks_off()
    n = np.arange(12, 33)
    coin.plot(n, [cover(int(i), 10) for i in n], color="0.2", lw=1.0, label="predicted")
    points(coin, list(COIN), [f"d=10, no signal, {i} rows" for i in COIN], rows)
    coin.set(xlabel="rows", title="ten features, no signal")
    told = [predicted(study, study.cell(f"d=10, separation 1, {m}")) for m in SPACE]
    for name, style in (("class weights", "-"), ("undersample", "--")):
        values = [p[name][0] for p in told]
        space.plot(list(SPACE), values, style, color="0.2", lw=1.0)
    points(space, list(SPACE), [f"d=10, separation 1, {m}" for m in SPACE], rows)
    space.set(xlabel="rows of the smaller class", title="ten features, separation 1")
    space.set_xticks(list(SPACE))
    axes[0].set_ylabel("P(no fit) (± 2 s.e.)")
    for axis in axes:
        axis.grid(axis="y", color="0.92", lw=0.6)
    handles, labels = coin.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def points(axis, x: list, cells: list[str], rows: dict) -> None:
    for name, (mark, colour) in MARKS.items():
        found = [rows[cell, name, 0.0, NO_FIT] for cell in cells]
        axis.errorbar(
            x,
            [row.value for row in found],
            yerr=[2 * row.error for row in found],
            fmt=mark,
            color=colour,
            mfc=colour if name == "class weights" else "white",
            label=name,
            elinewidth=0.8,
            zorder=3,
        )


if __name__ == "__main__":
    main("existence", draw, compared)
