"""Predictions to second order, for the figures of few features."""

from functools import cache

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import as_prior
from mlbalance.populations import Discrete, Rule, stack
from mlbalance.theory import Expansion

NODES = {1: 160, 2: 48}
"""Quadrature nodes per axis, by number of features."""


@cache
def expansion(population, prior: tuple[float, ...] | None = None) -> Expansion:
    """Expansion of the risk of a population of one or two features at a prior; uniform for None."""
    rule = rule_of(population)
    tau = as_prior(prior, population.n_classes)
    return Expansion(rule, softmax.fit(*stack(rule, tau)).theta, tau)


@cache
def rule_of(population) -> list[Rule]:
    """Quadrature rule of a population."""
    if isinstance(population, Discrete):
        return population.rule()
    return population.rule(NODES[population.n_features])


def shares(counts) -> tuple[float, ...]:
    """The prior of the data."""
    return tuple((np.array(counts) / sum(counts)).tolist())
