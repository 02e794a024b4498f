"""Label calibration-slope: refuted, and a ratio of densities."""

import numpy as np
import pytest
from scipy import stats

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import calibration_slope
from tests.derivations.refuted import failures


def test_a_wrong_formula_fails(monkeypatch):
    monkeypatch.setattr(
        calibration_slope, "_slope", lambda: calibration_slope.m / calibration_slope.q
    )
    assert len(failures("calibration-slope")) == 5


def test_calibration_is_the_log_ratio_of_two_normal_densities():
    m, q, b, z = 0.8, 1.7, -0.4, 0.9
    forms = calibration_slope.calibration_expressions()
    slope, intercept = (float(evaluate(forms[k], m=m, q=q, b=b)) for k in ("slope", "intercept"))
    odds = stats.norm.logpdf(z, b + m, np.sqrt(q)) - stats.norm.logpdf(z, b - m, np.sqrt(q))
    assert intercept + slope * z == pytest.approx(odds, rel=1e-12)
