"""Ranks of all methods over the real data sets, and the critical difference of two of them.

As Demsar (2006, JMLR 7:1-30): on each set methods are ranked by their mean balanced error over
folds, ties averaged; mean ranks are tested by Friedman's statistic as Iman and Davenport refer it
to an F distribution, and two of them by Nemenyi's critical difference at .05. Only sets on which
every method was run count. A method without an answer on some fold is ranked last there.
"""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from common import legend, main, require
from matplotlib.figure import Figure

from mlbalance.simulation import Comparison, Study, Summary, compare_share
from simulations.real_data import LEARNERS, NO_RIDGE, SURE


class Ranks(NamedTuple):
    """Ranks of k methods on N data sets, and what follows from them."""

    ranks: np.ndarray
    """(N, k)"""
    difference: float
    """Nemenyi's critical difference of two mean ranks at .05"""
    p: float
    """p-value of Friedman's test as of Iman and Davenport; NaN for one set"""
    adjusted: np.ndarray
    """(k,) p-values of signed-rank tests against the first method, after Holm; NaN for the first,
    and where too few sets differ"""


def compared(study: Study, rows: Summary) -> list[Comparison]:
    """Comparisons of the folds without a fit: all where a class has one training row, else none."""
    return [
        compare_share(row, float(row.cell in NO_RIDGE), row.failures, row.n)
        for row in rows.select(metric="P(no estimate)")
        if row.method in SURE
    ]


def errors(study: Study, rows: Summary) -> np.ndarray:
    """(N, k) balanced errors on the sets where all were run, infinite where there is none."""
    run = {row.cell for row in rows.values()}
    cells = [cell for cell in study.cells if cell.id in run and not cell.without]
    own = {"metric": "mean", "estimand": "error"}
    found = [[rows.one(cell=c.id, method=m.id, **own).value for m in study.methods] for c in cells]
    return np.nan_to_num(np.array(found), nan=np.inf)


def ranked(values: np.ndarray) -> Ranks:
    """Ranks of (N, k) values, the least first, and their tests."""
    from scipy.stats import f, friedmanchisquare, rankdata, studentized_range

    N, k = values.shape
    ranks = rankdata(values, axis=1)
    q = studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2)
    difference = float(q * np.sqrt(k * (k + 1) / (6 * N)))
    p = np.nan
    if N > 1:
        chi2 = friedmanchisquare(*values.T).statistic
        p = float(f.sf((N - 1) * chi2 / (N * (k - 1) - chi2), k - 1, (k - 1) * (N - 1)))
    return Ranks(ranks, difference, p, holm([signed(v, values[:, 0]) for v in values.T]))


def signed(values: np.ndarray, others: np.ndarray) -> float:
    """p-value of the signed-rank test, NaN where two sets or fewer differ or have both."""
    from scipy.stats import wilcoxon

    known = np.isfinite(values) & np.isfinite(others)
    away = values[known] - others[known]
    if np.count_nonzero(away) < 3:
        return np.nan
    return float(wilcoxon(away[away != 0], method="exact").pvalue)


def holm(p: list[float]) -> np.ndarray:
    """p-values adjusted by Holm's step-down procedure; NaN stays NaN."""
    given = np.array(p, dtype=float)
    order = [i for i in np.argsort(given) if not np.isnan(given[i])]
    steps = [(len(order) - place) * given[i] for place, i in enumerate(order)]
    found = np.full(given.size, np.nan)
    found[order] = np.minimum(np.maximum.accumulate(steps or [0.0])[: len(order)], 1.0)
    return found


def draw(study: Study, rows: Summary, _: list[Comparison]) -> Figure:
    values = errors(study, rows)
    found = ranked(values)
    N, k = found.ranks.shape
    mean = found.ranks.mean(axis=0)
    order = np.argsort(mean, kind="stable")[::-1]
    require(bool(np.isclose(mean.mean(), (k + 1) / 2)), "mean ranks average (k + 1)/2.")
    figure, axis = plt.subplots(figsize=(6.5, 1.2 + 0.135 * k))
    for place, at in enumerate(order):
        method = study.methods[at].id
        own = found.ranks[:, at]
        color = "C3" if method == study.reference else "C1" if method in LEARNERS else "C0"
        axis.plot(own, np.full(N, place), "o", ms=2.2, color="0.75", zorder=2)
        lost = ~np.isfinite(values[:, at])
        axis.plot(own[lost], np.full(lost.sum(), place), "x", ms=4, color="0.5", zorder=2)
        axis.plot(mean[at], place, "o", ms=5, color=color, zorder=3)
    best = mean.min()
    axis.axvspan(best, best + found.difference, color="0.94", zorder=0)
    axis.text(
        best + found.difference / 2,
        k + 0.3,
        f"critical difference {found.difference:.1f}",
        size=7,
        ha="center",
    )
    axis.set_yticks(range(k), [study.methods[at].id for at in order], size=6)
    axis.set_ylim(-1, k + 1.6)
    axis.set_xlim(0.5, k + 0.5)
    axis.set_xlabel(f"rank by balanced error on {N} data sets, 1 is best", size=7)
    for color, name in (("C3", "class weights"), ("C0", "linear"), ("C1", "other learners")):
        axis.plot([], [], "o", ms=5, color=color, label=name)
    axis.plot([], [], "x", ms=4, color="0.5", label="no answer on some fold")
    legend(figure, axis)
    axis.grid(axis="x")
    axis.set_title(told(found), size=7)
    return figure


def told(found: Ranks) -> str:
    """The tests in a line."""
    if np.isnan(found.p):
        return "One data set: no test."
    least = np.nanmin(found.adjusted) if np.isfinite(found.adjusted).any() else np.nan
    return (
        f"Friedman, Iman-Davenport: p = {found.p:.2g}. Least p against class weights, "
        f"signed ranks after Holm: {least:.2g}."
    )


if __name__ == "__main__":
    main("real_data", draw, compared)
