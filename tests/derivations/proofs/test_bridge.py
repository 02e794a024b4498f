"""Label bridge: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import _population as right
from mlbalance.derivations.proofs import bridge
from tests.derivations.misspecified import wrong_posterior
from tests.derivations.refuted import failures


@pytest.mark.parametrize(
    ("module", "name", "wrong", "number"),
    [
        (bridge, "_on_the_way", lambda k: right.tau[k] ** (1 - bridge.g), 2),
        (right, "posterior", wrong_posterior, 1),
    ],
)
def test_a_wrong_formula_fails(monkeypatch, module, name, wrong, number):
    monkeypatch.setattr(module, name, wrong)
    assert len(failures("bridge")) == number
