"""Label bagging: independent bags."""

from mlbalance.derivations.engine import Moments
from mlbalance.derivations.proofs import bagging
from tests.derivations.refuted import failures


def test_bags_that_depend_fail(monkeypatch):
    independent = bagging._independent_draws()
    together = Moments(
        bagging.weight, independent.mean, lambda one, other: independent.product(one, other) + 1
    )
    monkeypatch.setattr(bagging, "_independent_draws", lambda: together)
    assert len(failures("bagging")) == 1


def test_a_wrong_coefficient_fails(monkeypatch):
    monkeypatch.setattr(bagging, "average_cv2_expression", lambda: bagging.c2 / bagging.B**2)
    assert len(failures("bagging")) == 2
