"""A separate model for the small classes: what it composes, which classes, and refusals."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from mlbalance.estimators import SeparateSmallClasses, SoftmaxClassifier
from mlbalance.inputs import InputError
from mlbalance.populations import symmetric

COUNTS = (23, 5, 44, 14, 19, 31)
LABELS = np.array(list("abcdef"))
SMALL = ["b", "d", "e"]


@pytest.fixture(scope="module")
def rows():
    X, y = symmetric(6, 3, 2.0).sample(COUNTS, np.random.default_rng(0))
    return X, LABELS[y]


def test_probabilities_are_those_of_the_group_times_those_within(rows):
    X, y = rows
    plain = LogisticRegression(max_iter=1000)
    model = SeparateSmallClasses(plain, target="natural").fit(X, y)
    assert model.small_classes_.tolist() == SMALL
    inside = np.isin(y, SMALL)
    first = clone(plain).fit(X, np.where(inside, "group", y))
    second = clone(plain).fit(X[inside], y[inside])
    p = dict(zip(first.classes_, first.predict_proba(X).T, strict=True))
    within = dict(zip(second.classes_, second.predict_proba(X).T, strict=True))
    expected = [p["group"] * within[label] if label in SMALL else p[label] for label in LABELS]
    found = model.predict_proba(X)
    np.testing.assert_allclose(found, np.transpose(expected), rtol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-12)
    assert model.predict(X).tolist() == LABELS[found.argmax(axis=1)].tolist()


def test_probabilities_are_moved_from_the_shares_of_the_data(rows):
    X, y = rows
    model = SeparateSmallClasses(SoftmaxClassifier(keep_data=False)).fit(X, y)
    natural = model.predict_proba(X, prior="natural")
    ratio = model.predict_proba(X) / (natural / np.array(COUNTS))
    np.testing.assert_allclose(ratio / ratio[:, :1], 1, rtol=1e-9)
    # Both classifiers answer at the shares of their rows, whatever their own target is.
    shares = natural.mean(axis=0)
    assert np.abs(shares - np.array(COUNTS) / sum(COUNTS)).max() < 0.05
    assert [each.target for each in model.estimators_] == ["natural"] * 2
    assert model.score(X, y) == pytest.approx(
        np.mean([(model.predict(X) == y)[y == label].mean() for label in LABELS])
    )


@pytest.mark.parametrize(
    ("small", "found"),
    [
        (None, SMALL),  # fewer than 136/6 rows
        (15, ["b", "d"]),
        (np.int64(44), ["a", "b", "d", "e", "f"]),
        (["f", "b"], ["b", "f"]),
        (("a", "c", "d"), ["a", "c", "d"]),
    ],
)
def test_which_classes_are_small(rows, small, found):
    model = SeparateSmallClasses(KNeighborsClassifier(3), small).fit(*rows)
    assert model.small_classes_.tolist() == found
    p = model.predict_proba(rows[0])
    assert p.shape == (136, 6)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("estimator", "small", "complaint"),
    [
        (None, 6, r"with fewer than 6 rows are \['b'\] of .* Name others, as small=\['a', 'b'\]"),
        (None, ["b"], r"two small classes or more, .* that are named are \['b'\]"),
        (None, [], r"that are named are \[\] of"),
        (None, list(LABELS), "and another class; those that are named are"),
        (None, ["b", "z"], r"no row of the small class 'z'; the classes are \['a', 'b'"),
        (LinearSVC(), None, "LinearSVC has no predict_proba"),
    ],
)
def test_refusals(rows, estimator, small, complaint):
    with pytest.raises(InputError, match=complaint):
        SeparateSmallClasses(estimator, small).fit(*rows)


def test_two_classes_have_no_two_small_ones(rows):
    X, y = rows
    few = np.isin(y, ["b", "c"])
    with pytest.raises(InputError, match=r"fewer than 24.5 rows are \['b'\] of \['b', 'c'\]"):
        SeparateSmallClasses().fit(X[few], y[few])


def test_sample_weights_count_copies(rows):
    X, y = rows
    times = 1 + np.arange(y.size) % 3
    times[:4] = 0
    settings = SeparateSmallClasses(LogisticRegression(tol=1e-10, max_iter=1000), SMALL)
    weighted = clone(settings).fit(X, y, sample_weight=times)
    copied = clone(settings).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    np.testing.assert_allclose(weighted.predict_proba(X), copied.predict_proba(X), atol=1e-5)


def test_it_is_an_estimator_of_scikit_learn(rows):
    import pandas

    X, y = rows
    frame = pandas.DataFrame(X, columns=["u", "v", "w"])
    model = SeparateSmallClasses(LogisticRegression(C=0.3), 15, target=[0.5, *[0.1] * 5])
    assert clone(model).get_params()["estimator__C"] == 0.3
    model.fit(frame, y)
    assert model.n_features_in_ == 3 and model.feature_names_in_.tolist() == ["u", "v", "w"]
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(frame), model.predict_proba(frame))
    with pytest.raises(InputError, match="prior must be"):
        model.predict_proba(frame, prior="even")


def test_rows_are_of_any_kind_that_the_classifier_takes(rows):
    from scipy.sparse import csr_array
    from sklearn.exceptions import NotFittedError
    from sklearn.utils import get_tags

    X, y = rows
    model = SeparateSmallClasses(LogisticRegression(max_iter=1000))
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert get_tags(model).input_tags.sparse
    assert not get_tags(SeparateSmallClasses()).input_tags.sparse
    dense = model.fit(X, y).predict_proba(X)
    sparse = model.fit(csr_array(X), y).predict_proba(csr_array(X))
    np.testing.assert_allclose(sparse, dense, atol=1e-3)
