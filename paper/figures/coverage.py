"""Coverage of 95 percent intervals by covariance, predicted and observed.

Ticks are theory: first-order covariances, the bias of another target and of few rows, and, to order
n^-1/2, that a standard error is large where its estimate is, which moves coverage off the centre.
Design-based intervals cover what is about the balanced prior; uncentred ones the intercept at
natural priors under random counts; the inverse Hessian slopes of unweighted and undersampled fits
of a right model; and none an estimate of another target.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure
from orders import expansion, rule_of

from mlbalance.corrections import prior_shift
from mlbalance.simulation import Comparison, compare_share
from mlbalance.theory import coverage, interval

KINDS = {"model": ("o", "C1"), "robust": ("s", "C0"), "design": ("D", "C2")}


def predicted(study, cell) -> dict:
    """Coverage by (recipe, functional, kind)."""
    from simulations.coverage import FUNCTIONALS

    population, counts = cell.source.population, np.array(cell.source.counts)
    rule, found = rule_of(population), {}
    for recipe in study.recipes_of(cell):
        at = expansion(population, tuple(recipe.scheme.target(counts).tolist()))
        bias = _bias(population, at, recipe, counts)
        # The rows of an undersample are as many of every class, and independent.
        kept = counts * recipe.scheme.moments(counts).overlap
        for f in FUNCTIONALS:
            more = 0.0
            if cell.source.random:
                more = f.contrast @ _between(at.moments, recipe, counts, f.natural) @ f.contrast
            for kind in KINDS:
                one = interval(rule, at, f.contrast, kept.astype(int), kind)
                one = one._replace(variance=one.variance + more)
                found[recipe.name, f.name, kind] = coverage(one, f.contrast @ bias)
    return found


def _bias(population, at, recipe, counts) -> np.ndarray:
    """Of the contrasts: of the target, if it is another, and of second order."""
    best, moved = expansion(population).theta, at.theta.copy()
    moved[:, 0] = prior_shift(at.theta[:, 0], at.moments.prior)
    away = (moved - moved[0])[1:] - (best - best[0])[1:]
    return away.ravel() + at.of_scheme(recipe.scheme, counts).bias


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


def compared(study, rows: dict) -> list[Comparison]:
    """Every coverage."""
    found = []
    for cell in study.cells:
        for (recipe, name, kind), share in predicted(study, cell).items():
            key = cell.name, recipe, 0.0, f"coverage of {name}, {kind}"
            R = rows[key].replications
            found.append(compare_share(key, share, round(rows[key].value * R), R))
    return found


def draw(study, rows: dict, _: list[Comparison]) -> Figure:
    from simulations.coverage import FUNCTIONALS

    figure, axes = plt.subplots(
        len(FUNCTIONALS), len(study.recipes), sharex=True, sharey=True, figsize=(6.5, 5.2)
    )
    theory_of = {cell.name: predicted(study, cell) for cell in study.cells}
    for line, f in zip(axes, FUNCTIONALS, strict=True):
        line[0].set_ylabel(f.name)
        for axis, recipe in zip(line, study.recipes, strict=True):
            panel(axis, recipe.name, f.name, rows, theory_of)
    for axis, recipe in zip(axes[0], study.recipes, strict=True):
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
    main("coverage", draw, compared)
