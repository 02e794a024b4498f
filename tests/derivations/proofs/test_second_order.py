"""Label second-order: the bias, and Firth's penalty, refuted."""

import pytest
import sympy as sp

from mlbalance import claims
from mlbalance.derivations.engine import Derivation
from mlbalance.derivations.proofs import _firth, argmin_mean, second_order
from tests.derivations.refuted import failures


def test_noise_that_enters_by_its_root_is_not_linear_in_what_the_variance_is(monkeypatch):
    terms = Derivation("second-order", "terms", second_order._terms())
    assert failures(terms) == []
    assert failures("argmin-mean") == []
    weight = second_order.weight_of
    for module in (second_order, argmin_mean):
        monkeypatch.setattr(module, "weight_of", lambda x: lambda k: sp.sqrt(weight(x)(k)))
    assert len(failures(Derivation("second-order", "wrong", second_order._terms()))) == 1
    assert len(failures("argmin-mean")) == 1


def test_components_that_correlate_across_rows_fail(monkeypatch):
    own = second_order._components
    monkeypatch.setattr(second_order, "_components", lambda a, b: own(a, b) + 1)
    assert len(failures("second-order")) == 1


@pytest.mark.parametrize(
    ("name", "wrong"), [("KAPPA", 1), ("KAPPA", 0), ("_HALF", -1), ("_HALF", 1)]
)
def test_another_penalty_than_firths_leaves_another_bias(name, wrong, monkeypatch):
    assert [step.words for step in _firth.steps() if step.verify().ok is False] == []
    monkeypatch.setattr(_firth, name, sp.Integer(wrong))
    (failed,) = (step.key for step in _firth.steps() if step.verify().ok is False)
    assert failed in claims.get("second-order").clauses[2].by
