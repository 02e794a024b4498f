"""Two separable rows under gradient flow: how class weights fade (`training-time`).

Letters: rows at 1 and -1, one of each class, weighted tau_1 and tau_0, of sum one; logit w x + b,
margins u = w + b and v = w - b, both zero at time t = 0; boundary at x = -b/w, where b/w is
(u - v)/(u + v).
"""

from __future__ import annotations

from typing import Any

from sympy import S, diff, exp, limit, log, oo, sinh, symbols

from mlbalance.derivations.engine import Check, Derivation, Step, computed

w, b = symbols("w b", real=True)
one, two = symbols("tau_1 tau_0", positive=True)
t, u, v, y = symbols("t u v y", positive=True)


def training_time() -> Derivation:
    """Margins and boundary of two rows over time (label `training-time`)."""
    steps = (*_flow(), *_solution(), *_start(), *_fading(), *_late())
    return Derivation("training-time", "one feature, two rows; any weights", steps)


def pace_expression() -> Any:
    """Claimed derivative of a margin in time, in u and tau_1."""
    return 2 * one / (1 + exp(u))


def time_expression() -> Any:
    """Time at which a margin is u, in u and tau_1."""
    return (u + exp(u) - 1) / (2 * one)


def late_expression() -> Any:
    """Boundary b/w of late times, in t, tau_1 and tau_0."""
    return log(one / two) / log(4 * one * two * t**2)


def _same() -> Check:
    return lambda lhs, rhs: bool((lhs - rhs).rewrite(exp).simplify() == 0)


def _flow() -> tuple[Step, ...]:
    loss = one * log(1 + exp(-(w + b))) + two * log(1 + exp(-(w - b)))
    margins = {w: (u + v) / 2, b: (u - v) / 2}

    def along(direction: Any) -> Any:
        """Derivative of a margin, w plus or minus b, along the flow."""
        return -(diff(loss, w) + direction * diff(loss, b)).subs(margins, simultaneous=True)

    return (
        computed(
            "Gradient flow of the weighted loss: each margin moves by itself,",
            along(1),
            pace_expression(),
            name=r"du/dt",
            check=_same(),
            key="own",
            conditions=("two-rows", "gradient-flow"),
        ),
        computed(
            "and the other one too.",
            along(-1),
            pace_expression().subs({u: v, one: two}),
            name=r"dv/dt",
            check=_same(),
            key="other",
            conditions=("two-rows", "gradient-flow"),
        ),
    )


def _solution() -> tuple[Step, ...]:
    return (
        computed(
            "So u + exp(u) grows at a constant rate, from one,",
            diff(u + exp(u), u) * pace_expression(),
            2 * one,
            name=r"d(u + \exp(u))/dt",
            key="rate",
        ),
        computed(
            "which is solved by Lambert's function y of exp(c), c = 2 tau_1 t + 1: that is "
            "c = y + log y, and u = c - y.",
            (u + exp(u)).subs(u, log(y)),
            y + log(y),
            name=r"[u = \log y] u + \exp(u)",
            key="lambert",
        ),
    )


def _start() -> tuple[Step, ...]:
    first = pace_expression().subs(u, 0)
    other = first.subs(one, two)
    return (
        computed(
            "At first margins grow like tau_1 t and tau_0 t: the boundary, at -b/w, is that of the "
            "weights.",
            ((first - other) / (first + other)).subs(two, 1 - one),
            2 * one - 1,
            name=r"[t \to 0] b/w",
            key="start",
        ),
    )


def _fading() -> tuple[Step, ...]:
    share = (time_expression() * pace_expression() / u).simplify()
    grown, others, eps = symbols("e_u e_v epsilon", positive=True)
    ratio, moved = u / v, u * (1 + eps * grown) / (v * (1 + eps * others))
    falls = exp(u) * (2 * u - u**2 - 2 * sinh(u))
    return (
        computed(
            "Along the solution the logarithm of u grows, per unit of log t, by this: e(u).",
            time_expression() * pace_expression() / u,
            (u + exp(u) - 1) / (u * (1 + exp(u))),
            name=r"e(u)",
            key="elasticity",
        ),
        computed(
            "In u it falls, as this is negative,",
            diff(share, u) * u**2 * (1 + exp(u)) ** 2,
            falls,
            name=r"u^{2} (1 + \exp(u))^{2} e'(u)",
            check=_same(),
            key="falls",
        ),
        computed(
            "2 sinh u - 2 u being zero at zero, and growing.",
            diff(2 * sinh(u) - 2 * u, u).rewrite(exp),
            4 * sinh(u / 2) ** 2,
            name=r"d(2 \sinh u - 2 u)/du",
            check=_same(),
            key="sinh",
        ),
        computed(
            "Let u and v grow by shares eps e(u) and eps e(v). Their ratio changes by the "
            "difference of the two: the smaller margin catches up all the time, and the boundary "
            "moves towards the middle.",
            (moved - ratio) / (ratio * eps),
            (grown - others) / (1 + eps * others),
            name=r"\epsilon^{-1} \Delta(u/v)/(u/v)",
            key="catches-up",
        ),
    )


def _late() -> tuple[Step, ...]:
    first, other = log(2 * one * t), log(2 * two * t)
    return (
        computed(
            "Late, u is log(2 tau_1 t), up to what vanishes.",
            limit(log(1 + (u - 1) * exp(-u)), u, oo),
            S.Zero,
            name=r"[u \to \infty] \log(2 \tau_{1} t) - u",
            key="late-margin",
        ),
        computed(
            "With both margins so, the boundary is off by this,",
            (first - other) / (first + other),
            late_expression(),
            name=r"b/w",
            check=lambda lhs, rhs: bool((lhs - rhs).expand(force=True).simplify() == 0),
            key="late",
        ),
        computed(
            "and nothing is left of the weights in the end: the largest margin.",
            limit(late_expression(), t, oo),
            S.Zero,
            name=r"[t \to \infty] b/w",
            key="end",
        ),
    )
