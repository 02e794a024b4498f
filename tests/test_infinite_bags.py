"""Infinitely many bags as a method, an estimator and a limit: as many drawn bags, but one fit."""

import numpy as np
import pytest

from mlbalance.corrections import LeaveOneOut, PriorShift, Uncorrected
from mlbalance.estimators import SoftmaxClassifier
from mlbalance.inputs import InputError, SchemeError
from mlbalance.methods import LeftOutRidge, Method, method
from mlbalance.populations import symmetric
from mlbalance.schemes import AnalyticBag, Bagging, BalancedSampler, Undersample
from mlbalance.theory.proportional import Mixture, limit_of

COUNTS = (60, 12, 30)
RIDGE = 0.1
INFINITE = AnalyticBag(Undersample())


@pytest.fixture(scope="module")
def data():
    X, y = symmetric(3, 8, 2.0).sample(COUNTS, np.random.default_rng(3))
    return X, y


def fit(made, X, y, seed=1, rows=None):
    weights = made.scheme.draw(y, np.random.default_rng(seed))[None]
    return made.fit(X[None], y, weights, rows)


def test_its_names():
    infinite = method("analytic-bag")
    assert infinite.scheme == INFINITE
    assert infinite.label == "infinitely many under-bags"
    assert AnalyticBag(BalancedSampler()).id == "analytic-bag-balanced-sampler"
    assert AnalyticBag(BalancedSampler()).label == "infinitely many bags of balanced sampler"


@pytest.mark.parametrize(
    "correction", [Uncorrected(), PriorShift(), LeaveOneOut(), LeaveOneOut(temperature=True)]
)
def test_it_is_near_many_bags_whatever_the_correction(correction, data):
    """Two numbers of bags: the gap falls by their noise, as 1/sqrt(B), to within a fifth."""
    target = (0.2, 0.3, 0.5)
    one = fit(Method(INFINITE, RIDGE, correction, target), *data)
    assert one.status.tolist() == ["converged"]
    gaps = []
    for bags in (20, 500):
        made = Method(Bagging(Undersample(), bags), RIDGE, correction, target)
        found = [fit(made, *data, seed=seed).theta[0] for seed in range(4)]
        gaps.append(np.mean((np.array(found) - one.theta[0]) ** 2))
    assert gaps[1] < 2 * gaps[0] / 25


def test_rows_that_may_not_be_used_change_nothing(data):
    X, y = data
    made = Method(INFINITE, RIDGE, LeaveOneOut())
    rows = np.ones((1, y.size), dtype=bool)
    rows[0, ::7] = False
    weights = np.zeros((1, 1, y.size))
    weights[0, 0, rows[0]] = INFINITE.draw(y[rows[0]], np.random.default_rng(1))[0]
    found = made.fit(np.where(rows[0][:, None], X, 1e3)[None], y, weights, rows)
    alone = fit(made, X[rows[0]], y[rows[0]])
    np.testing.assert_array_equal(found.theta, alone.theta)


def test_a_fit_that_has_no_mean_is_a_failed_fit(data):
    found = fit(Method(INFINITE), *data)
    assert found.status.tolist() == ["undecided"] and np.isnan(found.theta).all()


@pytest.mark.parametrize("correction", ["none", "prior", "loo"])
def test_the_estimator_is_the_method(correction, data):
    made = SoftmaxClassifier(INFINITE, correction=correction, ridge=RIDGE).fit(*data)
    by_name = {"none": Uncorrected(), "prior": PriorShift(), "loo": LeaveOneOut()}
    theta = fit(Method(INFINITE, RIDGE, by_name[correction]), *data).theta[0]
    np.testing.assert_allclose(made.coef_, theta[:, 1:], atol=1e-12)
    np.testing.assert_allclose(made.intercept_, theta[:, 0], atol=1e-12)
    assert made.predict(data[0]).shape == data[1].shape


def test_rows_left_out_of_all_bags_choose_the_ridge(data):
    """Losses of the path are those of many bags, to a hundredth of their range.

    At ridges below .1 one Newton step in bags of 12 rows per class is too rough a witness.
    """
    ridges = (1.0, 0.3, 0.1, 0.03, 0.01)
    made = SoftmaxClassifier(INFINITE, ridge="loo", ridges=ridges).fit(*data)
    many = [
        SoftmaxClassifier(Bagging(Undersample(), 200), ridge="loo", ridges=ridges, random_state=s)
        for s in range(2)
    ]
    one, other = (each.fit(*data).ridge_path_.losses for each in many)
    found = made.ridge_path_.losses
    assert (np.abs(found - (one + other) / 2) <= 0.01 * np.ptp(found))[:3].all()
    chosen = fit(Method(INFINITE, LeftOutRidge(ridges), PriorShift()), *data)
    assert chosen.ridge.tolist() == [made.ridge_]
    np.testing.assert_allclose(chosen.theta[0, :, 1:], made.coef_, atol=1e-12)


def test_copies_are_rows():
    X, y = symmetric(2, 4, 2.0).sample((40, 12), np.random.default_rng(4))
    copies = np.where(np.arange(y.size) % 5 == 0, 2, 1)
    weighted = SoftmaxClassifier(INFINITE, correction="loo", ridge=RIDGE).fit(X, y, copies)
    repeated = SoftmaxClassifier(INFINITE, correction="loo", ridge=RIDGE)
    repeated.fit(np.repeat(X, copies, axis=0), np.repeat(y, copies))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-12)
    np.testing.assert_allclose(weighted.intercept_, repeated.intercept_, atol=1e-12)


def test_its_limit_is_that_of_ever_more_bags():
    mixture, counts = Mixture.isotropic([[-1.0], [1.0]]), (450, 50)
    infinite, many = (
        limit_of(Method(scheme, RIDGE), mixture, counts, 100, bags=bags)
        for scheme, bags in ((INFINITE, None), (Bagging(Undersample(), 10), np.inf))
    )
    np.testing.assert_allclose(infinite.mean, many.mean, rtol=1e-12)
    np.testing.assert_allclose(infinite.covariance, many.covariance, rtol=1e-12)


def test_what_does_not_go_with_it_is_refused(data):
    with pytest.raises(SchemeError, match=r"AnalyticBag needs a scheme without bags"):
        AnalyticBag(Bagging(Undersample(), 2))
    with pytest.raises(InputError, match=r"mean of softmax fits; the loss is 'square'\. Use loss="):
        Method(INFINITE, RIDGE, loss="square")
    with pytest.raises(InputError, match=r'needs ridge="loo" or a number, .* ridge is "cv"\.'):
        SoftmaxClassifier(INFINITE, ridge="cv").fit(*data)
    with pytest.raises(InputError, match=r"whole sample weights; sample weights are not whole"):
        SoftmaxClassifier(INFINITE, ridge=RIDGE).fit(*data, np.full(data[1].size, 0.5))
