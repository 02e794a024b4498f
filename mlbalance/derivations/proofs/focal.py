"""What the focal loss estimates (`focal`).

Letters: q is the probability that the logits give the own class, l(q) = -(1 - q)^g log q its loss
with g > 0, phi(q) = -q l'(q). Of a row with classes of probabilities p_k the risk is the sum of p_k
l(q_k). L is -log q, u is 1 - q.
"""

from __future__ import annotations

from typing import Any

from sympy import Rational, S, Symbol, diff, exp, expand_log, log, powsimp, simplify, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, positive

g, q, L, room = symbols("g q L r", positive=True)
away, over, under = symbols("u e h", positive=True)
z, others = symbols("z s", real=True)

LOSS = -((1 - q) ** g) * log(q)


def force_expression() -> Any:
    """phi(q), in g and q, for `evaluate`."""
    return (1 - q) ** g - g * q * (1 - q) ** (g - 1) * log(q)


def slope_expression() -> Any:
    """Log-odds per logit where two classes are equally probable, in g, for `evaluate`."""
    return 1 + g * (2 + (g - 2) * log(2)) / (1 + g * log(2))


def focal() -> Derivation:
    """The population optimum of the focal loss (label `focal`)."""
    scope = "any number of classes and every g > 0, logits that can be any function"
    return Derivation("focal", scope, (*_force(), *_optimum(), *_rises(), *_boundary()))


def _same(lhs: Any, rhs: Any) -> bool:
    """Whether the difference is zero once 1 - q is one letter and powers are collected."""
    gap = (lhs - rhs).subs(log(q), -L).subs(q, 1 - away)
    return bool(simplify(powsimp((gap * away**-g).expand())) == 0)


def _force() -> tuple[Step, ...]:
    own = 1 / (1 + exp(others - z))
    return (
        computed(
            "The loss of a row falls with its own probability by phi(q)/q,",
            -diff(LOSS, q),
            force_expression() / q,
            name="-l'(q)",
            check=_same,
            key="force",
        ),
        computed(
            "and that rises with its logit z by q (1 - q), e^s the sum of the exponentials of the "
            "others, and falls with these: the score is phi(q) times that of the log-loss.",
            diff(own, z) * (force_expression() / q).subs(q, own),
            (force_expression() * (1 - q)).subs(q, own),
            name=r"-\partial l/\partial z",
            short={own: q},
            check=lambda lhs, rhs: bool(simplify(lhs - rhs) == 0),
            key="score",
        ),
    )


def _optimum() -> tuple[Step, ...]:
    return (
        computed(
            "Where p_k is q_k/phi(q_k) but for a factor common to the classes, p_k l'(q_k) is the "
            "same for all of them: the gradient of the risk is zero under a sum of one,",
            q / force_expression() * diff(LOSS, q),
            S.NegativeOne,
            name=r"(q_{k}/\varphi(q_{k})) \, l'(q_{k})",
            check=_same,
            key="stationary",
        ),
        computed(
            "and no other q is: for each g the loss is convex, with this second derivative,",
            diff(LOSS, q, 2),
            (1 - q) ** g / q**2
            + 2 * g * (1 - q) ** (g - 1) / q
            - g * (g - 1) * (1 - q) ** (g - 2) * log(q),
            name="l''(q)",
            check=_same,
            key="second",
        ),
        computed(
            "a sum of positive terms for g = 1 + e, but the one of log q, which is zero at e = 0,",
            _second().subs(g, 1 + over),
            relation=">",
            name="l''(q)",
            key="convex-above",
        ),
        computed(
            "and for g below one, with -log q = u/q - r,",
            _second().subs(L, away / q - room) * away ** (2 - g),
            _terms(1 - g),
            name="u^{2} l''(q)/u^{g}",
            check=lambda lhs, rhs: bool(simplify(powsimp((lhs - rhs).expand())) == 0),
            key="terms-below",
        ),
        computed(
            "where all terms are positive too, h = 1 - g,",
            _terms(under),
            relation=">",
            name="u^{2} l''(q)/u^{g}",
            key="convex-below",
        ),
        computed(
            "since r falls, to zero at q = 1.",
            diff((1 - q) / q + log(q), q),
            -(1 - q) / q**2,
            name=r"\partial r/\partial q",
            key="room",
        ),
    )


def _terms(below: Any) -> Any:
    return away**2 / q**2 + g * (1 + g) * away / q + g * below * room


def _second() -> Any:
    """Second derivative of the loss, with u = 1 - q and L = -log q."""
    return away**g / q**2 + 2 * g * away ** (g - 1) / q + g * (g - 1) * away ** (g - 2) * L


def _rises() -> tuple[Step, ...]:
    slope, bend = symbols("m b", positive=True)  # -l' and l''
    return (
        computed(
            "So q/phi(q), which is -1/l'(q), rises: the larger p_k has the larger q_k.",
            bend / slope**2,
            relation=">",
            name=r"\partial (q/\varphi(q))/\partial q = l''/l'^{2}",
            key="rises",
        ),
    )


def _boundary() -> tuple[Step, ...]:
    h = log(q / force_expression())
    slope = (diff(h, q) * q * (1 - q) + diff(h, q).subs(q, 1 - q) * q * (1 - q)).subs(
        q, Rational(1, 2)
    )
    return (
        computed(
            "Two classes: log-odds are the logarithm of this ratio at q less that at 1 - q; where "
            "they are equally probable they change with the logit by this factor,",
            slope,
            slope_expression(),
            name=r"\partial \log(p_{1}/p_{0})/\partial t",
            check=lambda lhs, rhs: bool(simplify(expand_log(powsimp(lhs - rhs), force=True)) == 0),
            key="slope",
        ),
        computed(
            "more than one, with c = 2 - 2 log 2 and e = log 2,",
            g * (room + g * over) / (1 + g * over),
            relation=">",
            name=r"\partial \log(p_{1}/p_{0})/\partial t - 1",
            short={room: Symbol("c")},
            check=_above_one,
            key="above-one",
        ),
        computed(
            "at g = 2 by this.",
            slope_expression().subs(g, 2),
            "2.676",
            relation="~=",
            name=r"\partial \log(p_{1}/p_{0})/\partial t",
            key="at-two",
        ),
    )


def _above_one(lhs: Any, rhs: Any) -> bool:
    """Whether the sign follows, and the letters make it the slope less one."""
    values = {room: 2 - 2 * log(2), over: log(2)}
    same = simplify(lhs.subs(values) - slope_expression() + 1) == 0
    return bool(positive(lhs, rhs) and same and values[room].is_positive)
