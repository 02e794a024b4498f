"""Rules for expectations over standard normal vectors, in pairs whose difference is their error.

Integrands are smooth but nearly kinked where the ridge is weak: equispaced nodes then beat Gauss
ones by far, and beyond two dimensions scrambled Sobol points do.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mlbalance.inputs import InputError
from mlbalance.populations import Rule

__all__ = ["normal_rules"]

_GRIDS = {1: (201, 8.0), 2: (61, 7.0)}  # nodes an axis, and their reach
_POINTS = 2048
_BITS = 30
_SEED = 20


def normal_rules(
    dimension: int, nodes: int | None = None, rng: np.random.Generator | None = None
) -> tuple[Rule, Rule]:
    """Two rules of N(0, I), points (dimension, N) and weights (N,), alike but for their error.

    Equispaced grids in one and two dimensions, `nodes` an axis, the second one moved by half a
    step; beyond, two scramblings of `nodes` Sobol points, a power of two, with their mirror images
    and moved to mean zero and identity covariance. `rng` scrambles, always alike if not given.
    Raises `InputError` for a number of nodes that is too small or no power of two.
    """
    if rng is None:
        return _kept(dimension, nodes)
    return _rules(dimension, nodes, rng)


@lru_cache(maxsize=16)
def _kept(dimension: int, nodes: int | None) -> tuple[Rule, Rule]:
    rules = _rules(dimension, nodes, np.random.default_rng(_SEED))
    for array in (*rules[0], *rules[1]):
        array.setflags(write=False)  # all callers share them
    return rules


def _rules(dimension: int, nodes: int | None, rng: np.random.Generator) -> tuple[Rule, Rule]:
    if dimension in _GRIDS:
        size, reach = _GRIDS[dimension]
        size = size if nodes is None else nodes
        if size < 3:
            raise InputError(f"A grid needs at least three nodes an axis; got {size}.")
        return _grid(dimension, size, reach, 0.0), _grid(dimension, size, reach, 0.5)
    size = _POINTS if nodes is None else nodes
    if size < 4 * dimension or size & (size - 1):
        raise InputError(
            f"A Sobol rule in {dimension} dimensions needs a power of two points, at least "
            f"{4 * dimension}; got {size}."
        )
    return _sobol(dimension, size, rng), _sobol(dimension, size, rng)


def _grid(dimension: int, size: int, reach: float, shift: float) -> Rule:
    step = 2 * reach / (size - 1)
    axis = np.linspace(-reach, reach, size) + shift * step
    points = np.stack(np.meshgrid(*[axis] * dimension, indexing="ij")).reshape(dimension, -1)
    weights = np.exp(-0.5 * (points**2).sum(axis=0))
    inside = weights > np.exp(-0.5 * (reach + step) ** 2)  # corners of a square weigh nothing
    return Rule(points[:, inside], weights[inside] / weights[inside].sum())


def _sobol(dimension: int, size: int, rng: np.random.Generator) -> Rule:
    from scipy.special import ndtri
    from scipy.stats.qmc import Sobol

    # Points lie on a grid that holds zero, where the quantile is infinite: take cell centres.
    half = ndtri(Sobol(dimension, bits=_BITS, rng=rng).random(size // 2) + 0.5**_BITS / 2).T
    points = np.concatenate([half, -half], axis=1)
    points = np.linalg.solve(np.linalg.cholesky(points @ points.T / size), points)
    return Rule(points, np.full(size, 1.0 / size))
