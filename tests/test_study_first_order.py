"""Studies of few features: they run, are compared with theory to second order, and are judged."""

from dataclasses import replace

import numpy as np
import pytest

from mlbalance import theory
from mlbalance.schemes import Bagging, BalancedSampler, ClassWeight, Thin, Undersample
from mlbalance.simulation import Key, Summary, run, summarise
from tests.figures import changed, committed, compared, figure_of, is_on_record, judged, study_of

NAMES = ("variance_inflation", "harmonic_ratio", "bagging")
DRAWS = 60
pytestmark = pytest.mark.slow
"""Random counts a test averages over; the figure takes more."""


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


# The studies


def test_the_quick_version_runs_and_every_cell_is_compared(name, monkeypatch):
    figure = figure_of(name)
    if name == "variance_inflation":
        monkeypatch.setattr(figure, "DRAWS", DRAWS)
    study = replace(study_of(name).quick(), replications=3)
    with run(study) as store:
        found = figure.compared(study, summarise(study, store))
    assert {c.row.cell for c in found} == {cell.id for cell in study.cells}
    assert all(c.predicted > 0 and c.observed > 0 and c.error > 0 for c in found)


@pytest.mark.parametrize(
    ("name", "outcomes", "missing"),
    # The reference has no ratio to itself; an intercept moves with the counts in a wrong model.
    [("variance_inflation", 2, 2), ("harmonic_ratio", 2, 0), ("bagging", 1, 0)],
)
def test_theory_has_a_prediction_for_every_cell_and_method(name, outcomes, missing):
    study, found = study_of(name), compared(name)
    methods = len(study.methods) - (name != "variance_inflation")
    assert len(found) == len(study.cells) * methods * outcomes - missing
    assert len({c.row.key for c in found}) == len(found)


def test_the_committed_summary_is_whole_and_its_verdict_on_record(name):
    study, rows = study_of(name), committed(name)
    assert {cell.id for cell in study.cells} == {row.cell for row in rows.values()}
    assert {row.n for row in rows.values()} == {study.replications}
    assert {row.failures for row in rows.values()} == {0}
    assert is_on_record(name, judged(name))


def test_six_classes_are_predicted_but_for_what_has_no_mean():
    figure, study = figure_of("six_classes"), study_of("six_classes")
    found = figure.compared(study, Summary(committed("six_classes").select(features=2)))
    assert {(c.row.cell, c.row.method) for c in found} == {
        (cell.id, id)
        for cell in study.cells[:2]
        for id in figure.judged(study, cell)
        if not (cell.factors["times"] == 1 and id == "thin-0.5-not-renormalised")
    }
    assert figure.may_lose_a_class(Thin(0.5, renormalise=False), np.array([5, 40]))
    assert not figure.may_lose_a_class(Thin(0.5), np.array([5, 40]))


def test_six_classes_have_a_limit_where_schemes_keep_rows_whole():
    figure, study = figure_of("six_classes"), study_of("six_classes")
    cell = study.cell("d=20, 1x")
    schemes = figure.judged(study, cell)
    asked = {id: schemes[id] for id in ("undersample", "bootstrap")}
    found = figure.in_proportion(cell, asked, 0.9)
    assert set(found) == {"undersample"} and found["undersample"][0] > 1


@pytest.mark.parametrize(
    ("name", "factor", "key"),
    [
        (
            "variance_inflation",
            1.15,
            ("right model, fixed counts, 4x", "undersample", 0.0, "empirical SE", "slope"),
        ),
        (
            "variance_inflation",
            0.8,
            ("wrong model, random counts, 1x", "bootstrap", 0.0, "empirical SE", "intercept"),
        ),
        (
            "bagging",
            1.03,
            ("equal ratios, 4x", "under-bagging-5-disjoint", 0.0, "ratio", "excess risk"),
        ),
        ("bagging", 0.8, ("unequal ratios, 1x", "under-bagging-10", 0.0, "ratio", "excess risk")),
    ],
)
def test_one_number_that_is_not_so_makes_a_study_disagree(name, factor, key):
    rows, key = committed(name), Key(*key)
    lie = changed(rows, key, value=factor * rows[key].value)
    found = figure_of(name).compared(study_of(name), Summary(lie.select(cell=key.cell)))
    merged = [c for c in compared(name) if c.row.cell != key.cell] + found
    assert not judged(name, lie, merged).agrees


def test_a_number_that_is_missing_never_agrees(name):
    found = [c._replace(z=np.nan) if not i else c for i, c in enumerate(compared(name))]
    assert not judged(name, found=found).agrees


# What they are compared with


def test_random_counts_leave_class_weights_their_exact_variance():
    figure, study = figure_of("variance_inflation"), study_of("variance_inflation")
    source = study.cell("wrong model, random counts, 1x").source
    counts = np.array(source.counts)
    exact = theory.random_counts_variance(
        figure.limit(source.population), counts / counts.sum(), counts.sum()
    )
    mean = figure.mean_variance(source, ClassWeight())
    assert np.trace(mean) == pytest.approx(np.trace(exact), rel=1e-12)
    # The rest of the matrix comes from draws.
    assert np.abs(mean - exact).max() < 0.02 * np.abs(exact).max()


def test_random_counts_cost_more_than_their_means():
    figure, study = figure_of("variance_inflation"), study_of("variance_inflation")
    for scheme in (ClassWeight(), Undersample(), BalancedSampler()):
        source = study.cell("right model, random counts, 1x").source
        fixed = theory.score_variance(figure.limit(source.population), scheme, source.counts)
        assert 1 < np.trace(figure.mean_variance(source, scheme)) / np.trace(fixed) < 1.06


def test_an_unweighted_slope_of_a_right_model_does_not_see_random_counts():
    figure, study = figure_of("variance_inflation"), study_of("variance_inflation")
    (method,) = (method for method in study.methods if method.id == "unweighted+prior")
    for what in ("slope", "intercept"):
        fixed, random = (
            figure.first_order(study.cell(f"right model, {counts} counts, 4x"), method, what)
            for counts in ("fixed", "random")
        )
        assert random == pytest.approx(fixed, rel=1e-3)


def test_bags_follow_their_laws_to_first_order_and_cost_more_to_second():
    figure, study = figure_of("bagging"), study_of("bagging")
    equal, unequal = study.cell("equal ratios, 4x"), study.cell("unequal ratios, 4x")
    one = figure.predicted(equal, Undersample())
    for bags in (2, 7):
        many = figure.predicted(equal, Bagging(Undersample(), bags))
        assert many == pytest.approx(1 + (one - 1) / bags, rel=0.01)
    whole = Bagging(Undersample(), 5, disjoint=True)
    assert 1.005 < figure.predicted(equal, whole) < 1.02
    assert figure.predicted(unequal, whole) > 1.05


def test_exchangeable_classes_have_nearly_the_harmonic_ratio_and_others_do_not():
    found = figure_of("harmonic_ratio").pairs(
        study_of("harmonic_ratio"), committed("harmonic_ratio")
    )
    off = {"alike": [], "unequal spread": [], "in a line": []}
    for exact, plain in found:
        if exact.row.estimand == "excess risk":
            off[exact.row.factors["kind"]].append(abs(exact.predicted / plain.predicted - 1))
    assert max(off["alike"]) < 0.1 and len(off["alike"]) == 60
    assert max(off["unequal spread"]) > 0.1 and max(off["in a line"]) > 0.1
