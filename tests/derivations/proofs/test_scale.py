"""Label scale: a common factor."""

from mlbalance.derivations.proofs import scale
from tests.derivations.refuted import failures


def test_a_ridge_that_is_not_scaled_fails(monkeypatch):
    factor, i = scale.factor, scale.i
    wrong = {scale.W[i]: factor * scale.W[i]}
    monkeypatch.setattr(scale, "_scaled", lambda expr: expr.xreplace(wrong))
    assert len(failures("scale")) == 2
