"""Label oversample-poisson: refuted once a moment is wrong."""

import pytest
import sympy as sp

from mlbalance.derivations.proofs import oversample_poisson
from tests.derivations.refuted import failures


def mutated(monkeypatch, module, name, wrong):
    assert getattr(module, name) != wrong
    monkeypatch.setattr(module, name, wrong)


@pytest.mark.parametrize(
    ("name", "wrong", "count"),
    [
        ("SQUARED_CV", oversample_poisson.nu / (1 + oversample_poisson.nu), 4),
        ("TOTAL_VARIANCE", sp.S.Zero, 1),
    ],
)
def test_wrong_moments_of_copies_fail(monkeypatch, name, wrong, count):
    assert failures("oversample-poisson") == []
    mutated(monkeypatch, oversample_poisson, name, wrong)
    assert len(failures("oversample-poisson")) == count


def test_copies_of_another_law_fail(monkeypatch):
    moments = oversample_poisson._POISSON
    even = moments.__class__(moments.base, moments.mean, lambda one, other: moments.mean(1) ** 2)
    monkeypatch.setattr(oversample_poisson, "_POISSON", even)
    assert len(failures("oversample-poisson")) == 2
