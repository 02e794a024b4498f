"""Label rare-limit: refuted, and factors as sums over the outcomes of a row."""

import numpy as np
import pytest

from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import rare_limit
from tests.derivations.refuted import failures


def mutated(monkeypatch, module, name, wrong):
    assert getattr(module, name) != wrong
    monkeypatch.setattr(module, name, wrong)


@pytest.mark.parametrize(
    ("name", "wrong", "count"),
    [
        ("INFORMATION", rare_limit.t / (1 + rare_limit.e * rare_limit.t), 4),
        ("BREAD", rare_limit.t / (1 + rare_limit.c * rare_limit.t), 5),
        ("REWEIGHTED", rare_limit.t / (1 + rare_limit.c * rare_limit.t) ** 3, 4),
        ("INVERSE", rare_limit.t * (1 + rare_limit.c * rare_limit.t), 1),
    ],
)
def test_a_wrong_factor_of_the_rare_limit_fails(monkeypatch, name, wrong, count):
    assert failures("rare-limit") == []
    mutated(monkeypatch, rare_limit, name, wrong)
    assert len(failures("rare-limit")) == count


def test_an_undersample_without_its_offset_is_biased_and_fails(monkeypatch):
    row = rare_limit._row
    monkeypatch.setattr(
        rare_limit, "_row", lambda case, control, _, kept=1: row(case, control, 0, kept)
    )
    failed = failures("rare-limit")
    assert sum("mean zero" in words for words in failed) == 4


def test_a_slope_that_keeps_its_sign_under_the_reflection_fails():
    """The step compares what the reflection does with minus the slopes."""
    step = rare_limit.rare_limit().step("slope-sign")
    assert step.verify().ok
    assert not step.check(step.equation.lhs, -step.equation.rhs)


@pytest.mark.parametrize("c", [0.3, 2.0])
def test_factors_are_sums_over_the_outcomes_of_a_row(c):
    """Case, control kept, control lost, listed: working odds c t and weights of each fit."""
    e, t = 0.05, 1.7
    q, p, P = e / c, e * t / (1 + e * t), c * t / (1 + c * t)
    fits = {
        "mle": (p, 1, 1, 1),
        "reweighted": (P, 1, q, 1),
        "undersampled": (P, 1, 1, q),
        "inverse probability": (p, 1, 1 / q, q),
    }
    for name, expressions in rare_limit.rare_limit_expressions().items():
        fitted, case, control, kept = fits[name]
        outcomes = ((p, case, 1), ((1 - p) * kept, control, 0), ((1 - p) * (1 - kept), 0, 0))
        score = sum(chance * w * (fitted - y) for chance, w, y in outcomes)
        square = sum(chance * (w * (fitted - y)) ** 2 for chance, w, y in outcomes)
        hessian = sum(chance * w * fitted * (1 - fitted) for chance, w, _ in outcomes)
        derived = [float(evaluate(x, e=e, c=c, t=t)) for x in expressions]
        assert score == pytest.approx(0, abs=1e-15)
        assert [hessian / e, square / e] == pytest.approx(derived, rel=1e-13)


def test_the_squares_of_the_order_are_weighted_by_the_masses():
    left = rare_limit.rare_limit().step("squares").equation.lhs
    mass, g, h = np.array([0.5, 0.2, 0.3]), np.array([1.0, -2.0, 0.5]), np.array([0.0, 1.0, 3.0])
    found = evaluate(left, N=3, w=mass, g=g, h=h)
    assert float(found) == pytest.approx(np.average(np.square(g - h), weights=mass))
