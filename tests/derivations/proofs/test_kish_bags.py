"""Label kish-bags: refuted, and effective sizes in order at numbers."""

import numpy as np
import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import kish_bags
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("effective_size_expression", lambda: kish_bags._over(kish_bags.n(kish_bags.k)), 2),
        ("harmonic_mean", lambda: kish_bags.K, 1),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(kish_bags, name, wrong)
    assert len(failures("kish-bags")) == number


def test_the_size_of_class_weights_rises_from_that_of_bags_to_all_rows():
    counts = np.array([23, 5, 44, 14, 19, 31])
    weights = counts.sum() / (6 * counts)
    sizes = []
    for V in np.geomspace(1e-6, 1e6, 40):
        h = counts * weights / (1 + weights * V)
        expression = kish_bags.effective_size_expression()
        sizes.append(float(evaluate(expression, K=6, n=counts.tolist(), f=(h / h.sum()).tolist())))
    assert (np.diff(sizes) > 0).all()
    assert sizes[0] == pytest.approx(36 / (1 / counts).sum(), rel=1e-4)
    assert sizes[-1] == pytest.approx(counts.sum(), rel=1e-4)
