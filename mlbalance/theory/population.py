"""Moments of a population at its own optimum, with a reported error.

Sums run over points that the classes share: of the points of all classes, one with densities f_k
counts for class k by f_k / sum_l f_l. A class then meets the others' points as often as its own,
and its tails, where its score is large, are not left to few points. The true coefficients of a
correctly specified model are the optimum of every such rule, to rounding.

Of Gaussian classes with one covariance only the features in which the means differ are integrated
over: the others are noise, independent of them and of the class, with known moments.

Letters: M points, K classes, q = 1 + d, p = (K - 1) q contrasts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray, InputError, as_prior
from mlbalance.populations import Discrete, Gaussian, Rule
from mlbalance.theory.moments import Moments
from mlbalance.theory.optimum import APART, PopulationRisk

__all__ = ["PopulationMoments", "population_moments"]

_SEED = 20
_SCRAMBLINGS = 8
_FIRST, _LARGEST = 2**9, 2**16  # points per class of the first Sobol rule, and of the last
_WORK = 2**33  # multiplications that one rule may take
_ORDERS = {1: (32, 64, 128, 256), 2: (16, 32, 64, 128), 3: (12, 24, 48)}  # of tensor rules
_LOST = 0.5  # relative error of what is not known at all


class PopulationMoments(NamedTuple):
    """Moments of a population at its optimum, and their error."""

    moments: Moments
    """At `theta` and the prior asked for."""
    theta: FloatArray
    """(K, 1 + d), minimiser of the (penalised) risk, summing to zero over classes."""
    error: float
    """Relative error of the covariance. Of class k's part C_k = A^-1 V_k A^-1 it is the nuclear
    norm of its error over its trace, both in the metric of A, which no scaling of features
    changes; the largest over classes, which the covariance and the excess risk of no scheme with
    fixed totals exceed. One standard error, over independent scramblings, for "sobol"; the
    change since the rule before, of half as many nodes per axis, for "gauss"; zero for "exact"."""
    method: str
    """"exact", "gauss" or "sobol"."""
    points: int
    """Points the sums run over, of all classes and scramblings."""


def population_moments(
    population: Gaussian | Discrete,
    prior: npt.ArrayLike | None = None,
    *,
    ridge: npt.ArrayLike = 0.0,
    rtol: float = 1e-3,
    rng: np.random.Generator | None = None,
) -> PopulationMoments:
    """Moments for `covariance` at the optimum of a population, which is found too.

    Sums are exact for `Discrete` populations. For Gaussian ones of up to three features they run
    over tensor Gauss rules; for more, or where these do not reach `rtol`, over scrambled Sobol
    points, ever more of them until the error is at most `rtol` or the largest rule is reached: the
    error says which. A known offset (K,) moves the intercepts of the optimum by minus itself and
    the moments not at all.

    Parameters
    ----------
    population : Gaussian or Discrete
    prior : array (K,), optional
        Target prior tau; uniform by default.
    ridge : float or array
        On the mean-loss scale of `softmax.fit`.
    rtol : float
        Relative error asked for, between 0 and 1.
    rng : numpy.random.Generator, optional
        Source of the scramblings; by default they are the same in every call.

    Returns
    -------
    PopulationMoments

    Raises
    ------
    PriorError, InputError
        For a prior that is not one positive probability per class, an rtol outside (0, 1), or a
        problem too large for a rule.
    DataError
        Where the population has no optimum.
    """
    tau = as_prior(prior, population.n_classes)
    if not 0 < rtol < 1:
        raise InputError(f"A relative error lies between 0 and 1; rtol = {rtol} was given.")
    if isinstance(population, Discrete):
        risk = PopulationRisk.of(population, tau, ridge)
        theta, m = risk.solve(population.points, population.masses, None)
        return PopulationMoments(m, theta, 0.0, "exact", len(population.points))
    if population.covariance.ndim == 3 or np.any(ridge):
        risk = PopulationRisk.of(population, tau, ridge)
        return _integrate(risk, population, 0, None, rtol, rng)
    # The model is correctly specified: its coefficients are known, and features across the means
    # are independent noise, whose part of the moments is that of the intercepts.
    signal, T = _signal(population)
    noise = population.n_features - signal.n_features
    risk = PopulationRisk.of(signal, tau, ridge)
    found = _integrate(risk, signal, noise, signal.theta(tau), rtol, rng)
    if not noise:
        return found
    m = _with_noise(found.moments, T)
    return found._replace(moments=m, theta=population.theta(tau))


def _integrate(
    risk: PopulationRisk,
    population: Gaussian,
    noise: int,
    start: FloatArray | None,
    rtol: float,
    rng: np.random.Generator | None,
) -> PopulationMoments:
    """Moments by a rule; the error counts `noise` features beyond those of the population."""
    found = []
    if population.n_features in _ORDERS:
        found.append(_by_gauss(risk, population, noise, start, rtol))
    if not found or found[0].error > rtol:
        source = rng or np.random.default_rng(_SEED)
        found.append(_by_sobol(risk, population, noise, start, rtol, source))
    best = min(found, key=lambda one: one.error)
    if not best.error < _LOST:
        raise DataError(APART)
    return best


def _signal(population: Gaussian) -> tuple[Gaussian, FloatArray]:
    """Classes in as many features as their means span, and T (1 + d, 1 + d) with (1, x) = T (1, u).

    The u are white and the first of them those features; the population itself, and the identity,
    where the means span all features.
    """
    d = population.n_features
    root, centre = np.linalg.cholesky(population.covariance), population.means.mean(axis=0)
    white = np.linalg.solve(root, (population.means - centre).T).T
    sizes, basis = np.linalg.svd(white)[1:]
    rank = max(int((sizes > 1e-12 * sizes.max(initial=0.0)).sum()), 1)
    if rank == d:
        return population, np.eye(1 + d)
    T = np.eye(1 + d)
    T[1:, 0], T[1:, 1:] = centre, root @ basis.T
    return Gaussian(white @ basis[:rank].T, np.eye(rank)), T


def _with_noise(m: Moments, T: FloatArray) -> Moments:
    """Moments in features T u, of which u beyond those of `m` are standard normal noise."""
    C, K, full = len(m.prior) - 1, len(m.prior), len(T)
    q = len(m.hessian) // C

    def widen(matrices: FloatArray, of_noise: FloatArray) -> FloatArray:
        out = np.zeros((len(matrices), C, C, full, full))
        out[..., :q, :q] = matrices.reshape(-1, C, q, C, q).swapaxes(2, 3)
        out[..., range(q, full), range(q, full)] = of_noise[..., None]
        return (T @ out @ T.T).swapaxes(2, 3).reshape(-1, C * full, C * full)

    noise = _of_noise(m)
    mean = m.score_mean.reshape(K, C, q) @ T[:, :q].T
    A, V = widen(m.hessian[None], noise.hessian[None]), widen(m.score_cov, noise.score_cov)
    return Moments(A[0], mean.reshape(K, -1), V, m.prior)


def _of_noise(m: Moments) -> Moments:
    """Moments of the slopes of one more feature, standard normal and independent of all else."""
    K, at = len(m.prior), slice(None, None, len(m.hessian) // (len(m.prior) - 1))
    mean = m.score_mean[:, at]
    second = m.score_cov[:, at, at] + mean[:, :, None] * mean[:, None, :]
    return Moments(m.hessian[at, at], np.zeros((K, K - 1)), second, m.prior)


def _by_gauss(
    risk: PopulationRisk,
    population: Gaussian,
    noise: int,
    start: FloatArray | None,
    rtol: float,
) -> PopulationMoments:
    first, *more = _ORDERS[population.n_features]
    theta, m = risk.solve(*_share_points(population, population.rule(first)), start)
    for order in more:
        before, (points, masses) = m, _share_points(population, population.rule(order))
        theta, m = risk.solve(points, masses, theta)
        error = _distance(before, m, noise)
        if error <= rtol:
            break
    return PopulationMoments(m, theta, error, "gauss", len(points))


def _by_sobol(
    risk: PopulationRisk,
    population: Gaussian,
    noise: int,
    start: FloatArray | None,
    rtol: float,
    rng: np.random.Generator,
) -> PopulationMoments:
    largest, size = _largest(population), _FIRST
    while True:
        size, runs = min(size, largest), []
        for _ in range(_SCRAMBLINGS):
            points, masses = _share_points(population, population.sobol(size, rng))
            runs.append(risk.solve(points, masses, start, rtol / 100))
            start = runs[-1][0]
        found = [m for _, m in runs]
        error = _standard_error(found, noise)
        if error <= rtol or size >= largest:
            break
        # Errors fall a little slower than 1/size: aim at half of what is allowed.
        size *= 2 ** int(np.ceil(np.log2(2 * error / rtol)))
    mean = [np.mean(parts, axis=0) for parts in zip(*found, strict=True)]
    theta = np.mean([theta for theta, _ in runs], axis=0)
    points_used = _SCRAMBLINGS * size * population.n_classes
    return PopulationMoments(Moments(*mean), theta, error, "sobol", points_used)


def _largest(population: Gaussian) -> int:
    """Points per class that the work allows, a power of two."""
    K, q = population.n_classes, 1 + population.n_features
    one = K * K * (K * (K - 1) // 2) * (q * (q + 1) // 2)
    allowed = _WORK // one
    if allowed < _FIRST:
        raise InputError(
            f"{K} classes and {q - 1} features are too many for a Sobol rule. Use `moments` with "
            "the rule of a large sample."
        )
    return int(min(_LARGEST, 2 ** (int(allowed).bit_length() - 1)))


def _share_points(population: Gaussian, rule: list[Rule]) -> tuple[FloatArray, FloatArray]:
    """Points (M, d) of all classes, and the mass (K, M) that they have in each."""
    points = np.concatenate([r.points for r in rule])
    weights = np.concatenate([r.weights for r in rule])
    return points, _probabilities(population.logits(points)) * weights


def _probabilities(logits: FloatArray) -> FloatArray:
    """(K, M) of logits (M, K): a row for each class, which is several times as fast."""
    return np.exp(softmax.log_probabilities(np.ascontiguousarray(logits.T), axis=0))


def _parts(runs: list[Moments]) -> FloatArray:
    """A^-1 V_k A^-1 (runs, K, p, p), in the metric of the mean A."""
    root = np.linalg.cholesky(np.mean([m.hessian for m in runs], axis=0))
    turned = [np.linalg.solve(m.hessian, root).T for m in runs]
    return np.stack([t @ m.score_cov @ t.T for t, m in zip(turned, runs, strict=True)])


def _norms(away: FloatArray) -> FloatArray:
    return np.abs(np.linalg.eigvalsh((away + np.swapaxes(away, -1, -2)) / 2)).sum(axis=-1)


def _blocks(runs: list[Moments], noise: int) -> list[tuple[int, list[Moments]]]:
    """Blocks of the moments, and how often each of them is there."""
    return [(1, runs), *([(noise, [_of_noise(m) for m in runs])] if noise else [])]


def _distance(before: Moments, after: Moments, noise: int) -> float:
    away, whole = np.zeros((2, len(after.prior)))
    for times, block in _blocks([before, after], noise):
        one, other = _parts(block)
        away += times * _norms(one - other)
        whole += times * np.trace(other, axis1=-2, axis2=-1)
    return float((away / whole).max())


def _standard_error(runs: list[Moments], noise: int) -> float:
    R, K = len(runs), len(runs[0].prior)
    away, whole = np.zeros((R, K)), np.zeros(K)
    for times, block in _blocks(runs, noise):
        parts = _parts(block)
        mean = parts.mean(axis=0)
        away += times * _norms(parts - mean)
        whole += times * np.trace(mean, axis1=-2, axis2=-1)
    return float(np.sqrt(((away / whole) ** 2).sum(axis=0) / (R * (R - 1))).max())
