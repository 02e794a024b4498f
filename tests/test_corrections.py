"""Intercept corrections against Bayes' rule on a joint table, where nothing is a softmax fit."""

import numpy as np
import pytest

from mlbalance.corrections import prior_shift
from mlbalance.inputs import DataError, PriorError

K = 4
PRIORS = np.random.default_rng(1).dirichlet(np.ones(K), size=3)


def probabilities(logits):
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def bayes(likelihood, prior):
    """Posterior (S, K) of K classes at the S values of a discrete x, from P(x | k) (K, S)."""
    joint = np.asarray(prior)[:, None] * likelihood
    return (joint / joint.sum(axis=0)).T


def test_the_posterior_moves_as_bayes_rule_says():
    likelihood = np.random.default_rng(2).dirichlet(np.ones(6), size=K)
    for fitted in PRIORS:
        for wanted in (*PRIORS, np.full(K, 1 / K)):
            moved = prior_shift(np.log(bayes(likelihood, fitted)), fitted, wanted)
            np.testing.assert_allclose(
                probabilities(moved), bayes(likelihood, wanted), rtol=1e-13, atol=0
            )


def test_there_and_back_is_where_it_was():
    b = np.random.default_rng(3).normal(size=(5, K))
    b -= b.mean(axis=-1, keepdims=True)
    there = prior_shift(b, PRIORS[0], PRIORS[1])
    np.testing.assert_allclose(prior_shift(there, PRIORS[1], PRIORS[0]), b, atol=1e-14)


def test_two_moves_are_one():
    b = np.random.default_rng(4).normal(size=K)
    by_way = prior_shift(prior_shift(b, PRIORS[0], PRIORS[1]), PRIORS[1], PRIORS[2])
    np.testing.assert_allclose(by_way, prior_shift(b, PRIORS[0], PRIORS[2]), atol=1e-14)


def test_intercepts_come_out_centred_and_a_common_shift_goes_in_unnoticed():
    b = np.random.default_rng(5).normal(size=(5, K))
    moved = prior_shift(b, PRIORS[0])
    np.testing.assert_allclose(moved.sum(axis=-1), 0, atol=1e-14)
    np.testing.assert_allclose(prior_shift(b + 7.0, PRIORS[0]), moved, atol=1e-13)
    np.testing.assert_allclose(
        prior_shift(b, PRIORS[0], PRIORS[0]), b - b.mean(axis=-1, keepdims=True), atol=1e-14
    )


def test_uniform_is_what_is_wanted_by_default():
    b = np.random.default_rng(6).normal(size=K)
    assert np.array_equal(prior_shift(b, PRIORS[0]), prior_shift(b, PRIORS[0], np.full(K, 1 / K)))


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_a_batch_is_its_problems_one_by_one(lead):
    rng = np.random.default_rng(7)
    b = rng.normal(size=(*lead, K))
    fitted, wanted = (rng.dirichlet(np.ones(K), size=lead) for _ in range(2))
    together = prior_shift(b, fitted, wanted)
    assert together.shape == b.shape
    for index in np.ndindex(lead):
        assert np.array_equal(together[index], prior_shift(b[index], fitted[index], wanted[index]))
        alone = prior_shift(b, PRIORS[0], wanted)[index]
        assert np.array_equal(alone, prior_shift(b[index], PRIORS[0], wanted[index]))


def test_a_failed_fit_stays_without_a_number():
    b = np.array([[0.1, -0.1], [np.nan, np.nan]])
    moved = prior_shift(b, (0.2, 0.8))
    assert np.isfinite(moved[0]).all() and np.isnan(moved[1]).all()


def test_what_was_given_is_left_as_it_was():
    b = np.zeros(K)
    prior_shift(b, PRIORS[0])
    assert (b == 0).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0.3, (0.5, 0.5)), DataError, r"need shape \(\.\.\., K\); a single number was given"),
        (([0.0, 0.0], (0.5, 0.6)), PriorError, "must sum to one"),
        (([0.0, 0.0], (0.5, 0.5), (0.0, 1.0)), PriorError, "every probability above zero"),
        (([0.0, 0.0], (0.2, 0.3, 0.5)), PriorError, "for each of 2 classes"),
        (([0.0, 0.0], 0.5), PriorError, "for each of 2 classes"),
        (([0.0, 0.0], [(0.5, 0.5), (0.5, np.nan)]), PriorError, "every probability above zero"),
        ((np.zeros((3, 2)), np.full((4, 2), 0.5)), DataError, r"\(3, 2\).*\(4, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        prior_shift(*arguments)
