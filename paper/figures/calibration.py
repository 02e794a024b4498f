"""Ranking and calibration of a risk model for a rare outcome, by how it was balanced.

Diamonds are published means of AUC and medians of calibration slope and intercept (Carriero et al.
2025, scenario 9, logistic regression), which ours are judged against. From class weights, which
they do not have, oversampling differs by less than a tenth of what undersampling does, in all
three.
"""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure

from mlbalance import softmax
from mlbalance.corrections import prior_shift
from mlbalance.populations import stacked
from mlbalance.simulation import Comparison, Fitted, compare, stream
from mlbalance.simulation.sources import Test

TITLES = {
    "AUC": "mean AUC",
    "median of calibration slope": "median calibration slope",
    "median of calibration intercept": "median calibration intercept",
}
PUBLISHED = {
    "unweighted": (0.8450, 0.948, -0.000),
    "undersample": (0.8323, 0.687, -4.302),
    "oversample": (0.8431, 0.796, -4.036),
}
AUC_SPREAD = {"unweighted": 0.0071, "undersample": 0.0120, "oversample": 0.0076}
ITERATIONS = 2000


class Panel(NamedTuple):
    """Of one measure, by recipe: rows of the summary, published value and error, and the limit."""

    rows: dict
    published: dict[str, tuple[float, float]]
    limits: dict[str, float]


def limits(study) -> dict[str, np.ndarray]:
    """What each recipe's fit would do with unlimited rows: AUC, slope and intercept."""
    source = study.cells[0].source
    natural = np.array(source.counts) / sum(source.counts)
    # Of 2**14 points the slopes of two seeds differ in the second digit.
    rule = source.population.sobol(2**16, stream(0, "figure", study.name))
    everyone = Test(*stacked(rule, natural))
    found = {}
    for recipe in study.recipes:
        X, y, weights = stacked(rule, recipe.scheme.target(natural))
        theta = softmax.fit(X, y, weights).theta[None]
        fitted = Fitted(theta, 0.0, X[None], y[None], weights[None, None], (everyone,), None)
        found[recipe.name] = study.outcomes[0](fitted)[0]
    return found


def panels(rows: dict, study) -> list[Panel]:
    cell, limit = study.cells[0].name, limits(study)
    found = []
    for column, measure in enumerate(TITLES):
        own = {r.name: rows[cell, r.name, r.ridge, measure] for r in study.recipes}
        theirs = published(study, rows, measure)
        found.append(Panel(own, theirs, {name: each[column] for name, each in limit.items()}))
    return found


def published(study, rows: dict, measure: str) -> dict[str, tuple[float, float]]:
    """Values and their errors, by recipe."""
    column, found = list(TITLES).index(measure), {}
    for name, values in PUBLISHED.items():
        row = rows[study.cells[0].name, name, 0.0, measure]
        # The error of a published median is that of ours, at their number of iterations.
        error = row.error * np.sqrt(row.replications / ITERATIONS)
        if measure == "AUC":
            error = AUC_SPREAD[name] / np.sqrt(ITERATIONS)
        found[name] = (values[column], error)
    return found


def compared(study, rows: dict) -> list[Comparison]:
    """Ours against the published ones."""
    found = []
    for measure in TITLES:
        for name, (value, error) in published(study, rows, measure).items():
            key = study.cells[0].name, name, 0.0, measure
            found.append(compare(key, value, rows[key], own_error=error))
    return found


def draw(study, rows: dict, _: list[Comparison]) -> Figure:
    found = panels(rows, study)
    order = [recipe.name for recipe in study.recipes]
    widths = {"width_ratios": (1, 1, 0.85, 0.15)}
    figure, axes = plt.subplots(1, 4, sharey=True, figsize=(6.5, 2.4), gridspec_kw=widths)
    for axis, panel, title in zip(axes, [*found, found[-1]], [*TITLES.values(), ""], strict=True):
        dots(axis, panel, order)
        axis.set_title(title)
        axis.grid(axis="x", color="0.92", lw=0.6)
    axes[0].set_yticks(range(len(order)), order)
    axes[0].set_ylim(len(order) - 0.5, -0.5)
    axes[1].axvline(1, color="0.75", lw=0.8, zorder=1)
    broken(axes[2], axes[3], study.cells[0].source.counts)
    handles, labels = axes[2].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def dots(axis, panel: Panel, order: list[str]) -> None:
    height = np.arange(len(order))
    own = [panel.rows[name] for name in order]
    axis.errorbar(
        [row.value for row in own],
        height - 0.12,
        xerr=[2 * row.error for row in own],
        fmt="o",
        color="C0",
        elinewidth=0.8,
        label="ours, ± 2 s.e.",
        zorder=3,
    )
    theirs = [panel.published[name] for name in panel.published]
    axis.errorbar(
        [value for value, _ in theirs],
        [order.index(name) + 0.12 for name in panel.published],
        xerr=[2 * error for _, error in theirs],
        fmt="D",
        mfc="white",
        color="C1",
        elinewidth=0.8,
        label="published",
        zorder=3,
    )
    ends = [panel.limits[name] for name in order]
    axis.vlines(ends, height - 0.3, height + 0.3, color="0.2", lw=1.4, label="unlimited rows")


def broken(left, right, counts: tuple[float, ...]) -> None:
    """The axis of intercepts: near the prior shift, and near zero."""
    natural = np.array(counts) / sum(counts)
    # Where a calibrated fit's intercept goes when it is made to think the classes equal.
    moved = prior_shift(np.zeros(2), [0.5, 0.5], natural)
    at = moved[1] - moved[0]
    left.axvline(at, color="C2", lw=1, ls="--", zorder=1, label="prior shift alone")
    left.set_xlim(at - 0.5, at + 0.1)
    right.axvline(0, color="0.75", lw=0.8, zorder=1)
    right.set_xlim(-0.08, 0.08)
    right.set_xticks([0])
    right.spines["left"].set_linestyle((0, (1, 3)))
    right.tick_params(axis="y", length=0)


if __name__ == "__main__":
    main("calibration", draw, compared)
