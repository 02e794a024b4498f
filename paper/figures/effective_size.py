"""Squared distance of classes in the scores of least squares, against the effective size.

Lines are the limit at each ridge: at one effective ridge weights enter by the effective size alone,
from that of one undersample, K m, by Kish's size of balanced weights, which infinitely many bags
have, to all rows, which the unweighted fit has. Points are fits with 100 features; their limits
carry a term of order 1/d, which fits with half the rows and features show. The bags are the one
weighted ridge but for their own noise.
"""

from functools import cache
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from common import LOOK, Look, entries, legend, main, points, require, where
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
    MANY.id: LOOK["under-bagging-10"],
    ONE.id: Look("C2", "x", "--"),
    WEIGHTED.id: LOOK["class-weights"],
    PLAIN.id: LOOK["unweighted"],
}


class Limit(NamedTuple):
    """A fit at its effective ridge."""

    chi: float
    size: float
    """Effective size."""
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
    return Limit(chi, size, mahalanobis_matrix(mixture(K), rows, FEATURES, chi, size))


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
    figure, axes = plt.subplots(1, len(classes), squeeze=False, figsize=(6.9, 2.9))
    for axis, K in zip(axes[0], classes, strict=True):
        for ridge in RIDGES:
            check(K, ridge)
            panel(axis, K, ridge, where(found, classes=K, ridge=ridge, estimand=DISTANCE))
        axis.set_title(f"K = {K}")
        axis.set_xscale("log")
        axis.grid(axis="y")
    axes[0, 0].set_ylabel("mean squared distance")
    for method in METHODS:
        look = LOOKS[method.id]
        axes[0, 0].plot([], [], ls="", label=method.label, **look.of_points)
    legend(figure, axes[0, 0], ncols=5)
    figure.supxlabel(f"effective size ({FEATURES} features)")
    return figure


def panel(axis, K: int, ridge: float, found: list[Comparison]) -> None:
    n_k = np.array(counts(K, 1))
    own = {id: limit(K, id, ridge) for id in (UNDERSAMPLE.id, ONE.id, WEIGHTED.id, PLAIN.id)}
    # The line is at the effective ridge of the bags, whose matrix has all rows in it.
    sizes = np.geomspace(own[ONE.id].size, own[PLAIN.id].size, 30)
    line = [
        distances(mahalanobis_matrix(mixture(K), n_k, FEATURES, own[ONE.id].chi, size), n_k)[0]
        for size in sizes
    ]
    axis.plot(sizes, line, color="0.6", lw=0.8, ls="-" if ridge == RIDGES[0] else "--")
    for c in found:
        size = own[ONE.id if c.row.method == MANY.id else c.row.method].size
        points(axis, [size], [c], **LOOKS[c.row.method].of_points)
    axis.text(sizes[-1], line[-1], f"ridge {ridge:g}", size=6, ha="right", va="bottom")


if __name__ == "__main__":
    main("effective_size", draw, compared)
