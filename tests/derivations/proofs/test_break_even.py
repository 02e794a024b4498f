"""Label break-even: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import break_even
from tests.derivations.refuted import failures


def mutated(monkeypatch, module, name, wrong):
    assert getattr(module, name) != wrong
    monkeypatch.setattr(module, name, wrong)


@pytest.mark.parametrize("side", ["along", "across"])
def test_another_number_of_controls_does_not_break_even(monkeypatch, side):
    assert failures("break-even") == []
    wrong = break_even.CONTROLS | {side: break_even.CONTROLS[side] - 1}
    mutated(monkeypatch, break_even, "CONTROLS", wrong)
    (words,) = failures("break-even")
    assert words.startswith("An undersample with this many controls per case")


@pytest.mark.parametrize("side", ["along", "across"])
def test_another_variance_of_balanced_weighting_fails(monkeypatch, side):
    mutated(monkeypatch, break_even, "BALANCED", break_even.BALANCED | {side: 1 + break_even.delta})
    assert len(failures("break-even")) == 2
