"""Penalised softmax fits of K classes as n and d grow with n/d fixed: order parameters.

The objective is (1/n) sum_i c_{y_i} loss_i + (ridge/2) sum_k ||w_k||^2, symmetric over classes,
intercepts not penalised. A test row of class k has logits P u, u ~ N(M_k + b, sigma_k^2 Q); a
training row has the proximal map of such a u with metric sigma_k^2 V, which moves it by
sigma_k^2 V times its own force: the `self-influence`. Fixed-point equations of the leave-one-out
argument (Loureiro et al. 2021; Mignacco et al. 2020; class weights change the proximal map alone).

Letters: K classes, D = K - 1 contrasts P (K, D), J eigenspaces, load = n/d.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from mlbalance.inputs import FloatArray, InputError, as_floats
from mlbalance.populations import Rule
from mlbalance.populations.quadrature import normal_rules
from mlbalance.theory.proportional import fixed_point
from mlbalance.theory.proportional.forces import (
    Kept,
    State,
    contrasts,
    forces,
    responses,
    shared_forces,
)
from mlbalance.theory.proportional.mixture import Mixture
from mlbalance.theory.proportional.problem import Problem

__all__ = ["OrderParameters", "contrasts", "overlap", "solve"]

_MEMORY = 10
_STRONG, _WEAK = 0.1, 1e-8  # ridges between which a start is looked for
_RATIO, _LEAST, _SHORT = 10.0, 1.5, 3.0  # of one ridge to the next: at first, at last, not needed
_ROUGH, _FEW = 1e-4, 100  # tolerance and sweeps on the way to a weak ridge
# By D, 3 for more: nodes of ever larger rules, and the quadrature error that is small enough.
_RULES = {1: ((201, 801, 3201), 1e-8), 2: ((61, 121, 241), 1e-4), 3: ((2048, 8192), 1e-2)}
_UNKNOWN = 0.1  # quadrature error that is too large
_PAIRS = 4096  # points of two bags


@dataclass(frozen=True, eq=False)
class OrderParameters:
    """Limits of a fit in contrasts, w (d, D) = W P and u (D,) = w'x + b.

    M and Q are those of the direction; the intercept b is set on training rows, which have moved by
    their `self_influence`.
    """

    problem: Problem
    means: FloatArray
    """M (K, D), inner products of the class means with w."""
    intercept: FloatArray
    """b (D,)."""
    covariance: FloatArray
    """Q (D, D) = w' Sigma w: u of a new row of class k is N(M_k + b, sigma_k^2 Q)."""
    response: FloatArray
    """V (D, D), change of the u of a row per unit of force on it, at sigma = 1."""
    force: FloatArray
    """gbar (K, D), mean of minus the gradient of a training row's loss, weight included."""
    score_covariance: FloatArray
    """Q_hat (D, D), sum_k rho_k sigma_k^2 E[gg'] over training rows."""
    curvature: FloatArray
    """V_hat (D, D), sum_k rho_k sigma_k^2 E[H(I + sigma_k^2 V H)^-1]."""
    residual: float
    """Largest change in a last sweep, of coordinates without scale."""
    sweeps: int
    """Evaluations of the equations, those on the way to a start not counted."""
    converged: bool
    """Whether the residual is within the tolerance and the quadrature error within a tenth; if not,
    the arrays are NaN."""
    quadrature_error: float
    """Largest change of M + b and Q from a rule to its twin, in units of the spread of u."""

    @property
    def self_influence(self) -> FloatArray:
        """(K, D), mean u of training rows less that without them (label `self-influence`)."""
        variances = self.problem.mixture.scales[:, None] ** 2
        return np.asarray(variances * self.force @ self.response)


def solve(
    mixture: Mixture,
    fractions: npt.ArrayLike,
    weights: npt.ArrayLike,
    load: float,
    ridge: float,
    *,
    nodes: int | None = None,
    rng: np.random.Generator | None = None,
    start: OrderParameters | None = None,
    tolerance: float = 1e-10,
    max_sweeps: int = 300,
) -> OrderParameters:
    """Order parameters of a weighted, ridge-penalised softmax fit (label `self-influence`).

    Expectations are sums over the first of two `normal_rules`, the second of which gives the error.
    It never raises for want of convergence: see `converged` and `quadrature_error`.

    Parameters
    ----------
    mixture : Mixture
    fractions : array (K,)
        Shares of the classes in the rows that are fitted.
    weights : array (K,)
        c, 1 / (K fractions) for balanced ones and one for undersampled rows.
    load : float
        n/d of the rows that are fitted.
    ridge : float
        On the mean-loss scale; zero where the fit exists without.
    nodes : int, optional
        Of the rules; by default ever more until the error is small: 1e-8 for two classes, 1e-4 for
        three, 1e-2 for more, if the largest rules reach it.
    rng : numpy.random.Generator, optional
        Of Sobol rules.
    start : OrderParameters, optional
        A solution nearby, which saves sweeps.
    tolerance, max_sweeps
        As in `fixed_point.solve`.

    Returns
    -------
    OrderParameters

    Raises
    ------
    DataError, InputError
        As `Problem`, and for a start that has not converged or is of other classes.
    """
    problem = Problem(mixture, np.asarray(fractions), np.asarray(weights), load, ridge)
    D = mixture.n_classes - 1
    point = None if start is None else _given(problem, start)
    sizes, aim = _RULES[min(D, 3)]
    for size in sizes if nodes is None else (nodes,):
        rule, other = normal_rules(D, size, rng)
        point = _descend(problem, rule) if point is None else point
        found = _solve_rule(problem, rule, point, tolerance, max_sweeps)
        if not found.converged:
            break
        point = _state_of(found).coordinates()
        twin = _solve_rule(problem, other, point, tolerance, max_sweeps)
        found = replace(found, quadrature_error=_apart(found, twin))
        if found.quadrature_error <= aim:
            break
    return found if found.quadrature_error <= _UNKNOWN else _lost(found)


def overlap(
    parameters: OrderParameters,
    share: npt.ArrayLike,
    *,
    nodes: int | None = None,
    rng: np.random.Generator | None = None,
    tolerance: float = 1e-9,
) -> FloatArray:
    """Covariance Q_ab (D, D) of the u that two undersampled fits give a row, at sigma = 1.

    An average of B bags has Q / B + (1 - 1 / B) Q_ab in place of Q (label `under-bagging`).
    Source: Takahashi (2024).

    Parameters
    ----------
    parameters : OrderParameters
        Of one fit.
    share : array (K,)
        Probability that a row of one bag is in the other.
    nodes : int, optional
        Of a `normal_rules` in 3 D dimensions.
    rng : numpy.random.Generator, optional
        Of Sobol rules.
    tolerance : float
        As in `fixed_point.solve`.

    Returns
    -------
    array (D, D)
        NaN where the equations are not solved.

    Raises
    ------
    InputError
        For a share that is not one probability per class.
    """
    problem, D = parameters.problem, len(parameters.intercept)
    pi = as_floats(share, InputError, "The share of common rows is one probability per class")
    if pi.shape != (D + 1,) or not ((pi >= 0) & (pi <= 1)).all():
        raise InputError(
            f"The share of common rows is one probability for each of {D + 1} classes; "
            f"{np.asarray(share).tolist()} was given."
        )
    if not parameters.converged:
        return np.full((D, D), np.nan)
    state, gbar = _state_of(parameters), parameters.force
    rule, kept = normal_rules(3 * D, nodes or _PAIRS, rng)[0], Kept()
    root = np.linalg.cholesky(state.covariance)

    def sweep(point: FloatArray) -> FloatArray:
        common = root @ point.reshape(D, D) @ root.T
        Q_hat = shared_forces(problem, state, common, pi, gbar, rule, kept)
        found = responses(problem, gbar, Q_hat, parameters.curvature)[1]
        return np.asarray(np.linalg.solve(root, np.linalg.solve(root, found).T).ravel())

    fit = fixed_point.solve(sweep, np.diag(np.full(D, 0.5)).ravel(), tolerance=tolerance)
    if not fit.converged:
        return np.full((D, D), np.nan)
    return np.asarray(root @ fit.point.reshape(D, D) @ root.T)


@dataclass
class _Sweep:
    """One evaluation of the equations with a rule; keeps the proximal maps to start the next."""

    problem: Problem
    rule: Rule
    kept: Kept = field(default_factory=dict)

    def __call__(self, point: FloatArray) -> FloatArray:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            state = State.at(point, self.problem.mixture.n_classes)
            found = forces(self.problem, state, self.rule, self.kept)
            means, Q, V = responses(self.problem, *found[:3])
            pull = np.linalg.solve(found.stiffness, self.problem.fractions @ found.force)
            return State(means - means.mean(axis=0), state.intercept + pull, Q, V).coordinates()


def _solve_rule(
    problem: Problem, rule: Rule, start: FloatArray, tolerance: float, max_sweeps: int
) -> OrderParameters:
    """Order parameters by a rule, NaN if they were not found."""
    sweep = _Sweep(problem, rule)
    fit = fixed_point.solve(
        sweep, start, memory=_MEMORY, tolerance=tolerance, max_sweeps=max_sweeps
    )
    end = fit.residual, fit.sweeps, fit.converged, np.inf
    state = State.at(fit.point, problem.mixture.n_classes)
    if not fit.converged:
        two = state.covariance
        rest = two, state.response, state.means, two, two
        return _lost(OrderParameters(problem, state.means, state.intercept, *rest, *end))
    force, Q_hat, V_hat, _ = forces(problem, state, rule, sweep.kept)
    means, Q, V = responses(problem, force, Q_hat, V_hat)
    intercept = state.intercept - means.mean(axis=0)
    return OrderParameters(problem, means, intercept, Q, V, force, Q_hat, V_hat, *end)


def _lost(found: OrderParameters) -> OrderParameters:
    """The same outcome without its arrays, which are no limits."""
    return replace(
        found,
        means=found.means * np.nan,
        intercept=found.intercept * np.nan,
        covariance=found.covariance * np.nan,
        response=found.response * np.nan,
        force=found.force * np.nan,
        score_covariance=found.score_covariance * np.nan,
        curvature=found.curvature * np.nan,
        converged=False,
    )


def _apart(found: OrderParameters, twin: OrderParameters) -> float:
    """Largest difference of two distributions of u, in units of its spread; infinite if lost."""
    if not twin.converged:
        return np.inf
    root = np.linalg.cholesky(found.covariance)
    moved = found.means + found.intercept - twin.means - twin.intercept
    turned = np.linalg.solve(root, np.linalg.solve(root, twin.covariance).T)
    changes = np.linalg.solve(root, moved.T), turned - np.eye(len(root))
    return float(max(np.abs(change).max() for change in changes))


def _descend(problem: Problem, rule: Rule) -> FloatArray:
    """Coordinates to start from: solved roughly at ridges from strong to weak, and extrapolated.

    The next ridge is a tenth of the last one, or nearer to it after a failure.
    """
    weak = max(problem.ridge, _WEAK)
    ridge, ratio = max(problem.ridge, _STRONG), _RATIO
    start = _start(replace(problem, ridge=ridge))
    solved: list[tuple[float, FloatArray]] = []
    while ridge > _SHORT * weak:
        sweep = _Sweep(replace(problem, ridge=ridge), rule)
        fit = fixed_point.solve(sweep, start, memory=_MEMORY, tolerance=_ROUGH, max_sweeps=_FEW)
        if fit.converged:
            solved = [*solved, (ridge, fit.point)][-2:]
        elif not solved or ratio < _LEAST:
            break
        else:
            ratio = np.sqrt(ratio)
        ridge = solved[-1][0] / ratio
        start = _extrapolate(solved, ridge)
    return _extrapolate(solved, weak) if solved else start


def _extrapolate(solved: list[tuple[float, FloatArray]], ridge: float) -> FloatArray:
    """Coordinates at a ridge, linear in its logarithm through the last two that are known."""
    if len(solved) < 2:
        return solved[-1][1]
    (before, first), (last, second) = solved
    steps = np.log(ridge / last) / np.log(last / before)
    return np.asarray(second + steps * (second - first))


def _start(problem: Problem) -> FloatArray:
    """Coordinates that forces at zero coefficients imply, each row at the prior of its class."""
    K, mixture = problem.mixture.n_classes, problem.mixture
    P, weight = contrasts(K), problem.fractions * problem.weights
    p = weight / weight.sum()
    H = P.T @ (np.diag(p) - np.outer(p, p)) @ P
    g = problem.weights[:, None] * (P - p @ P)
    variances = problem.fractions * mixture.scales**2
    Q_hat, V_hat = (g.T * variances) @ g, (variances @ problem.weights) * H
    means, Q, V = responses(problem, g, Q_hat, V_hat)
    return State(means - means.mean(axis=0), P.T @ np.log(p), Q, V).coordinates()


def _given(problem: Problem, start: OrderParameters) -> FloatArray:
    """Coordinates of a solution nearby."""
    K = problem.mixture.n_classes
    if len(start.means) != K or not start.converged:
        raise InputError(
            f"A start is a solution that has converged, for {K} classes; this one has "
            f"{len(start.means)} and {'has' if start.converged else 'has not'}. Give none."
        )
    return _state_of(start).coordinates()


def _state_of(parameters: OrderParameters) -> State:
    """Distribution of u with the centre of the means in the intercept, where it is free."""
    centre = parameters.means.mean(axis=0)
    located = parameters.means - centre, parameters.intercept + centre
    return State(*located, parameters.covariance, parameters.response)
