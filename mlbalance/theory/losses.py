"""Focal loss and margins by class (LDAM): log-odds of their logits, and optima for two Gaussians.

Both are losses of the own margin: l_k(m) of class k, m = t in class 1 and -t in class 0, t the
logit of class 1 against class 0. Their fits are M-estimators: to first order the covariance is that
of `covariance` with the moments given here, and `LossOptimum.bias` is the next order of the mean.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_prior
from mlbalance.populations import Gaussian
from mlbalance.schemes import ClassWeight
from mlbalance.theory.covariance import covariance
from mlbalance.theory.moments import Moments

__all__ = [
    "LossOptimum",
    "focal_log_odds",
    "focal_optimum",
    "focal_slope",
    "margin_log_odds",
    "margin_optimum",
    "margin_threshold",
]

_NODES = {1: 160, 2: 80}
"""Quadrature nodes per axis, by number of features."""
_STEPS = 100
_FARTHEST = 500.0
"""Logit up to which exponentials and their powers are numbers."""

Force = Callable[[Any, int], Any]
"""Function from margins, complex ones too, and a class k to -l_k'."""


class LossOptimum(NamedTuple):
    """Optimum of a loss for two classes, in contrasts of class 1 against class 0."""

    theta: FloatArray
    """(1 + d,) intercept and slopes of the logit."""
    moments: Moments
    """There, at the prior of the weights, of scores that are gradients of the loss."""
    third: FloatArray
    """(p, p, p) third derivatives of the risk."""
    turned: FloatArray
    """(K, p) covariances within classes of a row's Hessian and its Newton step, A^-1 score."""

    def bias(self, counts: npt.ArrayLike) -> FloatArray:
        """Bias of the fit with class weights at the prior, to order 1/n.

        Parameters
        ----------
        counts
            (2,) rows per class.

        Returns
        -------
        (p,) in the units of `theta`.
        """
        tau, A = self.moments.prior, self.moments.hessian
        C = covariance(self.moments, ClassWeight(prior=tuple(tau.tolist())), counts)
        own = (tau**2 / np.asarray(counts, dtype=float)) @ self.turned
        bent = np.tensordot(self.third, C, axes=2) / 2
        return np.asarray(np.linalg.solve(A, own - bent), dtype=float)


def focal_log_odds(logit: npt.ArrayLike, gamma: float) -> FloatArray:
    """Log-odds of classes whose focal risk is least at a logit (label `focal`).

    Parameters
    ----------
    logit
        t of class 1 against class 0, of any shape.
    gamma
        Exponent of the loss, from zero on.

    Returns
    -------
    Log-odds of class 1, of the same shape.
    """
    t = np.asarray(logit, dtype=float)
    return np.log(_focal(gamma)(-t, 0)) - np.log(_focal(gamma)(t, 1))


def focal_slope(gamma: float) -> float:
    """Log-odds per focal logit where classes are equally probable (label `focal`).

    Parameters
    ----------
    gamma
        Exponent of the loss, from zero on.

    Returns
    -------
    A number from one on.
    """
    two = np.log(2)
    return float(1 + gamma * (2 + (gamma - 2) * two) / (1 + gamma * two))


def margin_log_odds(logit: npt.ArrayLike, margins: npt.ArrayLike) -> FloatArray:
    """Log-odds of classes whose risk with margins is least at a logit (label `margin-losses`).

    Parameters
    ----------
    logit
        t of class 1 against class 0, of any shape.
    margins
        (2,) D_0 and D_1.

    Returns
    -------
    Log-odds of class 1, of the same shape.
    """
    t, (first, second) = np.asarray(logit, dtype=float), _as_margins(margins)
    return np.logaddexp(0, t - second) - np.logaddexp(0, -t - first)


def margin_threshold(margins: npt.ArrayLike) -> float:
    """Odds of class 1 from which margins decide for it, between 1/2 and 2 (label `margin-losses`).

    Parameters
    ----------
    margins
        (2,) D_0 and D_1.

    Returns
    -------
    (1 + exp(-D_1))/(1 + exp(-D_0)).
    """
    return float(np.exp(margin_log_odds(0.0, margins)))


def focal_optimum(
    population: Gaussian, gamma: float, prior: npt.ArrayLike | None = None
) -> LossOptimum:
    """Optimum of the focal loss for two Gaussian classes.

    Parameters
    ----------
    population
        Of one or two features.
    gamma
        Exponent of the loss, from zero on; zero is the log-loss.
    prior
        (2,) prior of the weights; uniform by default.

    Returns
    -------
    The optimum.

    Raises
    ------
    InputError
        For more classes, or where no optimum is found.
    """
    return _optimum(population, _focal(gamma), prior)


def margin_optimum(
    population: Gaussian, margins: npt.ArrayLike, prior: npt.ArrayLike | None = None
) -> LossOptimum:
    """Optimum of the loss with margins by class for two Gaussian classes.

    Parameters
    ----------
    population
        Of one or two features.
    margins
        (2,) D_0 and D_1.
    prior
        (2,) prior of the weights; uniform by default.

    Returns
    -------
    The optimum.

    Raises
    ------
    InputError
        For more classes, or where no optimum is found.
    """
    given = _as_margins(margins)
    return _optimum(population, lambda m, k: 1 / (1 + np.exp(m - given[k])), prior)


def _as_margins(margins: npt.ArrayLike) -> FloatArray:
    given = np.asarray(margins, dtype=float)
    if given.shape != (2,) or not np.isfinite(given).all():
        raise InputError(f"Margins are two finite numbers here; they are {margins!r}.")
    return given


def _focal(gamma: float) -> Force:
    if not 0 <= gamma < np.inf:
        raise InputError(f"A focal loss has a gamma from zero on; it is {gamma!r}.")

    def force(margin: Any, _: int) -> Any:
        away, odds = 1 / (1 + np.exp(margin)), np.exp(-margin)
        # -log(q)/(1 - q) times q is log(1 + odds)/odds.
        return away ** (1 + gamma) * (1 + gamma * np.log1p(odds) / odds)

    return force


def _optimum(population: Gaussian, force: Force, prior: npt.ArrayLike | None) -> LossOptimum:
    if population.n_classes != 2 or population.n_features > 2:
        raise InputError(
            "The optimum is that of two classes of one or two features; the population has "
            f"{population.n_classes} and {population.n_features}."
        )
    tau = as_prior(prior, 2)
    rules = population.rule(_NODES[population.n_features])
    designs = [np.column_stack([np.ones(len(r.points)), r.points]) for r in rules]
    true = population.theta(tau)
    theta = np.asarray(true[1] - true[0])
    for _ in range(_STEPS):
        if max(np.abs(Z @ theta).max() for Z in designs) > _FARTHEST:
            break
        m = _moments(designs, [r.weights for r in rules], force, theta, tau)
        gradient = tau @ m.score_mean
        step = np.linalg.solve(m.hessian, gradient)
        theta = theta - step / max(1.0, 2 * float(np.abs(step).max()))
        if np.abs(step).max() < 1e-13:
            return _with_thirds(designs, [r.weights for r in rules], force, theta, m)
    raise InputError("No optimum of the loss was found. Move the classes nearer to each other.")


def _moments(
    designs: list[FloatArray],
    masses: list[FloatArray],
    force: Force,
    theta: FloatArray,
    tau: FloatArray,
) -> Moments:
    means, covs, hessian = [], [], 0.0
    for k, (Z, mass) in enumerate(zip(designs, masses, strict=True)):
        own = 2 * k - 1
        margin = own * (Z @ theta)
        scores = -own * force(margin, k)[:, None] * Z
        means.append(mass @ scores)
        away = scores - means[-1]
        covs.append((away.T * mass) @ away)
        hessian = hessian + tau[k] * (Z.T * (mass * _bend(force, margin, k))) @ Z
    return Moments(np.asarray(hessian), np.stack(means), np.stack(covs), tau)


def _bend(force: Force, margin: FloatArray, k: int) -> FloatArray:
    """l_k'', by a complex step."""
    return np.asarray(-force(margin + 1e-30j, k).imag / 1e-30)


def _with_thirds(
    designs: list[FloatArray],
    masses: list[FloatArray],
    force: Force,
    theta: FloatArray,
    m: Moments,
) -> LossOptimum:
    third, turned, h = np.zeros((theta.size,) * 3), [], 1e-5
    for k, (Z, mass) in enumerate(zip(designs, masses, strict=True)):
        own = 2 * k - 1
        margin = own * (Z @ theta)
        scores = -own * force(margin, k)[:, None] * Z
        steps = np.linalg.solve(m.hessian, (scores - m.score_mean[k]).T).T
        along = (steps * Z).sum(axis=1)
        turned.append((mass * _bend(force, margin, k) * along) @ Z)
        change = (_bend(force, margin + h, k) - _bend(force, margin - h, k)) / (2 * h)
        third += m.prior[k] * np.einsum("n,na,nb,nc->abc", own * mass * change, Z, Z, Z)
    return LossOptimum(theta, m, third, np.stack(turned))
