"""Mean squared error along the bridge from an offset (g = 0) to weights (g = 1).

Claim: in every cell the mean squared error, and its difference from that of class weights, is
within four standard errors of what `theory.bridge_covariance` and the bias say. Where the model
is right the offset is ahead of the weights, where it is wrong behind. (Numbers in titles: variance
of the smallest class, the others' being 1.)
"""

import matplotlib.pyplot as plt
import numpy as np
from agreement import agree
from common import main, require
from matplotlib.figure import Figure

from mlbalance.corrections import prior_shift
from mlbalance.schemes import ClassWeight
from mlbalance.theory import bridge_covariance, bridge_prior, population_moments, second_order_bias

ERROR = "squared error of slope"


def errors(population, g: float) -> tuple[float, float]:
    """Bias and first-order variance of the slope at g."""
    from simulations.bridge import COUNTS, SLOPE

    q = bridge_prior(COUNTS, g)
    _, theta, *_ = population_moments(population, q)
    balanced = theta.copy()
    balanced[:, 0] = prior_shift(theta[:, 0], q)
    rule, shares = population.rule(48), np.array(COUNTS) / sum(COUNTS)
    second = second_order_bias(rule, theta, ClassWeight(prior=tuple(q.tolist())), COUNTS)
    best = population_moments(population).theta
    bias = SLOPE.of(balanced, shares) - SLOPE.of(best, shares) + SLOPE.contrast @ second
    cov = bridge_covariance(rule, balanced, COUNTS, g)
    return float(bias), float(SLOPE.contrast @ cov @ SLOPE.contrast)


def names() -> dict[float, str]:
    """Recipes by g."""
    from simulations.bridge import BETWEEN, ENDS

    return dict(sorted((ENDS | {g: r.name for g, r in BETWEEN.items()}).items()))


def predicted(study, cell) -> dict:
    """By (recipe, measure)."""
    of = {g: errors(cell.source.population, g) for g in names()}
    squares = {name: of[g][0] ** 2 + of[g][1] for g, name in names().items()}
    found = {(name, ERROR): value for name, value in squares.items()}
    for name in squares:
        if name != study.reference:
            gap = squares[name] - squares[study.reference]
            found[name, f"difference in {ERROR}"] = gap
    return found


def check(rows: dict, study) -> dict:
    """Standard errors off by (cell, recipe, measure); offset wins at first, weights at last."""
    found, ahead = {}, []
    for cell in study.cells:
        for (recipe, measure), value in predicted(study, cell).items():
            row = rows[cell.name, recipe, 0.0, measure]
            what = f"{measure}, {recipe}, {cell.name}"
            found[cell.name, recipe, measure] = agree(what, row.value, value, row.error)
        errors = {g: rows[cell.name, name, 0.0, ERROR].value for g, name in names().items()}
        ahead.append(errors[0] < errors[1])
    require(ahead[0] and not ahead[-1], "Offset is ahead where the model is right, then weights.")
    return found


def draw(rows: dict) -> Figure:
    from simulations.bridge import SPREADS, STUDY

    check(rows, STUDY)
    figure, axes = plt.subplots(1, len(STUDY.cells), sharey=True, figsize=(6.5, 2.9))
    fine, scale = np.linspace(0, 1, 21), 1e3
    for axis, cell, spread in zip(axes, STUDY.cells, SPREADS.values(), strict=True):
        bias, variance = np.array([errors(cell.source.population, g) for g in fine]).T
        axis.fill_between(fine, 0, scale * variance, color="0.9", lw=0, label="variance")
        axis.fill_between(
            fine, scale * variance, scale * (variance + bias**2), color="0.75", lw=0, label="bias²"
        )
        axis.plot(fine, scale * (variance + bias**2), color="0.2", label="predicted", zorder=2)
        found = [rows[cell.name, name, 0.0, ERROR] for name in names().values()]
        axis.errorbar(
            list(names()),
            [scale * row.value for row in found],
            yerr=[2 * scale * row.error for row in found],
            fmt="o",
            color="C0",
            label="observed",
            elinewidth=0.8,
            zorder=3,
        )
        axis.set_title(f"{cell.name} ({spread:g})")
        axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", ".25", ".5", ".75", "1"])
    axes[0].set_ylim(0, None)
    axes[0].set_ylabel("1000 × mean squared error of a slope")
    axes[0].margins(y=0.06)
    figure.supxlabel("share g of the weights; offset at 0, class weights at 1", fontsize=8.5)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


if __name__ == "__main__":
    main("bridge", draw)
