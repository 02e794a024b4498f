"""Sources and outcomes of the contest are what they say."""

import numpy as np
import pytest

from mlbalance.populations import Gaussian, symmetric
from mlbalance.simulation import Fitted, Predictive
from mlbalance.simulation.sources import Test as Rows
from simulations._contest_sources import Calibration, Mislabelled, StudentT, Thinned

RNG = np.random.default_rng


def streams(*names):
    return RNG([hash_of(name) for name in names])


def hash_of(name):
    return sum(map(ord, str(name)))


def test_t_rows_have_the_means_and_covariance_of_the_normal_ones_and_heavier_tails():
    normal = Gaussian(np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[1.0, 0.3], [0.3, 2.0]]))
    X, y = StudentT(normal, freedom=12).sample((200_000, 100_000), RNG(0))
    for k in (0, 1):
        own = X[y == k]
        error = own.std(axis=0) / np.sqrt(len(own))
        assert (np.abs(own.mean(axis=0) - normal.means[k]) <= 4 * error).all()
        centred = own - normal.means[k]
        products = np.einsum("ni,nj->nij", centred, centred)
        spread = products.std(axis=0) / np.sqrt(len(own))
        assert (np.abs(products.mean(axis=0) - normal.covariance) <= 4 * spread).all()
        # One mixing variable per row: the fourth moment of any direction is 3 (f - 2)/(f - 4).
        fourth = (centred[:, 0] ** 4 / normal.covariance[0, 0] ** 2).mean()
        assert fourth == pytest.approx(3 * 10 / 8, rel=0.1)


def test_a_share_of_the_rows_of_a_class_comes_from_the_others():
    clean = symmetric(3, 2, 200.0)
    X, y = Mislabelled(clean, 0.1).sample((30_000, 20_000, 10_000), RNG(1))
    nearest = ((X[:, None] - clean.means) ** 2).sum(axis=2).argmin(axis=1)
    assert np.bincount(y).tolist() == [30_000, 20_000, 10_000]
    assert (np.diff(y) >= 0).all()
    for k in range(3):
        shares = np.bincount(nearest[y == k], minlength=3) / (y == k).sum()
        wanted = np.where(np.arange(3) == k, 0.9, 0.05)
        error = np.sqrt(wanted * (1 - wanted) / (y == k).sum())
        assert (np.abs(shares - wanted) <= 4 * error).all()


def test_rows_of_a_class_are_not_those_of_a_neighbour_in_the_sample():
    """Labels of origin are in random order, so that no feature depends on a row's place."""
    X, _ = Mislabelled(symmetric(2, 1, 0.0), 0.5).sample((500, 500), RNG(2))
    assert np.unique(X).size == X.size


def test_thinning_takes_the_counts_and_tests_on_all_other_rows():
    X = np.arange(40.0)[:, None] * [1.0, 0.0]
    y = np.repeat([0, 1], 20)
    source = Thinned(X, y, (12, 3))
    for number in (0, 1):
        train, test = source.replicate(number, streams), source.test(number, streams)
        assert np.bincount(train.y).tolist() == [12, 3]
        assert np.bincount(test.y).tolist() == [8, 17]
        assert train.X.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
        assert train.X[:, 0].std() == pytest.approx(1)
        assert np.bincount(test.y, test.weights) == pytest.approx([0.5, 0.5])
        values = np.round(np.concatenate([train.X[:, 0], test.X[:, 0]]), 9)
        assert np.unique(values).size == 40
    same = [source.replicate(number, streams).X for number in (0, 0, 1)]
    assert (same[0] == same[1]).all()
    assert (same[0] != same[2]).any()


@pytest.fixture
def fitted():
    X, y = symmetric(2, 3, 1.5).sample((60, 40), RNG(3))
    test = Rows(X, y, np.full(y.size, 1 / y.size))
    theta = RNG(4).standard_normal((5, 2, 4)) + np.arange(5)[:, None, None] * [[[0, -1, 1, 0]]]
    return Fitted(theta, 0.0, X[None], y[None], np.ones((1, 1, y.size)), (test,), None)


def test_the_slope_of_two_classes_is_the_calibration_slope(fitted):
    own = Calibration()(fitted)[:, 0]
    other = Predictive("calibration slope")(fitted)[:, 0]
    assert own == pytest.approx(np.maximum(other, 0), abs=1e-8)
    assert (other > 0).any()


def test_the_best_threshold_is_the_best_of_all(fitted):
    (test,) = fitted.tests
    for theta, (_, found) in zip(fitted.theta, Calibration()(fitted), strict=True):
        z = test.across.T @ (theta[1] - theta[0])
        cuts = np.concatenate([[-np.inf], np.sort(z)])
        errors = [(test.weights * ((z > cut) != (test.y == 1))).sum() for cut in cuts]
        assert found == pytest.approx(min(errors), abs=1e-12)
