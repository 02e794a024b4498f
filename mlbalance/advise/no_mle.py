"""Probability that Gaussian classes have no unique fit without ridge, by simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance import existence, softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.populations import Gaussian
from mlbalance.schemes import ClassWeight

__all__ = ["NoMLE", "no_mle"]

_SEED = 20
_BLOCK, _BLOCKS = 25, 8  # data sets per block, and blocks where the linear programmes are small
_EASY, _LARGEST = 40_000, 250_000  # entries of a linear programme: small ones, and the largest


@dataclass(frozen=True)
class NoMLE:
    """Probability that the fit without ridge does not exist or is not unique, by simulation."""

    value: float
    """Proportion of the replications."""
    mcse: float
    """Monte Carlo standard error sqrt(p (1 - p)/R) at p = (failures + 1/2)/(R + 1), which is above
    zero for no failure or all; zero where the value is certain."""
    replications: int
    """Data sets R that were drawn; zero where there are no more rows than parameters per class, so
    that any labels of points in general position can be separated."""
    upper_bound: bool
    """Whether large classes were truncated, which can only make the probability larger."""


def no_mle(population: Gaussian, counts: IntArray) -> dict[str, NoMLE | None]:
    """P(no unique maximum) of class weights and of the undersample, on the same data sets.

    The first m rows of a class are its undersample, since rows are exchangeable. If the maximum is
    unique for some of the rows of every class it is so for more of them: a direction that separates
    all rows also separates these. So only data sets whose undersample fails are fitted in full, and
    truncated classes can only fail more often.

    Parameters
    ----------
    population
        Classes that rows are drawn from.
    counts
        (K,) rows per class.

    Returns
    -------
    Estimates of "class-weights" and "undersample"; None where too large to simulate.
    """
    K, d = population.n_classes, population.n_features
    if counts.sum(dtype=float) <= 1 + d:
        return {name: NoMLE(1.0, 0.0, 0, False) for name in ("class-weights", "undersample")}
    columns = (K - 1) ** 2 * (1 + d)
    full = np.minimum(counts, _cap(counts, columns))
    if full.sum() * columns > _LARGEST:
        return {"class-weights": None, "undersample": None}
    kept = np.full_like(full, full.min())
    work = np.array([kept.sum(), full.sum()]) * columns / _EASY
    failed, drawn = _failures(population, kept, full, work)
    cut = full.min() < counts.min(), (full < counts).any()
    under, weights = (_estimate(int(f), drawn, bool(c)) for f, c in zip(failed, cut, strict=True))
    return {"class-weights": weights, "undersample": under}


def _failures(
    population: Gaussian, kept: IntArray, full: IntArray, work: FloatArray
) -> tuple[IntArray, int]:
    """Data sets (2,) without a fit of the kept rows and of all rows, and data sets drawn.

    The first block decides how many more are drawn: linear programmes of all rows take the time.
    """
    rng = np.random.default_rng(np.random.SeedSequence(_SEED, spawn_key=(2,)))
    first = np.concatenate([np.arange(n) for n in full]) < kept[0]
    failed, block, blocks = np.zeros(2, dtype=np.int64), 0, 1
    while block < blocks:
        data = [population.sample(full, rng) for _ in range(_BLOCK)]
        X, y = np.stack([X for X, _ in data]), data[0][1]
        lost = _fails(X[:, first], y[first], kept)
        failed += lost.sum(), _fails(X[lost], y, full).sum() if lost.any() else 0
        if block == 0:
            load = work[0] ** 2 + failed[0] / _BLOCK * work[1] ** 2
            blocks = max(1, int(_BLOCKS / max(1.0, load)))
        block += 1
    return failed, blocks * _BLOCK


def _cap(counts: IntArray, columns: int) -> int:
    """Most rows per class for which the linear programme of all rows is not too large."""
    low, high = 1, int(counts.max())
    while low < high:
        middle = (low + high + 1) // 2
        fits = float(np.minimum(counts, middle).sum(dtype=float)) * columns <= _LARGEST
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _fails(X: FloatArray, y: IntArray, counts: IntArray) -> npt.NDArray[np.bool_]:
    """(R,) whether the fit to data set X (R, n, d) has no unique maximum."""
    if X.shape[1] <= 1 + X.shape[2]:  # any labels of so few points in general position
        return np.ones(len(X), dtype=bool)
    weights = ClassWeight().moments(counts).mean[y]
    status = softmax.fit(X, y, weights, n_classes=counts.size).status
    lost: npt.NDArray[np.bool_] = np.asarray(status != "converged")
    for r in np.flatnonzero(status == "max-iter"):
        lost[r] = existence.verdict(X[r], y) != "exists"
    return lost


def _estimate(failures: int, replications: int, cut: bool) -> NoMLE | None:
    """The estimate; None where truncated classes always fail, which bounds nothing."""
    if cut and failures == replications:
        return None
    p = (failures + 0.5) / (replications + 1)
    mcse = math.sqrt(p * (1 - p) / replications)
    return NoMLE(failures / replications, mcse, replications, cut and failures > 0)
