"""Loads from which fits without ridge exist: all rows, an undersample, three classes.

Half of the data sets have a fit at the threshold times 1 + 1/d, by which Cover's exact formula
exceeds its limit; all rows of two classes do at far lower loads than an undersample. For three
classes of which two are alike, half are completely separated up to the threshold of these two, and
half have no fit up to the larger threshold of the rarest class against the others. Equal classes
have one threshold: data sets without a fit are completely separated.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import legend, logarithmic, main, points, require
from matplotlib.figure import Figure
from scipy.optimize import minimize
from scipy.special import log_ndtr, ndtr
from scipy.stats import norm

from mlbalance.simulation import Comparison, Row, Summary
from mlbalance.theory.proportional import separability_threshold
from simulations.separation_thresholds import EQUAL, FEATURES, SEPARATION, SHARES, TWO, UNEQUAL

NO_FIT = "P(no estimate)"
LOOK = {
    "class-weights": ("C0", "o", "no fit of all rows"),
    "undersample": ("C1", "v", "no fit of an undersample"),
    "completely-separated": ("C2", "^", "every row strictly first"),
}
MOST = 0.05
"""Largest share of data sets of equal classes that may lie between the two, at any load."""


def thresholds() -> dict[tuple[str, str], float]:
    """Rows per feature by kind of classes and method, where there is a prediction."""
    one, rest = np.array(SHARES[TWO]), np.array(SHARES[UNEQUAL])
    rarest = [rest[:-1].sum() / rest.sum(), rest[-1] / rest.sum()]
    half = [0.5, 0.5]
    return {
        (TWO, "class-weights"): separability_threshold(one / one.sum(), SEPARATION),
        # An undersample has equal counts: twice the rows of the rarest class.
        (TWO, "undersample"): separability_threshold(half, SEPARATION) * one.sum() / 2 / one[-1],
        # The two alike classes; where they are separable, the rarest is separable from both.
        (UNEQUAL, "completely-separated"): separability_threshold(half, 0.0) / rarest[0],
        (UNEQUAL, "class-weights"): separability_threshold(rarest, SEPARATION),
    }


def lost(rows: Summary, kind: str, method: str) -> list[Row]:
    """Data sets without an estimate, cell by cell."""
    return rows.select(classes=kind, method=method, metric=NO_FIT)


def shares(rows: list[Row]) -> tuple[np.ndarray, ...]:
    """Loads, data sets without an estimate and data sets, by cell."""
    found = [
        (sum(SHARES[r.factors["classes"]]) * r.factors["rarest"] / FEATURES, r.failures, r.n)
        for r in rows
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


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of the loads at which half have no estimate with thresholds times 1 + 1/d.

    Too few cells for a probit curve give none.
    """
    check(rows)
    found = []
    for (kind, method), threshold in thresholds().items():
        own = lost(rows, kind, method)
        if len(own) > 3:
            middle, error, _ = crossing(*shares(own))
            told = threshold * (1 + 1 / FEATURES)
            # Of all cells of a kind, whose name takes the place of the cell.
            row = Row(kind, {"classes": kind}, method, 0.0, "load", "", middle, error, own[0].n, 0)
            found.append(Comparison(row, told, middle, error, (middle - told) / error))
    return found


def check(rows: Summary) -> None:
    """Refuse results that contradict the order of the thresholds."""
    for kind, few, many in (
        (TWO, "class-weights", "undersample"),
        (EQUAL, "completely-separated", "class-weights"),
    ):
        (_, less, sets), (_, more, _) = (shares(lost(rows, kind, id)) for id in (few, many))
        require(less.size > 0, f"{kind}: there are cells.")
        require(bool((less <= more).all()), f"{kind}: {few} fails no more often than {many}.")
        between = (more - less) / sets
        if kind == EQUAL:
            most = between.max()
            require(most < MOST, f"{kind}: {most:.0%} have no fit, nor every row strictly first.")


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(1, 3, sharey=True, figsize=(6.5, 2.9))
    told = thresholds()
    for axis, kind in zip(axes, SHARES, strict=True):
        for id, (color, mark, label) in LOOK.items():
            if own := lost(rows, kind, id):
                loads, failed, sets = shares(own)
                points(axis, loads, own, color=color, marker=mark, mfc="w", label=label)
            if len(own) > 3:
                middle, _, width = crossing(loads, failed, sets)
                fine = np.linspace(loads[0], loads[-1], 300)
                axis.plot(fine, ndtr((middle - fine) / width), color=color, lw=0.8)
            if (kind, id) in told:
                axis.axvline(told[kind, id], color=color, lw=1.0, ls="--", zorder=1)
        axis.set_title(f"{kind},\n{' : '.join(map(str, SHARES[kind]))}")
        axis.set_xlabel("rows per feature")
    axes[0].plot([], [], color="0.2", lw=1.0, ls="--", label="threshold")
    axes[0].set_ylabel("share of data sets (± 2 s.e.)")
    logarithmic(axes[0], x=(3, 5, 8, 14))
    legend(figure, axes, ncols=4)
    return figure


if __name__ == "__main__":
    main("separation_thresholds", draw, compared)
