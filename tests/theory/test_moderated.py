"""Covariances from few rows: by rows left out, by the model, and moderated between the two."""

import numpy as np
import pytest

from mlbalance import populations, softmax, theory
from mlbalance.inputs import DataError
from mlbalance.schemes import ClassWeight

COUNTS = (23, 6, 14)


@pytest.fixture
def fitted():
    X, y = populations.symmetric(3, 2, 1.5).sample(COUNTS, np.random.default_rng(0))
    return X, y, softmax.fit(X, y, ClassWeight().draw(y, None)[0], ridge=0.02).theta


def test_without_the_model_it_is_the_jackknife_by_classes(fitted):
    """One Newton step for each row, the Hessian and score of the rest being taken from scratch."""
    X, y, theta = fitted
    m, wanted = theory.data_moments(X, y, theta, ridge=0.02), np.zeros((6, 6))
    weights = ClassWeight().draw(y, None)[0]
    for k, n_k in enumerate(COUNTS):
        changes = []
        for i in np.flatnonzero(y == k):
            rest = np.where(y == k, weights * n_k / (n_k - 1), weights)
            rest[i] = 0.0
            H = softmax.hessian(theta, X, y, rest, ridge=0.02)[1:, :, 1:, :].reshape(6, 6)
            score = softmax.score(theta, X, y, rest, ridge=0.02)[1:].ravel()
            changes.append(-np.linalg.solve(H, score))
        changes -= np.mean(changes, axis=0)
        wanted += (n_k - 1) / n_k * changes.T @ changes
    found, freedom = theory.moderate(m, X, y, theta, worth=0.0)
    covariance = theory.covariance(found, ClassWeight(), COUNTS)
    np.testing.assert_allclose(covariance, wanted, rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(freedom, np.array(COUNTS) - 1)


def test_rows_left_out_one_by_one_are_refitted_to_their_newton_step():
    """With many rows of every class the steps are the refits, and both the plug-in."""
    X, y = populations.symmetric(2, 2, 1.5).sample((400, 300), np.random.default_rng(1))
    theta = softmax.fit(X, y, ClassWeight().draw(y, None)[0]).theta
    m = theory.data_moments(X, y, theta)
    found = theory.moderate(m, X, y, theta, worth=0.0).moments
    np.testing.assert_allclose(found.score_cov, m.score_cov, rtol=0.1, atol=1e-3)
    assert (np.trace(found.score_cov, axis1=1, axis2=2) > np.trace(m.score_cov, 0, 1, 2)).all()


def test_the_models_covariance_is_exact_for_a_population_that_is_a_softmax():
    """Three points with odds 1/4, 1 and 4; rows stand for their masses."""
    X, y = np.array([[0.0], [1.0], [2.0]] * 2), np.repeat([0, 1], 3)
    copies = np.array([4, 2, 1, 1, 2, 4])
    theta = np.array([[1.0, -1.0], [-1.0, 1.0]]) * np.log(2)
    rules = [populations.Rule(X[:3], copies[part] / 7) for part in (slice(3), slice(3, 6))]
    m = theory.moments(rules, theta)
    found, freedom = theory.moderate(m, X, y, theta, copies=copies, worth=1e12)
    np.testing.assert_allclose(found.score_cov, m.score_cov, rtol=1e-9)
    np.testing.assert_array_equal(freedom, 1e12 + 6)


def test_both_are_weighted_by_their_degrees_of_freedom(fitted):
    X, y, theta = fitted
    m = theory.data_moments(X, y, theta, ridge=0.02)
    data, model, both = (
        theory.moderate(m, X, y, theta, worth=worth).moments.score_cov
        for worth in (0.0, 1e15, theory.MODEL_WORTH)
    )
    share = (np.array(COUNTS) - 1) / (np.array(COUNTS) - 1 + theory.MODEL_WORTH)
    wanted = share[:, None, None] * data + (1 - share[:, None, None]) * model
    np.testing.assert_allclose(both, wanted, rtol=1e-9, atol=1e-12)


def test_copies_are_rows(fitted):
    X, y, theta = fitted
    copies = np.random.default_rng(1).integers(1, 4, y.size)
    many = np.repeat(X, copies, axis=0), np.repeat(y, copies)
    m = theory.data_moments(*many, theta, ridge=0.02)
    wanted, found = (
        theory.moderate(m, *many, theta),
        theory.moderate(m, X, y, theta, copies=copies),
    )
    np.testing.assert_allclose(found.moments.score_cov, wanted.moments.score_cov, rtol=1e-9)
    np.testing.assert_array_equal(found.freedom, wanted.freedom)


def test_a_class_of_one_row_has_the_models_covariance():
    X, y = populations.symmetric(2, 1, 1.0).sample((9, 1), np.random.default_rng(2))
    theta = softmax.fit(X, y, ClassWeight().draw(y, None)[0], ridge=0.1).theta
    m = theory.data_moments(X, y, theta, ridge=0.1)
    found, freedom = theory.moderate(m, X, y, theta)
    assert freedom[1] == theory.MODEL_WORTH
    assert np.trace(found.score_cov[1]) > 0 == np.abs(m.score_cov[1]).max()


def test_a_feature_that_varies_in_one_row_alone_is_refused():
    X, y = np.array([[0.0], [0.0], [1.0], [0.0], [0.0]]), np.array([0, 0, 0, 1, 1])
    m = theory.data_moments(X, y, np.zeros((2, 2)))
    with pytest.raises(DataError, match=r'varies in that row alone.*"design", or give a ridge'):
        theory.moderate(m, X, y, np.zeros((2, 2)))


def test_degrees_of_freedom_are_those_given(fitted):
    X, y, theta = fitted
    m = theory.data_moments(X, y, theta, ridge=0.02)
    a = np.eye(6)[0]
    plain = theory.degrees_of_freedom(m, ClassWeight(), COUNTS, a)
    twice = theory.degrees_of_freedom(
        m, ClassWeight(), COUNTS, a, freedom=2 * (np.array(COUNTS) - 1)
    )
    assert twice == pytest.approx(2 * plain)
