"""Class weights against an undersample with many features: the smaller balanced error.

With few rows per feature rare rows raise their own logits (self-influence), so that class weights,
which set the intercept on these logits, are biased against the rare class on new rows. Up to about
a quarter of a rare row per feature (dashed line: d (1/n_min - 1/n_maj) about 4) this bias costs
more than the rows that an undersample drops, and undersampling wins. It wins by the intercept
alone: with the best threshold for each, weighting all rows is better everywhere.

Colours, and the boundary at threshold zero (crosses), are solutions of the equations of the
proportional limit, each method at its own best ridge; the legend gives the largest error of the
closed form of the boundary. With the best threshold weighting never loses, at any ridge. Dots are
simulated, filled where the undersample won.
"""

import csv
import sys
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from common import full, legend, logarithmic, main, require, where
from joblib import Parallel, delayed
from kept import kept
from limits import compared as of_limits
from matplotlib.figure import Figure
from scipy.optimize import brentq, minimize_scalar

from mlbalance.schemes import ClassWeight, Undersample
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory import proportional
from mlbalance.theory.proportional import Mixture, flip_boundary
from simulations.phase_diagram import FEATURES, RATIO

MANY = 10**6  # features: only rows per feature count
SEPARATIONS = (1.0, 2.0, 4.0)
PER_FEATURE = np.geomspace(0.03, 3.0, 12)
GAIN = "gain"
ERROR = "balanced error"
RATIOS = (1.5, 2.0, 4.0, 8.0, 16.0, 32.0)
RIDGES = np.geomspace(1e-4, 1e2, 25)
CLOSE = {"xatol": 0.02}
SCHEMES = ClassWeight(), Undersample()


def errors(separation: float, per_feature: float, ratio: float) -> np.ndarray:
    """(ridges, 3): class weights and undersample at threshold zero, class weights at the best."""
    from scipy.special import ndtr  # cannot be pickled for a worker

    found = np.empty((RIDGES.size, 3))
    for row, ridge in zip(found, RIDGES, strict=True):
        for column, scheme in enumerate(SCHEMES):
            fit = solved(separation, per_feature, ratio, ridge, scheme)
            row[column] = fit.logits.balanced_error()
            if column == 0:  # equal scales: the best threshold is the midpoint
                row[2] = ndtr(-fit.parameters.signal / np.sqrt(fit.parameters.variance))
    return found


def solved(separation: float, per_feature: float, ratio: float, ridge: float, scheme):
    """Solution of the equations of one fit."""
    rare, mixture = round(per_feature * MANY), Mixture.isotropic([[0.0], [separation]])
    return proportional.solve(mixture, (round(ratio * rare), rare), MANY, scheme, ridge=ridge)


def crossing(separation: float, ratio: float) -> float:
    """Rare rows per feature at which the winner changes at threshold zero, by the equations.

    Each method has its best ridge: by the grid at first, then near that at every point.
    """
    closed = float(boundary(separation, np.array([ratio]))[0])
    about = RIDGES[errors(separation, closed, ratio)[:, :2].argmin(axis=0)]

    def least(log_per_feature: float, column: int) -> float:
        def error(log_ridge: float) -> float:
            where = separation, np.exp(log_per_feature), ratio, np.exp(log_ridge)
            return solved(*where, SCHEMES[column]).logits.balanced_error()

        at = np.log(about[column])
        return float(minimize_scalar(error, bounds=(at - 2.5, at + 2.5), options=CLOSE).fun)

    def gain(log_per_feature: float) -> float:
        return least(log_per_feature, 0) - least(log_per_feature, 1)

    ends = np.log(closed / 3), np.log(closed * 3)
    return float(np.exp(brentq(gain, *ends, xtol=1e-4)))


@kept
def crossings(quick: bool) -> dict[tuple[float, float], float]:
    """Boundary by separation and ratio of counts."""
    cells = list(product(SEPARATIONS, RATIOS[:: 5 if quick else 1]))
    solved = Parallel(n_jobs=-1)(delayed(crossing)(*cell) for cell in cells)
    return dict(zip(cells, solved, strict=True))


@kept
def grid(quick: bool) -> dict[tuple[float, float, float], np.ndarray]:
    """Errors by separation, rare rows per feature and ratio of counts."""
    step = 3 if quick else 1
    cells = list(product(SEPARATIONS, PER_FEATURE[::step], RATIOS[::step]))
    solved = Parallel(n_jobs=-1)(delayed(errors)(*cell) for cell in cells)
    return dict(zip(cells, solved, strict=True))


def boundary(separation: float, ratio: np.ndarray) -> np.ndarray:
    """Rare rows per feature at which the winner changes, in closed form."""
    return np.array([(1 - 1 / r) / flip_boundary(separation, r) for r in ratio])


def deviation(exact: dict) -> float:
    """Largest relative deviation of the closed form from the boundary."""
    closed = np.array([boundary(s, np.array([r]))[0] for s, r in exact])
    return float(np.abs(closed / np.array(list(exact.values())) - 1).max())


def check_grid(found: dict) -> None:
    """Refuse a grid on which the best threshold does not help at every ridge."""
    for (separation, per_feature, ratio), cell in found.items():
        require(
            bool((cell[:, 2] <= cell[:, :2].max(axis=1) + 1e-9).all())
            and bool((cell[:, 2] <= cell[:, 1] + 1e-9).all()),
            f"separation {separation:g}, {per_feature:.2g} rare rows per feature, {ratio:g} : 1: "
            "with the best threshold weighting is no worse, at any ridge.",
        )


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of all measures, and of the gain of the undersample at the best ridges."""
    found = of_limits(study, rows)
    return [*found, *gains(where(found, metric="mean", estimand=ERROR))]


def gains(found: list[Comparison]) -> list[Comparison]:
    """Error of class weights less that of the undersample, each at its predicted best ridge."""
    gained = []
    for cell in dict.fromkeys(c.row.cell for c in found):
        w, u = (
            min(where(found, cell=cell, method=id), key=lambda c: c.predicted)
            for id in ("class-weights", "undersample")
        )
        # From the same data sets: the sum of the errors bounds the error of the difference.
        seen = w.observed - u.observed, w.error + u.error
        row = u.row._replace(metric=GAIN)
        gained.append(compare(row, w.predicted - u.predicted, observed=seen))
    return gained


def draw(study, rows: Summary, compared: list[Comparison]) -> Figure:
    quick = not full(study, rows)
    found, exact = grid(quick), crossings(quick)
    check_grid(found)
    write(found, exact, Path(sys.argv[2]) / "phase_diagram.csv")
    figure, axes = plt.subplots(2, 3, sharex=True, sharey=True, figsize=(6.5, 4.7))
    for column, separation in enumerate(SEPARATIONS):
        for axis, best in zip(axes[:, column], (0, 2), strict=True):
            image = panel(axis, found, separation, best)
        axes[0, column].set_title(f"means {separation:g} s.d. apart")
    for axis, separation in zip(axes[0], SEPARATIONS, strict=True):
        line = sorted((at, ratio) for (s, ratio), at in exact.items() if s == separation)
        label = "boundary by the equations"
        axis.plot(*zip(*line, strict=True), "kx", ms=4, clip_on=False, label=label)
    marks(axes[0, SEPARATIONS.index(2.0)], compared)
    off = f"its closed form, off by {100 * deviation(exact):.1g} % at most"
    axes[0, 0].plot([], [], "k--", lw=1.0, label=off)
    legend(figure, axes[0], ncols=2)
    for axis, words in zip(axes[:, 0], ("threshold zero", "best threshold"), strict=True):
        axis.set_ylabel(f"{words}\nmajority rows per rare row")
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("balanced error: class weights − undersample\n(red: undersampling wins)")
    figure.supxlabel("rare rows per feature")
    return figure


def panel(axis, found: dict, separation: float, column: int):
    """Class weights (at threshold zero or their best) less undersample, each at its best ridge."""
    per_feature = sorted({cell[1] for cell in found})
    ratios = sorted({cell[2] for cell in found})
    gain = np.array(
        [
            [(best := found[separation, a, r].min(axis=0))[column] - best[1] for a in per_feature]
            for r in ratios
        ]
    )
    image = axis.pcolormesh(
        per_feature, ratios, gain, cmap="RdBu_r", vmin=-0.12, vmax=0.12, shading="gouraud"
    )
    logarithmic(axis, x=(0.1, 0.3, 1.0), y=ratios)
    if column == 0:
        line = np.geomspace(ratios[0], ratios[-1], 100)
        axis.plot(boundary(separation, line), line, "k--", lw=1.0)
    axis.set_xlim(per_feature[0], per_feature[-1])
    return image


def marks(axis, found: list[Comparison]) -> None:
    """Simulated points: filled where the undersample won."""
    for c in where(found, metric=GAIN):
        fill, how = ("k", "wins") if c.observed > 0 else ("w", "loses")
        at, label = c.row.factors["rarest"] / FEATURES, f"simulated: undersampling {how}"
        axis.plot(at, RATIO, "o", mfc=fill, mec="k", ms=5, label=label)


def write(found: dict, exact: dict, path: Path) -> None:
    """The grid as a table, errors of each method at its best ridge; and the boundary."""
    with path.open("w", newline="") as file:
        file.write("# Generated by paper/figures/phase_diagram.py; do not edit.\n")
        file.write(
            "# The closed form of the boundary is off that of the equations by at most "
            f"{deviation(exact):.3g}.\n"
        )
        out = csv.writer(file, lineterminator="\n")
        out.writerow(
            (
                "separation",
                "rare rows per feature",
                "ratio",
                "class weights",
                "undersample",
                "class weights at best threshold",
            )
        )
        for cell, values in found.items():
            out.writerow([*(f"{v:.6g}" for v in (*cell, *values.min(axis=0)))])


if __name__ == "__main__":
    main("phase_diagram", draw, compared)
