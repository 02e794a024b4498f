"""Leave-one-out logits of the discriminant: against refits without each row."""

import numpy as np
import pytest

from mlbalance import discriminant, softmax
from tests.discriminant.test_fit import sample

RIDGES = (1e-3, 0.1, 20.0, 0.0)


def refits(X, y, weights, leaving, ridge):
    """Logits of each row by the fit with its weight given to the rest of its class."""
    z = np.empty((y.size, y.max() + 1))
    for i, v in enumerate(leaving):
        own, without = y == y[i], weights.copy()
        without[own] *= weights[own].sum() / (weights[own].sum() - v)
        without[i] *= max(1 - v / weights[i], 0) if weights[i] else 0.0
        found = discriminant.fit(X, y, without, n_classes=z.shape[1], ridge=ridge)
        z[i] = softmax.logits(found.theta, X[[i]])[0]
    return z


def check(X, y, weights, leaving, ridges, rtol=1e-9):
    found = discriminant.leave_one_out(X, y, weights, leaving, ridges=ridges)
    for z, status, ridge in zip(found.logits, found.status, np.atleast_1d(ridges), strict=True):
        assert status == "converged"
        expected = refits(X, y, weights, leaving, ridge)
        np.testing.assert_allclose(z, expected, atol=rtol * np.abs(expected).max())


@pytest.mark.parametrize(("K", "d", "n"), [(2, 1, 12), (2, 6, 40), (5, 8, 60), (6, 3, 50)])
def test_rows_left_out_of_all_rows(K, d, n):
    X, y, _ = sample(K, d, n)
    w = np.full(n, 1 / n)
    check(X, y, w, w, RIDGES)


@pytest.mark.parametrize(("K", "d", "n"), [(2, 60, 30), (4, 45, 40), (3, 40, 40)])
def test_rows_left_out_where_features_are_more(K, d, n):
    X, y, _ = sample(K, d, n)
    w = np.full(n, 1 / n)
    check(X, y, w, w, (0.1, 20.0))
    check(X, y, w, w, 1e-3, rtol=1e-7)  # 1 - beta h is near 1e-4 there
    found = discriminant.leave_one_out(X, y, w, w, ridges=(1e-8, 0.0, 1.0))
    assert found.status.tolist() == ["no-mle", "no-mle", "converged"]
    assert np.isnan(found.logits[:2]).all() and np.isfinite(found.logits[2]).all()


def test_copies_and_class_weights_and_rows_of_no_weight():
    """One copy leaves; the weights of rows differ within classes, and are on any scale."""
    X, y, rng = sample(3, 5, 40)
    copies = rng.integers(1, 4, size=40)
    w = copies * np.array([1.0, 3.0, 0.5])[y]
    w[7] = 0.0
    check(X, y, w, w / copies, RIDGES)
    check(X, y, w, np.where(np.arange(40) % 3, w / copies, 0.0), RIDGES)
    given = rng.uniform(0.2, 1, size=40)
    check(X, y, given, given, RIDGES)


def test_a_row_that_is_most_of_its_class():
    X, y, rng = sample(3, 5, 30)
    w = np.where(np.arange(30) % 11 == 5, 50.0, rng.uniform(0.5, 1, size=30))
    check(X, y, w, w, RIDGES)
    check(X, y, w, 0.99 * w, RIDGES)


@pytest.mark.parametrize("d", [6, 40])
def test_a_tiny_ridge_of_much_larger_features_is_no_number_that_is_rounding(d):
    X, y, _ = sample(3, d, 30)
    X[:, 0] = X[:, 1] + X[:, 2]
    w = np.full(30, 1 / 30)
    for ridge in (1e-40, 1e-300):
        assert discriminant.fit(X, y, w, ridge=ridge).status == "max-iter"
        found = discriminant.leave_one_out(X, y, w, w, ridges=ridge)
        assert found.status.tolist() == ["max-iter"] and np.isnan(found.logits).all()


@pytest.mark.parametrize("by", [1e-140, 1e140])
def test_any_unit_of_features(by):
    X, y, _ = sample(3, 5, 30)
    w = np.full(30, 1 / 30)
    plain = discriminant.leave_one_out(X, y, w, w, ridges=(0.1, 0.0))
    scaled = discriminant.leave_one_out(by * X, y, w, w, ridges=(0.1 * by * by, 0.0))
    np.testing.assert_allclose(scaled.logits, plain.logits, rtol=1e-9)
    # Ever larger ridges have a limit: the nearest centroid in the space of the scores.
    far = discriminant.leave_one_out(X, y, w, w, ridges=(1e9, 1e300))
    np.testing.assert_allclose(far.logits[0], far.logits[1], rtol=1e-6)


def test_a_class_that_would_be_empty_has_a_status():
    X, _, _ = sample(2, 3, 20)
    single = np.where(np.arange(20) == 0, 0, 1)
    w = np.full(20, 0.05)
    found = discriminant.leave_one_out(X, single, w, w, ridges=(0.1, 1.0))
    assert found.status.tolist() == ["no-mle"] * 2 and np.isnan(found.logits).all()
    check(X, single, w, np.where(single == 0, w / 2, w), (0.1,))


def test_a_feature_that_one_row_alone_has_has_a_status():
    X, y, _ = sample(2, 3, 20)
    X[:, 0] = np.arange(20) == 5
    w = np.full(20, 0.05)
    found = discriminant.leave_one_out(X, y, w, w, ridges=(0.0, 0.1))
    assert found.status.tolist() == ["not-identified", "converged"]
    assert np.isnan(found.logits[0]).all()
    check(X, y, w, w, (0.1,))


def test_all_features_constant():
    y, w = np.repeat([0, 1], (6, 3)), np.full(9, 1 / 9)
    found = discriminant.leave_one_out(np.ones((9, 2)), y, w, w, ridges=(0.0, 0.1))
    assert found.status.tolist() == ["not-identified", "converged"]
    np.testing.assert_allclose(found.logits[1], np.outer(np.ones(9), [1, -1]) * np.log(2) / 2)
