"""Studies of many features: fits against their limits, and what is not so disagrees."""

from dataclasses import replace

import numpy as np
import pytest

from mlbalance import existence
from mlbalance.populations import Gaussian, Logits
from mlbalance.simulation import run, summarise
from mlbalance.theory.proportional import Mixture, separability_threshold
from tests.figures import (
    committed,
    common,
    compared,
    figure_of,
    is_on_record,
    judged,
    module_of,
    refusal,
    study_of,
    tabled,
)

OF_LIMITS = ("proportional", "phase_diagram", "anisotropic")
NAMES = (*OF_LIMITS, "separable", "separation_thresholds")


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


# The studies


def test_the_quick_version_runs_and_has_predictions(name):
    study = replace(study_of(name).quick(), replications=3)
    if name == "separation_thresholds":  # whose loads are found across cells
        study = replace(study, replications=12)
    with run(study) as store:
        rows = tabled(summarise(study, store))
    assert {cell for cell, *_ in rows} == {cell.name for cell in study.cells}
    found = figure_of(name).compared(study_of(name), rows)
    assert found and all(np.isfinite([c.predicted, c.observed]).all() for c in found)
    if name != "separation_thresholds":
        expected = {(c.name, r.name, r.ridge) for c in study.cells for r in study.recipes}
        whole = {key for key in expected if not key[0].endswith("half")}
        assert {c[:3] for c in found} == whole


def test_the_committed_summary_is_whole_and_its_verdict_on_record(name):
    study, rows = study_of(name), committed(name)
    assert {cell.name for cell in study.cells} == {row.cell for row in rows.values()}
    assert {row.replications for row in rows.values()} == {study.replications}
    if name != "separation_thresholds":
        assert {row.failures for row in rows.values()} == {0}
    assert is_on_record(name, judged(name))


def test_every_number_of_every_recipe_is_compared(name):
    study, found = study_of(name), compared(name)
    cells = [cell for cell in study.cells if not cell.name.endswith("half")]
    each = len(cells) * len(study.recipes) * len(study.columns)
    more = {"separation_thresholds": 4 - each, "phase_diagram": len(cells)}  # gains
    assert len(found) == each + more.get(name, 0)
    assert len({c[:4] for c in found}) == len(found)


def test_half_the_size_is_twice_as_far_off():
    """What is predicted of a fit is the limit, and half of what the half size is off it."""
    figure, name = figure_of("proportional"), "K=2, 20 rarest"
    rows = {key: row for key, row in committed("proportional").items() if key[0].startswith(name)}
    key = (f"{name}, half", "class weights", 0.01, "balanced error")
    moved = rows | {key: rows[key]._replace(value=rows[key].value + 0.1, error=0.2)}
    one, other = (
        next(c for c in figure.compared(study_of("proportional"), r) if c[1:4] == key[1:])
        for r in (rows, moved)
    )
    assert other.predicted - one.predicted == pytest.approx(0.05)
    assert other.error == pytest.approx(np.hypot(rows[name, *key[1:]].error, 0.1))


# What is not so disagrees, or is not drawn


@pytest.mark.parametrize(
    ("name", "cell", "recipe", "ridge", "measure", "factor"),
    [
        ("separable", "d = 200, 5 : 1", "class weights", 1e-5, "signal", 1.2),
        ("separable", "d = 200, 20 : 1", "largest margin", 0.0, "intercept", 0.8),
        ("anisotropic", "tighter rare class, 240", "10 under-bags", 1.0, "spread", 1.1),
        ("proportional", "K=2, 40 rarest", "10 under-bags", 0.01, "balanced error", 1.1),
        ("phase_diagram", "80 rare rows", "undersample", 1.0, "error, rarest", 0.9),
    ],
)
def test_one_number_that_is_not_so_makes_a_study_disagree(
    name, cell, recipe, ridge, measure, factor
):
    key = cell, recipe, ridge, measure
    far = [
        c._replace(z=c.z + (factor - 1) * c.observed / c.error) if c[:4] == key else c
        for c in compared(name)
    ]
    assert far != list(compared(name)) and not judged(name, found=far).agrees


@pytest.mark.parametrize(
    ("name", "cell", "recipe", "ridge", "measure", "factor", "words"),
    [
        (
            "separable",
            "d = 200, 5 : 1",
            "unweighted",
            1e-7,
            "difference in intercept",
            3.0,
            "comes closer",
        ),
        (
            "anisotropic",
            "signal where they do not, 800",
            "10 under-bags",
            0.01,
            "difference in balanced error",
            -1.0,
            "10 under-bags loses",
        ),
        (
            "anisotropic",
            "tighter rare class, 80",
            "class weights, left-out intercepts",
            0.01,
            "difference in margin, rarest",
            -1.0,
            "larger sigma",
        ),
        (
            "proportional",
            "K=2, 20 rarest",
            "undersample",
            0.01,
            "difference in balanced error",
            -1.0,
            "the undersample wins",
        ),
    ],
)
def test_a_figure_whose_claim_is_contradicted_is_not_drawn(
    name, cell, recipe, ridge, measure, factor, words
):
    rows = committed(name)
    key = cell, recipe, ridge, measure
    rows[key] = rows[key]._replace(value=factor * rows[key].value)
    with refusal(words):
        judged(name, rows)


@pytest.mark.parametrize("kind", ["two classes", "three classes, two alike"])
@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_a_threshold_elsewhere_disagrees(kind, factor):
    name = "separation_thresholds"
    rows, figure = committed(name), figure_of(name)
    for key, row in rows.items():
        if key[0].startswith(kind) and key[1] == "class weights" and 0 < row.failures < 200:
            moved = int(np.clip(row.failures + 200 * (factor - 1), 0, 200))
            rows[key] = row._replace(failures=moved)
    try:
        found = figure.compared(study_of(name), rows)
    except common().ClaimError:
        return
    assert not judged(name, rows, found).agrees


def test_equal_classes_that_are_not_put_first_are_refused():
    rows, study = committed("separation_thresholds"), module_of("separation_thresholds")
    key = f"{study.EQUAL}, {study.RAREST[study.EQUAL][0]}", "completely separated", 0.0
    key = (*key, "P(no estimate)")
    rows[key] = rows[key]._replace(failures=rows[key].failures - 60)
    with refusal("three classes, equal"):
        figure_of("separation_thresholds").compared(study.STUDY, rows)


def test_no_numbers_are_refused(name):
    with refusal("numbers to compare|there are cells"):
        judged(name, {}, figure_of(name).compared(study_of(name), {}))


def test_numbers_that_are_missing_never_agree():
    rows = {k: r._replace(value=np.nan, error=np.nan) for k, r in committed("separable").items()}
    assert not judged(
        "separable", rows, figure_of("separable").compared(study_of("separable"), rows)
    ).agrees


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
    mean = np.array([[1.0, -1.0], [0.2, 0.6]])
    cov = np.outer([1, -1], [1, -1]) * np.ones((2, 1, 1))
    one, five = (study.boundary(Logits(c * mean, c**2 * cov), (9, 4)) for c in (1, 5))
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


def test_the_boundary_of_the_diagram_is_where_the_best_errors_are_equal():
    figure = figure_of("phase_diagram")
    at = figure.crossing(2.0, 8.0)
    closed = figure.boundary(2.0, np.array([8.0]))[0]
    assert figure.deviation({(2.0, 8.0): at}) == pytest.approx(abs(closed / at - 1))
    left, right = (figure.errors(2.0, factor * at, 8.0).min(axis=0) for factor in (0.9, 1.1))
    assert left[1] < left[0] and right[0] < right[1]


def test_a_diagram_in_which_a_threshold_does_not_help_is_refused():
    figure, cell = figure_of("phase_diagram"), (2.0, 0.1, 8.0)
    found = {cell: figure.errors(*cell)}
    figure.check_grid(found)
    with refusal("with the best threshold weighting is no worse"):
        figure.check_grid({cell: found[cell] * [1, 0.5, 1]})


def test_gains_are_between_each_methods_best_ridge():
    found = [c for c in compared("phase_diagram") if c.what == "gain of undersample"]
    assert [c.cell for c in found] == [cell.name for cell in study_of("phase_diagram").cells]
    for gain in found:
        best = [
            min(
                c.predicted
                for c in compared("phase_diagram")
                if c[:2] == (gain.cell, name) and c.what == "balanced error"
            )
            for name in ("class weights", "undersample")
        ]
        assert gain.predicted == pytest.approx(best[0] - best[1])
