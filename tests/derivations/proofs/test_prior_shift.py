"""Label prior-shift: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import _population as right
from mlbalance.derivations.proofs import prior_shift
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("name", "wrong", "number"),
    [
        (
            "_converted_posterior",
            lambda p: p(right.r) * prior_shift.pi[right.r] / right.tau[right.r],
            1,
        ),
        ("_by_weights", lambda k: prior_shift.pi[k] / prior_shift.w[k], 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, name, wrong, number):
    monkeypatch.setattr(prior_shift, name, wrong)
    assert len(failures("prior-shift")) == number
