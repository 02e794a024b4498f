"""Signal to noise of fits and bags, by nominal ridge and by degrees of freedom.

Lines are the proportional limit, dashed for infinitely many bags; points are fits with 200
features, off their lines by a term of order 1/d, which fits with half the rows and features show.
By nominal ridge (left) curves cross: of features of one variance bags win at a weak ridge and lose
at a strong one. By degrees of freedom (right) those of one undersample, of infinitely many, class
weights, the unweighted fit and least squares on all rows stand in this order: what bags have at a
weak ridge is a larger effective one.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, Look, entries, legend, logarithmic, main, require, where
from matplotlib.figure import Figure

from mlbalance.methods import Method
from mlbalance.schemes import ClassWeight, Undersample, Unweighted
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory.proportional import (
    EffectiveRidge,
    Mixture,
    OneFit,
    Solution,
    degrees_of_freedom,
    effective_ridge,
    logistic_order,
    one_fit,
    signal_to_noise,
    solve,
)
from simulations.degrees_of_freedom import (
    BAGS,
    COUNTS,
    FEATURES,
    FREEDOM,
    GAIN,
    METHODS,
    SNR,
    SPHERE,
    UNEVEN,
    classes,
    name_of,
)

GRID = np.geomspace(1e-4, 30.0, 40)
SQUARES = Look("C3", "", ":")
MOST = 0.7
"""Degrees of freedom per feature up to which least squares is drawn."""
BAGGED = METHODS[1].id
SCHEMES = {
    "undersample": Undersample(),
    BAGGED: Undersample(),
    "class-weights": ClassWeight(),
    "unweighted": Unweighted(),
}
"""Schemes of one fit, by method."""


@cache
def mixture(name: str) -> Mixture:
    """The classes of a cell in the limit."""
    return Mixture.of(classes(name, FEATURES))


@cache
def one_bag(name: str, scheme, ridge: float) -> Solution:
    """Limit of a single fit."""
    return solve(mixture(name), COUNTS, FEATURES, scheme, ridge=ridge)


@cache
def many_bags(name: str, ridge: float) -> OneFit:
    """Limit of ever more bags, by the equations of one fit of all rows."""
    bag = one_bag(name, Undersample(), ridge)
    apart = bag.covariance[0, 0] - bag.shared_covariance[0, 0]
    return one_fit(bag, 4 * float(apart))


def effective(name: str, id: str, ridge: float, bags: float = 1) -> EffectiveRidge:
    """Effective ridge of a method, of one bag or infinitely many, at a nominal one."""
    return effective_ridge(one_bag(name, SCHEMES[id], ridge), bags=bags)


def predicted(name: str, method: Method) -> dict[str, float]:
    """Limits of the measures of a method, by estimand."""
    fit = one_bag(name, method.scheme.one_bag, method.ridge)
    found, ridge = fit.parameters, effective_ridge(fit)
    signal, intercept, variance = found.signal, found.intercept, found.variance
    bags = method.scheme.bags
    if bags > 1:
        many = many_bags(name, method.ridge)
        signal, intercept = many.signal, many.intercept
        variance = many.variance + (variance - many.variance) / bags
    best = signal_to_noise(mixture(name), COUNTS, FEATURES, ridge.chi)
    ratio = signal**2 / variance
    values = (signal, intercept, variance, ratio, ridge.degrees_of_freedom / FEATURES, best - ratio)
    return dict(zip(("signal", "intercept", "variance", SNR, FREEDOM, GAIN), values, strict=True))


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons at full size with the limit plus half of the difference at half size."""
    found = []
    for row, cell, method in entries(study, rows, metric="mean", features=FEATURES):
        name = cell.factors["population"]
        half = rows[row.key._replace(cell=name_of(name, 2))]
        value = predicted(name, method)[row.estimand]
        told = value + (half.value - value) / 2
        found.append(compare(row, told, own_error=half.mcse / 2))
    return found


def check(name: str) -> None:
    """Curves cross by nominal ridge; in the order of the caption they do not by freedom."""
    gaps = [
        effective(name, BAGGED, r, np.inf).signal_to_noise
        - effective(name, "unweighted", r).signal_to_noise
        for r in (GRID[0], GRID[-1])
    ]
    require(name != SPHERE or gaps[0] > 0 > gaps[1], f"{name}: by nominal ridge curves cross.")
    for ridge in GRID[::4]:
        chi = effective(name, BAGGED, ridge).chi
        order = logistic_order(mixture(name), COUNTS, FEATURES, chi)
        require(
            bool((np.diff(order) > 0).all()),
            f"{name}: at the degrees of freedom of an undersample of ridge {ridge:.2g} the fits "
            "stand in order.",
        )


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    names = [n for n in (SPHERE, UNEVEN) if where(found, population=n)]
    figure, axes = plt.subplots(
        len(names), 2, sharey="row", squeeze=False, figsize=(6.5, 0.6 + 2.3 * len(names))
    )
    for line, name in zip(axes, names, strict=True):
        check(name)
        panels(*line, name, where(found, population=name))
        line[0].set_ylabel(f"{name}\nsignal to noise $m^2/q$")
        logarithmic(line[0], x=(1e-4, 1e-2, 1.0))
    axes[-1, 0].set_xlabel("nominal ridge")
    axes[-1, 1].set_xlabel("degrees of freedom per feature")
    legend(figure, axes[0, 1], ncols=3)
    return figure


def panels(left, right, name: str, found: list[Comparison]) -> None:
    for method in METHODS:
        look = LOOK[method.id]
        one = [effective(name, method.id, r) for r in GRID]
        freedom = [e.degrees_of_freedom / FEATURES for e in one]
        noise = np.array([1 / e.signal_to_noise for e in one])
        if method.id == BAGGED:
            many = np.array([1 / effective(name, BAGGED, r, np.inf).signal_to_noise for r in GRID])
            noise = noise / BAGS + (1 - 1 / BAGS) * many
            dashes = look._replace(dashes="--").of_line
            left.plot(GRID, 1 / many, **dashes)
            right.plot(freedom, 1 / many, label="infinitely many bags", **dashes)
        left.plot(GRID, 1 / noise, **look.of_line)
        right.plot(freedom, 1 / noise, label=method.label, **look.of_line)
        own = where(found, method=method.id)
        for ratio in (c.row for c in where(own, estimand=SNR)):
            df = next(c.row for c in where(own, estimand=FREEDOM) if c.row.ridge == ratio.ridge)
            bars = {"yerr": 2 * ratio.mcse, "elinewidth": 0.8, "zorder": 3, "ls": ""}
            left.errorbar([ratio.ridge], [ratio.value], **bars, **look.of_points)
            right.errorbar([df.value], [ratio.value], xerr=2 * df.mcse, **bars, **look.of_points)
    chis = np.geomspace(1e-2, 1e3, 200)
    df = np.array([degrees_of_freedom(mixture(name), FEATURES, chi) for chi in chis]) / FEATURES
    best = np.array([signal_to_noise(mixture(name), COUNTS, FEATURES, chi) for chi in chis])
    right.plot(df[df < MOST], best[df < MOST], label="least squares", **SQUARES.of_line)
    for axis in (left, right):
        axis.grid(axis="y")


if __name__ == "__main__":
    main("degrees_of_freedom", draw, compared)
