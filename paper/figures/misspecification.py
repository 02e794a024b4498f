"""Mean squared errors under misspecification, and the power to detect it.

Lines are theory to second order at the distribution of the cell, and the power of a normal test
statistic. In the local limit the errors cross where the power is `theory.contiguity_power`, .26 in
the least favourable direction; with these counts a little later. Excess errors are those of the
unweighted fit over class weights, in units of w^2/n, the variance that weighting costs under a
correctly specified model.
"""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from common import legend, main, points
from matplotlib.figure import Figure
from orders import expansion
from scipy.special import ndtr, ndtri

from mlbalance.corrections import prior_shift
from mlbalance.schemes import ClassWeight, Unweighted
from mlbalance.simulation import Comparison, Row, Summary, compare, compare_share
from mlbalance.theory import contiguity_power
from simulations.misspecification import DIRECTIONS, ERRORS, TILTS, UNWEIGHTED


def gap(tilt) -> float:
    """w^2/n, the variance that weighting costs under a correct model, to first order."""
    phi, psi = tilt.influences
    return tilt.mean((phi - psi) ** 2) / sum(tilt.counts)


def excess_error(tilt) -> float:
    """Mean squared error of the unweighted fit less that of class weights, in units of w^2/n.

    To second order at the tilted distribution, the bias of another target included.
    """
    population, a, errors = tilt.population, tilt.functional, []
    best = expansion(population).theta
    for scheme in (Unweighted(), ClassWeight()):
        tau = tuple(scheme.target(np.array(tilt.counts)).tolist())
        of = expansion(population, tau)
        found, at = of.of_scheme(scheme, tilt.counts), of.theta.copy()
        at[:, 0] = prior_shift(at[:, 0], tau)
        bias = a.of(at, tilt.shares) - a.of(best, tilt.shares) + a.contrast @ found.bias
        errors.append(a.contrast @ found.covariance @ a.contrast + bias**2)
    return (errors[0] - errors[1]) / gap(tilt)


def power(tilt) -> float:
    """Power of the test on the mean of g, as if normal with its moments under the tilt."""
    g, masses, n = tilt.direction, tilt.population.masses, sum(tilt.counts)
    mean = (masses * g).sum(axis=1)
    variance = (masses * g**2).sum(axis=1) - mean**2
    shift, spread = np.sqrt(n) * tilt.shares @ mean, np.sqrt(tilt.shares @ variance)
    return float(ndtr((shift - ndtri(0.95)) / spread))


def observed(rows: Summary, direction: str) -> tuple[list[Row], list[Row]]:
    """Differences of squared errors and rejections along a direction."""
    own = {"method": UNWEIGHTED, "direction": direction}
    metric, estimand = ERRORS
    return (
        rows.select(**own, metric=metric, estimand=estimand),
        rows.select(**own, metric="mean", estimand=f"rejected, {direction} direction"),
    )


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of differences of squared errors, and of rejections."""
    found = []
    for name in DIRECTIONS:
        for gained, rejected in zip(*observed(rows, name), strict=True):
            tilt = TILTS[name, gained.factors["departure"]]
            found.append(compare(gained, excess_error(tilt) * gap(tilt)))
            count = round(rejected.value * rejected.n)
            found.append(compare_share(rejected, power(tilt), count, rejected.n))
    return found


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(2, 2, sharex="col", sharey="row", figsize=(6.5, 4.4))
    for (above, below), (name, r) in zip(axes.T, DIRECTIONS.items(), strict=True):
        gained, rejected = observed(rows, name)
        tilts = [TILTS[name, row.factors["departure"]] for row in gained]
        sizes, units = [tilt.size for tilt in tilts], np.array([gap(tilt) for tilt in tilts])
        panel(above, r, tilts[0], sizes, excess_error, lambda k, r=r: (k * r) ** 2 - 1)
        panel(below, r, tilts[0], sizes, power, lambda k: ndtr(k + ndtri(0.05)))
        points(above, sizes, gained, unit=units, color="C0", label="observed")
        points(below, sizes, rejected, color="C0")
        even = contiguity_power(0.05, r)
        above.axhline(0, color="0.75", lw=0.8, zorder=1)
        below.hlines(even, 0, 1 / r, color="0.75", lw=0.8, zorder=1)
        below.text(0.0, even + 0.02, f"{even:.2f}", fontsize=7.5, color="0.35")
        above.set_title(f"{name} direction, r = {r:g}")
    axes[0, 0].text(0.0, 0.12, "weighting better", fontsize=7.5, color="0.35")
    axes[0, 0].set_ylabel("excess MSE, unweighted")
    axes[1, 0].set_ylabel("power of the best 5 % test")
    figure.align_ylabels()
    figure.supxlabel("departure of the distribution from the model, κ (± 2 s.e.)")
    legend(figure, axes[0, 0])
    return figure


def panel(axis, r: float, tilt, sizes: list[float], of, limit) -> None:
    """Both theories along one direction."""
    fine = np.linspace(0, max(sizes), 17)
    axis.plot(fine, limit(fine), "--", color="0.55", label="local limit", zorder=2)
    along = [of(replace(tilt, size=size)) for size in fine]
    axis.plot(fine, along, color="0.2", label="second order", zorder=2)
    axis.axvline(1 / r, color="0.75", lw=0.8, zorder=1)
    axis.grid(axis="y")


if __name__ == "__main__":
    main("misspecification", draw, compared)
