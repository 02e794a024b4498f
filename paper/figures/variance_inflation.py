"""Variance of a slope and an intercept under every scheme, predicted and observed.

Ticks are theory to second order. Below: the variance beyond first order, observed against second
order; the diagonal is agreement.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import SPECIFIED, entries, legend, logarithmic, main, points, strokes, where
from matplotlib.figure import Figure
from orders import expansion, shares

from mlbalance import theory
from mlbalance.methods import Method
from mlbalance.schemes import ClassWeight, Unweighted
from mlbalance.simulation import Comparison, Summary, compare, stream
from simulations.variance_inflation import CONTRASTS, COUNTS, MODELS

LOOK = {"slope": ("C0", "o"), "intercept": ("C1", "s")}
TICKS = (0.5, 1, 2, 3, 5, 7)
SMALL, LARGE = 1, 4
DRAWS = 500
"""Random counts that a variance is averaged over."""


def first_order(cell, method: Method, what: str) -> float:
    """First-order variance of a contrast; NaN where theory has none."""
    a = dict(CONTRASTS)[what][1:].ravel()
    source, counts = cell.source, np.array(cell.source.counts)
    if isinstance(method.scheme, Unweighted):
        m = limit(source.population, tuple(counts / counts.sum()))
        # For a correctly specified model the correction removes the noise of the counts from the
        # intercept. For a misspecified one the limit moves with the counts: slopes have HC0.
        if source.random and what != "slope" and source.population.covariance.ndim == 3:
            return np.nan
        kind = "robust" if source.random and what == "slope" else "design"
        return float(a @ theory.covariance(m, method.scheme, counts, kind) @ a)
    m = limit(source.population)
    b = np.linalg.solve(m.hessian, a)
    J = mean_variance(source, method.scheme) if source.random else None
    return float(b @ (theory.score_variance(m, method.scheme, counts) if J is None else J) @ b)


def second_order(cell, method: Method, what: str) -> float:
    """Second-order variance for fixed counts; random counts differ to third order."""
    a, source, scheme = dict(CONTRASTS)[what][1:].ravel(), cell.source, method.scheme
    prior = shares(source.counts) if isinstance(scheme, Unweighted) else None
    of = expansion(source.population, prior)
    first = theory.covariance(of.moments, scheme, source.counts)
    return float(a @ (of.of_scheme(scheme, source.counts).covariance - first) @ a)


@cache
def limit(population, prior=None) -> theory.Moments:
    return theory.population_moments(population, prior).moments


@cache
def mean_variance(source, scheme) -> np.ndarray:
    """E J_W over random counts: exact for class weights, for others by draws relative to these."""
    m, counts = limit(source.population), np.array(source.counts)
    n = counts.sum()
    drawn = stream(0, "figure", "counts", int(n)).multinomial(n, counts / n, size=DRAWS)
    mean = [
        np.mean([theory.score_variance(m, s, own) for own in drawn], axis=0)
        for s in (scheme, ClassWeight())
    ]
    exact = theory.random_counts_variance(m, counts / n, n)
    # The same draws for both leave the noise of a ratio near one.
    return mean[0] * (np.trace(exact) / np.trace(mean[1]))


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of variances, the squares of empirical standard errors, in logarithms."""
    found = []
    for row, cell, method in entries(study, rows, metric="empirical SE"):
        first = first_order(cell, method, row.estimand)
        if not np.isnan(first):
            seen = row.value**2, 2 * row.value * row.mcse
            expected = first + second_order(cell, method, row.estimand)
            found.append(compare(row, expected, observed=seen, log=True))
    return found


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure = plt.figure(figsize=(6.5, 6.3))
    above, below = figure.subfigures(2, 1, height_ratios=(1.7, 1))
    axes = above.subplots(1, len(MODELS), sharey=True, sharex=True)
    times = max(c.row.factors["times"] for c in found)  # in a quick run the small counts
    large = where(found, times=times)
    first = where(large, model=next(iter(MODELS)), counts="fixed", estimand="slope")
    order = [c.row.method for c in sorted(first, key=lambda c: c.predicted)]
    for axis, model in zip(axes, MODELS, strict=True):
        schemes(axis, where(large, model=model), order)
        axis.set_title(f"{SPECIFIED[model]}, smallest class {times * min(COUNTS)}")
    labels = {method.id: method.label for method in study.methods}
    axes[0].set_yticks(range(len(order)), [labels[id] for id in order])
    axes[0].invert_yaxis()
    legend(above, axes[0], ncols=3)
    above.supxlabel("variance, relative to that predicted of class weights (± 2 s.e.)")
    misses(study, found, below.subplots())
    return figure


def schemes(axis, found: list[Comparison], order: list[str]) -> None:
    """A row per scheme: four observations and their predictions."""
    shift = -0.3
    for what, (color, mark) in LOOK.items():
        for counts in ("fixed", "random"):
            own = where(found, estimand=what, counts=counts)
            (one,) = where(own, method="class-weights")
            height = np.array([order.index(c.row.method) for c in own]) + shift
            ticks = np.array([c.predicted for c in own]) / one.predicted
            strokes(axis, height, ticks, 0.1, sideways=True)
            style = {"color": color, "marker": mark, "ms": 3.2, "mew": 0.8, "zorder": 2}
            style |= {"mfc": color if counts == "fixed" else "white"}
            style |= {"label": f"{what}, {counts} counts"}
            points(axis, height, own, unit=one.predicted, sideways=True, **style)
            shift += 0.2
    axis.vlines([], [], [], color="0.2", lw=1.4, label="predicted")
    axis.axvline(1, color="0.75", lw=0.8, zorder=1)
    logarithmic(axis, x=TICKS)
    axis.grid(axis="x")


def misses(study, found: list[Comparison], axis) -> None:
    """Variance beyond first order, predicted and observed, in percent of it."""
    methods, most = {method.key: method for method in study.methods}, 0.0
    for what, (color, mark) in LOOK.items():
        for times in (SMALL, LARGE):
            own = where(found, estimand=what, times=times)
            if not own:
                continue
            cells = [study.cell(c.row.cell) for c in own]
            keys = [(c.row.method, c.row.ridge) for c in own]
            pairs = zip(cells, keys, strict=True)
            first = np.array([first_order(cell, methods[key], what) for cell, key in pairs])
            x = 100 * (np.array([c.predicted for c in own]) / first - 1)
            beyond = [
                c.row._replace(value=c.observed - one, mcse=c.error)
                for c, one in zip(own, first, strict=True)
            ]
            style = {"color": color, "marker": mark, "ms": 3, "mew": 0.8, "elinewidth": 0.4}
            style |= {"mfc": color if times == LARGE else "white", "zorder": 2}
            style |= {"label": f"{what}, smallest class {times * min(COUNTS)}"}
            points(axis, x, beyond, unit=first / 100, **style)
            most = max(most, 1.05 * x.max())
    axis.plot([0, most], [0, most], "-", color="0.2", lw=1, label="second order")
    axis.axhline(0, color="0.75", lw=0.8, zorder=1)
    axis.set_xlabel("variance beyond first order (%), predicted")
    axis.set_ylabel("observed (± 2 s.e.)")
    axis.legend(ncols=2, loc="upper left")


if __name__ == "__main__":
    main("variance_inflation", draw, compared)
