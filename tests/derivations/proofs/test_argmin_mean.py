"""Labels argmin-mean and second-order: the bias is that of the expansion."""

import pytest

from mlbalance.derivations.proofs import second_order
from tests.derivations.refuted import anew


@pytest.mark.parametrize("label", ["second-order", "argmin-mean"])
def test_a_bias_of_another_sign_is_not_that_of_the_expansion(label, monkeypatch):
    right, third = second_order.bias_expression, second_order.third
    monkeypatch.setattr(second_order, "bias_expression", lambda *given: -right(*given))
    assert not anew(label).step("bias").verify().ok
    curved = third[second_order.b, second_order.c, second_order.f]
    monkeypatch.setattr(
        second_order,
        "bias_expression",
        lambda *given: right(*given).xreplace({curved: -2 * curved}),
    )
    assert not anew(label).step("bias").verify().ok
    monkeypatch.setattr(second_order, "bias_expression", right)
    assert anew(label).step("bias").verify().ok
