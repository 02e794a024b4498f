"""Studies of many features: fits against their limits, and what is not so disagrees."""

from dataclasses import replace

import numpy as np
import pytest

from mlbalance import existence
from mlbalance.populations import Gaussian, Logits
from mlbalance.simulation import Key, Summary, run, summarise
from mlbalance.theory.proportional import Mixture, separability_threshold
from tests.figures import (
    STUDIES,
    changed,
    committed,
    common,
    compared,
    figure_of,
    is_on_record,
    judged,
    moved,
    refusal,
    study_of,
)

OF_LIMITS = ("proportional", "phase_diagram", "anisotropic")
NAMES = (*OF_LIMITS, "separable", "separation_thresholds")
pytestmark = pytest.mark.slow


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def whole(study):
    """Cells that are compared: not those of half the size."""
    features = max(cell.source.population.n_features for cell in study.cells)
    return [
        cell
        for cell in study.cells
        if study.name != "proportional" or cell.factors["features"] == features
    ]


# The studies


def test_the_quick_version_runs_and_has_predictions(name):
    study = replace(study_of(name).quick(), replications=3)
    if name == "separation_thresholds":  # whose loads are found across cells
        study = replace(study, replications=12)
    with run(study) as store:
        rows = summarise(study, store)
    assert {key.cell for key in rows} == {cell.id for cell in study.cells}
    found = figure_of(name).compared(study_of(name), rows)
    assert found and all(np.isfinite([c.predicted, c.observed]).all() for c in found)
    if name != "separation_thresholds":
        expected = {(cell.id, *method.key) for cell in whole(study) for method in study.methods}
        assert {(c.row.cell, c.row.method, c.row.ridge) for c in found} == expected


def test_the_committed_summary_is_whole_and_its_verdict_on_record(name):
    study, rows = study_of(name), committed(name)
    assert {cell.id for cell in study.cells} == {row.cell for row in rows.values()}
    assert {row.n for row in rows.values()} == {study.replications}
    if name != "separation_thresholds":
        assert {row.failures for row in rows.values()} == {0}
    assert is_on_record(name, judged(name))


def test_every_number_of_every_method_is_compared(name):
    study, found = study_of(name), compared(name)
    cells = whole(study)
    each = len(cells) * len(study.methods) * len(study.columns)
    more = {"separation_thresholds": 4 - each, "phase_diagram": len(cells)}  # gains
    assert len(found) == each + more.get(name, 0)
    assert len({c.row.key for c in found}) == len(found)


def test_half_the_size_is_twice_as_far_off():
    """The prediction of a fit is the limit, and half of what the half size is off it."""
    figure, study = figure_of("proportional"), study_of("proportional")
    rows = Summary(committed("proportional").select(classes=2, rarest=20))
    own = {"method": "class-weights", "ridge": 0.01, "metric": "mean", "estimand": "balanced error"}
    at, half = (rows.one(**own, features=d) for d in (200, 100))
    one, other = (
        next(c for c in figure.compared(study, given) if c.row.key == at.key)
        for given in (rows, changed(rows, half.key, value=half.value + 0.1, mcse=0.2))
    )
    assert other.predicted - one.predicted == pytest.approx(0.05)
    assert other.error == pytest.approx(np.hypot(at.mcse, 0.1))


# What is not so disagrees, or is not drawn


@pytest.mark.parametrize(
    ("name", "factor", "cell", "method", "ridge", "estimand"),
    [
        ("separable", 1.2, "d = 200, 5 : 1", "class-weights", 1e-5, "signal"),
        ("separable", 0.8, "d = 200, 20 : 1", "largest-margin", 0.0, "intercept"),
        ("anisotropic", 1.1, "tighter rare class, 240", "under-bagging-10", 1.0, "spread"),
        ("proportional", 1.1, "K=2, 40 rarest", "under-bagging-10", 0.01, "balanced error"),
        ("phase_diagram", 0.9, "80 rare rows", "undersample", 1.0, "error, rarest"),
    ],
)
def test_one_number_that_is_not_so_makes_a_study_disagree(
    name, factor, cell, method, ridge, estimand
):
    key = Key(cell, method, ridge, "mean", estimand)
    (own,) = (c for c in compared(name) if c.row.key == key)
    far = moved(name, key, (factor - 1) * own.observed / own.error)
    assert not judged(name, found=far).agrees


@pytest.mark.parametrize(
    ("name", "factor", "words", "cell", "method", "ridge", "estimand"),
    [
        ("separable", 3.0, "comes closer", "d = 200, 5 : 1", "unweighted", 1e-7, "intercept"),
        (
            "anisotropic",
            -1.0,
            "under-bagging-10 loses",
            "signal where they do not, 800",
            "under-bagging-10",
            0.01,
            "balanced error",
        ),
        (
            "anisotropic",
            -1.0,
            "larger sigma",
            "tighter rare class, 80",
            "class-weights+loo",
            0.01,
            "margin, rarest",
        ),
        (
            "proportional",
            -1.0,
            "the undersample wins",
            "K=2, 20 rarest",
            "undersample",
            0.01,
            "balanced error",
        ),
    ],
)
def test_a_figure_whose_contrast_is_contradicted_is_not_drawn(
    name, factor, words, cell, method, ridge, estimand
):
    rows, key = committed(name), Key(cell, method, ridge, "difference", estimand)
    with refusal(words):
        judged(name, changed(rows, key, value=factor * rows[key].value))


@pytest.mark.parametrize("kind", ["two classes", "three classes, two alike"])
@pytest.mark.parametrize("factor", [0.6, 1.4])
def test_a_threshold_elsewhere_disagrees(kind, factor):
    name = "separation_thresholds"
    rows, figure = committed(name), figure_of(name)
    for row in rows.select(classes=kind, method="class-weights", metric="P(no estimate)"):
        if 0 < row.failures < 200:
            more = int(np.clip(row.failures + 200 * (factor - 1), 0, 200))
            rows = changed(rows, row.key, failures=more)
    try:
        found = figure.compared(study_of(name), rows)
    except common().ClaimError:
        return
    assert not judged(name, rows, found).agrees


def test_equal_classes_that_are_not_put_first_are_refused():
    rows, study = committed("separation_thresholds"), STUDIES["separation_thresholds"]
    own = {"classes": study.EQUAL, "rarest": study.RAREST[study.EQUAL][0]}
    row = rows.one(**own, method="completely-separated", metric="P(no estimate)")
    lie = changed(rows, row.key, failures=row.failures - 60)
    with refusal("three classes, equal"):
        figure_of("separation_thresholds").compared(study.STUDY, lie)


def test_no_numbers_are_refused(name):
    with refusal("numbers to compare|there are cells"):
        judged(name, Summary([]), figure_of(name).compared(study_of(name), Summary([])))


def test_numbers_that_are_missing_never_agree():
    known = committed("separable").values()
    rows = Summary(row._replace(value=np.nan, mcse=np.nan) for row in known)
    found = figure_of("separable").compared(study_of("separable"), rows)
    assert not judged("separable", rows, found).agrees


# What they are made of


def test_the_largest_margin_is_the_shortest_slope():
    """Optimality: nearest rows on both sides, and slopes that they span with balanced shares."""
    study = STUDIES["separable"]
    X, y = study.symmetric(2, 30, 2.0).sample((40, 12), np.random.default_rng(1))
    (theta,) = (
        study.LargestMargin(study.ClassWeight()).fit(X[None], y, np.full((1, 1, 52), 1 / 52)).theta
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
    study = STUDIES["separable"]
    X, y = study.symmetric(2, 2, 1.0).sample((30, 30), np.random.default_rng(0))
    assert existence.verdict(X, y) == "exists"
    found = study.LargestMargin(study.ClassWeight()).fit(X[None], y, np.ones((1, 1, 60)))
    assert found.status.tolist() == ["max-iter"] and np.isnan(found.theta).all()


def test_the_boundary_is_without_the_size_of_the_logits():
    study = STUDIES["separable"]
    mean = np.array([[1.0, -1.0], [0.2, 0.6]])
    cov = np.outer([1, -1], [1, -1]) * np.ones((2, 1, 1))
    one, five = (study.boundary(Logits(c * mean, c**2 * cov), (9, 4)) for c in (1, 5))
    np.testing.assert_allclose(one, five, rtol=1e-12)
    # Margins of class 1 over class 0: -2 and 0.4, with standard deviation 2.
    np.testing.assert_allclose(one[:2], [0.6, -0.4], rtol=1e-12)


def test_verdicts_of_a_class_apart_from_two_that_are_mixed():
    study = STUDIES["separation_thresholds"]
    means = np.array([[0.0, 0.0], [0.0, 0.0], [50.0, 0.0]])
    X, y = Gaussian(means, np.eye(2)).sample((20, 20, 5), np.random.default_rng(0))
    assert existence.verdict(X, y) == "quasi-separated"
    w = np.ones((1, 1, 45))
    complete = study.Complete(study.ClassWeight())
    assert complete.fit(X[None], y, w).status.tolist() == ["converged"]
    assert study.Verdict(study.ClassWeight()).fit(X[None], y, w).status.tolist() == ["no-mle"]
    X[y == 1, 1] += 50.0
    assert complete.fit(X[None], y, w).status.tolist() == ["no-mle"]


def test_the_complete_threshold_is_the_lower_one():
    """Only then is it that of the two classes alike: what parts them parts the rarest as well."""
    figure, study = figure_of("separation_thresholds"), STUDIES["separation_thresholds"]
    told = figure.thresholds()
    assert told[study.UNEQUAL, "completely-separated"] < told[study.UNEQUAL, "class-weights"]
    assert told[study.TWO, "class-weights"] < told[study.TWO, "undersample"]
    counts = np.array(study.counts(study.TWO, 10))
    assert told[study.TWO, "class-weights"] == separability_threshold(
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
    study = STUDIES["anisotropic"]
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
    where, found = common().where, compared("phase_diagram")
    gained = where(found, metric="gain")
    assert [c.row.cell for c in gained] == [cell.id for cell in study_of("phase_diagram").cells]
    for gain in gained:
        own = where(found, cell=gain.row.cell, metric="mean", estimand="balanced error")
        weights, undersample = (
            min(c.predicted for c in where(own, method=id))
            for id in ("class-weights", "undersample")
        )
        assert gain.predicted == pytest.approx(weights - undersample)
