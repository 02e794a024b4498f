"""Variances, HC0 and biases of small samples, from lists of all samples and all draws of weights.

Classes on three points, so that the softmax is wrong, or on two, where it is right. Nothing here is
simulated: what is compared agrees to rounding, and biases to that of numerical derivatives.
"""

from itertools import combinations, product

import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.populations import Rule, data_rule, stack
from mlbalance.schemes import Bagging, BalancedSampler, ClassWeight, Thin, Undersample, Unweighted
from mlbalance.theory import (
    averaging_gap,
    conditional_variance,
    covariance,
    intercept_excess,
    moments,
    score_variance,
    second_order_bias,
)

POINTS = np.array([[0.0], [1.0], [2.0]])
MASSES = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
WRONG = [Rule(POINTS, mass) for mass in MASSES]
RIGHT = [Rule(POINTS[:2], np.array(mass)) for mass in ([0.7, 0.3], [0.2, 0.8])]
COUNTS, PRIOR = np.array([2, 3]), (0.3, 0.7)
Y = np.repeat([0, 1], COUNTS)
RATES = (0.5, 0.8)


def weighted(prior=(0.5, 0.5)):
    return (np.array(prior) / COUNTS)[Y][None], np.ones(1)


def thinned(prior=(0.5, 0.5)):
    kept, q = np.array(list(product([0, 1], repeat=Y.size))), np.array(RATES)[Y]
    return kept * weighted(prior)[0] / q, np.where(kept, q, 1 - q).prod(axis=1)


def sampled(draws, prior=(0.5, 0.5)):
    chance = weighted(prior)[0][0]
    rows = np.array(list(product(range(Y.size), repeat=draws)))
    return np.eye(Y.size)[rows].mean(axis=1), chance[rows].prod(axis=1)


def undersampled(prior=(0.5, 0.5)):
    kept = np.array([[1, 1, *(i in two for i in range(3))] for two in combinations(range(3), 2)])
    return kept * np.array(prior)[Y] / 2, np.full(3, 1 / 3)


def averaged(listed):
    """Two independent bags."""
    W, p = listed
    both = (W[:, None] + W[None]).reshape(-1, Y.size) / 2
    return both, np.outer(p, p).ravel()


LISTED = {
    Unweighted(): weighted((0.4, 0.6)),
    ClassWeight(prior=PRIOR): weighted(PRIOR),
    Undersample(prior=PRIOR): undersampled(PRIOR),
    Thin(RATES, renormalise=False): thinned(),
    Thin(RATES, renormalise=False, prior=PRIOR): thinned(PRIOR),
    BalancedSampler(3): sampled(3),
    BalancedSampler(2, prior=PRIOR): sampled(2, PRIOR),
    Bagging(Thin(RATES, renormalise=False), 2): averaged(thinned()),
    Bagging(BalancedSampler(2, prior=PRIOR), 2): averaged(sampled(2, PRIOR)),
}
every_scheme = pytest.mark.parametrize("scheme", LISTED, ids=repr)


def best(rule, prior, ridge=0.0):
    found = softmax.fit(*stack(rule, prior), ridge=ridge, tol=1e-13)
    assert found.status == "converged"
    return found.theta


def contrasts(theta):
    return (theta[..., 1, :] - theta[..., 0, :]).reshape(*theta.shape[:-2], -1)


def cell_weights(scheme):
    """Weights (S, 2, 3) of class and point for all samples and draws, and squares (S, 2, 3) of
    rows, with the probability (S,) of each.
    """
    W, p = LISTED[scheme]
    found = []
    for drawn in product(range(3), repeat=Y.size):
        at = np.zeros((Y.size, 2, 3))
        at[np.arange(Y.size), Y, drawn] = 1
        chance = MASSES[Y, list(drawn)].prod()
        found.append((np.tensordot(W, at, 1), np.tensordot(W**2, at, 1), p * chance))
    cells, squares, chances = (np.concatenate(part) for part in zip(*found, strict=True))
    assert chances.sum() == pytest.approx(1, rel=1e-12)
    return cells, squares, chances


def covariance_of(values, chances):
    away = values - chances @ values
    return (away.T * chances) @ away


def scores(theta):
    """(6, p) of every class and point, in the order of cells."""
    s = softmax.row_scores(theta, np.tile(POINTS, (2, 1)), np.repeat([0, 1], 3))
    return s[:, 1:].reshape(6, -1)


@every_scheme
def test_the_variance_of_the_score_is_that_of_all_samples_and_draws(scheme):
    cells, _, chances = cell_weights(scheme)
    theta = np.random.default_rng(0).normal(size=(2, 2))
    listed = covariance_of(cells.reshape(len(cells), -1) @ scores(theta), chances)
    ours = score_variance(moments(WRONG, theta, scheme.target(COUNTS)), scheme, COUNTS)
    np.testing.assert_allclose(ours, listed, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("ridge", [0.0, 0.2])
@every_scheme
def test_robust_is_the_mean_of_hc0_over_all_samples_and_draws(scheme, ridge):
    """Squares of rows' weights and scores between inverse Hessians; no total counts twice."""
    _, squares, chances = cell_weights(scheme)
    tau = scheme.target(COUNTS)
    theta = best(WRONG, tau, ridge)
    m, s = moments(WRONG, theta, tau, ridge=ridge), scores(theta)
    meat = (s.T * (chances @ squares.reshape(len(squares), -1))) @ s
    inverse = np.linalg.inv(m.hessian)
    ours = covariance(m, scheme, COUNTS, "robust")
    np.testing.assert_allclose(ours, inverse @ meat @ inverse, rtol=1e-11)


@every_scheme
def test_of_a_right_model_robust_exceeds_design_by_the_intercept_excess(scheme):
    tau = scheme.target(COUNTS)
    m = moments(RIGHT, best(RIGHT, tau), tau)
    excess = covariance(m, scheme, COUNTS, "robust") - covariance(m, scheme, COUNTS)
    np.testing.assert_allclose(excess, intercept_excess(COUNTS, 1, scheme), atol=1e-11)


@pytest.mark.parametrize(
    ("scheme", "part"),
    [
        (Thin(0.5, renormalise=False), 1.0),
        (Bagging(Thin(0.5, renormalise=False, prior=PRIOR), 3), 1.0),
        (BalancedSampler(8), 7 / 8),
        (Bagging(BalancedSampler(8, prior=PRIOR), 3), 23 / 24),
    ],
    ids=repr,
)
def test_of_random_totals_the_excess_is_that_of_class_weights_or_nearly(scheme, part):
    found = intercept_excess(COUNTS, 1, scheme)
    np.testing.assert_allclose(found, part * intercept_excess(COUNTS, 1), rtol=1e-12)


def test_hc0_of_a_thinned_intercept_has_no_total_twice():
    """Counts (1000, 1000), a tenth kept of one class: 1/100 + 1/1000."""
    m = moments([Rule(np.empty((1, 0)), np.ones(1))] * 2, np.zeros((2, 1)))
    scheme = Thin((0.1, 1.0), renormalise=False)
    assert covariance(m, scheme, (1000, 1000), "robust")[0, 0] == pytest.approx(0.011, rel=1e-12)
    assert covariance(m, scheme, (1000, 1000))[0, 0] == pytest.approx(0.009, rel=1e-12)


@pytest.mark.parametrize("prior", [(0.5, 0.5), PRIOR])
def test_robust_is_the_variance_where_labels_are_drawn_and_weights_know_no_counts(prior):
    """All samples of four rows, labels included, of a misspecified model, with known shares."""
    shares, q, n = np.array([0.25, 0.75]), np.array(RATES), 4
    theta = best(WRONG, prior)
    m, s = moments(WRONG, theta, prior), scores(theta)
    # A row's class, point and whether it is kept: the cell it counts for and its weight there.
    one = (np.array(prior) / (shares * q * n))[:, None, None] * s.reshape(2, 3, -1)
    kept = (shares * q)[:, None] * MASSES
    values = np.concatenate([one.reshape(6, -1), np.zeros((1, s.shape[1]))])
    chance = np.append(kept.ravel(), 1 - kept.sum())
    rows = np.array(list(product(range(7), repeat=n)))
    listed = covariance_of(values[rows].sum(axis=1), chance[rows].prod(axis=1))
    scheme = Thin(RATES, renormalise=False, prior=prior)
    inverse = np.linalg.inv(m.hessian)
    ours = covariance(m, scheme, n * shares, "robust")
    np.testing.assert_allclose(ours, inverse @ listed @ inverse, rtol=1e-9)
    # With the counts known less is random.
    assert covariance(m, scheme, n * shares)[0, 0] < 0.8 * ours[0, 0]


# Second order: half the second derivative of the fit in its weights, summed over their covariance.


def curved_mean(X, y, weights, cov, ridge):
    """Half of sum_ij cov_ij d^2 contrasts / dW_i dW_j at the weights (n,), by differences."""
    size, along = np.linalg.eigh(cov)
    total = 0.0
    for variance, v in zip(size, along.T, strict=True):
        if variance < 1e-14:
            continue
        step, seconds = 2e-2 * weights.min(), []
        for h in (step, 2 * step):
            moved = np.stack([weights + t * v for t in (-h, 0, h)])
            theta = contrasts(softmax.fit(X, y, moved, ridge=ridge, tol=1e-14).theta)
            seconds.append((theta[0] - 2 * theta[1] + theta[2]) / h**2)
        total = total + variance / 2 * (4 * seconds[0] - seconds[1]) / 3
    return total


@pytest.mark.parametrize("ridge", [0.0, 0.2])
@every_scheme
def test_the_bias_is_that_of_all_samples_and_draws(scheme, ridge):
    cells, _, chances = cell_weights(scheme)
    tau = scheme.target(COUNTS)
    cov = covariance_of(cells.reshape(len(cells), -1), chances)
    X, y, weights = stack(WRONG, tau)
    one = scheme.base if isinstance(scheme, Bagging) else scheme
    if one is not scheme:  # each bag is a fit of its own
        cells, _, chances = cell_weights(BAGS_OF[scheme])
        cov = covariance_of(cells.reshape(len(cells), -1), chances)
    listed = curved_mean(X, y, weights, cov, ridge)
    ours = second_order_bias(WRONG, best(WRONG, tau, ridge), scheme, COUNTS, ridge=ridge)
    np.testing.assert_allclose(ours, listed, rtol=1e-5)


@pytest.mark.parametrize("ridge", [0.0, 0.2])
@every_scheme
def test_the_gap_of_averages_and_the_noise_are_those_of_all_draws(scheme, ridge):
    """On one data set, of five rows that do not separate."""
    X = np.array([[0.0], [1.0], [1.0], [0.0], [2.0]])
    one = BAGS_OF.get(scheme, scheme)
    tau = scheme.target(COUNTS)
    rule = data_rule(X, Y)
    theta = best(rule, tau, ridge)
    W, p = LISTED[one]
    listed = curved_mean(X, Y, tau[Y] / COUNTS[Y], covariance_of(W, p), ridge)
    ours = averaging_gap(rule, theta, scheme, ridge=ridge)
    np.testing.assert_allclose(ours, listed, rtol=1e-5, atol=1e-8)
    W, p = LISTED[scheme]
    s = softmax.row_scores(theta, X, Y)[:, 1]
    noise = conditional_variance(X, Y, theta, scheme)
    np.testing.assert_allclose(noise, covariance_of(W @ s, p), rtol=1e-11, atol=1e-17)


BAGS_OF = {
    Bagging(Thin(RATES, renormalise=False), 2): Thin(RATES, renormalise=False),
    Bagging(BalancedSampler(2, prior=PRIOR), 2): BalancedSampler(2, prior=PRIOR),
}
