"""Stationary excess risk of SGD with a constant step, and its largest step (`sgd-steps`).

Letters: step eta, Hessian A, gradient noise of covariance C/b at the minimum, covariance S of the
parameters about it; along an eigenvector of A its value h and the noise c/b. Weights w of a row
have the mean square D.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, KroneckerDelta, MatrixSymbol, S, Sum, Symbol, Trace, limit, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    argued,
    computed,
    equal_matrices,
    expectation,
)
from mlbalance.derivations.proofs.harmonic import K, harmonic_mean, k
from mlbalance.derivations.proofs.harmonic import n as count

eta, h, c, curvature, effect = symbols("eta h c a D", positive=True)
size, p = symbols("b p", integer=True, positive=True)
r = Symbol("r", integer=True)
steps = Symbol("T", integer=True, positive=True)
w = IndexedBase("w")


def sgd_steps() -> Derivation:
    """Excess risk and stability of a constant step (label `sgd-steps`)."""
    parts = (*_recursion(), *_along(), *_stable())
    return Derivation("sgd-steps", "symbolic in b, the step and the number of parameters", parts)


def excess_along() -> Any:
    """Claimed stationary excess risk along an eigenvector."""
    return eta * c / (4 * size) / (1 - eta * h / 2)


def excess_expression() -> Any:
    """Excess risk along an eigenvector after T steps from the minimum, in eta, c, b, h and T."""
    return excess_along() * (1 - (1 - eta * h) ** (2 * steps))


def largest_step_expression() -> Any:
    """Largest stable step, in a, b and the mean squared weight D of a row."""
    return 2 / (curvature * (1 + (effect - 1) / size))


def _recursion() -> tuple[Step, ...]:
    A, C, cov = (MatrixSymbol(name, p, p) for name in "ACS")
    x = MatrixSymbol("x", p, 1)
    moved = cov - eta * A * cov - eta * cov * A + eta**2 * (A * cov * A + C / size)
    residual = eta * Trace(C) / size + eta * Trace(A * cov * A) - 2 * Trace(A * cov)
    return (
        argued(
            "For small steps SGD stays near the minimum, where the gradient is linear and its "
            "noise that at the minimum; what this leaves out is of higher order in the step.",
            r"\theta_{t+1} - \theta^{*} = (I - \eta A)(\theta_{t} - \theta^{*}) - \eta \xi_{t}, "
            r"\quad \operatorname{Cov}(\xi_{t}) = C/b",
            "Mandt, Hoffman and Blei 2017; Dieuleveut, Durmus and Bach 2020 for smooth, strongly "
            "convex losses",
            key="linear",
            cites=("mandt2017", "dieuleveut2020"),
            conditions=("small-steps", "independent-draws"),
            limit=True,
        ),
        computed(
            "A step takes the covariance S to this, here in a direction x.",
            (x - eta * A * x).T * cov * (x - eta * A * x) + eta**2 * x.T * C * x / size,
            x.T * moved * x,
            name="x' S_{t+1} x",
            check=equal_matrices(A, cov, C),
            key="recursion",
        ),
        computed(
            "Where it is stationary the trace of what is added is zero, eta times this.",
            Trace(moved - cov),
            eta * residual,
            name=r"\operatorname{tr}(S_{t+1} - S_{t})",
            check=equal_matrices(A, cov, C),
            key="trace",
        ),
    )


def _along() -> tuple[Step, ...]:
    stationary = 2 * excess_along() / h
    after = (2 * excess_expression() / h).subs(steps, steps + 1)
    before = 2 * excess_expression() / h

    def moved(value: Any) -> Any:
        return (1 - eta * h) ** 2 * value + eta**2 * c / size

    return (
        computed(
            "Along an eigenvector of A with value h, and noise c/b there: the stationary variance "
            "solves the recursion.",
            moved(stationary) - stationary,
            S.Zero,
            name=r"(1 - \eta h)^{2} S + \eta^{2} c/b - S",
            key="fixed",
        ),
        computed(
            "The risk exceeds its minimum by half the curvature times the variance,",
            h * stationary / 2,
            eta * c / (4 * size) / (1 - eta * h / 2),
            name="h S/2",
            key="excess",
        ),
        computed(
            "per step, for small steps, by a quarter of the noise, whatever the curvature, and so "
            "in all by the trace of C over 4 b.",
            limit(excess_along() / eta, eta, 0),
            c / (4 * size),
            name=r"[\eta \to 0] h S/(2 \eta)",
            key="quarter",
        ),
        computed(
            "From the minimum it comes there as (1 - eta h)^2 to the number of steps.",
            moved(before) - after,
            S.Zero,
            name=r"(1 - \eta h)^{2} S_{T} + \eta^{2} c/b - S_{T+1}",
            key="arrives",
        ),
    )


def _stable() -> tuple[Step, ...]:
    def both(one: tuple[Any, ...], other: tuple[Any, ...]) -> Any:
        return 1 + KroneckerDelta(one[0], other[0]) * (effect - 1)

    weights = Moments(w, lambda _: S.One, both)
    mean = Sum(w[r], (r, 1, size)) / size
    square = 1 + (effect - 1) / size
    total = Sum(count(k), (k, 1, K))
    grown = 1 - expectation((1 - eta * curvature * mean) ** 2, weights)
    return (
        computed(
            "A row has weight tau_k/pi_k with chance pi_k, of mean one and, at a uniform target, "
            "this mean square D; balanced batches have D = 1.",
            Sum(count(k) / total * (total / (K * count(k))) ** 2, (k, 1, K)),
            total / (K * harmonic_mean()),
            name="D",
            key="effect",
            conditions=("uniform-target",),
        ),
        computed(
            "The mean of b independent weights has this mean square.",
            expectation(mean**2, weights),
            square,
            name=r"E \bar{w}^{2}",
            key="mean-square",
            conditions=("independent-draws",),
        ),
        computed(
            "All rows with the loss a theta^2/2: a batch multiplies theta by 1 - eta a times its "
            "mean weight, and the mean square falls by this share, which is positive below the "
            "step at which the second factor vanishes.",
            grown,
            eta * curvature * (2 - eta * curvature * square),
            name=r"1 - E(1 - \eta a \bar{w})^{2}",
            key="falls",
        ),
        computed(
            "There it is.",
            (2 - eta * curvature * square).subs(eta, largest_step_expression()),
            S.Zero,
            name=r"2 - \eta a (1 + (D - 1)/b)",
            key="largest",
        ),
    )
