"""Loads at which fits without ridge come to exist: all rows, an undersample, three classes.

Half of the data sets have a fit at the threshold, and by 1/d of it later, by which Cover's exact
formula is above its limit: all rows of two classes long before an undersample. Of three classes two
of which are alike, half can have every row put strictly first up to the load at which these two
come apart, and half have no fit up to the larger one at which the rarest comes apart from all
others. Equal classes have one such load: where there is no fit every row can be put strictly first.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main, require
from matplotlib.figure import Figure
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr
from scipy.stats import norm

from mlbalance.simulation import Comparison
from mlbalance.theory.proportional import separability_threshold

NO_FIT = "P(no estimate)"
LOOK = {
    "class weights": ("C0", "o", "no fit of all rows"),
    "undersample": ("C1", "v", "no fit of an undersample"),
    "completely separated": ("C2", "^", "every row strictly first"),
}
MOST = 0.05
"""Share of data sets of equal classes that may lie between the two, at any load."""


def thresholds() -> dict[tuple[str, str], float]:
    """Rows per feature by kind of classes and recipe, where there is a prediction."""
    from simulations.separation_thresholds import SEPARATION, SHARES, TWO, UNEQUAL

    one, rest = np.array(SHARES[TWO]), np.array(SHARES[UNEQUAL])
    rarest = [rest[:-1].sum() / rest.sum(), rest[-1] / rest.sum()]
    half = [0.5, 0.5]
    return {
        (TWO, "class weights"): separability_threshold(one / one.sum(), SEPARATION),
        # Of an undersample the rows are as many in both classes: twice the rarest.
        (TWO, "undersample"): separability_threshold(half, SEPARATION) * one.sum() / 2 / one[-1],
        # Two classes alike, one against the other; then the rarest against both is easy.
        (UNEQUAL, "completely separated"): separability_threshold(half, 0.0) / rarest[0],
        (UNEQUAL, "class weights"): separability_threshold(rarest, SEPARATION),
    }


def shares(rows: dict, kind: str, recipe: str) -> tuple[np.ndarray, ...]:
    """Loads, data sets without an estimate and data sets, by cell."""
    from simulations.separation_thresholds import FEATURES, RAREST, SHARES

    found = [
        (sum(SHARES[kind]) * n / FEATURES, row.failures, row.replications)
        for n in RAREST[kind]
        if (row := rows.get((f"{kind}, {n}", recipe, 0.0, NO_FIT))) is not None
    ]
    return tuple(np.array(found, dtype=float).reshape(-1, 3).T)


def crossing(loads: np.ndarray, failed: np.ndarray, sets: np.ndarray) -> np.ndarray:
    """Load at which half fail, its standard error, and the width, by a probit curve."""

    def loss(point: np.ndarray) -> float:
        t = (point[0] - loads) / np.exp(point[1])
        return -float(failed @ log_ndtr(t) + (sets - failed) @ log_ndtr(-t))

    half = loads[np.abs(failed / sets - 0.5).argmin()]
    found = minimize(loss, [half, np.log(half / 10)], method="Nelder-Mead", options={"xatol": 1e-6})
    middle, width = found.x[0], np.exp(found.x[1])
    t = (middle - loads) / width
    information = sets * norm.pdf(t) ** 2 / (ndtr(t) * ndtr(-t)).clip(1e-300)
    rows = np.stack([np.ones_like(t), -t]) / width
    covariance = np.linalg.inv((rows * information) @ rows.T)
    return np.array([middle, np.sqrt(covariance[0, 0]), width])


def compared(study, rows: dict) -> list[Comparison]:
    """Loads at which half have no estimate against thresholds and 1/d of them.

    From too few cells for a curve, whether the share is on its side of a half.
    """
    from simulations.separation_thresholds import FEATURES

    check(rows)
    found = []
    for (kind, recipe), threshold in thresholds().items():
        loads, failed, sets = shares(rows, kind, recipe)
        if loads.size > 3:
            middle, error, _ = crossing(loads, failed, sets)
            told = threshold * (1 + 1 / FEATURES)
            z = (middle - told) / error
            found.append(Comparison(kind, recipe, 0.0, "load", told, middle, error, z))
    return found


def check(rows: dict) -> None:
    """What holds data set by data set."""
    from simulations.separation_thresholds import EQUAL, TWO

    for kind, few, many in (
        (TWO, "class weights", "undersample"),
        (EQUAL, "completely separated", "class weights"),
    ):
        (_, less, sets), (_, more, _) = (shares(rows, kind, name) for name in (few, many))
        require(less.size > 0, f"{kind}: there are cells.")
        require(bool((less <= more).all()), f"{kind}: {few} fails no more often than {many}.")
        between = (more - less) / sets
        if kind == EQUAL:
            most = between.max()
            require(most < MOST, f"{kind}: {most:.0%} have no fit, nor every row strictly first.")


def draw(study, rows: dict, found: list[Comparison]) -> Figure:
    from simulations.separation_thresholds import SHARES

    figure, axes = plt.subplots(1, 3, sharey=True, figsize=(6.5, 2.9))
    told = thresholds()
    for axis, kind in zip(axes, SHARES, strict=True):
        for name, (color, mark, _) in LOOK.items():
            loads, failed, sets = shares(rows, kind, name)
            if not loads.size:
                continue
            p = failed / sets
            if loads.size > 3:
                middle, _, width = crossing(loads, failed, sets)
                fine = np.linspace(loads[0], loads[-1], 300)
                axis.plot(fine, ndtr((middle - fine) / width), color=color, lw=0.8)
            error = 2 * np.sqrt(p * (1 - p) / sets)
            axis.errorbar(loads, p, error, fmt=mark, color=color, mfc="w", lw=0.8)
            if (kind, name) in told:
                axis.axvline(told[kind, name], color=color, lw=1.0, ls="--", zorder=1)
        axis.set_title(f"{kind},\n{' : '.join(map(str, SHARES[kind]))}")
        axis.set_xlabel("rows per feature")
    axes[0].set_ylabel("share of data sets (± 2 s.e.)")
    axes[0].set_xscale("log")
    axes[0].set_xticks([3, 5, 8, 14], ["3", "5", "8", "14"])
    axes[0].minorticks_off()
    handles = [
        plt.Line2D([], [], color=color, marker=mark, mfc="w", label=label)
        for color, mark, label in LOOK.values()
    ]
    handles.append(plt.Line2D([], [], color="0.2", lw=1.0, ls="--", label="threshold"))
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


if __name__ == "__main__":
    main("separation_thresholds", draw, compared)
