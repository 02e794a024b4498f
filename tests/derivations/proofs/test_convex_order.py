"""Label convex-order: Jensen's inequality, refuted and for a square."""

import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import convex_order
from tests.derivations.listing import COUNTS, SCORES, TAU, undersamples, variance, weighted
from tests.derivations.refuted import failures


def test_a_gap_that_forgets_the_mean_fails(monkeypatch):
    i, j, k, l, n, K = (getattr(convex_order, name) for name in "i j k l n K".split())
    pair = convex_order.square[k, i, l, j] * convex_order.tangent[k, i] * convex_order.tangent[l, j]
    wrong = sp.Sum(pair, (i, 1, n[k]), (k, 1, K), (j, 1, n[l]), (l, 1, K))
    monkeypatch.setattr(convex_order, "square_gap_expression", lambda: wrong)
    assert len(failures("convex-order")) == 1


def test_the_gap_of_a_square_by_listing():
    drawn = list(undersamples())

    def second(k, i, l, j):
        return sum(w[k][i] * w[l][j] for w in drawn) / len(drawn)

    Q = [
        [
            [[second(k, i, l, j) for j in range(COUNTS[l])] for l in range(2)]
            for i in range(COUNTS[k])
        ]
        for k in range(2)
    ]
    found = evaluate(convex_order.square_gap_expression(), K=2, n=COUNTS, tau=TAU, g=SCORES, Q=Q)
    assert found == sp.Rational(variance(map(weighted, drawn)))
