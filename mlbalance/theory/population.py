"""Moments of a population at its own optimum, with a reported error.

Sums run over points that the classes share: of the points of all classes, one with densities f_k
counts for class k by f_k / sum_l f_l. A class then meets the others' points as often as its own,
and its tails, where its score is large, are not left to few points. The true coefficients of a
correctly specified model are the optimum of every such rule, to rounding.

Letters: M points, K classes, q = 1 + d, p = (K - 1) q contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import DataError, FloatArray, InputError, as_prior
from mlbalance.populations import Discrete, Gaussian, Rule
from mlbalance.theory.moments import Moments

__all__ = ["PopulationMoments", "population_moments"]

_SEED = 20
_SCRAMBLINGS = 8
_FIRST, _LARGEST = 2**9, 2**16  # points per class of the first Sobol rule, and of the last
_WORK = 2**33  # multiplications that one rule may take
_ORDERS = {1: (32, 64, 128, 256), 2: (16, 32, 64, 128), 3: (12, 24, 48)}  # of tensor rules
_CHUNK = 2**18  # products of pairs that stay in the cache


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
    problem = _Problem.of(population, tau, ridge)
    if isinstance(population, Discrete):
        theta, m = problem.solved(population.points, population.masses, None)
        return PopulationMoments(m, theta, 0.0, "exact", len(population.points))
    found = []
    if population.n_features in _ORDERS:
        found.append(_by_gauss(problem, population, rtol))
    if not found or found[0].error > rtol:
        found.append(_by_sobol(problem, population, rtol, rng or np.random.default_rng(_SEED)))
    return min(found, key=lambda one: one.error)


@dataclass(frozen=True)
class _Problem:
    """Risk at a prior with a ridge; points are (M, d), the classes' masses of them (K, M)."""

    tau: FloatArray
    ridge: npt.ArrayLike
    penalty: FloatArray
    """(K, q, K, q) Hessian of the penalty."""

    @staticmethod
    def of(population: Gaussian | Discrete, tau: FloatArray, ridge: npt.ArrayLike) -> _Problem:
        # At a row of zeros the loss has no curvature in slopes, and the penalty none elsewhere.
        theta = np.zeros((tau.size, 1 + population.n_features))
        row = np.zeros((1, population.n_features))
        with_ridge, without = (softmax.hessian(theta, row, [0], ridge=r) for r in (ridge, 0.0))
        return _Problem(tau, ridge, with_ridge - without)

    def solved(
        self, points: FloatArray, masses: FloatArray, start: FloatArray | None, tol: float = 0.0
    ) -> tuple[FloatArray, Moments]:
        """Optimum (K, q) and the moments there, by Newton steps from a start near it.

        Relative to the covariance what is left of the way is of the order of `tol`.
        """
        theta = self._fit(points, masses) if start is None else start
        for _ in range(20):
            mean, (A,) = _sums(theta, points, masses, self.tau, classes=False)
            gradient = self.tau @ mean + np.tensordot(self.penalty, theta, axes=2)[1:].ravel()
            step = np.linalg.solve(A + self._curvature(), gradient)
            if gradient @ step <= tol**2:
                return theta, self._moments(theta, points, masses)
            theta = theta - np.vstack([np.zeros(theta.shape[1]), step.reshape(len(theta) - 1, -1)])
            theta = theta - theta.mean(axis=0)
            if gradient @ step < 1e-16:  # the error is squared: after this step it is rounding
                tol = np.inf
        raise DataError("The optimum of the population was not found. Rescale the features.")

    def _moments(self, theta: FloatArray, points: FloatArray, masses: FloatArray) -> Moments:
        mean, (A, *second) = _sums(theta, points, masses, self.tau, classes=True)
        V = np.stack(second) - mean[:, :, None] * mean[:, None, :]
        return Moments(A + self._curvature(), mean, V, self.tau)

    def _curvature(self) -> FloatArray:
        """(p, p) of the penalty in contrasts."""
        size = self.penalty[1:, :, 0, 0].size
        return self.penalty[1:, :, 1:, :].reshape(size, size)

    def _fit(self, points: FloatArray, masses: FloatArray) -> FloatArray:
        y = np.repeat(np.arange(self.tau.size), len(points))
        X = np.tile(points, (self.tau.size, 1))
        weights = (self.tau[:, None] * masses).ravel()
        fit = softmax.fit(X, y, weights, n_classes=self.tau.size, ridge=self.ridge)
        if fit.status in ("max-iter", "undecided"):
            raise DataError("The classes hardly overlap, and no optimum was found. Use a ridge.")
        if not fit.converged:
            raise DataError(f"The population has no optimum. {softmax.STATUS[fit.status]}")
        return fit.theta


def _sums(
    theta: FloatArray, points: FloatArray, masses: FloatArray, tau: FloatArray, *, classes: bool
) -> tuple[FloatArray, FloatArray]:
    """Mean score (K, p) of every class, and second moments (p, p): A, and those of the classes.

    A second moment is of products u_ab z_i z_j with z = (1, x), u_ab that of two residuals or a
    covariance of indicators: one product of two matrices with a column for each pair, less than
    half of that with all p scores.
    """
    (K, q), C = theta.shape, len(theta) - 1
    a, b = np.triu_indices(C)
    others = (1.0 - np.eye(K))[1:]
    rows = K + 1 if classes else 1
    mean, second = np.zeros((K, C, q)), np.zeros((rows * a.size, q * (q + 1) // 2))
    length = max(128, _CHUNK // (K * a.size))
    for first in range(0, len(points), length):
        part = slice(first, first + length)
        z = np.vstack([np.ones(len(points[part])), points[part].T])
        p, mass = np.exp(softmax.log_probabilities(theta @ z, axis=0)), masses[:, part]
        products = np.empty((rows, a.size, z.shape[1]))
        weighted = p[1:] * (tau @ mass)
        products[0] = -weighted[a] * p[1:][b]
        products[0, a == b] = weighted * (others @ p)
        for k in range(K):
            r = p[1:].copy()
            if k:
                r[k - 1] -= 1
            weighted = r * mass[k]
            mean[k] += weighted @ z.T
            if classes:
                np.multiply(weighted[a], r[b], out=products[k + 1])
        second += _paired(products.reshape(-1, z.shape[1]), z)
    return mean.reshape(K, C * q), _unpacked(second, C, q)


def _paired(products: FloatArray, z: FloatArray) -> FloatArray:
    """Sums over points of products (n, M) times z_i z_j, (n, q(q + 1)/2), i <= j."""
    i, j = np.triu_indices(len(z))
    if len(products) < len(z):
        return ((products[:, None] * z) @ z.T)[:, i, j]
    return products @ np.ascontiguousarray((z[i] * z[j]).T)


def _unpacked(second: FloatArray, C: int, q: int) -> FloatArray:
    """Matrices (n, p, p) from their pairs a <= b of classes and i <= j of features."""
    (a, b), (i, j) = np.triu_indices(C), np.triu_indices(q)
    square = np.empty((len(second) // a.size, a.size, q, q))
    square[..., i, j] = square[..., j, i] = second.reshape(-1, a.size, i.size)
    full = np.empty((len(square), C, C, q, q))
    full[:, a, b] = full[:, b, a] = square
    return full.swapaxes(2, 3).reshape(-1, C * q, C * q)


def _by_gauss(problem: _Problem, population: Gaussian, rtol: float) -> PopulationMoments:
    first, *more = _ORDERS[population.n_features]
    theta, m = problem.solved(*_shared(population, population.rule(first)), None)
    for order in more:
        before, (points, masses) = m, _shared(population, population.rule(order))
        theta, m = problem.solved(points, masses, theta)
        error = _distance(before, m)
        if error <= rtol:
            break
    return PopulationMoments(m, theta, error, "gauss", len(points))


def _by_sobol(
    problem: _Problem, population: Gaussian, rtol: float, rng: np.random.Generator
) -> PopulationMoments:
    largest, size, start = _largest(population), _FIRST, None
    while True:
        size, runs = min(size, largest), []
        for _ in range(_SCRAMBLINGS):
            points, masses = _shared(population, population.sobol(size, rng))
            runs.append(problem.solved(points, masses, start, rtol / 100))
            start = runs[-1][0]
        found = [m for _, m in runs]
        error = _standard_error(found)
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


def _shared(population: Gaussian, rule: list[Rule]) -> tuple[FloatArray, FloatArray]:
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


def _norms(parts: FloatArray, whole: FloatArray) -> FloatArray:
    nuclear = np.abs(np.linalg.eigvalsh((parts + np.swapaxes(parts, -1, -2)) / 2)).sum(axis=-1)
    return np.asarray(nuclear / np.trace(whole, axis1=-2, axis2=-1))


def _distance(before: Moments, after: Moments) -> float:
    one, other = _parts([before, after])
    return float(_norms(one - other, other).max())


def _standard_error(runs: list[Moments]) -> float:
    parts, R = _parts(runs), len(runs)
    mean = parts.mean(axis=0)
    return float(np.sqrt((_norms(parts - mean, mean) ** 2).sum(axis=0) / (R * (R - 1))).max())
