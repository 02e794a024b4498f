"""Ranking and calibration of a risk model for a rare outcome, by how it was balanced.

Diamonds are published means of AUC and medians of calibration slope and intercept (Carriero et al.
2025, scenario 9, logistic regression), with which ours are compared. Oversampling differs from
class weights, which they do not have, by less than a tenth of what undersampling does, in all
three.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import legend, main, points, strokes
from matplotlib.figure import Figure

from mlbalance import softmax
from mlbalance.corrections import prior_shift
from mlbalance.populations import stack
from mlbalance.simulation import Comparison, Fitted, Row, Summary, compare, stream
from mlbalance.simulation.sources import Test
from simulations.calibration import MEASURES

PUBLISHED = {
    "unweighted": {"AUC": 0.8450, "calibration slope": 0.948, "calibration intercept": -0.000},
    "undersample": {"AUC": 0.8323, "calibration slope": 0.687, "calibration intercept": -4.302},
    "oversample": {"AUC": 0.8431, "calibration slope": 0.796, "calibration intercept": -4.036},
}
AUC_SPREAD = {"unweighted": 0.0071, "undersample": 0.0120, "oversample": 0.0076}
ITERATIONS = 2000


def limits(study) -> dict[str, dict[str, float]]:
    """AUC, slope and intercept of each method's fit with unlimited rows."""
    source, (judge,) = study.cells[0].source, study.outcomes
    natural = np.array(source.counts) / sum(source.counts)
    # Of 2**14 points the slopes of two seeds differ in the second digit.
    rule = source.population.sobol(2**16, stream(0, "figure", study.name))
    everyone = Test(*stack(rule, natural))
    found = {}
    for method in study.methods:
        X, y, weights = stack(rule, method.scheme.target(natural))
        theta = softmax.fit(X, y, weights).theta[None]
        fitted = Fitted(theta, 0.0, X[None], y[None], weights[None, None], (everyone,), None)
        found[method.id] = dict(zip(judge.columns, judge(fitted)[0], strict=True))
    return found


def published(row: Row) -> Row:
    """The row with the published number and its error instead of ours."""
    # The error of a published median is that of ours, at their number of iterations.
    error = row.mcse * np.sqrt(row.n / ITERATIONS)
    if row.estimand == "AUC":
        error = AUC_SPREAD[row.method] / np.sqrt(ITERATIONS)
    return row._replace(value=PUBLISHED[row.method][row.estimand], mcse=error)


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of ours with the published numbers."""
    found = []
    for metric, estimand in MEASURES:
        for row in rows.select(metric=metric, estimand=estimand):
            if row.method in PUBLISHED:
                theirs = published(row)
                found.append(compare(row, theirs.value, own_error=theirs.mcse))
    return found


def draw(study, rows: Summary, _: list[Comparison]) -> Figure:
    widths, limit = {"width_ratios": (1, 1, 0.85, 0.15)}, limits(study)
    figure, axes = plt.subplots(1, 4, sharey=True, figsize=(6.5, 2.4), gridspec_kw=widths)
    for axis, (metric, estimand) in zip(axes, [*MEASURES, MEASURES[-1]], strict=True):
        own = rows.select(metric=metric, estimand=estimand)
        dots(axis, own, [limit[row.method][estimand] for row in own])
        axis.set_title(f"{metric} {estimand}" if axis is not axes[-1] else "")
        axis.grid(axis="x")
    axes[0].set_yticks(range(len(study.methods)), [method.label for method in study.methods])
    axes[0].set_ylim(len(study.methods) - 0.5, -0.5)
    axes[1].axvline(1, color="0.75", lw=0.8, zorder=1)
    broken(axes[2], axes[3], study.cells[0].source.counts)
    legend(figure, axes[2])
    return figure


def dots(axis, own: list[Row], limits: list[float]) -> None:
    height = np.arange(len(own))
    points(axis, height - 0.12, own, sideways=True, color="C0", label="ours, ± 2 s.e.")
    theirs = {at: published(row) for at, row in enumerate(own) if row.method in PUBLISHED}
    at, style = np.array([*theirs]) + 0.12, {"color": "C1", "marker": "D", "mfc": "white"}
    points(axis, at, [*theirs.values()], sideways=True, label="published", **style)
    strokes(axis, height, limits, 0.3, sideways=True, zorder=2, label="unlimited rows")


def broken(left, right, counts: tuple[float, ...]) -> None:
    """The axis of intercepts: near the prior shift, and near zero."""
    natural = np.array(counts) / sum(counts)
    # Intercept of a calibrated fit after a shift to equal priors.
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
