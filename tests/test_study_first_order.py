"""Studies of what first-order theory predicts: they run, their figures judge them, and refuse."""

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlbalance import theory
from mlbalance.schemes import Bagging, BalancedSampler, ClassWeight, Undersample
from mlbalance.simulation import run, summarise

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "simulations" / "results"
NAMES = ("variance_inflation", "harmonic_ratio", "bagging")
DRAWS = 60
"""Random counts a test averages over; the figure takes more."""


@pytest.fixture(autouse=True)
def at_figures(monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(ROOT / "paper" / "figures"))
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def figure(name, at_figures):
    return figure_of(name)


def figure_of(name):
    """The figure's script, with few random counts."""
    module = importlib.import_module(name)
    assert Path(module.__file__).parent == ROOT / "paper" / "figures"
    if name == "variance_inflation":
        module.DRAWS = DRAWS
    return module


def study_of(name):
    return importlib.import_module(f"simulations.{name}").STUDY


def committed(name):
    return importlib.import_module("common").table(RESULTS / f"{name}.csv")


def refusal():
    return pytest.raises(importlib.import_module("common").ClaimError)


# The studies


def test_the_quick_version_runs_and_every_cell_is_compared(name, figure):
    study = replace(study_of(name).quick(), replications=3)
    found = figure.compared(tabled(summarise(study, run(study))))
    assert {c.cell for c in found} == {cell.name for cell in study.cells}
    assert all(c.predicted > 0 and c.observed > 0 and c.error > 0 for c in found)


def tabled(rows):
    return {(r.cell, r.recipe, r.ridge, r.measure): r for r in rows}


@pytest.mark.parametrize(
    ("name", "missing"),
    # The reference has no ratio to itself; an intercept moves with the counts in a wrong model.
    [("variance_inflation", 2), ("harmonic_ratio", 0), ("bagging", 0)],
)
def test_theory_has_a_prediction_for_every_cell_and_recipe(name, missing, at_figures):
    study, found = study_of(name), figure_of(name).compared(committed(name))
    outcomes = {"variance_inflation": 2, "harmonic_ratio": 2, "bagging": 1}[name]
    judged = len(study.recipes) - (name != "variance_inflation")
    assert len(found) == len(study.cells) * judged * outcomes - missing
    assert len({c[:3] for c in found}) == len(found)


def test_the_committed_summary_is_whole_and_passes(name, figure):
    study, rows = study_of(name), committed(name)
    assert {cell.name for cell in study.cells} == {row.cell for row in rows.values()}
    assert {row.replications for row in rows.values()} == {study.replications}
    assert {row.failures for row in rows.values()} == {0}
    figure.check(rows)


@pytest.mark.parametrize(
    ("name", "cell", "recipe", "measure", "factor"),
    [
        (
            "variance_inflation",
            "right model, fixed counts, 4x",
            "undersample",
            "empirical SE",
            1.15,
        ),
        ("variance_inflation", "wrong model, random counts, 4x", "bootstrap", "empirical SE", 0.85),
        ("variance_inflation", "right model, fixed counts, 1x", "oversample", "empirical SE", 1.3),
        ("harmonic_ratio", "alike, 3", "undersample", "risk ratio", 1.4),
        ("harmonic_ratio", "unequal spread, 9", "undersample", "risk ratio", 0.7),
        ("harmonic_ratio", "alike, 3", "undersample", "relative precision", 2.0),
        ("bagging", "equal ratios, 4x", "5 disjoint bags", "risk ratio", 1.03),
        ("bagging", "unequal ratios, 1x", "10 bags", "risk ratio", 0.8),
    ],
)
def test_a_falsified_summary_is_refused(name, cell, recipe, measure, factor, at_figures):
    rows = committed(name)
    keys = [k for k in rows if k[:2] == (cell, recipe) and k[3].startswith(measure)]
    assert keys
    rows |= {k: rows[k]._replace(value=factor * rows[k].value) for k in keys}
    with refusal():
        figure_of(name).check(rows)


def test_a_number_that_is_missing_or_none_at_all_is_refused(name, figure):
    rows = committed(name)
    with refusal():
        figure.check({k: r._replace(value=np.nan, error=np.nan) for k, r in rows.items()})
    with refusal():
        figure.check({})


# What they are compared with


def test_random_counts_leave_class_weights_their_exact_variance(at_figures):
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


def test_random_counts_cost_more_than_their_means(at_figures):
    figure, study = figure_of("variance_inflation"), study_of("variance_inflation")
    for scheme in (ClassWeight(), Undersample(), BalancedSampler()):
        source = study.cell("right model, random counts, 1x").source
        fixed = theory.score_variance(figure.limit(source.population), scheme, source.counts)
        assert 1 < np.trace(figure.mean_variance(source, scheme)) / np.trace(fixed) < 1.06


def test_an_unweighted_slope_of_a_right_model_does_not_see_random_counts(at_figures):
    figure, study = figure_of("variance_inflation"), study_of("variance_inflation")
    (recipe,) = (r for r in study.recipes if r.name.startswith("unweighted"))
    for what in ("slope", "intercept"):
        fixed, random = (
            figure.predicted(study.cell(f"right model, {counts} counts, 4x"), recipe, what)
            for counts in ("fixed", "random")
        )
        assert random == pytest.approx(fixed, rel=1e-3)


def test_bags_follow_their_laws(at_figures):
    figure, study = figure_of("bagging"), study_of("bagging")
    equal, unequal = study.cell("equal ratios, 1x"), study.cell("unequal ratios, 1x")
    one = figure.predicted(equal, Undersample())
    for bags in (2, 7):
        many = figure.predicted(equal, Bagging(Undersample(), bags))
        assert many == pytest.approx(1 + (one - 1) / bags)
    whole = Bagging(Undersample(), 5, disjoint=True)
    assert figure.predicted(equal, whole) == pytest.approx(1)
    assert figure.predicted(unequal, whole) > 1.05


def test_exchangeable_classes_have_the_harmonic_ratio_and_others_do_not(at_figures):
    found = figure_of("harmonic_ratio").pairs(committed("harmonic_ratio"))
    off = {"alike": [], "unequal spread": [], "in a line": []}
    for exact, plain in found:
        if exact.what == "excess risk":
            off[exact.cell.split(", ")[0]].append(abs(exact.predicted / plain.predicted - 1))
    assert max(off["alike"]) < 1e-3 and len(off["alike"]) == 60
    assert max(off["unequal spread"]) > 1 and max(off["in a line"]) > 0.1


# The verdict


def test_a_verdict_has_an_allowance_and_four_standard_errors(at_figures):
    verdict = importlib.import_module("first_order")
    one = verdict.Compared("c", "r", "w", 2.0, 2.0, 0.1, 0.01)
    assert one.passes and one.z == 0
    assert one._replace(observed=2.45).passes  # 3 % of two and four times .1
    assert not one._replace(observed=2.47).passes
    assert not one._replace(observed=1.53).passes
    assert not one._replace(observed=np.nan).passes
    assert not one._replace(error=np.nan).passes


def test_a_miss_must_fall_as_the_rows_grow(at_figures):
    verdict = importlib.import_module("first_order")
    small = verdict.Compared("c, 1x", "r", "w", 1.0, 1.2, 0.01, 0.04)
    large = verdict.Compared("c, 4x", "r", "w", 1.0, 1.05, 0.01, 0.01)
    assert verdict.z_of_fall(small, large) == pytest.approx(0)
    verdict.require_second_order([large, small], "1x", "4x")
    with refusal():
        verdict.require_second_order([large._replace(observed=1.2), small], "1x", "4x")


def test_a_bag_is_a_fit_of_its_own(at_figures):
    share = importlib.import_module("first_order").share
    population = study_of("bagging").cells[0].source.population
    assert share(population, (50, 100, 100), Undersample()) == pytest.approx(6 / 150)
    bags = Bagging(Undersample(), 9)
    assert share(population, (50, 100, 100), bags) == pytest.approx(6 / 150)


def test_the_table_of_verdicts_is_printed(at_figures, capsys):
    verdict = importlib.import_module("first_order")
    one = verdict.Compared("c", "r", "w", 2.0, 2.0, 0.1, 0.01)
    verdict.print_table([one, one._replace(observed=3.0)])
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].endswith("pass") and shown[1].endswith("FAIL")
    assert shown[2].startswith("2 comparisons, 1 fail; largest |z| 10.0")
