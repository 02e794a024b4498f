"""Balanced error of six methods with 200 features: the proportional limit, and fits.

Lines are the limit. Fits with 200 features differ from it by a term of order 1/d, which fits with
half the rows and features show: the prediction is the limit plus half of their difference from it.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, entries, label_methods, legend, logarithmic, main, points, where
from joblib import Parallel, delayed
from kept import kept
from limits import limit, predicted
from matplotlib.figure import Figure

from mlbalance.methods import Method
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory.proportional import Mixture
from simulations.proportional import (
    ERROR,
    FEATURES,
    METHODS,
    RAREST,
    RIDGES,
    SHARES,
    corners,
    name_of,
)

TITLES = {
    2: "two classes, 9 : 1",
    3: "three classes, 6 : 2 : 1",
    6: "six: 23, 5, 44, 14, 19, 31",
}


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons at full size with the limit plus half of the difference at half size."""
    found = []
    for row, cell, method in entries(study, rows, metric="mean", features=FEATURES):
        half = name_of(cell.factors["classes"], cell.factors["rarest"], 2)
        other = rows[row.key._replace(cell=half)]
        value = predicted(cell.source, method)[row.estimand]
        told = value + (other.value - value) / 2
        found.append(compare(row, told, own_error=other.mcse / 2))
    return found


def curve(K: int, method: Method, per_rare: np.ndarray) -> list[float]:
    """Predicted balanced error between the cells."""
    mixture, shares = Mixture.of(corners(K)), np.array(SHARES[K]) / min(SHARES[K])
    # Only rows per feature matter: many of both, so that counts may be rounded.
    fine = 1000
    return [
        limit(mixture, np.rint(shares * r * fine), FEATURES * fine, method).balanced_error()
        for r in per_rare
    ]


@kept
def curves(asked: list[tuple[int, Method]]) -> list[list[float]]:
    """Lines of methods, between the least and the most rows."""
    return Parallel(n_jobs=-1)(delayed(curve)(K, method, across(K)) for K, method in asked)


def across(K: int) -> np.ndarray:
    """Rows of the rarest class at which a line is computed."""
    return np.geomspace(RAREST[K][0], RAREST[K][-1], 9)


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    found = where(found, estimand=ERROR)
    run = {c.row.factors["classes"] for c in found}
    asked = [(K, method) for K in SHARES if K in run for method in study.methods]
    lines = curves(asked)
    figure, axes = plt.subplots(len(RIDGES), len(SHARES), sharey=True, figsize=(6.9, 5.0))
    panels = {
        (K, ridge): axis
        for line, ridge in zip(axes, RIDGES, strict=True)
        for axis, K in zip(line, SHARES, strict=True)
    }
    for (K, method), line in zip(asked, lines, strict=True):
        axis, look = panels[K, method.ridge], LOOK[method.id]
        axis.plot(across(K), line, **look.of_line)
        own = where(found, classes=K, method=method.id, ridge=method.ridge)
        points(axis, [c.row.factors["rarest"] for c in own], [c.row for c in own], **look.of_points)
    for (K, ridge), axis in panels.items():
        logarithmic(axis, x=RAREST[K])
        axis.grid(axis="y")
        if ridge == RIDGES[0]:
            axis.set_title(TITLES[K])
    for axis, ridge in zip(axes[:, 0], RIDGES, strict=True):
        axis.set_ylabel(f"balanced error, ridge {ridge:g}")
    label_methods(axes[0, 0], METHODS)
    legend(figure, axes[0, 0], ncols=2)
    figure.supxlabel(f"rows of the rarest class ({FEATURES} features)")
    return figure


if __name__ == "__main__":
    main("proportional", draw, compared)
