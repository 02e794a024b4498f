"""Quadrature of standard normal vectors: tensor Gauss-Hermite, equispaced and Sobol rules.

For polynomials and other smooth functions Gauss-Hermite nodes converge fastest. The integrands of
the proportional regime are nearly kinked where the ridge is weak: equispaced nodes then have by
far the smaller error. Beyond two or three dimensions scrambled Sobol points are better than either.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mlbalance.inputs import DataError, FloatArray, InputError
from mlbalance.populations.rules import Rule

__all__ = ["hermite", "normal_rules", "sobol"]

_LARGEST_RULE = 2**20
_GRIDS = {1: (201, 8.0), 2: (61, 7.0)}  # nodes per axis, and their reach
_POINTS = 2048
_BITS = 30
_SEED = 20


def hermite(dimension: int, order: int) -> Rule:
    """Tensor Gauss-Hermite rule of N(0, I) with `order` nodes per axis.

    It is exact for polynomials of degree up to 2 order - 1.

    Raises
    ------
    DataError
        For no node, or more than 2**20 points.
    """
    if order < 1:
        raise DataError(f"A tensor rule needs at least one node per axis; got {order}.")
    if order**dimension > _LARGEST_RULE:
        raise DataError(
            f"A tensor rule of {order} nodes in {dimension} dimensions has {order}**{dimension} "
            f"points; at most {_LARGEST_RULE} are allowed. Use sobol(size, rng)."
        )
    nodes, mass = np.polynomial.hermite_e.hermegauss(order)
    weights = _tensor(mass, dimension).prod(axis=1) / mass.sum() ** dimension
    return Rule(_tensor(nodes, dimension), weights)


def sobol(dimension: int, size: int, rng: np.random.Generator) -> Rule:
    """Randomised quasi-Monte Carlo rule of N(0, I): `size` scrambled Sobol points.

    Half of the points are the mirror images of the others, so that odd moments are exact.

    Raises
    ------
    DataError
        For a size that is not a power of two from 2 on.
    """
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    if size < 2 or size & (size - 1):
        raise DataError(f"A Sobol rule needs a power of two points from 2 on; got {size}.")
    # Points lie on a grid that holds zero, where the quantile is infinite: take cell centres.
    half = ndtri(Sobol(dimension, bits=_BITS, rng=rng).random(size // 2) + 0.5**_BITS / 2)
    return Rule(np.concatenate([half, -half]), np.full(size, 1.0 / size))


def normal_rules(
    dimension: int, nodes: int | None = None, rng: np.random.Generator | None = None
) -> tuple[Rule, Rule]:
    """Two rules of N(0, I) of the same accuracy, whose difference tells their error.

    Equispaced grids in one and two dimensions, the second moved by half a step; beyond, two
    scramblings of Sobol points, linearly mapped to mean zero and identity covariance.

    Parameters
    ----------
    dimension : int
    nodes : int, optional
        Nodes per axis of a grid (201 in one dimension, 61 in two, by default), or Sobol points
        (2048 by default).
    rng : numpy.random.Generator, optional
        Source of the scramblings; by default they are the same in every call.

    Returns
    -------
    tuple of two Rule

    Raises
    ------
    InputError
        For fewer than three nodes per axis, or Sobol points that are fewer than four per dimension
        or no power of two.
    """
    if rng is None:
        return _shared(dimension, nodes)
    return _rules(dimension, nodes, rng)


@lru_cache(maxsize=16)
def _shared(dimension: int, nodes: int | None) -> tuple[Rule, Rule]:
    rules = _rules(dimension, nodes, np.random.default_rng(_SEED))
    for array in (*rules[0], *rules[1]):
        array.setflags(write=False)
    return rules


def _rules(dimension: int, nodes: int | None, rng: np.random.Generator) -> tuple[Rule, Rule]:
    if dimension in _GRIDS:
        size, reach = _GRIDS[dimension]
        size = size if nodes is None else nodes
        if size < 3:
            raise InputError(f"A grid needs at least three nodes per axis; got {size}.")
        return _grid(dimension, size, reach, 0.0), _grid(dimension, size, reach, 0.5)
    size = _POINTS if nodes is None else nodes
    if size < 4 * dimension or size & (size - 1):
        raise InputError(
            f"A Sobol rule in {dimension} dimensions needs a power of two points, at least "
            f"{4 * dimension}; got {size}."
        )
    return _standardised(sobol(dimension, size, rng)), _standardised(sobol(dimension, size, rng))


def _grid(dimension: int, size: int, reach: float, shift: float) -> Rule:
    step = 2 * reach / (size - 1)
    points = _tensor(np.linspace(-reach, reach, size) + shift * step, dimension)
    weights = np.exp(-0.5 * (points**2).sum(axis=1))
    inside = weights > np.exp(-0.5 * (reach + step) ** 2)  # corners of a square weigh nothing
    return Rule(points[inside], weights[inside] / weights[inside].sum())


def _standardised(rule: Rule) -> Rule:
    """Points of equal weight and mean zero, mapped to identity covariance."""
    across = rule.points.T
    root = np.linalg.cholesky(across @ across.T / rule.weights.size)
    return Rule(np.linalg.solve(root, across).T, rule.weights)


def _tensor(values: FloatArray, dimension: int) -> FloatArray:
    """Every combination of one value per axis (values.size**dimension, dimension)."""
    return np.stack(np.meshgrid(*[values] * dimension, indexing="ij"), axis=-1).reshape(
        -1, dimension
    )
