"""Label cv2: moments of weights, refuted and by listing all outcomes."""

from fractions import Fraction
from itertools import combinations, permutations, product

import pytest
import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import cv2
from tests.derivations.listing import bernoulli, spread


@pytest.mark.parametrize("name", sorted(cv2.CV2))
def test_a_wrong_row_of_the_table_fails(name):
    wrong = cv2.CV2[name] + 1 / cv2.n
    results = cv2.cv2({name: wrong}).verify()
    assert [r.step.words for r in results if r.ok is False] == [f"From its distribution: {name}."]


def listed(outcomes):
    """Squared coefficient of variation of a weight from its equally likely values."""
    return spread([(Fraction(1), value) for value in outcomes])


def subsets(n_k, m):
    """Relative weights of row 0 over all subsets of m rows."""
    return [Fraction(0 in kept, m) for kept in combinations(range(n_k), m)]


def draws(n_k, size):
    """Times row 0 is hit, over all sequences of draws with replacement."""
    return [drawn.count(0) for drawn in product(range(n_k), repeat=size)]


Q, TAU = Fraction(2, 5), Fraction(1, 3)


LISTED = {
    "class weights": ({}, lambda: listed([Fraction(1, 4)])),
    "undersample": ({"n_k": 5, "m": 2}, lambda: listed(subsets(5, 2))),
    "undersample with replacement": ({"n_k": 4, "m": 3}, lambda: listed(draws(4, 3))),
    "under-bagging": (
        {"n_k": 4, "m": 2, "B": 3},
        lambda: listed([sum(bags) for bags in product(subsets(4, 2), repeat=3)]),
    ),
    "disjoint bags": (
        {"n_k": 5, "m": 2, "B": 2},
        lambda: listed([Fraction(0 in order[:4], 4) for order in permutations(range(5))]),
    ),
    "oversample": ({"n_k": 3, "M": 7}, lambda: listed([1 + hits for hits in draws(3, 4)])),
    "bootstrap": ({"n_k": 3, "M": 5}, lambda: listed(draws(3, 5))),
    "balanced sampler": (
        {"n_k": 4, "tau_k": TAU, "N": 3},
        lambda: spread([(chance, sum(hits)) for chance, hits in bernoulli(TAU / 4, 3)]),
    ),
    "cap": ({"n_k": 5, "c": 3}, lambda: listed(subsets(5, 3))),
    "thin": ({"q": Q}, lambda: spread([(chance, kept[0]) for chance, kept in bernoulli(Q, 1)])),
    "thin renormalised": (
        {"n_k": 4, "q": Q},
        lambda: spread(
            [
                (chance, Fraction(kept[0], sum(kept)))
                for chance, kept in bernoulli(Q, 4)
                if any(kept)
            ]
        ),
    ),
}


@pytest.mark.parametrize("name", sorted(cv2.CV2))
def test_cv2_is_that_of_the_listed_outcomes(name):
    sizes, by_listing = LISTED[name]
    expression, letters = cv2.cv2_expressions()[name]
    assert {letter.name for letter in letters} == set(sizes)
    assert evaluate(expression, **sizes) == sp.Rational(by_listing())


def test_a_cap_above_the_count_keeps_all_rows():
    expression, _ = cv2.cv2_expressions()["cap"]
    assert evaluate(expression, n_k=4, c=9) == 0
