"""Who is timed: ours and the peers, each at the first setting that keeps the tolerance.

Each has its settings, from the first tried to the tightest. A peer's `make` gives a function of one
data set (X, y, weights) that returns (intercept, coef, steps) as the library leaves them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlbalance import softmax
from tests.bench.cases import GLUM, LBFGS, NEWTON, RESTARTED, STATSMODELS, Case, Problems

TOLERANCE = 1e-8
"""Largest component of the score, with weights that sum to one."""
AGREEMENT = 1e-6
"""Largest difference of coefficients from ours, relative to the largest coefficient."""


def ours(case: Case, data: Problems, tol: float) -> Callable[[], softmax.Fit]:
    def run() -> softmax.Fit:
        return softmax.fit(
            data.X, data.y, data.weights, n_classes=case.K, ridge=case.ridge, tol=tol
        )

    return run


def scikit_learn(solver: str) -> Callable:
    def make(case: Case, tol: float, restarts: int = 0) -> Callable:
        from sklearn.linear_model import LogisticRegression

        # As the docstring of `mlbalance.softmax` has it, for weights that sum to one.
        C = (1 if case.K > 2 else 2) / case.ridge
        model = LogisticRegression(C=C, solver=solver, tol=tol, max_iter=1000)

        def fit(X, y, weights):
            steps = model.set_params(warm_start=False).fit(X, y, weights).n_iter_[0]
            for _ in range(restarts):
                steps += model.set_params(warm_start=True).fit(X, y, weights).n_iter_[0]
            return model.intercept_, model.coef_, steps

        return fit

    return make


def statsmodels(case: Case, tol: float) -> Callable:
    from statsmodels.api import MNLogit, add_constant

    def fit(X, y, weights):
        found = MNLogit(y, add_constant(X)).fit(tol=tol, disp=False, skip_hessian=True)
        theta = np.vstack([np.zeros(X.shape[1] + 1), found.params.T])
        return theta[:, 0], theta[:, 1:], found.mle_retvals["iterations"]

    return fit


def glum(case: Case, tol: float) -> Callable:
    from glum import GeneralizedLinearRegressor

    model = GeneralizedLinearRegressor(
        family="binomial", l1_ratio=0, alpha=case.ridge / 2, gradient_tol=tol, max_iter=1000
    )

    def fit(X, y, weights):
        model.fit(X, y, sample_weight=weights)
        return model.intercept_, model.coef_, model.n_iter_

    return fit


@dataclass(frozen=True)
class Peer:
    """A library: how it is called, its settings in turn, and how far it must agree."""

    make: Callable
    settings: tuple[dict[str, Any], ...]
    agreement: float = AGREEMENT
    """Largest difference of coefficients from ours at which its time is taken."""


TIGHTER: tuple[dict[str, Any], ...] = tuple({"tol": tol} for tol in (1e-8, 1e-9, 1e-10))
# A smaller `tol` does nothing for lbfgs: it stops where the loss no longer falls, a little short of
# the tolerance. It is timed as it stops, in its favour, and started again until it keeps it.
AGAIN: tuple[dict[str, Any], ...] = tuple({"tol": 1e-8, "restarts": r} for r in (1, 2, 3, 5, 8))
PEERS = {
    NEWTON: Peer(scikit_learn(NEWTON), TIGHTER),
    LBFGS: Peer(scikit_learn(LBFGS), TIGHTER[:1], agreement=10 * AGREEMENT),
    RESTARTED: Peer(scikit_learn(LBFGS), AGAIN),
    STATSMODELS: Peer(statsmodels, TIGHTER),
    GLUM: Peer(glum, TIGHTER),
}


def symmetric(intercept: Any, coef: Any) -> np.ndarray:
    """theta (K, 1 + d) summing to zero over classes, from a library's own form."""
    theta = np.column_stack([np.atleast_1d(intercept), np.atleast_2d(coef)])
    if len(theta) == 1:
        theta = np.concatenate([-theta, theta]) / 2
    return theta - theta.mean(axis=0)


@dataclass
class Contestant:
    """What takes a turn: `fits` fits, its setting and how good its answer is."""

    run: Callable[[], Any]
    fits: int
    setting: str
    score: float
    steps: float
    difference: float = 0.0

    def turn(self, loops: int) -> float:
        """Seconds a fit."""
        start = time.perf_counter()
        for _ in range(loops):
            self.run()
        return (time.perf_counter() - start) / (loops * self.fits)


def our_contestant(case: Case, data: Problems) -> tuple[Contestant, np.ndarray]:
    """Ours at the first setting that keeps the tolerance, with its theta (R, K, 1 + d)."""
    for setting in TIGHTER:
        run = ours(case, data, **setting)
        fit = run()
        if not np.all(fit.converged):
            raise RuntimeError(f"{case.name}: ours says {np.unique(fit.status)}; nothing is timed.")
        score = softmax.score(fit.theta, data.X, data.y, data.weights, ridge=case.ridge)
        if (worst := float(np.abs(score).max())) <= TOLERANCE:
            break
    else:
        raise RuntimeError(f"{case.name}: our score is {worst:.1e}; nothing is timed.")
    theta = fit.theta.reshape(-1, *fit.theta.shape[-2:])
    found = Contestant(run, len(theta), shown(setting), worst, float(np.mean(fit.n_iter)))
    return found, theta


def peer_contestant(name: str, case: Case, data: Problems, theta: np.ndarray) -> Contestant:
    """The peer at the first setting that keeps the tolerance, or at its first one."""
    peer = PEERS[name]
    problems = data.one_by_one(min(case.sets, len(theta)))
    tried = []
    for setting in peer.settings:
        fit = peer.make(case, **setting)
        found = [fit(*problem) for problem in problems]
        answers = np.array([symmetric(*answer[:2]) for answer in found])
        scores = [
            np.abs(softmax.score(answer, *problem, ridge=case.ridge)).max()
            for answer, problem in zip(answers, problems, strict=True)
        ]
        far = np.abs(answers - theta[: len(answers)]).max(axis=(1, 2))
        tried.append(
            Contestant(
                run=lambda fit=fit: [fit(*problem) for problem in problems],
                fits=len(problems),
                setting=shown(setting),
                score=float(max(scores)),
                steps=float(np.mean([answer[2] for answer in found])),
                difference=float((far / np.abs(theta[: len(far)]).max(axis=(1, 2))).max()),
            )
        )
        if tried[-1].score <= TOLERANCE:
            return tried[-1]
    return tried[0]


def shown(setting: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in setting.items())
