"""What a fitted classifier says about its errors: theory's numbers, and intervals that cover."""

import importlib
import itertools
import re
import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import stats

from mlbalance import populations, softmax, theory
from mlbalance.estimators import SoftmaxClassifier, summaries
from mlbalance.estimators.bootstrap import bootstrap_estimates
from mlbalance.inputs import InputError
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Thin,
    Undersample,
    Unweighted,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import statsmodels.api as sm

COUNTS = (23, 15, 44, 14, 19, 31)
TWO, SIX = 2, 6


def data(n_classes=SIX, seed=0, d=4, times=1):
    counts = np.array(COUNTS[:n_classes]) * times
    return populations.symmetric(n_classes, d, 1.5).sample(counts, np.random.default_rng(seed))


def data_hc0(X, y, theta, scheme, ridge):
    """Sum of E W_i^2 s_i s_i' between inverse Hessians, row by row."""
    w = scheme.moments(np.bincount(y))
    H = softmax.hessian(theta, X, y, w.mean[y], ridge=ridge)[1:, :, 1:, :]
    s = softmax.row_scores(theta, X, y)[:, 1:].reshape(y.size, -1)
    inverse = np.linalg.inv(H.reshape(s.shape[1], -1))
    return inverse @ (s.T * (w.mean**2 * (1 + w.cv2))[y]) @ s @ inverse


@pytest.mark.parametrize(
    "scheme",
    [
        None,
        Undersample(),
        Bagging(Undersample(), 3),
        Unweighted(),
        Bagging(Thin(0.6, renormalise=False), 3),
        BalancedSampler(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("n_classes", [TWO, SIX])
def test_covariances_are_those_of_the_theory(scheme, n_classes):
    X, y = data(n_classes)
    ours = SoftmaxClassifier(scheme, ridge=0.02, random_state=0, correction="none")
    ours.set_params(target="natural" if isinstance(scheme, Unweighted) else "balanced").fit(X, y)
    theta = np.column_stack([ours.intercept_, ours.coef_])
    symmetric = theta if n_classes > 2 else np.vstack([-theta / 2, theta / 2])
    scheme = scheme or ClassWeight()
    prior = scheme.target(np.bincount(y))
    m = theory.data_moments(X, y, symmetric, prior, ridge=0.02 * (1 if n_classes > 2 else 2))
    wanted = theory.covariance(m, scheme, np.bincount(y))
    found = ours.covariance_("design", contrasts=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-12)
    hc0 = data_hc0(X, y, symmetric, scheme, 0.02 * (1 if n_classes > 2 else 2))
    found = ours.covariance_("robust", contrasts=True)
    np.testing.assert_allclose(found, hc0, rtol=1e-7, atol=1e-12)
    full = ours.covariance_("design")
    q = theta.shape[1]
    assert full.shape == (theta.size, theta.size)
    np.testing.assert_allclose(
        ours.standard_errors_("design"), np.sqrt(np.diag(full)).reshape(-1, q)
    )
    if n_classes > 2:
        blocks = full.reshape(n_classes, q, n_classes, q)
        np.testing.assert_allclose(blocks.sum(axis=0), 0, atol=1e-10)
        contrast = blocks[2, :, 2] - blocks[2, :, 0] - blocks[0, :, 2] + blocks[0, :, 0]
        np.testing.assert_allclose(contrast, wanted[q : 2 * q, q : 2 * q], rtol=1e-6, atol=1e-10)


def test_robust_is_hc0_of_weighted_rows_as_statsmodels_has_it():
    """Two classes by variance weights, copies as frequencies; three by clusters of copies."""
    X, y = data(TWO, times=3)
    copies = np.random.default_rng(1).integers(1, 4, y.size)
    for prior in ([0.5, 0.5], [0.3, 0.7]):
        ours = SoftmaxClassifier(ClassWeight(prior=prior), ridge=0, target=prior)
        for given in (None, copies):
            rows = np.repeat(np.arange(y.size), np.ones_like(y) if given is None else given)
            weights = (np.array(prior) / np.bincount(y[rows]))[y[rows]] * rows.size
            design = sm.add_constant(X[rows])
            model = sm.GLM(y[rows], design, sm.families.Binomial(), var_weights=weights)
            theirs = model.fit(tol=1e-14, cov_type="HC0").cov_params()
            found = ours.fit(X, y, given).covariance_("robust")
            np.testing.assert_allclose(found, theirs, rtol=1e-7, atol=1e-9)
    X, y = populations.symmetric(3, 2, 1.0).sample((15, 30, 60), np.random.default_rng(2))
    row = np.repeat(np.arange(y.size), np.array([4, 2, 1])[y])
    clusters = {"groups": row, "use_correction": False}
    model = sm.MNLogit(y[row], sm.add_constant(X[row]))
    theirs = model.fit(
        method="newton", tol=1e-13, disp=0, cov_type="cluster", cov_kwds=clusters
    ).cov_params()
    found = SoftmaxClassifier(ridge=0).fit(X, y).covariance_("robust", contrasts=True)
    np.testing.assert_allclose(found, theirs, rtol=1e-7, atol=1e-9)
    model = sm.MNLogit(y, sm.add_constant(X))
    theirs = model.fit(method="newton", tol=1e-13, disp=0, cov_type="HC0").cov_params()
    ours = SoftmaxClassifier(Unweighted(), ridge=0, target="natural").fit(X, y)
    found = ours.covariance_("robust", contrasts=True)
    np.testing.assert_allclose(found, theirs, rtol=1e-7, atol=1e-9)


def test_intervals_of_a_right_model_cover():
    population = populations.symmetric(3, 2, 1.2)
    truth, rng, hits, too_small = population.theta(), np.random.default_rng(6), [], []
    for _ in range(300):
        X, y = population.sample((160, 60, 90), rng)
        ours = SoftmaxClassifier(ridge=0).fit(X, y)
        low, high = np.moveaxis(ours.confidence_intervals(), -1, 0)
        hits.append((low <= truth) & (truth <= high))
        too_small.append(ours.standard_errors_("model") < ours.standard_errors_())
    coverage = np.mean(hits, axis=0)
    assert (np.abs(coverage - 0.95) <= 4 * np.sqrt(0.95 * 0.05 / 300)).all()
    # What software prints for a weighted fit is too small where rows are few.
    assert np.mean(too_small, axis=0)[1, 1:].min() > 0.9


def test_natural_intercepts_under_random_counts_vary_as_robust_says():
    population, natural = populations.symmetric(3, 2, 1.2), np.array([0.5, 0.2, 0.3])
    truth, rng = population.theta(natural), np.random.default_rng(8)
    hits = {"robust": [], "design": []}
    for _ in range(400):
        X, y = population.sample(rng.multinomial(400, natural), rng)
        ours = SoftmaxClassifier(ridge=0, target="natural").fit(X, y)
        for kind, found in hits.items():
            low, high = np.moveaxis(ours.confidence_intervals(kind=kind), -1, 0)
            found.append((low <= truth) & (truth <= high))
    coverage = {kind: np.mean(found, axis=0) for kind, found in hits.items()}
    mcse = np.sqrt(0.95 * 0.05 / 400)
    assert (np.abs(coverage["robust"] - 0.95) <= 4 * mcse).all()
    assert (np.abs(coverage["design"][:, 1:] - 0.95) <= 4 * mcse).all()
    assert coverage["design"][:, 0].min() < 0.95 - 2 * mcse  # which is for fixed counts


def test_intervals_have_the_degrees_of_freedom_of_few_rows():
    X, y = data(3, d=2)
    ours = SoftmaxClassifier(ridge=0.01).fit(X, y)
    half = np.diff(ours.confidence_intervals(0.9), axis=-1)[..., 0] / 2 / ours.standard_errors_()
    assert (half > stats.norm.ppf(0.95)).all()
    fewest = min(COUNTS[:3]) - 1 + theory.MODEL_WORTH
    assert (half < stats.t.ppf(0.95, fewest) + 1e-12).all()
    half = np.diff(ours.confidence_intervals(0.9, "model"), axis=-1)[..., 0] / 2
    np.testing.assert_allclose(half, stats.norm.ppf(0.95) * ours.standard_errors_("model"))


@pytest.mark.parametrize("n_classes", [TWO, 3])
@pytest.mark.parametrize("kind", ["moderated", "jackknife"])
def test_errors_and_degrees_of_few_rows_are_those_of_the_theory(kind, n_classes):
    X, y = data(n_classes, d=2)
    copies = np.random.default_rng(3).integers(1, 3, y.size)
    ours = SoftmaxClassifier(ridge=0.01).fit(X, y, copies)
    rows = np.repeat(np.arange(y.size), copies)
    coefficients = np.column_stack([ours.intercept_, ours.coef_])
    theta = coefficients if n_classes > 2 else np.vstack([-coefficients / 2, coefficients / 2])
    many, counts = (X[rows], y[rows]), np.bincount(y[rows])
    m = theory.data_moments(*many, theta, ridge=0.01 * (1 if n_classes > 2 else 2))
    worth = {"moderated": theory.MODEL_WORTH, "jackknife": 0.0}[kind]
    own, freedom = theory.moderate(m, *many, theta, worth=worth)
    wanted = theory.covariance(own, ClassWeight(), counts)
    found = ours.covariance_(kind, contrasts=True)
    np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-10)
    if n_classes == TWO:
        parts = (own, ClassWeight(), counts)
        degrees = [theory.degrees_of_freedom(*parts, a, freedom=freedom) for a in np.eye(3)]
        np.testing.assert_allclose(ours._errors(kind)[1].ravel(), degrees)


def test_degrees_of_freedom_are_those_of_the_theory_for_each_coefficient():
    X, y = data(3, d=2)
    ours = SoftmaxClassifier(ridge=0.01).fit(X, y)
    theta = np.column_stack([ours.intercept_, ours.coef_])
    m, counts = theory.data_moments(X, y, theta, ridge=0.01), np.bincount(y)
    symmetric = np.kron(np.vstack([np.zeros(2), np.eye(2)]) - 1 / 3, np.eye(3))
    wanted = [theory.degrees_of_freedom(m, ClassWeight(), counts, a) for a in symmetric]
    np.testing.assert_allclose(ours._errors("design")[1].ravel(), wanted, rtol=1e-9)


def test_rows_that_change_after_the_fit_change_no_covariance():
    X, y = data(3)
    ours = SoftmaxClassifier().fit(X, y)
    before = ours.covariance_()
    X[:] = 0
    np.testing.assert_array_equal(ours.covariance_(), before)


@pytest.mark.parametrize(
    ("counts", "d"), [((60, 500), 150), ((60, 90, 50, 60), 40), ((6000, 90), 30)]
)
def test_covariances_take_the_memory_that_is_checked(counts, d):
    X, y = populations.symmetric(len(counts), d, 2.0).sample(counts, np.random.default_rng(0))
    ours = SoftmaxClassifier(ridge=0.1).fit(X, y)
    for kind in ("moderated", "design", "model"):
        tracemalloc.start()
        ours.confidence_intervals(kind=kind)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert 0.5 < peak / (8 * ours._memory.doubles) < 1.25


@pytest.mark.parametrize("n_classes", [TWO, 3])
def test_the_summary_fits_a_terminal_and_names_what_it_tells(n_classes):
    pd = pytest.importorskip("pandas")
    X, y = data(n_classes, d=2)
    frame = pd.DataFrame(X, columns=["age", "a feature with quite a long name"])
    labels = np.array(["rare", "a class with a long name", "other"])[y]
    ours = SoftmaxClassifier(ridge=0.01, target="natural").fit(frame, labels)
    lines = ours.summary().splitlines()
    assert max(map(len, lines)) <= 80
    assert "ridge 0.01" in lines[0] and f"{y.size} rows" in lines[0]
    assert "natural" in lines[1] and "moderated" in lines[1] and "0.95" in lines[1]
    shown = [line.split() for line in lines if " age " in line]
    assert len(shown) == len(ours.coef_)
    k = [line[0] for line in shown].index("rare")
    assert float(shown[k][-5]) == pytest.approx(ours.coef_[k, 0], rel=1e-3)
    assert float(shown[k][-4]) == pytest.approx(ours.standard_errors_()[k, 1], rel=1e-2)
    table = ours.summary(as_frame=True)
    assert table.index.names == ["class", "feature"]
    assert list(table.columns) == ["estimate", "std err", "df", "lower", "upper"]
    own = table.loc[("rare", "age")]
    place = ours.classes_[-len(ours.coef_) :].tolist().index("rare")
    ends = ours.confidence_intervals()[place, 1]
    np.testing.assert_allclose(own[["lower", "upper"]], ends)
    assert own["estimate"] == ours.coef_[place, 0]


def test_the_summary_tells_what_the_data_set():
    X, y = data(3)
    ours = SoftmaxClassifier(ridge="loo", correction="loo", temperature=True).fit(X, y)
    head = ours.summary().splitlines()[0]
    assert f'ridge {ours.ridge_:.4g} ("loo"), temperature {ours.temperature_:.3g}, ' in head
    assert "temperature" not in SoftmaxClassifier(correction="loo").fit(X, y).summary()


@pytest.mark.parametrize("penalty", [None, "firth"])
def test_profile_intervals_are_those_of_the_likelihood_moved_with_the_intercepts(penalty):
    X, y = data(3, d=2)
    copies = np.random.default_rng(2).integers(1, 3, y.size)
    settings = {"ridge": 0, "penalty": penalty, "tol": 1e-10}
    ours = SoftmaxClassifier(Unweighted(), **settings).fit(X, y, copies)
    natural = SoftmaxClassifier(Unweighted(), target="natural", **settings).fit(X, y, copies)
    ends = ours.confidence_intervals(kind="profile")
    at_natural = natural.confidence_intervals(kind="profile")
    np.testing.assert_allclose(ends[:, 1:], at_natural[:, 1:], rtol=1e-6)
    moved = (ours.intercept_ - natural.intercept_)[:, None]
    np.testing.assert_allclose(ends[:, 0], at_natural[:, 0] + moved, rtol=1e-6)
    theta = np.column_stack([natural.intercept_, natural.coef_])
    many = np.repeat(X, copies, axis=0), np.repeat(y, copies)
    slope = np.kron([-1 / 3, 2 / 3], [0.0, 0.0, 1.0])  # of class 2, its last feature
    (wanted,) = softmax.profile_intervals(*many, theta, [slope], firth=bool(penalty))
    np.testing.assert_allclose(ends[2, 2], wanted, rtol=1e-6)
    assert 'kind "profile"' in ours.summary(kind="profile")


@pytest.mark.parametrize(
    "given", [{"ridge": 0.1}, {"scheme": ClassWeight(), "ridge": 0}, {"scheme": Bagging(Cap(9), 2)}]
)
def test_profile_intervals_of_other_fits_are_refused(given):
    X, y = data(TWO)
    ours = SoftmaxClassifier(**{"scheme": Unweighted(), **given}).fit(X, y)
    with pytest.raises(InputError, match=r'SoftmaxClassifier\(Unweighted\(\), ridge=0\).*"mod'):
        ours.confidence_intervals(kind="profile")


def test_what_the_data_chose_has_no_interval_unless_asked_for():
    X, y = data(3)
    ours = SoftmaxClassifier(ridge="loo", correction="loo", temperature=True).fit(X, y)
    text = ours.summary()
    assert "No intervals: ridge and temperature chosen from the data" in text
    assert "std err" not in text and "estimate" in text
    assert "std err" in ours.summary(kind="moderated")
    with pytest.raises(InputError, match="between 0 and 1"):
        ours.summary(level=2)


def test_intervals_say_what_they_are_for():
    X, y = data(TWO, times=4)
    free, held = SoftmaxClassifier(ridge=0).fit(X, y), SoftmaxClassifier(ridge=1.0).fit(X, y)
    assert free.interval_target_ == "optimum" and "ridge, which" not in free.summary()
    assert held.interval_target_ == "penalised optimum"
    told = re.search(r"which moves it by up to (\S+) std err", held.summary())
    assert float(told[1]) > 1
    # A weak ridge moves the fit by its first-order pull.
    small = SoftmaxClassifier(ridge=1e-4).fit(X, y)
    away = np.column_stack([free.intercept_ - small.intercept_, free.coef_ - small.coef_])
    np.testing.assert_allclose(small._pull(small._data()), away, rtol=0.02)


def test_a_summary_tells_where_its_intervals_are_known_to_be_too_short(monkeypatch):
    known = [("design", 5, 2, 0.7), ("design", 10, 2, 0.85), ("design", 50, 2, 0.921)]
    known += [("design", 10, 10, 0.6), ("moderated", 5, 5, 0.95), ("moderated", 50, 5, 0.94)]
    known = tuple(itertools.starmap(summaries.Known, known))
    monkeypatch.setattr(summaries, "known_coverage", lambda: known)
    X, y = populations.symmetric(2, 2, 1.5).sample((60, 5), np.random.default_rng(1))
    text = SoftmaxClassifier().fit(X, y).summary(kind="design")
    note = "with 5 rows in the smallest class and 2 features had nominal 95 % intervals"
    told = text.replace("\n", " ")
    assert f"Too short: fits {note} of this kind that covered 70 % at worst." in told
    assert max(map(len, text.splitlines())) <= 80
    # The nearest of the designs that are easier: as many rows or more, as many features or fewer.
    assert "with 10 rows in the smallest class and 2" in summaries.coverage_notes("design", 6, 9)[0]
    assert "covered 60 %" in summaries.coverage_notes("design", 9, 12)[0]
    (little,) = summaries.coverage_notes("design", 11, 4)
    assert little.startswith("A little short: fits with 50 rows") and "92 % at worst" in little
    assert summaries.coverage_notes("design", 51, 4) == []
    assert summaries.coverage_notes("moderated", 5, 5) == []
    # Ten features have the bias of five, in standard errors, with four times the rows.
    assert summaries.coverage_notes("moderated", 200, 10) == []
    for rows, features in ((6, 40), (4, 1), (199, 10)):
        (wide,) = summaries.coverage_notes("moderated", rows, features)
        assert (
            f"with {features} features and {rows} rows in the smallest class is not known" in wide
        )
    assert summaries.coverage_notes("robust", 2, 40) == []


def test_the_table_of_known_coverage_is_that_of_the_study():
    known_coverage = importlib.import_module("tests.known_coverage")
    assert known_coverage.TABLE.read_text("utf-8") == known_coverage.table()
    kinds = {one.kind for one in summaries.known_coverage()}
    assert kinds == {"design", "jackknife", "moderated", "bootstrap", "profile"}


@pytest.mark.parametrize("n_classes", [TWO, 3])
def test_bootstrap_errors_are_those_of_the_design_where_rows_are_many(n_classes):
    X, y = data(n_classes, times=20, d=2)
    ours = SoftmaxClassifier(ridge=0).fit(X, y)
    ratio = ours.standard_errors_("bootstrap") / ours.standard_errors_("design")
    # A standard deviation of 50 has a relative error of a tenth.
    assert (abs(ratio - 1) < 0.4).all() and abs(ratio.mean() - 1) < 0.2
    again = ours.covariance_("bootstrap", contrasts=True)
    np.testing.assert_array_equal(again, ours.covariance_("bootstrap", contrasts=True))
    half = np.diff(ours.confidence_intervals(kind="bootstrap"), axis=-1)[..., 0] / 2
    np.testing.assert_allclose(half / ours.standard_errors_("bootstrap"), stats.t.ppf(0.975, 49))


def test_a_bootstrap_repeats_every_choice():
    X, y = data(3)
    ours = SoftmaxClassifier(ridge="loo", correction="loo", temperature=True).fit(X, y)
    fixed = SoftmaxClassifier(ridge=ours.ridge_).fit(X, y)
    slopes = (ours.standard_errors_("bootstrap") / fixed.standard_errors_("bootstrap"))[:, 1:]
    assert (slopes > 1).all()
    text = ours.summary(kind="bootstrap")
    assert "50 fits with other rows and ridge and temperature" in " ".join(text.split())
    assert "without" not in text and "std err" in text


def test_a_bootstrap_counts_copies_and_knows_no_others():
    X, y = data(TWO)
    copies = np.random.default_rng(3).integers(0, 3, y.size)
    ours = SoftmaxClassifier(ridge=0.1).fit(X, y, copies)
    found = bootstrap_estimates(ours, ours._memory)
    kept = copies > 0
    rng, rows = np.random.default_rng(0), np.flatnonzero(kept)
    drawn = np.zeros(rows.size)
    for k in range(2):
        own = y[rows] == k
        drawn[own] = rng.multinomial(copies[y == k].sum(), copies[rows][own] / copies[y == k].sum())
    first = SoftmaxClassifier(ridge=0.1).fit(X[rows], y[rows], drawn)
    np.testing.assert_allclose(found[0], np.column_stack([first.intercept_, first.coef_]))


def test_a_bootstrap_whose_fits_do_not_exist_says_what_to_do():
    X = np.array([[-2.0], [-1.0], [0.5], [1.0], [2.0], [-0.5]])
    ours = SoftmaxClassifier(ridge=0).fit(X, [0, 0, 0, 1, 1, 1])
    with pytest.raises(InputError, match=r"of 50 does not exist.*larger ridge"):
        ours.covariance_("bootstrap")
