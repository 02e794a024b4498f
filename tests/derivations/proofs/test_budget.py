"""Label budget: values of rows and the best counts, at numbers."""

from fractions import Fraction

import numpy as np
import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs.budget import budget_expressions

BUDGET = {
    "K": 3,
    "tau": [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)],
    "t": [2, 5, 3],
    "n": [7, 20, 4],
    "c": [1, 4, 2],
    "C": 60,
}


def class_variances(counts):
    of_class = zip(BUDGET["tau"], BUDGET["t"], counts, strict=True)
    return np.array([float(tau) ** 2 * t / n_k for tau, t, n_k in of_class])


def budget_at(name):
    return np.array([float(evaluate(budget_expressions()[name], k=r, **BUDGET)) for r in (1, 2, 3)])


def test_the_value_of_a_row():
    counts = np.array(BUDGET["n"], dtype=float)
    f, step = class_variances(counts), 1e-6
    np.testing.assert_allclose(budget_at("share"), f / f.sum(), rtol=1e-14)
    for r in range(3):
        up = counts + step * np.eye(3)[r]
        down = counts - step * np.eye(3)[r]
        slope = np.log(class_variances(up).sum() / class_variances(down).sum()) / (2 * step)
        assert budget_at("row value")[r] == pytest.approx(-slope, rel=1e-7)
        more = class_variances(counts + np.eye(3)[r]).sum()
        assert budget_at("fall")[r] == pytest.approx((f.sum() - more) / 2, rel=1e-12)


def test_no_allocation_beats_the_best():
    price, best = np.array(BUDGET["c"]), budget_at("count")
    assert best @ price == pytest.approx(BUDGET["C"], rel=1e-14)
    least = class_variances(best).sum()
    others = np.random.default_rng(3).dirichlet(np.ones(3), 500) * BUDGET["C"] / price
    assert min(class_variances(counts).sum() for counts in others) > least
    near = best * (1 + 1e-3 * np.array([1, -1, 0]))
    assert class_variances(near * BUDGET["C"] / (near @ price)).sum() > least
