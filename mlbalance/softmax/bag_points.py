"""Points over which means of a row are taken: values of its weight, times normal ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import DataError, FloatArray, IntArray, as_floats

_NODES = 5
"""Values that stand for the distribution of a weight; means are exact to degree nine in it."""

_QUADRATURE = 15
"""Gauss-Hermite nodes of the spread over bags, two classes."""


def as_distribution(values: npt.ArrayLike, chances: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Values with a chance and their chances; raises `DataError` for no distribution of weights."""
    wanted = "Weights of a class are values from zero on and as many probabilities that sum to one"
    v, p = as_floats(values, DataError, wanted), as_floats(chances, DataError, wanted)
    sound = v.ndim == 1 and v.shape == p.shape and (v >= 0).all() and (p >= 0).all()
    if not (sound and v.size and np.isfinite(v).all() and abs(p.sum() - 1) < 1e-9 and p @ v > 0):
        raise DataError(f"{wanted}; they are {values!r} and {chances!r}.")
    return v[p > 0], p[p > 0] / p.sum()


def compress(values: FloatArray, chances: FloatArray) -> tuple[FloatArray, FloatArray]:
    """At most `_NODES` values with the first moments of a distribution: its Gauss rule."""
    if values.size <= _NODES:
        return values, chances
    centre = chances @ values
    v = values - centre
    size = np.abs(v).max()
    v = v / size
    basis, before, offs = np.ones_like(v), np.zeros_like(v), 0.0
    jacobi = np.zeros((_NODES, _NODES))
    for j in range(_NODES):
        jacobi[j, j] = chances @ (v * basis**2)
        following = (v - jacobi[j, j]) * basis - offs * before
        offs = np.sqrt(chances @ following**2)
        if j + 1 < _NODES:
            jacobi[j, j + 1] = jacobi[j + 1, j] = offs
            before, basis = basis, following / offs
    nodes, vectors = np.linalg.eigh(jacobi)
    return np.maximum(centre + size * nodes, 0.0), vectors[0] ** 2


def points_of(
    distributions: list[tuple[FloatArray, FloatArray]], codes: IntArray, rule: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weight and mass (n, T) of the points: values above zero by classes, times a rule (S,)."""
    positive = [(v[v > 0], p[v > 0]) for v, p in distributions]
    most = max(v.size for v, _ in positive)
    # Where a class has fewer values a repeated one has no mass.
    weight = np.stack([np.pad(v, (0, most - v.size), mode="edge") for v, _ in positive])
    mass = np.stack([np.pad(p, (0, most - p.size)) for _, p in positive])
    of_rule = mass[:, :, None] * rule
    return (
        np.repeat(weight, rule.size, axis=1)[codes],
        of_rule.reshape(len(distributions), -1)[codes],
    )


class _Rule(NamedTuple):
    points: FloatArray
    """(n or 1, D, S)"""
    weights: FloatArray
    """(S,)"""


def normal_rule(dimension: int, n_rows: int) -> _Rule:
    """Gauss-Hermite in one dimension; beyond, a rule of degree three turned anew for every row.

    The turns are the same in every call.
    """
    if dimension == 1:
        nodes, weights = np.polynomial.hermite_e.hermegauss(_QUADRATURE)
        return _Rule(nodes[None, None, :], weights / weights.sum())
    rng = np.random.default_rng(dimension)
    turns = np.linalg.qr(rng.standard_normal((n_rows, dimension, dimension)))[0]
    points = np.sqrt(dimension) * np.concatenate([turns, -turns], axis=2)
    return _Rule(points, np.full(2 * dimension, 0.5 / dimension))


def contrasts(n_classes: int) -> FloatArray:
    """Orthonormal P (K, K - 1) with columns that sum to zero: logits P u."""
    P = np.tril(np.full((n_classes, n_classes), -1.0), -1).T[:, 1:]
    sizes = np.arange(1, n_classes)
    P[sizes, sizes - 1] = sizes
    return np.asarray(P / np.sqrt(sizes * (sizes + 1.0)))
