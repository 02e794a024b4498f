"""Inference for balanced fits: predictions of the labels hold, and fail without their conditions.

Labels intercept-shift, naive-se, excess-risk, prior-shift, offset-efficiency, no-loss-at-null,
bags-needed, balanced-error, bridge, contiguity.
"""

import warnings

import numpy as np
import pytest
from scipy import optimize, stats

from mlbalance import softmax
from mlbalance.corrections import prior_shift
from mlbalance.inputs import DataError, InputError
from mlbalance.populations import Gaussian, Rule, stack, symmetric
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
    bags_needed,
    balanced_error,
    balanced_error_excess,
    bridge_covariance,
    bridge_offset,
    bridge_prior,
    contiguity_power,
    covariance,
    data_moments,
    excess_risk,
    intercept_excess,
    loss_gap,
    moments,
    offset_covariance,
    second_order_bias,
    separation_loss,
    variance_ratio,
)
from tests.witnesses import MEANS, PRIOR, RIGHT, WRONG

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import statsmodels.api as sm

COUNTS = np.array([30, 70, 45])
INTERCEPTS = np.tile([True, False, False], 2)


def target(rule, prior=None, ridge=0.0, offset=None):
    """Minimiser (K, 1 + d) of the risk over a rule."""
    found = softmax.fit(*stack(rule, prior), ridge=ridge, offset=offset)
    assert found.status == "converged"
    return found.theta


def contrasts(theta):
    """Class-major contrasts (..., p) against class 0."""
    apart = (theta - theta[..., :1, :])[..., 1:, :]
    return apart.reshape(*apart.shape[:-2], -1)


def samples(population, counts, size, seed):
    """Data sets X (size, n, d) and labels y (n,)."""
    rng = np.random.default_rng(seed)
    X = np.stack([population.sample(counts, rng)[0] for _ in range(size)])
    return X, np.repeat(np.arange(len(counts)), counts)


def drawn(scheme, y, size, seed):
    rng = np.random.default_rng(seed)
    return np.stack([scheme.draw(y, rng)[0] for _ in range(size)])


def mean_z(values, predicted):
    return (values.mean() - predicted) / (values.std(ddof=1) / np.sqrt(len(values)))


def variance_z(values, predicted):
    away = (values - values.mean()) ** 2 * len(values) / (len(values) - 1)
    return mean_z(away, predicted)


# intercept-shift


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_the_mean_score_of_a_class_is_an_intercept(prior):
    m = moments(RIGHT.rule(60), RIGHT.theta(prior), prior)
    tau = np.full(3, 1 / 3) if prior is None else np.array(prior)
    moved = np.linalg.solve(m.hessian, m.score_mean.T).T
    expected = np.zeros((3, 2, 3))
    expected[0, :, 0] = 1 / tau[0]
    expected[[1, 2], [0, 1], 0] = -1 / tau[1:]
    np.testing.assert_allclose(moved.reshape(3, 2, 3), expected, atol=1e-8)


@pytest.mark.parametrize(
    "scheme",
    [
        ClassWeight(),
        ClassWeight(prior=PRIOR),
        Unweighted(),
        Undersample(),
        Oversample(),
        Cap(40),
        Thin((0.3, 0.9, 0.6), renormalise=False, prior=PRIOR),
        Bagging(BalancedSampler(30, prior=PRIOR), 2),
    ],
    ids=repr,
)
def test_uncentred_scores_cost_d_on_intercepts_and_nothing_on_slopes(scheme):
    tau = scheme.target(COUNTS)
    m = moments(RIGHT.rule(60), RIGHT.theta(tau), tau)
    excess = covariance(m, scheme, COUNTS, "robust") - covariance(m, scheme, COUNTS)
    np.testing.assert_allclose(excess, intercept_excess(COUNTS, 2, scheme), atol=1e-10)
    if scheme.moments(COUNTS).cv2.max() == 0:
        D = np.diag(1 / COUNTS[1:]) + 1 / COUNTS[0]
        np.testing.assert_allclose(excess[np.ix_(INTERCEPTS, INTERCEPTS)], D, rtol=1e-7)


@pytest.mark.parametrize(
    ("population", "ridge"), [(WRONG, 0.0), (RIGHT, 0.1)], ids=["misspecified", "ridge"]
)
def test_centring_changes_slopes_of_a_wrong_model_or_with_a_ridge(population, ridge):
    rule = population.rule(40)
    m = moments(rule, target(rule, ridge=ridge), ridge=ridge)
    robust, design = (covariance(m, ClassWeight(), COUNTS, kind) for kind in ("robust", "design"))
    slopes = np.diagonal(robust / design - 1)[~INTERCEPTS]
    # Of a correctly specified model without ridge it is zero to 1e-10, as tested above.
    assert slopes.max() > 1e-3


def test_an_intercept_excess_is_of_counts_and_features():
    assert intercept_excess((4, 5), 0).shape == (1, 1)
    assert intercept_excess((4, 5))[0, 0] == pytest.approx(1 / 4 + 1 / 5, rel=1e-15)
    with pytest.raises(InputError, match="features is not negative; -1 was given"):
        intercept_excess((4, 5), -1)


# naive-se


def repeated(seed=9):
    """Counts 10, 20, 40, each class repeated up to 40 rows: rows, and the row a copy is of."""
    X, y = RIGHT.sample((10, 20, 40), np.random.default_rng(seed))
    return X, y, np.repeat(np.arange(y.size), np.array([4, 2, 1])[y])


def fitted_by_statsmodels(X, y, **kinds):
    model = sm.MNLogit(y, sm.add_constant(X))
    return model.fit(method="newton", tol=1e-13, disp=0, **kinds).cov_params()


def test_copies_as_new_rows_are_what_software_reports_and_not_the_clustered_answer():
    X, y, row = repeated()
    weights = ClassWeight().draw(y, np.random.default_rng(0))[0]
    m = data_moments(X, y, softmax.fit(X, y, weights).theta, divisor="n_k")
    reported = fitted_by_statsmodels(X[row], y[row])
    np.testing.assert_allclose(
        covariance(m, Oversample(), (10, 20, 40), kind="model"), reported, rtol=1e-8, atol=1e-11
    )
    clusters = {"groups": row, "use_correction": False}
    clustered = fitted_by_statsmodels(X[row], y[row], cov_type="cluster", cov_kwds=clusters)
    robust = covariance(m, ClassWeight(), (10, 20, 40), kind="robust")
    np.testing.assert_allclose(robust, clustered, rtol=1e-8, atol=1e-11)
    as_new = fitted_by_statsmodels(X[row], y[row], cov_type="HC0")
    for naive in (reported, as_new):
        assert np.diagonal(naive / clustered).max() < 0.75


def test_every_row_three_times_divides_the_naive_variance_by_three():
    X, y, _ = repeated()
    row = np.repeat(np.arange(y.size), 3)
    once, copies = (fitted_by_statsmodels(X[r], y[r], cov_type="HC0") for r in (slice(None), row))
    np.testing.assert_allclose(copies, once / 3, rtol=1e-9)
    clusters = {"groups": row, "use_correction": False}
    clustered = fitted_by_statsmodels(X[row], y[row], cov_type="cluster", cov_kwds=clusters)
    np.testing.assert_allclose(clustered, once, rtol=1e-9)


def test_the_inverse_hessian_of_unweighted_data_is_that_of_statsmodels():
    X, y, _ = repeated()
    m = data_moments(X, y, softmax.fit(X, y).theta, np.bincount(y) / y.size)
    ours = covariance(m, Unweighted(), np.bincount(y), kind="model")
    np.testing.assert_allclose(ours, fitted_by_statsmodels(X, y), rtol=1e-8, atol=1e-11)


def test_unweighted_and_right_the_inverse_hessian_exceeds_the_covariance_by_d():
    tau = COUNTS / COUNTS.sum()
    m = moments(RIGHT.rule(60), RIGHT.theta(tau), tau)
    model, design = (covariance(m, Unweighted(), COUNTS, kind) for kind in ("model", "design"))
    np.testing.assert_allclose(model - design, intercept_excess(COUNTS, 2), atol=1e-10)


def test_of_an_undersample_of_a_right_model_the_inverse_hessian_has_right_slopes():
    m = moments(RIGHT.rule(60), RIGHT.theta())
    model, design = (covariance(m, Undersample(), COUNTS, kind) for kind in ("model", "design"))
    expected = np.zeros((6, 6))
    expected[np.ix_(INTERCEPTS, INTERCEPTS)] = (np.eye(2) + 1) / COUNTS.min()
    np.testing.assert_allclose(model - design, expected, atol=1e-10)


def test_weighted_without_signal_the_inverse_hessian_reports_4_pi_1_minus_pi():
    m = moments(symmetric(2, 1, 0.0).rule(3), np.zeros((2, 2)))
    for counts in ((90, 10), (50, 50), (400, 7)):
        share = counts[1] / sum(counts)
        model, design = (covariance(m, ClassWeight(), counts, kind) for kind in ("model", "design"))
        assert model[1, 1] / design[1, 1] == pytest.approx(4 * share * (1 - share), rel=1e-12)


def test_many_weighted_fits_vary_as_the_design_says_and_not_as_their_inverse_hessian():
    population, counts, size = symmetric(2, 1, 1.0), (900, 100), 800
    X, y = samples(population, counts, size, seed=21)
    weights = ClassWeight().draw(y, np.random.default_rng(0))[0]
    slope = contrasts(softmax.fit(X, y, weights).theta)[:, 1]
    m = moments(population.rule(60), population.theta())
    assert abs(variance_z(slope, covariance(m, ClassWeight(), counts)[1, 1])) <= 4
    assert abs(variance_z(slope, covariance(m, ClassWeight(), counts, "model")[1, 1])) > 8


def test_under_random_counts_d_belongs_to_the_natural_intercept_and_to_no_other():
    """Condition "fixed counts": with an offset from the observed counts D vanishes again."""
    population, tau, n, size = symmetric(2, 1, 1.0), np.array([0.7, 0.3]), 800, 1500
    rng = np.random.default_rng(23)
    y = (rng.random((size, n)) < tau[1]).astype(int)
    X = population.means[y] + rng.normal(size=(size, n, 1))
    natural = contrasts(softmax.fit(X, y).theta)
    ones = y.sum(axis=1)
    shifted = natural[:, 0] - np.log(ones / (n - ones))
    m = moments(population.rule(60), population.theta(tau), tau)
    model, design = (covariance(m, Unweighted(), n * tau, kind) for kind in ("model", "design"))
    assert abs(variance_z(natural[:, 0], model[0, 0])) <= 4
    assert variance_z(natural[:, 0], design[0, 0]) > 4
    assert abs(variance_z(shifted, design[0, 0])) <= 4
    assert abs(variance_z(natural[:, 1], design[1, 1])) <= 4


def test_of_a_wrong_model_the_inverse_hessian_is_wrong_in_slopes_too():
    tau = COUNTS / COUNTS.sum()
    rule = WRONG.rule(40)
    m = moments(rule, target(rule, tau), tau)
    model, design = (covariance(m, Unweighted(), COUNTS, kind) for kind in ("model", "design"))
    assert np.abs(np.diagonal(model / design) - 1)[~INTERCEPTS].max() > 0.05


def test_the_divisor_of_a_data_set_is_n_k_less_one_unless_told():
    X, y, _ = repeated()
    theta = softmax.fit(X, y).theta
    ours = data_moments(X, y, theta)
    s = softmax.row_scores(theta, X, y)[:, 1:].reshape(y.size, -1)
    for k in range(3):
        np.testing.assert_allclose(ours.score_cov[k], np.cov(s[y == k].T), atol=1e-14)
    larger = ours.score_cov / data_moments(X, y, theta, divisor="n_k").score_cov
    np.testing.assert_allclose(larger[:, 0, 0], [10 / 9, 20 / 19, 40 / 39], rtol=1e-12)
    alone = data_moments(X[:11], y[:11], theta[:2])
    assert (alone.score_cov[1] == 0).all()
    with pytest.raises(InputError, match='"n_k - 1" or "n_k"; \'n\' was given'):
        data_moments(X, y, theta, divisor="n")


@pytest.mark.parametrize("scheme", [BalancedSampler(), Bagging(Undersample(), 2)], ids=repr)
def test_a_model_covariance_is_of_one_fit_of_so_many_rows(scheme):
    m = moments(RIGHT.rule(3), RIGHT.theta())
    with pytest.raises(InputError, match="one fit with a known number of rows; B"):
        covariance(m, scheme, COUNTS, kind="model")


# excess-risk

LARGE = (500, 300, 700)


@pytest.fixture(scope="module", params=[0.0, 0.05], ids=["", "ridge"])
def noisy_fits(request):
    """Excess risk and gap to the training loss of many misspecified fits, by scheme."""
    ridge, size = request.param, 800
    rule = WRONG.rule(24)
    theta = target(rule, ridge=ridge)
    X, y = samples(WRONG, LARGE, size, seed=31)
    least = softmax.loss(theta, *stack(rule), ridge=ridge)
    found = {}
    for seed, scheme in enumerate((ClassWeight(), Undersample())):
        W = drawn(scheme, y, size, seed)
        fits = softmax.fit(X, y, W, ridge=ridge)
        assert fits.converged.all()
        risk = softmax.loss(fits.theta[:, None], *stack(rule), ridge=ridge)[:, 0]
        trained = softmax.loss(fits.theta, X, y, W, ridge=ridge)
        # The loss at theta* has the mean `least`: a control variate.
        trained = trained - softmax.loss(theta, X, y, W, ridge=ridge) + least
        found[scheme] = risk - least, risk - trained
    return moments(rule, theta, ridge=ridge), found


@pytest.mark.parametrize("scheme", [ClassWeight(), Undersample()], ids=repr)
def test_excess_risk_and_its_gap_to_training_loss_are_those_of_many_fits(noisy_fits, scheme):
    m, found = noisy_fits
    excess, gap = found[scheme]
    assert abs(mean_z(excess, excess_risk(m, scheme, LARGE))) <= 4
    assert abs(mean_z(gap, loss_gap(m, scheme, LARGE))) <= 4
    assert loss_gap(m, scheme, LARGE) == pytest.approx(2 * excess_risk(m, scheme, LARGE))


def test_many_fits_would_tell_the_excess_risk_of_another_scheme(noisy_fits):
    m, found = noisy_fits
    excess, _ = found[Undersample()]
    assert mean_z(excess, excess_risk(m, ClassWeight(), LARGE)) > 8


def test_with_few_rows_the_excess_risk_exceeds_its_first_order():
    """Condition "every kept count is large"; fits that do not exist are left out, and fewer."""
    counts, size = (9, 9), 1500
    population = symmetric(2, 1, 1.0)
    rule = population.rule(40)
    X, y = samples(population, counts, size, seed=33)
    fits = softmax.fit(X, y, np.full(y.size, 1 / y.size))
    theta = fits.theta[fits.converged]
    assert len(theta) > 0.97 * size
    risk = softmax.loss(theta[:, None], *stack(rule))[:, 0]
    least = softmax.loss(population.theta(), *stack(rule))
    m = moments(rule, population.theta())
    assert mean_z(risk - least, excess_risk(m, ClassWeight(), counts)) > 4


# prior-shift

ELSEWHERE = (0.6, 0.1, 0.3)


def test_a_right_model_is_shifted_to_the_fit_at_another_prior():
    rule = RIGHT.rule(30)
    at = target(rule, PRIOR)
    shifted = prior_shift(at[:, 0], PRIOR, ELSEWHERE)
    other = target(rule, ELSEWHERE)
    np.testing.assert_allclose(shifted, other[:, 0], atol=1e-8)
    np.testing.assert_allclose(at[:, 1:], other[:, 1:], atol=1e-8)


def test_weights_of_classes_move_intercepts_by_their_logs():
    rule, a = RIGHT.rule(30), np.array([3.0, 0.5, 1.0])
    X, y, weights = stack(rule, PRIOR)
    moved = softmax.fit(X, y, weights * a[y]).theta - target(rule, PRIOR)
    log_a = np.log(a) - np.log(a).mean()
    np.testing.assert_allclose(moved[:, 0], log_a, atol=1e-8)
    np.testing.assert_allclose(moved[:, 1:], 0, atol=1e-8)


@pytest.mark.parametrize(
    ("population", "ridge"), [(WRONG, 0.0), (RIGHT, 0.1)], ids=["misspecified", "ridge"]
)
def test_a_wrong_or_penalised_fit_is_not_shifted_to_the_one_at_another_prior(population, ridge):
    rule = population.rule(30)
    at, other = (target(rule, prior, ridge) for prior in (PRIOR, ELSEWHERE))
    assert np.abs(at[:, 1:] - other[:, 1:]).max() > 0.02
    assert np.abs(prior_shift(at[:, 0], PRIOR, ELSEWHERE) - other[:, 0]).max() > 0.02


def test_calibrated_probabilities_are_shifted_although_no_softmax_is_right():
    """Bayes' rule, by its own sum: posterior logits of classes of different covariances."""
    X, _ = WRONG.sample((5, 5, 5), np.random.default_rng(1))
    at_prior, elsewhere = (WRONG.logits(X) + np.log(p) for p in (PRIOR, ELSEWHERE))
    shifted = prior_shift(at_prior, PRIOR, ELSEWHERE)
    p = np.exp(softmax.log_probabilities(shifted))
    density = np.exp(WRONG.logits(X)) * ELSEWHERE
    np.testing.assert_allclose(p, density / density.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(p, np.exp(softmax.log_probabilities(elsewhere)), rtol=1e-12)


def test_without_label_shift_the_shifted_posterior_is_wrong():
    """The features of class 1 move as the prior does: no intercept makes up for it."""
    moved = Gaussian(MEANS + np.array([[0, 0], [0.5, 0], [0, 0]]), np.eye(2))
    shifted = prior_shift(RIGHT.theta(PRIOR)[:, 0], PRIOR, ELSEWHERE)
    assert np.abs(shifted - moved.theta(ELSEWHERE)[:, 0]).max() > 0.1


# offset-efficiency


def right_problem(rng):
    """A correctly specified model on a few points: rule, true theta at a prior, counts, prior."""
    K, d, size = int(rng.integers(2, 5)), int(rng.integers(1, 4)), 12
    points, base = rng.normal(size=(size, d)), rng.dirichlet(np.ones(size))
    theta, tau = rng.normal(size=(K, 1 + d)), rng.dirichlet(np.full(K, 3.0))
    joint = base[:, None] * np.exp(softmax.log_probabilities(softmax.logits(theta, points)))
    theta[:, 0] += np.log(tau / joint.sum(axis=0))
    rule = [Rule(points, mass / mass.sum()) for mass in joint.T]
    return rule, theta, rng.integers(5, 500, size=K), tau


def test_no_direction_of_the_unweighted_fit_with_offset_varies_more():
    rng = np.random.default_rng(41)
    for _ in range(50):
        rule, theta, counts, tau = right_problem(rng)
        offset = offset_covariance(rule, theta, counts, tau)
        weighted = covariance(moments(rule, theta, tau), ClassWeight(prior=tuple(tau)), counts)
        eigenvalues = np.linalg.eigvalsh(weighted - offset)
        assert eigenvalues.min() > -1e-12 * np.trace(weighted)
        assert eigenvalues.max() > 0
        robust = offset_covariance(rule, theta, counts, tau, kind="robust")
        model = offset_covariance(rule, theta, counts, tau, kind="model")
        np.testing.assert_allclose(robust, model, atol=1e-12 * np.trace(model))
        excess = intercept_excess(counts, rule[0].points.shape[1])
        np.testing.assert_allclose(model - offset, excess, atol=1e-11 * np.trace(model))


def test_with_zero_slopes_weighting_loses_nothing():
    population = Gaussian(np.zeros((3, 2)), np.eye(2))
    rule, theta = population.rule(3), population.theta(PRIOR)
    offset = offset_covariance(rule, theta, COUNTS, PRIOR)
    weighted = covariance(moments(rule, theta, PRIOR), ClassWeight(prior=PRIOR), COUNTS)
    np.testing.assert_allclose(offset, weighted, atol=1e-14)


def test_zero_slopes_of_a_wrong_model_are_not_enough():
    """Classes that differ in spread have zero slopes; then either fit may vary less."""
    rule = Gaussian(np.zeros((2, 1)), np.array([[[1.0]], [[9.0]]])).rule(3)
    theta = np.zeros((2, 2))
    weighted = covariance(moments(rule, theta), ClassWeight(), (100, 20))[1, 1]
    offset = offset_covariance(rule, theta, (100, 20))[1, 1]
    other = covariance(moments(rule, theta), ClassWeight(), (20, 100))[1, 1]
    assert weighted != pytest.approx(offset, rel=0.1)
    assert (weighted - offset) * (other - offset_covariance(rule, theta, (20, 100))[1, 1]) < 0


def test_many_fits_with_offset_vary_as_predicted_and_less_than_weighted_ones():
    population, counts, size = symmetric(3, 2, 2.0), (900, 90, 300), 500
    rule, theta = population.rule(50), population.theta()
    X, y = samples(population, counts, size, seed=43)
    found = softmax.fit(X, y, offset=bridge_offset(counts, 0.0))
    slope = contrasts(found.theta)[:, 1]
    assert found.converged.all()
    predicted = offset_covariance(rule, theta, counts)[1, 1]
    weighted = covariance(moments(rule, theta), ClassWeight(), counts)[1, 1]
    assert abs(variance_z(slope, predicted)) <= 4
    assert variance_z(slope, weighted) < -4


@pytest.mark.parametrize(
    ("population", "ridge"), [(WRONG, 0.0), (RIGHT, 0.1)], ids=["misspecified", "ridge"]
)
def test_a_wrong_or_penalised_fit_with_offset_has_another_target(population, ridge):
    rule, q = population.rule(30), COUNTS / COUNTS.sum()
    with_offset = target(rule, q, ridge, offset=bridge_offset(COUNTS, 0.0))
    assert np.abs(with_offset - target(rule, None, ridge))[:, 1:].max() > 0.01


# no-loss-at-null


@pytest.mark.parametrize(
    ("separation", "published"),
    [(0.5, "1.13"), (1.0, "1.52"), (1.5, "2.30"), (2.0, "3.76"), (3.0, "11.9")],
)
def test_the_loss_of_weighting_in_the_rare_limit(separation, published):
    """By the closed form, and by covariances at ten rare rows among ten million million."""
    assert f"{separation_loss(separation):#.3g}" == published
    population, counts = symmetric(2, 1, separation), (10**13, 10)
    rule, theta = population.rule(200), population.theta()
    weighted = covariance(moments(rule, theta), ClassWeight(), counts)[1, 1]
    unweighted = offset_covariance(rule, theta, counts)[1, 1]
    assert weighted / unweighted == pytest.approx(separation_loss(separation), rel=1e-5)


def test_the_loss_starts_at_nothing_and_grows():
    losses = [separation_loss(s) for s in np.linspace(0, 10, 101)]
    assert losses[0] == pytest.approx(1, rel=1e-12)
    assert (np.diff(losses) > 0).all()
    for outside in (-0.1, 10.1):
        with pytest.raises(InputError, match="between 0 and 10"):
            separation_loss(outside)


@pytest.mark.parametrize(
    ("controls", "published"), [(1, 1.343), (2, 1.242), (3, 1.184), (5, 1.121), (10, 1.060)]
)
def test_lumleys_ratios_of_standard_errors(controls, published):
    """logit P = alpha + X, X ~ N(0, 1), all cases and 1 % of the controls, weighted by 100."""
    nodes, mass = np.polynomial.hermite_e.hermegauss(80)
    mass = mass / mass.sum()
    wanted = 1 / (1 + 100 * controls)
    alpha = optimize.brentq(lambda a: mass @ (1 / (1 + np.exp(-a - nodes))) - wanted, -20, 0)
    p = 1 / (1 + np.exp(-alpha - nodes))
    tau = np.array([1 - wanted, wanted])
    masses = (mass * (1 - p) / tau[0], mass * p / tau[1])
    rule = [Rule(nodes[:, None], f) for f in masses]
    theta = np.array([[0.0, 0.0], [alpha, 1.0]])
    counts = (1000 * controls, 1000)
    weighted = covariance(moments(rule, theta, tau), ClassWeight(prior=tuple(tau)), counts)
    unweighted = offset_covariance(rule, theta, counts, tau)
    assert np.sqrt(weighted[1, 1] / unweighted[1, 1]) == pytest.approx(published, abs=5e-4)


# bags-needed

ASKED = (23, 5, 44, 14, 19, 31)


@pytest.mark.parametrize("eps", [0.5, 0.1, 0.03])
def test_so_many_bags_are_within_the_tolerance_and_one_fewer_are_not(eps):
    bags = bags_needed(variance_ratio(ASKED, Undersample()), eps)
    assert variance_ratio(ASKED, Bagging(Undersample(), bags)) <= 1 + eps
    assert variance_ratio(ASKED, Bagging(Undersample(), bags - 1)) > 1 + eps


def test_bags_of_a_population_with_its_own_ratio():
    m = moments(WRONG.rule(30), target(WRONG.rule(30)))
    ratio = variance_ratio(COUNTS, Undersample(), m)
    bags = bags_needed(ratio, 0.05)
    assert 1.05 / 1.2 < variance_ratio(COUNTS, Bagging(Undersample(), bags), m) <= 1.05


def test_disjoint_bags_need_fewer():
    counts = (400, 40)
    ratio = variance_ratio(counts, Undersample())
    bags = bags_needed(ratio, 0.2)
    fewer = next(
        b
        for b in range(1, 11)
        if variance_ratio(counts, Bagging(Undersample(), b, disjoint=True)) <= 1.2
    )
    assert (fewer, bags) == (4, 5)


def test_bags_that_are_not_independent_are_not_divided():
    """The same bag over and over is one bag: the label's formula is for independent draws."""
    y = np.repeat([0, 1], (40, 10))
    rng = np.random.default_rng(51)
    one = drawn(Undersample(), y, 2000, 52)[:, 0] * 40
    same = np.mean([one] * 4, axis=0)
    independent = np.stack(
        [Bagging(Undersample(), 4).draw(y, rng).mean(axis=0)[0] for _ in range(2000)]
    )
    assert same.var() / one.var() == pytest.approx(1, rel=1e-12)
    assert (independent * 40).var() / one.var() == pytest.approx(1 / 4, rel=0.1)


@pytest.mark.parametrize(
    ("ratio", "eps", "bags"), [(1.0, 0.1, 1), (1.3, 0.1, 3), (1.31, 0.1, 4), (2.0, 5.0, 1)]
)
def test_bags_are_whole_and_at_least_one(ratio, eps, bags):
    assert bags_needed(ratio, eps) == bags


@pytest.mark.parametrize(
    ("ratio", "eps", "message"),
    [(0.9, 0.1, "at least 1; it is 0.9"), (np.nan, 0.1, "at least 1"), (2.0, 0.0, "above zero")],
)
def test_no_bags_bring_a_ratio_below_one_or_to_nothing(ratio, eps, message):
    with pytest.raises(InputError, match=message):
        bags_needed(ratio, eps)


# balanced-error

TWO_RIGHT = Gaussian([[0.0, 0.0], [1.2, 0.5]], [[1.0, 0.3], [0.3, 0.8]])
TWO_WRONG = Gaussian([[0.0, 0.0], [1.0, 0.8]], [np.eye(2) * 0.3, [[3.0, 0.9], [0.9, 1.0]]])


def at_contrast(v):
    return np.stack([np.zeros_like(v), v])


def test_the_balanced_error_is_that_of_sampled_rows():
    theta = np.array([[0.2, -0.3, 0.1], [-0.4, 0.9, 0.5]])
    X, y = TWO_WRONG.sample((40_000, 40_000), np.random.default_rng(61))
    wrong = softmax.logits(theta, X).argmax(axis=1) != y
    assert abs(mean_z(wrong.astype(float), balanced_error(TWO_WRONG, theta).value)) <= 4


@pytest.mark.parametrize("population", [TWO_RIGHT, TWO_WRONG], ids=["right", "wrong"])
def test_derivatives_of_the_balanced_error_are_its_differences(population):
    v, step = np.array([-0.4, 0.9, 0.5]), 1e-5
    at = balanced_error(population, at_contrast(v))
    for j, e in enumerate(np.eye(3) * step):
        ahead, behind = (balanced_error(population, at_contrast(v + s * e)) for s in (1, -1))
        assert (ahead.value - behind.value) / (2 * step) == pytest.approx(at.gradient[j], abs=1e-9)
        change = (ahead.gradient - behind.gradient) / (2 * step)
        np.testing.assert_allclose(change, at.hessian[j], atol=1e-9)


def test_the_balanced_error_has_gradient_zero_at_a_right_model_uniform_and_unpenalised():
    right = balanced_error(TWO_RIGHT, TWO_RIGHT.theta())
    assert np.abs(right.gradient).max() < 1e-15
    assert np.linalg.eigvalsh(right.hessian).min() > -1e-15
    rule, elsewhere = TWO_RIGHT.rule(40), TWO_RIGHT.theta((0.8, 0.2))
    wrong = balanced_error(TWO_WRONG, target(TWO_WRONG.rule(40)))
    other_prior = balanced_error(TWO_RIGHT, elsewhere)
    # A common ridge leaves the boundary of two equal covariances: only its direction turns.
    penalised = balanced_error(TWO_RIGHT, target(rule, ridge=0.5))
    for at in (wrong, other_prior, penalised):
        assert np.abs(at.gradient).max() > 1e-3


def errors_of_fits(population, counts, scheme, size, seed):
    """Contrasts (R, 3) and balanced errors (R,) of many fits."""
    X, y = samples(population, counts, size, seed)
    fits = softmax.fit(X, y, drawn(scheme, y, size, seed + 1))
    theta = fits.theta[fits.converged]
    return contrasts(theta), np.array([balanced_error(population, t).value for t in theta])


@pytest.mark.parametrize("scheme", [ClassWeight(), Undersample()], ids=repr)
def test_a_right_model_errs_more_by_half_the_covariance_against_the_hessian(scheme):
    counts, rule, theta = (900, 300), TWO_RIGHT.rule(40), TWO_RIGHT.theta()
    at = balanced_error(TWO_RIGHT, theta)
    predicted = balanced_error_excess(at, covariance(moments(rule, theta), scheme, counts))
    _, errors = errors_of_fits(TWO_RIGHT, counts, scheme, 2000, 62)
    assert len(errors) == 2000
    assert abs(mean_z(errors - at.value, predicted)) <= 4
    assert mean_z(errors - at.value, 0.0) > 8


@pytest.fixture(scope="module")
def wrong_errors():
    """Misspecified fits: expansion, covariance, predicted bias; moves and excess errors."""
    counts, rule = (600, 120), TWO_WRONG.rule(40)
    theta = target(rule)
    at = balanced_error(TWO_WRONG, theta)
    cov = covariance(moments(rule, theta), ClassWeight(), counts)
    bias = second_order_bias(rule, theta, ClassWeight(), counts)
    found, errors = errors_of_fits(TWO_WRONG, counts, ClassWeight(), 6000, 64)
    return at, cov, bias, found - contrasts(theta), errors - at.value


def test_of_a_wrong_model_covariance_and_bias_predict_the_error(wrong_errors):
    at, cov, bias, _, excess = wrong_errors
    assert abs(mean_z(excess, balanced_error_excess(at, cov, bias))) <= 4


def test_of_a_wrong_model_the_covariance_alone_does_not_predict_the_error(wrong_errors):
    at, cov, _, away, excess = wrong_errors
    assert abs(mean_z(excess, balanced_error_excess(at, cov))) > 4
    # The noise of first order is that of the bias: it cancels row by row from the difference.
    linear = away @ at.gradient
    with_bias = balanced_error_excess(at, cov, away.mean(axis=0))
    assert abs(mean_z(excess - linear, with_bias - linear.mean())) <= 4


def test_with_few_rows_the_expansion_of_the_error_fails():
    counts, rule, theta = (6, 6), TWO_RIGHT.rule(40), TWO_RIGHT.theta()
    at = balanced_error(TWO_RIGHT, theta)
    predicted = balanced_error_excess(at, covariance(moments(rule, theta), ClassWeight(), counts))
    _, errors = errors_of_fits(TWO_RIGHT, counts, ClassWeight(), 2000, 66)
    assert abs(mean_z(errors - at.value, predicted)) > 4


def test_a_balanced_error_without_density_at_the_boundary_has_no_hessian():
    """On a data set the error is a step: flat almost everywhere, whatever the noise adds."""
    X, y = TWO_RIGHT.sample((20, 20), np.random.default_rng(68))
    v = contrasts(TWO_RIGHT.theta())

    def error(v):
        wrong = (softmax.logits(at_contrast(v), X).argmax(axis=1) != y).astype(float)
        return (wrong[y == 0].mean() + wrong[y == 1].mean()) / 2

    values = {error(v + np.array([b, 0, 0])) for b in np.linspace(-1e-4, 1e-4, 9)}
    assert len(values) == 1
    assert error(v + np.array([0.5, 0, 0])) != error(v)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: balanced_error(RIGHT, RIGHT.theta()), DataError, "two classes"),
        (lambda: balanced_error(TWO_RIGHT, np.zeros((2, 4))), DataError, "of two classes, theta"),
        (lambda: balanced_error(TWO_RIGHT, np.eye(2, 3) * [1, 0, 0]), DataError, "slopes of zero"),
        (
            lambda: balanced_error_excess(
                balanced_error(TWO_RIGHT, TWO_RIGHT.theta()), np.eye(3), [1.0]
            ),
            InputError,
            "of 3 contrasts",
        ),
    ],
)
def test_an_error_that_cannot_be_had_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


# bridge


def test_the_bridge_ends_in_the_offset_and_in_the_weights():
    rule, theta = RIGHT.rule(30), RIGHT.theta(PRIOR)
    weighted = covariance(moments(rule, theta, PRIOR), ClassWeight(prior=PRIOR), COUNTS)
    at_one = bridge_covariance(rule, theta, COUNTS, 1.0, PRIOR)
    at_zero = bridge_covariance(rule, theta, COUNTS, 0.0, PRIOR)
    np.testing.assert_allclose(at_one, weighted, rtol=1e-12)
    np.testing.assert_allclose(at_zero, offset_covariance(rule, theta, COUNTS, PRIOR), rtol=1e-15)
    np.testing.assert_allclose(bridge_prior(COUNTS, 1.0, PRIOR), PRIOR, rtol=1e-14)
    np.testing.assert_allclose(bridge_prior(COUNTS, 0.0), COUNTS / COUNTS.sum(), rtol=1e-14)
    np.testing.assert_allclose(bridge_offset(COUNTS, 1.0, PRIOR), 0, atol=1e-14)
    logged = np.log(COUNTS) - np.log(COUNTS).mean()
    np.testing.assert_allclose(bridge_offset(COUNTS, 0.0), logged, rtol=1e-13)


@pytest.mark.parametrize("g", [0.0, 0.3, 0.7, 1.0])
def test_every_bridge_estimates_a_right_model_and_none_varies_less_than_the_offset(g):
    rule, theta = RIGHT.rule(30), RIGHT.theta(PRIOR)
    offset, q = bridge_offset(COUNTS, g, PRIOR), bridge_prior(COUNTS, g, PRIOR)
    np.testing.assert_allclose(target(rule, q, offset=offset), theta, atol=1e-7)
    more = bridge_covariance(rule, theta, COUNTS, g, PRIOR)
    more = more - offset_covariance(rule, theta, COUNTS, PRIOR)
    assert np.linalg.eigvalsh(more).min() > -1e-10
    assert g == 0 or np.linalg.eigvalsh(more).max() > 1e-6


def test_the_bridge_is_of_weights_as_the_label_writes_them():
    X, y = RIGHT.sample(COUNTS, np.random.default_rng(71))
    g, tau = 0.4, np.array(PRIOR)
    literal = (tau / COUNTS)[y] ** g
    found = softmax.fit(X, y, literal, offset=(1 - g) * np.log(COUNTS / tau))
    q = bridge_prior(COUNTS, g, PRIOR)
    ours = softmax.fit(X, y, (q / COUNTS)[y], offset=bridge_offset(COUNTS, g, PRIOR))
    np.testing.assert_allclose(found.theta, ours.theta, atol=1e-8)


@pytest.mark.parametrize(
    ("population", "ridge"), [(WRONG, 0.0), (RIGHT, 0.1)], ids=["misspecified", "ridge"]
)
def test_of_a_wrong_or_penalised_fit_only_the_end_of_weights_keeps_the_target(population, ridge):
    rule, away = population.rule(30), []
    for g in (0.0, 0.5, 1.0):
        offset, q = bridge_offset(COUNTS, g), bridge_prior(COUNTS, g)
        moved = target(rule, q, ridge, offset) - target(rule, None, ridge)
        away.append(np.abs(moved).max())
    assert away[0] > away[1] > 0.01 and away[2] < 1e-8


@pytest.mark.parametrize("g", [-0.1, 1.1, np.nan])
def test_a_bridge_has_two_ends(g):
    with pytest.raises(InputError, match="from g = 0 to g = 1; g ="):
        bridge_prior(COUNTS, g)


# contiguity

COUNTS_TWO = np.array([900, 100])


def influence(rule, theta):
    """Difference of the slope's influence functions at the points of both classes, per row."""
    q = COUNTS_TWO / COUNTS_TWO.sum()
    shifted = theta.copy()
    shifted[:, 0] += bridge_offset(COUNTS_TWO, 0.0)
    A, B = moments(rule, theta).hessian, moments(rule, shifted, q).hessian
    found = []
    for k, (points, _) in enumerate(rule):
        y = np.full(len(points), k)
        s, o = (softmax.row_scores(t, points, y)[:, 1] for t in (theta, shifted))
        found.append(-(s @ np.linalg.inv(A)[1]) * 0.5 / q[k] + o @ np.linalg.inv(B)[1])
    return found


def inner(rule, one, other):
    """Mean of a product over the distribution of the rows."""
    q = COUNTS_TWO / COUNTS_TWO.sum()
    return sum(s * (r.weights @ (a * b)) for s, r, a, b in zip(q, rule, one, other, strict=True))


def bias_of_the_offset(rule, tilt, size=1e-4):
    """Slope of the offset fit less that of weighting, per unit of a tilt."""
    moved = []
    for sign in (1, -1):
        tilted = [
            Rule(r.points, r.weights * (1 + sign * size * t))
            for r, t in zip(rule, tilt, strict=True)
        ]
        q = COUNTS_TWO / COUNTS_TWO.sum()
        with_offset = target(tilted, q, offset=bridge_offset(COUNTS_TWO, 0.0))
        moved.append((contrasts(with_offset) - contrasts(target(tilted)))[1])
    return (moved[0] - moved[1]) / (2 * size)


@pytest.fixture(scope="module")
def slope_difference():
    """A correctly specified model on 25 points, its slope contrast, d at points of both classes."""
    points = np.linspace(-3, 3, 25)[:, None]
    p = 1 / (1 + np.exp(-2 * points[:, 0]))
    density = np.exp(-(points[:, 0] ** 2) / 2)
    rule = [Rule(points, f / f.sum()) for f in (density * (1 - p), density * p)]
    theta = np.array([[0.0, -1.0], [0.0, 1.0]])
    return rule, theta, influence(rule, theta)


def test_a_test_of_the_least_favourable_departure_has_power_26_percent():
    assert f"{contiguity_power():.2f}" == "0.26"
    assert contiguity_power() == pytest.approx(stats.norm.sf(stats.norm.isf(0.05) - 1), rel=1e-12)
    draws = np.random.default_rng(81).normal(1.0, 1.0, size=20_000)
    seen = (draws > stats.norm.isf(0.05)).astype(float)
    assert abs(mean_z(seen, contiguity_power())) <= 4


def test_a_departure_along_the_difference_makes_the_two_errors_equal(slope_difference):
    """Exact to the tilt's size: bias, and the variances it has to make up for."""
    rule, theta, d = slope_difference
    omega = np.sqrt(inner(rule, d, d))
    assert max(abs(r.weights @ a) for r, a in zip(rule, d, strict=True)) < 1e-10
    weighted = covariance(moments(rule, theta), ClassWeight(), COUNTS_TWO)[1, 1]
    unweighted = offset_covariance(rule, theta, COUNTS_TWO)[1, 1]
    assert COUNTS_TWO.sum() * (weighted - unweighted) == pytest.approx(omega**2, rel=1e-9)
    tilt = [a / omega for a in d]
    assert inner(rule, tilt, tilt) == pytest.approx(1)
    bias = bias_of_the_offset(rule, tilt)
    assert bias == pytest.approx(-omega, rel=1e-5)
    n, kappa = COUNTS_TWO.sum(), 1.0
    assert unweighted + (kappa * bias) ** 2 / n == pytest.approx(weighted, rel=1e-5)


def test_in_other_directions_the_bias_is_less_and_may_be_nothing(slope_difference):
    rule, _, d = slope_difference
    omega = np.sqrt(inner(rule, d, d))
    rng = np.random.default_rng(82)
    tilt = [rng.uniform(-1, 1, size=len(r.weights)) for r in rule]
    tilt = [t - r.weights @ t for t, r in zip(tilt, rule, strict=True)]
    size = np.sqrt(inner(rule, tilt, tilt))
    correlation = inner(rule, tilt, d) / (omega * size)
    assert 0 < abs(correlation) < 0.9
    bias = bias_of_the_offset(rule, [t / size for t in tilt])
    assert bias == pytest.approx(-omega * correlation, rel=1e-4)
    along = inner(rule, tilt, d) / omega**2
    orthogonal = [t - along * a for t, a in zip(tilt, d, strict=True)]
    assert abs(bias_of_the_offset(rule, orthogonal)) < 1e-6 * omega


@pytest.mark.parametrize("kappa", [0.0, 2.0])
def test_many_fits_have_the_mean_squared_errors_of_the_label(slope_difference, kappa):
    """About the target of weighting on the tilted distribution; the difference is paired."""
    rule, _, d = slope_difference
    omega, counts, size = np.sqrt(inner(rule, d, d)), 16 * COUNTS_TWO, 1500
    tilt = [kappa * a / omega / np.sqrt(counts.sum()) for a in d]
    tilted = [Rule(r.points, r.weights * (1 + t)) for r, t in zip(rule, tilt, strict=True)]
    assert min(r.weights.min() for r in tilted) > 0
    rng = np.random.default_rng(83)
    # Rows at the same point are one row with their number as weight.
    rows = [rng.multinomial(n, r.weights, size=size) for n, r in zip(counts, tilted, strict=True)]
    X, y = np.concatenate([r.points for r in tilted]), np.repeat([0, 1], 25)
    number = np.concatenate(rows, axis=1).astype(float)
    weighted = softmax.fit(X, y, number / counts[y])
    unweighted = softmax.fit(X, y, number, offset=bridge_offset(counts, 0.0))
    goal = contrasts(target(tilted))[1]
    errors = [(contrasts(f.theta)[:, 1] - goal) ** 2 for f in (unweighted, weighted)]
    difference = counts.sum() * (errors[0] - errors[1])
    assert abs(mean_z(difference, omega**2 * (kappa**2 - 1))) <= 4
    assert np.sign(difference.mean()) == np.sign(kappa - 1)
    assert abs(mean_z(difference, 0.0)) > 4


def test_the_power_at_break_even_grows_as_the_direction_turns_away():
    powers = [contiguity_power(correlation=r) for r in (1.0, 0.5, 0.25, 0.1)]
    assert (np.diff(powers) > 0).all() and powers[-1] > 0.999
    assert contiguity_power(0.01) < contiguity_power(0.05) < contiguity_power(0.1)


@pytest.mark.parametrize(
    ("level", "correlation", "message"),
    [
        (0.0, 1.0, "level lies between"),
        (1.0, 1.0, "level"),
        (0.05, 0.0, "correlation"),
        (0.05, 2.0, "c"),
    ],
)
def test_a_power_needs_a_level_and_a_correlation(level, correlation, message):
    with pytest.raises(InputError, match=message):
        contiguity_power(level, correlation)
