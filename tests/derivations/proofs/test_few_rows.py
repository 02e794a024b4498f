"""Label few-rows: refuted once a formula is wrong."""

from mlbalance.derivations.proofs import few_rows
from tests.derivations.refuted import failures


def test_a_moderated_variance_with_other_weights_fails(monkeypatch):
    assert failures("few-rows") == []
    f, g, s, m = few_rows.f, few_rows.g, few_rows.s, few_rows.m
    monkeypatch.setattr(few_rows, "moderated_variance_expression", lambda: (f * s + g * m) / f)
    assert failures("few-rows") == ["Its mean is the inverse of the moderated variance."]


def test_a_likelihood_without_its_jacobian_fails(monkeypatch):
    right = few_rows._chi_square
    monkeypatch.setattr(few_rows, "_chi_square", lambda at, freedom: at * right(at, freedom))
    assert "Its mean is the inverse of the moderated variance." in failures("few-rows")
