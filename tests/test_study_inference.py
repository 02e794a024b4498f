"""The studies of inference: they run, cells have predictions, and figures refuse what is false.

Figures that lie are made here from the committed summaries, one number at a time.
"""

import warnings
from dataclasses import replace
from functools import partial
from math import comb

import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.estimators import SoftmaxClassifier
from mlbalance.methods import METHODS
from mlbalance.populations import Gaussian, symmetric
from mlbalance.simulation import (
    Cell,
    Fitted,
    Key,
    Quantity,
    Sampled,
    Study,
    run,
    stream,
    summarise,
)
from mlbalance.theory import population_moments
from simulations import _outcomes, _tilted
from tests.figures import (
    STUDIES,
    changed,
    committed,
    compared,
    figure_of,
    is_on_record,
    judged,
    moved,
    refusal,
    study_of,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import statsmodels.api as sm

pytestmark = pytest.mark.slow
NAMES = (
    "coverage",
    "few_rows",
    "advised_intervals",
    "misspecification",
    "rare_events",
    "bridge",
    "existence",
    "other_losses",
)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


# Studies


def test_the_quick_version_runs(name):
    study = replace(study_of(name).quick(), replications=3)
    with run(study) as store:
        rows = summarise(study, store)
    found = {(row.cell, row.method) for row in rows.values()}
    assert found == {(c.id, m.id) for c in study.cells for m in study.methods_of(c)}
    lost = [row for row in rows.select(metric="P(no estimate)") if row.failures]
    assert not lost or name == "existence"


def test_seeds_are_apart():
    assert len({study_of(name).root for name in NAMES}) == len(NAMES)


# Figures


def test_every_cell_has_predictions(name):
    found = compared(name)
    assert {c.row.cell for c in found} == {cell.id for cell in study_of(name).cells}
    assert np.isfinite([c.predicted for c in found]).all()


def test_the_committed_summary_is_whole_and_its_verdict_on_record(name):
    rows, study = committed(name), study_of(name)
    assert {key.cell for key in rows} == {cell.id for cell in study.cells}
    assert {row.n for row in rows.values()} <= {study.replications}
    assert is_on_record(name, judged(name))


FALSE = {
    "few_rows": (
        "model right, 450/50 rows, fixed, d=2",
        "class-weights",
        "coverage",
        "slope, moderated",
    ),
    "advised_intervals": ("45/5 rows, d=2", "firth", "mean", "slope, advised covers"),
    "coverage": ("model right, fixed counts", "class-weights", "coverage", "intercept, robust"),
    "misspecification": (
        "another direction, 1.5",
        "unweighted+prior",
        "difference",
        "squared error of slope",
    ),
    "rare_events": ("separation 2", "controls-8-offset", "relative precision", "slope"),
    "bridge": ("model nearly right", "bridge-0.5", "mean", "squared error of slope"),
    "existence": ("d=1, separation 2, 4", "undersample", "P(no estimate)", ""),
    "other_losses": ("3600 and 400 rows", "ldam", "mean", "intercept"),
}


def test_one_number_that_is_not_so_makes_a_study_disagree(name):
    cell, method, metric, estimand = FALSE[name]
    far = moved(name, Key(cell, method, 0.0, metric, estimand), -12)
    assert not judged(name, found=far).agrees


def test_a_solver_that_fails_once_more_than_the_verdict_is_seen():
    rows, study = committed("existence"), study_of("existence")
    key = Key("d=10, no signal, 22 rows", "class-weights", 0.0, "P(no estimate)")
    with refusal(r"fails \d+ times, the verdict"):
        figure_of("existence").compared(study, changed(rows, key, failures=rows[key].failures + 1))


def test_the_status_of_a_fit_is_the_verdict_replicate_by_replicate():
    study = replace(study_of("existence"), replications=20)
    seen = set()
    with run(study) as store:
        for cell in study.cells:
            found = store.read(cell.id)
            for method in ("class-weights", "undersample"):
                fit, exact = found[method, 0.0], found[f"{method}-verdict", 0.0]
                np.testing.assert_array_equal(fit.status, exact.status)
                seen |= set(fit.status.tolist())
    assert seen == {"converged", "no-mle"}


# Formulas of the figures


def test_samples_on_a_line_by_counting():
    """Equal laws: all orders are as likely, and two of them are apart."""
    figure = figure_of("existence")
    assert figure.apart(0.0, 3, 2) == pytest.approx(2 / 10, rel=1e-4)
    assert figure.apart(0.0, 8, 2) == pytest.approx(2 / 45, rel=1e-4)
    assert figure.cover(2, 3) == 1.0 and figure.cover(22, 10) == 0.5
    assert figure.cover(9, 1) == pytest.approx(2 * 9 / 2**9)


@pytest.mark.parametrize(("n", "d"), [(7, 2), (8, 3), (14, 6)])
def test_the_cones_of_the_existence_figure_give_covers_formula(n, d):
    """Without signal and with labels by a fair coin; two of the counts have one class alone."""
    figure = figure_of("existence")
    told = [figure.separable((k, n - k), d, 0.0, draws=4000) for k in range(1, n)]
    p, error = np.array(told).T
    chance = np.array([comb(n, k) for k in range(1, n)]) / 2**n
    off = chance @ p + 2 / 2**n - figure.cover(n, d)
    assert abs(off) < 4 * np.hypot.reduce(chance * error)
    assert np.hypot.reduce(chance * error) < 0.01


def test_classes_that_the_signal_separates_are_separable():
    assert figure_of("existence").separable((5, 4), 3, 50.0, draws=100) == (1.0, 0.01)


# What is recorded


COUNTS, PLANE = (60, 25), Gaussian([[0.0, 0.0], [1.0, 0.5]], np.eye(2))
PARTS = (
    _outcomes.Functional("slope", ((0, -1, 0), (0, 1, 0))),
    _outcomes.Functional("intercept", ((-1, 0, 0), (1, 0, 0)), natural=True),
)


def intervals(*ids, replications=2):
    study = Study(
        name="one",
        aim="Look.",
        cells=(Cell("one", Sampled(PLANE, COUNTS, test_size=16)),),
        estimands="All.",
        methods=tuple(METHODS[id] for id in ids),
        reference=ids[0],
        replications=replications,
        root=5,
        outcomes=(_outcomes.Intervals(PARTS),),
    )
    with run(study) as store:
        values = {id: out.values for (id, _), out in store.read("one").items()}
    source = study.cells[0].source
    data = [source.replicate(r, partial(stream, 5, "one")) for r in range(replications)]
    return {id: dict(zip(study.columns, v.T, strict=True)) for id, v in values.items()}, data


def test_standard_errors_are_those_of_statsmodels():
    """Of the unweighted fit: inverse information and HC0, slope and natural intercept."""
    found, data = intervals("unweighted+prior")
    own = found["unweighted+prior"]
    for r, (X, y, _) in enumerate(data):
        design = sm.add_constant(X)
        for kind, cov in (("model", "nonrobust"), ("robust", "HC0")):
            fit = sm.Logit(y, design).fit(disp=0, cov_type=cov)
            for place, name in ((1, "slope"), (0, "intercept")):
                estimate, se = (Quantity(f"{name}, {kind}", what) for what in ("estimate", "se"))
                assert own[estimate][r] == pytest.approx(fit.params[place])
                assert own[se][r] == pytest.approx(fit.bse[place], rel=1e-6)


def test_standard_errors_of_an_undersample_are_those_of_its_rows_alone():
    X, y = PLANE.sample(COUNTS, np.random.default_rng(3))
    w = METHODS["undersample"].scheme.draw(y, np.random.default_rng(4))
    kept = w[0] > 0
    theta = softmax.fit(X[kept], y[kept]).theta[None]
    judge = _outcomes.Intervals(PARTS[:1])
    whole = judge(Fitted(theta, 0.0, X[None], y[None], w[None], (), None))
    alone = Fitted(theta, 0.0, X[kept][None], y[kept][None], w[None][:, :, kept], (), None)
    np.testing.assert_allclose(whole, judge(alone), rtol=1e-12)


def test_a_replicate_has_the_same_bits_alone_and_in_a_batch():
    both, _ = intervals("class-weights", "undersample", replications=4)
    few, _ = intervals("class-weights", "undersample", replications=2)
    for id, columns in few.items():
        for column, values in columns.items():
            np.testing.assert_array_equal(values, both[id][column][:2])


@pytest.mark.parametrize("kind", ["design", "jackknife", "moderated"])
@pytest.mark.parametrize("d", [2, 3])
def test_intervals_of_few_rows_are_those_that_users_get(kind, d):
    few, classifier = STUDIES["few_rows"], SoftmaxClassifier()
    X, y = symmetric(2, d, 1.5).sample((40, 6), np.random.default_rng(d))
    classifier.fit(X, y)
    method = few.METHODS[1]
    fit = method.fit(X[None], y, method.scheme.draw(y, None)[None])
    weights = method.scheme.draw(y, None)[None]
    fitted = Fitted(fit.theta, 0.0, X[None], y[None], weights, (), None, fit.ridge)
    judge = few.TIntervals()
    own = dict(zip(judge.columns, judge(fitted)[0], strict=True))
    ends = classifier.confidence_intervals(kind=kind)[0]
    for name, (low, high) in zip(few.NAMES, ends, strict=False):
        estimate, half = (own[Quantity(f"{name}, {kind}", what)] for what in ("estimate", "se"))
        assert [estimate - few.Z * half, estimate + few.Z * half] == pytest.approx([low, high])


def test_truths_are_at_the_optimum():
    truth = _outcomes.truths(PARTS, PLANE, COUNTS)
    assert truth["slope, model"] == pytest.approx(1.0)
    assert truth["intercept, design"] == pytest.approx(np.log(25 / 60) - 0.625)


# Laws that depart from a model


@pytest.mark.parametrize("correlation", [1.0, 0.5])
def test_a_tilt_is_what_it_says(correlation):
    right = _tilted.on_a_grid(2.0, 13)
    slope = _outcomes.Functional("slope", ((0, -1), (0, 1)))
    tilt = _tilted.Tilt(right, (400, 40), slope, correlation, 1.0)
    phi, psi = tilt.influences
    d, g = phi - psi, tilt.direction
    np.testing.assert_allclose((right.masses * g).sum(axis=1), 0, atol=1e-12)
    assert tilt.mean(g**2) == pytest.approx(1.0)
    assert tilt.mean(g * d) / np.sqrt(tilt.mean(d**2)) == pytest.approx(correlation)
    assert tilt.mean(psi * d) == pytest.approx(0.0, abs=1e-9 * tilt.mean(psi**2))
    np.testing.assert_allclose(replace(tilt, size=0.0).population.masses, right.masses)
    theta = population_moments(right).theta
    assert (theta[1] - theta[0])[1] == pytest.approx(2.0)


def test_influence_functions_are_derivatives_of_the_target():
    """Class weights move along a small tilt as phi says, the unweighted fit as psi does."""
    right = _tilted.on_a_grid(1.5, 9)
    slope = _outcomes.Functional("slope", ((0, -1), (0, 1)))
    small = _tilted.Tilt(right, (300, 100), slope, 0.5, 1e-3)
    phi, psi = small.influences
    for tau, influence in ((None, phi), (small.shares, psi)):
        ends = [
            population_moments(replace(small, size=size).population, tau).theta
            for size in (1e-3, -1e-3)
        ]
        moved = slope.of(ends[0] - ends[1], small.shares) * np.sqrt(400) / 2e-3
        assert moved == pytest.approx(small.mean(influence * small.direction), rel=1e-5)


def test_the_test_statistic_is_a_mean_of_g():
    right = _tilted.on_a_grid(2.0, 13)
    slope = _outcomes.Functional("slope", ((0, -1), (0, 1)))
    counts = (400, 40)
    judged = _tilted.Rejected("x", right, counts, slope, 1.0)
    g = _tilted.Tilt(right, counts, slope, 1.0).direction
    y = np.repeat([0, 1], counts)
    best = g.argmax(axis=1)
    X = right.points[best][y][None]
    fitted = _fitted(X, y[None])
    assert judged(fitted).tolist() == [[1.0]]
    assert judged(_fitted(right.points[g.argmin(axis=1)][y][None], y[None])).tolist() == [[0.0]]


def _fitted(X, y):
    return Fitted(np.zeros((1, 2, 2)), 0.0, X, y, np.ones((1, 1, y.shape[1])), (), None)


def test_exact_sources_are_judged_on_the_whole_law():
    right = _tilted.on_a_grid(2.0, 5)
    test = _outcomes.Exact(right, (9, 3)).test(0, None)
    assert test.weights.sum() == pytest.approx(1.0)
    slopes = softmax.fit(*test).theta
    assert (slopes[1] - slopes[0])[1] == pytest.approx(2.0)
