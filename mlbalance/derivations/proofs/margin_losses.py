"""Losses with margins, shifts or scales of logits by class (`margin-losses`).

Letters: e_k = exp(z_k) of logits z_k, T their sum, q_k = e_k/T, a_k = exp(-D_k) of a margin D_k > 0
by which the own class has to lead. The risk of a point is that of classes with probabilities p_k.
A scale s of logits and margins is another z and another D. Shifts are iota_k, scales Delta_k, c is
common to all logits.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    IndexedBase,
    KroneckerDelta,
    Rational,
    S,
    Sum,
    Symbol,
    exp,
    limit,
    oo,
    sqrt,
    symbols,
)

from mlbalance.derivations.engine import Derivation, Step, computed, positive

K = Symbol("K", integer=True, positive=True)
k, l, y = symbols("k l y", integer=True)
e, a, z, iota, Delta = (IndexedBase(name) for name in ("e", "a", "z", "iota", "Delta"))
kept, less, q, room = symbols("a h q r", positive=True)
first, second = symbols("D_0 D_1", positive=True)
c = Symbol("c", real=True)
total = Sum(e[l], (l, 1, K))


def odds_expression() -> Any:
    """Odds of class 1 at which two classes tie, in D_0 and D_1, for `evaluate`."""
    return (1 + exp(-second)) / (1 + exp(-first))


def link_expression() -> Any:
    """What p_k is proportional to, in q and a = exp(-D_k), for `evaluate`."""
    return q * (1 - (1 - kept) * q)


def margin_losses() -> Derivation:
    """What margins, shifts and scales by class estimate (label `margin-losses`)."""
    scope = "any number of classes, any margins, shifts and scales"
    return Derivation("margin-losses", scope, (*_optimum(), *_ties(), *_shifts(), *_scales()))


def _lead(label: Any) -> Any:
    """T with the own class's part behind by its margin."""
    return total - (1 - a[label]) * e[label]


def _optimum() -> tuple[Step, ...]:
    behind = e[k] - (1 - a[k]) * e[k] * KroneckerDelta(y, k)
    share = Symbol("q_k", positive=True)
    return (
        computed(
            "A row of class y gives class k the share (e_k - [k = y] (1 - a_k) e_k)/T_y, T_y = T - "
            "(1 - a_y) e_y. Where p_y is e_y T_y but for a common factor, the gradient of the risk "
            "in z_k, the mean share less p_k, is zero,",
            Sum(e[y] * _lead(y) * behind / _lead(y), (y, 1, K)) - e[k] * _lead(k),
            S.Zero,
            name=r"\sum_{y} p_{y} P_{yk} - p_{k}",
            key="stationary",
        ),
        computed(
            "in shares q, as the loss is convex in the logits,",
            (e[k] * _lead(k)).subs(e[k], share * total) / total**2,
            link_expression().subs({q: share, kept: a[k]}),
            name=r"e_{k} T_{k}/T^{2}",
            short={a[k]: Symbol("a_k")},
            check=lambda lhs, rhs: bool((lhs - rhs).expand() == 0),
            key="link",
        ),
    )


def _ties() -> tuple[Step, ...]:
    factor = 1 - (1 - kept) * q
    margin = [exp(-share / 2) for share in (sqrt(sqrt(Rational(1, 9))), 1)]
    return (
        computed(
            "Classes with equal q = 1/2 - r have odds that are the ratio of two such factors, each "
            "above 1/2, with h = 1 - a,",
            kept / 2 + less * room,
            relation=">",
            name="1 - (1 - a) q - 1/2",
            check=_above_half,
            key="above-half",
        ),
        computed(
            "and below one.",
            (1 - factor).factor().subs(kept, 1 - less),
            relation=">",
            name="(1 - a) q",
            key="below-one",
        ),
        computed(
            "Of two classes the one with the margin D_1 is decided for above these odds,",
            (factor.subs(kept, exp(-second)) / factor.subs(kept, exp(-first))).subs(
                q, Rational(1, 2)
            ),
            odds_expression(),
            name="p_{1}/p_{0}",
            key="odds",
        ),
        computed(
            "which come as near to 1/2 as one likes,",
            limit(limit(odds_expression(), first, 0), second, oo),
            Rational(1, 2),
            name=r"\lim_{D_{0} \to 0, D_{1} \to \infty} p_{1}/p_{0}",
            key="least",
        ),
        computed(
            "and to 2.",
            limit(limit(odds_expression(), second, 0), first, oo),
            S(2),
            name=r"\lim_{D_{0} \to \infty, D_{1} \to 0} p_{1}/p_{0}",
            key="most",
        ),
        computed(
            "With margins in proportion to n_k^(-1/4), the largest 1/2, they are this for 450 and "
            "50 rows, where balanced error asks for 1/9.",
            (1 + margin[1]) / (1 + margin[0]),
            "0.918",
            relation="~=",
            name="p_{1}/p_{0}",
            key="example",
        ),
    )


def _above_half(lhs: Any, rhs: Any) -> bool:
    """Whether the sign follows, and the letters make it the factor less one half."""
    factor = (1 - (1 - kept) * q).subs(q, Rational(1, 2) - room)
    return bool(
        positive(lhs, rhs) and (lhs.subs(less, 1 - kept) - factor + Rational(1, 2)).expand() == 0
    )


def _shifts() -> tuple[Step, ...]:
    b, slope, x = (Symbol(name) for name in ("b_k", "w_k", "x"))
    shift = Symbol("iota_k")
    return (
        computed(
            "A loss of logits z_k + iota_k has at intercepts b_k - iota_k the value that the loss "
            "of z_k has at b_k, whatever the slopes; a ridge leaves intercepts free.",
            (b - shift + slope * x) + shift,
            b + slope * x,
            name=r"z_{k}(b - \iota) + \iota_{k}",
            key="shifts",
        ),
    )


def _scales() -> tuple[Step, ...]:
    def turned(label: Any) -> Any:
        return (z[label] + c - iota[label]) / Delta[label]

    return (
        computed(
            "A loss of logits Delta_k z_k + iota_k has, for each c(x), at these z the value of the "
            "log-loss at the logits z_k + c,",
            Delta[k] * turned(k) + iota[k],
            z[k] + c,
            name=r"\Delta_{k} (z_{k} + c - \iota_{k})/\Delta_{k} + \iota_{k}",
            key="scales",
        ),
        computed(
            "which a common c does not change,",
            exp(z[k] + c) / Sum(exp(z[l] + c), (l, 1, K)),
            exp(z[k]) / Sum(exp(z[l]), (l, 1, K)),
            name=r"q_{k}(z + c)",
            check=lambda lhs, rhs: bool(
                (lhs / rhs).subs(Sum(exp(z[l] + c), (l, 1, K)), exp(c) * _sum()).simplify() == 1
            ),
            key="common",
        ),
        computed(
            "and it moves one of two logits more where their scales are unequal: for any x there "
            "is a c with either of them ahead.",
            (turned(k) - turned(l)).diff(c),
            1 / Delta[k] - 1 / Delta[l],
            name=r"\partial ((z_{k} + c - \iota_{k})/\Delta_{k} - (z_{l} + c - \iota_{l})"
            r"/\Delta_{l})/\partial c",
            key="ahead",
        ),
    )


def _sum() -> Any:
    return Sum(exp(z[l]), (l, 1, K))
