"""Squared distance of classes in the scores of least squares, by the effective size of a fit.

The line is the limit of the factor by which weights and bags enter at one effective ridge,
1 - df_2/n_eff: the effective size n_eff is K m of one undersample, Kish's size of balanced weights
of infinitely many, and all rows without weights.
Points are fits with 100 features, filled at the stronger ridge, less the term of order 1/d that
fits with half the rows and features show. The bags that are compared, 30, are between one and
infinitely many, and the one weighted ridge that these are but for their own noise.
"""

from functools import cache
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, entries, legend, main, points, require, where
from matplotlib.figure import Figure
from scipy.optimize import brentq

from mlbalance.inputs import FloatArray
from mlbalance.methods import Method
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory.proportional import (
    Mixture,
    degrees_of_freedom,
    effective_size_at,
    mahalanobis_matrix,
)
from simulations.effective_size import (
    BAGS,
    DISTANCE,
    FARTHEST,
    FEATURES,
    GAP,
    MANY,
    METHODS,
    ONE,
    PLAIN,
    RIDGES,
    SHARES,
    UNDERSAMPLE,
    WEIGHTED,
    corners,
    counts,
    distances,
    name_of,
)

LOOKS = {
    UNDERSAMPLE.id: LOOK["undersample"],
    ONE.id: LOOK["under-bagging-10"],
    WEIGHTED.id: LOOK["class-weights"],
    PLAIN.id: LOOK["unweighted"]._replace(marker="D"),
}


class Limit(NamedTuple):
    """A fit at its effective ridge."""

    chi: float
    size: float
    """Effective size."""
    used: float
    """df_2 over it."""
    matrix: FloatArray
    """(K, K) inner products of the class means in the metric of the scores."""


@cache
def mixture(K: int) -> Mixture:
    """The classes in the limit."""
    return Mixture.of(corners(K, FEATURES))


def effective(K: int, rows: FloatArray, weights: FloatArray, ridge: float) -> float:
    """Effective ridge of least squares on rows (K,) whose weights (K,) average one."""
    n = rows.sum()

    def excess(log_chi: float) -> float:
        chi = np.exp(log_chi)
        df = degrees_of_freedom(mixture(K), FEATURES, chi)
        if df >= n:
            return -np.inf

        def missing(log_v: float) -> float:
            pull = weights * np.exp(log_v)
            return float(rows @ (pull / (1 + pull))) - df

        curvature = df / n / np.exp(brentq(missing, -60.0, 60.0, xtol=1e-14))
        return float(log_chi + np.log(curvature / ridge))

    # Below the first end an undersample would have as many degrees of freedom as rows.
    least = (
        brentq(
            lambda x: degrees_of_freedom(mixture(K), FEATURES, np.exp(x)) - 0.999999 * n,
            -40.0,
            10.0,
        )
        if n < FEATURES
        else np.log(ridge)
    )
    return float(np.exp(brentq(excess, least, least + 20.0, xtol=1e-13)))


@cache
def limit(K: int, id: str, ridge: float) -> Limit:
    """Limit of one fit, or of infinitely many undersamples."""
    n_k = np.array(counts(K, 1), dtype=float)
    least, total = n_k.min(), n_k.sum()
    kept = np.full(K, least)
    if id in (UNDERSAMPLE.id, ONE.id):
        chi = effective(K, kept, np.ones(K), ridge)
        rows = kept if id == UNDERSAMPLE.id else n_k
        size = K**2 / (1 / rows).sum()
    else:
        rows = n_k
        weights = total / (K * n_k) if id == WEIGHTED.id else np.ones(K)
        chi = effective(K, rows, weights, ridge)
        size = effective_size_at(mixture(K), rows.astype(int), FEATURES, chi, weights)
    one = mixture(K)
    df2 = FEATURES * float(one.masses @ (one.eigenvalues / (chi + one.eigenvalues)) ** 2)
    return Limit(chi, size, df2 / size, mahalanobis_matrix(one, rows, FEATURES, chi, size))


@cache
def predicted(K: int, method: Method) -> dict[str, float]:
    """Limits of the measures, by estimand; the gap is known of bags and of the one fit."""
    n_k = np.array(counts(K, 1))
    if method.id != MANY.id:
        found = limit(K, method.id, method.ridge).matrix
        own = dict(zip((DISTANCE, FARTHEST), distances(found, n_k), strict=True))
        return own | ({GAP: 0.0} if method.id == ONE.id else {})
    # Covariances of scores average over bags, and these are inverses in the space of contrasts.
    one, many = (
        np.linalg.pinv(limit(K, id, method.ridge).matrix, 1e-9) for id in (UNDERSAMPLE.id, ONE.id)
    )
    matrix = np.linalg.pinv(one / BAGS + (1 - 1 / BAGS) * many, 1e-9)
    return dict(zip((DISTANCE, FARTHEST), distances(matrix, n_k), strict=True))


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons at full size with the limit plus half of the difference at half size.

    The gap of the bags is compared with what one bag, of independent noise, leaves of its own.
    """
    found = []
    for row, cell, method in entries(study, rows, metric="mean", features=FEATURES):
        K = cell.factors["classes"]
        half = rows[row.key._replace(cell=name_of(K, 2))]
        if row.estimand != GAP:
            value = predicted(K, method)[row.estimand]
            told = value + (half.value - value) / 2
            found.append(compare(row, told, own_error=half.mcse / 2))
        elif method.id == MANY.id:
            noise, other = (rows[r.key._replace(method=UNDERSAMPLE.id)] for r in (row, half))
            told = noise.value / BAGS + (half.value - other.value / BAGS) / 2
            error = np.hypot(noise.mcse / BAGS, (half.mcse + other.mcse / BAGS) / 2)
            found.append(compare(row, told, own_error=float(error)))
    return found


def check(K: int, ridge: float) -> None:
    """Sizes are between those of the caption, and distances at one effective ridge rise by them."""
    n_k = np.array(counts(K, 1))
    sizes = [limit(K, id, ridge).size for id in (UNDERSAMPLE.id, ONE.id, WEIGHTED.id, PLAIN.id)]
    require(bool((np.diff(sizes) > 0).all()), "an undersample has the smallest size, all the most.")
    chi, found = limit(K, ONE.id, ridge).chi, []
    for size in sizes[1:]:
        matrix = mahalanobis_matrix(mixture(K), n_k, FEATURES, chi, size)
        found.append(distances(matrix, n_k)[0])
    require(bool((np.diff(found) > 0).all()), "distances rise with the effective size.")


def draw(study, rows: Summary, found: list[Comparison]) -> Figure:
    classes = [K for K in SHARES if where(found, classes=K)]
    size = 0.9 + 2.0 * len(classes), 2.9
    figure, axes = plt.subplots(1, len(classes), sharey=True, squeeze=False, figsize=size)
    for axis, K in zip(axes[0], classes, strict=True):
        for ridge in RIDGES:
            check(K, ridge)
            panel(axis, K, ridge, where(found, classes=K, ridge=ridge, estimand=DISTANCE))
        axis.plot([0, 1], [1, 0], color="0.6", lw=0.8)
        axis.set_title(f"K = {K}")
        axis.grid(axis="y")
    axes[0, 0].set_ylabel("factor of the squared distance")
    for method in (m for m in METHODS if m.id != MANY.id):
        axes[0, 0].plot([], [], ls="", label=method.label, **LOOKS[method.id].of_points)
    legend(figure, axes[0, 0], ncols=4)
    figure.supxlabel("$df_2$ over the effective size")
    return figure


def panel(axis, K: int, ridge: float, found: list[Comparison]) -> None:
    for c in (c for c in found if c.row.method != MANY.id):
        left = 1 - limit(K, c.row.method, ridge).used
        scaled = c._replace(
            observed=c.observed * left / c.predicted, error=c.error * left / c.predicted
        )
        look = LOOKS[c.row.method].of_points
        filled = {"mfc": look["color"]} if ridge == RIDGES[1] else {}
        points(axis, [1 - left], [scaled], **look | filled)


if __name__ == "__main__":
    main("effective_size", draw, compared)
