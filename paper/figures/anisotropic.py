"""Ten times the rows of the larger class where features or classes differ in spread.

Lines are the proportional limit. At the weak ridge: where the signal is in features of small
variance, the rows that an undersample drops show which features these are. More of them halve the
error of class weights with left-out intercepts and lower that of under-bagging by less than a
tenth, and in the end under-bagging loses even to class weights at threshold zero; where the signal
is in features of large variance it wins. At both ridges: an undersample beats class weights at
threshold zero where the rare class is the wider one, and loses, as does under-bagging, where it is
the tighter one, at every count, since at equal counts self-influence is larger in the wider class.
The intercept of class weights is biased against the class of larger sigma^2/n, as left-out
intercepts show: with few rows that is the larger class. These are contrasts of the study; the line
below says how many are shown.
"""

from functools import cache
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, label_methods, legend, logarithmic, main, points, where
from limits import compared, limit
from matplotlib.figure import Figure

from mlbalance.methods import Method
from mlbalance.simulation import Comparison, Summary
from mlbalance.theory.proportional import Mixture
from simulations.anisotropic import (
    ERROR,
    FEATURES,
    LARGEST,
    METHODS,
    POPULATIONS,
    RAREST,
    RIDGES,
)


@cache
def predicted(population: str, largest: float, method: Method) -> float:
    """Limit of the balanced error."""
    mixture = Mixture.of(POPULATIONS[population])
    return limit(mixture, (largest, RAREST), FEATURES, method).balanced_error()


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    size = len(RIDGES), len(POPULATIONS)
    figure, axes = plt.subplots(*size, sharex=True, sharey=True, figsize=(6.5, 4.2))
    for line, ridge in zip(axes, RIDGES, strict=True):
        for axis, name in zip(line, POPULATIONS, strict=True):
            panel(axis, name, ridge, where(found, population=name, ridge=ridge, estimand=ERROR))
        line[0].set_ylabel(f"ridge {ridge:g}\nbalanced error")
    for axis, name in zip(axes[0], POPULATIONS, strict=True):
        axis.set_title(fill(name, 15))
    logarithmic(axes[0, 0], x=LARGEST)
    label_methods(axes[0, 0], METHODS)
    legend(figure, axes[0, 0], ncols=3)
    figure.supxlabel("rows of the larger class")
    return figure


def panel(axis, name: str, ridge: float, found: list[Comparison]) -> None:
    fine = np.rint(np.geomspace(LARGEST[0], LARGEST[-1], 9))
    for method in METHODS:
        look, own = LOOK[method.id], where(found, method=method.id)
        values = [predicted(name, n, method.with_ridge(ridge)) for n in fine]
        axis.plot(fine, values, **look.of_line)
        points(axis, [c.row.factors["largest"] for c in own], own, **look.of_points)
    axis.grid(axis="y")


if __name__ == "__main__":
    main("anisotropic", draw, compared)
