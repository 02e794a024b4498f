"""Probability that there is no fit without ridge, with every row and with an undersample.

For one feature, and for ten without signal, lines are exact formulas; for ten with signal they are
the simulation of `mlbalance advise`, with the same verdict: simulation against simulation. The
solver fails exactly where the verdict says so, and an undersample fails at least as often as all
rows.
"""

from math import comb

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, entries, legend, logarithmic, main, points, require
from matplotlib.figure import Figure
from scipy.special import ndtr

from mlbalance.advise.gaussian import gaussian_advice
from mlbalance.simulation import Comparison, Row, Summary, compare_share
from simulations._verdicts import Verdict
from simulations.existence import COIN, LINE, METHODS, SPACE

NO_FIT = "P(no estimate)"
WEIGHTS, UNDERSAMPLE = (method.id for method in METHODS)
DASHES = {WEIGHTS: "-", UNDERSAMPLE: "--"}


def apart(separation: float, n_0: int, n_1: int) -> float:
    """Exact probability that two normal samples on a line do not overlap.

    All of one sample lie below the smallest of the other: an integral over the smallest, both ways.
    """
    x = np.linspace(-9.0, 9.0 + separation, 4001)
    low, high = ndtr(x), ndtr(x - separation)

    def beyond(n: int, upper: np.ndarray, m: int, lower: np.ndarray) -> float:
        smallest = 1 - (1 - upper) ** n  # distribution of the smallest of the upper sample
        middle = (lower[1:] ** m + lower[:-1] ** m) / 2
        return float(middle @ np.diff(smallest))

    return beyond(n_1, high, n_0, low) + beyond(n_0, low, n_1, high)


def cover(n: int, d: int) -> float:
    """Cover's probability that n points in general position with random labels are separable."""
    return float(sum(comb(n - 1, k) for k in range(min(d + 1, n))) / 2 ** (n - 1))


def predicted(cell) -> dict[str, tuple[float, float]]:
    """Probability and its own error by method, where there is a prediction."""
    counts, d, separation = (
        cell.source.counts,
        cell.factors["features"],
        cell.factors["separation"],
    )
    if d == 1:
        m = min(counts)
        return {
            WEIGHTS: (apart(separation, *counts), 0.0),
            UNDERSAMPLE: (apart(separation, m, m), 0.0),
        }
    if cell.source.random:
        return {WEIGHTS: (cover(sum(counts), d), 0.0)}
    schemes = {method.id: method.scheme for method in METHODS}
    found = gaussian_advice(np.array(counts), schemes, None, d, separation).no_mle
    return {id: (found[id].value, found[id].mcse) for id in schemes}


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of the shares without a fit."""
    check(study, rows)
    told, found = {cell.id: predicted(cell) for cell in study.cells}, []
    for row, cell, method in entries(study, rows, metric=NO_FIT):
        if method.id in told[cell.id]:
            p, error = told[cell.id][method.id]
            found.append(compare_share(row, p, row.failures, row.n, own_error=error))
    return found


def check(study, rows: Summary) -> None:
    """Refuse results in which the solver and the exact verdict differ."""
    for cell in study.cells:
        failures = {row.method: row.failures for row in rows.select(cell=cell.id, metric=NO_FIT)}
        for method in METHODS:
            own, exact = failures[method.id], failures[Verdict.of(method).id]
            words = f"{cell.id}: {method.label} fails {own} times, the verdict {exact}."
            require(own == exact, words)
        require(
            failures[WEIGHTS] <= failures[UNDERSAMPLE],
            f"{cell.id}: an undersample has a fit where all rows have none.",
        )


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(1, 3, sharey=True, figsize=(6.5, 2.9))
    line, coin, space = axes
    fine, by_coin = np.unique(np.geomspace(2, 24, 23).astype(int)), np.arange(12, 33)
    for s in (min(LINE)[0], max(LINE)[0]):  # the curve between would cross them
        for id, larger in ((WEIGHTS, 4), (UNDERSAMPLE, 1)):
            curve(line, fine, [apart(s, larger * m, m) for m in fine], id)
        observed(line, rows.select(features=1, separation=s, metric=NO_FIT))
        line.text(
            2.95, apart(s, 3, 3), f"separation {s:g}", fontsize=6.5, color="0.35", va="bottom"
        )
    line.set(xlabel="rows of the smaller class", title="one feature")
    logarithmic(line, x=(2, 4, 8, 16))
    curve(coin, by_coin, [cover(int(n), 10) for n in by_coin], WEIGHTS, label="predicted")
    observed(coin, rows.select(labels="drawn", metric=NO_FIT), list(COIN))
    coin.set(xlabel="rows", title="ten features, no signal")
    own = {"features": 10, "separation": 1.0}
    told = [predicted(cell) for cell in study.cells if own.items() <= cell.factors.items()]
    for id in DASHES:
        curve(space, list(SPACE), [p[id][0] for p in told], id)
    observed(space, rows.select(**own, metric=NO_FIT))
    space.set(xlabel="rows of the smaller class", title="ten features, separation 1")
    space.set_xticks(list(SPACE))
    axes[0].set_ylabel("P(no fit) (± 2 s.e.)")
    for axis in axes:
        axis.grid(axis="y")
    legend(figure, coin)
    return figure


def curve(axis, at, values, id: str, **style) -> None:
    axis.plot(at, values, DASHES[id], color="0.2", lw=1.0, **style)


def observed(axis, rows: list[Row], at: list[int] | None = None) -> None:
    """Shares of both methods, by default against the rows of the smaller class."""
    for method in METHODS:
        own = [row for row in rows if row.method == method.id]
        x = at or [row.factors["smallest"] for row in own]
        points(axis, x, own, **LOOK[method.id].of_points, label=method.label)


if __name__ == "__main__":
    main("existence", draw, compared)
