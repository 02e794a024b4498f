"""Label owen: refuted once a formula is wrong."""

from mlbalance.derivations.proofs import owen
from tests.derivations.refuted import failures


def test_a_tilt_of_the_wrong_sign_fails(monkeypatch):
    assert failures("owen") == []
    wrong = owen._over_points(owen.w[owen.r] * owen.x[owen.r, owen.k])
    monkeypatch.setattr(owen, "tilted_mean_expression", lambda: wrong)
    assert len(failures("owen")) == 2
