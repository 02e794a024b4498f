"""Rare classes: wrong formulas fail, and the factors are those of the row scores themselves."""

import numpy as np
import pytest
import sympy as sp

from mlbalance.derivations import (
    Derivation,
    break_even,
    duplicates,
    local_sampling,
    rare,
    second_order,
    small_n,
    tilting,
)
from mlbalance.derivations.evaluation import evaluate


def failures(derivation):
    return [result.step.words for result in derivation.verify() if result.ok is False]


def mutated(monkeypatch, module, name, wrong):
    assert getattr(module, name) != wrong
    monkeypatch.setattr(module, name, wrong)


@pytest.mark.parametrize(
    ("name", "wrong", "count"),
    [
        ("INFORMATION", rare.t / (1 + rare.e * rare.t), 4),
        ("BREAD", rare.t / (1 + rare.c * rare.t), 5),
        ("REWEIGHTED", rare.t / (1 + rare.c * rare.t) ** 3, 4),
        ("INVERSE", rare.t * (1 + rare.c * rare.t), 1),
    ],
)
def test_a_wrong_factor_of_the_rare_limit_fails(monkeypatch, name, wrong, count):
    assert failures(rare.rare_limit()) == []
    mutated(monkeypatch, rare, name, wrong)
    assert len(failures(rare.rare_limit())) == count


def test_an_undersample_without_its_offset_is_biased_and_fails(monkeypatch):
    row = rare._row
    monkeypatch.setattr(rare, "_row", lambda case, control, _, kept=1: row(case, control, 0, kept))
    failed = failures(rare.rare_limit())
    assert sum("mean zero" in words for words in failed) == 4


@pytest.mark.parametrize("side", ["along", "across"])
def test_another_number_of_controls_does_not_break_even(monkeypatch, side):
    assert failures(break_even.break_even()) == []
    wrong = break_even.CONTROLS | {side: break_even.CONTROLS[side] - 1}
    mutated(monkeypatch, break_even, "CONTROLS", wrong)
    (words,) = failures(break_even.break_even())
    assert words.startswith("An undersample with this many controls per case")


@pytest.mark.parametrize("side", ["along", "across"])
def test_another_variance_of_balanced_weighting_fails(monkeypatch, side):
    mutated(monkeypatch, break_even, "BALANCED", break_even.BALANCED | {side: 1 + break_even.delta})
    assert len(failures(break_even.break_even())) == 2


def test_a_slope_that_keeps_its_sign_under_the_reflection_fails():
    """The step compares what the reflection does with minus the slopes."""
    step = rare.rare_limit().step("slope-sign")
    assert step.verify().ok
    assert not step.check(step.equation.lhs, -step.equation.rhs)


def test_a_tilt_of_the_wrong_sign_fails(monkeypatch):
    assert failures(tilting.owen()) == []
    wrong = tilting._over_points(tilting.w[tilting.r] * tilting.x[tilting.r, tilting.k])
    monkeypatch.setattr(tilting, "tilted_mean_expression", lambda: wrong)
    assert len(failures(tilting.owen())) == 2


def test_weights_that_do_not_undo_the_acceptance_fail(monkeypatch):
    assert failures(local_sampling.lcc()) == []
    mutated(monkeypatch, local_sampling, "CASE", local_sampling.p * (1 - local_sampling.p))
    assert len(failures(local_sampling.lcc())) == 5


def test_a_bound_below_the_sharp_one_fails(monkeypatch):
    wrong = (local_sampling.h1 + local_sampling.h0 + 1) / local_sampling.c
    mutated(monkeypatch, local_sampling, "FACTOR", wrong)
    assert len(failures(local_sampling.lcc())) >= 5


@pytest.mark.parametrize(
    ("name", "wrong", "count"),
    [("SQUARED_CV", duplicates.nu / (1 + duplicates.nu), 4), ("TOTAL_VARIANCE", sp.S.Zero, 1)],
)
def test_wrong_moments_of_copies_fail(monkeypatch, name, wrong, count):
    assert failures(duplicates.oversample_poisson()) == []
    mutated(monkeypatch, duplicates, name, wrong)
    assert len(failures(duplicates.oversample_poisson())) == count


def test_copies_of_another_law_fail(monkeypatch):
    law = duplicates._POISSON
    even = law.__class__(law.base, law.mean, lambda one, other: law.mean(1) ** 2)
    monkeypatch.setattr(duplicates, "_POISSON", even)
    assert len(failures(duplicates.oversample_poisson())) == 2


# Numbers, without algebra


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
    for name, expressions in rare.rare_limit_expressions().items():
        fitted, case, control, kept = fits[name]
        outcomes = ((p, case, 1), ((1 - p) * kept, control, 0), ((1 - p) * (1 - kept), 0, 0))
        score = sum(chance * w * (fitted - y) for chance, w, y in outcomes)
        square = sum(chance * (w * (fitted - y)) ** 2 for chance, w, y in outcomes)
        hessian = sum(chance * w * fitted * (1 - fitted) for chance, w, _ in outcomes)
        derived = [float(evaluate(x, e=e, c=c, t=t)) for x in expressions]
        assert score == pytest.approx(0, abs=1e-15)
        assert [hessian / e, square / e] == pytest.approx(derived, rel=1e-13)


@pytest.mark.parametrize("c", [0.5, 1.0, 1.3, 2.5, 40.0])
@pytest.mark.parametrize("p", [0.003, 0.4, 0.9])
def test_local_sampling_factors_are_sums_over_the_outcomes_of_a_row(c, p):
    hessian = variance = 0.0
    for chance, away in ((p, 1 - p), (1 - p, p)):
        accepted, weight = min(1, c * away), max(1, c * away)
        hessian += chance * accepted * weight / 4
        variance += chance * accepted * weight**2 / 4
    letters = {"p": p, "c": c, "h_1": max(1, c * (1 - p)), "h_0": max(1, c * p)}
    derived = {
        k: float(evaluate(v, **letters)) for k, v in local_sampling.lcc_expressions().items()
    }
    assert hessian == pytest.approx(derived["hessian"], rel=1e-13)
    assert variance == pytest.approx(derived["variance"], rel=1e-13)
    ratio = variance * p * (1 - p) / hessian**2
    assert ratio <= max(1 + 1 / c, 2 / c) + 1e-12


# Few rows


def test_noise_that_enters_by_its_root_is_not_linear_in_what_the_variance_is(monkeypatch):
    terms = Derivation("second-order", "terms", second_order._terms())
    assert failures(terms) == []
    assert failures(second_order.argmin_mean()) == []
    weight = second_order._noise
    monkeypatch.setattr(second_order, "_noise", lambda x: lambda k: sp.sqrt(weight(x)(k)))
    assert len(failures(Derivation("second-order", "wrong", second_order._terms()))) == 2
    assert len(failures(second_order.argmin_mean())) == 1


def test_components_that_correlate_across_rows_fail(monkeypatch):
    own = second_order._components
    monkeypatch.setattr(second_order, "_components", lambda a, b: own(a, b) + 1)
    assert len(failures(second_order.second_order())) == 1


def test_degrees_of_freedom_without_the_square_fail(monkeypatch):
    assert failures(small_n.small_n()) == []
    v, freedom, k = small_n.v, small_n.freedom, small_n.k
    wrong = small_n._over_classes(v(k)) / small_n._over_classes(v(k) / freedom(k))
    monkeypatch.setattr(small_n, "degrees_of_freedom_expression", lambda: wrong)
    assert failures(small_n.small_n()) == [
        "A multiple of a chi-square with f degrees of freedom has twice its squared mean over f as "
        "variance: f matches the two."
    ]


def test_the_squares_of_the_order_are_weighted_by_the_masses():
    left = rare.rare_limit().step("squares").equation.lhs
    mass, g, h = np.array([0.5, 0.2, 0.3]), np.array([1.0, -2.0, 0.5]), np.array([0.0, 1.0, 3.0])
    found = evaluate(left, N=3, w=mass, g=g, h=h)
    assert float(found) == pytest.approx(np.average(np.square(g - h), weights=mass))
