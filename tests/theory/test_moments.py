"""Moments of the score and the covariance they predict, against simulation and statsmodels."""

import warnings

import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.inputs import CountsError, DataError, InputError, PriorError, SchemeError
from mlbalance.populations import Gaussian, data_rule, stack, symmetric
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
    Moments,
    covariance,
    degrees_of_freedom,
    excess_risk,
    loss_gap,
    moments,
    score_variance,
    variance_ratio,
)
from tests.witnesses import PRIOR, RIGHT, WRONG

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import statsmodels.api as sm


# One row per distribution of weights, totals fixed or random, with and without a prior.
FIXED_TOTALS = (
    ClassWeight(),
    ClassWeight(prior=PRIOR),
    Undersample(),
    Undersample(3, prior=PRIOR),
    Undersample(replace=True),
    Oversample(),
    Oversample(keep=False),
    Cap(5),
    Thin(0.5),
    Bagging(Undersample(), 3),
    Bagging(Undersample(prior=PRIOR), 2, disjoint=True),
)
RANDOM_TOTALS = (
    Thin(0.5, renormalise=False),
    Thin((0.3, 0.9, 0.6), renormalise=False, prior=PRIOR),
    BalancedSampler(),
    BalancedSampler(10, prior=PRIOR),
    Bagging(BalancedSampler(6), 2),
)


def contrasts(theta):
    """Class-major contrasts (..., p) against class 0."""
    apart = (theta - theta[..., :1, :])[..., 1:, :]
    return apart.reshape(*apart.shape[:-2], -1)


def covariance_z(sample, predicted):
    """Standard errors (p, p) between the covariance of rows (R, p) and a prediction.

    The Monte Carlo error of an entry is that of a mean of products, taken from the sample.
    """
    away = sample - sample.mean(axis=0)
    products = away[:, :, None] * away[:, None, :] * len(away) / (len(away) - 1)
    error = products.std(axis=0, ddof=1) / np.sqrt(len(away))
    return (products.mean(axis=0) - predicted) / error


def samples(population, counts, size, seed):
    rng = np.random.default_rng(seed)
    return np.stack([population.sample(counts, rng)[0] for _ in range(size)])


def best(rule, prior=None, ridge=0.0):
    """Minimiser of the risk over a rule."""
    found = softmax.fit(*stack(rule, prior), ridge=ridge)
    assert found.status == "converged"
    return found.theta


def random_problem(rng, model, ridge):
    """Rule, minimiser, moments and counts of a small random problem."""
    K, d = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    root = rng.normal(size=(d, d) if model == "right" else (K, d, d))
    sigma = root @ np.swapaxes(root, -1, -2) / 2 + np.eye(d)
    rule = Gaussian(rng.normal(size=(K, d)) / 2, sigma).sobol(64, rng)
    tau = rng.dirichlet(np.full(K, 3.0))
    m = moments(rule, best(rule, tau, ridge), tau, ridge=ridge)
    return m, rng.integers(2, 200, size=K), tuple(tau)


# Moments


def sample_and_coefficients(seed=1):
    rng = np.random.default_rng(seed)
    X, y = RIGHT.sample((20, 50, 30), rng)
    return X, y, rng.normal(size=(3, 3))


def test_moments_of_a_data_set_are_those_of_statsmodels():
    """At any coefficients, with the prior of the data: mean Hessian and row scores of MNLogit."""
    X, y, theta = sample_and_coefficients()
    m = moments(data_rule(X, y), theta, np.bincount(y) / y.size)
    model = sm.MNLogit(y, sm.add_constant(X))
    at = (theta - theta[0])[1:].T
    np.testing.assert_allclose(m.hessian, -model.hessian(at) / y.size, atol=1e-14)
    for k in range(3):
        s = -model.score_obs(at)[y == k]
        np.testing.assert_allclose(m.score_mean[k], s.mean(axis=0), atol=1e-14)
        np.testing.assert_allclose(m.score_cov[k], np.cov(s.T, ddof=0), atol=1e-14)


def test_moments_at_another_prior_are_those_of_a_weighted_binomial_model():
    X, y, theta = sample_and_coefficients()
    X, y, theta = X[y < 2], y[y < 2], theta[:2]
    weights = ClassWeight(prior=(0.3, 0.7)).draw(y, np.random.default_rng(0))[0]
    family = sm.families.Binomial()
    model = sm.GLM(y, sm.add_constant(X), family=family, var_weights=weights)
    m = moments(data_rule(X, y), theta, (0.3, 0.7))
    at = contrasts(theta)
    np.testing.assert_allclose(m.hessian, -model.hessian(at, scale=1), atol=1e-14)
    total = np.array([0.3, 0.7]) @ m.score_mean
    np.testing.assert_allclose(total, -model.score(at, scale=1), atol=1e-14)


def test_moments_of_a_population_are_those_of_a_large_sample():
    _, _, theta = sample_and_coefficients()
    m = moments(WRONG.rule(40), theta)
    X, y = WRONG.sample((40_000,) * 3, np.random.default_rng(2))
    s = softmax.row_scores(theta, X, y)[:, 1:].reshape(y.size, -1)
    for k in range(3):
        own = s[y == k]
        z = (own.mean(axis=0) - m.score_mean[k]) / (own.std(axis=0) / np.sqrt(len(own)))
        assert np.abs(z).max() <= 4
        assert np.abs(covariance_z(own, m.score_cov[k])).max() <= 4


def test_hessian_is_the_derivative_of_the_mean_score():
    _, _, theta = sample_and_coefficients()
    rule, ridge, step = WRONG.rule(30), 0.2, 1e-5
    columns = []
    for k in (1, 2):
        for j in range(3):
            ahead, behind = theta.copy(), theta.copy()
            ahead[k, j] += step
            behind[k, j] -= step
            change = [softmax.score(t, *stack(rule, PRIOR), ridge=ridge) for t in (ahead, behind)]
            columns.append((change[0] - change[1])[1:].ravel() / (2 * step))
    m = moments(rule, theta, PRIOR, ridge=ridge)
    np.testing.assert_allclose(m.hessian, np.array(columns), atol=1e-9)


def test_ridge_enters_the_hessian_as_the_penalty_of_symmetric_coefficients():
    _, _, theta = sample_and_coefficients()
    rng = np.random.default_rng(3)
    rule, ridge = RIGHT.rule(5), 0.3
    extra = moments(rule, theta, ridge=ridge).hessian - moments(rule, theta).hessian
    for _ in range(5):
        v = rng.normal(size=(2, 3))
        coef = np.concatenate([np.zeros((1, 2)), v[:, 1:]])
        coef -= coef.mean(axis=0)
        penalty = ridge / 2 * (coef**2).sum()
        assert v.ravel() @ extra @ v.ravel() / 2 == pytest.approx(penalty, rel=1e-12)


@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_mean_score_at_the_minimiser_is_that_of_the_ridge(ridge):
    rule = WRONG.rule(20)
    theta = best(rule, PRIOR, ridge)
    m = moments(rule, theta, PRIOR, ridge=ridge)
    gradient = np.concatenate([np.zeros((3, 1)), ridge * theta[:, 1:]], axis=1)
    np.testing.assert_allclose(np.array(PRIOR) @ m.score_mean, -gradient[1:].ravel(), atol=1e-10)


# Variance of the score: exact, at any coefficients and any counts


@pytest.mark.parametrize("scheme", FIXED_TOTALS + RANDOM_TOTALS, ids=repr)
def test_score_variance_is_that_of_simulated_gradients(scheme):
    counts, size = (8, 4, 12), 3000
    theta = np.random.default_rng(4).normal(size=(3, 3))
    X, y = samples(WRONG, counts, size, seed=5), np.repeat(np.arange(3), counts)
    rng = np.random.default_rng(6)
    weights = np.stack([scheme.draw(y, rng).mean(axis=0) for _ in range(size)])
    gradients = softmax.score(theta, X, y, weights)[:, 1:].reshape(size, -1)
    m = moments(WRONG.rule(40), theta)
    tau = scheme.target(np.array(counts))
    mean_z = (gradients.mean(axis=0) - tau @ m.score_mean) / (gradients.std(axis=0) / np.sqrt(size))
    z = covariance_z(gradients, score_variance(m, scheme, counts))
    assert np.abs(mean_z).max() <= 4 and np.abs(z).max() <= 4


def test_simulated_gradients_would_tell_a_missing_between_class_term():
    """Power of the test above: without the second term of `random-totals` it fails."""
    counts, size, scheme = (8, 4, 12), 3000, BalancedSampler()
    theta = np.random.default_rng(4).normal(size=(3, 3))
    X, y = samples(WRONG, counts, size, seed=5), np.repeat(np.arange(3), counts)
    rng = np.random.default_rng(6)
    weights = np.stack([scheme.draw(y, rng)[0] for _ in range(size)])
    gradients = softmax.score(theta, X, y, weights)[:, 1:].reshape(size, -1)
    m = moments(WRONG.rule(40), theta)
    within = score_variance(m._replace(score_mean=0 * m.score_mean), scheme, counts)
    assert np.abs(covariance_z(gradients, within)).max() > 8


# The sandwich

COUNTS = tuple(40 * n for n in (5, 8, 12))
REPLICATES = 500
SETTINGS = {"right": (RIGHT, 0.0), "wrong": (WRONG, 0.0), "wrong, ridge": (WRONG, 0.1)}
FITTED = (ClassWeight(), Undersample(), Thin(0.5, renormalise=False), BalancedSampler())


@pytest.fixture(scope="module", params=SETTINGS)
def fitted(request):
    """Population moments, and contrasts (R, p) of many fits of every scheme."""
    population, ridge = SETTINGS[request.param]
    rule = population.rule(60)
    m = moments(rule, best(rule, ridge=ridge), ridge=ridge)
    X, y = samples(population, COUNTS, REPLICATES, seed=7), np.repeat(np.arange(3), COUNTS)
    rng = np.random.default_rng(8)
    found = {}
    for scheme in FITTED:
        weights = np.concatenate([scheme.draw(y, rng) for _ in range(REPLICATES)])
        fits = softmax.fit(X, y, weights, ridge=ridge)
        assert fits.converged.all()
        found[scheme] = contrasts(fits.theta)
    return m, found


@pytest.mark.parametrize("scheme", FITTED, ids=repr)
def test_covariance_is_that_of_many_fits(fitted, scheme):
    """First order leaves out O(1/n): with 20 000 replicates variances exceeded the prediction by
    up to 7 %, no more than one Monte Carlo standard error of the 500 here (6 % of a variance).
    """
    m, found = fitted
    z = covariance_z(found[scheme], covariance(m, scheme, COUNTS))
    assert np.abs(z).max() <= 4


def test_many_fits_would_tell_one_scheme_from_another(fitted):
    """Power of the test above: each scheme's fits refuse the covariance of class weights."""
    m, found = fitted
    for scheme in FITTED[1:]:
        z = covariance_z(found[scheme], covariance(m, ClassWeight(), COUNTS))
        assert np.abs(z).max() > 4


def test_many_fits_would_tell_the_robust_covariance_of_the_intercepts(fitted):
    m, found = fitted
    z = covariance_z(found[ClassWeight()], covariance(m, ClassWeight(), COUNTS, kind="robust"))
    assert np.abs(z).max() > 4


def test_robust_covariance_of_unweighted_data_is_statsmodels_hc0():
    X, y, _ = sample_and_coefficients()
    counts = np.bincount(y)
    model = sm.MNLogit(y, sm.add_constant(X))
    oracle = model.fit(method="newton", tol=1e-13, disp=0, cov_type="HC0").cov_params()
    m = moments(data_rule(X, y), softmax.fit(X, y).theta, counts / y.size)
    ours = covariance(m, Unweighted(), counts, kind="robust")
    np.testing.assert_allclose(ours, oracle, rtol=1e-9, atol=1e-12)


def test_robust_covariance_of_weighted_data_is_statsmodels_hc0():
    X, y, _ = sample_and_coefficients()
    X, y = X[y < 2], y[y < 2]
    scheme = ClassWeight(prior=(0.3, 0.7))
    weights = scheme.draw(y, np.random.default_rng(0))[0]
    family = sm.families.Binomial()
    model = sm.GLM(y, sm.add_constant(X), family=family, var_weights=y.size * weights)
    oracle = model.fit(tol=1e-14, cov_type="HC0").cov_params()
    m = moments(data_rule(X, y), softmax.fit(X, y, weights).theta, (0.3, 0.7))
    ours = covariance(m, scheme, np.bincount(y), kind="robust")
    np.testing.assert_allclose(ours, oracle, rtol=1e-8, atol=1e-10)


def test_robust_covariance_is_that_of_repeated_rows_clustered_on_their_row():
    """Counts 10, 20, 40: balanced weights repeat a row 4, 2 and 1 times."""
    X, y = RIGHT.sample((10, 20, 40), np.random.default_rng(9))
    row = np.repeat(np.arange(y.size), np.array([4, 2, 1])[y])
    model = sm.MNLogit(y[row], sm.add_constant(X[row]))
    clustered = {"groups": row, "use_correction": False}
    oracle = model.fit(
        method="newton", tol=1e-13, disp=0, cov_type="cluster", cov_kwds=clustered
    ).cov_params()
    weights = ClassWeight().draw(y, np.random.default_rng(0))[0]
    m = moments(data_rule(X, y), softmax.fit(X, y, weights).theta)
    ours = covariance(m, ClassWeight(), (10, 20, 40), kind="robust")
    np.testing.assert_allclose(ours, oracle, rtol=1e-8, atol=1e-11)


def test_robust_exceeds_design_by_the_class_means_alone():
    """Centring is all that tells them apart, whatever the data: HC0 of rows less their mean."""
    X, y, theta = sample_and_coefficients()
    m = moments(data_rule(X, y), theta, PRIOR)
    centred = m._replace(score_mean=0 * m.score_mean)
    scheme, counts = Undersample(prior=PRIOR), np.bincount(y)
    np.testing.assert_allclose(
        covariance(m, scheme, counts),
        covariance(centred, scheme, counts, kind="robust"),
        rtol=1e-12,
    )


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_of_a_right_model_robust_exceeds_design_by_d_on_intercepts_and_nothing_on_slopes(prior):
    """`intercept-shift`: a closed form, exact but for the quadrature."""
    counts = np.array([30, 70, 45])
    m = moments(RIGHT.rule(60), RIGHT.theta(prior), prior)
    scheme = ClassWeight(prior=prior)
    excess = covariance(m, scheme, counts, "robust") - covariance(m, scheme, counts, "design")
    intercepts = np.array([1.0, 0.0, 0.0])
    D = np.diag(1 / counts[1:]) + 1 / counts[0]
    np.testing.assert_allclose(
        excess, np.kron(D, np.outer(intercepts, intercepts)), atol=1e-9 / counts.min()
    )


@pytest.mark.parametrize("scheme", [ClassWeight(), Undersample(), BalancedSampler()], ids=repr)
def test_excess_risk_is_half_the_curvature_times_the_covariance(scheme):
    rule = WRONG.rule(10)
    m = moments(rule, best(rule, ridge=0.1), ridge=0.1)
    half_trace = np.trace(m.hessian @ covariance(m, scheme, COUNTS)) / 2
    assert excess_risk(m, scheme, COUNTS) == pytest.approx(half_trace, rel=1e-12)


@pytest.mark.parametrize("kind", ["design", "robust"])
def test_covariances_are_symmetric_to_the_bit(kind):
    m, counts, _ = random_problem(np.random.default_rng(4), "wrong", 0.1)
    found = covariance(m, BalancedSampler(prior=tuple(m.prior)), counts, kind)
    assert (found == found.T).all()


# The order of the schemes


@pytest.mark.parametrize("ridge", [0.0, 0.1])
@pytest.mark.parametrize("model", ["right", "wrong"])
def test_no_scheme_has_a_smaller_covariance_than_class_weights(model, ridge):
    rng = np.random.default_rng(10)
    for _ in range(25):
        m, counts, tau = random_problem(rng, model, ridge)
        largest, smallest = int(counts.max()), int(counts.min())
        weighting = covariance(m, ClassWeight(prior=tau), counts)
        for scheme in (
            Undersample(prior=tau),
            Undersample(max(1, smallest // 2), prior=tau),
            Undersample(replace=True, prior=tau),
            Oversample(largest + 3, prior=tau),
            Oversample(keep=False, prior=tau),
            Cap(smallest + 5, prior=tau),
            Thin(0.4, prior=tau),
            Thin(0.4, renormalise=False, prior=tau),
            BalancedSampler(prior=tau),
            Bagging(Undersample(prior=tau), 3),
        ):
            more = covariance(m, scheme, counts) - weighting
            assert np.linalg.eigvalsh(more).min() >= -1e-12 * np.trace(weighting)


@pytest.mark.parametrize("ridge", [0.0, 0.1])
@pytest.mark.parametrize("model", ["right", "wrong"])
def test_variance_ratios_lie_between_the_smallest_and_the_largest_one_plus_cv2(model, ridge):
    rng = np.random.default_rng(11)
    for _ in range(25):
        m, counts, tau = random_problem(rng, model, ridge)
        schemes = (Undersample(prior=tau), Oversample(prior=tau), Thin(0.4, prior=tau))
        for scheme in schemes:
            inflation = 1 + scheme.moments(counts).cv2
            ratios = [variance_ratio(counts, scheme, m)]
            directions = rng.normal(size=(10, len(m.hessian)))
            ratios += [variance_ratio(counts, scheme, m, a) for a in directions]
            assert inflation.min() * (1 - 1e-12) <= min(ratios)
            assert max(ratios) <= inflation.max() * (1 + 1e-12)
        undersampled = 1 + schemes[0].moments(counts).cv2
        np.testing.assert_allclose(undersampled, counts / counts.min(), rtol=1e-15)


# Intercepts alone


def intercept_only(tau):
    """Moments of classes without features, at the best intercepts."""
    y = [0, 1, 2]
    return moments(data_rule(np.zeros((3, 0)), y), np.log(tau)[:, None], tau)


@pytest.mark.parametrize("scheme", FIXED_TOTALS, ids=repr)
def test_without_features_fixed_totals_leave_nothing_to_vary(scheme):
    counts = np.array([8, 4, 12])
    m = intercept_only(scheme.target(counts))
    assert np.abs(covariance(m, scheme, counts)).max() < 1e-30


@pytest.mark.parametrize("draws", [10, 1000])
def test_without_features_a_sampler_varies_as_the_log_of_its_class_shares(draws):
    """The delta method for a multinomial: diag(1/tau_k) + 11'/tau_0 over the draws."""
    tau = np.array(PRIOR)
    m = intercept_only(tau)
    found = covariance(m, BalancedSampler(draws, prior=PRIOR), (8, 4, 12))
    np.testing.assert_allclose(found, (np.diag(1 / tau[1:]) + 1 / tau[0]) / draws, rtol=1e-12)


# The prior


@pytest.mark.parametrize(
    "of",
    [
        covariance,
        excess_risk,
        loss_gap,
        lambda m, scheme, counts: covariance(m, scheme, counts, kind="robust"),
        lambda m, scheme, counts: covariance(m, scheme, counts, kind="model"),
        lambda m, scheme, counts: variance_ratio(counts, scheme, m),
        lambda m, scheme, counts: variance_ratio(counts, scheme, m, np.eye(6)[2]),
        lambda m, scheme, counts: degrees_of_freedom(m, scheme, counts, np.eye(6)[2]),
    ],
)
@pytest.mark.parametrize(
    ("prior", "scheme", "told"),
    [
        (PRIOR, ClassWeight(), r"0.2, 0.5, 0.3\); the scheme's is \(0.3333, 0.3333, 0.3333\)"),
        (None, Undersample(prior=PRIOR), r"0.3333\); the scheme's is \(0.2, 0.5, 0.3\)"),
        (None, Unweighted(), r"0.3333\); the scheme's is \(0.6667, 0.1667, 0.1667\)"),
    ],
)
def test_a_hessian_at_another_prior_than_the_scheme_s_is_refused(of, prior, scheme, told):
    m = moments(RIGHT.rule(4), RIGHT.theta(prior), prior)
    with pytest.raises(PriorError, match=told) as caught:
        of(m, scheme, (40, 10, 10))
    assert "\n" not in str(caught.value)


def test_a_hessian_at_another_prior_would_give_another_covariance():
    """Without the refusal the error would be a tenth and more, in silence."""
    rule, scheme = RIGHT.rule(20), Undersample(prior=PRIOR)
    right = covariance(moments(rule, RIGHT.theta(PRIOR), PRIOR), scheme, (40, 10, 10))
    wrong = moments(rule, RIGHT.theta())._replace(prior=np.array(PRIOR))
    assert np.abs(covariance(wrong, scheme, (40, 10, 10)) / right - 1).max() > 0.1


def test_a_prior_may_be_written_in_several_ways():
    counts, theta = (3, 3, 3), RIGHT.theta()
    for prior in (None, np.full(3, 1 / 3), (0.33333333, 0.33333333, 0.33333334)):
        m = moments(RIGHT.rule(4), theta, prior)
        assert m.prior.sum() == pytest.approx(1, abs=1e-15)
        for scheme in (ClassWeight(), ClassWeight(prior=(1 / 3, 1 / 3, 1 / 3)), Unweighted()):
            assert np.isfinite(covariance(m, scheme, counts)).all()


def test_a_score_variance_needs_no_hessian_and_so_no_prior():
    theta = RIGHT.theta()
    both = [
        score_variance(moments(RIGHT.rule(4), theta, prior), Undersample(prior=PRIOR), (9, 4, 5))
        for prior in (None, PRIOR)
    ]
    assert np.array_equal(*both)


# Refusals

NO_SIGNAL = moments(symmetric(3, 2, 0.0).rule(3), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: covariance(NO_SIGNAL, ClassWeight(), (3, 4, 5), kind="naive"),
            InputError,
            '"design" or "robust"; \'naive\' was given',
        ),
        (
            lambda: covariance(NO_SIGNAL, ClassWeight(), (3, 0, 5)),
            CountsError,
            "needs every class present",
        ),
        (
            lambda: score_variance(NO_SIGNAL, ClassWeight(), (3, 4)),
            InputError,
            "moments are of 3 classes; counts of 2",
        ),
        (
            lambda: excess_risk(NO_SIGNAL, Undersample(9), (3, 4, 5)),
            SchemeError,
            "cannot keep 9 rows",
        ),
        (lambda: moments(RIGHT.rule(2), np.zeros((2, 3))), DataError, "Labels y must lie in 0..1"),
        (lambda: moments(RIGHT.rule(2), np.zeros((3, 5))), DataError, "2 coefficients per class"),
        (lambda: moments(RIGHT.rule(2), np.zeros((3, 3)), (0.5, 0.5)), PriorError, "each of 3"),
        (lambda: moments(RIGHT.rule(2), np.zeros((3, 3)), ridge=-1.0), DataError, "not negative"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_moments_are_for_the_prior_they_were_computed_at():
    """Priors that differ by rounding are the same, by a thousandth are not."""
    m, counts = moments(RIGHT.rule(3), RIGHT.theta(PRIOR), PRIOR), (30, 40, 50)
    for ask in (covariance, excess_risk):
        ask(m, ClassWeight(prior=(0.2 + 5e-9, 0.5, 0.3)), counts)
        with pytest.raises(
            PriorError, match=r"at prior \(0\.2, 0\.5, 0\.3\); the scheme's is \(0\.201"
        ):
            ask(m, ClassWeight(prior=(0.201, 0.5, 0.299)), counts)


def test_shapes_are_those_of_the_docstring():
    assert isinstance(NO_SIGNAL, Moments)
    assert NO_SIGNAL.hessian.shape == (6, 6)
    assert NO_SIGNAL.prior.shape == (3,)
    assert NO_SIGNAL.score_mean.shape == (3, 6) and NO_SIGNAL.score_cov.shape == (3, 6, 6)
