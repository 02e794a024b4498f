"""Averages over the training rows of K classes, and the distribution of the fit that they imply.

A row of class k has u = P'z ~ N(M_k + b, sigma_k^2 Q) in the fit without it, and the proximal map
of this with metric sigma_k^2 V in the fit itself. Letters as in `multiclass`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from mlbalance.inputs import FloatArray
from mlbalance.populations import Rule
from mlbalance.theory.proportional.problem import Problem
from mlbalance.theory.proportional.proximal import proximal, spread

__all__ = [
    "Forces",
    "State",
    "contrasts",
    "forces",
    "responses",
    "shared_forces",
]

Kept = dict[tuple[int, int], FloatArray]
"""Proximal maps of a sweep by class and bag: the next one starts from them."""


def contrasts(n_classes: int) -> FloatArray:
    """Orthonormal P (K, K - 1) with columns that sum to zero: logits z = P u, u = P'z.

    Column j sets class j + 1 against the mean of the classes before it.
    """
    P = np.tril(np.full((n_classes, n_classes), -1.0), -1).T[:, 1:]
    sizes = np.arange(1, n_classes)
    P[sizes, sizes - 1] = sizes
    return np.asarray(P / np.sqrt(sizes * (sizes + 1.0)))


class State(NamedTuple):
    """Distribution of u: means (K, D), intercept (D,), Q (D, D); and the response V (D, D)."""

    means: FloatArray
    intercept: FloatArray
    covariance: FloatArray
    response: FloatArray

    def coordinates(self) -> FloatArray:
        """Flat and without scale: means in units of the spread of u, Q and V by `_unit_lower`."""
        whitened = np.linalg.solve(np.linalg.cholesky(self.covariance), self.means.T)
        shapes = *_unit_lower(self.covariance), *_unit_lower(self.response)
        return np.concatenate([whitened.T.ravel(), self.intercept, *shapes])

    @classmethod
    def at(cls, coordinates: FloatArray, n_classes: int) -> State:
        """Distribution with these coordinates."""
        K, D = n_classes, n_classes - 1
        ends = np.cumsum([K * D, D, D, D * (D - 1) // 2, D])
        means, intercept, *shapes = np.split(coordinates, ends)
        roots = []
        for log_size, below in (shapes[:2], shapes[2:]):
            root = np.eye(D)
            root[np.tril_indices(D, -1)] = below
            roots.append(root * np.exp(log_size / 2))
        Q, V = (root @ root.T for root in roots)
        return cls(means.reshape(K, D) @ roots[0].T, intercept, Q, V)


def _unit_lower(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Q = U diag(s) U' as log s (D,) and the entries of U below its unit diagonal."""
    root = np.linalg.cholesky(matrix)
    size = np.diagonal(root)
    return 2 * np.log(size), (root / size)[np.tril_indices(len(root), -1)]


class Forces(NamedTuple):
    """Averages over training rows."""

    force: FloatArray
    """gbar (K, D), minus the gradient of a row's weighted loss."""
    score_covariance: FloatArray
    """Q_hat (D, D)."""
    curvature: FloatArray
    """V_hat (D, D)."""
    stiffness: FloatArray
    """(D, D), minus the derivative of the total force by the intercept."""


class _Class(NamedTuple):
    """Share of rows, weight, scale, and margins B (D, D) of u, of one class."""

    share: float
    weight: float
    scale: float
    margins: FloatArray


def _classes(problem: Problem) -> Iterator[_Class]:
    P = contrasts(problem.mixture.n_classes)
    for k, given in enumerate(
        zip(problem.fractions, problem.weights, problem.mixture.scales, strict=True)
    ):
        yield _Class(*given, P[k] - np.delete(P, k, axis=0))


def forces(problem: Problem, state: State, rule: Rule, kept: Kept) -> Forces:
    """Averages over rows whose u without them has the distribution `state`."""
    (K, D), mass = state.means.shape, rule.weights
    u = np.linalg.cholesky(state.covariance) @ rule.points.T
    gbar, Q_hat, V_hat, stiffness = np.empty((K, D)), *np.zeros((3, D, D))
    for k, (share, c, sigma, B) in enumerate(_classes(problem)):
        centre, pull = state.means[k] + state.intercept, sigma**2 * B @ state.response @ B.T
        margins = B @ (centre[:, None] + sigma * u)
        kept[k, 0], p = proximal(margins, pull, c, kept.get((k, 0)))
        gbar[k] = c * B.T @ (p @ mass)
        Q_hat += share * (sigma * c) ** 2 * B.T @ ((p * mass) @ p.T) @ B
        H = share * B.T @ spread(p, pull, c, mass) @ B
        V_hat += sigma**2 * H
        stiffness += H
    return Forces(gbar, Q_hat, V_hat, stiffness)


def shared_forces(
    problem: Problem,
    state: State,
    overlap: FloatArray,
    share: FloatArray,
    gbar: FloatArray,
    rule: Rule,
    kept: Kept,
) -> FloatArray:
    """Q_hat (D, D) of two bags whose u have covariance `overlap`, with `share` (K,) rows common.

    Given their common part the two are independent; `rule` is in 3 D dimensions. About the known
    mean force `gbar` (K, D) the errors of the points are smaller.
    """
    common, *own = np.split(rule.points.T, 3)
    roots = _root(overlap), _root(state.covariance - overlap)
    u = [roots[0] @ common + roots[1] @ private for private in own]
    total = np.zeros_like(overlap)
    for k, (rho, c, sigma, B) in enumerate(_classes(problem)):
        centre, pull = state.means[k] + state.intercept, sigma**2 * B @ state.response @ B.T
        g = []
        for bag, moved in enumerate(u):
            margins = B @ (centre[:, None] + sigma * moved)
            kept[k, bag], p = proximal(margins, pull, c, kept.get((k, bag)))
            g.append(c * B.T @ p - gbar[k][:, None])
        product = (g[0] * rule.weights) @ g[1].T
        mean = (product + product.T) / 2 + np.outer(gbar[k], gbar[k])
        total += rho * share[k] * sigma**2 * mean
    return total


def _root(matrix: FloatArray) -> FloatArray:
    """Symmetric root (D, D) of the part of a matrix that has one."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def responses(
    problem: Problem, force: FloatArray, score_covariance: FloatArray, curvature: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means of u, Q and V that averages over training rows imply: gbar (K, D), Q_hat and V_hat.

    With the Q_hat of two bags, Q is their overlap. Forces balance at the solution, where the
    centre of the class means does not matter for Q.
    """
    mixture, load = problem.mixture, problem.load
    e, mass = mixture.eigenvalues[:, None, None], mixture.masses[:, None, None]
    R = problem.fractions[:, None] * force
    R = R - R.mean(axis=0)
    A = np.linalg.inv(problem.ridge * np.eye(R.shape[1]) + e * curvature)
    sources = e * (R.T @ mixture.gram @ R) + mass * e**2 * score_covariance / load
    parts = mixture.gram @ R @ A, A @ sources @ A, mass * e * A / load
    means, Q, V = (part.sum(axis=0) for part in parts)
    return means, Q, V
