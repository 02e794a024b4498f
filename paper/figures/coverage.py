"""Coverage of 95 percent intervals by covariance, predicted and observed.

Claim: in every cell coverage is within four binomial standard errors of what first-order
covariances and the bias say, and where the estimate has another target, and the interval is not
centred, within .03 more. Design-based intervals cover what is about the balanced prior;
uncentred ones the intercept at natural priors under random counts; the inverse Hessian slopes of
unweighted and undersampled fits of a right model; and none an estimate of another target.
"""

import matplotlib.pyplot as plt
import numpy as np
from agreement import agree
from common import main
from matplotlib.figure import Figure
from scipy.special import ndtr, ndtri

from mlbalance.corrections import prior_shift
from mlbalance.theory import covariance, population_moments, second_order_bias

KINDS = {"model": ("o", "C1"), "robust": ("s", "C0"), "design": ("D", "C2")}
Z = ndtri(0.975)
ALLOWANCE = 0.03
"""Where an estimate is large so is its standard error. About the centre of an interval that makes
up for itself; off it coverage moves by an order of n_k^-1/2, which is .08 for 150 rows."""


def predicted(study, cell) -> dict:
    """Coverage by (recipe, functional, kind)."""
    from simulations.coverage import FUNCTIONALS

    population, counts = cell.source.population, np.array(cell.source.counts)
    best, found = population_moments(population).theta, {}
    for recipe in study.recipes_of(cell):
        tau = recipe.scheme.target(counts)
        m, at, *_ = population_moments(population, tau)
        bias = _bias(population, at, tau, best, recipe, counts)
        spread = covariance(m, recipe.scheme, counts)
        for f in FUNCTIONALS:
            total = spread
            if cell.source.random:
                total = spread + _between(m, recipe, counts, f.natural)
            deviation = np.sqrt(f.contrast @ total @ f.contrast)
            for kind in KINDS:
                told = covariance(m, recipe.scheme, counts, kind)
                reach = Z * np.sqrt(f.contrast @ told @ f.contrast)
                ends = (np.array([1, -1]) * reach - f.contrast @ bias) / deviation
                found[recipe.name, f.name, kind] = float(ndtr(ends[0]) - ndtr(ends[1]))
    return found


def _bias(population, at, tau, best, recipe, counts) -> np.ndarray:
    """Of the contrasts: of the target, if it is another, and of second order."""
    moved = at.copy()
    moved[:, 0] = prior_shift(at[:, 0], tau)
    away = (moved - moved[0])[1:] - (best - best[0])[1:]
    second = second_order_bias(population.rule(48), at, recipe.scheme, counts)
    return away.ravel() + second


def _between(m, recipe, counts, natural: bool) -> np.ndarray:
    """What random counts add: the variance over classes of a row's mean influence.

    A fit with weights from the observed counts keeps its target; an unweighted fit moves with the
    counts, and so do the log shares that are added or taken off. With a right model the two moves
    of the unweighted fit cancel (label `intercept-shift`).
    """
    K, n, shares = counts.size, counts.sum(), counts / counts.sum()
    fit = -np.linalg.solve(m.hessian, m.score_mean.T).T
    logs = np.zeros_like(fit).reshape(K, K - 1, -1)
    logs[0, :, 0] = -1 / shares[0]
    logs[np.arange(1, K), np.arange(K - 1), 0] = 1 / shares[1:]
    logs = logs.reshape(fit.shape)
    move = fit if recipe.correction == "prior" else logs
    if recipe.correction == "prior" and not natural:
        move = fit - logs
    if recipe.correction != "prior" and not natural:
        move = np.zeros_like(fit)
    return (move.T * shares) @ move / n


def check(rows: dict, study) -> dict:
    """Standard errors off by (cell, recipe, functional, kind)."""
    found = {}
    for cell in study.cells:
        for (recipe, name, kind), share in predicted(study, cell).items():
            row = rows[cell.name, recipe, 0.0, f"coverage of {name}, {kind}"]
            error = np.sqrt(share * (1 - share) / row.replications)
            what = f"{recipe}, {name}, {kind}, {cell.name}"
            other = cell.name.startswith("model wrong") and recipe.startswith("unweighted")
            slack = ALLOWANCE if other else 0.0
            found[cell.name, recipe, name, kind] = agree(what, row.value, share, error, slack)
    return found


def draw(rows: dict) -> Figure:
    from simulations.coverage import FUNCTIONALS, STUDY

    check(rows, STUDY)
    figure, axes = plt.subplots(
        len(FUNCTIONALS), len(STUDY.recipes), sharex=True, sharey=True, figsize=(6.5, 5.2)
    )
    theory_of = {cell.name: predicted(STUDY, cell) for cell in STUDY.cells}
    for line, f in zip(axes, FUNCTIONALS, strict=True):
        line[0].set_ylabel(f.name)
        for axis, recipe in zip(line, STUDY.recipes, strict=True):
            panel(axis, recipe.name, f.name, rows, theory_of)
    for axis, recipe in zip(axes[0], STUDY.recipes, strict=True):
        axis.set_title(recipe.name)
    names = [
        name.replace("model ", "").replace(", ", "\n").replace(" counts", "") for name in theory_of
    ]
    axes[0, 0].set_xticks(range(len(names)), names)
    axes[0, 0].set_ylim(0.64, 1.01)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    figure.supxlabel("model and counts", fontsize=8.5)
    figure.supylabel("coverage of 95 % intervals (± 2 s.e.)", fontsize=8.5)
    return figure


def panel(axis, recipe: str, name: str, rows: dict, theory_of: dict) -> None:
    axis.axhline(0.95, color="0.75", lw=0.8, zorder=1)
    for index, (kind, (mark, colour)) in enumerate(KINDS.items()):
        x = np.arange(len(theory_of)) + 0.25 * (index - 1)
        share = [p[recipe, name, kind] for p in theory_of.values()]
        axis.hlines(share, x - 0.12, x + 0.12, color="0.2", lw=1.4, zorder=3)
        found = [rows[cell, recipe, 0.0, f"coverage of {name}, {kind}"] for cell in theory_of]
        axis.errorbar(
            x,
            [row.value for row in found],
            yerr=[2 * row.error for row in found],
            fmt=mark,
            color=colour,
            mfc="white" if kind == "model" else colour,
            label=kind,
            elinewidth=0.8,
            zorder=2,
        )
    axis.hlines([], [], [], color="0.2", lw=1.4, label="predicted")
    axis.grid(axis="y", color="0.92", lw=0.6)


if __name__ == "__main__":
    main("coverage", draw)
