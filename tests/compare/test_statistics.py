"""Intervals of paired differences: the error, the critical value, and coverage."""

import numpy as np
import pytest
from scipy.stats import binom, t

from mlbalance.compare import statistics
from mlbalance.compare.statistics import critical_value, mean_ranks
from mlbalance.simulation.performance import mean_and_error


def test_the_error_is_that_of_nadeau_and_bengio_by_hand():
    # Ten folds of ten: variance (1/10 + 1/9) s^2, with s^2 = 55/6 of the numbers 1 to 10.
    mean, error = mean_and_error(np.arange(1.0, 11), 1 / 9)
    assert (mean, error) == pytest.approx((5.5, np.sqrt((1 / 10 + 1 / 9) * 55 / 6)))


def test_one_difference_has_the_quantile_of_student():
    d = np.random.default_rng(0).standard_normal((25, 1))
    found = critical_value(d, np.random.default_rng(1))
    assert found == pytest.approx(t.isf(0.025, 24), rel=0.02)
    assert found <= t.isf(0.025, 24) * (1 + 1e-12)


def test_equal_differences_cost_nothing_and_independent_ones_nearly_bonferroni():
    rng = np.random.default_rng(0)
    one = rng.standard_normal((25, 1))
    same = critical_value(one @ np.ones((1, 8)), np.random.default_rng(1))
    assert same == pytest.approx(t.isf(0.025, 24), rel=0.02)
    free = np.linalg.qr(np.c_[np.ones(25), rng.standard_normal((25, 8))])[0][:, 1:]
    free = critical_value(free, np.random.default_rng(1))
    assert t.isf(0.025, 24) < free <= t.isf(0.025 / 8, 24)
    assert free > 0.97 * t.isf(0.025 / 8, 24)


def test_what_has_no_interval():
    assert critical_value(np.ones((1, 3)), np.random.default_rng(0)) == np.inf
    assert np.isnan(critical_value(np.zeros((5, 3)), np.random.default_rng(0)))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_all_intervals_cover_at_once_as_often_as_they_say(correlation, monkeypatch):
    """No difference: folds share c / (1 + c) of their variance, as Nadeau & Bengio assume."""
    monkeypatch.setattr(statistics, "_DRAWS", 1000)
    rng = np.random.default_rng(7)
    J, M, c, trials = 25, 8, 0.25, 400
    root = np.linalg.cholesky(np.full((M, M), correlation) + (1 - correlation) * np.eye(M))
    shared = c / (1 + c)
    covered = 0
    for trial in range(trials):
        own = rng.standard_normal((J, M)) @ root.T
        common = rng.standard_normal(M) @ root.T
        d = np.sqrt(1 - shared) * own + np.sqrt(shared) * common
        width = critical_value(d, np.random.default_rng(trial))
        found = [mean_and_error(d[:, m], c) for m in range(M)]
        covered += all(abs(mean) <= width * error for mean, error in found)
    low, high = binom.ppf([0.001, 0.999], trials, 0.95)
    assert low <= covered <= high


def test_ranks_are_averaged_over_folds_and_ties():
    values = np.array([[0.1, 0.2, 0.3], [0.2, 0.2, 0.1]])
    np.testing.assert_allclose(mean_ranks(values), [(1 + 2.5) / 2, (2 + 2.5) / 2, (3 + 1) / 2])
