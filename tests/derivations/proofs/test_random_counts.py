"""Label random-counts: refuted, and means of reciprocals by listing."""

from fractions import Fraction
from itertools import product
from math import prod

import pytest
import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import random_counts
from tests.derivations.refuted import failures


def test_chances_that_do_not_sum_to_one_fail(monkeypatch):
    monkeypatch.setattr(random_counts, "_CERTAIN", {})
    assert len(failures("random-counts")) == 1


def test_without_the_absent_classes_the_chance_is_wrong(monkeypatch):
    monkeypatch.setattr(random_counts, "_subsets", lambda _labels: iter([()]))
    assert len(failures("random-counts")) == 2


@pytest.mark.parametrize("pi", [(Fraction(1, 3), Fraction(2, 3)), (Fraction(1, 2), Fraction(1, 2))])
def test_mean_reciprocals_by_listing(pi):
    n, chance, total = 5, Fraction(0), Fraction(0)
    for labels in product((0, 1), repeat=n):
        if 0 < sum(labels) < n:
            p = prod(pi[label] for label in labels)
            chance, total = chance + p, total + p / labels.count(1)
    found = evaluate(random_counts.reciprocal_expression(2, 2, n), pi=pi)
    assert found == sp.Rational(total / chance)
