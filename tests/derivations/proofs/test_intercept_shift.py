"""Label intercept-shift: refuted once a formula is wrong."""

import pytest
import sympy as sp

from mlbalance.derivations.proofs import _population as right
from mlbalance.derivations.proofs import intercept_shift
from tests.derivations.misspecified import without_indicator, without_outer_product, wrong_posterior
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (intercept_shift, "information", without_outer_product, 1),
        (right, "residual", without_indicator, 1),
        (right, "posterior", wrong_posterior, 1),
        (intercept_shift, "_moved", lambda k, r: sp.KroneckerDelta(r, k) / right.tau[k], 2),
        (
            intercept_shift,
            "_claimed_excess",
            lambda r, c: sp.KroneckerDelta(r, c) * (1 + intercept_shift.cv[r]) / right.n[r],
            1,
        ),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("intercept-shift")) == number
