"""Bias of the intercept under balanced weights (`intercept-bias`).

Letters as in `_proportional`; tau_k = c_k sigma^2 V, f = -l'(t).
"""

from __future__ import annotations

from sympy import solve, symbols, together

from mlbalance.derivations.engine import Derivation, Step, argued, computed
from mlbalance.derivations.proofs._proportional import equations_step


def intercept_bias() -> Derivation:
    """Balanced intercepts are against the rarer class (label `intercept-bias`)."""
    scope = "two classes of one covariance, any smooth loss that is strictly convex and falls"
    return Derivation("intercept-bias", scope, _bias())


def _bias() -> tuple[Step, ...]:
    f, h, tau = symbols("f h tau", positive=True)
    by_tau, by_o = symbols("f_tau f_o", real=True)
    (slope,) = solve(by_tau + h * (f + tau * by_tau), by_tau)
    (response,) = solve(by_o + h * (1 + tau * by_o), by_o)
    return (
        equations_step(("convex-margin",)),
        computed(
            "Balanced weights c_k = 1/(2 rho_k), so that the classes balance where the means of "
            "f = -l'(t), t = o + tau f, tau = c_k sigma_k^2 V, are the same. With h = l''(t) the "
            "chain rule df = -h (1 + tau df/do) do gives a pull that falls with o,",
            -response,
            h / (1 + h * tau),
            name=r"-\partial f/\partial o",
            key="pull-margin",
        ),
        computed(
            "and, as its slope f' in tau is -h (f + tau f'), falls with tau.",
            -slope,
            h * f / (1 + h * tau),
            name=r"-\partial f/\partial \tau",
            key="pull-own",
        ),
        computed(
            "Both strictly, where the loss falls, f > 0, and is curved, h > 0.",
            together(-response - slope),
            relation=">",
            name=r"-\partial f/\partial o - \partial f/\partial \tau",
            key="pull-falls",
        ),
        argued(
            "Let the classes have one sigma, so tau_1 > tau_0 for the rarer class 1. At b = 0 the "
            "margins o of both have one distribution and class 1 pulls less; the left side falls "
            "with b and the right one rises, so they meet at a negative b: against the rarer class "
            "on new data. In a balanced sample b is 0, by symmetry.",
            r"E f(\tau_{1}, m + b + \sigma \sqrt{q} \xi) = "
            r"E f(\tau_{0}, m - b + \sigma \sqrt{q} \xi) \quad \text{only for } b < 0",
            "the two steps before, and the label self-influence",
            key="against",
            labels=("self-influence",),
            conditions=("two-classes", "one-sigma", "decreasing-loss"),
        ),
    )
