"""The comparison: no test row is seen, folds are the same, jobs and sharing change nothing."""

import json
import time
import warnings

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score, brier_score_loss, f1_score, log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from mlbalance import data
from mlbalance.compare import (
    CANDIDATES,
    GROUPS,
    AtTarget,
    Candidate,
    Resampled,
    TunedThreshold,
    as_candidate,
    compare,
    cost_prior,
    refit,
    run,
    tables,
)
from mlbalance.compare.blocks import Plan, run_block
from mlbalance.compare.candidates import as_candidates
from mlbalance.compare.definition import define
from mlbalance.compare.document import _refit
from mlbalance.compare.measures import confusion, measure_fold, measure_repeat, reliability
from mlbalance.corrections import PriorShift
from mlbalance.estimators import Balanced, SoftmaxClassifier
from mlbalance.inputs import InputError
from mlbalance.losses import Focal
from mlbalance.methods import AUTO, METHODS, LeftOutRidge, Method, method
from mlbalance.schemes import ClassWeight, Oversample, Unweighted

FAST = ("class-weights", "unweighted+prior", "lda")


def gaussians(counts, d=3, seed=0, apart=1.5):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    X = rng.standard_normal((y.size, d))
    X[:, 0] += apart * y
    return X, np.array(["a", "b", "c", "d"])[y]


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers the rows that it is fitted to and asked for; the first column is their number."""

    seen = []  # noqa: RUF012

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.rows_ = np.array(X[:, 0])
        return self

    def predict_proba(self, X):
        type(self).seen.append((self.rows_, np.array(X[:, 0])))
        return np.full((len(X), self.classes_.size), 1 / self.classes_.size)


class Twice:
    """A sampler that doubles every row."""

    def get_params(self, deep=True):
        return {}

    def fit_resample(self, X, y):
        return np.vstack([X, X]), np.concatenate([y, y])


# --- leakage --------------------------------------------------------------------------------------


def test_no_method_is_fitted_to_a_test_row():
    X, y = gaussians([20, 10], d=1)
    spies = {
        "plain": Spy(),
        "resampled": Resampled(Twice(), Spy()),
        "balanced": Balanced(Spy(), Oversample()),
    }
    Spy.seen.clear()
    found = compare(X, y, methods=list(spies.items()), repeats=2, folds=5)
    assert not any(found.failures(name) for name in spies)
    assert len(Spy.seen) == 3 * 10
    for rows, asked in Spy.seen:
        assert not set(rows) & set(asked)
        assert len(set(rows)) == 24 and len(asked) == 6
    assert max(rows.size for rows, _ in Spy.seen) == 48


@pytest.mark.parametrize(
    "learner",
    [
        Resampled(Twice(), KNeighborsClassifier(1)),
        Balanced(DecisionTreeClassifier(), Oversample()),
    ],
    ids=["resampled", "oversampled"],
)
def test_copies_of_a_row_never_reach_both_sides(learner):
    """Pure noise: a learner that remembers rows is right only about rows that it has seen."""
    rng = np.random.default_rng(4)
    X, y = rng.standard_normal((200, 8)), np.repeat([0, 1], [160, 40])
    found = compare(X, y, methods=[("memory", learner)], repeats=2)
    wrong = found.values("error")[:, 1].mean()
    assert abs(wrong - 0.5) < 0.12
    # The same learner on rows that were doubled before the split is nearly always right.
    leaked = compare(np.vstack([X, X]), np.r_[y, y], methods=[("memory", learner)], repeats=1)
    assert leaked.values("error")[:, 1].mean() < wrong / 2


def test_labels_of_test_rows_change_no_answer():
    X, y = gaussians([30, 20])
    before = compare(X, y, methods=FAST, repeats=1, folds=2)
    test = np.flatnonzero(before.fold_of[0] == 0)
    # Two test rows of different classes change labels: shares and folds stay the same.
    swapped = y.copy()
    i = test[y[test] == "a"][0]
    j = test[y[test] == "b"][0]
    swapped[[i, j]] = swapped[[j, i]]
    classes, given = np.unique(y), []
    for labels in (y, swapped):
        table = tables.from_arrays(X, labels)
        codes = np.searchsorted(classes, labels)
        methods = tuple((c, define(c)) for c in map(as_candidate, FAST))
        plan = Plan(table, classes, codes, before.fold_of, np.full(2, 0.5), methods, 0)
        given.append([o.log_p for o in run_block(plan, 0, 0, FAST).outcomes])
    np.testing.assert_array_equal(*given)


# --- folds, jobs, sharing -------------------------------------------------------------------------


def test_folds_are_stratified_and_those_of_the_seed():
    X, y = gaussians([23, 11, 7])
    found = compare(X, y, methods="class-weights", repeats=3, folds=5)
    for fold_of in found.fold_of:
        sizes = np.array([np.bincount(fold_of[y == label], minlength=5) for label in "abc"])
        assert np.ptp(sizes, axis=1).max() <= 1 and sizes.min() >= 1
        assert np.ptp(sizes.sum(axis=0)) <= 1
    again = compare(X, y, methods="lda", repeats=3, folds=5)
    np.testing.assert_array_equal(found.fold_of, again.fold_of)
    assert (compare(X, y, methods="lda", seed=1).fold_of[:3] != found.fold_of).any()


def answers(found, method):
    return [o.log_p for o in found.outcomes if o.method == method]


def test_jobs_and_other_methods_change_no_number():
    X, y = gaussians([30, 12])
    several = ["undersample", "forest+prior", "network+prior", "lda", "tuned-threshold"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = compare(X, y, methods=several, repeats=1, folds=3)
        two = compare(X, y, methods=several[::-1], repeats=1, folds=3, jobs=2)
        alone = compare(X, y, methods="forest+prior", repeats=1, folds=3)
    for name in several:
        np.testing.assert_array_equal(answers(one, name), answers(two, name))
    np.testing.assert_array_equal(answers(one, "forest+prior"), answers(alone, "forest+prior"))
    own, other = one.differences()[0], two.differences()[-1]
    assert own.method == other.method and own[1:] == pytest.approx(other[1:])


class Counting(RandomForestClassifier):
    fits = 0

    def fit(self, X, y):
        type(self).fits += 1
        return super().fit(X, y)


def test_methods_of_one_definition_share_a_fit_and_agree_with_separate_ones():
    X, y = gaussians([40, 15])
    raw, moved = Candidate("raw", "raw", Counting(5), "as-is"), ("moved", Counting(5))
    Counting.fits = 0
    together = compare(X, y, methods=[raw, moved], repeats=1)
    assert Counting.fits == 5
    for name, each in (("raw", raw), ("moved", moved)):
        alone = compare(X, y, methods=[each], repeats=1)
        np.testing.assert_array_equal(answers(together, name), answers(alone, name))
    assert Counting.fits == 15
    assert np.abs(np.exp(answers(together, "raw")[0]) - np.exp(answers(together, "moved")[0])).max()
    compare(X, y, methods=[("few", Counting(5)), ("more", Counting(6))], repeats=1)
    assert Counting.fits == 25


class Unseen(Counting):
    """No row of the second class is out of bag."""

    def fit(self, X, y):
        super().fit(X, y)
        self.oob_decision_function_ = np.where(np.asarray(y)[:, None] == "a", [0.7, 0.3], np.nan)
        return self


def test_a_method_that_fails_takes_no_other_one_of_its_fit_with_it():
    X, y = gaussians([40, 15])
    plain, voted = (
        Candidate("plain", "p", Unseen()),
        Candidate("voted", "v", Unseen(), "out-of-bag"),
    )
    found = compare(X, y, methods=[voted, plain], repeats=1)
    alone = compare(X, y, methods=[plain], repeats=1)
    np.testing.assert_array_equal(answers(found, "plain"), answers(alone, "plain"))
    failed = [o for o in found.outcomes if o.method == "voted"]
    assert {(o.status, o.log_p is None) for o in failed} == {("no-mle", True)}
    assert all("Grow more trees" in o.message for o in failed)


def test_corrections_of_one_fit_share_it_and_agree_with_separate_ones():
    X, y = gaussians([40, 15, 12])
    ids = [f"{kind}{how}" for kind in ("class-weights", "discriminant")
           for how in ("+loo", "+loo-temperature")]  # fmt: skip
    ids += ["unweighted+prior", "unweighted+loo", "auto"]
    together = compare(X, y, methods=ids, repeats=1, folds=2)
    for name in ids:
        alone = compare(X, y, methods=name, repeats=1, folds=2)
        for own, other in zip(answers(together, name), answers(alone, name), strict=True):
            np.testing.assert_array_equal(own, other)


class Slow(ClassifierMixin, BaseEstimator):
    """Knows the shares of the classes, after a while."""

    def __init__(self, seconds=0.1):
        self.seconds = seconds

    def fit(self, X, y):
        time.sleep(self.seconds)
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        return np.tile(self.shares_, (len(X), 1))


def test_a_budget_stops_cleanly_and_says_so():
    X, y = gaussians([30, 12])
    found = compare(X, y, methods=FAST, budget=1e-9)
    assert [o.method for o in found.outcomes] == ["class-weights"]
    assert "One fold was run" in found.text()
    assert "1 of 25 folds, of which unweighted+prior has none, lda has none" in found.notes[-1]
    assert {each["folds"] for each in found.to_dict()["methods"]} == {0, 1}
    assert found.recommendation.failed == () == found.recommendation.better
    json.dumps(found.to_dict(), allow_nan=False), found.html()
    seen = []
    compare(X, y, methods=FAST, repeats=1, progress=seen.append)
    assert [p.done for p in seen] == [1, 2, 3, 4, 5] and seen[-1].left == 0


def test_a_short_budget_gives_every_method_its_folds_in_turn():
    X, y = gaussians([30, 12])
    slow = [("slow", Slow(0.2)), ("slower", Slow(0.3))]
    found = compare(X, y, methods=["lda", *slow], budget=1.3)
    folds = [found.folds_of(method) for method in found.methods]
    assert min(folds) >= 1 and max(folds) - min(folds) <= 1 and max(folds) < 25
    assert f"The budget of 1.3 s allowed {max(folds)} of 25 folds" in found.notes[-1]
    assert len(found.differences()) == 3


# --- targets and measures -------------------------------------------------------------------------


def test_measures_are_those_of_scikit_learn():
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1, 2], [30, 20, 10])
    p = rng.dirichlet([1, 1, 1], 60)
    uniform = np.full(3, 1 / 3)
    weights = (1 / 3 / np.bincount(y))[y]
    fold, repeat = measure_fold(np.log(p), y, uniform), measure_repeat(np.log(p), y, uniform)
    answer = p.argmax(axis=1)
    assert fold["error"] == pytest.approx(1 - balanced_accuracy_score(y, answer))
    assert fold["log-loss"] == pytest.approx(log_loss(y, p, sample_weight=weights))
    hits = np.eye(3)[y]
    assert fold["Brier"] == pytest.approx(weights @ ((p - hits) ** 2).sum(axis=1))
    assert repeat["macro F1"] == pytest.approx(f1_score(y, answer, average="macro"))
    recalls = [(answer[y == k] == k).mean() for k in range(3)]
    assert repeat["worst-class recall"] == pytest.approx(min(recalls))
    assert confusion(np.log(p), y).diagonal() / 1 == pytest.approx(recalls * np.bincount(y))
    predicted, observed, share = reliability(np.log(p), y, uniform)
    assert share.sum() == pytest.approx(1)
    assert share @ predicted == pytest.approx(1 / 3) == share @ observed


def test_the_brier_score_of_two_classes_is_twice_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    y, q = np.repeat([0, 1], [30, 20]), rng.uniform(size=50)
    found = measure_fold(np.log(np.c_[1 - q, q]), y, np.array([0.6, 0.4]))
    assert found["Brier"] == pytest.approx(2 * brier_score_loss(y, q))


def test_calibration_of_logits_that_are_off_by_a_known_scale_and_shift():
    rng = np.random.default_rng(5)
    for K in (2, 3):
        z = 2 * rng.standard_normal((40_000, K))
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        y = (rng.uniform(size=len(z))[:, None] > p.cumsum(axis=1)).sum(axis=1)
        shares = np.bincount(y) / y.size
        right = measure_repeat(np.log(p), y, shares)
        assert right["calibration slope"] == pytest.approx(1, abs=0.03)
        assert right["calibration intercept"] == pytest.approx(0, abs=0.06)
        bold = 2 * z
        bold -= np.log(np.exp(bold).sum(axis=1, keepdims=True))
        assert measure_repeat(bold, y, shares)["calibration slope"] == pytest.approx(0.5, abs=0.02)
        moved = z - np.arange(K)
        moved -= np.log(np.exp(moved).sum(axis=1, keepdims=True))
        found = measure_repeat(moved, y, shares)["calibration intercept"]
        assert found == pytest.approx(K - 1, abs=0.07)


@pytest.mark.parametrize(
    "id",
    sorted(
        id
        for id in {*GROUPS["default"], *GROUPS["linear"], *GROUPS["learners"]}
        if CANDIDATES[id].prior != "as-is" and not CANDIDATES[id].small_group
    ),
)
def test_every_method_answers_at_the_target(id):
    """Classes that share one distribution: all a probability can say is the prior."""
    rng = np.random.default_rng(6)
    X, y = rng.standard_normal((600, 1)), np.repeat([0, 1], [480, 120])
    for aim in ([0.5, 0.5], [0.2, 0.8]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = refit(id, X, y, aim=aim)
        p = model.predict_proba(X)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        # A threshold has no prior, and the trees of a forest remember.
        if id != "tuned-threshold" and "forest" not in id:
            odds = np.median(np.log(p[:, 1] / p[:, 0]))
            wanted = np.log(aim[1] / aim[0])
            assert abs(odds - wanted) < 0.45, (odds, wanted)


def test_costs_make_the_prior_under_which_the_error_is_the_cost():
    y = np.repeat(["ill", "well"], [10, 90])
    np.testing.assert_allclose(cost_prior({"well": 1, "ill": 9}, y), [0.5, 0.5])
    for wrong in ({"ill": 1}, [1, 2, 3], [1, -1]):
        with pytest.raises(InputError):
            cost_prior(wrong, y)


def test_aims():
    X, y = gaussians([60, 20], apart=0.5)
    natural = compare(X, y, aim="natural", methods=FAST, repeats=1)
    np.testing.assert_allclose(natural.target, [0.75, 0.25])
    assert natural.main == "log-loss"
    given = compare(X, y, aim={"a": 0.1, "b": 0.9}, methods=FAST, repeats=1)
    np.testing.assert_allclose(given.target, [0.1, 0.9])
    assert "prior a 0.1, b 0.9" in " ".join(given.text().split())


# --- failures -------------------------------------------------------------------------------------


class Fails(Spy):
    def fit(self, X, y):
        if len(Spy.seen) % 2:
            Spy.seen.append(None)
            raise RuntimeError("half of\nthe time")
        return super().fit(X, y)


def test_a_failed_fold_is_counted_and_never_averaged():
    X, y = gaussians([30, 12])
    Spy.seen.clear()
    found = compare(X, y, methods=[*FAST, ("fails", Fails())], repeats=1, folds=4)
    assert [o.message for o in found.failures("fails")] == ["half of the time"] * 2
    assert np.isnan(found.values("error")[:, 3]).sum() == 2
    own = found.differences()[-1]
    assert own.failures == 2 and np.isnan(own.mean)
    assert found.recommendation.failed == ("fails",)
    assert "fails failed on 2 of 4 folds: half of the time" in " ".join(found.text().split())
    assert found.log_probabilities("fails") is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_another_reference_where_class_weights_fail():
    X, y = gaussians([30, 12])
    fails = Candidate("class-weights", "class weights", Fails())
    Spy.seen[:] = [None]
    found = compare(X, y, methods=[fails, "lda", "unweighted+prior"], repeats=1)
    assert found.reference == "lda"
    assert "Class weights failed on" in found.text()


# --- adapters -------------------------------------------------------------------------------------


def test_a_tuned_threshold_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import TunedThresholdClassifierCV

    X, y = gaussians([80, 20])
    ours = TunedThreshold(LogisticRegression()).fit(X, y)
    theirs = TunedThresholdClassifierCV(LogisticRegression(), scoring="balanced_accuracy").fit(X, y)
    assert ours.threshold_ == pytest.approx(theirs.best_threshold_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_a_resampled_fit_knows_its_prior_and_is_moved_from_there():
    from imblearn.over_sampling import SMOTE

    X, y = gaussians([80, 20])
    inner = Resampled(SMOTE(random_state=0), SoftmaxClassifier(target="natural", correction="none"))
    inner.set_params(estimator__scheme={"a": 1, "b": 1}, estimator__correction="prior")
    fit = inner.fit(X, y)
    np.testing.assert_allclose(fit.fitted_prior_, [0.5, 0.5])
    moved = AtTarget(inner, "fitted", [0.1, 0.9]).fit(X, y)
    odds = np.diff(np.log(moved.predict_proba(X)))[:, 0]
    np.testing.assert_allclose(odds - np.diff(np.log(fit.predict_proba(X)))[:, 0], np.log(9))
    with pytest.raises(InputError, match="fit_resample"):
        Resampled(DecisionTreeClassifier()).fit(X, y)


def test_smote_in_a_class_of_five_rows_has_its_four_others_as_neighbours():
    """SMOTE itself asks for as many neighbours as it is told to, five by default, and raises."""
    from imblearn.over_sampling import SMOTE

    X, y = gaussians([20, 5])
    few, made = SMOTE(k_neighbors=4, random_state=0), SMOTE(random_state=0)
    with pytest.raises(ValueError, match="n_neighbors"):
        made.fit_resample(X, y)
    ours = Resampled(made, KNeighborsClassifier(1)).fit(X, y)
    theirs = KNeighborsClassifier(1).fit(*few.fit_resample(X, y))
    new = gaussians([100, 100], seed=1)[0]
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))
    assert made.k_neighbors == 5
    with pytest.raises(ValueError, match="n_neighbors"):
        Resampled(made, KNeighborsClassifier(1)).fit(X[:21], y[:21])


def test_a_method_that_no_classifier_fits_is_refused():
    with pytest.raises(InputError, match=r"discriminant\+class-weights: no classifier has"):
        as_candidate(Method(ClassWeight(), loss="square", name=("discriminant+class-weights", "d")))


def test_every_method_of_the_registry_has_a_candidate():
    assert {*METHODS, AUTO.id} <= set(CANDIDATES)


@pytest.mark.parametrize("id", ["auto", "class-weights+loo", "discriminant+loo-temperature"])
@pytest.mark.parametrize("counts", [(40, 12), (40, 12, 20)])
def test_a_candidate_is_the_method_of_its_id(id, counts):
    """With the ridge that left-out rows choose, on the same path."""
    y = np.repeat(np.arange(len(counts)), counts)
    X = np.random.default_rng(3).normal(size=(y.size, 6)) + np.eye(len(counts), 6)[y]
    made = AUTO if id == "auto" else METHODS[id].with_ridge(LeftOutRidge())
    found = made.fit(X[None], y, made.scheme.draw(y, np.random.default_rng(0))[None]).theta[0]
    ours = clone(CANDIDATES[id].estimator).fit(X, y)
    theta = found[1:] - found[:1] if len(counts) == 2 else found
    np.testing.assert_allclose(ours.coef_, theta[:, 1:], atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, theta[:, 0], atol=1e-8)


@pytest.mark.parametrize("counts", [(30, 60), (30, 60, 20)])
@pytest.mark.parametrize(
    "given",
    [
        Method(ClassWeight(), 0.1),
        Method(Unweighted(), 0.1, PriorShift()),
        Method(ClassWeight(), LeftOutRidge((0.1,))),
        Method(Unweighted(), 0.1, PriorShift(), loss="square"),
        Method(ClassWeight(), 0.1, loss=Focal()),
    ],
    ids=lambda method: method.id,
)
def test_the_ridge_of_a_method_is_that_of_its_fits(given, counts):
    X, labels = gaussians(counts)
    y = np.unique(labels, return_inverse=True)[1]
    weights = given.scheme.draw(y, np.random.default_rng(0))
    theta = given.fit(X[None], y, weights[None]).theta[0, :, 1:]
    candidate = as_candidate(given, len(counts))
    fitted = candidate.estimator.fit(X, y).coef_
    if len(counts) == 2:
        fitted = np.vstack([-fitted / 2, fitted / 2])
    np.testing.assert_allclose(fitted - fitted.mean(0), theta - theta.mean(0), atol=1e-7)


def test_methods_by_any_name():
    assert as_candidate("lda") is CANDIDATES["lda"]
    assert as_candidate(method("undersample", 0.1)).estimator.ridge == 0.1
    assert as_candidate(SoftmaxClassifier()).prior == "target"
    assert as_candidate(("mine", KNeighborsClassifier())).prior == "natural"
    assert as_candidate("smote").prior == "fitted"


# --- output ---------------------------------------------------------------------------------------


def test_the_text_keeps_to_its_width_and_the_numbers_are_plain():
    glass = data.load("glass")
    y = np.array(glass.class_names)[glass.y]
    found = compare(glass.X, y, methods=[*FAST, "undersample", "unweighted"], repeats=1)
    assert max(map(len, found.text().splitlines())) <= 80
    told = found.to_dict()
    json.dumps(told, allow_nan=False)
    assert told["folds run"] == 5 and len(told["values"]) == 5 * 3 * 5 + 5 * 4
    mean = np.mean([v["value"] for v in told["values"] if v["metric"] == "error"][::5])
    assert f"{mean:.3f}" in found.text()


def test_the_report_has_no_script_and_escapes_every_name():
    X, y = gaussians([30, 12])
    names = np.where(y == "a", "<script>alert(1)</script>", "=cmd()")
    found = compare(X, names, methods=[*FAST, "unweighted"], repeats=1)
    page = found.html("<b>.csv", "'\"<i>")
    assert "<script" not in page and "<b>" not in page and "<i>" not in page
    assert "&lt;script&gt;" in page and page.count("<svg") == 3
    assert "http" not in page.replace("https://doi", "")
    for heading in ("Answer", "By class", "Calibration", "Refit", "How to cite"):
        assert heading in page


def test_the_code_of_the_report_refits_what_is_saved(tmp_path):
    pandas = pytest.importorskip("pandas")
    X, y = gaussians([40, 15, 10])
    frame = pandas.DataFrame(X, columns=["u", "v", "w"]).assign(t=y)
    frame.to_csv(tmp_path / "d.csv", index=False)
    table = tables.read(tmp_path / "d.csv", "t")
    found = compare(table, methods=FAST, repeats=1)
    run.save(found, table, tmp_path / "m.joblib")
    saved = joblib.load(tmp_path / "m.joblib")
    given = {}
    (listing,) = _refit(found, str(tmp_path / "d.csv"), "t")
    code = listing.text.replace("(rows)", "(frame)")
    exec(code.replace("model.predict_proba", "p = model.predict_proba"), {"frame": frame}, given)
    np.testing.assert_array_equal(given["p"], saved.predict_proba(frame))
    assert saved.predict(frame).tolist() == [*np.array(list("abc"))[given["p"].argmax(axis=1)]]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"methods": "undersampl"}, "No method is called 'undersampl'. Did you mean undersample"),
        ({"methods": [3]}, "A method is an id, a Method, a classifier"),
        (
            {"methods": [("x", KNeighborsClassifier()), ("x", KNeighborsClassifier())]},
            "Two methods",
        ),
        ({"repeats": 0}, "repeats is a whole number from 1 on; it is 0"),
        ({"folds": 1}, "folds is a whole number from 2 on; it is 1"),
        ({"folds": 13}, "13 folds need 13 rows of every class"),
        ({"budget": 0}, "A budget is a positive number of seconds; it is 0"),
        ({"aim": "both"}, "aim must be"),
        ({"aim": [0.5, 0.6]}, "prior"),
        ({"jobs": 1.5}, "jobs is a whole number"),
    ],
)
def test_bad_settings_are_one_line(given, complaint):
    X, y = gaussians([30, 12])
    with pytest.raises(InputError) as raised:
        compare(X, y, **{"methods": FAST, **given})
    assert complaint in str(raised.value) and "\n" not in str(raised.value)


def test_a_threshold_is_not_tuned_for_three_classes():
    X, y = gaussians([30, 12, 12])
    with pytest.raises(InputError, match="tuned-threshold is for two classes; there are 3"):
        compare(X, y, methods="tuned-threshold")
    found, _ = as_candidates(None, np.array([30, 12, 12]))
    assert "tuned-threshold" not in [each.id for each in found]


def test_the_default_is_every_kind_once_and_says_how_to_have_the_rest():
    ids = [[each.id for each in as_candidates(None, np.array(n))[0]] for n in ([40, 9], [40, 9, 9])]
    assert {*ids[0]} ^ {*ids[1]} == {"tuned-threshold", "separate-small"}
    assert all(15 <= len(each) <= 19 for each in ids)
    assert {*GROUPS["default"], "smote"} == {*ids[0], *ids[1]} <= {*GROUPS["all"]}
    (note,) = as_candidates(None, np.array([40, 9]))[1]
    assert "--methods all" in note and as_candidates("lda", np.array([40, 9]))[1] == []
    own = as_candidates(["default", KNeighborsClassifier()], np.array([40, 9]))
    assert [each.id for each in own[0]] == ["class-weights", *ids[0][1:-1], *(
        ["KNeighborsClassifier", "smote"]
    )]  # fmt: skip
