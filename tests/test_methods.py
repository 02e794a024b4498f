"""Recipes: the only definition of a method, and what becomes of its bags."""

from functools import partial

import numpy as np
import pytest
from mlbalance.recipes import RECIPES, Recipe, named

from mlbalance import softmax
from mlbalance.corrections import left_out
from mlbalance.inputs import InputError
from mlbalance.populations import symmetric
from mlbalance.schemes import Bagging, ClassWeight, Thin, Undersample, Unweighted

COUNTS = (30, 12, 60)


@pytest.fixture
def data():
    """R = 4 data sets that share their labels."""
    rng = np.random.default_rng(1)
    samples = [symmetric(3, 2, 1.0).sample(COUNTS, rng) for _ in range(4)]
    return np.stack([X for X, _ in samples]), samples[0][1]


def drawn(scheme, y, replicates, seed=2):
    rng = np.random.default_rng(seed)
    return np.stack([scheme.draw(y, rng, n_classes=3) for _ in range(replicates)])


def test_every_method_has_one_name_and_every_name_one_method():
    assert all(name == recipe.name for name, recipe in RECIPES.items())
    methods = [(recipe.scheme, recipe.correction) for recipe in RECIPES.values()]
    assert len(set(methods)) == len(RECIPES)
    assert all(recipe.ridge == 0 for recipe in RECIPES.values())


@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize("name", RECIPES)
def test_a_fit_is_the_average_of_its_bags_logits(name, ridge, data):
    (recipe,) = named(name, ridge=ridge)
    X, y = data
    weights = drawn(recipe.scheme, y, len(X))
    found = recipe.fit(X, y, weights)
    assert (found.status == "converged").all()
    for r in range(len(X)):
        bags = [softmax.fit(X[r], y, w, ridge=ridge).theta for w in weights[r]]
        z = np.mean([softmax.logits(theta, X[r]) for theta in bags], axis=0)
        apart = softmax.logits(found.theta[r], X[r]) - z
        if recipe.correction == "prior":
            # Moved by one number a class, the same for every row.
            apart -= apart[0]
        np.testing.assert_allclose(apart, 0, atol=1e-12)


def test_one_failed_bag_is_a_failed_fit(data):
    X, y = data
    recipe = RECIPES["under-bagging (10 bags)"]
    weights = drawn(recipe.scheme, y, len(X))
    weights[1, 7, y == 2] = 0.0
    found = recipe.fit(X, y, weights)
    assert found.status.tolist() == ["converged", "no-mle", "converged", "converged"]
    assert np.isnan(found.theta[1]).all() and np.isfinite(found.theta[[0, 2, 3]]).all()


def test_the_status_is_that_of_the_first_failed_bag():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(1, 40, 2)), np.tile([0, 1], 20)
    one_class, collinear = np.where(y == 0, 1.0, 0.0), np.zeros(40)
    # Two rows of one point a class overlap, but do not identify two slopes.
    X[0, :4] = [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
    collinear[:4] = 1.0
    every = np.ones(40)
    statuses = [
        Recipe("any", ClassWeight()).fit(X, y, np.stack(bags)[None]).status[0]
        for bags in ([every, collinear, one_class], [one_class, every, collinear], [every, every])
    ]
    assert statuses == ["not-identified", "no-mle", "converged"]


@pytest.mark.parametrize("ridge", [0.0, 0.05])
def test_prior_correction_is_a_fit_with_that_offset(data, ridge):
    """Unpenalised intercepts absorb an offset, so the identity holds on any data, model right or
    wrong.
    """
    X, y = data
    (recipe,) = named("unweighted, prior correction", ridge=ridge)
    weights = drawn(recipe.scheme, y, len(X))
    tau = np.full(3, 1 / 3)
    offset = np.log(Unweighted().target(np.array(COUNTS)) / tau)
    oracle = softmax.fit(X, y, weights[:, 0], offset=offset, ridge=ridge)
    np.testing.assert_allclose(recipe.fit(X, y, weights).theta, oracle.theta, atol=1e-9)


def test_prior_correction_knows_the_rows_that_count(data):
    """Rows of weight zero are no rows: the prior of the fit is that of the others."""
    X, y = data
    kept = np.arange(y.size) % 3 > 0
    recipe = RECIPES["unweighted, prior correction"]
    weights = np.zeros((len(X), 1, y.size))
    weights[:, :, kept] = drawn(recipe.scheme, y[kept], len(X))
    alone = recipe.fit(X[:, kept], y[kept], weights[:, :, kept])
    np.testing.assert_allclose(recipe.fit(X, y, weights).theta, alone.theta, atol=1e-12)


def test_prior_correction_of_a_failed_fit_is_a_failed_fit(data):
    X, y = data
    recipe = RECIPES["unweighted, prior correction"]
    weights = drawn(recipe.scheme, y, len(X))
    weights[2, :, y == 1] = 0.0
    found = recipe.fit(X, y, weights)
    assert found.status.tolist() == ["converged", "converged", "no-mle", "converged"]
    assert np.isnan(found.theta[2]).all() and np.isfinite(found.theta[[0, 1, 3]]).all()


def test_prior_correction_knows_the_prior_of_each_bag(data):
    """Where totals are random, every bag was fitted at a prior of its own."""
    X, y = data
    recipe = Recipe("any", Bagging(Thin(0.7, renormalise=False), 3), 0.1, correction="prior")
    weights = drawn(recipe.scheme, y, len(X))
    single = Recipe("one bag", Unweighted(), 0.1, correction="prior")
    bags = [single.fit(X, y, weights[:, [b]]).theta for b in range(3)]
    np.testing.assert_allclose(recipe.fit(X, y, weights).theta, np.mean(bags, axis=0), atol=1e-12)


def test_prior_correction_of_balanced_weights_changes_nothing(data):
    X, y = data
    weights = drawn(ClassWeight(), y, len(X))
    plain, corrected = (
        Recipe("any", ClassWeight(), correction=c).fit(X, y, weights).theta
        for c in ("none", "prior")
    )
    np.testing.assert_allclose(plain, corrected, atol=1e-13)


def test_named_finds_methods_in_order_and_gives_them_a_ridge():
    found = named("undersample", "class weights", ridge=0.1)
    assert [recipe.name for recipe in found] == ["undersample", "class weights"]
    assert [recipe.scheme for recipe in found] == [Undersample(), ClassWeight()]
    assert all(recipe.ridge == 0.1 for recipe in found)
    (corrected,) = named("unweighted, prior correction", ridge=0.1)
    assert corrected.correction == "prior"
    assert named("under-bagging (10 bags)")[0].scheme == Bagging(Undersample(), 10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: named("undersample", "smote"), "No recipe is named 'smote'; known are class we"),
        (
            lambda: Recipe("mine", ClassWeight(), correction="platt"),
            '"none", "prior" or "loo"; mine has \'platt\'',
        ),
        (
            lambda: Recipe("mine", Bagging(Undersample(), 2), correction="loo"),
            'The correction "loo" is for one fit; mine averages those of bags',
        ),
    ],
)
def test_what_is_not_known_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_left_out_intercepts_are_those_of_the_estimator():
    from mlbalance.estimators import SoftmaxClassifier

    rng = np.random.default_rng(12)
    y = np.repeat(np.arange(3), (40, 12, 25))
    X = rng.normal(size=(2, y.size, 4)) + np.eye(3, 4)[y]
    for scheme in (ClassWeight(), Unweighted()):
        recipe = Recipe("mine", scheme, 0.05, "loo")
        found = recipe.fit(X, y, np.stack([scheme.draw(y, rng)] * 2))
        for theta, rows in zip(found.theta, X, strict=True):
            theirs = SoftmaxClassifier(scheme, ridge=0.05, correction="loo").fit(rows, y)
            assert theta[:, 1:] == pytest.approx(theirs.coef_, abs=1e-9)
            assert theta[:, 0] == pytest.approx(theirs.intercept_, abs=1e-8)


def test_left_out_intercepts_of_a_class_of_one_row_are_a_failed_fit():
    rng = np.random.default_rng(13)
    y = np.repeat([0, 1], (12, 1))
    weights = ClassWeight().draw(y, rng)[None]
    recipe = Recipe("mine", ClassWeight(), 0.05, "loo")
    found = recipe.fit(rng.normal(size=(1, 13, 2)), y, weights)
    assert found.status.tolist() == ["no-mle"] and np.isnan(found.theta).all()


def test_a_fit_without_a_row_that_failed_gives_its_own_status(monkeypatch):
    x, y = np.array([[0.0], [1.0], [2.0], [1.5], [3.0], [4.0]]), np.array([0, 0, 0, 1, 1, 1])
    recipe, weights = Recipe("any", ClassWeight(), correction="loo"), np.full((1, 1, 6), 1 / 6)
    assert recipe.fit(x[None], y, weights).status.tolist() == ["no-mle"]
    few = partial(left_out, max_iter=1)
    monkeypatch.setattr("mlbalance.recipes.left_out", few)
    found = Recipe("any", ClassWeight(), 0.1, correction="loo").fit(x[None], y, weights)
    assert found.status.tolist() == ["max-iter"] and np.isnan(found.theta).all()
