"""Excess risk of SGD with a constant step, by the way its mini-batches balance the classes.

Classes sampled in balance, class weights in the loss, stratified batches; in units of what is
predicted for the first of these. Strokes are theory;
the dotted line is the design effect n/(K H) of class weights, which is their place where scores are
of one size in all classes, as they nearly are in the six simulated classes.
"""

from functools import cache

import matplotlib.pyplot as plt
from common import Look, entries, logarithmic, main, points, require, strokes, where
from matplotlib.figure import Figure

from mlbalance import softmax
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory import batch_covariance, data_moments, largest_step, sgd_excess_risk
from simulations.sgd import RIDGE, SIZE, SOURCES, STEP, STEPS, TIMES

LOOKS = {"balanced": Look("C2", "^"), "weighted": Look("C0", "o"), "stratified": Look("C4", "s")}
SHORT = {"balanced": "balanced", "weighted": "weights", "stratified": "stratified"}
TITLES = {
    "six classes": f"{TIMES} × (23, 5, 44, 14, 19, 31)",
    "1 in 100": "1980 and 20 rows",
    "glass": "glass, six classes",
}


@cache
def predicted(name: str, sampling: str, steps: float = STEPS) -> float:
    """Excess risk after so many steps from the minimum."""
    source = SOURCES[name]
    test = source.test(0, None)
    theta = softmax.fit(*test, ridge=RIDGE).theta
    m = data_moments(source.X, source.y, theta, ridge=RIDGE, divisor="n_k")
    noise = batch_covariance(m, source.counts, SIZE, sampling)
    return sgd_excess_risk(m, noise, STEP, steps)


def effect(name: str) -> float:
    """Design effect of class weights."""
    return 1 / largest_step(SOURCES[name].counts, 1)


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of excess risks with theory."""
    return [
        compare(row, predicted(cell.id, method.sampling))
        for row, cell, method in entries(study, rows, metric="mean", estimand="excess risk")
    ]


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    names = [cell.id for cell in study.cells if where(found, cell=cell.id)]
    figure, axes = plt.subplots(1, len(names), figsize=(6.5, 2.7), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        unit = predicted(name, "balanced")
        for at, method in enumerate(study.methods):
            look = LOOKS[method.sampling]
            own = where(found, cell=name, method=method.id)
            points(axis, [at], own, unit=unit, **look.of_points)
            strokes(axis, [at], [c.predicted / unit for c in own], 0.22)
        axis.axhline(effect(name), color="0.5", lw=0.8, ls=":", zorder=1)
        axis.annotate(
            f"n/(K H) = {effect(name):.3g}",
            (2.4, effect(name)),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            size=7,
            color="0.35",
        )
        axis.set_xticks(range(len(study.methods)), [SHORT[m.sampling] for m in study.methods])
        axis.set_xlim(-0.5, 2.5)
        top = 1.25 * max(effect(name), *(c.predicted / unit for c in where(found, cell=name)))
        ticks = [0.7, 1, 1.5, 2, 5, 10, 20]
        logarithmic(axis, y=[tick for tick in ticks if tick < top])
        axis.set_ylim(0.6, top)
        axis.set_title(TITLES[name])
        axis.grid(axis="y")
    ratio = predicted("six classes", "weighted") / predicted("six classes", "balanced")
    require(
        abs(ratio / effect("six classes") - 1) < 0.1,
        "scores of the six simulated classes are nearly of one size.",
    )
    axes[0, 0].set_ylabel("excess risk / predicted of balanced")
    return figure


if __name__ == "__main__":
    main("sgd", draw, compared)
