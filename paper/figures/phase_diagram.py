"""Class weights or an undersample, when features are many: who wins where.

In plain words. Few rare rows a feature pull their own logits up, so class weights, which set the
intercept on those logits, are biased against the rare class on new rows. Up to about a quarter of a
row a feature (dashed line: d (1/n_min - 1/n_maj) = about 4) the bias costs more than what an
undersample throws away, and undersampling wins. It wins by the intercept alone: let both choose
their threshold, and weighting all rows is better everywhere.

Claim: at threshold zero, each method at its own best ridge of 25, the boundary is that of the
closed form; with the best threshold weighting never loses, at any ridge; simulated points have the
predicted error and the predicted winner.
"""

import csv
import sys
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from common import main, require, table
from joblib import Parallel, delayed
from limits import compared, require_all
from matplotlib.figure import Figure

from mlbalance.schemes import ClassWeight, Undersample
from mlbalance.theory import proportional
from mlbalance.theory.proportional import Mixture, flip_boundary

FEATURES = 10**6  # only rows per feature count
SEPARATIONS = (1.0, 2.0, 4.0)
PER_FEATURE = np.geomspace(0.03, 3.0, 12)
RATIOS = (1.5, 2.0, 4.0, 8.0, 16.0, 32.0)
RIDGES = np.geomspace(1e-4, 1e2, 25)
CLEAR = 1.35
"""Factor from the boundary beyond which the winner must be the predicted one."""


def errors(separation: float, per_feature: float, ratio: float) -> np.ndarray:
    """(ridges, 3): class weights and undersample at threshold zero, class weights at their best."""
    from scipy.special import ndtr  # a worker cannot be sent it

    mixture = Mixture.isotropic([[0.0], [separation]])
    rare = round(per_feature * FEATURES)
    found = np.empty((RIDGES.size, 3))
    for row, ridge in zip(found, RIDGES, strict=True):
        for column, scheme in enumerate((ClassWeight(), Undersample())):
            counts = (round(ratio * rare), rare)
            fit = proportional.solve(mixture, counts, FEATURES, scheme, ridge=ridge)
            row[column] = fit.logits.balanced_error()
            if column == 0:  # equal scales: the best threshold is at the midpoint
                row[2] = ndtr(-fit.parameters.signal / np.sqrt(fit.parameters.variance))
    return found


def grid(quick: bool) -> dict[tuple[float, float, float], np.ndarray]:
    """Errors by separation, rare rows a feature and ratio of counts."""
    step = 3 if quick else 1
    cells = list(product(SEPARATIONS, PER_FEATURE[::step], RATIOS[::step]))
    solved = Parallel(n_jobs=-1)(delayed(errors)(*cell) for cell in cells)
    return dict(zip(cells, solved, strict=True))


def boundary(separation: float, ratio: np.ndarray) -> np.ndarray:
    """Rare rows a feature at which the winner changes, in closed form."""
    return np.array([(1 - 1 / r) / flip_boundary(separation, r) for r in ratio])


def check_grid(found: dict) -> None:
    """The claim on the grid."""
    for (separation, per_feature, ratio), cell in found.items():
        weighted, undersampled, threshold = cell.min(axis=0)
        where = f"separation {separation:g}, {per_feature:.2g} rare rows a feature, {ratio:g} : 1"
        require(
            bool((cell[:, 2] <= cell[:, 1] + 1e-9).all()),
            f"{where}: with the best threshold weighting is no worse, at any ridge.",
        )
        factor = per_feature / boundary(separation, np.array([ratio]))[0]
        if not 1 / CLEAR < factor < CLEAR:
            require(
                (undersampled < weighted) == (factor < 1),
                f"{where}: the winner at threshold zero is the one of the closed form.",
            )
        require(threshold <= weighted + 1e-12, f"{where}: no threshold beats the best.")


def check(rows: dict) -> dict[int, tuple[float, float]]:
    """Observed gain of the undersample and its error by rare rows, each at its best ridge."""
    from simulations import phase_diagram as study

    found = compared(study.STUDY, rows)
    require_all(found)
    errors_of = [c for c in found if c.measure == "balanced error"]
    gains = {}
    for cell in dict.fromkeys(c.cell for c in errors_of):  # in the study's order, as sets are not
        best = {}
        for recipe in ("class weights", "undersample"):
            own = [c for c in errors_of if (c.cell, c.recipe) == (cell, recipe)]
            require(len(own) == len(study.RIDGES), f"{cell}: every ridge was run.")
            best[recipe] = min(own, key=lambda c: c.predicted)
        w, u = best["class weights"], best["undersample"]
        gain, error = w.observed - u.observed, float(np.hypot(w.error, u.error))
        expected = w.predicted - u.predicted
        require(
            abs(expected) < 4 * error or gain * expected > 0, f"{cell}: the predicted winner wins."
        )
        gains[int(cell.split()[0])] = gain, error
    return gains


def read(results: Path):
    quick = "quick" in results.parts
    return grid(quick), table(results / "phase_diagram.csv")


def draw(given) -> Figure:
    found, rows = given
    check_grid(found)
    gains = check(rows)
    write(found, Path(sys.argv[2]) / "phase_diagram.csv")
    figure, axes = plt.subplots(2, 3, sharex=True, sharey=True, figsize=(6.5, 4.3))
    for column, separation in enumerate(SEPARATIONS):
        for axis, best in zip(axes[:, column], (0, 2), strict=True):
            image = panel(axis, found, separation, best)
        axes[0, column].set_title(f"means {separation:g} s.d. apart")
    marks(axes[0, SEPARATIONS.index(2.0)], gains)
    for axis, words in zip(axes[:, 0], ("threshold zero", "best threshold"), strict=True):
        axis.set_ylabel(f"{words}\nmajority rows per rare row")
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("balanced error: class weights − undersample\n(red: undersampling wins)")
    figure.supxlabel("rare rows per feature", size=8.5)
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
    axis.set_xscale("log")
    axis.set_yscale("log")
    if column == 0:
        axis.contour(per_feature, ratios, gain, levels=[0.0], colors="k", linewidths=1.0)
        line = np.geomspace(ratios[0], ratios[-1], 100)
        axis.plot(boundary(separation, line), line, "k--", lw=1.0)
    axis.set_xlim(per_feature[0], per_feature[-1])
    axis.set_xticks([0.1, 0.3, 1.0], ["0.1", "0.3", "1"])
    axis.set_yticks(ratios, [f"{r:g}" for r in ratios])
    axis.minorticks_off()
    return image


def marks(axis, gains: dict[int, tuple[float, float]]) -> None:
    """Simulated points: filled where the undersample won."""
    from simulations import phase_diagram as study

    for rare, (gain, _) in gains.items():
        axis.plot(
            rare / study.FEATURES, study.RATIO, "o", mfc="k" if gain > 0 else "w", mec="k", ms=5
        )


def write(found: dict, path: Path) -> None:
    """The grid as a table, errors of each method at its best ridge."""
    with path.open("w", newline="") as file:
        file.write("# Generated by paper/figures/phase_diagram.py; do not edit.\n")
        out = csv.writer(file, lineterminator="\n")
        out.writerow(
            "separation,rare rows per feature,ratio,class weights,undersample,"
            "class weights at best threshold".split(",")
        )
        for cell, values in found.items():
            out.writerow([*(f"{v:.6g}" for v in (*cell, *values.min(axis=0)))])


if __name__ == "__main__":
    main("phase_diagram", draw, read)
