"""Measures of performance: known answers, and errors that are those of repetition."""

import numpy as np
import pytest
from scipy import stats

from mlbalance.inputs import InputError
from mlbalance.simulation.performance import (
    bias,
    bias_eliminated_coverage,
    coverage,
    empirical_se,
    mean_and_error,
    model_se,
    mse,
    quantile_and_error,
    ratio_and_error,
    relative_error_of_model_se,
    relative_precision,
    replications_needed,
    rmse,
)

# Means and ratios


def test_error_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(1).gamma(2.0, size=37)
    assert mean_and_error(values) == pytest.approx((values.mean(), stats.sem(values)), rel=1e-14)
    assert mean_and_error(np.array([1.0, 2.0, 3.0])) == pytest.approx((2.0, 1 / np.sqrt(3)))
    assert mean_and_error(np.full(5, 0.7))[1] == pytest.approx(0, abs=1e-15)


def coverage_z(covered, expected):
    """Standard errors between a simulated and an expected coverage."""
    return (covered.mean() - expected) / np.sqrt(expected * (1 - expected) / covered.size)


def test_intervals_of_a_mean_cover_as_student_says():
    rng = np.random.default_rng(2)
    found = np.array([mean_and_error(rng.normal(3.0, 2.0, size=25)) for _ in range(4000)])
    covered = np.abs(found[:, 0] - 3.0) <= 2 * found[:, 1]
    expected = stats.t(24).cdf(2) - stats.t(24).cdf(-2)
    assert abs(coverage_z(covered, expected)) <= 4


@pytest.mark.parametrize("folds", [2, 5])
def test_dependence_is_that_of_equally_correlated_replicates(folds):
    """Nadeau & Bengio: correlation r between replicates is the dependence r/(1 - r)."""
    rng, size, repeats = np.random.default_rng(3), 20, 4000
    dependence = 1 / (folds - 1)
    r = dependence / (1 + dependence)
    common, own = rng.normal(size=(repeats, 1)), rng.normal(size=(repeats, size))
    values = np.sqrt(r) * common + np.sqrt(1 - r) * own
    found = np.array([mean_and_error(row, dependence) for row in values])
    squares = found[:, 0] ** 2 - found[:, 1] ** 2
    assert abs(squares.mean()) <= 4 * squares.std() / np.sqrt(repeats)


def test_ratio_of_proportional_replicates_has_no_error():
    under = np.random.default_rng(4).gamma(2.0, size=30)
    ratio, error = ratio_and_error(2.5 * under, under)
    assert ratio == pytest.approx(2.5, rel=1e-14) and error < 1e-15


def test_ratio_knows_no_units_and_turns_over():
    rng = np.random.default_rng(5)
    over, under = rng.gamma(3.0, size=(2, 500))
    ratio, error = ratio_and_error(over, under)
    assert ratio_and_error(10 * over, 10 * under) == pytest.approx((ratio, error), rel=1e-12)
    assert ratio_and_error(-over, -under) == pytest.approx((ratio, error), rel=1e-12)
    turned, its_error = ratio_and_error(under, over)
    assert turned == pytest.approx(1 / ratio) and its_error / turned == pytest.approx(error / ratio)


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_intervals_of_a_ratio_cover(shared):
    """Paired replicates: a share of each is common, and must not count as error."""
    rng, repeats = np.random.default_rng(6), 4000
    covered = np.empty(repeats, dtype=bool)
    for i in range(repeats):
        common = rng.gamma(2.0, size=400)
        over, under = shared * common + (1 - shared) * rng.gamma(2.0, size=(2, 400))
        ratio, error = ratio_and_error(3 * over, under)
        covered[i] = abs(ratio - 3) <= 2 * error
    assert abs(coverage_z(covered, stats.norm.cdf(2) - stats.norm.cdf(-2))) <= 4


# Known answers

T = np.array([1.0, 2.0, 3.0, 6.0])  # mean 3, sum of squares about it 14
SE = np.array([1.0, 1.0, 2.0, 2.0])  # mean square 5/2, sample variance of the squares 3


def test_bias_and_squared_error_by_hand():
    spread = np.sqrt(14 / 3)
    assert bias(T, 2.5) == pytest.approx((0.5, spread / 2))
    assert bias(T, 2.5, dependence=0.25) == pytest.approx((0.5, spread * np.sqrt(0.5)))
    # Squared errors about 2: 1, 0, 1, 16, of mean 4.5 and sum of squares about it 177.
    error = np.sqrt(177 / (4 * 3))
    assert mse(T, 2.0) == pytest.approx((4.5, error))
    assert rmse(T, 2.0) == pytest.approx((np.sqrt(4.5), error / (2 * np.sqrt(4.5))))


def test_standard_errors_by_hand():
    spread = np.sqrt(14 / 3)
    assert empirical_se(T) == pytest.approx((spread, spread / np.sqrt(6)))
    model = np.sqrt(2.5)
    its_error = np.sqrt(3 / (4 * 4 * 2.5))
    assert model_se(SE) == pytest.approx((model, its_error))
    ratio = model / spread
    error = ratio * np.sqrt(3 / (4 * 4 * 2.5**2) + 1 / 6)
    assert relative_error_of_model_se(T, SE) == pytest.approx((ratio - 1, error))


def test_coverage_by_hand():
    # At level 0.95 intervals are [-1, 3], [0, 4], [-1, 7] and [2, 10], nearly.
    assert coverage(T, SE, 1.0) == pytest.approx((0.75, np.sqrt(0.75 * 0.25 / 4)))
    assert coverage(T, SE, 1.0, level=0.5)[0] == 0.25
    assert coverage(T, SE, 1.0, dependence=0.75) == pytest.approx((0.75, np.sqrt(0.75 * 0.25)))
    assert (
        bias_eliminated_coverage(T, SE)
        == coverage(T, SE, 3.0)
        == (0.75, pytest.approx(0.2165, abs=1e-4))
    )


def test_relative_precision_by_hand():
    other = np.array([2.0, 4.0, 6.0, 12.0])
    assert relative_precision(T, other) == (pytest.approx(4.0), pytest.approx(0.0, abs=1e-6))
    other = np.array([0.0, 1.0, -1.0, 0.0])  # sum of squares 2, of products with T -1
    ratio, squared = 2 / 14, 1 / 28
    error = 2 * ratio * np.sqrt((1 - squared) / 3)
    assert relative_precision(T, other) == pytest.approx((ratio, error))


def test_one_replicate_has_no_error_and_no_warning():
    one = np.array([2.0])
    for measured in (bias(one, 1.0), mse(one, 1.0), rmse(one, 1.0), model_se(one)):
        assert np.isfinite(measured[0]) and np.isnan(measured[1])
    for measured in (
        empirical_se(one),
        relative_error_of_model_se(one, one),
        relative_precision(one, one),
    ):
        assert np.isnan(measured).all()


def test_no_spread_is_no_warning():
    same = np.full(4, 2.0)
    assert rmse(same, 2.0) == (0.0, pytest.approx(np.nan, nan_ok=True))
    assert np.isnan(relative_precision(same, T)).all()
    assert np.isnan(relative_error_of_model_se(same, SE)).all()
    assert model_se(np.zeros(3))[0] == 0


# Errors are those of repetition


def compared(found, repeats):
    """Standard errors between the claimed variance (mean of squares) and that of the values."""
    value, error = np.array(found).T
    excess = (value - value.mean()) ** 2 - error**2
    return excess.mean() / (excess.std() / np.sqrt(repeats))


def drawn(rng, size):
    """Estimates and model standard errors of normal means of 12, independent of one another."""
    x = rng.normal(size=(size, 12))
    return x.mean(axis=1), x.std(axis=1, ddof=1) / np.sqrt(12)


def paired(rng, size):
    common = rng.normal(size=size)
    return (0.9 * common + scale * rng.normal(size=size) for scale in (0.3, 0.6))


@pytest.mark.parametrize(
    "measured",
    [
        lambda t, s: bias(t, 0.1),
        lambda t, s: empirical_se(t),
        lambda t, s: mse(t, 0.3),
        lambda t, s: rmse(t, 0.3),
        lambda t, s: model_se(s),
        lambda t, s: relative_error_of_model_se(t, s),
        lambda t, s: coverage(t, s, 0.2),
        lambda t, s: bias_eliminated_coverage(t, s),
        lambda t, s: quantile_and_error(t),
        lambda t, s: quantile_and_error(t, 0.25),
    ],
    ids="bias,empirical SE,MSE,RMSE,model SE,relative error,coverage,bias-eliminated,median,"
    "quartile".split(","),
)
def test_an_error_is_the_spread_over_repetitions(measured):
    rng, repeats = np.random.default_rng(11), 3000
    found = [measured(*drawn(rng, 400)) for _ in range(repeats)]
    assert abs(compared(found, repeats)) <= 4


def test_the_error_of_a_relative_precision_knows_of_the_pairs():
    rng, repeats = np.random.default_rng(12), 3000
    found = [relative_precision(*paired(rng, 400)) for _ in range(repeats)]
    assert abs(compared(found, repeats)) <= 4
    expected = (0.81 + 0.36) / (0.81 + 0.09)
    values = np.array(found)[:, 0]
    assert values.mean() == pytest.approx(expected, rel=0.01)
    apart = [
        relative_precision(next(paired(rng, 400)), list(paired(rng, 400))[1]) for _ in range(9)
    ]
    assert np.mean(apart, axis=0)[1] > 1.3 * np.mean(found, axis=0)[1]


# Quantiles


def test_a_quantile_is_that_of_numpy_where_all_is_finite():
    values = np.random.default_rng(13).normal(size=37)
    for share in (0.1, 0.25, 0.5, 0.9):
        assert quantile_and_error(values, share)[0] == pytest.approx(np.quantile(values, share))


def test_a_quantile_by_hand():
    # Rank 12 from 0 on, plus or minus sqrt(25)/2 = 2.5.
    assert quantile_and_error(np.arange(25.0)) == (12.0, 2.5)
    assert quantile_and_error(np.arange(25.0), dependence=0.12) == (12.0, 5.0)
    assert quantile_and_error(np.full(9, 3.0)) == (3.0, 0.0)


def test_infinite_values_stay_where_they_are():
    values = np.r_[np.arange(22.0), np.full(3, np.inf)]
    assert quantile_and_error(values) == (12.0, 2.5)
    assert quantile_and_error(-values) == (-12.0, 2.5)
    assert quantile_and_error(np.r_[np.arange(14.0), np.full(11, np.inf)]) == (12.0, np.inf)
    assert quantile_and_error(np.full(9, np.inf)) == (np.inf, 0.0)
    assert np.isnan(quantile_and_error(np.array([-np.inf, np.inf]))[0])
    # A rank that is whole but for its rounding, 0.1 (31 - 1), needs no neighbour.
    low = np.r_[np.arange(4.0), np.full(27, np.inf)]
    assert quantile_and_error(low, 0.1)[0] == 3.0


def test_unknown_values_may_lie_on_either_side():
    known = np.arange(23.0)
    value, error = quantile_and_error(np.r_[known, np.nan, np.nan])
    assert (value, error) == (11.0, (14.5 - 7.5) / 2)
    # As if all were below, and as if all were above.
    ends = [quantile_and_error(np.r_[known, np.full(2, end)]) for end in (-np.inf, np.inf)]
    assert all(abs(end - value) + its <= error for end, its in ends)
    assert quantile_and_error(np.r_[np.arange(9.0), np.full(20, np.nan)]) == (4.0, np.inf)
    assert np.isnan(quantile_and_error(np.full(4, np.nan))).all()


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_intervals_of_a_quantile_cover_for_a_law_without_moments(share):
    rng, repeats = np.random.default_rng(14), 3000
    truth = stats.cauchy.ppf(share)
    found = np.array([quantile_and_error(rng.standard_cauchy(2000), share) for _ in range(repeats)])
    covered = np.abs(found[:, 0] - truth) <= 2 * found[:, 1]
    assert abs(coverage_z(covered, stats.norm.cdf(2) - stats.norm.cdf(-2))) <= 4


# How many


def test_replications_by_hand():
    assert replications_needed("mean", 0.2, 0.01) == 400
    assert replications_needed("empirical SE", 0.2, 0.01) == 201
    assert replications_needed("coverage", 0.95, 0.005) == 1900  # Morris et al., section 5.3
    assert replications_needed("coverage", 0.5, 0.005) == 10000
    assert replications_needed("mean", 0.1, 1.0) == 2


def test_replications_needed_reach_the_target():
    rng = np.random.default_rng(15)
    for measure, of in (("mean", mean_and_error), ("empirical SE", empirical_se)):
        size = replications_needed(measure, 3.0, 0.05)
        assert of(rng.normal(0, 3.0, size))[1] == pytest.approx(0.05, rel=0.05)
    size = replications_needed("coverage", 0.9, 0.01)
    z = stats.norm.ppf(0.975) / stats.norm.ppf(0.95)
    error = coverage(rng.normal(size=size), np.full(size, 1 / z), 0.0)[1]
    assert error == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize(
    ("measure", "guess", "target", "message"),
    [
        ("median", 1.0, 0.1, "known for mean, empirical SE, coverage; 'median' is none of them"),
        ("mean", -1.0, 0.1, "a guess from 0 on and a target above 0; they are -1 and 0.1"),
        ("mean", 1.0, 0.0, "they are 1 and 0"),
        ("mean", np.nan, 0.1, "they are nan and 0.1"),
        ("coverage", 95.0, 0.1, "a share from 0 to 1; it is 95"),
    ],
)
def test_replications_that_cannot_be_told_are_refused(measure, guess, target, message):
    with pytest.raises(InputError, match=message):
        replications_needed(measure, guess, target)
