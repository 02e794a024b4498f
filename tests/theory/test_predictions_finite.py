"""Few rows: bias, Firth's penalty, averages of bags and degrees of freedom against simulation."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from mlbalance import softmax
from mlbalance.inputs import CountsError, DataError, InputError
from mlbalance.populations import Gaussian, data_rule, stack
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    Undersample,
    Unweighted,
)
from mlbalance.theory import (
    Moments,
    averaging_gap,
    covariance,
    degrees_of_freedom,
    moments,
    second_order_bias,
)

MEANS = np.array([[0.0, 0.0], [1.0, 0.5], [-0.5, 1.0]])
OWN = np.stack([np.eye(2), [[1.6, 0.5], [0.5, 0.8]], [[0.5, -0.2], [-0.2, 1.2]]])
RIGHT, WRONG = Gaussian(MEANS, np.eye(2)), Gaussian(MEANS, OWN)
PRIOR = (0.2, 0.5, 0.3)


def best(rule, prior=None, ridge=0.0):
    found = softmax.fit(*stack(rule, prior), ridge=ridge)
    assert found.status == "converged"
    return found.theta


def contrasts(theta):
    apart = (theta - theta[..., :1, :])[..., 1:, :]
    return apart.reshape(*apart.shape[:-2], -1)


# Bias


def errors(population, counts, scheme, ridge, replications, seed):
    """Errors (R, p) of fits less their first-order part, whose mean is zero; and a prediction.

    The remainder varies by 1/n, not by its root, so that few replications show the bias.
    """
    rng = np.random.default_rng(seed)
    rule = population.rule(24)
    theta = best(rule, scheme.target(np.array(counts)), ridge)
    m = moments(rule, theta, scheme.target(np.array(counts)), ridge=ridge)
    drawn = [population.sample(counts, rng) for _ in range(replications)]
    X, y = np.stack([features for features, _ in drawn]), drawn[0][1]
    W = np.stack([scheme.draw(y, rng)[0] for _ in range(replications)])
    fits = softmax.fit(X, y, W, ridge=ridge)
    assert fits.converged.all()
    u = softmax.score(theta, X, y, W, ridge=ridge)[:, 1:].reshape(replications, -1)
    first = np.linalg.solve(m.hessian, u.T).T
    predicted = second_order_bias(rule, theta, scheme, counts, ridge=ridge)
    return contrasts(fits.theta) - contrasts(theta) + first, predicted


def standard_errors(sample, value):
    return (sample.mean(axis=0) - value) / (sample.std(axis=0, ddof=1) / np.sqrt(len(sample)))


@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize(
    "scheme",
    [
        ClassWeight(),
        ClassWeight(prior=PRIOR),
        Undersample(),
        Oversample(keep=False),
        Cap(80),
        BalancedSampler(),
    ],
    ids=repr,
)
def test_simulated_fits_have_the_predicted_bias(scheme, ridge):
    """A misspecified model; the term of random totals is small (exact in `test_enumerated`)."""
    found, predicted = errors(WRONG, (180, 120, 300), scheme, ridge, 500, 1)
    assert (np.abs(standard_errors(found, predicted)) <= 4).all()
    assert (np.abs(standard_errors(found, 0)) > 4).sum() >= 3


def test_bias_is_linear_in_what_the_variance_is_linear_in():
    rule = WRONG.rule(24)
    theta = best(rule)

    def bias(scheme, counts):
        return second_order_bias(rule, theta, scheme, counts)

    counts = np.array([90, 60, 150])
    whole = bias(ClassWeight(), counts)
    np.testing.assert_allclose(bias(ClassWeight(), 3 * counts), whole / 3, rtol=1e-12)
    # (1 + c_k^2)/n_k = 1/m: an undersample has the bias of m rows of every class.
    even = bias(ClassWeight(), (20, 20, 20))
    np.testing.assert_allclose(bias(Undersample(20), counts), even, rtol=1e-12)
    inflated = [bias(Oversample(keep=False, size=size), counts) for size in (150, 300, 600)]
    steps = [(one - other) for one, other in pairwise(inflated)]
    np.testing.assert_allclose(steps[0], 2 * steps[1], rtol=1e-9)
    # Wrong: the variance ratio alone scales the bias. Classes enter with their own shares.
    assert np.ptp(bias(Undersample(), counts) / whole) > 0.5


def test_bagging_keeps_the_bias_of_one_undersample():
    rng, counts, R, B = np.random.default_rng(2), (400, 120), 250, 8
    population = Gaussian([[0.0], [1.2]], [[1.0]])
    theta = population.theta()
    rule = population.rule(40)
    m = moments(rule, theta)
    X = np.stack([population.sample(counts, rng)[0] for _ in range(R)])
    y = np.repeat([0, 1], counts)
    W = np.stack([np.concatenate([Undersample().draw(y, rng) for _ in range(B)]) for _ in range(R)])
    fits = softmax.fit(X[:, None], y, W)
    assert fits.converged.all()
    u = softmax.score(theta, X[:, None], y, W)[..., 1:, :].reshape(R * B, -1)
    first = np.linalg.solve(m.hessian, u.T).T.reshape(R, B, -1)
    left = contrasts(fits.theta) - contrasts(theta) + first
    one, bags = left[:, 0], left.mean(axis=1)
    predicted = second_order_bias(rule, theta, Bagging(Undersample(), B), counts)
    np.testing.assert_array_equal(predicted, second_order_bias(rule, theta, Undersample(), counts))
    whole = second_order_bias(rule, theta, ClassWeight(), counts)
    assert (np.abs(standard_errors(bags, predicted)) <= 4).all()
    assert (np.abs(standard_errors(one - bags, 0)) <= 4).all()
    assert standard_errors(bags, whole)[1] > 4


# Firth


def test_firth_of_a_table_adds_one_half_to_every_cell():
    cells = np.array([[7, 3], [2, 9]])
    y, x = (np.repeat(index.ravel(), cells.ravel()) for index in np.indices(cells.shape))
    found = softmax.fit_firth(x[:, None].astype(float), y).theta
    half = cells + 0.5
    slope = np.log(half[1, 1] * half[0, 0] / (half[0, 1] * half[1, 0]))
    expected = [np.log(half[1, 0] / half[0, 0]), slope]
    np.testing.assert_allclose(found[1] - found[0], expected, atol=1e-9)


def test_firth_without_features_adds_one_half_to_every_class():
    """Three classes: half the log-determinant of the information is half the sum of log p."""
    y = np.repeat([0, 1, 2], [1, 4, 10])
    found = softmax.fit_firth(np.empty((15, 0)), y).theta
    expected = np.log(np.array([1.5, 4.5, 10.5]))
    np.testing.assert_allclose(found[:, 0], expected - expected.mean(), atol=1e-9)


@pytest.mark.parametrize(
    ("x", "y"),
    [([-2.0, -1, 1, 2], [0, 0, 1, 1]), ([-2.0, -1, 0, 1, 2, 3], [0, 0, 1, 1, 2, 2])],
)
def test_firth_is_finite_where_the_classes_are_separated(x, y):
    X, y = np.array(x)[:, None], np.array(y)
    assert softmax.fit(X, y).status == "no-mle"
    found = softmax.fit_firth(X, y).theta
    assert np.isfinite(found).all() and np.abs(found).max() < 5
    np.testing.assert_allclose(
        softmax.fit_firth(100 * X, y).theta[:, 1], found[:, 1] / 100, atol=1e-10
    )

    def penalised(theta):
        info = softmax.hessian(theta, X, y)[1:, :, 1:, :]
        size = theta[1:].size
        return softmax.loss(theta, X, y) - np.linalg.slogdet(info.reshape(size, size))[1] / 2

    rng = np.random.default_rng(3)
    nearby = found + 0.05 * rng.normal(size=(50, *found.shape))
    assert min(penalised(theta) for theta in nearby) > penalised(found)


@pytest.mark.parametrize(
    ("X", "options", "status"),
    [
        ([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], {}, "not-identified"),
        ([[0.0], [1.0], [3.0]], {"max_iter": 1}, "max-iter"),
    ],
)
def test_firth_that_fails_says_how(X, options, status):
    found = softmax.fit_firth(X, [0, 1, 0], **options)
    assert found.status == status and np.isnan(found.theta).all()


def shift(population, counts, seed):
    """Shift of a fit by Firth's penalty at large counts, over the bias it is to remove."""
    X, y = population.sample(counts, np.random.default_rng(seed))
    added = contrasts(softmax.fit_firth(X, y).theta) - contrasts(softmax.fit(X, y).theta)
    prior = np.array(counts) / sum(counts)
    rule = population.rule(24)
    return added, second_order_bias(rule, best(rule, prior), Unweighted(), counts)


SLOPES = [1, 2, 4, 5]


def test_firth_takes_off_the_bias_of_slopes_under_a_right_model():
    """Fixed counts and random ones have the same bias in slopes."""
    added, bias = shift(RIGHT, (4000, 2500, 3500), 4)
    np.testing.assert_allclose(added[SLOPES], -bias[SLOPES], rtol=0.1)


def test_firth_takes_off_something_else_under_a_wrong_model():
    """About a fifth is left: the information is not the variance of the score."""
    for spread, low, high in ((1.0, 0.95, 1.05), (25.0, 0.7, 0.87)):
        added, bias = shift(Gaussian([[0.0], [2.0]], [[[1.0]], [[spread]]]), (16000, 10000), 4)
        assert low < added[1] / -bias[1] < high


def added_by_firth(rule, theta, prior, total):
    """Shift by half the log-determinant of A of a fit whose weights sum to `total`, to order
    1/total: A^-1 times its slope, by differences.
    """

    def half_log_determinant(step):
        at = theta.copy()
        at[1:] += step.reshape(theta[1:].shape)
        return np.linalg.slogdet(moments(rule, at, prior).hessian)[1] / 2

    steps = 1e-4 * np.eye(theta[1:].size)
    slope = [(half_log_determinant(h) - half_log_determinant(-h)) / 2e-4 for h in steps]
    return np.linalg.solve(moments(rule, theta, prior).hessian, slope) / total


def test_with_fixed_counts_firth_leaves_its_bias_on_intercepts():
    """Half of 1/n_k - 1/n_0, which random counts would have had; slopes lose all of theirs."""
    counts = np.array([4000, 40, 300])
    prior, rule = counts / counts.sum(), RIGHT.rule(40)
    theta = best(rule, prior)
    left = added_by_firth(rule, theta, prior, counts.sum())
    left += second_order_bias(rule, theta, Unweighted(), counts)
    wanted = np.zeros((2, 3))
    wanted[:, 0] = (1 / counts[1:] - 1 / counts[0]) / 2
    np.testing.assert_allclose(left, wanted.ravel(), atol=1e-7)


def test_of_a_weighted_fit_firth_leaves_most_of_the_bias():
    """Weights that sum to the number of rows: the penalty ignores that there are forty cases."""
    population = Gaussian([[0.0], [1.5]], [[1.0]])
    rule, counts, theta = population.rule(40), (4000, 40), population.theta()
    bias = second_order_bias(rule, theta, ClassWeight(), counts)
    left = bias + added_by_firth(rule, theta, None, sum(counts))
    assert left[1] / bias[1] > 0.95
    # With as many rows of each class weights are alike, and slopes lose all of it.
    bias = second_order_bias(rule, theta, ClassWeight(), (40, 40))
    left = bias + added_by_firth(rule, theta, None, 80)
    assert abs(left[1] / bias[1]) < 1e-5


# Argmin of the mean and mean of the argmins


def test_ever_more_bags_stay_away_from_class_weighting_by_the_predicted_gap():
    rng, counts, bags = np.random.default_rng(5), (400, 60), 1500
    population = Gaussian([[0.0, 0.0], [1.2, 0.5]], [np.eye(2), [[1.5, 0.3], [0.3, 0.8]]])
    X, y = population.sample(counts, rng)
    theta = softmax.fit(X, y, ClassWeight().draw(y, rng)[0]).theta
    rule = data_rule(X, y)
    W = np.concatenate([Undersample().draw(y, rng) for _ in range(bags)])
    fits = softmax.fit(X, y, W)
    assert fits.converged.all()
    m = moments(rule, theta)
    first = np.linalg.solve(m.hessian, softmax.score(theta, X, y, W)[:, 1:].reshape(bags, -1).T).T
    left = contrasts(fits.theta) - contrasts(theta) + first
    predicted = averaging_gap(rule, theta, Undersample())
    assert (np.abs(standard_errors(left, predicted)) <= 4).all()
    assert (np.abs(standard_errors(left, 0)) > 4).sum() >= 2
    np.testing.assert_array_equal(averaging_gap(rule, theta, Bagging(Undersample(), 99)), predicted)


def test_the_gap_closes_as_bags_grow():
    X, y = WRONG.sample((200, 100, 400), np.random.default_rng(6))
    rule, theta = data_rule(X, y), best(data_rule(X, y))
    sizes = np.array([25, 50, 99])
    gaps = np.array([averaging_gap(rule, theta, Undersample(int(m))) for m in sizes])
    # Linear in 1/m: differences stand in the ratio of those of 1/m.
    (one, other), (a, b) = np.diff(gaps, axis=0), np.diff(1 / sizes)
    np.testing.assert_allclose(one / a, other / b, rtol=1e-9)


def test_with_an_intercept_alone_there_is_no_gap():
    """Fixed totals: every draw has the same fit. Random ones differ, and so do their mean."""
    y = np.repeat([0, 1, 2], [12, 5, 31])
    X, rng = np.empty((len(y), 0)), np.random.default_rng(7)
    rule = data_rule(X, y)
    assert np.abs(averaging_gap(rule, np.zeros((3, 1)), Undersample())).max() < 1e-15
    fits = softmax.fit(X, y, Undersample().draw(y, rng)[0])
    np.testing.assert_allclose(fits.intercept, 0, atol=1e-12)
    assert np.abs(averaging_gap(rule, np.zeros((3, 1)), BalancedSampler(90))).max() > 0


# Degrees of freedom


def one_sample(variances):
    """Moments of one contrast with these score variances in two classes, A = 1."""
    spread = np.array(variances)[:, None, None]
    return Moments(np.eye(1), np.zeros((2, 1)), spread, np.full(2, 0.5))


def test_two_equal_classes_have_the_degrees_of_freedom_of_student():
    m = one_sample([1.0, 1.0])
    assert degrees_of_freedom(m, ClassWeight(), (10, 10), [1.0]) == pytest.approx(18, rel=1e-14)
    two = degrees_of_freedom(m, ClassWeight(), (2, 2), [1.0])
    assert two == pytest.approx(2, rel=1e-14)  # the fewest rows there are
    welch = degrees_of_freedom(one_sample([4.0, 1.0]), ClassWeight(), (5, 60), [1.0])
    v = np.array([4 / 5, 1 / 60])
    assert welch == pytest.approx(v.sum() ** 2 / (v**2 / [4, 59]).sum(), rel=1e-14)


@pytest.mark.parametrize("seed", range(10))
def test_degrees_of_freedom_are_within_their_bounds(seed):
    rng = np.random.default_rng(seed)
    rule = WRONG.sobol(64, rng)
    m, counts = moments(rule, rng.normal(size=(3, 3))), rng.integers(2, 60, size=3)
    f = degrees_of_freedom(m, ClassWeight(), counts, rng.normal(size=6))
    assert counts.min() - 1 <= f <= counts.sum() - 3


def test_a_class_that_dominates_leaves_its_own():
    m = one_sample([1.0, 1.0])
    f = [degrees_of_freedom(m, ClassWeight(), (5, n), [1.0]) for n in (50, 500, 50_000)]
    assert f[0] > f[1] > f[2] > 4
    assert f[2] == pytest.approx(4, rel=1e-3)


def coverage(draw, counts, size, rng):
    """Of intervals for a difference of means, with normal and with t quantiles."""
    samples = [draw(rng, k, (size, n)) for k, n in enumerate(counts)]
    mean = samples[1].mean(axis=1) - samples[0].mean(axis=1)
    spread = np.array([x.var(axis=1, ddof=1) for x in samples]).T
    half = ClassWeight(), counts
    f = np.array([degrees_of_freedom(one_sample(v), *half, [1.0]) for v in spread])
    t = np.abs(mean) / np.sqrt((spread / counts).sum(axis=1))
    return (t <= stats.norm.ppf(0.975)).mean(), (t <= stats.t.ppf(0.975, f)).mean()


def test_normal_scores_are_covered_with_these_degrees_of_freedom():
    size, rng = 6000, np.random.default_rng(8)
    normal, t = coverage(lambda r, k, shape: (2 - k) * r.normal(size=shape), (5, 60), size, rng)
    error = np.sqrt(0.95 * 0.05 / size)
    assert normal < 0.95 - 20 * error
    assert abs(t - 0.95) <= 4 * error


def test_skewed_scores_are_not():
    """Condition `normal-scores`: exponential rows, with the same mean in both classes."""
    size, rng = 3000, np.random.default_rng(9)
    _, t = coverage(lambda r, k, shape: r.exponential(size=shape), (5, 60), size, rng)
    assert t < 0.95 - 8 * np.sqrt(0.95 * 0.05 / size)


def test_five_rows_of_a_class_make_the_plug_in_anticonservative():
    """Slopes of fits: t quantiles recover half of the missing coverage."""
    rng, counts, R = np.random.default_rng(10), np.array([5, 100]), 500
    population = Gaussian([[-0.25], [0.25]], [[1.0]])
    X = np.stack([population.sample(counts, rng)[0] for _ in range(R)])
    y, a = np.repeat([0, 1], counts), np.array([0.0, 1.0])
    fits = softmax.fit(X, y, ClassWeight().draw(y, rng)[0])
    assert fits.converged.mean() > 0.99
    hits = []
    for r in np.flatnonzero(fits.converged):
        m = moments(data_rule(X[r], y), fits.theta[r])
        m = m._replace(score_cov=m.score_cov * (counts / (counts - 1))[:, None, None])
        slope = fits.coef[r, 1, 0] - fits.coef[r, 0, 0]
        t = abs(slope - 0.5) / np.sqrt(a @ covariance(m, ClassWeight(), counts) @ a)
        f = degrees_of_freedom(m, ClassWeight(), counts, a)
        hits.append([t <= stats.norm.ppf(0.975), t <= stats.t.ppf(0.975, f)])
    normal, student = np.mean(hits, axis=0)
    assert normal < 0.95 - 4 * np.sqrt(0.95 * 0.05 / R)
    assert 0.95 - student < (0.95 - normal) / 2


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: degrees_of_freedom(one_sample([1, 1]), ClassWeight(), (1, 5), [1.0]),
            CountsError,
            "needs two rows of every class; counts are \\(1, 5\\). Collect rows for class 0",
        ),
        (
            lambda: degrees_of_freedom(one_sample([1, 1]), ClassWeight(), (3, 5), [1.0, 0]),
            InputError,
            "A functional has one number for each of 1 contrasts",
        ),
        (
            lambda: degrees_of_freedom(one_sample([1, 1]), ClassWeight(), (3, 5), [0.0]),
            InputError,
            "The functional has no variance",
        ),
        (lambda: softmax.fit_firth(np.ones((2, 3, 1)), [0, 1, 0]), DataError, "takes one data set"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
