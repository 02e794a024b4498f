"""Limits of fits with many features, and their comparison with observations."""

from functools import lru_cache

import numpy as np
from common import entries
from kept import kept

from mlbalance.methods import Method
from mlbalance.populations import Logits
from mlbalance.simulation import Comparison, Summary, compare
from mlbalance.theory.proportional import Mixture, limit_of, solve
from simulations._limits import Limits, described


def limit(mixture: Mixture, counts, n_features: float, method: Method) -> Logits:
    """Distribution of a new row's logits under a method, its correction included."""
    counts = tuple(np.asarray(counts).tolist())
    solution = _solved(mixture, counts, n_features, method.scheme, method.ridge)
    return limit_of(method, mixture, counts, n_features, solution=solution)


@lru_cache(maxsize=4096)
def _solved(mixture: Mixture, counts: tuple, n_features: float, scheme, ridge: float):
    """Cached, since methods may differ in their correction only."""
    return solve(mixture, counts, n_features, scheme, ridge=ridge)


_mixture = lru_cache(Mixture.of)


@lru_cache(maxsize=4096)
@kept
def predicted(source, method: Method) -> dict[str, float]:
    """Measures of `Limits` of a method on a source, by name."""
    population, counts = source.population, np.array(source.counts)
    logits = limit(_mixture(population), counts, population.n_features, method)
    return dict(zip(Limits.columns, described(logits, counts), strict=True))


def compared(study, rows: Summary) -> list[Comparison]:
    """Comparisons of all measures of `Limits`, by method and cell."""
    return [
        compare(row, predicted(cell.source, method)[row.estimand])
        for row, cell, method in entries(study, rows, metric="mean")
    ]
