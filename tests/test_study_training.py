"""Studies of how fits are trained: mini-batches, synthetic rows, time, a network."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

from mlbalance import softmax
from mlbalance.methods import Estimates, Method
from mlbalance.populations import symmetric
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Cell, Key, Sampled, Study, run, summarise
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

COMPARED = {"sgd": 9, "synthetic_rows": 2 * 3 * 4, "training_time": 5, "network": 2 * 3}
"""Comparisons by study: what has a prediction."""


@pytest.fixture(params=COMPARED)
def name(request):
    return request.param


def test_the_committed_summary_is_whole_and_its_verdict_on_record(name):
    study, rows = study_of(name), committed(name)
    assert {cell.id for cell in study.cells} == {row.cell for row in rows.values()}
    assert {(row.n, row.failures) for row in rows.values()} == {(study.replications, 0)}
    assert is_on_record(name, judged(name))


def test_every_number_that_has_a_prediction_is_compared(name):
    found = compared(name)
    assert len({c.row.key for c in found}) == len(found) == COMPARED[name]


@pytest.mark.parametrize(
    ("name", "by", "cell", "method", "ridge", "estimand"),
    [
        ("sgd", 0.25, "six classes", "sgd-weighted", 0.01, "excess risk"),
        ("synthetic_rows", -0.15, "separation 2", "smote-all", 0.0, "slope"),
        ("training_time", 0.2, "two points", "unweighted-100", 0.0, "boundary"),
    ],
)
def test_one_number_that_is_not_so_makes_a_study_disagree(name, by, cell, method, ridge, estimand):
    key = Key(cell, method, ridge, "mean", estimand)
    (own,) = (c for c in compared(name) if c.row.key == key)
    assert not judged(name, found=moved(name, key, by * own.observed / own.error)).agrees


@pytest.mark.parametrize(
    ("name", "words", "key"),
    [
        (
            *("sgd", "class weights in the loss cost more"),
            Key("glass", "sgd-weighted", 0.01, "ratio", "excess risk"),
        ),
        (
            *("synthetic_rows", "errs more on the rarer class"),
            Key("separation 3", "smote-all", 0.0, "difference", "error, rarer"),
        ),
        (
            *("network", "stopped early, class weights err less"),
            Key(
                *("20 times the counts", "network-unweighted"),
                *(0.0, "difference", "error, early"),
            ),
        ),
    ],
)
def test_a_figure_whose_contrast_is_contradicted_is_not_drawn(name, words, key):
    rows = committed(name)
    with refusal(words):
        judged(name, changed(rows, key, value=-rows[key].value))


def test_scores_that_are_not_of_one_size_are_refused(monkeypatch):
    figure, study, rows = (of("sgd") for of in (figure_of, study_of, committed))
    monkeypatch.setattr(figure, "effect", lambda name: 2.0)
    with refusal("nearly of one size"):
        figure.draw(study, rows, compared("sgd"))


# Instruments


def test_batches_are_drawn_as_they_are_called():
    sgd = STUDIES["sgd"]
    y = np.repeat([2, 0, 1], [5, 60, 15])
    counts, rng = np.bincount(y), np.random.default_rng(1)
    shares = {"weighted": counts / y.size, "balanced": np.full(3, 1 / 3)}
    for method in sgd.METHODS:
        drawn = method.batches(y, rng)
        classes = y[drawn]
        assert drawn.shape == (sgd.STEPS, sgd.SIZE)
        if method.sampling == "stratified":
            assert (np.sort(classes, axis=1) == np.repeat(np.arange(3), 2)).all()
            continue
        share, n = shares[method.sampling], drawn.size
        found = np.bincount(classes.ravel()) / n
        assert (np.abs(found - share) <= 4 * np.sqrt(share * (1 - share) / n)).all()
    # Rows of a class alike, by the last method of three.
    each = np.bincount(drawn[y[drawn] == 1] - np.flatnonzero(y == 1)[0], minlength=15)
    mean = each.sum() / 15
    assert (np.abs(each - mean) <= 4 * np.sqrt(mean)).all()


def test_a_step_of_the_study_is_one_of_gradient_descent(monkeypatch):
    """A batch of every row once, by hand, against the penalised gradient of the package."""
    sgd, (X, y) = STUDIES["sgd"], symmetric(3, 2, 1.0).sample((2, 2, 2), np.random.default_rng(2))
    monkeypatch.setattr(sgd.Descent, "batches", lambda self, y, rng: np.arange(6)[None])
    weights = ClassWeight().draw(y, np.random.default_rng(0))
    best = softmax.fit(X, y, weights[0], ridge=0.3).theta
    monkeypatch.setattr(sgd.softmax, "fit", lambda *given, **named: Moved(best + np.eye(3)))
    for method in sgd.METHODS:
        method = replace(method, ridge=0.3, step=0.5)
        found = method.fit(X[None], y[None], weights[None], None, [None]).theta[0]
        slope = softmax.score(best + np.eye(3), X, y, weights[0], ridge=0.3)
        np.testing.assert_allclose(found, best + np.eye(3) - 0.5 * slope, atol=1e-12)


class Moved:
    def __init__(self, theta):
        self.theta = theta


def test_the_log_probabilities_of_a_network_are_those_of_scikit_learn():
    network, rng = STUDIES["network"], np.random.default_rng(3)
    X, y = symmetric(3, 4, 2.0).sample((9, 9, 9), rng)
    net = MLPClassifier((network.WIDTH,), random_state=0)
    net.partial_fit(X, y, classes=np.arange(3))
    found = network._log_probabilities(network._flat(net), X, 3)
    np.testing.assert_allclose(found, net.predict_log_proba(X), atol=1e-10)
    moved = network._log_probabilities(network._flat(net), X, 3, np.array([0.0, 9.0, 0.0]))
    assert (moved.argmax(axis=1) == 1).all()


def test_the_late_network_interpolates_and_the_early_one_does_not_yet(monkeypatch):
    network, rng = STUDIES["network"], np.random.default_rng(4)
    X, y = symmetric(6, 20, 3.0).sample(network.COUNTS, rng)
    weights = ClassWeight().draw(y, rng)[0]
    (early, late), status = network._train(X, y, weights, np.random.default_rng(5))
    assert status == "converged"
    wrong = [
        (network._log_probabilities(one, X, 6).argmax(axis=1) != y).mean() for one in (early, late)
    ]
    assert wrong[1] <= wrong[0] and wrong[1] < 0.2  # a fifth of the rows was held out
    assert (np.abs(late) > np.abs(early)).mean() > 0.6
    monkeypatch.setattr(network, "EPOCHS", 2)
    assert network._train(X, y, weights, np.random.default_rng(5))[1] == "max-iter"


# Methods that draw, and that have other parameters, in a study


class Drawn(Method):
    stream_name = "noise"

    def shape(self, n_classes, n_features):
        return (3,)

    def fit(self, X, y, weights, rows=None, rngs=()):
        return Estimates(
            np.array([rng.normal(size=3) for rng in rngs]), np.full(len(X), "converged")
        )


class First:
    columns = ("first",)

    def __call__(self, fitted):
        return fitted.theta[:, :1]


def test_a_method_that_draws_has_a_stream_of_its_own_by_name():
    study = Study(
        name="drawn",
        aim="A method that draws.",
        cells=(Cell("one", Sampled(symmetric(2, 1, 1.0), (9, 8), test_size=16)),),
        estimands="One number.",
        methods=tuple(Drawn(ClassWeight(), name=(id, id)) for id in ("a", "b")),
        reference="a",
        replications=40,
        root=3,
        outcomes=(First(),),
    )
    rows = summarise(study, run(study))
    first, second = (rows.one(method=id, metric="mean") for id in "ab")
    assert first.value == second.value != 0.0  # one name, one stream
    assert first.mcse == pytest.approx(1 / np.sqrt(40), rel=0.4)  # one for each replicate
