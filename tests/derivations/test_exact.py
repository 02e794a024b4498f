"""Derivations of the exact claims: wrong formulas fail, right ones hold at listed numbers.

That each step is proved, fails when made wrong and prints is tested for all claims beside this
file; here formulas are made wrong where they are stated, and recomputed without any algebra.
"""

from fractions import Fraction
from itertools import combinations, permutations, product
from math import prod

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations import (
    bags,
    conditional,
    derive,
    optimism,
    random_counts,
    replication,
    separation,
)
from mlbalance.derivations.evaluation import evaluate
from mlbalance.derivations.moments import Law

MODULES = (bags, conditional, optimism, random_counts, replication, separation)


def failures(label):
    return [result.step.words for result in derive(label).verify() if result.ok is False]


def test_modules_are_short():
    for module in MODULES:
        with open(module.__file__, encoding="utf-8") as file:
            assert len(file.readlines()) <= 300


# Wrong formulas


def test_a_copy_too_many_fails(monkeypatch):
    one_more = replication.times[replication.i] + 1
    wrong = {replication.W[replication.i]: one_more}
    monkeypatch.setattr(replication, "_as_copies", lambda weighted: weighted.xreplace(wrong))
    assert len(failures("replication")) == 3


def test_a_penalty_a_copy_fails(monkeypatch):
    right = replication._penalty()
    monkeypatch.setattr(replication, "_penalty", lambda: 2 * right)
    assert len(failures("replication")) == 2


def test_a_ridge_that_is_not_scaled_fails(monkeypatch):
    factor, i = replication.factor, replication.i
    wrong = {replication.W[i]: factor * replication.W[i]}
    monkeypatch.setattr(replication, "_scaled", lambda expr: expr.xreplace(wrong))
    assert len(failures("scale")) == 2


def test_weights_of_another_mean_fail(monkeypatch):
    biased = Law(optimism.W, lambda k, _: optimism.tau[k], optimism._WEIGHTS.product)
    monkeypatch.setattr(optimism, "_WEIGHTS", biased)
    assert len(failures("convex-order")) == len(failures("optimism")) == 1


def test_a_gap_that_forgets_the_mean_fails(monkeypatch):
    i, j, k, l, n, K = (getattr(optimism, name) for name in "i j k l n K".split())
    pair = optimism.square[k, i, l, j] * optimism.tangent[k, i] * optimism.tangent[l, j]
    wrong = sp.Sum(pair, (i, 1, n[k]), (k, 1, K), (j, 1, n[l]), (l, 1, K))
    monkeypatch.setattr(optimism, "square_gap_expression", lambda: wrong)
    assert len(failures("convex-order")) == 1


def test_a_trace_of_the_transpose_of_another_matrix_fails(monkeypatch):
    a, b, p = optimism.a, optimism.b, optimism.p
    inverse, J = sp.IndexedBase("G"), sp.IndexedBase("J")
    wrong = sp.Sum(inverse[a, a] * J[b, b], (a, 1, p), (b, 1, p))
    monkeypatch.setattr(optimism, "trace_expression", lambda: wrong)
    assert len(failures("optimism")) == 1


def test_a_slope_that_forgets_the_own_class_fails(monkeypatch):
    i, k, K, n = separation.i, separation.k, separation.K, separation.n
    shares = sp.Sum(separation.probability(k) * separation._move(k), (k, 1, K))
    wrong = sp.Sum(separation.W[i] * shares, (i, 1, n))
    monkeypatch.setattr(separation, "slope_expression", lambda: wrong)
    assert len(failures("existence")) == 1


@pytest.mark.parametrize("name", ["_square", "_pair"])
def test_a_wrong_divisor_fails(monkeypatch, name):
    right, n = getattr(conditional, name), conditional.n
    if name == "_square":
        monkeypatch.setattr(conditional, name, lambda k: right(k) * (n[k] - 1) / n[k])
        assert len(failures("conditional-variance")) == 3
    else:

        def wrong(label, totals):
            square, apart = right(label, totals)
            return square, apart * (n[label] - 1) / n[label]

        monkeypatch.setattr(conditional, name, wrong)
        assert len(failures("conditional-variance")) == 4


def test_chances_that_do_not_sum_to_one_fail(monkeypatch):
    monkeypatch.setattr(random_counts, "_CERTAIN", {})
    assert len(failures("random-counts")) == 1


def test_without_the_absent_classes_the_chance_is_wrong(monkeypatch):
    monkeypatch.setattr(random_counts, "_subsets", lambda _labels: iter([()]))
    assert len(failures("random-counts")) == 2


def test_bags_that_depend_fail(monkeypatch):
    independent = bags._independent_draws()
    together = Law(
        bags.weight, independent.mean, lambda one, other: independent.product(one, other) + 1
    )
    monkeypatch.setattr(bags, "_independent_draws", lambda: together)
    assert len(failures("bagging")) == 1


def test_bags_that_overlap_are_not_disjoint(monkeypatch):
    law = bags._disjoint_draws()
    mean = bags.tau / bags.n

    def independent(one, other):
        same = sp.KroneckerDelta(one[0], other[0])
        return law.product(one, other) + (1 - same) * mean**2

    monkeypatch.setattr(bags, "_disjoint_draws", lambda: Law(bags.weight, law.mean, independent))
    assert len(failures("disjoint-bags")) == 2


def test_a_wrong_formula_for_bags_fails(monkeypatch):
    monkeypatch.setattr(bags, "disjoint_cv2_expression", lambda: bags.n / (bags.B * bags.m))
    assert len(failures("disjoint-bags")) == 4
    monkeypatch.setattr(bags, "average_cv2_expression", lambda: bags.c2 / bags.B**2)
    assert len(failures("bagging")) == 2


# Numbers, by listing

COUNTS, TAU, KEPT = (2, 4), (Fraction(1, 3), Fraction(2, 3)), 2
SCORES = ((Fraction(3), Fraction(-1)), (Fraction(2), Fraction(5), Fraction(-4), Fraction(1)))


def undersamples():
    """Weights (rows of class 0, rows of class 1) of all undersamples, equally likely."""
    for kept in product(*(combinations(range(n), KEPT) for n in COUNTS)):
        yield [
            [tau / KEPT * (row in rows) for row in range(n)]
            for n, tau, rows in zip(COUNTS, TAU, kept, strict=True)
        ]


def weighted(weights):
    return sum(
        w * s for ws, ss in zip(weights, SCORES, strict=True) for w, s in zip(ws, ss, strict=True)
    )


def variance(values):
    values = list(values)
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)


def class_moments():
    for scores in SCORES:
        mean = sum(scores) / len(scores)
        yield mean, sum((s - mean) ** 2 for s in scores) / (len(scores) - 1)


def test_the_noise_of_an_undersample_by_listing():
    means, squares = zip(*class_moments(), strict=True)
    letters = {"K": 2, "a": 1, "b": 1, "n": COUNTS, "tau": TAU, "C": [[0, 0], [0, 0]]}
    letters |= {"S": [[[s]] for s in squares], "m": [[m] for m in means], "c^2": (0, 1)}
    found = evaluate(conditional.conditional_variance_expression(), **letters)
    assert found == sp.Rational(variance(map(weighted, undersamples())))


def test_the_noise_of_thinning_by_listing():
    """Rows kept by chance q and not renormalised: totals are random."""
    q, total = Fraction(1, 3), [Fraction(0)] * 3
    for kept in product((0, 1), repeat=sum(COUNTS)):
        chance = prod(q if row else 1 - q for row in kept)
        rows = (kept[: COUNTS[0]], kept[COUNTS[0] :])
        of_class = zip(COUNTS, TAU, rows, strict=True)
        value = weighted([[tau / (q * n) * row for row in r] for n, tau, r in of_class])
        total = [t + chance * value**power for power, t in enumerate(total)]
    means, squares = zip(*class_moments(), strict=True)
    of_totals = [tau**2 * (1 - q) / (q * n) for n, tau in zip(COUNTS, TAU, strict=True)]
    letters = {"K": 2, "a": 1, "b": 1, "n": COUNTS, "tau": TAU}
    letters |= {"C": [[of_totals[0], 0], [0, of_totals[1]]], "c^2": [1 / q - 1] * 2}
    letters |= {"S": [[[s]] for s in squares], "m": [[m] for m in means]}
    found = evaluate(conditional.conditional_variance_expression(), **letters)
    assert found == sp.Rational(total[2] - total[1] ** 2)


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
    found = evaluate(optimism.square_gap_expression(), K=2, n=COUNTS, tau=TAU, g=SCORES, Q=Q)
    assert found == sp.Rational(variance(map(weighted, drawn)))


@pytest.mark.parametrize("pi", [(Fraction(1, 3), Fraction(2, 3)), (Fraction(1, 2), Fraction(1, 2))])
def test_mean_reciprocals_by_listing(pi):
    n, chance, total = 5, Fraction(0), Fraction(0)
    for labels in product((0, 1), repeat=n):
        if 0 < sum(labels) < n:
            p = prod(pi[label] for label in labels)
            chance, total = chance + p, total + p / labels.count(1)
    found = evaluate(random_counts.reciprocal_expression(2, 2, n), pi=pi)
    assert found == sp.Rational(total / chance)


@pytest.mark.parametrize("B", [1, 2, 3])
def test_disjoint_bags_by_listing(B):
    """Over all orders of six rows cut into bags of two; three bags leave no noise at all."""
    held = [Fraction(0 in order[: 2 * B], 2 * B) for order in permutations(range(6))]
    mean = sum(held) / len(held)
    found = evaluate(bags.disjoint_cv2_expression(), n_k=6, m=2, B=B)
    assert found == sp.Rational(variance(held) / mean**2)
    assert (found == 0) is (B == 3)


def test_the_slope_along_a_direction_is_that_of_the_loss_from_any_logits():
    left = separation.existence().step("slope").equation.lhs.doit()
    z, v, at, step = np.array([0.3, -1.0, 0.8]), np.array([1.0, 0.5, -2.0]), 0.4, 1e-5
    found = evaluate(left, K=3, z=z, v=v, t=at, y=2)

    def loss(t):
        return np.logaddexp.reduce(z + t * v) - (z + t * v)[1]

    assert float(found) == pytest.approx((loss(at + step) - loss(at - step)) / (2 * step), rel=1e-8)
