"""Mean squared errors as a model departs from the truth, and the power to see it.

Lines are theory to second order at the distribution of the cell, and the power of a normal test
statistic. In the local limit the errors cross where
the power is that of `theory.contiguity_power`, .26 in the least favourable direction; with these
counts a little later. Excess errors are those of the unweighted fit over class weights, in units
of w^2/n, what weighting costs when the model is right.
"""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure
from orders import expansion
from scipy.special import ndtr, ndtri

from mlbalance.corrections import prior_shift
from mlbalance.schemes import ClassWeight, Unweighted
from mlbalance.simulation import Comparison, compare, compare_share
from mlbalance.theory import contiguity_power


def gap(tilt) -> float:
    """w^2/n, the variance that weighting costs when the model is right, to first order."""
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
    """Of the test on the mean of g, taken as normal with its mean and variance at this law."""
    g, masses, n = tilt.direction, tilt.population.masses, sum(tilt.counts)
    mean = (masses * g).sum(axis=1)
    variance = (masses * g**2).sum(axis=1) - mean**2
    shift, spread = np.sqrt(n) * tilt.shares @ mean, np.sqrt(tilt.shares @ variance)
    return float(ndtr((shift - ndtri(0.95)) / spread))


def compared(study, rows: dict) -> list[Comparison]:
    """Differences of squared errors, and rejections."""
    from simulations.misspecification import ERRORS, TILTS, UNWEIGHTED

    found = []
    for cell in study.cells:
        tilt, rejected = TILTS[cell.name], f"rejected, {cell.name.split(',')[0]}"
        key = cell.name, UNWEIGHTED, 0.0, ERRORS
        found.append(compare(key, excess_error(tilt) * gap(tilt), rows[key]))
        key = *key[:3], rejected
        R = rows[key].replications
        found.append(compare_share(key, power(tilt), round(rows[key].value * R), R))
    return found


def draw(study, rows: dict, _: list[Comparison]) -> Figure:
    from simulations.misspecification import DIRECTIONS, ERRORS, TILTS

    figure, axes = plt.subplots(2, 2, sharex="col", sharey="row", figsize=(6.5, 4.4))
    for pair, (name, r) in zip(axes.T, DIRECTIONS.items(), strict=True):
        tilts = {c: t for c, t in TILTS.items() if c.startswith(f"{name} direction")}
        units = [gap(t) for t in tilts.values()]
        panel(pair[0], r, tilts, excess_error, lambda k, r=r: (k * r) ** 2 - 1)
        panel(pair[1], r, tilts, power, lambda k: ndtr(k + ndtri(0.05)))
        points(pair[0], tilts, rows, ERRORS, units)
        points(pair[1], tilts, rows, f"rejected, {name} direction", [1.0] * len(tilts))
        even = contiguity_power(0.05, r)
        pair[0].axhline(0, color="0.75", lw=0.8, zorder=1)
        pair[1].hlines(even, 0, 1 / r, color="0.75", lw=0.8, zorder=1)
        pair[1].text(0.0, even + 0.02, f"{even:.2f}", fontsize=7.5, color="0.35")
        pair[0].set_title(f"{name} direction, r = {r:g}")
    axes[0, 0].text(0.0, 0.12, "weighting better", fontsize=7.5, color="0.35")
    axes[0, 0].set_ylabel("excess MSE, unweighted")
    axes[1, 0].set_ylabel("power of the best 5 % test")
    figure.align_ylabels()
    figure.supxlabel("departure of the law from the model, κ (± 2 s.e.)", fontsize=8.5)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def panel(axis, r: float, tilts: dict, of, limit) -> None:
    """Both theories along one direction."""
    sizes = np.linspace(0, max(t.size for t in tilts.values()), 17)
    tilt = next(iter(tilts.values()))
    axis.plot(sizes, limit(sizes), "--", color="0.55", label="local limit", zorder=2)
    along = [of(replace(tilt, size=size)) for size in sizes]
    axis.plot(sizes, along, color="0.2", label="second order", zorder=2)
    axis.axvline(1 / r, color="0.75", lw=0.8, zorder=1)
    axis.grid(axis="y", color="0.92", lw=0.6)


def points(axis, tilts: dict, rows: dict, measure: str, units: list[float]) -> None:
    from simulations.misspecification import UNWEIGHTED

    found = [rows[cell, UNWEIGHTED, 0.0, measure] for cell in tilts]
    axis.errorbar(
        [t.size for t in tilts.values()],
        [row.value / unit for row, unit in zip(found, units, strict=True)],
        yerr=[2 * row.error / unit for row, unit in zip(found, units, strict=True)],
        fmt="o",
        color="C0",
        label="observed",
        elinewidth=0.8,
        zorder=3,
    )


if __name__ == "__main__":
    main("misspecification", draw, compared)
