"""Studies of many features: fits against their limits, and figures that refuse what is not so."""

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlbalance import existence
from mlbalance.populations import Gaussian
from mlbalance.simulation import run, summarise
from mlbalance.theory.proportional import Mixture, separability_threshold

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "simulations" / "results"
OF_LIMITS = ("proportional", "phase_diagram", "anisotropic")
NAMES = (*OF_LIMITS, "separable", "separation_thresholds")


@pytest.fixture(autouse=True)
def at_figures(monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(ROOT / "paper" / "figures"))
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def figure_of(name):
    module = importlib.import_module(name)
    assert Path(module.__file__).parent == ROOT / "paper" / "figures"
    return module


def module_of(name):
    return importlib.import_module(f"simulations.{name}")


def study_of(name):
    return module_of(name).STUDY


def committed(name):
    return importlib.import_module("common").table(RESULTS / f"{name}.csv")


def compared(name, rows):
    """Every comparison that a figure makes."""
    if name in OF_LIMITS:
        return importlib.import_module("limits").compared(study_of(name), rows)
    return figure_of(name).compared(rows)


def refusal(match=None):
    return pytest.raises(importlib.import_module("common").ClaimError, match=match)


# The studies


def test_the_quick_version_runs_and_has_predictions(name):
    study = replace(study_of(name).quick(), replications=3)
    with run(study) as store:
        rows = {r[:4]: r for r in summarise(study, store)}
    assert {cell for cell, *_ in rows} == {cell.name for cell in study.cells}
    found = compared(name, rows)
    if name != "separation_thresholds":  # whose loads are found across cells
        assert {(c.cell, c.recipe, c.ridge) for c in found} == {
            (cell.name, r.name, r.ridge) for cell in study.cells for r in study.recipes
        }
    assert all(np.isfinite([c.predicted, c.observed]).all() for c in found)


def test_the_committed_summary_is_whole_and_passes(name):
    study, rows = study_of(name), committed(name)
    assert {cell.name for cell in study.cells} == {row.cell for row in rows.values()}
    assert {row.replications for row in rows.values()} == {study.replications}
    if name != "separation_thresholds":
        assert {row.failures for row in rows.values()} == {0}
    figure_of(name).check(rows)


def test_every_number_of_every_recipe_is_compared(name):
    study, found = study_of(name), compared(name, committed(name))
    each = len(study.cells) * len(study.recipes) * len(study.columns)
    assert len(found) == (4 if name == "separation_thresholds" else each)
    assert len({c[:4] for c in found}) == len(found)


@pytest.mark.parametrize("name", ["separable", *OF_LIMITS])
def test_standard_errors_are_as_large_as_they_say(name):
    z = np.array([c.z for c in compared(name, committed(name))])
    assert 0.5 < np.sqrt((z**2).mean()) < 1.5


# What is not so is not drawn


@pytest.mark.parametrize(
    ("name", "cell", "recipe", "ridge", "measure", "factor"),
    [
        ("separable", "d = 200, 5 : 1", "class weights", 1e-5, "signal", 1.2),
        ("separable", "d = 200, 20 : 1", "largest margin", 0.0, "intercept", 0.8),
        ("separable", "d = 200, 5 : 1", "unweighted", 1e-7, "difference in intercept", 3.0),
        ("anisotropic", "tighter rare class, 240", "10 under-bags", 1.0, "spread", 1.1),
        ("proportional", "K=2, 40 rarest", "10 under-bags", 0.01, "balanced error", 1.1),
        ("phase_diagram", "80 rare rows", "undersample", 1.0, "error, rarest", 0.9),
        (
            "anisotropic",
            "signal where they do not, 800",
            "10 under-bags",
            0.01,
            "difference in balanced error",
            -1.0,
        ),
        (
            "anisotropic",
            "tighter rare class, 80",
            "class weights, left-out intercepts",
            0.01,
            "difference in margin, rarest",
            -1.0,
        ),
    ],
)
def test_a_falsified_number_is_refused(name, cell, recipe, ridge, measure, factor):
    rows = committed(name)
    rows = rows if name != "proportional" else two_classes(rows)
    key = cell, recipe, ridge, measure
    rows[key] = rows[key]._replace(value=factor * rows[key].value)
    with refusal(cell):
        figure_of(name).check(rows)


@pytest.mark.parametrize("kind", ["two classes", "three classes, two alike"])
@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_a_threshold_elsewhere_is_refused(kind, factor):
    rows, figure = committed("separation_thresholds"), figure_of("separation_thresholds")
    for key, row in rows.items():
        if key[0].startswith(kind) and key[1] == "class weights" and 0 < row.failures < 200:
            moved = int(np.clip(row.failures + 200 * (factor - 1), 0, 200))
            rows[key] = row._replace(failures=moved)
    with refusal(f"{kind}, class weights"):
        figure.check(rows)


def test_equal_classes_that_are_not_put_first_are_refused():
    rows, study = committed("separation_thresholds"), module_of("separation_thresholds")
    key = f"{study.EQUAL}, {study.RAREST[study.EQUAL][0]}", "completely separated", 0.0
    key = (*key, "P(no estimate)")
    rows[key] = rows[key]._replace(failures=rows[key].failures - 60)
    with refusal("three classes, equal"):
        figure_of("separation_thresholds").check(rows)


def two_classes(rows):
    """Of `proportional`, whose six classes take long."""
    return {key: row for key, row in rows.items() if row.cell.startswith("K=2")}


def test_no_numbers_are_refused(name):
    rows = committed(name)
    rows = rows if name != "proportional" else two_classes(rows)
    with refusal():
        figure_of(name).check({})
    if name != "separation_thresholds":
        with refusal():
            figure_of(name).check(
                {k: r._replace(value=np.nan, error=np.nan) for k, r in rows.items()}
            )


# What they are made of


def test_the_largest_margin_is_the_shortest_slope():
    """Optimality: nearest rows on both sides, and slopes that they span with balanced shares."""
    study = module_of("separable")
    X, y = study.symmetric(2, 30, 2.0).sample((40, 12), np.random.default_rng(1))
    (theta,) = (
        study.LargestMargin("x", study.ClassWeight())
        .fit(X[None], y, np.full((1, 1, 52), 1 / 52))
        .theta
    )
    w, b = theta[1, 1:] - theta[0, 1:], theta[1, 0] - theta[0, 0]
    margins = (2 * y - 1) * (X @ w + b)
    assert margins.min() == pytest.approx(1, abs=1e-5)
    near = np.abs(margins - 1) < 1e-4
    pairs = np.column_stack([X, np.ones(52)])[near] * (2 * y - 1)[near, None]
    shares, *_ = np.linalg.lstsq(pairs.T, np.append(w, 0.0))
    np.testing.assert_allclose(pairs.T @ shares, np.append(w, 0.0), atol=1e-4)
    assert (shares > 0).all()


def test_rows_that_are_not_separated_have_no_largest_margin():
    study = module_of("separable")
    X, y = study.symmetric(2, 2, 1.0).sample((30, 30), np.random.default_rng(0))
    assert existence.verdict(X, y) == "exists"
    found = study.LargestMargin("x", study.ClassWeight()).fit(X[None], y, np.ones((1, 1, 60)))
    assert found.status.tolist() == ["max-iter"] and np.isnan(found.theta).all()


def test_the_boundary_is_without_the_size_of_the_logits():
    study = module_of("separable")
    logits = importlib.import_module("mlbalance.theory.proportional").Logits
    mean = np.array([[1.0, -1.0], [0.2, 0.6]])
    cov = np.outer([1, -1], [1, -1]) * np.ones((2, 1, 1))
    one, five = (study.boundary(logits(c * mean, c**2 * cov), (9, 4)) for c in (1, 5))
    np.testing.assert_allclose(one, five, rtol=1e-12)
    # Margins of class 1 over class 0: -2 and 0.4, with standard deviation 2.
    np.testing.assert_allclose(one[:2], [0.6, -0.4], rtol=1e-12)


def test_verdicts_of_a_class_apart_from_two_that_are_mixed():
    study = module_of("separation_thresholds")
    means = np.array([[0.0, 0.0], [0.0, 0.0], [50.0, 0.0]])
    X, y = Gaussian(means, np.eye(2)).sample((20, 20, 5), np.random.default_rng(0))
    assert existence.verdict(X, y) == "quasi-separated"
    w = np.ones((1, 1, 45))
    complete = study.Complete("x", study.ClassWeight())
    assert complete.fit(X[None], y, w).status.tolist() == ["converged"]
    assert study.Verdict("x", study.ClassWeight()).fit(X[None], y, w).status.tolist() == ["no-mle"]
    X[y == 1, 1] += 50.0
    assert complete.fit(X[None], y, w).status.tolist() == ["no-mle"]


def test_the_complete_threshold_is_the_lower_one():
    """Only then is it that of the two classes alike: what parts them parts the rarest as well."""
    figure, study = figure_of("separation_thresholds"), module_of("separation_thresholds")
    told = figure.thresholds()
    assert told[study.UNEQUAL, "completely separated"] < told[study.UNEQUAL, "class weights"]
    assert told[study.TWO, "class weights"] < told[study.TWO, "undersample"]
    counts = np.array(study.counts(study.TWO, 10))
    assert told[study.TWO, "class weights"] == separability_threshold(
        counts / counts.sum(), study.SEPARATION
    )


def test_a_crossing_is_found_with_its_error():
    from scipy.special import ndtr

    figure, rng = figure_of("separation_thresholds"), np.random.default_rng(3)
    loads, sets = np.linspace(2, 4, 7), np.full(7, 200.0)
    found = np.array(
        [
            figure.crossing(loads, rng.binomial(200, ndtr((3.1 - loads) / 0.4)), sets)
            for _ in range(50)
        ]
    )
    z = (found[:, 0] - 3.1) / found[:, 1]
    assert abs(z.mean()) < 4 / np.sqrt(50) and 0.7 < z.std() < 1.35


def test_spreads_are_what_they_are_called():
    study = module_of("anisotropic")
    for name, scale in (("wider rare class", 1.5), ("tighter rare class", 0.5)):
        mixture = Mixture.of(study.POPULATIONS[name])
        np.testing.assert_allclose(mixture.scales, [1, scale])
        assert mixture.masses.tolist() == [1.0]
    for name, place in (("signal where features vary", 1), ("signal where they do not", 0)):
        mixture = Mixture.of(study.POPULATIONS[name])
        np.testing.assert_allclose(mixture.eigenvalues, [0.1, 1.9])
        assert mixture.masses @ mixture.eigenvalues == pytest.approx(1)
        assert np.flatnonzero(mixture.gram[:, 0, 0]).tolist() == [place]


def test_the_winner_of_the_diagram_is_that_of_the_closed_form():
    figure = figure_of("phase_diagram")
    cells = [(2.0, 0.1, 8.0), (2.0, 1.0, 8.0), (4.0, 0.1, 1.5)]
    found = {cell: figure.errors(*cell) for cell in cells}
    figure.check_grid(found)
    for cell in cells:
        swapped = dict(found)
        swapped[cell] = found[cell][:, [1, 0, 2]]
        if cell != (4.0, 0.1, 1.5):  # too near to the boundary for a winner to be claimed
            with refusal("the winner at threshold zero"):
                figure.check_grid(swapped)
    with refusal("with the best threshold weighting is no worse"):
        figure.check_grid({cells[0]: found[cells[0]] * [1, 0.5, 1]})
