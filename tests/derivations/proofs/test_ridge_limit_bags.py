"""Label ridge-limit-bags: refuted, and from one bag to many."""

import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import ridge_limit, ridge_limit_bags
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(ridge_limit_bags, "T", ridge_limit_bags.T - ridge_limit_bags.half)
    assert len(failures("ridge-limit-bags")) == 1


def test_the_mean_of_bags_goes_from_an_undersample_to_the_best_threshold():
    letters = {"s": 1.0, "alpha_1": 0.2, "alpha_0": 3.0}
    forms = ridge_limit.strong_ridge_expressions()
    bags = ridge_limit_bags.bags_expression()
    single, many = (float(evaluate(bags, B=B, **letters)) for B in (1, 10**12))
    assert single == pytest.approx(float(evaluate(forms["undersampled"], **letters)), rel=1e-14)
    assert many == pytest.approx(float(evaluate(forms["best"], **letters)), rel=1e-11)
