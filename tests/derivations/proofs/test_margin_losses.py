"""Label margin-losses: refuted once a formula is wrong."""

from sympy import exp

from mlbalance.derivations.proofs import margin_losses as proof
from tests.derivations.refuted import failures


def test_margins_that_change_places_fail(monkeypatch):
    wrong = (1 + exp(-proof.first)) / (1 + exp(-proof.second))
    monkeypatch.setattr(proof, "odds_expression", lambda: wrong)
    assert len(failures("margin-losses")) == 3


def test_another_link_fails(monkeypatch):
    monkeypatch.setattr(proof, "link_expression", lambda: proof.q * (1 - proof.kept * proof.q))
    assert len(failures("margin-losses")) == 1


def test_a_lead_of_the_other_classes_fails(monkeypatch):
    wrong = lambda label: proof.total - proof.e[label]  # noqa: E731
    monkeypatch.setattr(proof, "_lead", wrong)
    assert len(failures("margin-losses")) == 2
