"""Label replication: copies of rows."""

from mlbalance.derivations.proofs import replication
from tests.derivations.refuted import failures


def test_a_copy_too_many_fails(monkeypatch):
    one_more = replication.times[replication.i] + 1
    wrong = {replication.W[replication.i]: one_more}
    monkeypatch.setattr(replication, "_as_copies", lambda weighted: weighted.xreplace(wrong))
    assert len(failures("replication")) == 3


def test_a_penalty_a_copy_fails(monkeypatch):
    right = replication._penalty()
    monkeypatch.setattr(replication, "_penalty", lambda: 2 * right)
    assert len(failures("replication")) == 2
