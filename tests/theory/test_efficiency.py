"""Cost of a scheme: published numbers, closed forms, and a numerical optimum."""

import numpy as np
import pytest
from scipy import optimize

from mlbalance.inputs import CountsError, InputError, PriorError
from mlbalance.populations import Gaussian, symmetric
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
    allocation,
    budget,
    covariance,
    effective_size,
    excess_risk,
    harmonic_mean,
    moments,
    population_moments,
    variance_ratio,
)

ASKED = (23, 5, 44, 14, 19, 31)
APART = (100, 400, 40)
RANDOM_COUNTS = np.random.default_rng(1).integers(2, 500, size=(20, 5))


def no_signal(n_classes, n_features):
    means = np.zeros((n_classes, n_features))
    rule = Gaussian(means, np.eye(n_features)).rule(3)
    return moments(rule, np.zeros((n_classes, 1 + n_features)))


def unit(size, *entries):
    a = np.zeros(size)
    for place, value in entries:
        a[place] = value
    return a


# The question: counts 23, 5, 44, 14, 19, 31 (numbers of literature.md, recomputed by others)


@pytest.mark.parametrize(
    ("scheme", "published"),
    [
        (Undersample(), "2.84007704724674"),
        (Oversample(), "1.14108571123"),
        (Oversample(keep=False), "1.30000875537"),
        (Bagging(Undersample(), 10), "1.18400770472"),
        (ClassWeight(), "1"),
    ],
    ids=repr,
)
def test_variance_ratio_at_the_askers_counts(scheme, published):
    digits = len(published.replace(".", ""))
    assert f"{variance_ratio(ASKED, scheme):.{digits}g}" == published


def test_effective_sizes_at_the_askers_counts():
    assert f"{effective_size(ASKED):.6g}" == "85.2023"
    assert effective_size(ASKED) == pytest.approx(751045680 / 8814851, rel=1e-14)
    assert sum(ASKED) == 136
    assert effective_size(ASKED, Undersample()) == pytest.approx(30, rel=1e-14)
    assert harmonic_mean(ASKED) == pytest.approx(2.84007704724674 * 5, rel=1e-14)


@pytest.mark.parametrize("d", [2, 5])
def test_exchangeable_classes_have_that_ratio_of_excess_risk_whatever_their_separation(d):
    """`harmonic`: a polygon and a simplex, with the moments of the population."""
    population = symmetric(6, d, 1.5)
    rule = population.rule(8 if d == 5 else 40)
    m = moments(rule, population.theta())
    schemes = (Undersample(), Oversample(), Oversample(keep=False), Bagging(Undersample(), 10))
    tolerance = 1e-8 if d == 2 else 1e-5
    for scheme in schemes:
        with_population = variance_ratio(ASKED, scheme, m)
        assert with_population == pytest.approx(variance_ratio(ASKED, scheme), rel=tolerance)


# No signal: counts 100, 400, 40


def test_without_signal_contrasts_differ_and_excess_risk_has_ratio_two():
    m = no_signal(3, 1)
    # Contrasts against class 0, class-major: b_1, w_1, b_2, w_2.
    first, second, between = unit(4, (1, 1.0)), unit(4, (3, 1.0)), unit(4, (1, 1.0), (3, -1.0))
    ratio = {
        name: variance_ratio(APART, Undersample(), m, a)
        for name, a in (("first", first), ("second", second), ("between", between))
    }
    assert ratio["first"] == pytest.approx(4.0, rel=1e-12)
    assert ratio["second"] == pytest.approx(10 / 7, rel=1e-12)
    assert f"{ratio['first']:.2f}" == "4.00" and f"{ratio['second']:.2f}" == "1.43"
    assert ratio["between"] == pytest.approx(harmonic_mean(APART[1:]) / 40, rel=1e-12)
    assert variance_ratio(APART, Undersample(), m) == pytest.approx(2.0, rel=1e-13)
    assert variance_ratio(APART, Undersample()) == pytest.approx(2.0, rel=1e-14)


@pytest.mark.parametrize("counts", RANDOM_COUNTS[:5])
def test_without_signal_the_excess_risk_has_ratio_h_over_m_and_a_contrast_that_of_its_pair(counts):
    m = no_signal(5, 2)
    ratio = variance_ratio(counts, Undersample(), m)
    assert ratio == pytest.approx(harmonic_mean(counts) / counts.min(), rel=1e-12)
    for k in range(1, 5):
        slope = unit(12, (3 * (k - 1) + 1, 1.0))
        pair = harmonic_mean(counts[[0, k]]) / counts.min()
        assert variance_ratio(counts, Undersample(), m, slope) == pytest.approx(pair, rel=1e-12)


def test_zero_slopes_are_not_no_signal():
    """Classes that differ in spread alone have zero slopes, and another ratio."""
    spread = Gaussian(np.zeros((2, 1)), np.array([[[1.0]], [[9.0]]]))
    m = moments(spread.rule(3), np.zeros((2, 2)))
    assert np.abs(m.score_mean.sum(axis=0)).max() < 1e-14
    found = variance_ratio((40, 400), Undersample(), m, unit(2, (1, 1.0)))
    assert found == pytest.approx((1 + 9) / (1 + 9 * 40 / 400), rel=1e-12)
    assert abs(found - harmonic_mean((40, 400)) / 40) > 1


# Two Gaussian classes of equal covariance


def two_classes(separation, origin):
    """Moments with the means at `origin` +- half the separation along the first of two axes."""
    means = np.array([[origin - separation / 2, 0.0], [origin + separation / 2, 0.0]])
    population = Gaussian(means, np.eye(2))
    return moments(population.rule(60), population.theta())


@pytest.mark.parametrize("separation", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_two_classes_slopes_have_ratio_twice_the_majority_share_at_every_separation(separation):
    counts = (30, 270)
    twice = 2 * (1 - 30 / 300)
    assert variance_ratio(counts, Undersample()) == pytest.approx(twice, rel=1e-14)
    for origin in (0.0, 1.0):
        m = two_classes(separation, origin)
        for slope in ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.6, -0.8)):
            assert variance_ratio(counts, Undersample(), m, slope) == pytest.approx(twice, rel=1e-6)


@pytest.mark.parametrize("separation", [0.5, 1.0, 2.0, 3.0])
def test_the_intercept_has_that_ratio_at_the_midpoint_of_the_means_and_nowhere_else(separation):
    counts, intercept = (30, 270), (1.0, 0.0, 0.0)
    ratio = {
        origin: variance_ratio(counts, Undersample(), two_classes(separation, origin), intercept)
        for origin in (-1.0, 0.0, 1.0)
    }
    assert ratio[0.0] == pytest.approx(1.8, rel=1e-6)
    assert abs(ratio[1.0] - 1.8) > 0.01 and abs(ratio[-1.0] - 1.8) > 0.01
    # An intercept at another origin is intercept and slope here: the same functional.
    moved = variance_ratio(counts, Undersample(), two_classes(separation, 0.0), (1.0, -1.0, 0.0))
    assert ratio[1.0] == pytest.approx(moved, rel=1e-6)


def test_harmonic_mean_over_m_is_below_the_number_of_classes():
    for counts in RANDOM_COUNTS:
        assert 1 <= variance_ratio(counts, Undersample()) < counts.size
    assert variance_ratio((5, *[10**9] * 4), Undersample()) == pytest.approx(5, rel=1e-7)


# Kish


def test_effective_size_is_k_times_the_harmonic_mean_and_k_times_the_undersample():
    for counts in RANDOM_COUNTS:
        assert effective_size(counts) == pytest.approx(5 * harmonic_mean(counts), rel=1e-13)
        for m in (1, counts.min()):
            assert effective_size(counts, Undersample(int(m))) == pytest.approx(5 * m, rel=1e-13)


@pytest.mark.parametrize(
    "scheme",
    [
        ClassWeight(),
        ClassWeight(prior=(0.1, 0.2, 0.3, 0.3, 0.1)),
        Undersample(),
        Oversample(),
        Oversample(keep=False),
        Cap(50),
        Thin(0.3),
        BalancedSampler(),
        Bagging(Undersample(), 3),
    ],
    ids=repr,
)
def test_effective_size_is_kish_of_the_weights_drawn_and_never_above_the_rows(scheme):
    rng = np.random.default_rng(2)
    for counts in RANDOM_COUNTS[:3]:
        y = np.repeat(np.arange(5), counts)
        squares = np.array([(scheme.draw(y, rng).mean(axis=0) ** 2).sum() for _ in range(200)])
        error = squares.std(ddof=1) / np.sqrt(squares.size)
        assert abs(squares.mean() - 1 / effective_size(counts, scheme)) <= 4 * error + 1e-15
        assert effective_size(counts, scheme) <= counts.sum() * (1 + 1e-14)


def test_effective_size_is_the_number_of_rows_if_and_only_if_weights_are_equal():
    assert effective_size((7, 7, 7)) == pytest.approx(21, rel=1e-14)
    assert effective_size((7, 3, 11), Unweighted()) == pytest.approx(21, rel=1e-14)
    assert effective_size((7, 7, 8)) < 22 - 1e-3


def test_kish_does_not_predict_the_loss_of_weighting_against_the_unweighted_fit():
    """`no-loss-at-null`: without signal the slopes of both have the same covariance."""
    counts = np.array([40, 400])
    population = symmetric(2, 1, 0.0)
    weighted = covariance(no_signal(2, 1), ClassWeight(), counts)
    tau = counts / counts.sum()
    at_data = moments(population.rule(3), population.theta(tau), tau)
    assert covariance(at_data, Unweighted(), counts)[1, 1] == pytest.approx(weighted[1, 1])
    assert effective_size(counts) < 0.4 * counts.sum()


# The budget


@pytest.fixture(scope="module")
def unequal():
    """Moments at a prior where classes differ, and their traces tr(A^-1 V_k)."""
    tau = (0.5, 0.2, 0.3)
    means = np.array([[0.0, 0.0], [1.0, 0.3], [-0.2, 0.9]])
    population = Gaussian(means, np.eye(2))
    m = moments(population.rule(30), population.theta(tau), tau)
    trace = np.array([np.trace(np.linalg.solve(m.hessian, V)) for V in m.score_cov])
    return m, tau, trace


def test_shares_are_those_of_the_excess_risk(unequal):
    m, tau, trace = unequal
    counts = (50, 20, 80)
    found = budget(counts, tau, trace)
    assert found.share.sum() == pytest.approx(1, abs=1e-15)
    whole = excess_risk(m, ClassWeight(prior=tau), counts)
    for k in range(3):
        without = m._replace(score_cov=m.score_cov * (np.arange(3) != k)[:, None, None])
        part = whole - excess_risk(without, ClassWeight(prior=tau), counts)
        assert found.share[k] == pytest.approx(part / whole, rel=1e-10)


def test_the_value_of_a_row_is_the_derivative_of_the_log_variance(unequal):
    """One row more and less of 10^5: the central difference is exact to 1e-10."""
    m, tau, trace = unequal
    counts = np.array([5, 2, 8]) * 100_000
    value = budget(counts, tau, trace).row_value
    for k in range(3):
        step = np.arange(3) == k
        ahead, behind = (
            np.log(excess_risk(m, ClassWeight(prior=tau), counts + sign * step)) for sign in (1, -1)
        )
        assert value[k] == pytest.approx((behind - ahead) / 2, rel=1e-8)


def test_equal_classes_are_the_default_of_the_budget():
    given = budget(ASKED, (1 / 6,) * 6, np.full(6, 7.0))
    np.testing.assert_allclose(budget(ASKED).share, given.share, rtol=1e-14)
    assert np.argmax(budget(ASKED).row_value) == np.argmin(ASKED)


@pytest.mark.parametrize("price", [None, (1.0, 5.0, 0.5)])
def test_no_optimiser_finds_a_better_allocation(unequal, price):
    _, tau, trace = unequal
    total, cost = 300.0, np.ones(3) if price is None else np.array(price)
    best = allocation(total, 3, prior=tau, trace=trace, price=price)

    def variance(n):
        return float((np.array(tau) ** 2 * trace / n).sum())

    found = optimize.minimize(
        lambda log_n: np.log(variance(np.exp(log_n))) + np.log(np.exp(log_n) @ cost),
        np.zeros(3),
        method="BFGS",
        options={"gtol": 1e-9},
    )
    spent = np.exp(found.x) * total / (np.exp(found.x) @ cost)
    assert best @ cost == pytest.approx(total, rel=1e-14)
    np.testing.assert_allclose(spent, best, rtol=1e-5)
    assert variance(best) <= variance(spent) * (1 + 1e-14)


def test_equal_classes_and_prices_share_the_rows_equally_and_undersampling_them_costs_nothing():
    n = allocation(120, 4)
    np.testing.assert_allclose(n, 30, rtol=1e-15)
    assert variance_ratio(n.astype(int), Undersample()) == 1


# Other distributions


def test_ratio_at_a_prior_is_against_weighting_at_that_prior(unequal):
    m, tau, _ = unequal
    counts = (50, 20, 80)
    assert variance_ratio(counts, ClassWeight(prior=tau), m) == 1
    ratio = variance_ratio(counts, Undersample(prior=tau), m)
    whole = [excess_risk(m, s(prior=tau), counts) for s in (Undersample, ClassWeight)]
    assert ratio == pytest.approx(whole[0] / whole[1], rel=1e-14)


def without_signal_at(tau, counts):
    """Excess risk of an undersample over weighting's: tau_k^2 tr(A^-1 V_k) is tau_k (1 - tau_k)."""
    part = np.array([t * (1 - t) for t in tau])
    return part.sum() / min(counts) / (part / np.array(counts)).sum()


def test_at_another_prior_neither_no_signal_nor_exchangeable_classes_have_the_number():
    tau, counts = (0.2, 0.5, 0.3), (50, 20, 80)
    guide = variance_ratio(counts, Undersample(prior=tau))
    for separation in (0.0, 1.0, 2.0):
        m = population_moments(symmetric(3, 2, separation), tau, rtol=1e-6).moments
        exact = variance_ratio(counts, Undersample(prior=tau), m)
        assert abs(guide / exact - 1) > 0.02
        if separation == 0:
            assert exact == pytest.approx(without_signal_at(tau, counts), rel=1e-12)


def test_at_another_prior_the_number_is_that_of_equal_traces():
    tau, counts = (0.4, 0.6), (50, 200)

    def at(variance):
        population = Gaussian([[0.0], [1.0]], [[[1.0]], [[variance]]])
        return population_moments(population, tau, rtol=1e-10).moments

    def gap(variance):
        m = at(variance)
        return np.subtract(*[np.trace(np.linalg.solve(m.hessian, V)) for V in m.score_cov])

    m = at(optimize.brentq(gap, 1.0, 4.0, xtol=1e-13))
    guide = variance_ratio(counts, Undersample(prior=tau))
    assert variance_ratio(counts, Undersample(prior=tau), m) == pytest.approx(guide, rel=1e-9)
    away = variance_ratio(counts, Undersample(prior=tau), at(1.0))
    assert abs(guide / away - 1) > 0.02


def test_the_order_of_classes_does_not_matter():
    shuffled = np.random.default_rng(3).permutation(ASKED)
    for scheme in (Undersample(), Oversample(), BalancedSampler(), Thin(0.5)):
        here, there = variance_ratio(ASKED, scheme), variance_ratio(shuffled, scheme)
        assert here == pytest.approx(there, rel=1e-13)


def test_as_many_rows_of_every_class_again_leave_the_ratio_of_an_undersample():
    tenfold = [10 * n for n in ASKED]
    assert variance_ratio(ASKED, Undersample()) == pytest.approx(
        variance_ratio(tenfold, Undersample()), rel=1e-14
    )


# Refusals


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: harmonic_mean((3, 0)), CountsError, "A harmonic mean needs every class present"),
        (lambda: harmonic_mean((3,)), CountsError, "at least two classes"),
        (lambda: effective_size((3, 2.5)), CountsError, "whole numbers of rows"),
        (lambda: variance_ratio((3, -1), Undersample()), CountsError, "whole numbers of rows"),
        (
            lambda: variance_ratio((3, 4), Undersample(), functional=(0.0, 1.0)),
            InputError,
            "needs the moments of a population",
        ),
        (
            lambda: variance_ratio((3, 4), Undersample(), no_signal(2, 1), (0.0, 1.0, 0.0)),
            InputError,
            r"one number for each of 2 contrasts; it has shape \(3,\)",
        ),
        (
            lambda: variance_ratio((3, 4), Undersample(), no_signal(3, 1)),
            InputError,
            "moments are of 3 classes; counts of 2",
        ),
        (lambda: budget((3, 4), (0.5, 0.6)), PriorError, "must sum to one"),
        (lambda: budget((3, 4), trace=(1.0, 0.0)), InputError, "A trace is one positive number"),
        (lambda: budget((3, 4), trace=(1.0,)), InputError, "for each of 2 classes"),
        (lambda: allocation(0, 3), InputError, "A total must be above zero; it is 0"),
        (lambda: allocation(np.nan, 3), InputError, "A total must be above zero; it is nan"),
        (lambda: allocation(10, 3, price=(1, 1, -1)), InputError, "A price is one positive"),
        (lambda: allocation(10, 3, prior=(0.5, 0.5)), PriorError, "each of 3 classes"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
