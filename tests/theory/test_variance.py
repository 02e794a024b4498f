"""A scheme's noise given the data, by listing its draws; counts that are random, by listing them.

Laws that cannot be listed are drawn; every statistical test has a fixed seed and |z| <= 4.
"""

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import binom

from mlbalance import softmax
from mlbalance.inputs import CountsError, DataError, InputError, PriorError
from mlbalance.populations import data_rule
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    Thin,
    Undersample,
    Unweighted,
)
from mlbalance.theory import (
    conditional_variance,
    covariance,
    moments,
    random_counts_variance,
    reciprocal_counts,
    score_variance,
)

COUNTS, PRIOR = np.array([2, 5, 3]), (0.2, 0.5, 0.3)
SCHEMES = (
    Undersample(prior=PRIOR),
    Undersample(3, replace=True),
    Oversample(prior=PRIOR),
    Oversample(keep=False),
    Cap(3, prior=PRIOR),
    Thin(0.4, prior=PRIOR),
    Thin(0.4, prior=PRIOR, renormalise=False),
    BalancedSampler(prior=PRIOR),
    Bagging(Undersample(prior=PRIOR), 3),
)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(11)
    y = np.repeat(np.arange(3), COUNTS)
    return rng.normal(size=(y.size, 2)), rng.permutation(y), rng.normal(size=(3, 3))


def contrasts(theta, X, y, weights):
    """Weighted scores (draws, p) on contrasts against class 0."""
    return softmax.score(theta, X, y, weights)[:, 1:].reshape(len(weights), -1)


def undersamples(y, m, prior):
    """All undersamples of m rows per class, equally likely."""
    groups = [np.flatnonzero(y == k) for k in range(len(prior))]
    drawn = []
    for kept in product(*(combinations(group, m) for group in groups)):
        weights = np.zeros(y.size)
        for tau, rows in zip(prior, kept, strict=True):
            weights[list(rows)] = tau / m
        drawn.append(weights)
    return np.array(drawn)


@pytest.mark.parametrize("m", [1, 2])
def test_the_noise_is_that_of_all_undersamples(problem, m):
    X, y, theta = problem
    scores = contrasts(theta, X, y, undersamples(y, m, PRIOR))
    listed = np.cov(scores.T, ddof=0)
    ours = conditional_variance(X, y, theta, Undersample(m, prior=PRIOR))
    np.testing.assert_allclose(ours, listed, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_the_noise_is_that_of_draws(problem, scheme):
    """Of a random functional: z of its variance over draws, random totals included."""
    X, y, theta = problem
    rng = np.random.default_rng(12)
    weights = np.stack([scheme.draw(y, rng).mean(axis=0) for _ in range(4000)])
    a = rng.normal(size=6)
    values = contrasts(theta, X, y, weights) @ a
    squares = (values - values.mean()) ** 2
    error = squares.std(ddof=1) / np.sqrt(squares.size)
    predicted = a @ conditional_variance(X, y, theta, scheme) @ a
    assert abs(squares.mean() - predicted) <= 4 * error


def test_two_analysts_differ_by_twice_the_noise(problem):
    X, y, theta = problem
    scores = contrasts(theta, X, y, undersamples(y, 2, PRIOR))
    differences = (scores[:, None] - scores[None]).reshape(-1, scores.shape[1])
    noise = conditional_variance(X, y, theta, Undersample(2, prior=PRIOR))
    np.testing.assert_allclose(np.cov(differences.T, ddof=0), 2 * noise, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_the_noise_is_what_a_scheme_adds_in_the_plug_in(problem, scheme):
    """J_W less J_w with V_k of divisor n_k - 1; in random totals, too, up to the means' own."""
    X, y, theta = problem
    m = moments(data_rule(X, y), theta)
    unbiased = m._replace(score_cov=m.score_cov * (COUNTS / (COUNTS - 1))[:, None, None])
    weighting = ClassWeight(prior=scheme.prior)
    added = score_variance(unbiased, scheme, COUNTS) - score_variance(unbiased, weighting, COUNTS)
    correction = np.diagonal(scheme.moments(COUNTS).total_cov) / COUNTS
    added -= np.tensordot(correction, unbiased.score_cov, axes=1)
    ours = conditional_variance(X, y, theta, scheme)
    np.testing.assert_allclose(ours, added, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("scheme", [ClassWeight(), Unweighted()], ids=repr)
def test_constant_weights_have_no_noise(problem, scheme):
    X, y, theta = problem
    assert not conditional_variance(X, y, theta, scheme).any()


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_disjoint_bags_of_every_row_have_no_noise_and_the_covariance_of_weighting(prior):
    counts = (4, 12, 12)
    rng = np.random.default_rng(7)
    X, y = rng.normal(size=(28, 2)), np.repeat([0, 1, 2], counts)
    theta = rng.normal(size=(3, 3))
    full = Bagging(Undersample(prior=prior), 3, disjoint=True)
    assert not conditional_variance(X, y, theta, full).any()
    assert conditional_variance(X, y, theta, Bagging(Undersample(prior=prior), 3)).any()
    m = moments(data_rule(X, y), theta, prior)
    weighted = covariance(m, ClassWeight(prior=prior), counts)
    np.testing.assert_array_equal(covariance(m, full, counts), weighted)


def test_a_class_of_one_row_adds_nothing():
    rng = np.random.default_rng(13)
    X, y, theta = rng.normal(size=(5, 1)), np.array([1, 0, 0, 0, 0]), rng.normal(size=(2, 2))
    scores = contrasts(theta, X, y, undersamples(y, 1, (0.5, 0.5)))
    ours = conditional_variance(X, y, theta, Undersample())
    np.testing.assert_allclose(ours, np.cov(scores.T, ddof=0), rtol=1e-12)
    without = conditional_variance(X, y, theta, Oversample(7))
    assert np.isfinite(without).all()


def test_an_offset_moves_the_scores(problem):
    X, y, theta = problem
    shift = np.array([0.5, -1.0, 0.2])
    moved = theta.copy()
    moved[:, 0] += shift
    with_offset = conditional_variance(X, y, theta, Undersample(), offset=shift)
    np.testing.assert_allclose(with_offset, conditional_variance(X, y, moved, Undersample()))


def test_what_is_no_data_set_is_refused(problem):
    X, y, theta = problem
    with pytest.raises(DataError, match="A conditional variance is of one data set"):
        conditional_variance(X[None], y, theta, Undersample())
    with pytest.raises(CountsError, match="A conditional variance needs every class present"):
        conditional_variance(X, y, np.zeros((4, 3)), Undersample())


# Random counts


def listed_reciprocals(priors, n):
    """E[1/n_k | all present] over all sequences of n labels."""
    K, chance, total = len(priors), 0.0, np.zeros(len(priors))
    for labels in product(range(K), repeat=n):
        counts = np.bincount(labels, minlength=K)
        if counts.min():
            p = np.prod(np.array(priors)[list(labels)])
            chance, total = chance + p, total + p / counts
    return total / chance


@pytest.mark.parametrize(
    ("priors", "n"), [((0.5, 0.5), 2), ((0.9, 0.1), 7), ((0.2, 0.5, 0.3), 6), ((0.25,) * 4, 6)]
)
def test_mean_reciprocals_are_those_listed(priors, n):
    expected = listed_reciprocals(priors, n)
    np.testing.assert_allclose(reciprocal_counts(priors, n), expected, rtol=1e-12)


def test_mean_reciprocals_of_many_rows_are_near_their_expansion():
    """1/(n pi) (1 + (1 - pi)/(n pi) + O((n pi)^-2))."""
    priors, n = np.array([0.7, 0.25, 0.05]), 4000
    mean = n * priors
    ours = reciprocal_counts(priors, n) * mean - 1
    error = 3 * mean**-2.0
    assert (np.abs(ours - (1 - priors) / mean) <= error).all()


@pytest.mark.parametrize(("pi", "n"), [(0.4, 3000), (0.003, 500), (1e-4, 40_000)])
def test_two_classes_are_a_truncated_binomial(pi, n):
    t = np.arange(1, n)
    p = binom.pmf(t, n, pi)
    expected = (p / t).sum() / p.sum(), (p / (n - t)).sum() / p.sum()
    np.testing.assert_allclose(reciprocal_counts((pi, 1 - pi), n), expected, rtol=1e-10)


def test_as_many_rows_as_classes_leave_one_each():
    np.testing.assert_allclose(reciprocal_counts((0.98, 0.01, 0.01), 3), 1.0, rtol=1e-14)


def test_a_rare_class_is_given_its_row():
    """With 1e-9 of the population, a class that is there has one row but for its odds of more."""
    rare = reciprocal_counts((1 - 1e-9, 1e-9), 500)[1]
    assert 1 - rare == pytest.approx(499 / 4 * 1e-9, rel=1e-5)


def test_random_counts_are_refused_where_they_cannot_be(problem):
    X, y, theta = problem
    m = moments(data_rule(X, y), theta)
    with pytest.raises(InputError, match=r"Counts of 3 classes, all present, need n >= 3; got 2\."):
        reciprocal_counts((0.2, 0.5, 0.3), 2)
    with pytest.raises(InputError, match=r"The moments are of 3 classes; priors of 2\."):
        random_counts_variance(m, (0.5, 0.5), 9)
    with pytest.raises(PriorError, match="A prior must sum to one"):
        random_counts_variance(m, (0.5, 0.5, 0.5), 9)
