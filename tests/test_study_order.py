"""Studies of fits at equal degrees of freedom, of their thresholds and of their effective sizes."""

from dataclasses import replace

import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.populations import symmetric
from mlbalance.schemes import Undersample
from mlbalance.simulation import Key, Summary, run, summarise
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

COMPARED = {"degrees_of_freedom": 6 * 16, "intercept_price": 2 * 18, "effective_size": 2 * 30 + 6}
pytestmark = pytest.mark.slow
"""Comparisons by study: what has a prediction."""


@pytest.fixture(params=COMPARED)
def name(request):
    return request.param


def test_the_quick_version_runs_and_has_predictions(name):
    study = replace(study_of(name).quick(), replications=2)
    with run(study) as store:
        rows = summarise(study, store)
    found = figure_of(name).compared(study_of(name), rows)
    assert found and all(np.isfinite([c.predicted, c.observed]).all() for c in found)


def test_the_committed_summary_is_whole_and_its_verdict_on_record(name):
    study, rows = study_of(name), committed(name)
    assert {cell.id for cell in study.cells} == {row.cell for row in rows.values()}
    assert {(row.n, row.failures) for row in rows.values()} == {(study.replications, 0)}
    assert is_on_record(name, judged(name))


def test_every_number_that_has_a_prediction_is_compared(name):
    found = compared(name)
    assert len({c.row.key for c in found}) == len(found) == COMPARED[name]


def test_no_numbers_are_refused(name):
    with refusal("numbers to compare"):
        judged(name, Summary([]), figure_of(name).compared(study_of(name), Summary([])))


@pytest.mark.parametrize(
    ("name", "by", "cell", "method", "ridge", "estimand"),
    [
        ("degrees_of_freedom", 0.1, "one variance", "class-weights", 1.0, "signal to noise"),
        ("degrees_of_freedom", 0.1, "two variances", "under-bagging-10", 0.01, "variance"),
        ("intercept_price", -0.4, "450 and 50", "class-weights", 0.01, "price"),
        ("effective_size", -0.1, "K=6", "squares-one-fit", 1.0, "mean squared distance"),
        ("effective_size", 0.2, "K=2", "squares-bags-30", 1.0, "gap to the one fit"),
    ],
)
def test_one_number_that_is_not_so_makes_a_study_disagree(name, by, cell, method, ridge, estimand):
    key = Key(cell, method, ridge, "mean", estimand)
    (own,) = (c for c in compared(name) if c.row.key == key)
    assert not judged(name, found=moved(name, key, by * own.observed / own.error)).agrees


@pytest.mark.parametrize(
    ("name", "words", "cell", "method", "ridge", "metric", "estimand"),
    [
        (
            *("degrees_of_freedom", "least squares gains on class-weights", "one variance"),
            *("class-weights", 0.01, "mean", "gain of least squares"),
        ),
        (
            *("degrees_of_freedom", "more signal to noise than all rows", "one variance"),
            *("under-bagging-10", 0.01, "difference", "signal to noise"),
        ),
        (
            *("intercept_price", "it pays for unweighted", "180 and 20", "unweighted", 1.0),
            *("mean", "price of the fitted intercept"),
        ),
        (
            *("effective_size", "nearer than squares-unweighted", "K=3", "squares-unweighted", 1.0),
            *("mean", "gap to the one fit"),
        ),
    ],
)
def test_a_figure_whose_contrast_is_contradicted_is_not_drawn(
    name, words, cell, method, ridge, metric, estimand
):
    rows, key = committed(name), Key(cell, method, ridge, metric, estimand)
    with refusal(words):
        judged(name, changed(rows, key, value=-rows[key].value))


def test_curves_that_do_not_cross_are_refused(monkeypatch):
    figure = figure_of("degrees_of_freedom")
    figure.check(figure.SPHERE)
    monkeypatch.setattr(figure, "GRID", np.array([1.0, 30.0]))
    with refusal("by nominal ridge curves cross"):
        figure.check(figure.SPHERE)


def test_a_price_without_correlation_is_refused(monkeypatch):
    figure, study, rows = (of("intercept_price") for of in (figure_of, study_of, committed))
    whole = figure.predicted
    monkeypatch.setattr(figure, "predicted", lambda *given, independent=False: whole(*given))
    with refusal("correlation adds"):
        figure.draw(study, rows, compared("intercept_price"))


def test_sizes_out_of_order_are_refused(monkeypatch):
    figure = figure_of("effective_size")
    figure.check(3, 0.05)
    whole = figure.limit
    monkeypatch.setattr(figure, "limit", lambda K, id, ridge: whole(K, figure.PLAIN.id, ridge))
    with refusal("an undersample has the smallest size"):
        figure.check(3, 0.05)


# Instruments


def fitted(ridge, counts=(40, 12), d=6):
    X, y = symmetric(2, d, 1.5).sample(counts, np.random.default_rng(5))
    weights = 0.5 / np.bincount(y)[y]
    return softmax.fit(X, y, weights, ridge=ridge).theta, X, y, weights


def test_degrees_of_freedom_are_the_sum_of_leverages():
    """With the intercept one more, by the Hessian of the penalised loss of the package."""
    study, ridge = STUDIES["degrees_of_freedom"], 0.05
    theta, X, y, weights = fitted(ridge)
    whole = softmax.hessian(theta, X, y, weights, ridge=ridge)[1, :, 1, :]
    rows = np.column_stack([np.ones(len(X)), X])
    bend = weights * np.exp(softmax.log_probabilities(softmax.logits(theta, X))).prod(axis=1)
    leverages = bend * (rows * np.linalg.solve(whole, rows.T).T).sum(axis=1)
    assert study.trace(theta, X, weights, ridge) + 1 == pytest.approx(leverages.sum(), rel=1e-10)


@pytest.mark.parametrize("df", [0.5, 3.0, 5.5])
def test_least_squares_has_the_degrees_of_freedom_it_was_asked(df):
    """Coefficients solve the normal equations of one ridge, whose hat matrix has this trace."""
    study = STUDIES["degrees_of_freedom"]
    _, X, y, _ = fitted(0.05)
    theta = study.least_squares(X, y, df)
    w, b = theta[1, 1:] - theta[0, 1:], theta[1, 0] - theta[0, 0]
    left = 2.0 * y - 1 - X @ w - b
    assert left.sum() == pytest.approx(0, abs=1e-10)
    pulls = X.T @ left / len(y)
    ridges = pulls / w
    np.testing.assert_allclose(ridges, ridges[0], rtol=1e-7)
    away = X - X.mean(axis=0)
    hat = away @ np.linalg.solve(away.T @ away + len(y) * ridges[0] * np.eye(6), away.T)
    assert np.trace(hat) == pytest.approx(df, rel=1e-8)


@pytest.mark.parametrize("lost", [True, False])
def test_left_out_margins_are_those_of_refits(lost):
    """The weight of the row is lost, or the other rows of its class have it."""
    study, ridge = STUDIES["intercept_price"], 0.02
    theta, X, y, weights = fitted(ridge, (60, 30))
    found = study.left_out(theta, X, y, weights, ridge, lost=lost)
    inside = X @ (theta[1, 1:] - theta[0, 1:]) + theta[1, 0] - theta[0, 0]
    for i in (0, 59, 60, 89):
        without, own = weights.copy(), y == y[i]
        without[i] = 0.0
        if not lost:
            without[own] *= weights[own].sum() / without[own].sum()
        refit = softmax.fit(X, y, without, ridge=ridge).theta
        exact = X[i] @ (refit[1, 1:] - refit[0, 1:]) + refit[1, 0] - refit[0, 0]
        assert found[i] - inside[i] == pytest.approx(exact - inside[i], rel=0.06)


def test_many_undersamples_of_least_squares_are_the_one_fit():
    """As many bags come nearer to it, and ever more of them nearer still."""
    study, rng = STUDIES["effective_size"], np.random.default_rng(7)
    X, y = symmetric(3, 30, 2.0).sample((120, 40, 20), rng)
    one = study.one_fit(X, y, 0.1)
    gaps = []
    for bags in (20, 1500):
        weights = np.concatenate([Undersample().draw(y, rng) for _ in range(bags)])
        (mean,) = study.LeastSquares(Undersample(), ridge=0.1).fit(X[None], y, weights[None]).theta
        gaps.append(((mean - one)[:, 1:] ** 2).sum() / (one[:, 1:] ** 2).sum())
    assert gaps[1] < 0.1 * gaps[0] and gaps[1] < 0.006


def test_distances_of_a_matrix_are_those_of_its_points():
    study, points = STUDIES["effective_size"], np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    found = study.distances(points @ points.T, np.array([9, 5, 2]))
    assert found == pytest.approx(((9 + 16 + 25) / 3, 16.0))
