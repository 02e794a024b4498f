"""Label small-n: refuted once a formula is wrong."""

from mlbalance.derivations.proofs import small_n
from tests.derivations.refuted import failures


def test_degrees_of_freedom_without_the_square_fail(monkeypatch):
    assert failures("small-n") == []
    v, freedom, k = small_n.v, small_n.freedom, small_n.k
    wrong = small_n._over_classes(v(k)) / small_n._over_classes(v(k) / freedom(k))
    monkeypatch.setattr(small_n, "degrees_of_freedom_expression", lambda: wrong)
    assert failures("small-n") == [
        "A multiple of a chi-square with f degrees of freedom has twice its squared mean over f as "
        "variance: f matches the two."
    ]
