"""Label disjoint-bags: refuted, and by listing."""

from fractions import Fraction
from itertools import permutations

import pytest
import sympy as sp

from mlbalance.derivations.engine import Moments, evaluate
from mlbalance.derivations.proofs import disjoint_bags
from tests.derivations.listing import variance
from tests.derivations.refuted import failures


def test_bags_that_overlap_are_not_disjoint(monkeypatch):
    moments = disjoint_bags._disjoint_draws()
    mean = disjoint_bags.tau / disjoint_bags.n

    def independent(one, other):
        same = sp.KroneckerDelta(one[0], other[0])
        return moments.product(one, other) + (1 - same) * mean**2

    monkeypatch.setattr(
        disjoint_bags,
        "_disjoint_draws",
        lambda: Moments(disjoint_bags.weight, moments.mean, independent),
    )
    assert len(failures("disjoint-bags")) == 2


def test_a_wrong_coefficient_fails(monkeypatch):
    wrong = disjoint_bags.n / (disjoint_bags.B * disjoint_bags.m)
    monkeypatch.setattr(disjoint_bags, "disjoint_cv2_expression", lambda: wrong)
    assert len(failures("disjoint-bags")) == 3


@pytest.mark.parametrize("B", [1, 2, 3])
def test_disjoint_bags_by_listing(B):
    """Over all orders of six rows cut into bags of two; three bags leave no noise at all."""
    held = [Fraction(0 in order[: 2 * B], 2 * B) for order in permutations(range(6))]
    mean = sum(held) / len(held)
    found = evaluate(disjoint_bags.disjoint_cv2_expression(), n_k=6, m=2, B=B)
    assert found == sp.Rational(variance(held) / mean**2)
    assert (found == 0) is (B == 3)
