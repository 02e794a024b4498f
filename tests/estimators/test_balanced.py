"""Schemes around other people's classifiers: weights or rows, bags, priors, rows left out."""

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from mlbalance import populations
from mlbalance.estimators import Balanced, FitError
from mlbalance.inputs import InputError
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    Undersample,
    Unweighted,
)

COUNTS = (20, 50, 35)
NEAREST = KNeighborsClassifier(5)


def data(seed=0, counts=COUNTS):
    return populations.symmetric(len(counts), 3, 1.5).sample(counts, np.random.default_rng(seed))


def regression(**settings):
    return LogisticRegression(tol=1e-9, max_iter=1000, **settings)


def test_class_weights_are_those_of_scikit_learn():
    X, y = data()
    copies = np.random.default_rng(1).integers(0, 3, y.size)
    ours = Balanced(regression()).fit(X, y, sample_weight=copies)
    rows = np.repeat(np.arange(y.size), copies)
    theirs = regression(class_weight="balanced").fit(X[rows], y[rows])
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(ours.natural_prior_, np.bincount(y[rows]) / rows.size)


def test_a_classifier_without_weights_gets_the_rows_of_an_undersample():
    X, y = data()
    ours = Balanced(NEAREST, Undersample(), random_state=0).fit(X, y)
    (inner,) = ours.estimators_
    np.testing.assert_array_equal(np.bincount(inner._y), [20, 20, 20])
    kept = {tuple(row) for row in inner._fit_X}
    assert len(kept) == 60 and kept <= {tuple(row) for row in X}
    np.testing.assert_array_equal(ours.predict_proba(X), inner.predict_proba(X))


@pytest.mark.parametrize("scheme", [Oversample(), Oversample(keep=False), BalancedSampler()])
def test_repeated_rows_are_their_weights(scheme):
    """The same draw given as weights and as rows makes the same Bayes rule."""
    X, y = data()

    class Unweightable(GaussianNB):
        def fit(self, X, y):
            return super().fit(X, y)

    by_weight = Balanced(GaussianNB(), scheme, random_state=4).fit(X, y)
    by_row = Balanced(Unweightable(), scheme, random_state=4).fit(X, y)
    np.testing.assert_allclose(by_weight.predict_proba(X), by_row.predict_proba(X), atol=1e-9)


def test_bags_are_averaged_and_moved_to_the_target():
    X, y = data()
    prior = np.array([0.5, 0.2, 0.3])
    ours = Balanced(regression(), Bagging(Undersample(), 4), target=prior, random_state=1)
    ours.fit(X, y)
    assert len(ours.estimators_) == 4
    odds = np.mean([e.predict_proba(X) for e in ours.estimators_], axis=0) * prior
    wanted = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ours.predict_proba(X), wanted, rtol=1e-12)
    np.testing.assert_array_equal(ours.predict(X), wanted.argmax(axis=1))
    np.testing.assert_allclose(
        ours.predict_proba(X, prior="balanced"), odds / prior / (odds / prior).sum(1)[:, None]
    )


def test_natural_probabilities_come_back_to_the_shares_of_the_data():
    X, y = data(counts=(200, 3000, 800))
    for scheme in (ClassWeight(), Undersample(), Unweighted()):
        ours = Balanced(regression(), scheme, target="natural", random_state=0).fit(X, y)
        shares = np.bincount(y) / y.size
        slack = 4 * np.sqrt(shares * (1 - shares) / y.size)
        assert (np.abs(ours.predict_proba(X).mean(axis=0) - shares) < slack).all()


def test_rows_left_out_are_predicted_by_the_bags_that_left_them():
    X, y = data()
    ours = Balanced(regression(), Bagging(Undersample(), 6), oob=True, random_state=0).fit(X, y)
    p = ours.oob_decision_function_
    assert p.shape == (y.size, 3)
    assert np.isnan(p[y == 0]).all()  # the smallest class is in every bag
    seen = ~np.isnan(p[:, 0])
    np.testing.assert_allclose(p[seen].sum(axis=1), 1)
    in_bag = np.array([Bagging(Undersample(), 6).draw(y, _generator(0))]).squeeze() > 0
    for i in np.flatnonzero(seen)[:5]:
        out = [e for e, bag in zip(ours.estimators_, in_bag, strict=True) if not bag[i]]
        mean = np.mean([e.predict_proba(X[[i]])[0] for e in out], axis=0)
        np.testing.assert_allclose(p[i], mean, rtol=1e-12)
    with pytest.raises(InputError, match=r"No bag of ClassWeight\(\) leaves a row out"):
        Balanced(regression(), oob=True).fit(X, y)


def _generator(random_state):
    from mlbalance.estimators.weighting import generator

    return generator(random_state)


def test_jobs_change_nothing_and_seeds_settle_everything():
    X, y = data()
    forest = RandomForestClassifier(5)
    scheme = Bagging(Undersample(), 3)
    one, two = (
        Balanced(forest, scheme, n_jobs=jobs, random_state=7).fit(X, y).predict_proba(X)
        for jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)
    seeds = [e.random_state for e in Balanced(forest, scheme, random_state=7).fit(X, y).estimators_]
    assert len(set(seeds)) == 3
    left = Balanced(RandomForestClassifier(5, random_state=0), scheme).fit(X, y)
    assert {e.random_state for e in left.estimators_} == {0}


def test_many_bags_have_as_many_seeds():
    X, y = data()
    stump = DecisionTreeClassifier(max_depth=1)
    found = Balanced(stump, Bagging(Undersample(), 100), random_state=7).fit(X, y)
    assert len({e.random_state for e in found.estimators_}) == 100


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingClassifier(max_iter=5),
        GaussianNB(),
        CalibratedClassifierCV(LinearSVC(), cv=2),
    ],
    ids=lambda e: type(e).__name__,
)
def test_any_classifier_with_weights_takes_every_scheme(estimator):
    X, y = data()
    for scheme in (None, Unweighted(), Undersample(), Cap(25), Bagging(Oversample(), 2)):
        p = Balanced(estimator, scheme, random_state=0).fit(X, y).predict_proba(X)
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_frames_strings_and_missing_values_go_through_to_the_classifier():
    pd = pytest.importorskip("pandas")
    X, y = data()
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["colour"] = np.array(["red", "blue"])[np.arange(y.size) % 2]
    labels = pd.Series(np.array(["x", "y", "z"])[y])
    inner = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["colour"]), (StandardScaler(), ["a", "b", "c"])),
        regression(),
    )
    ours = Balanced(inner, Bagging(Undersample(), 3), random_state=0).fit(frame, labels)
    assert set(ours.predict(frame)) <= {"x", "y", "z"}
    np.testing.assert_array_equal(ours.feature_names_in_, frame.columns)
    holes = frame[["a", "b"]].copy()
    holes.iloc[::7, 0] = np.nan
    boosted = Balanced(HistGradientBoostingClassifier(max_iter=3)).fit(holes, labels)
    assert boosted.predict_proba(holes).shape == (y.size, 3)


def test_it_lives_in_searches_clones_pickles_and_routing():
    X, y = data()
    weights = np.random.default_rng(0).integers(1, 4, y.size)
    ours = Balanced(regression(), Undersample(), random_state=3).fit(X, y)
    again = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(again.predict_proba(X), ours.predict_proba(X))
    np.testing.assert_array_equal(clone(ours).fit(X, y).predict(X), ours.predict(X))
    search = GridSearchCV(Balanced(regression()), {"estimator__C": [0.1, 1.0]}, cv=3).fit(X, y)
    assert search.best_params_["estimator__C"] in (0.1, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = Balanced(regression()).set_fit_request(sample_weight=True)
        pipe = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), routed)
        p = pipe.fit(X, y, sample_weight=weights).predict_proba(X)
    scaled = StandardScaler().fit_transform(X)
    alone = Balanced(regression()).fit(scaled, y, weights)
    np.testing.assert_allclose(p, alone.predict_proba(scaled), rtol=1e-10)


# What cannot be used.


@pytest.mark.parametrize(
    ("ours", "message"),
    [
        (Balanced(NEAREST), "KNeighborsClassifier.fit takes no sample_weight, and the weights of"),
        (Balanced(NEAREST, Cap(25)), "Give Undersample(), Oversample() or Bagging(Undersample()"),
        (Balanced(make_pipeline(StandardScaler(), regression())), "put Balanced around the last"),
        (Balanced(LinearSVC()), "LinearSVC has no predict_proba. Put it in CalibratedClassifierCV"),
        (Balanced(regression(), correction="loo"), 'correction="loo" is for SoftmaxClassifier'),
        (Balanced(regression(), correction="yes"), 'correction must be "none" or "prior"'),
        (Balanced(regression(), "balanced"), "A scheme is one of mlbalance.schemes"),
        (Balanced(regression(), target="even"), 'target must be "balanced" or "natural"'),
        (Balanced(regression(), Unweighted(), correction="none"), "at the prior of the data"),
    ],
    ids=lambda given: None if isinstance(given, str) else "",
)
def test_what_cannot_be_used_says_what_to_do(ours, message):
    X, y = data()
    with pytest.raises(InputError) as caught:
        ours.fit(X, y)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_weights_that_cannot_be_rows_and_classes_that_are_missing_are_named():
    X, y = data()
    with pytest.raises(FitError, match="drew no row of class"):
        Balanced(regression(), BalancedSampler(draws=2), random_state=0).fit(X, y)
    with pytest.raises(InputError, match="those with weight hold one class, 1"):
        Balanced(regression()).fit(X, y, (y == 1).astype(float))
    fine = Balanced(NEAREST, Unweighted()).fit(X, y, np.full(y.size, 2.0))
    assert len(fine.estimators_[0]._y) == y.size  # all alike: each row once
