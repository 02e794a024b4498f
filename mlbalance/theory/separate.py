"""A group of classes in one model with all others, or in a model of its own (`separate-model`).

Letters: K classes, S of them in the group, q = 1 + d.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance import softmax
from mlbalance.inputs import FloatArray, InputError, IntArray, as_counts, as_prior
from mlbalance.populations import Discrete, Gaussian, Rule, stack
from mlbalance.schemes import ClassWeight
from mlbalance.theory.covariance import covariance
from mlbalance.theory.population import population_moments

__all__ = ["SeparateModel", "first_stage_loss", "part_of", "separate_model"]


class SeparateModel(NamedTuple):
    """Covariances of the contrasts of a group's classes against its first, class-major."""

    joint: FloatArray
    """((S - 1) q, (S - 1) q) in the fit of all rows."""
    alone: FloatArray
    """The same in the fit of the group's rows."""


def separate_model(
    population: Gaussian | Discrete,
    counts: npt.ArrayLike,
    group: Sequence[int],
    prior: npt.ArrayLike | None = None,
) -> SeparateModel:
    """First-order covariances of a group's contrasts in two weighted fits.

    Each is at its own optimum, the same contrasts for a correctly specified model (label
    `separate-model`). The group has the prior tau_k over its sum in the group.

    Parameters
    ----------
    population : Gaussian or Discrete
    counts : array (K,)
        Rows per class.
    group : sequence of int
        Numbers of the classes of the group, in their order.
    prior : array (K,), optional
        Target prior tau, with weights tau_k/n_k; uniform by default, the shares of the rows for
        unweighted fits.

    Returns
    -------
    SeparateModel

    Raises
    ------
    CountsError, PriorError, InputError
        For counts or a prior that do not fit, or a group of fewer than two classes or of others.
    """
    n_k = as_counts(counts, "A covariance")
    tau, of = as_prior(prior, n_k.size), _group(group, n_k.size)
    q, own = 1 + population.n_features, tau[of] / tau[of].sum()
    all_rows = _covariance(population, n_k, tau).reshape(n_k.size - 1, q, -1, q)
    whole = np.zeros((n_k.size, q, n_k.size, q))
    whole[1:, :, 1:] = all_rows
    inside = whole[of][:, :, of]
    against = inside - inside[:1] - inside[:, :, :1] + inside[:1, :, :1]
    size = (of.size - 1) * q
    return SeparateModel(
        against[1:, :, 1:].reshape(size, size), _covariance(part_of(population, of), n_k[of], own)
    )


def part_of(population: Gaussian | Discrete, group: npt.ArrayLike) -> Gaussian | Discrete:
    """Population of some of the classes.

    Parameters
    ----------
    population : Gaussian or Discrete
    group : array of int
        Numbers of the classes.

    Returns
    -------
    Gaussian or Discrete
        Of these classes, in this order.
    """
    of = np.asarray(group)
    if isinstance(population, Discrete):
        masses = population.masses[of]
        there = masses.any(axis=0)
        return Discrete(population.points[there], masses[:, there])
    covariance = population.covariance
    return Gaussian(population.means[of], covariance[of] if covariance.ndim == 3 else covariance)


def first_stage_loss(
    rule: Sequence[Rule], group: Sequence[int], prior: npt.ArrayLike | None = None
) -> float:
    """Log-loss that a linear model of the group against the others adds to that of one model.

    The least log-loss of a softmax with the group as one class, less the log-loss of the
    probabilities which the least one for all classes gives to the group and the others.

    Parameters
    ----------
    rule : sequence of Rule
        One per class.
    group : sequence of int
        Numbers of its classes.
    prior : array (K,), optional
        Target prior tau; uniform by default.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    PriorError, InputError
        For a prior that does not fit, or a group of fewer than two classes or of others.
    """
    K = len(rule)
    of = _group(group, K)
    X, y, weights = stack(list(rule), as_prior(prior, K))
    merged = np.full(K, K - of.size)
    merged[np.delete(np.arange(K), of)] = np.arange(K - of.size)
    first = softmax.fit(X, merged[y], weights)
    theta = softmax.fit(X, y, weights).theta
    p = np.exp(softmax.log_probabilities(theta[:, 0] + X @ theta[:, 1:].T))
    of_class = p @ np.eye(K - of.size + 1)[merged]
    best = -weights @ np.log(of_class[np.arange(y.size), merged[y]])
    return float(softmax.loss(first.theta, X, merged[y], weights) - best)


def _covariance(population: Gaussian | Discrete, n_k: IntArray, tau: FloatArray) -> FloatArray:
    scheme = ClassWeight(prior=tuple(tau.tolist()))
    return covariance(population_moments(population, tau).moments, scheme, n_k)


def _group(given: Sequence[int], n_classes: int) -> IntArray:
    of = np.unique(np.asarray(given, dtype=np.int64))
    if not 1 < of.size < n_classes or of[0] < 0 or of[-1] >= n_classes:
        raise InputError(
            f"A group is two or more of the classes 0..{n_classes - 1}, and not all of them; "
            f"{list(given)} was given."
        )
    return of
