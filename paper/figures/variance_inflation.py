"""Variance of a slope and an intercept under every scheme, predicted and observed.

Claim: with a right or a wrong model and fixed or random counts, every scheme's variance is what
first order says, the smallest class having 160 rows: within four standard errors after an
allowance of three times p/rows, at most 6 %. With 40 rows it is larger, by up to a half, which is
more than was allowed; from there to 160 the miss falls as 1/rows, within four standard errors.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import main
from first_order import Compared, require_all, require_second_order, share
from matplotlib.figure import Figure

from mlbalance import theory
from mlbalance.schemes import ClassWeight, Unweighted
from mlbalance.simulation import stream

LOOK = {"slope": ("C0", "o"), "intercept": ("C1", "s")}
TICKS = (0.5, 1, 2, 3, 5, 7)
SMALL, LARGE = "1x", "4x"
DRAWS = 500
"""Random counts that a variance is averaged over."""


def predicted(cell, recipe, what: str) -> float:
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


def compared(rows: dict) -> list[Compared]:
    """Variances, squares of the empirical standard errors."""
    from simulations.variance_inflation import CONTRASTS, STUDY

    found = []
    for cell in STUDY.cells:
        if (cell.name, STUDY.reference, 0.0, "P(no estimate)") not in rows:
            continue
        for recipe in STUDY.recipes_of(cell):
            for what, _ in CONTRASTS:
                row = rows.get((cell.name, recipe.name, recipe.ridge, f"empirical SE of {what}"))
                expected = predicted(cell, recipe, what)
                if row is None or np.isnan(expected):
                    continue
                of = share(cell.source.population, cell.source.counts, recipe.scheme)
                observed, error = row.value**2, 2 * row.value * row.error
                found.append(Compared(cell.name, recipe.name, what, expected, observed, error, of))
    return found


def check(rows: dict) -> list[Compared]:
    """What is drawn, if the claim holds."""
    found = compared(rows)
    require_all([c for c in found if c.cell.endswith(LARGE)] or found)
    require_second_order(found, SMALL, LARGE)
    return found


def draw(rows: dict) -> Figure:
    found = check(rows)
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
    misses(found, below.subplots())
    return figure


def schemes(found: list[Compared], axes) -> None:
    """A row a scheme: four observations and their predictions."""
    unit = {(c.cell, c.what): c.predicted for c in found if c.recipe == "class weights"}
    first = [c for c in found if c.cell == found[0].cell and c.what == "slope"]
    order = [c.recipe for c in sorted(first, key=lambda c: c.predicted)]
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


def marks(axis, own: list[Compared], unit: dict, order: list[str], what, counts, shift) -> None:
    height = np.array([order.index(c.recipe) for c in own]) + shift
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


def misses(found: list[Compared], axis) -> None:
    """What first order misses, against p/rows."""
    for what, (color, mark) in LOOK.items():
        for size in (SMALL, LARGE):
            own = [c for c in found if c.what == what and c.cell.endswith(size)]
            axis.errorbar(
                [100 * c.share for c in own],
                [100 * c.miss for c in own],
                yerr=[200 * c.error / c.predicted for c in own],
                fmt=mark,
                ms=3,
                color=color,
                mfc=color if size == LARGE else "white",
                mew=0.8,
                elinewidth=0.4,
                label=f"{what}, smallest class {size_of(size)}",
            )
    share = np.array([c.share for c in found])
    slope = (share * [c.miss for c in found]).sum() / (share**2).sum()
    ends = np.array([0, 1.05 * share.max()])
    axis.plot(100 * ends, 100 * slope * ends, "--", color="0.2", lw=1, label=f"{slope:.1f} p/rows")
    axis.axhline(0, color="0.75", lw=0.8, zorder=1)
    axis.set_xlim(0, 100 * ends[1])
    axis.set_xlabel("parameters per effective row, p/rows (%)")
    axis.set_ylabel("variance beyond\nfirst order (%)")
    axis.legend(ncols=2, loc="upper left")


def size_of(size: str) -> int:
    from simulations.variance_inflation import COUNTS

    return min(COUNTS) * int(size.removesuffix("x"))


if __name__ == "__main__":
    main("variance_inflation", draw)
