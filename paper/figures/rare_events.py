"""Variance of a slope from some controls per case, relative to class weights on all rows.

Lines are `theory.rare_limit` at these odds and what the second order adds. An undersample with
offset comes to beat class weights of all rows at r* controls a case, `theory.break_even_controls`
in the limit; controls that are weighted back need more. All controls are 25 a case: there both are
the unweighted fit.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import main
from matplotlib.figure import Figure
from orders import expansion

from mlbalance.populations import Rule
from mlbalance.schemes import Cap, ClassWeight, Scheme, Unweighted
from mlbalance.simulation import Comparison, compare
from mlbalance.theory import break_even_controls, covariance, rare_limit

UNWEIGHTED = "unweighted, prior correction"
FITS = {
    "offset": ("o", "C0", "controls with offset"),
    "weighted": ("s", "C1", "controls weighted back"),
}


def ratios(population, ratio: float, odds: float) -> dict[str, float]:
    """Slope variances relative to balanced weights on all rows.

    `odds` are those of the counts; with E_0 t = 1 over the controls they are e^alpha too.
    """
    controls = population.rule(160)[0]
    slope = population.theta()[1, 1] - population.theta()[0, 1]
    t = np.exp(slope * controls.points[:, 0])
    t = t / (controls.weights @ t)
    away = np.log(t[0]) - slope * controls.points[0, 0]
    # The rule of everyone, moved so that the logit is alpha + x'slopes.
    everyone = controls.weights * (1 + odds * t) / (1 + odds)
    rule = Rule(controls.points + away / slope, everyone)
    kept = rare_limit(rule, [slope], 1 / ratio, odds)
    balanced = rare_limit(rule, [slope], 1.0, odds).reweighted[1, 1]
    found = {
        "offset": float(kept.undersampled[1, 1] / balanced),
        "weighted": float(kept.inverse_probability[1, 1] / balanced),
        "all": float(kept.mle[1, 1] / balanced),
    }
    unit = beyond(population, ClassWeight())
    return {
        name: value * beyond(population, scheme) / unit
        for (name, value), scheme in zip(found.items(), schemes(ratio), strict=True)
    }


def schemes(ratio: float) -> tuple[Scheme, ...]:
    """Controls with offset and weighted back, and all rows."""
    from simulations.rare_events import CASES, CONTROLS

    size, natural = max(round(ratio * CASES), CASES), CONTROLS / (CONTROLS + CASES)
    offset = size / (size + CASES)
    return (
        Cap(size, prior=(offset, 1 - offset)),
        Cap(size, prior=(natural, 1 - natural)),
        Unweighted(),
    )


def beyond(population, scheme: Scheme) -> float:
    """Variance of the slope to second order over that of first."""
    from simulations.rare_events import CASES, CONTROLS

    counts = np.array([CONTROLS, CASES])
    of = expansion(population, tuple(scheme.target(counts).tolist()))
    first = covariance(of.moments, scheme, counts)
    return float(of.of_scheme(scheme, counts).covariance[1, 1] / first[1, 1])


def predicted(study, cell) -> dict[str, float]:
    """Ratio of variances by recipe."""
    from simulations.rare_events import CASES, CONTROLS, INVERSE, OFFSET

    population, odds = cell.source.population, CASES / CONTROLS
    found = {UNWEIGHTED: ratios(population, 1, odds)["all"]}
    for kind, recipes in (("offset", OFFSET), ("weighted", INVERSE)):
        for r, recipe in recipes.items():
            found[recipe.name] = ratios(population, r, odds)[kind]
    return found


def observed(row) -> tuple[float, float]:
    """Ratio of variances, the inverse of the precision, and its error."""
    return 1 / row.value, row.error / row.value**2


def compared(study, rows: dict) -> list[Comparison]:
    """Ratios of variances, in logarithms."""
    from simulations.rare_events import PRECISION

    found = []
    for cell in study.cells:
        for recipe, ratio in predicted(study, cell).items():
            key = cell.name, recipe, 0.0, PRECISION
            found.append(compare(key, ratio, rows[key], observed=observed(rows[key]), log=True))
    return found


def draw(study, rows: dict, _: list[Comparison]) -> Figure:
    from simulations.rare_events import CASES, CONTROLS, INVERSE, OFFSET, PRECISION, SEPARATIONS

    figure, axes = plt.subplots(1, len(SEPARATIONS), sharey=True, sharex=True, figsize=(6.5, 3.0))
    fine, odds = np.geomspace(1, CONTROLS / CASES, 40), CASES / CONTROLS
    for axis, cell, separation in zip(axes, study.cells, SEPARATIONS, strict=True):
        lines = [ratios(cell.source.population, r, odds) for r in fine]
        for (kind, (mark, colour, label)), recipes in zip(
            FITS.items(), (OFFSET, INVERSE), strict=True
        ):
            axis.plot(fine, [line[kind] for line in lines], color="0.2", lw=1.0, zorder=2)
            found = [observed(rows[cell.name, x.name, 0.0, PRECISION]) for x in recipes.values()]
            bars(axis, list(recipes), found, fmt=mark, color=colour, label=label)
        axis.axhline(1, color="0.6", lw=0.8, zorder=1)
        everyone = observed(rows[cell.name, UNWEIGHTED, 0.0, PRECISION])
        bars(
            axis, [CONTROLS / CASES], [everyone], fmt="^", color="C2", label="all rows, unweighted"
        )
        even = break_even_controls(separation)
        axis.axvline(even, color="0.6", lw=0.8, ls="--", zorder=1)
        axis.text(even * 1.07, 5.6, f"r* = {even:.1f}", fontsize=7, color="0.35")
        axis.set_title(f"separation {separation:g}")
    axes[0].set(xscale="log", yscale="log", ylim=(0.42, 8))
    axes[0].set_xticks([1, 2, 4, 8, 16])
    axes[0].set_xticklabels(["1", "2", "4", "8", "16"])
    axes[0].set_yticks([0.5, 1, 2, 5], ["0.5", "1", "2", "5"])
    for axis in axes:
        axis.minorticks_off()
        axis.grid(axis="y", color="0.92", lw=0.6)
    axes[0].plot([], [], color="0.2", lw=1.0, label="predicted")
    axes[0].set_ylabel("variance of the slope, relative\nto class weights on all rows")
    figure.supxlabel("controls per case, r (± 2 s.e.)", fontsize=8.5)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def bars(axis, x: list[float], found: list[tuple[float, float]], **style) -> None:
    values, errors = np.array(found).T
    axis.errorbar(x, values, yerr=2 * errors, elinewidth=0.8, ls="", zorder=3, **style)


if __name__ == "__main__":
    main("rare_events", draw, compared)
