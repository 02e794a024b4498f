"""Logits of linear fits against plain Monte Carlo, closed forms and the optimality of what is best.

Studies measure fits with `Logits`, and theory predicts with it: what it says is checked here.
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from mlbalance import softmax
from mlbalance.inputs import DataError
from mlbalance.populations import Gaussian, Logits, logits, stack

CLASSES = pytest.mark.parametrize("K", [2, 3, 6])


def drawn_at_random(K, seed=0):
    rng = np.random.default_rng(seed)
    roots = rng.normal(size=(K, K, K)) / 2
    return Logits(rng.normal(size=(K, K)) + 2 * np.eye(K), roots @ roots.transpose(0, 2, 1))


def scaled(law, intercept, slope):
    return Logits(slope * law.mean + intercept, slope**2 * law.covariance, law.prior)


# Plain Monte Carlo


@pytest.mark.parametrize("own_prior", [False, True])
@CLASSES
def test_a_fit_is_worth_what_drawn_rows_say(K, own_prior):
    """Errors, loss and calibration of coefficients, each within 4 standard errors."""
    rng, n, d = np.random.default_rng(3), 40_000, max(3, K - 1)
    roots = rng.normal(size=(K, d, d)) / 2
    population = Gaussian(
        1.5 * rng.normal(size=(K, d)), roots @ roots.transpose(0, 2, 1) + np.eye(d) / 2
    )
    theta = rng.normal(size=(K, 1 + d))
    # Two Hermite nodes per axis have equal weights and the first two moments.
    law = Logits.of(theta, *stack(population.rule(2))[:2])
    prior = np.arange(1, K + 1) / (K * (K + 1) / 2) if own_prior else np.full(K, 1 / K)
    law = replace(law, prior=prior if own_prior else None)
    offset = rng.normal(size=K)

    X, y = population.sample([n] * K, rng)
    z = softmax.logits(theta, X) + offset
    wrong = (z.argmax(axis=1) != y).reshape(K, n)
    loss = (-softmax.log_probabilities(z)[np.arange(y.size), y]).reshape(K, n)
    found = [*law.class_errors(offset), law.balanced_error(offset), law.log_loss(offset)]
    means = [*wrong.mean(axis=1), prior @ wrong.mean(axis=1), prior @ loss.mean(axis=1)]
    variances = [
        *wrong.var(axis=1),
        prior**2 @ wrong.var(axis=1),
        prior**2 @ loss.var(axis=1),
    ]
    errors = np.sqrt(np.array(variances) / n)
    assert (errors > 0).all()
    assert (np.abs(np.array(found) - means) <= 4 * errors).all()
    assert law.worst_class_error(offset) == max(law.class_errors(offset))

    # At the best intercepts and slope the score of the recalibrated loss has mean zero.
    intercept, slope = law.calibration(offset)
    residual = np.exp(softmax.log_probabilities(intercept + slope * z)) - np.eye(K)[y]
    score = np.column_stack([residual, (residual * z).sum(axis=1)]).reshape(K, n, K + 1)
    error = np.sqrt(prior**2 @ score.var(axis=1) / n)
    assert (np.abs(prior @ score.mean(axis=1)) <= 4 * error).all()


@CLASSES
def test_logits_of_points_are_those_of_their_gaussian(K):
    rng, d = np.random.default_rng(5), K
    roots, means = rng.normal(size=(K, d, d)), rng.normal(size=(K, d))
    covariance = roots @ roots.transpose(0, 2, 1)
    theta = rng.normal(size=(K, 1 + d))
    law = Logits.of(theta, *stack(Gaussian(means, covariance).rule(2))[:2])
    np.testing.assert_allclose(law.mean, theta[:, 0] + means @ theta[:, 1:].T, atol=1e-12)
    W = theta[:, 1:]
    np.testing.assert_allclose(law.covariance, W @ covariance @ W.T, atol=1e-12)


# Closed forms


@CLASSES
def test_class_errors_are_normal_probabilities(K):
    law = drawn_at_random(K)
    for k, error in enumerate(law.class_errors()):
        rivals = np.delete(np.eye(K), k, axis=0) - np.eye(K)[k]
        cdf = stats.multivariate_normal.cdf(
            -rivals @ law.mean[k],
            cov=rivals @ law.covariance[k] @ rivals.T,
            abseps=1e-6,
            rng=np.random.default_rng(0),
        )
        assert error == pytest.approx(1 - cdf, abs=1e-9 if K == 2 else 5e-5)


def margins(m, b, q):
    """Two classes whose margin of class 1 over class 0 is N(b -/+ m, q)."""
    sides = np.array([-1.0, 1.0])
    return Logits(
        np.outer(b + sides * m, sides) / 2, np.full((2, 1, 1), q / 4) * np.outer(sides, sides)
    )


@pytest.mark.parametrize(("m", "b", "q"), [(1.0, -0.4, 0.8), (3.0, 2.0, 9.0), (0.1, 0.0, 2.0)])
def test_two_classes_have_closed_forms(m, b, q):
    law, s = margins(m, b, q), np.sqrt(q)
    assert law.class_errors() == pytest.approx(stats.norm.sf([(m - b) / s, (m + b) / s]), abs=1e-14)
    losses = [
        integrate.quad(
            lambda x, side=side: np.logaddexp(0, -(m + side * b + s * x)) * stats.norm.pdf(x),
            -12,
            12,
            epsabs=1e-13,
            epsrel=1e-13,
        )[0]
        for side in (-1, 1)
    ]
    assert law.log_loss() == pytest.approx(np.mean(losses), abs=1e-10)
    intercept, slope = law.calibration()
    assert slope == pytest.approx(2 * m / q, rel=1e-9)
    assert intercept[1] - intercept[0] == pytest.approx(-2 * m * b / q, rel=1e-9, abs=1e-9)
    moved = law.calibration(slope=2 * m / q)
    assert moved.intercept == pytest.approx(intercept, abs=1e-9) and moved.slope == pytest.approx(
        2 * m / q
    )
    offset = law.best_offset()
    assert offset[1] - offset[0] == pytest.approx(-b, abs=1e-6)
    assert law.balanced_error(offset) == pytest.approx(stats.norm.sf(m / s), rel=1e-9)


# Optimality


@CLASSES
def test_no_other_calibration_has_a_smaller_loss(K):
    law = replace(drawn_at_random(K), prior=np.arange(1, K + 1) / (K * (K + 1) / 2))
    intercept, slope = law.calibration()
    best = scaled(law, intercept, slope).log_loss()
    for step in (0.01, -0.01):
        assert scaled(law, intercept, slope + step).log_loss() > best
        for k in range(K):
            assert scaled(law, intercept + step * np.eye(K)[k], slope).log_loss() > best


@CLASSES
def test_intercepts_alone_are_fitted_at_a_given_slope(K):
    law = drawn_at_random(K)
    whole = law.calibration()
    assert law.calibration(slope=whole.slope).intercept == pytest.approx(whole.intercept, abs=1e-6)
    intercept, slope = law.calibration(slope=0.5)
    assert slope == pytest.approx(0.5)
    best = scaled(law, intercept, 0.5).log_loss()
    for k in range(K):
        for step in (0.01, -0.01):
            assert scaled(law, intercept + step * np.eye(K)[k], 0.5).log_loss() > best


@pytest.mark.parametrize("K", [2, 3])
def test_no_offset_does_better_than_the_best(K):
    law = drawn_at_random(K, 3)
    best = law.balanced_error(law.best_offset())
    searched = optimize.dual_annealing(
        law.balanced_error, [(-6, 6)] * K, maxiter=30, rng=np.random.default_rng(0)
    )
    assert best == pytest.approx(searched.fun, abs=1e-7)


def test_logits_of_few_features_are_refused():
    X, y, _ = stack(Gaussian(np.zeros((3, 1)), [[1.0]]).rule(2))
    with pytest.raises(DataError, match="of 3 classes need 2 features or more; theta has 1"):
        Logits.of(np.zeros((3, 2)), X, y)


def test_an_offset_is_one_number_per_class():
    law = drawn_at_random(2)
    for offset in ((1.0, 2.0, 3.0), (0.0, np.nan)):
        with pytest.raises(DataError, match="one finite number for each of 2 classes"):
            law.class_errors(offset)


# Quadrature


@pytest.mark.parametrize(
    ("K", "of_errors", "of_losses"), [(2, 1e-7, 1e-7), (3, 1e-7, 1e-7), (6, 1e-4, 2e-3)]
)
def test_the_quadrature_is_as_exact_as_it_says(monkeypatch, K, of_errors, of_losses):
    """Against finer grids, or the mean over sixteen other scramblings of the nodes."""
    drawn, rules = [drawn_at_random(K, seed) for seed in range(3)], logits.normal_rules
    laws = [replace(law, covariance=law.covariance + np.eye(K) / 2) for law in drawn]
    own = np.array([numbers_of(law) for law in laws])
    others = []
    for seed in range(16 if K > 3 else 1):
        monkeypatch.setattr(logits, "normal_rules", partial(_finer, rules, seed))
        others.append([numbers_of(replace(law)) for law in laws])
    away = np.abs(own - np.mean(others, axis=0)).max(axis=0)
    assert (away[:K] < of_errors).all() and (away[K:] < of_losses).all()


def _finer(rules, seed, dimension, nodes=None):
    if dimension < 3:
        return rules(dimension, {1: 401, 2: 121}[dimension])
    return rules(dimension, nodes, np.random.default_rng(seed))


def numbers_of(law):
    return [*law.class_errors(), law.log_loss(), law.calibration().slope]


@pytest.mark.parametrize("K", [4, 6])
def test_nodes_do_not_depend_on_what_lapack_leaves_open(monkeypatch, K):
    law, eigh = drawn_at_random(K), np.linalg.eigh
    own = law.log_loss()

    def turned(matrix):
        values, vectors = eigh(matrix)
        return values, vectors * np.where(np.arange(K - 1) % 2, 1, -1)

    monkeypatch.setattr(np.linalg, "eigh", turned)
    assert replace(law).log_loss() == pytest.approx(own, abs=1e-12)
