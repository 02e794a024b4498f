"""The ridge that is chosen: scikit-learn's refits row by row and fold by fold, and new data."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from mlbalance import populations, softmax
from mlbalance.corrections import leave_one_out_logits
from mlbalance.estimators import DiscriminantClassifier, FitError, SoftmaxClassifier
from mlbalance.estimators.weighting import rows_of
from mlbalance.inputs import InputError
from mlbalance.methods import AUTO, Method
from mlbalance.methods.choice import LeftOutRidge, fold_copies
from mlbalance.methods.ridges import RIDGES, RidgePath
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted

COUNTS = (12, 30, 18)
PATH = (1.0, 0.3, 0.1, 0.03, 0.01)


def data(counts=COUNTS, seed=0, d=4):
    return populations.symmetric(len(counts), d, 1.5).sample(counts, np.random.default_rng(seed))


def refitted(ridge, X, y, weights=None):
    """scikit-learn's balanced fit at a ridge of the mean loss."""
    model = LogisticRegression(C=1 / (y.size * ridge), solver="newton-cholesky", tol=1e-8)
    weights = y.size / np.unique(y).size / np.bincount(y)[y] if weights is None else weights
    return model.fit(X, y, sample_weight=weights)


def test_the_default_path_starts_with_half_decades_from_ten_to_a_tenth():
    path = SoftmaxClassifier(ridge="loo").fit(*data()).ridge_path_
    np.testing.assert_allclose(np.log10(path.ridges[:5]), [1, 0.5, 0, -0.5, -1], atol=1e-12)


@pytest.mark.parametrize("counts", [COUNTS, (12, 30), (6, 30, 18)])
def test_leaving_one_out_is_near_to_refits_without_each_row(counts):
    """One Newton step takes off most of what the training loss is too good by."""
    X, y = data(counts)
    path = SoftmaxClassifier(ridge="loo", ridges=PATH).fit(X, y).ridge_path_
    wanted, training, balanced = [], [], 1 / np.bincount(y)[y]
    for ridge in PATH:
        fitted = refitted(ridge, X, y).predict_proba(X)
        training.append(log_loss(y, fitted, sample_weight=balanced))
        others = (np.delete(np.arange(y.size), i) for i in range(y.size))
        # Without a row the mean loss has the same balance, and the same ridge.
        p = [refitted(ridge, X[o], y[o]).predict_proba(X[[i]])[0] for i, o in enumerate(others)]
        own = np.log(np.array(p)[np.arange(y.size), y])
        wanted.append(-np.mean([own[y == k].mean() for k in range(len(counts))]))
    optimism = np.array(wanted) - training
    assert (optimism > 0).all()
    assert (np.abs(path.losses - wanted) < optimism / 4).all()
    # Neighbours may tie; what is chosen is as good.
    assert wanted[PATH.index(path.best())] <= 1.01 * min(wanted)


@pytest.mark.parametrize("target", ["balanced", "natural"])
def test_folds_are_scored_as_scikit_learn_scores_them(target):
    X, y = data()
    ours = SoftmaxClassifier(
        ClassWeight() if target == "balanced" else Unweighted(),
        ridge="cv",
        ridges=PATH,
        target=target,
    ).fit(X, y)
    prior = ours.target_prior_
    wanted = np.zeros(len(PATH))
    weights = prior[y] / np.bincount(y)[y]
    for out in fold_copies(rows_of(X, y, None, "")) > 0:
        given = None if target == "balanced" else np.ones(y.size)[~out]
        shares = np.bincount(y[~out]) / (~out).sum()
        for l, ridge in enumerate(PATH):
            p = refitted(ridge, X[~out], y[~out], given).predict_proba(X[out])
            if target == "natural":  # the fold's shares are not quite those of all
                p = p * prior / shares
                p /= p.sum(axis=1, keepdims=True)
            wanted[l] += log_loss(y[out], p, sample_weight=weights[out], normalize=False)
    np.testing.assert_allclose(ours.ridge_path_.losses, wanted, rtol=1e-6)
    assert ours.ridge_ == PATH[np.argmin(wanted)]


@pytest.mark.parametrize("ridge", ["loo", "cv"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"correction": "loo", "temperature": True},
        {"scheme": Bagging(Undersample(), 3), "random_state": 1},
        {"scheme": Unweighted(), "correction": "loo"},
        {"correction": "none"},
    ],
    ids=str,
)
def test_the_fit_is_that_of_the_ridge_with_the_least_loss(ridge, settings):
    X, y = data()
    chosen = SoftmaxClassifier(ridge=ridge, **settings).fit(X, y)
    path = chosen.ridge_path_
    assert path.ridges.tolist()[: len(RIDGES)] == list(RIDGES)
    assert path.losses[path.ridges == chosen.ridge_] == path.losses.min()
    assert set(path.status) == {"converged"}
    given = SoftmaxClassifier(ridge=chosen.ridge_, **settings).fit(X, y)
    for name in ("coef_", "intercept_", "temperature_", "n_iter_"):
        np.testing.assert_array_equal(getattr(chosen, name), getattr(given, name))
    assert given.ridge_path_ is None
    assert chosen.set_params(ridge=0.1).fit(X, y).ridge_path_ is None


@pytest.mark.filterwarnings("ignore:Of the ridges")
@pytest.mark.parametrize("ridge", ["loo", "cv"])
@pytest.mark.parametrize("correction", ["prior", "loo"])
def test_copies_are_rows(ridge, correction):
    X, y = data((23, 15, 44))
    copies = np.random.default_rng(3).integers(0, 4, y.size)
    rows = np.repeat(np.arange(y.size), copies)
    settings = {"ridge": ridge, "correction": correction, "temperature": correction == "loo"}
    settings["ridges"] = PATH
    weighted = SoftmaxClassifier(**settings).fit(X, y, copies)
    repeated = SoftmaxClassifier(**settings).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.ridge_path_.losses, repeated.ridge_path_.losses, rtol=1e-6)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-6)
    scaled = SoftmaxClassifier(**settings).fit(X, y, np.full(y.size, 0.5))
    np.testing.assert_allclose(
        scaled.ridge_path_.losses, SoftmaxClassifier(**settings).fit(X, y).ridge_path_.losses
    )


def test_one_of_two_copies_leaves_the_other():
    """A class of one row, given twice, is two rows."""
    X, y = data((1, 15, 24))
    copies = np.where(y == 0, 2, 1)
    rows = np.repeat(np.arange(y.size), copies)
    settings = {"correction": "loo", "ridge": 0.1}
    ours = SoftmaxClassifier(**settings).fit(X, y, copies)
    repeated = SoftmaxClassifier(**settings).fit(X[rows], y[rows])
    np.testing.assert_allclose(ours.coef_, repeated.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, repeated.intercept_, atol=1e-6)


@pytest.mark.parametrize("ridge", ["loo", "cv"])
def test_new_rows_are_predicted_better_than_by_the_default(ridge):
    """d is of the size of the rare class: 1/n is too small a ridge, 10 too large."""
    gain = {default: [] for default in (None, 10.0)}
    mean = np.zeros((2, 40))
    mean[0, :2] = 1.4
    population = populations.Gaussian(mean, np.eye(40))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X, y = population.sample([30, 270], rng)
        new, truth = population.sample([2000, 2000], rng)
        chosen = SoftmaxClassifier(ridge=ridge).fit(X, y).predict_proba(new)
        for default, found in gain.items():
            given = SoftmaxClassifier(ridge=default).fit(X, y).predict_proba(new)
            found.append(log_loss(truth, given) - log_loss(truth, chosen))
    for found in gain.values():
        assert np.mean(found) > 4 * np.std(found, ddof=1) / np.sqrt(len(found))


def thinned_digits(seed=77):
    """scikit-learn's digits 0 to 5, few of some classes, and the others as new rows."""
    X, y = load_digits(return_X_y=True)
    X, y, rng = X[y < 6] / 16, y[y < 6], np.random.default_rng(seed)
    kept = [
        rng.permutation(np.flatnonzero(y == k))[:count]
        for k, count in enumerate((23, 5, 44, 14, 19, 31))
    ]
    few = np.isin(np.arange(y.size), np.concatenate(kept))
    return X[few], y[few], X[~few], y[~few]


def balanced_error(model, X, y):
    wrong = model.predict(X) != y
    return np.mean([wrong[y == k].mean() for k in np.unique(y)])


def test_a_temperature_does_not_take_the_ridge_to_the_end_of_its_path():
    X, y, new, truth = thinned_digits()
    plain, tempered = (
        SoftmaxClassifier(ridge="loo", ridges=PATH_OF_DIGITS, correction="loo", temperature=t)
        for t in (False, True)
    )
    assert 1e-3 < tempered.fit(X, y).ridge_ < 0.1
    error = balanced_error(tempered, new, truth)
    assert error < balanced_error(plain.fit(X, y), new, truth) + 0.01
    strong = SoftmaxClassifier(ridge=1.0, correction="loo", temperature=True).fit(X, y)
    assert error < balanced_error(strong, new, truth) - 0.01


PATH_OF_DIGITS = 10.0 ** np.arange(0.5, -5, -0.5)


WIDE = 10.0 ** np.arange(3, -5, -1)


@pytest.mark.parametrize("rule", ["min", "1se"])
def test_auto_takes_the_scheme_of_the_smaller_loss(rule):
    X, y = data()
    settings = {"ridges": WIDE, "correction": "loo", "temperature": True}
    given = LeftOutRidge(rule=rule)
    each = [
        SoftmaxClassifier(s, ridge=given, **settings).fit(X, y)
        for s in (ClassWeight(), Unweighted())
    ]
    among = LeftOutRidge(rule=rule, among=(Method(ClassWeight()), Method(Unweighted())))
    auto = SoftmaxClassifier("auto", ridge=among, **settings).fit(X, y)
    paths = [one.ridge_path_ for one in each]
    least = [path.losses[path.ridges == path.best(rule)][0] for path in paths]
    assert least[0] != least[1] and auto.loss_ == "softmax"
    better = each[int(np.argmin(least))]
    assert auto.scheme_ == better.scheme and auto.ridge_ == better.ridge_
    np.testing.assert_array_equal(auto.ridge_path_.losses, better.ridge_path_.losses)
    np.testing.assert_array_equal(auto.coef_, better.coef_)
    np.testing.assert_array_equal(auto.intercept_, better.intercept_)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_auto_is_the_method_of_that_name(n_classes):
    settings = {"correction": "auto", "temperature": True}
    y = np.repeat(np.arange(n_classes), (60, 20, 30)[:n_classes])
    chosen = set()
    for seed, spread in ((0, 0.3), (1, 0.3), (2, 1.0)):
        X = np.random.default_rng(seed).normal(size=(y.size, 20)) * np.where(
            np.arange(20) < 10, spread, 1
        )
        X[:, :n_classes] += 3 * spread * np.eye(n_classes)[y]
        ours = SoftmaxClassifier("auto", **settings).fit(X, y)
        theirs = AUTO.fit(X[None], y, np.full((1, 1, y.size), 1 / y.size))
        theta, unit = theirs.theta[0], 2 if n_classes == 2 else 1
        theta = theta[1:] - theta[:1] if n_classes == 2 else theta
        assert theirs.ridge[0] == pytest.approx(unit * ours.ridge_)
        np.testing.assert_allclose(ours.coef_, theta[:, 1:], atol=1e-8)
        np.testing.assert_allclose(ours.intercept_, theta[:, 0], atol=1e-8)
        chosen.add((ours.loss_, ours.scheme_))
    assert chosen == {("softmax", ClassWeight()), ("square", Unweighted())}


def least_squares():
    X, y = data((40, 25), d=12)
    among = LeftOutRidge(among=(Method(Unweighted(), loss="square"),))
    return (
        SoftmaxClassifier("auto", ridge=among, correction="loo", temperature=True).fit(X, y),
        X,
        y,
    )


def test_least_squares_that_auto_chose_are_those_of_the_discriminant():
    ours, X, y = least_squares()
    assert ours.loss_ == "square" and ours.scheme_ == Unweighted()
    theirs = DiscriminantClassifier().fit(X, y)
    np.testing.assert_allclose(2 * ours.ridge_path_.ridges, theirs.ridge_path_.ridges)
    np.testing.assert_allclose(ours.ridge_path_.losses, theirs.ridge_path_.losses, rtol=1e-10)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-10)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-10)


def test_least_squares_have_a_summary_without_errors():
    ours, _, _ = least_squares()
    for ask in (ours.covariance_, ours.standard_errors_, ours.confidence_intervals):
        with pytest.raises(
            InputError, match=r'"auto" chose least squares.*kind "bootstrap", or give'
        ):
            ask()
    told = ours.summary().splitlines()
    assert told[0].startswith("Least squares, ridge ") and "65 rows (40, 25)" in told[0]
    assert told[1].endswith("of left-out rows; no covariance: least squares")
    assert told[3].split() == ["class", "feature", "estimate"] and max(map(len, told)) <= 80
    numbers = [float(line.split()[-1]) for line in told[5:-1]]
    np.testing.assert_allclose(numbers, np.append(ours.intercept_, ours.coef_[0]), rtol=1e-3)


def test_the_largest_ridge_within_a_standard_error_is_taken():
    X, y = data((40, 25, 30))
    least = SoftmaxClassifier(ridge="loo").fit(X, y)
    ours = SoftmaxClassifier(ridge=LeftOutRidge(rule="1se")).fit(X, y)
    assert ours.ridge_ > least.ridge_
    path = ours.ridge_path_
    near = path.losses <= path.losses.min() + path.errors
    assert ours.ridge_ == path.ridges[near].max() and path.errors[path.losses.argmin()] == 0
    given = SoftmaxClassifier(ridge=LeftOutRidge((10.0, least.ridge_, 1e-5), rule="1se"))
    assert given.fit(X, y).ridge_path_.ridges.tolist() == [10.0, least.ridge_, 1e-5]


@pytest.mark.filterwarnings("ignore:Of the ridges")
@pytest.mark.parametrize("copies", [1, 2])
def test_errors_of_a_path_are_those_of_paired_rows(copies):
    X, y = data((12, 9, 8))
    path = (
        SoftmaxClassifier(ridge="loo", ridges=(3.0, 0.3, 0.1, 0.001))
        .fit(X, y, np.full(y.size, copies))
        .ridge_path_
    )
    rows = np.repeat(np.arange(y.size), copies)
    y = y[rows]
    weights = 1 / (3 * np.bincount(y)[y])
    parts = []
    for ridge in path.ridges:
        theta = softmax.fit(X[rows], y, weights, ridge=ridge).theta
        z = leave_one_out_logits(X[rows], y, theta, weights, weights, ridge).logits
        parts.append(-log_softmax(z, axis=1)[np.arange(y.size), y])
    least = int(path.losses.argmin())
    for loss, error in zip(parts, path.errors, strict=True):
        apart = loss - parts[least]
        each = [apart[y == k].var(ddof=1) / np.sum(y == k) for k in range(3)]
        assert error == pytest.approx(np.sqrt(sum(each)) / 3, rel=1e-6, abs=1e-12)


def test_a_summary_says_which_intercepts_these_are():
    X, y = data((12, 30, 18))
    for correction, told in (("loo", "even, of left-out rows"), ("prior", "even; kind")):
        ours = SoftmaxClassifier(correction=correction, ridge=0.1).fit(X, y)
        assert told.replace("even", "'balanced'") in ours.summary()
        assert ours.intercepts_refitted_ == (correction == "loo")
    told = {True: ", of left-out rows; ", False: ", as fitted; "}
    found = set()
    for seed in range(6):
        X, y = data((12, 90, 18), seed, d=30 - 28 * (seed % 2))
        ours = SoftmaxClassifier(correction="auto", ridge=0.03).fit(X, y)
        assert told[ours.intercepts_refitted_] in ours.summary()
        same = SoftmaxClassifier(
            correction="loo" if ours.intercepts_refitted_ else "prior", ridge=ours.ridge_
        ).fit(X, y)
        np.testing.assert_allclose(ours.intercept_, same.intercept_, atol=1e-9)
        found.add(ours.intercepts_refitted_)
    assert found == {True, False}


# Temperatures.


def test_the_temperature_takes_back_what_a_ridge_shrank():
    """Isotropic classes: the ridge keeps the direction of the truth and shortens it."""
    population = populations.symmetric(3, 2, 1.2)
    truth, rng, found = population.theta()[:, 1:], np.random.default_rng(6), []
    for _ in range(20):
        X, y = population.sample((2000, 1000, 3000), rng)
        ours = SoftmaxClassifier(ridge=1.0, correction="loo", temperature=True).fit(X, y)
        found.append(ours.coef_)
        assert ours.temperature_ < 0.5
    z = (np.mean(found, axis=0) - truth) / (np.std(found, axis=0, ddof=1) / np.sqrt(len(found)))
    assert (np.abs(z) <= 4).all()


def test_too_sure_a_fit_is_made_less_sure_by_its_temperature():
    gain, mean = [], np.zeros((2, 60))
    mean[0, :2] = 1.4
    population = populations.Gaussian(mean, np.eye(60))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        X, y = population.sample([40, 160], rng)
        new, truth = population.sample([2000, 2000], rng)
        loss = {}
        for temperature in (False, True):
            ours = SoftmaxClassifier(ridge=0.003, correction="loo", temperature=temperature)
            loss[temperature] = log_loss(truth, ours.fit(X, y).predict_proba(new))
        assert ours.temperature_ > 1
        gain.append(loss[False] - loss[True])
    assert np.mean(gain) > 4 * np.std(gain, ddof=1) / np.sqrt(len(gain))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_temperature_divides_coefficients_and_their_errors(n_classes):
    X, y = data((60, 30, 40)[:n_classes])
    plain = SoftmaxClassifier(correction="loo").fit(X, y)
    ours = SoftmaxClassifier(correction="loo", temperature=True).fit(X, y)
    assert plain.temperature_ == 1 and ours.temperature_ != 1
    np.testing.assert_allclose(ours.coef_, plain.coef_ / ours.temperature_, rtol=1e-12)
    np.testing.assert_allclose(
        ours.standard_errors_(), plain.standard_errors_() / ours.temperature_, rtol=1e-12
    )
    moved = ours.decision_function(X) - plain.decision_function(X) / ours.temperature_
    np.testing.assert_allclose(np.ptp(moved, axis=0), 0, atol=1e-12)


def test_features_that_tell_nothing_leave_the_prior():
    rng, infinite = np.random.default_rng(0), 0
    for _ in range(10):
        X, y = rng.normal(size=(90, 3)), np.repeat([0, 1, 1], 30)
        ours = SoftmaxClassifier(
            correction="loo", temperature=True, target=[0.2, 0.8], ridge=1.0
        ).fit(X, y)
        assert ours.temperature_ > 0
        if np.isinf(ours.temperature_):
            infinite += 1
            np.testing.assert_allclose(ours.predict_proba(X), [[0.2, 0.8]] * 90, atol=1e-9)
            assert (ours.covariance_() == 0).all()
    assert infinite > 0


# Folds, and what cannot be chosen.


def test_every_copy_is_dealt_once_and_classes_are_spread_evenly():
    rng = np.random.default_rng(1)
    for counts, folds in (((12, 30, 18), 5), ((3, 40, 7), 3), ((2, 2), 2)):
        y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
        copies = rng.integers(1, 4, y.size)
        held = fold_copies(rows_of(y, y, None, ""))
        assert held.shape == (folds, y.size) and (held.sum(axis=0) == 1).all()
        assert np.ptp(held.sum(axis=1)) <= 1
        for k in range(len(counts)):
            assert np.ptp(held[:, y == k].sum(axis=1)) <= 1
        rows = rows_of(y, y, copies, "")
        held = fold_copies(rows)
        np.testing.assert_array_equal(held.sum(axis=0), copies)
        each = np.repeat(np.arange(y.size), copies)
        alone = fold_copies(rows_of(each, y[each], None, ""))
        together = np.stack([np.bincount(each, row) for row in alone])
        np.testing.assert_array_equal(held, together)
        parts = fold_copies(rows_of(y, y, copies + 0.5, ""))
        np.testing.assert_allclose(parts.sum(axis=0), copies + 0.5)
        assert ((parts > 0).sum(axis=0) == 1).all()


def test_a_ridge_without_a_fit_has_an_infinite_loss_and_is_not_chosen():
    X, y = np.arange(12.0)[:, None], np.repeat([0, 1], 6)
    for ridge in ("loo", "cv"):
        ours = SoftmaxClassifier(ridge=ridge, ridges=[0.0, 0.1, 1e6]).fit(X, y)
        assert np.isinf(ours.ridge_path_.losses[0]) and ours.ridge_ == 0.1
        with pytest.raises(
            FitError, match=r"None of the ridges 0 has a fit.*Give larger"
        ) as caught:
            SoftmaxClassifier(ridge=ridge, ridges=[0.0]).fit(X, y)
        assert caught.value.status == "no-mle"


@pytest.mark.parametrize("ridge", ["loo", "cv"])
@pytest.mark.parametrize("decades", [1.5, -2.0])
def test_the_path_goes_on_beyond_an_end_that_is_the_best(ridge, decades):
    """Features of another size want the ridge of its square, far outside of the first path."""
    X, y = data((60, 30, 40))
    ours = SoftmaxClassifier(ridge=ridge).fit(X, y)
    scaled = SoftmaxClassifier(ridge=ridge).fit(10**decades * X, y)
    assert scaled.ridge_ == pytest.approx(ours.ridge_ * 100**decades, rel=1e-12)
    assert not min(RIDGES) <= scaled.ridge_ <= max(RIDGES)
    assert scaled.ridge_path_.ridges.min() < scaled.ridge_ < scaled.ridge_path_.ridges.max()
    np.testing.assert_allclose(
        scaled.predict_proba(10**decades * X), ours.predict_proba(X), atol=1e-7
    )


@pytest.mark.parametrize("ridge", ["loo", "cv"])
def test_the_path_ends_where_features_tell_nothing_or_everything(ridge):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(60, 1)), np.repeat([0, 1], 30)
    X -= np.where(y, X[y == 1].mean(), X[y == 0].mean())[:, None]
    noise = SoftmaxClassifier(ridge=ridge).fit(X, y)
    assert noise.ridge_ == noise.ridge_path_.ridges.max() == pytest.approx(1e5 / 2)
    sure = SoftmaxClassifier(ridge=ridge).fit(X / 100 + y[:, None], y)
    assert sure.ridge_ < 1e-5 and sure.ridge_path_.ridges.min() >= 0.99e-9 / 2


@pytest.mark.parametrize(("ridges", "side"), [((1e-4, 1e-3), "larg"), ((30.0, 3e3, 3e2), "small")])
def test_given_ridges_of_which_an_end_is_the_best_are_warned_of(ridges, side):
    X, y = data((60, 30, 40))
    with pytest.warns(
        UserWarning, match=rf"the {side}est, predicts .* a {side}er one may do better"
    ):
        SoftmaxClassifier(ridge="loo", ridges=ridges).fit(X, y)
    SoftmaxClassifier(ridge="loo", ridges=ridges[:1]).fit(X, y)  # nothing was chosen


def test_what_became_of_a_ridge_is_told():
    """Balanced features: the fit is zero at once, those without a row take steps."""
    X, y = np.array([[-1.0], [1.0]] * 4), np.repeat([0, 1], 4)
    with pytest.raises(
        FitError, match=r"ridges 0\.1 has a fit that was found, .* Raise max_iter"
    ) as caught:
        SoftmaxClassifier(ridge="loo", ridges=[0.1], max_iter=1).fit(X, y)
    assert caught.value.status == "max-iter"
    with pytest.raises(
        FitError, match=r"without one of the rows was not found.*Raise max_"
    ) as caught:
        SoftmaxClassifier(ridge=0.1, correction="loo", max_iter=1).fit(X, y)
    assert caught.value.status == "max-iter"
    path = SoftmaxClassifier(ridge="loo", ridges=[0.1]).fit(X, y).ridge_path_
    assert path.status == ("converged",)
    X, y = np.arange(12.0)[:, None], np.repeat([0, 1], 6)
    path = SoftmaxClassifier(ridge="cv", ridges=[0.0, 0.1, 1e6]).fit(X, y).ridge_path_
    assert path.status == ("no-mle", "converged", "converged")


def test_the_path_goes_from_ten_down_in_half_decades():
    assert RIDGES[0] == 10
    np.testing.assert_allclose(np.diff(np.log10(RIDGES)), -0.5)
    assert RIDGES[-1] == pytest.approx(0.1)


def test_of_two_ridges_alike_the_larger_is_taken():
    ridges = np.array([0.1, 3.0, 1.0, 9.0])
    assert RidgePath(ridges, np.array([0.5, 0.5, 0.5, 0.6])).best() == 3
    # Rounding tells nothing.
    assert RidgePath(ridges, np.array([0.5, 0.5 + 1e-12, 0.5, 0.5 + 1e-8])).best() == 3


def test_classes_too_small_to_be_judged_are_named():
    X, y = data((20, 1, 10))
    with pytest.raises(InputError, match=r'ridge="loo" leaves out.*of class 1 there is one\. Col'):
        SoftmaxClassifier(ridge="loo").fit(X, y)
    with pytest.raises(InputError, match=r'ridge="cv" needs two rows.*of class 1 there is one\.'):
        SoftmaxClassifier(ridge="cv").fit(X, y)
    X, y = data((20, 2, 10))
    with pytest.raises(InputError, match=r'Without fold 1 of 2 of ridge="cv": correction="loo"'):
        SoftmaxClassifier(ridge="cv", correction="loo").fit(X, y)
    X, y = data((20, 10, 10))
    with pytest.raises(InputError, match=r'of ridge="cv": Undersample\(size=10\) cannot keep 10'):
        SoftmaxClassifier(Undersample(10), ridge="cv").fit(X, y)


def test_logits_of_any_size_have_logarithms():
    X, y = data()
    ours = SoftmaxClassifier().fit(X, y)
    ours.coef_ = ours.coef_ * 1e4
    z = ours.decision_function(X)
    np.testing.assert_allclose(ours.predict_log_proba(X), log_softmax(z, axis=1), rtol=1e-12)
