"""Precision of coefficients in a model of some classes, relative to one model of all.

Variances over those in the one model, of six classes on a circle about the origin: lines are theory
to second order, points are observed. Alone, the smallest two have the less precise coefficients,
the more so the more the other classes tell about theirs. A model without the smallest class leaves
the others more precise with class weights, and less precise without.
"""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from common import entries, legend, logarithmic, main, require, where
from matplotlib.figure import Figure
from orders import expansion, shares

from mlbalance.inputs import FloatArray
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory import part_of
from simulations.separate_model import COUNTS, DIFFERENCES, FITS, RADII, Difference, circle

WEIGHTED = "class-weights"
LOOKS = {"class-weights": ("o", "C0", -0.012), "unweighted+prior": ("s", "C1", 0.012)}
"""Marker, colour and place beside the radius, by method."""


@cache
def covariance(radius: float, classes: tuple[int, ...], method: str) -> FloatArray:
    """Covariance of contrasts of a model of some classes to second order."""
    counts = tuple(np.array(COUNTS)[list(classes)].tolist())
    even = tuple(np.full(len(classes), 1 / len(classes)).tolist())
    prior = even if method == WEIGHTED else shares(counts)
    population = part_of(circle(radius), classes)
    return expansion(population, prior).of_scheme(ClassWeight(prior=prior), counts).covariance


def error(radius: float, difference: Difference, fit: str, method: str) -> float:
    """Standard error to second order."""
    classes = difference.group if fit == FITS[1] else tuple(range(len(COUNTS)))
    a = difference.contrast(classes)
    return float(np.sqrt(a @ covariance(radius, classes, method) @ a))


def compared(study, rows: Summary) -> list[Comparison]:
    """Standard errors of all differences in both models, in logarithms."""
    found = []
    for row, cell, method in entries(study, rows, metric="empirical SE"):
        difference, fit = {d.estimand(fit): (d, fit) for d in DIFFERENCES for fit in FITS}[
            row.estimand
        ]
        told = error(cell.factors["radius"], difference, fit, method.id)
        found.append(compare(row, told, log=True))
    return found


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(1, len(DIFFERENCES), sharey=True, figsize=(6.5, 2.9))
    fine = np.linspace(0.0, max(RADII), 13)
    for axis, difference in zip(axes, DIFFERENCES, strict=True):
        for method in study.methods:
            mark, color, aside = LOOKS[method.id]
            both = [[error(r, difference, fit, method.id) for r in fine] for fit in FITS]
            axis.plot(fine, (np.array(both[1]) / both[0]) ** 2, color=color, lw=1.0, zorder=2)
            for radius in (r for r in RADII if where(found, radius=r)):
                ratio, spread = observed(found, difference, method.id, radius)
                label = {"label": method.label} if radius == RADII[0] else {}
                axis.errorbar(
                    radius + aside, ratio, 2 * spread, marker=mark, color=color, ls="", **label
                )
        axis.axhline(1, color="0.6", lw=0.8, zorder=1)
        axis.set_title(difference.name)
        axis.grid(axis="y")
    check()
    logarithmic(axes[0], y=(1, 2, 4))
    axes[0].set_ylabel("variance alone, over\nthat in one model of all")
    axes[0].plot([], [], color="0.2", lw=1.0, label="predicted")
    figure.supxlabel(
        "distance of the classes from the centre (± 2 s.e., as if the two were independent)"
    )
    legend(figure, axes[0])
    return figure


def observed(
    found: list[Comparison], difference: Difference, method: str, radius: float
) -> tuple[float, float]:
    """Ratio of variances, and an error as if the two were independent."""
    joint, alone = (
        where(found, method=method, radius=radius, estimand=difference.estimand(fit))[0]
        for fit in FITS
    )
    ratio = (alone.observed / joint.observed) ** 2
    return ratio, 2 * ratio * float(
        np.hypot(alone.error / alone.observed, joint.error / joint.observed)
    )


def check() -> None:
    """The smallest two are less precise alone; others more so, with class weights only."""
    for method in LOOKS:
        for difference in DIFFERENCES:
            at = max(RADII)
            less = error(at, difference, FITS[1], method) > error(at, difference, FITS[0], method)
            others = difference is DIFFERENCES[-1] and method == WEIGHTED
            require(less != others, "alone is less precise, but for others with class weights.")


if __name__ == "__main__":
    main("separate_model", draw, compared)
