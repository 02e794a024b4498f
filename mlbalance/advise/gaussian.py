"""Advice for Gaussian classes: exact first-order ratios, and whether a fit exists at all.

The classes are those of `populations.symmetric`: unit covariance, neighbouring means the
separation apart. The softmax is then true, and its coefficients are known.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlbalance import existence, softmax, theory
from mlbalance.inputs import FloatArray, InputError, IntArray
from mlbalance.populations import Gaussian, Rule, symmetric
from mlbalance.schemes import ClassWeight, Scheme

__all__ = ["GaussianAdvice", "NoMLE", "gaussian_advice"]

_SEED = 20
_BLOCK, _BLOCKS = 25, 8  # data sets drawn at a time, and how often where they are small
_POINTS = 2**14  # of a Sobol rule, a class
_RULE_WORK = 2**31  # multiplications that the Hessian of a rule may take
_ORDERS = {1: (120, 160), 2: (40, 48)}  # of two tensor rules
_EASY, _LARGEST = 40_000, 250_000  # numbers in the programme that decides existence
_MOST_FEATURES = 1000
_TOLERANCE = 0.05  # relative quadrature error above which no ratio is given


@dataclass(frozen=True)
class NoMLE:
    """Probability that the fit without ridge does not exist or is not unique, by simulation."""

    value: float
    """Fraction of the replications."""
    mcse: float
    """Its Monte Carlo standard error, at (failures + 1/2)/(replications + 1) so that it is
    above zero for none or all; zero where the value is certain."""
    replications: int
    """Data sets that were drawn; none where rows are as few as the parameters of a class, and any
    labels of points in general position can be separated."""
    upper_bound: bool
    """Whether large classes were cut short, which can only make the probability larger."""


@dataclass(frozen=True)
class GaussianAdvice:
    """What `features` and `separation` add: the classes of `populations.symmetric`."""

    features: int
    """d."""
    separation: float
    """Distance of neighbouring means, in standard deviations."""
    variance_ratio: dict[str, float] | None
    """Excess risk relative to class weights, by method, to first order; None where that is no
    guide, see `refused`."""
    quadrature_error: float | None
    """Largest error of these ratios, from two independent rules, the classes' errors added."""
    no_mle: dict[str, NoMLE | None]
    """Of "class weights" and "undersample"; None where it is too large to simulate."""
    refused: str | None
    """Why no ratio is given; None where they are."""


def gaussian_advice(
    counts: IntArray,
    schemes: Mapping[str, Scheme],
    prior: tuple[float, ...] | None,
    features: int,
    separation: float,
) -> GaussianAdvice:
    """Ratios of the schemes, by name, and P(no MLE).

    Raises `InputError` where no scheme is given, and `DataError` where `populations.symmetric`
    does.
    """
    if not schemes:
        raise InputError("Ratios are of schemes, by name; none was given. Give one at least.")
    if features > _MOST_FEATURES:
        beyond = f"that is worked out for up to {_MOST_FEATURES:,} features"
        unknown = dict.fromkeys(("class weights", "undersample"))
        return GaussianAdvice(features, separation, None, None, unknown, beyond)
    population = symmetric(counts.size, features, separation)
    refused = _too_few(int(counts.min()), features)
    ratios, error = None, None
    if refused is None:
        ratios, error = _ratios(population, counts, schemes, prior)
        refused = _unresolved(error, separation)
        if refused is not None:
            ratios, error = None, None
    no_mle = _no_mle(population, counts)
    return GaussianAdvice(features, separation, ratios, error, no_mle, refused)


def _too_few(least: int, d: int) -> str | None:
    if least > d:
        return None
    rows = "1 row" if least == 1 else f"{least:,} rows"
    return (
        f"an undersample keeps {rows} a class, fewer than the {d + 1:,} parameters of a class, and "
        "the first-order ratio does not apply"
    )


def _unresolved(error: float, separation: float) -> str | None:
    if math.isfinite(error):
        return None
    return (
        f"at separation {separation:g} quadrature does not find the moments of so many parameters "
        f"to {100 * _TOLERANCE:.0f} %"
    )


def _ratios(
    population: Gaussian,
    counts: IntArray,
    schemes: Mapping[str, Scheme],
    prior: tuple[float, ...] | None,
) -> tuple[dict[str, float], float]:
    """Mean ratios of two rules, and the largest error relative to its ratio."""
    p = (population.n_classes - 1) * (1 + population.n_features)
    if population.n_classes * p**2 * 64 > _RULE_WORK:
        return {}, math.inf
    theta = population.theta(prior)
    both = [theory.moments(rule, theta, prior) for rule in _rules(population, p)]
    trace = np.array([_traces(m) for m in both])
    if not (trace > 0).all():
        return {}, math.inf
    ratios = {
        name: float(np.mean([theory.variance_ratio(counts, scheme, m) for m in both]))
        for name, scheme in schemes.items()
    }
    # Errors of the classes are added, not netted: two rules may agree on a ratio by chance.
    wrong = np.abs(trace[0] - trace[1]) / trace.mean(axis=0)
    share = theory.budget(counts, prior, trace.mean(axis=0)).share
    errors = [
        float((share * np.abs(1 + scheme.moments(counts).cv2 - ratios[name]) * wrong).sum())
        for name, scheme in schemes.items()
    ]
    relative = max(e / r for e, r in zip(errors, ratios.values(), strict=True))
    return ratios, max(errors) if relative <= _TOLERANCE else math.inf


def _rules(population: Gaussian, parameters: int) -> list[list[Rule]]:
    d = population.n_features
    if d in _ORDERS:
        return [population.rule(order) for order in _ORDERS[d]]
    allowed = _RULE_WORK / (population.n_classes * parameters**2)
    size = min(_POINTS, 2 ** int(math.log2(allowed)))
    streams = np.random.SeedSequence(_SEED).spawn(2)
    return [population.sobol(size, np.random.default_rng(stream)) for stream in streams]


def _traces(m: theory.Moments) -> FloatArray:
    """tr(A^-1 V_k) (K,); NaN where the Hessian is singular to rounding."""
    if np.linalg.cond(m.hessian) > 1e12:
        return np.full(len(m.score_mean), np.nan)
    inverse = np.linalg.inv(m.hessian)
    return np.asarray((inverse * m.score_cov).sum(axis=(1, 2)))


def _no_mle(population: Gaussian, counts: IntArray) -> dict[str, NoMLE | None]:
    """P(no MLE) of class weights and of the undersample, in the same data sets.

    The first m rows of a class are its undersample, for rows are alike. A unique maximum for some
    rows of every class is one for more of them: a direction that separates all rows separates
    those, or ties them all and is no direction. So only data sets whose undersample fails are
    fitted in full, and classes cut short can only fail more often.
    """
    K, d = population.n_classes, population.n_features
    if counts.sum(dtype=float) <= 1 + d:
        return {name: NoMLE(1.0, 0.0, 0, False) for name in ("class weights", "undersample")}
    columns = (K - 1) ** 2 * (1 + d)
    full = np.minimum(counts, _cap(counts, columns))
    if full.sum() * columns > _LARGEST:
        return {"class weights": None, "undersample": None}
    kept = np.full_like(full, full.min())
    work = np.array([kept.sum(), full.sum()]) * columns / _EASY
    failed, drawn = _failures(population, kept, full, work)
    cut = full.min() < counts.min(), (full < counts).any()
    under, weights = (_estimate(int(f), drawn, bool(c)) for f, c in zip(failed, cut, strict=True))
    return {"class weights": weights, "undersample": under}


def _failures(
    population: Gaussian, kept: IntArray, full: IntArray, work: FloatArray
) -> tuple[IntArray, int]:
    """How many data sets (of kept rows, of all) fail, and of how many.

    The first block tells how many more to draw: programmes of all rows are what takes time.
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
    """Most rows a class for which the programme of all rows stays below the largest size."""
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
    """None where a cut says nothing; a cut that never failed is no cut."""
    if cut and failures == replications:
        return None
    p = (failures + 0.5) / (replications + 1)
    mcse = math.sqrt(p * (1 - p) / replications)
    return NoMLE(failures / replications, mcse, replications, cut and failures > 0)
