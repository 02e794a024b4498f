"""Variance of a slope and an intercept under every scheme, predicted and observed.

Ticks are theory to second order. Below: what is beyond first order, against what second order says
is; the diagonal is agreement.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure
from orders import expansion, shares

from mlbalance import theory
from mlbalance.schemes import ClassWeight, Unweighted
from mlbalance.simulation import Comparison, compare, stream

LOOK = {"slope": ("C0", "o"), "intercept": ("C1", "s")}
TICKS = (0.5, 1, 2, 3, 5, 7)
SMALL, LARGE = "1x", "4x"
DRAWS = 500
"""Random counts that a variance is averaged over."""


def first_order(cell, recipe, what: str) -> float:
    """First-order variance of a contrast; NaN where theory has none."""
    from simulations.variance_inflation import CONTRASTS

    a = dict(CONTRASTS)[what][1:].ravel()
    source, counts = cell.source, np.array(cell.source.counts)
    if isinstance(recipe.scheme, Unweighted):
        m = limit(source.population, tuple(counts / counts.sum()))
        # The correction removes an intercept's own noise from the counts if the model is right.
        # In a wrong model the limit moves with the counts: slopes then vary by HC0.
        if source.random and what != "slope" and source.population.covariance.ndim == 3:
            return np.nan
        kind = "robust" if source.random and what == "slope" else "design"
        return float(a @ theory.covariance(m, recipe.scheme, counts, kind) @ a)
    m = limit(source.population)
    b = np.linalg.solve(m.hessian, a)
    J = mean_variance(source, recipe.scheme) if source.random else None
    return float(b @ (theory.score_variance(m, recipe.scheme, counts) if J is None else J) @ b)


def second_order(cell, recipe, what: str) -> float:
    """What the second order adds with the counts fixed; under random ones the rest is third."""
    from simulations.variance_inflation import CONTRASTS

    a, source, scheme = dict(CONTRASTS)[what][1:].ravel(), cell.source, recipe.scheme
    prior = shares(source.counts) if isinstance(scheme, Unweighted) else None
    of = expansion(source.population, prior)
    first = theory.covariance(of.moments, scheme, source.counts)
    return float(a @ (of.of_scheme(scheme, source.counts).covariance - first) @ a)


@cache
def limit(population, prior=None) -> theory.Moments:
    return theory.population_moments(population, prior).moments


@cache
def mean_variance(source, scheme) -> np.ndarray:
    """E J_W over random counts: exact for class weights, others relative to these by draws."""
    m, counts = limit(source.population), np.array(source.counts)
    n = counts.sum()
    drawn = stream(0, "figure", "counts", int(n)).multinomial(n, counts / n, size=DRAWS)
    mean = [
        np.mean([theory.score_variance(m, s, own) for own in drawn], axis=0)
        for s in (scheme, ClassWeight())
    ]
    exact = theory.random_counts_variance(m, counts / n, n)
    # The same draws for both: what is left of their noise is that of a ratio near one.
    return mean[0] * (np.trace(exact) / np.trace(mean[1]))


def compared(study, rows: dict) -> list[Comparison]:
    """Variances, squares of the empirical standard errors, in logarithms."""
    from simulations.variance_inflation import CONTRASTS

    found = []
    for cell in study.cells:
        for recipe in study.recipes_of(cell):
            for what, _ in CONTRASTS:
                row = rows.get((cell.name, recipe.name, recipe.ridge, f"empirical SE of {what}"))
                if row is None or np.isnan(first := first_order(cell, recipe, what)):
                    continue
                key = cell.name, recipe.name, recipe.ridge, what
                seen = row.value**2, 2 * row.value * row.error
                expected = first + second_order(cell, recipe, what)
                found.append(compare(key, expected, row, observed=seen, log=True))
    return found


def draw(study, rows: dict, found: list[Comparison]) -> Figure:
    figure = plt.figure(figsize=(6.5, 6.3))
    above, below = figure.subfigures(2, 1, height_ratios=(1.7, 1))
    axes = above.subplots(1, 2, sharey=True, sharex=True)
    size = found[-1].cell.split()[-1]  # the large counts, in a quick run the small ones
    schemes([c for c in found if c.cell.endswith(size)], axes)
    for axis, model in zip(axes, ("right", "wrong"), strict=True):
        axis.set_title(f"{model} model, smallest class {size_of(size)}")
    handles, labels = axes[0].get_legend_handles_labels()
    above.legend(handles, labels, loc="outside upper center", ncols=3)
    above.supxlabel("variance, relative to that predicted of class weights (± 2 s.e.)", size=8.5)
    misses(study, found, below.subplots())
    return figure


def schemes(found: list[Comparison], axes) -> None:
    """A row a scheme: four observations and their predictions."""
    unit = {(c.cell, c.what): c.predicted for c in found if c.method == "class weights"}
    first = [c for c in found if c.cell == found[0].cell and c.what == "slope"]
    order = [c.method for c in sorted(first, key=lambda c: c.predicted)]
    for axis, model in zip(axes, ("right", "wrong"), strict=True):
        series = [(what, counts) for what in LOOK for counts in ("fixed", "random")]
        for index, (what, counts) in enumerate(series):
            start = f"{model} model, {counts}"
            own = [c for c in found if c.what == what and c.cell.startswith(start)]
            marks(axis, own, unit, order, what, counts, 0.2 * (index - 1.5))
        axis.vlines([], [], [], color="0.2", lw=1.4, label="predicted")
        axis.axvline(1, color="0.75", lw=0.8, zorder=1)
        axis.set_xscale("log")
        axis.set_xticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axis.minorticks_off()
        axis.grid(axis="x", color="0.92", lw=0.6)
    axes[0].set_yticks(range(len(order)), order)
    axes[0].invert_yaxis()


def marks(axis, own: list[Comparison], unit: dict, order: list[str], what, counts, shift) -> None:
    height = np.array([order.index(c.method) for c in own]) + shift
    ones = np.array([unit[c.cell, c.what] for c in own])
    color, mark = LOOK[what]
    ticks = np.array([c.predicted for c in own]) / ones
    axis.vlines(ticks, height - 0.1, height + 0.1, color="0.2", lw=1.4, zorder=3)
    axis.errorbar(
        np.array([c.observed for c in own]) / ones,
        height,
        xerr=2 * np.array([c.error for c in own]) / ones,
        fmt=mark,
        ms=3.2,
        color=color,
        mfc=color if counts == "fixed" else "white",
        mew=0.8,
        elinewidth=0.8,
        label=f"{what}, {counts} counts",
    )


def misses(study, found: list[Comparison], axis) -> None:
    """What is beyond first order, predicted and observed."""
    methods = {recipe.name: recipe for recipe in study.recipes}
    ends = [0.0, 0.0]
    for what, (color, mark) in LOOK.items():
        for size in (SMALL, LARGE):
            own = [c for c in found if c.what == what and c.cell.endswith(size)]
            if not own:
                continue
            first = [first_order(study.cell(c.cell), methods[c.method], what) for c in own]
            x, y = (
                [100 * (v / one - 1) for v, one in zip(values, first, strict=True)]
                for values in ([c.predicted for c in own], [c.observed for c in own])
            )
            axis.errorbar(
                x,
                y,
                yerr=[200 * c.error / one for c, one in zip(own, first, strict=True)],
                fmt=mark,
                ms=3,
                color=color,
                mfc=color if size == LARGE else "white",
                mew=0.8,
                elinewidth=0.4,
                label=f"{what}, smallest class {size_of(size)}",
            )
            ends[1] = max(ends[1], 1.05 * max(x))
    axis.plot(ends, ends, "-", color="0.2", lw=1, label="second order")
    axis.axhline(0, color="0.75", lw=0.8, zorder=1)
    axis.set_xlabel("variance beyond first order (%), predicted")
    axis.set_ylabel("observed (± 2 s.e.)")
    axis.legend(ncols=2, loc="upper left")


def size_of(size: str) -> int:
    from simulations.variance_inflation import COUNTS

    return min(COUNTS) * int(size.removesuffix("x"))


if __name__ == "__main__":
    main("variance_inflation", draw, compared)
