"""Label conditional-mean: schemes that are not biased."""

from mlbalance.derivations.proofs import conditional_mean, cv2
from tests.derivations.refuted import failures


def test_a_biased_scheme_fails(monkeypatch):
    laws = {**cv2.LAWS, "thin": cv2._undersample_with_replacement}
    assert failures("conditional-mean") == []
    mean, square = cv2._thin()
    laws["thin"] = lambda: (mean * cv2.q, square)
    monkeypatch.setattr(conditional_mean, "LAWS", laws)
    assert failures("conditional-mean") == ["Mean weight of a row: thin."]
