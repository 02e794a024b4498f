"""Label harmonic: equal class terms, and contrasts at numbers."""

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations.engine import Derivation, evaluate
from mlbalance.derivations.proofs import _equal_terms
from mlbalance.derivations.proofs.harmonic import variance_ratio_expression
from mlbalance.derivations.proofs.kish import effective_size_expression
from tests.derivations.refuted import failures

SIX_COUNTS = (23, 5, 44, 14, 19, 31)


def test_a_signal_spoils_the_contrast(monkeypatch):
    def wrong(label, component):
        return _equal_terms.prior[label] - sp.KroneckerDelta(component, label)

    monkeypatch.setattr(_equal_terms, "_residual", wrong)
    steps = _equal_terms.no_signal()
    assert len(failures(Derivation("harmonic", "wrong", steps))) == 2


def no_signal_terms(n_classes, contrast):
    """Class terms of a slope contrast without signal, by pseudo-inverse, at a uniform target."""
    tau = np.full(n_classes, 1 / n_classes)
    inverse = np.linalg.pinv(np.diag(tau) - np.outer(tau, tau))
    return [(contrast @ inverse @ (tau - e)) ** 2 for e in np.eye(n_classes)]


@pytest.mark.parametrize(
    ("contrast", "ratio"), [((1, -1, 0), 4), ((1, 0, -1), 10 / 7), ((0, 1, -1), 20 / 11)]
)
def test_contrasts_without_signal(contrast, ratio):
    counts, m = np.array([100, 400, 40]), 40
    terms = no_signal_terms(3, np.array(contrast))
    expected = evaluate(
        variance_ratio_expression(),
        K=3,
        tau=[sp.Rational(1, 3)] * 3,
        n=counts,
        Q=[float(term) for term in terms],
        **{"c^2": [sp.Rational(int(c), m) - 1 for c in counts]},
    )
    assert float(expected) == pytest.approx(ratio, rel=1e-12)


def test_the_six_classes():
    uniform = [sp.Rational(1, 6)] * 6
    expected = evaluate(
        variance_ratio_expression(),
        K=6,
        tau=uniform,
        n=SIX_COUNTS,
        Q=[1] * 6,
        **{"c^2": [sp.Rational(c, 5) - 1 for c in SIX_COUNTS]},
    )
    assert float(expected) == pytest.approx(6 / sum(1 / c for c in SIX_COUNTS) / 5, rel=1e-14)
    size = evaluate(effective_size_expression(), K=6, tau=uniform, n=SIX_COUNTS)
    row_weights = np.repeat([1 / (6 * c) for c in SIX_COUNTS], SIX_COUNTS)
    assert float(size) == pytest.approx(1 / (row_weights**2).sum(), rel=1e-14)
