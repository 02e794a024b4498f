"""Class weights in trees and forests (`forest-weights`).

Letters: a leaf of a tree has n_1 and n_0 rows of two classes, weighted w_1 and w_0 each, and s is
the share n_1/(n_1 + n_0); classes k have n_k rows and target prior tau_k, and a bag of a forest
holds N draws of rows, one of class k with probability tau_k/n_k; D_1 of the D distinct rows that
it holds are of class 1.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, Product, Rational, S, Sum, Symbol, expand_log, log, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, evaluate

w1, w0, n1, n0 = symbols("w_1 w_0 n_1 n_0", positive=True)
s, x = symbols("s x", real=True)
p = Symbol("p", positive=True)
N, K = symbols("N K", integer=True, positive=True)
i, k, l, r = symbols("i k l r", integer=True)
n, tau = IndexedBase("n"), IndexedBase("tau")


def forest_weights() -> Derivation:
    """Class weights in trees and forests (label `forest-weights`)."""
    steps = (*_leaves(), *_neighbour(), *_votes())
    return Derivation("forest-weights", "any tree for leaves; one feature for votes", steps)


def _weighted(share: Any) -> Any:
    """Share of class 1 in a leaf by weight, from its share of the rows."""
    return w1 * share / (w1 * share + w0 * (1 - share))


def _log_odds(share: Any) -> Any:
    return log(share / (1 - share))


def _in_logs(lhs: Any, rhs: Any) -> bool:
    return bool(expand_log((lhs - rhs).together().simplify(), force=True).simplify() == 0)


def _leaves() -> tuple[Step, ...]:
    share, inside = n1 / (n1 + n0), Symbol("s", positive=True)
    other = Symbol("1-s", positive=True)
    return (
        computed(
            "Where both classes are in a leaf, weights move its log-odds by one number,",
            _log_odds(_weighted(share)) - _log_odds(share),
            log(w1 / w0),
            name=r"\operatorname{logit} s_{w} - \operatorname{logit} s",
            check=_in_logs,
            key="leaf",
        ),
        computed(
            "and the weighted share rises with that of the rows, at this rate,",
            _weighted(s).diff(s),
            w1 * w0 / (w1 * s + w0 * (1 - s)) ** 2,
            name=r"\partial s_{w}/\partial s",
            key="rises",
        ),
        computed(
            "which is positive: leaves, and the rows in them, keep their order.",
            w1 * w0 / (w1 * inside + w0 * other) ** 2,
            relation=">",
            key="order",
        ),
        computed(
            "A leaf of class 1 alone is at one,",
            _weighted(S.One),
            S.One,
            name="s_{w}(1)",
            key="one",
        ),
        computed(
            "and one of class 0 alone at zero, whatever the weights.",
            _weighted(S.Zero),
            S.Zero,
            name="s_{w}(0)",
            key="zero",
        ),
    )


def _neighbour() -> tuple[Step, ...]:
    a, b = symbols("a b", real=True)
    return (
        computed(
            "Grown to purity on one feature, a tree parts neighbours a < b of different classes at "
            "their midpoint, whatever weights and criterion: in every node that has both they are "
            "neighbours. Left of it a is the nearer one, and right of it b.",
            (b - x) ** 2 - (x - a) ** 2,
            2 * (b - a) * ((a + b) / 2 - x),
            key="neighbour",
        ),
    )


def distinct_rows() -> Any:
    """Expected distinct rows of class k among N draws."""
    return n[k] * (1 - (1 - tau[k] / n[k]) ** N)


def vote_share_expression() -> Any:
    """Share of class k in the expected distinct rows, for `evaluate`."""
    return distinct_rows() / Sum(distinct_rows().subs(k, l), (l, 1, K))


def _votes() -> tuple[Step, ...]:
    D, D1 = symbols("D D_1", integer=True, positive=True)
    asked = {"n": [50, 450], "tau": [Rational(1, 2)] * 2, "N": 500, "K": 2, "k": 1}
    return (
        computed(
            "Without signal each of the D distinct rows of a bag is as likely as any other to be "
            "the nearest to a new row: trees vote for class 1 as often as their bags have it.",
            Sum(1 / D, (i, 1, D1)).doit(),
            D1 / D,
            name=r"P(\text{vote for } 1)",
            key="votes",
            conditions=("zero-slopes", "independent-rows", "label-only-weights"),
        ),
        computed(
            "A row that each of N draws hits with probability p is among them,",
            1 - Product(1 - p, (r, 1, N)).doit(),
            1 - (1 - p) ** N,
            name=r"P(\text{drawn})",
            key="drawn",
        ),
        computed(
            "and n_k times this, p = tau_k/n_k, is the mean number of distinct rows of class k: a "
            "row that is drawn again counts no more. With 50 and 450 rows, balanced weights and "
            "500 draws the share of class 1 is not one half,",
            evaluate(vote_share_expression(), **asked),
            "0.2056",
            relation="~=",
            name=r"E D_{1}/\sum_{k} E D_{k}",
            key="balanced",
        ),
        computed(
            "and with equal weights it is that of its rows.",
            evaluate(
                vote_share_expression(), **asked | {"tau": [Rational(1, 10), Rational(9, 10)]}
            ),
            Rational(1, 10),
            name=r"E D_{1}/\sum_{k} E D_{k}",
            key="plain",
        ),
    )
