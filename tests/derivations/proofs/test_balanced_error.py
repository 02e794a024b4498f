"""Label balanced-error: refuted once a formula is wrong."""

import pytest

from mlbalance.derivations.proofs import balanced_error
from tests.derivations.refuted import failures


@pytest.mark.parametrize("half_too_much", [True, False])
def test_an_expansion_without_its_bias_or_its_half_fails(monkeypatch, half_too_much):
    a, b = balanced_error.a, balanced_error.b
    square = balanced_error.over(balanced_error.B[a, b] * balanced_error.cov[a, b], a, b)
    linear = balanced_error.over(balanced_error.G[a] * balanced_error.mean[a], a)
    wrong = linear + square if half_too_much else square / 2
    monkeypatch.setattr(balanced_error, "_claimed_expansion", lambda: wrong)
    (failed,) = failures("balanced-error")
    assert failed.startswith("In the mean, with bias m and covariance C")
