"""Fits that do not exist and what cannot be used: named errors that say what to do."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from mlbalance import populations, softmax
from mlbalance.estimators import Balanced, FitError, SoftmaxClassifier
from mlbalance.inputs import CountsError, InputError, PriorError
from mlbalance.methods import AUTO
from mlbalance.methods import rows as rows_module
from mlbalance.schemes import Bagging, BalancedSampler, ClassWeight, Undersample, Unweighted

COUNTS = (23, 15, 44, 14, 19, 31)
TWO, SIX = 2, 6


def data(n_classes=SIX, seed=0, d=4, times=1):
    counts = np.array(COUNTS[:n_classes]) * times
    return populations.symmetric(n_classes, d, 1.5).sample(counts, np.random.default_rng(seed))


def separated():
    return np.array([[-2.0], [-1.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1, 1])


def test_a_fit_without_a_maximum_is_an_error_that_names_the_remedies():
    X, y = separated()
    with pytest.raises(FitError, match=r"(?s)no maximum.*ridge.*firth") as caught:
        SoftmaxClassifier(ridge=0).fit(X, y)
    assert caught.value.status == "no-mle"
    assert pickle.loads(pickle.dumps(caught.value)).status == "no-mle"
    for remedy in (
        SoftmaxClassifier(),
        SoftmaxClassifier(ridge=1e-3),
        SoftmaxClassifier(Unweighted(), penalty="firth"),
    ):
        assert np.isfinite(remedy.fit(X, y).coef_).all()


def test_one_bag_without_a_fit_is_no_fit():
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(size=(3, 2)), rng.normal(size=(60, 2))]
    y = np.r_[np.zeros(3), np.ones(60)]
    with pytest.raises(FitError, match=r"The fit of bag \d+ of 20 does not exist\. "):
        SoftmaxClassifier(Bagging(Undersample(), 20), ridge=0, random_state=0).fit(X, y)


def test_collinear_features_and_too_few_steps_are_named():
    X, y = data(3)
    with pytest.raises(FitError, match="collinear") as caught:
        SoftmaxClassifier(ridge=0).fit(np.column_stack([X, X[:, 0]]), y)
    assert caught.value.status == "not-identified"
    with pytest.raises(FitError, match="collinear"):
        SoftmaxClassifier(Unweighted(), penalty="firth").fit(np.column_stack([X, X[:, 0]]), y)
    with pytest.raises(FitError, match="max_iter"):
        SoftmaxClassifier(max_iter=1).fit(X, y)
    with pytest.raises(FitError, match=r"The fit of bag 1 of 2 was not found\. .*max_iter"):
        SoftmaxClassifier(Bagging(Undersample(), 2), max_iter=1).fit(X, y)


def test_firths_fit_is_that_of_the_theory_moved_to_the_target():
    X, y = data(3)
    theta = softmax.fit_firth(X, y).theta
    natural = SoftmaxClassifier(Unweighted(), penalty="firth", target="natural").fit(X, y)
    np.testing.assert_allclose(natural.coef_, theta[:, 1:], atol=1e-9)
    np.testing.assert_allclose(natural.intercept_, theta[:, 0], atol=1e-9)
    assert natural.n_iter_.shape == (1,) and natural.n_iter_ > 1
    with pytest.raises(FitError, match="max_iter") as caught:
        natural.set_params(max_iter=int(natural.n_iter_[0])).fit(X, y)
    assert caught.value.status == "max-iter"
    balanced = SoftmaxClassifier(Unweighted(), penalty="firth").fit(X, y)
    moved = theta[:, 0] - np.log(np.bincount(y))
    np.testing.assert_allclose(balanced.intercept_, moved - moved.mean(), atol=1e-9)
    twice = SoftmaxClassifier(Unweighted(), penalty="firth").fit(X, y, np.full(y.size, 2))
    rows = np.repeat(np.arange(y.size), 2)
    np.testing.assert_allclose(
        twice.coef_, softmax.fit_firth(X[rows], y[rows]).theta[:, 1:], atol=1e-9
    )


def test_a_class_of_one_row_has_neither_loo_nor_interval():
    X, y = data(3)
    X, y = np.r_[X, [[0.0] * 4]], np.r_[y, 3]
    with pytest.raises(InputError, match=r"two of every class; of class 3 there is one\. Collect"):
        SoftmaxClassifier(correction="loo").fit(X, y)
    with pytest.raises(CountsError, match="two rows of every class"):
        SoftmaxClassifier().fit(X, y).confidence_intervals()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"correction": "loop"},
            'correction must be "none" or "prior" or "loo" or "auto"; it is \'loop\'',
        ),
        ({"target": "even"}, 'target must be "balanced" or "natural"; it is \'even\''),
        ({"target": None}, 'target must be "balanced", "natural" or one probability per class'),
        ({"target": [0.5, 0.5]}, "one probability for each of 3 classes"),
        ({"target": [0.5, 0.5, 0.5]}, "must sum to one"),
        ({"scheme": "balanced"}, "A scheme is one of mlbalance.schemes"),
        ({"ridge": -1.0}, 'from zero on, None for 1/n, "loo" or "cv"; it is -1.0'),
        ({"ridge": "aic"}, "it is 'aic'"),
        ({"ridges": [0.1]}, 'the candidates of ridge="loo" and ridge="cv"; ridge is None. Change'),
        ({"ridge": "cv", "ridges": [0.1, -1]}, "finite numbers from zero on, or None; they are"),
        ({"ridge": "cv", "ridges": "small"}, "ridges must be a list of finite numbers"),
        ({"temperature": 2.0}, "temperature is True or False, since it is fitted to left-out"),
        ({"temperature": True}, 'goes with correction="loo" or "auto"; it is'),
        ({"penalty": "firth", "scheme": Unweighted(), "ridge": "loo"}, 'go with ridge="loo"'),
        ({"scheme": "auto", "ridge": 0.1}, "chosen by rows left out, with its ridge; ridge is 0.1"),
        ({"ridge": AUTO.ridge}, 'LeftOutRidge(among=...) goes with scheme="auto"; it is None'),
        ({"scheme": "auto", "ridge": "cv"}, 'Give ridge="loo", or a scheme'),
        ({"scheme": "auto", "correction": "none"}, "at another prior than the target. Give corr"),
        ({"penalty": "l1"}, 'penalty must be "firth"'),
        ({"penalty": "firth"}, "for unweighted fits; the scheme is ClassWeight()"),
        ({"penalty": "firth", "scheme": Unweighted(), "ridge": 1.0}, "does not go with ridge=1.0"),
        ({"penalty": "firth", "scheme": Unweighted(), "correction": "loo"}, "does not go with"),
        ({"correction": "none", "target": "natural"}, 'Give correction="prior", or another target'),
        ({"correction": "none", "scheme": Unweighted()}, "fits at the prior of the data, not at"),
        (
            {"correction": "none", "scheme": ClassWeight(prior=(0.5, 0.3, 0.2))},
            "fits at its own prior, not at target='balanced'",
        ),
        ({"scheme": Undersample(size=10**4)}, "cannot keep 10000 rows of every class"),
    ],
)
def test_settings_that_do_not_fit_are_named(settings, message):
    X, y = data(3)
    with pytest.raises(InputError) as caught:
        SoftmaxClassifier(**settings).fit(X, y)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_what_covariances_need_is_named():
    X, y = data(3)
    ours = SoftmaxClassifier(Bagging(Undersample(), 3)).fit(X, y)
    with pytest.raises(InputError, match='kind must be "moderated" or "jackknife" or "design" or '):
        ours.covariance_("hc3")
    with pytest.raises(InputError, match="Ask for kind"):
        ours.covariance_("model")
    with pytest.raises(InputError, match="A level lies between 0 and 1; it is 95"):
        ours.confidence_intervals(95)
    with pytest.raises(InputError, match="fit with keep_data=True"):
        SoftmaxClassifier(keep_data=False).fit(X, y).summary()
    with pytest.raises(InputError, match="bootstrap the rows"):
        SoftmaxClassifier().fit(X, y, np.full(y.size, 0.5)).covariance_()
    with pytest.raises(InputError, match="a part of a row cannot be drawn"):
        SoftmaxClassifier(Undersample()).fit(X, y, np.full(y.size, 0.5))
    with pytest.raises(InputError, match="must not be negative"):
        SoftmaxClassifier().fit(X, y, np.full(y.size, -1.0))
    with pytest.raises(InputError, match='prior must be "balanced" or "natural"'):
        ours.predict_proba(X, prior="even")


@pytest.mark.parametrize(
    "fitted", [SoftmaxClassifier(), Balanced(LogisticRegression())], ids=lambda e: type(e).__name__
)
def test_what_answers_cannot_be_given_for_is_named(fitted):
    X, y = data(3)
    labels = np.array(["a", "b", "c"])
    fitted.fit(X, labels[y])
    assert fitted.score(X[y > 0], labels[y[y > 0]], y[y > 0]) <= 1
    with pytest.raises(
        InputError, match=r"no row of class 'd'; its classes are \['a', 'b', 'c'\]\."
    ):
        fitted.score(X, np.where(y == 1, "d", labels[y]))
    with pytest.raises(ValueError, match=r"X has 3 features, but .* is expecting 4 features"):
        fitted.predict_proba(X[:, 1:])
    for prior, message in (
        ([0.5, 0.5], r"one probability for each of 3 classes; it has shape \(2,\)"),
        ([0.0, 0.5, 0.5], r"every probability above zero; it is \(0, 0\.5, 0\.5\)\. Drop a class"),
        ([0.5, 0.5, 0.5], r"sums to 1\.5\. Divide it by its sum"),
    ):
        with pytest.raises(PriorError, match=message):
            fitted.predict_proba(X, prior=prior)
        with pytest.raises(PriorError, match=message):
            clone(fitted).set_params(target=prior).fit(X, labels[y])


def test_what_needs_too_much_memory_says_so_before_it_takes_it(monkeypatch):
    X, y = data(3)
    ours = SoftmaxClassifier(correction="loo").fit(X, y)
    monkeypatch.setattr(rows_module, "LARGEST_BYTES", 2**10)
    message = r"3 classes, 4 features and 82 rows would take .* GiB of memory; 9.54e-07 GiB is the"
    for ask in (ours.covariance_, ours.standard_errors_, ours.confidence_intervals, ours.summary):
        with pytest.raises(InputError, match=f"A covariance of {message} limit. Fit fewer feat"):
            ask()
    with pytest.raises(InputError, match=f'correction="loo" with {message} .*correction="prior"'):
        ours.fit(X, y)
    with pytest.raises(InputError, match=f'ridge="loo" with {message} .*give a number as the'):
        SoftmaxClassifier(ridge="loo").fit(X, y)
    assert np.isfinite(SoftmaxClassifier(ridge="cv").fit(X, y).predict_proba(X)).all()


def test_features_beyond_the_rows_take_no_memory_where_rows_are_left_out(monkeypatch):
    rng, y, told = np.random.default_rng(0), np.arange(20) % 2, []
    monkeypatch.setattr(rows_module, "LARGEST_BYTES", 2**10)
    for d in (18, 20, 21, 40):
        with pytest.raises(InputError, match=f" {d} features and 20 rows would take") as refusal:
            SoftmaxClassifier(correction="loo").fit(rng.normal(size=(20, d)), y)
        told.append(str(refusal.value).partition("would take ")[2])
    assert told[0] != told[1] == told[2] == told[3]


def test_a_class_that_was_not_drawn_is_named():
    X, y = data(3)
    with pytest.raises(FitError, match=r"drew no row of class \d in bag 1\. Draw more rows"):
        SoftmaxClassifier(BalancedSampler(draws=2), random_state=0).fit(X, y)


def test_without_correction_the_schemes_prior_is_the_target_or_refused():
    X, y = data(3)
    for prior, same in (((0.3 + 5e-9, 0.5, 0.2), True), ((0.301, 0.5, 0.199), False)):
        ours = SoftmaxClassifier(
            ClassWeight(prior=prior), correction="none", target=[0.3, 0.5, 0.2]
        )
        if same:
            ours.fit(X, y)
        else:
            with pytest.raises(InputError, match="fits at its own prior, not at target"):
                ours.fit(X, y)
