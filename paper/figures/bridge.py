"""Mean squared error along the bridge from an offset (g = 0) to weights (g = 1).

Lines are theory to second order: variance, and bias of another target and of few rows. Where the
model is right the offset is ahead of the weights, where it is wrong behind. (Numbers in titles:
variance of the smallest class, the others' being 1.)
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure
from orders import expansion, rule_of

from mlbalance.corrections import prior_shift
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Comparison, compare
from mlbalance.theory import bridge_covariance, bridge_prior, covariance


def errors(population, g: float) -> tuple[float, float]:
    """Bias and variance of the slope at g, to second order."""
    from simulations.bridge import COUNTS, SLOPE

    q = tuple(bridge_prior(COUNTS, g).tolist())
    at, best = expansion(population, q), expansion(population).theta
    balanced = at.theta.copy()
    balanced[:, 0] = prior_shift(at.theta[:, 0], q)
    found, shares = at.of_scheme(ClassWeight(prior=q), COUNTS), np.array(COUNTS) / sum(COUNTS)
    bias = SLOPE.of(balanced, shares) - SLOPE.of(best, shares) + SLOPE.contrast @ found.bias
    cov = bridge_covariance(rule_of(population), balanced, COUNTS, g)
    cov = cov + found.covariance - covariance(at.moments, ClassWeight(prior=q), COUNTS)
    return float(bias), float(SLOPE.contrast @ cov @ SLOPE.contrast)


def names() -> dict[float, str]:
    """Recipes by g."""
    from simulations.bridge import BETWEEN, ENDS

    return dict(sorted((ENDS | {g: r.name for g, r in BETWEEN.items()}).items()))


def predicted(study, cell) -> dict:
    """By (recipe, measure)."""
    from simulations.bridge import ERROR

    of = {g: errors(cell.source.population, g) for g in names()}
    squares = {name: of[g][0] ** 2 + of[g][1] for g, name in names().items()}
    found = {(name, ERROR): value for name, value in squares.items()}
    for name in squares:
        if name != study.reference:
            gap = squares[name] - squares[study.reference]
            found[name, f"difference in {ERROR}"] = gap
    return found


def compared(study, rows: dict) -> list[Comparison]:
    """Squared errors, and their differences from that of class weights."""
    found = []
    for cell in study.cells:
        for (recipe, measure), value in predicted(study, cell).items():
            key = cell.name, recipe, 0.0, measure
            found.append(compare(key, value, rows[key]))
    return found


def draw(study, rows: dict, _: list[Comparison]) -> Figure:
    from simulations.bridge import ERROR, SPREADS

    figure, axes = plt.subplots(1, len(study.cells), sharey=True, figsize=(6.5, 2.9))
    fine, scale = np.linspace(0, 1, 21), 1e3
    for axis, cell, spread in zip(axes, study.cells, SPREADS.values(), strict=True):
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
    main("bridge", draw, compared)
