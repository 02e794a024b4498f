"""Label conditional-mean: schemes that are not biased."""

from mlbalance.derivations.proofs import conditional_mean, cv2
from tests.derivations.refuted import failures


def test_a_biased_scheme_fails(monkeypatch):
    pairs = {**cv2.PAIRS, "thin": cv2._undersample_with_replacement}
    assert failures("conditional-mean") == []
    mean, square = cv2._thin()
    pairs["thin"] = lambda: (mean * cv2.q, square)
    monkeypatch.setattr(conditional_mean, "PAIRS", pairs)
    assert failures("conditional-mean") == ["Mean weight of a row: thin."]
