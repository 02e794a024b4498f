"""What answers are for: scores at the target, priors by label, and messages that name labels."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, recall_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from mlbalance import populations
from mlbalance.estimators import Balanced, SoftmaxClassifier
from mlbalance.estimators.balanced import grows_trees
from mlbalance.inputs import CountsError, InputError, PriorError, SchemeError
from mlbalance.methods import rows as rows_module
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    ClassWeight,
    Oversample,
    Thin,
    Undersample,
    Unweighted,
)

COUNTS = (12, 90, 40)
LABELS = np.array(["ill", "well", "unknown"])
PRIOR = {"well": 0.7, "ill": 0.1, "unknown": 0.2}
SORTED = [PRIOR[label] for label in sorted(PRIOR)]
both = pytest.mark.parametrize(
    "ours", [SoftmaxClassifier(), Balanced(LogisticRegression())], ids=lambda e: type(e).__name__
)


def data(counts=COUNTS, seed=0):
    X, y = populations.symmetric(3, 3, 1.2).sample(counts, np.random.default_rng(seed))
    return X, LABELS[y]


# Scores


@both
def test_the_score_is_that_of_the_target(ours):
    X, y = data()
    new, truth = data((30, 40, 200), seed=1)
    weights = np.random.default_rng(2).uniform(size=truth.size)
    for given in (None, weights):
        found = ours.set_params(target="balanced").fit(X, y)
        wanted = balanced_accuracy_score(truth, found.predict(new), sample_weight=given)
        assert found.score(new, truth, given) == pytest.approx(wanted, rel=1e-12)
        found = ours.set_params(target="natural").fit(X, y)
        wanted = accuracy_score(truth, found.predict(new), sample_weight=given)
        assert found.score(new, truth, given) == pytest.approx(wanted, rel=1e-12)
        found = ours.set_params(target=PRIOR).fit(X, y)
        recalls = recall_score(truth, found.predict(new), average=None, sample_weight=given)
        assert found.score(new, truth, given) == pytest.approx(SORTED @ recalls, rel=1e-12)


@both
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_a_score_without_rows_of_a_class_is_of_the_others(ours):
    X, y = data()
    found, some = ours.set_params(target="balanced").fit(X, y), y != "ill"
    wanted = balanced_accuracy_score(y[some], found.predict(X[some]))
    assert found.score(X[some], y[some]) == pytest.approx(wanted, rel=1e-12)
    found = ours.set_params(target=PRIOR).fit(X, y)
    well, unknown = (
        (found.predict(X[y == label]) == label).mean() for label in ("well", "unknown")
    )
    assert found.score(X[some], y[some]) == pytest.approx((0.7 * well + 0.2 * unknown) / 0.9)


def test_a_search_without_scoring_chooses_for_the_target():
    X, y = data()
    grid = {"scheme": [ClassWeight(), Unweighted()], "ridge": [1.0, 0.01]}
    search = GridSearchCV(SoftmaxClassifier(), grid, cv=4).fit(X, y)
    named = GridSearchCV(SoftmaxClassifier(), grid, cv=4, scoring="balanced_accuracy").fit(X, y)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], named.cv_results_["mean_test_score"], rtol=1e-12
    )
    plain = cross_val_score(SoftmaxClassifier(), X, y, cv=4, scoring="accuracy")
    assert np.abs(cross_val_score(SoftmaxClassifier(), X, y, cv=4) - plain).max() > 0.01


# Labels


@both
@pytest.mark.parametrize("labels", [LABELS, np.array([7, 3, 5]), np.array([2.0, -1.0, 0.0])])
def test_priors_by_label_are_those_in_order(ours, labels):
    X, y = populations.symmetric(3, 3, 1.2).sample(COUNTS, np.random.default_rng(0))
    values = np.array([0.1, 0.7, 0.2])
    by_label, ordered = dict(zip(labels, values, strict=True)), values[np.argsort(labels)]
    y = labels[y]
    named, listed = (
        ours.set_params(target=given).fit(X, y).predict_proba(X) for given in (by_label, ordered)
    )
    np.testing.assert_array_equal(named, listed)
    found = ours.set_params(target="balanced").fit(X, y)
    np.testing.assert_array_equal(
        found.predict_proba(X, prior=by_label), found.predict_proba(X, prior=ordered)
    )


def test_class_weights_by_label_are_those_of_scikit_learn():
    X, y = data()
    weights = {"well": 1, "ill": 5.5, "unknown": 2}
    theirs = LogisticRegression(class_weight=weights, tol=1e-10, max_iter=10_000).fit(X, y)
    totals = {label: weight * (y == label).sum() for label, weight in weights.items()}
    prior = {label: total / sum(totals.values()) for label, total in totals.items()}
    # scikit-learn's penalty weighs one over the sum of the weights.
    ours = SoftmaxClassifier(weights, ridge=1 / sum(totals.values()), target=prior).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)
    around = Balanced(GaussianNB(), weights, target=prior).fit(X, y)
    alone = GaussianNB().fit(X, y, [weights[label] for label in y])
    np.testing.assert_allclose(around.predict_proba(X), alone.predict_proba(X), atol=1e-9)
    for bad, message in (
        ({"well": 1, "ill": 2}, "class weights has no value for class 'unknown'"),
        ({"well": 1, "ill": 0, "unknown": 2}, "must be finite and above zero; they are"),
        ({"well": 1, "ill": "x", "unknown": 2}, "Class weights are one number per class"),
    ):
        with pytest.raises(SchemeError, match=message):
            SoftmaxClassifier(bad).fit(X, y)


@both
def test_shares_counted_by_pandas_are_by_label(ours):
    """In the order of their size, which is not that of the classes."""
    pd = pytest.importorskip("pandas")
    X, y = data()
    shares = pd.Series(y).value_counts(normalize=True)
    assert list(shares.index) != sorted(shares.index)
    counted = ours.set_params(target=shares).fit(X, y)
    natural = counted.predict_proba(X, "natural")
    np.testing.assert_allclose(counted.predict_proba(X), natural, rtol=1e-12)
    if isinstance(ours, SoftmaxClassifier):
        line = counted.summary().splitlines()[1]
        assert "target {'ill': 0.08451, 'unknown': 0.2817, 'well': 0.6338}; kind" in line
    ours.set_params(correction="none")
    with pytest.raises(
        InputError, match=r"not at target=\{'ill': 0\.08451, 'unknown': 0\.2817, 'w"
    ):
        ours.fit(X, y)
    ours.set_params(target="balanced", correction="prior")
    np.testing.assert_allclose(ours.fit(X, y).predict_proba(X, shares), natural, rtol=1e-9)
    assert ClassWeight(prior=shares) == ClassWeight(prior=shares.to_dict())


@pytest.mark.parametrize(
    "make",
    [
        lambda given: ClassWeight(prior=given),
        lambda given: Undersample(prior=given),
        lambda given: Bagging(Undersample(prior=given), 3),
        lambda given: BalancedSampler(prior=given),
        lambda given: Thin(given),
        lambda given: Bagging(Thin(given, renormalise=False, prior=given), 2),
    ],
)
@both
def test_what_schemes_have_by_label_is_put_in_order(ours, make):
    X, y = data()
    ours.set_params(target="balanced", random_state=3)
    named, listed = (
        ours.set_params(scheme=scheme).fit(X, y).predict_proba(X)
        for scheme in (make(PRIOR), make(tuple(SORTED)))
    )
    ours.set_params(scheme=None)
    np.testing.assert_array_equal(named, listed)
    assert make(PRIOR) == make(dict(PRIOR)) and hash(make(PRIOR)) == hash(make(dict(PRIOR)))
    assert repr(PRIOR) in repr(make(PRIOR))
    assert make(PRIOR).in_order(sorted(PRIOR)) == make(tuple(SORTED))


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (
            lambda X, y: SoftmaxClassifier(target={"ill": 0.5, "well": 0.5}).fit(X, y),
            PriorError,
            r"A prior as target has no value for class 'unknown'\. Give one value for each",
        ),
        (
            lambda X, y: SoftmaxClassifier().fit(X, y).predict_proba(X, {**PRIOR, "dead": 0.1}),
            PriorError,
            r"prior has one for class 'dead', of which there is no row.*\['ill', 'unknown', 'well'",
        ),
        (
            lambda X, y: Balanced(LogisticRegression(), ClassWeight(prior={"ill": 1.0})).fit(X, y),
            PriorError,
            r"prior of ClassWeight\(prior=\{'ill': 1.0\}\) has no value for class 'unknown'",
        ),
        (
            lambda X, y: SoftmaxClassifier(Thin({"ill": 1.0})).fit(X, y),
            SchemeError,
            r"The rate of Thin\(rate=\{'ill': 1.0\}\) has no value for class 'unknown'",
        ),
        (
            lambda X, y: SoftmaxClassifier(Undersample(50)).fit(X, y),
            SchemeError,
            r"counts are \(12, 40, 90\).*The classes are \['ill', 'unknown', 'well'\], in this or",
        ),
        (
            lambda X, y: SoftmaxClassifier(target=[0.5, 0.0, 0.5]).fit(X, y),
            PriorError,
            r"every probability above zero.*The classes are \['ill', 'unknown', 'well'\]",
        ),
        (
            lambda X, y: SoftmaxClassifier(ClassWeight(prior=(0.5, 0.5))).fit(X, y),
            PriorError,
            r"each of 3 classes.*The classes are \['ill', 'unknown', 'well'\]",
        ),
        (
            lambda X, y: SoftmaxClassifier().fit(X[11:], y[11:]).confidence_intervals(),
            CountsError,
            r"of class 'ill' there is one\. Collect rows",
        ),
        (
            lambda X, y: ClassWeight(prior=PRIOR).moments((3, 4, 5)),
            PriorError,
            "names classes, and counts have no names. Give one number per class in their order",
        ),
        (
            lambda X, y: Thin(PRIOR).draw(np.repeat([0, 1, 2], 4), np.random.default_rng(0)),
            SchemeError,
            "names classes, and counts have no names",
        ),
        (lambda X, y: ClassWeight(prior={"a": 0.5, "b": 0.6}), PriorError, "must sum to one"),
        (lambda X, y: Thin({"a": 0.0, "b": 0.6}), SchemeError, "a rate above 0 and up to 1"),
    ],
)
def test_messages_name_the_labels_that_were_given(act, error, message):
    with pytest.raises(error, match=message):
        act(*data())


# Memory


@pytest.mark.parametrize(
    ("ours", "message"),
    [
        (Balanced(KNeighborsClassifier(), Oversample()), r"Oversample\(\) of rows that stand for"),
        (Balanced(LogisticRegression(), Bagging(Undersample(), 3)), "Divide the sample weights by"),
        (
            Balanced(KNeighborsClassifier(), Unweighted()),
            r"sample_weight, and Unweighted\(\) as 1e",
        ),
        (SoftmaxClassifier(Undersample()), r"stand for 1e\+09 copies would take .* GiB of memory"),
        (SoftmaxClassifier(Unweighted(), penalty="firth"), 'penalty="firth" of rows that stand'),
    ],
)
def test_one_weight_of_a_milliard_is_refused_before_rows_are_repeated(ours, message):
    X, y = data()
    weights = np.ones(y.size)
    weights[0] = 1e9
    with pytest.raises(InputError, match=message):
        ours.fit(X, y, weights)
    assert SoftmaxClassifier(ridge=1.0).fit(X, y, weights).status_ == "converged"


def test_what_a_scheme_needs_without_copies_is_not_refused(monkeypatch):
    monkeypatch.setattr(rows_module, "LARGEST_BYTES", 2**10)
    X, y = data()
    for scheme in (Oversample(), Bagging(Undersample(), 3)):
        assert Balanced(KNeighborsClassifier(), scheme).fit(X, y).scheme_ == scheme
    bootstrap = Oversample(200, keep=False)
    with pytest.raises(InputError, match=r"Oversample\(size=200, keep=False\) as 600 rows would"):
        Balanced(KNeighborsClassifier(), bootstrap, random_state=0).fit(X, y)


# Trees


@pytest.mark.parametrize(
    ("estimator", "trees"),
    [
        (LogisticRegression(), False),
        (KNeighborsClassifier(), False),
        (DecisionTreeClassifier(), True),
        (HistGradientBoostingClassifier(), True),
        (BaggingClassifier(), True),
        (BaggingClassifier(LogisticRegression()), False),
        (make_pipeline(StandardScaler(), RandomForestClassifier()), True),
        (CalibratedClassifierCV(DecisionTreeClassifier()), True),
        (make_pipeline(SelectFromModel(DecisionTreeClassifier()), LogisticRegression()), False),
    ],
    ids=str,
)
def test_trees_are_known_where_they_answer(estimator, trees):
    assert grows_trees(estimator) is trees


@pytest.mark.parametrize(
    "estimator", [RandomForestClassifier(15), DecisionTreeClassifier()], ids=str
)
def test_around_trees_bags_are_the_default_and_better_than_weights(estimator):
    gain, population = [], populations.symmetric(2, 5, 1.5)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        X, y = population.sample((30, 400), rng)
        new, truth = population.sample((1000, 1000), rng)
        default, weighted = (
            Balanced(estimator, scheme, random_state=0).fit(X, y)
            for scheme in (None, ClassWeight())
        )
        assert default.scheme_ == Bagging(Undersample(), 10) and len(default.estimators_) == 10
        gain.append(default.score(new, truth) - weighted.score(new, truth))
    assert np.mean(gain) > 4 * np.std(gain, ddof=1) / np.sqrt(len(gain))
    assert Balanced(LogisticRegression()).fit(X, y).scheme_ == ClassWeight()
