"""Coverage of 95 percent intervals by covariance, predicted and observed.

Ticks are theory: first-order covariances, the bias from another target and from few rows, and, to
order n^-1/2, the correlation of an estimate with its standard error, which shifts coverage.
Design-based intervals cover estimands at the balanced prior; robust (uncentred) ones the intercept
at the natural prior under random counts; the inverse Hessian slopes of unweighted and undersampled
fits of a correctly specified model; and none an estimand that the fit does not target.
"""

import matplotlib.pyplot as plt
import numpy as np
from common import NARROW, entries, legend, main, points, strokes, where
from matplotlib.figure import Figure
from orders import expansion, rule_of

from mlbalance.corrections import PriorShift, prior_shift
from mlbalance.methods import Method
from mlbalance.simulation import Comparison, Summary, compare_share
from mlbalance.theory import coverage, interval
from simulations.coverage import FUNCTIONALS

KINDS = {"model": ("o", "C1"), "robust": ("s", "C0"), "design": ("D", "C2")}


def estimand(functional, kind: str) -> str:
    """Name of a functional's intervals in the outcome of the study."""
    return f"{functional.name}, {kind}"


def predicted(study, cell) -> dict[tuple[str, str], float]:
    """Coverage by method and estimand."""
    population, counts = cell.source.population, np.array(cell.source.counts)
    rule, found = rule_of(population), {}
    for method in study.methods_of(cell):
        at = expansion(population, tuple(method.scheme.target(counts).tolist()))
        bias = _bias(population, at, method, counts)
        # An undersample has equal counts and independent rows.
        kept = counts * method.scheme.moments(counts).overlap
        for f in FUNCTIONALS:
            more = 0.0
            if cell.source.random:
                more = f.contrast @ _between(at.moments, method, counts, f.natural) @ f.contrast
            for kind in KINDS:
                one = interval(rule, at, f.contrast, kept.astype(int), kind)
                one = one._replace(variance=one.variance + more)
                found[method.id, estimand(f, kind)] = coverage(one, f.contrast @ bias)
    return found


def _bias(population, at, method: Method, counts) -> np.ndarray:
    """Bias of the contrasts: from another target, and of second order."""
    best, moved = expansion(population).theta, at.theta.copy()
    moved[:, 0] = prior_shift(at.theta[:, 0], at.moments.prior)
    away = (moved - moved[0])[1:] - (best - best[0])[1:]
    return away.ravel() + at.of_scheme(method.scheme, counts).bias


def _between(m, method: Method, counts, natural: bool) -> np.ndarray:
    """Variance from random counts: that of a row's mean influence over classes.

    A fit with weights from the observed counts keeps its target; the target of an unweighted fit
    moves with the counts, and so do the log shares that are added or subtracted. For a correctly
    specified model the two moves of the unweighted fit cancel (label `intercept-shift`).
    """
    K, n, shares = counts.size, counts.sum(), counts / counts.sum()
    fit = -np.linalg.solve(m.hessian, m.score_mean.T).T
    logs = np.zeros_like(fit).reshape(K, K - 1, -1)
    logs[0, :, 0] = -1 / shares[0]
    logs[np.arange(1, K), np.arange(K - 1), 0] = 1 / shares[1:]
    logs = logs.reshape(fit.shape)
    if isinstance(method.correction, PriorShift):
        move = fit if natural else fit - logs
    else:
        move = logs if natural else np.zeros_like(fit)
    return (move.T * shares) @ move / n


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of all coverages."""
    told, found = {cell.id: predicted(study, cell) for cell in study.cells}, []
    for row, cell, method in entries(study, rows, metric="coverage"):
        share = told[cell.id][method.id, row.estimand]
        found.append(compare_share(row, share, round(row.value * row.n), row.n))
    return found


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    size = len(FUNCTIONALS), len(study.methods)
    figure, axes = plt.subplots(*size, sharex=True, sharey=True, figsize=(6.5, 5.2))
    for line, f in zip(axes, FUNCTIONALS, strict=True):
        line[0].set_ylabel(f.name)
        for axis, method in zip(line, study.methods, strict=True):
            panel(axis, f, where(found, method=method.id))
    for axis, method in zip(axes[0], study.methods, strict=True):
        axis.set_title(method.label)
    factors = [cell.factors for cell in study.cells]
    cells = [f"{NARROW[each['model']]}\n{each['counts']}" for each in factors]
    axes[0, 0].set_xticks(range(len(cells)), cells, size=7)
    axes[0, 0].set_ylim(0.64, 1.01)
    legend(figure, axes[0, 0])
    figure.supxlabel("model and counts")
    figure.supylabel("coverage of 95 % intervals (± 2 s.e.)")
    return figure


def panel(axis, functional, found: list[Comparison]) -> None:
    axis.axhline(0.95, color="0.75", lw=0.8, zorder=1)
    for index, (kind, (mark, colour)) in enumerate(KINDS.items()):
        own = where(found, estimand=estimand(functional, kind))
        x = np.arange(len(own)) + 0.25 * (index - 1)
        strokes(axis, x, [c.predicted for c in own], label="predicted")
        style = {"marker": mark, "color": colour, "zorder": 2, "label": kind}
        points(axis, x, [c.row for c in own], mfc="white" if kind == "model" else colour, **style)
    axis.grid(axis="y")


if __name__ == "__main__":
    main("coverage", draw, compared)
