"""Label separate-model: refuted once a formula is wrong, and the bend of a group's logit."""

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import separate_model as proof
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        ("_within", lambda k: proof.e[k] / sp.Sum(proof.e[proof.l], (proof.l, 1, proof.K)), 1),
        ("group_bend", lambda right=proof.group_bend: 2 * right(), 1),
        ("within_expression", lambda right=proof.within_expression: right() / 2, 1),
        (
            "between_expression",
            lambda outside=proof.u[proof.j], right=proof.between_expression: right(outside) + 1,
            2,
        ),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(proof, name, wrong)
    assert len(failures("separate-model")) == number


def test_the_bend_is_a_second_difference_of_the_logit():
    b, w, step = np.array([0.3, -0.2, 0.1]), np.array([1.0, -0.5, 2.0]), 1e-4
    logit = [np.log(np.exp(b + w * t).sum()) for t in (0.4 - step, 0.4, 0.4 + step)]
    q = np.exp(b + 0.4 * w) / np.exp(b + 0.4 * w).sum()
    found = float(evaluate(proof.group_bend(), g=3, q=q.tolist(), w=w.tolist()))
    assert np.diff(logit, 2)[0] / step**2 == pytest.approx(found, rel=1e-6)
    # Two classes at equal logits, one apart in slope: a quarter.
    assert evaluate(proof.group_bend(), g=2, q=[sp.S(1) / 2] * 2, w=[1, 0]) == sp.S(1) / 4
