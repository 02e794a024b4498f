"""Label naive-se: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import _population as right
from mlbalance.derivations.proofs import naive_se
from tests.derivations.misspecified import without_indicator, without_outer_product, wrong_posterior
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (right, "residual", without_indicator, 1),
        (right, "posterior", wrong_posterior, 1),
        (naive_se, "information", without_outer_product, 1),
        (naive_se, "_naive", naive_se._variance, 2),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("naive-se")) == number
