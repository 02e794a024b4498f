"""Variance of a slope from some controls per case, relative to class weights on all rows.

Lines are `theory.rare_limit` at these odds, with the second order added. An undersample with offset
beats class weights of all rows from r* controls per case on (in the limit
`theory.break_even_controls`); controls with inverse-probability weights need more. At 25 controls
per case, all of them, both are the unweighted fit.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import entries, legend, logarithmic, main, points, where
from matplotlib.figure import Figure
from orders import expansion

from mlbalance.methods import method
from mlbalance.populations import Rule
from mlbalance.schemes import Cap, ClassWeight, Scheme, Unweighted
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory import break_even_controls, covariance, rare_limit
from simulations.rare_events import CASES, CONTROLS, INVERSE, OFFSET, PRECISION

UNWEIGHTED, ALL = "unweighted+prior", CONTROLS / CASES
FITS = {
    "offset": (OFFSET, "o", "C0", "controls with offset"),
    "weighted": (INVERSE, "s", "C1", "controls weighted back"),
    "all": ({ALL: method(UNWEIGHTED)}, "^", "C2", "all rows, unweighted"),
}
"""Methods by controls per case, and their styles."""


def ratios(population, ratio: float, odds: float) -> dict[str, float]:
    """Slope variances relative to balanced weights on all rows.

    `odds` are those of the counts; with E_0 t = 1 over the controls they are e^alpha too.
    """
    controls = population.rule(160)[0]
    slope = population.theta()[1, 1] - population.theta()[0, 1]
    t = np.exp(slope * controls.points[:, 0])
    t = t / (controls.weights @ t)
    away = np.log(t[0]) - slope * controls.points[0, 0]
    # The rule of the population, shifted so that the logit is alpha + x'slopes.
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
    """Controls with offset, controls with inverse-probability weights, and all rows."""
    size, natural = max(round(ratio * CASES), CASES), CONTROLS / (CONTROLS + CASES)
    offset = size / (size + CASES)
    return (
        Cap(size, prior=(offset, 1 - offset)),
        Cap(size, prior=(natural, 1 - natural)),
        Unweighted(),
    )


def beyond(population, scheme: Scheme) -> float:
    """Ratio of the slope's variance to second order over that to first."""
    counts = np.array([CONTROLS, CASES])
    of = expansion(population, tuple(scheme.target(counts).tolist()))
    first = covariance(of.moments, scheme, counts)
    return float(of.of_scheme(scheme, counts).covariance[1, 1] / first[1, 1])


def predicted(cell) -> dict[str, float]:
    """Ratio of variances by method."""
    population, odds = cell.source.population, CASES / CONTROLS
    return {
        own.id: ratios(population, r, odds)[kind]
        for kind, (fits, *_) in FITS.items()
        for r, own in fits.items()
    }


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of variance ratios, the inverse of relative precision, in logarithms."""
    metric, estimand = PRECISION
    told, found = {cell.id: predicted(cell) for cell in study.cells}, []
    for row, cell, own in entries(study, rows, metric=metric, estimand=estimand):
        seen = 1 / row.value, row.mcse / row.value**2
        found.append(compare(row, told[cell.id][own.id], observed=seen, log=True))
    return found


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    figure, axes = plt.subplots(1, len(study.cells), sharey=True, sharex=True, figsize=(6.5, 3.0))
    fine = np.geomspace(1, ALL, 40)
    for axis, cell in zip(axes, study.cells, strict=True):
        lines = [ratios(cell.source.population, r, 1 / ALL) for r in fine]
        for kind, (fits, mark, color, label) in FITS.items():
            if kind != "all":
                axis.plot(fine, [line[kind] for line in lines], color="0.2", lw=1.0, zorder=2)
            controls = {own.id: r for r, own in fits.items()}
            own = [c for c in where(found, cell=cell.id) if c.row.method in controls]
            at = [controls[c.row.method] for c in own]
            points(axis, at, own, marker=mark, color=color, label=label)
        axis.axhline(1, color="0.6", lw=0.8, zorder=1)
        even = break_even_controls(cell.factors["separation"])
        axis.axvline(even, color="0.6", lw=0.8, ls="--", zorder=1)
        axis.text(even * 1.07, 5.6, f"r* = {even:.1f}", fontsize=7, color="0.35")
        axis.set_title(cell.id)
        axis.grid(axis="y")
    logarithmic(axes[0], x=[*OFFSET], y=(0.5, 1, 2, 5))
    axes[0].set_ylim(0.42, 8)
    axes[0].plot([], [], color="0.2", lw=1.0, label="predicted")
    axes[0].set_ylabel("variance of the slope, relative\nto class weights on all rows")
    figure.supxlabel("controls per case, r (± 2 s.e.)")
    legend(figure, axes[0])
    return figure


if __name__ == "__main__":
    main("rare_events", draw, compared)
