"""Label under-bagging: refuted, and the variance of a mean."""

import numpy as np
import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import under_bagging
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(
        under_bagging, "bag_variance_expression", lambda: under_bagging.q / under_bagging.bags
    )
    assert len(failures("under-bagging")) == 2


def test_the_overlap_of_bags_is_the_variance_of_their_mean():
    q, r, B = 2.0, 0.7, 5
    covariance = np.full((B, B), r) + (q - r) * np.eye(B)
    derived = float(evaluate(under_bagging.bag_variance_expression(), q=q, r=r, B=B))
    assert np.full(B, 1 / B) @ covariance @ np.full(B, 1 / B) == pytest.approx(derived, rel=1e-14)
