"""Populations: what is sampled, its posterior and its integration rule are of the same law."""

import numpy as np
import pytest
from scipy import stats

from mlbalance import populations, softmax
from mlbalance.inputs import CountsError, DataError, PriorError
from mlbalance.populations import Discrete, Gaussian, Rule, data_rule, stack, symmetric
from mlbalance.schemes import ClassWeight, Unweighted

MEANS = np.array([[0.0, 0.0], [1.5, -0.5], [-0.7, 2.0]])
SHARED = np.array([[1.3, 0.4], [0.4, 0.8]])
OWN = np.stack([SHARED, np.diag([0.5, 2.0]), [[1.0, -0.6], [-0.6, 0.9]]])
PRIOR = (0.2, 0.5, 0.3)

LAWS = {"shared covariance": Gaussian(MEANS, SHARED), "own covariances": Gaussian(MEANS, OWN)}


@pytest.fixture(params=LAWS)
def population(request):
    return LAWS[request.param]


def covariance_of(population, k):
    return np.broadcast_to(population.covariance, (population.n_classes, 2, 2))[k]


def centred(logits):
    return logits - logits.mean(axis=-1, keepdims=True)


# Samples


def test_sample_has_the_moments_of_each_class(population):
    counts = (20_000, 15_000, 30_000)
    X, y = population.sample(counts, np.random.default_rng(1))
    assert np.bincount(y).tolist() == list(counts) and (np.diff(y) >= 0).all()
    for k, n in enumerate(counts):
        rows, sigma = X[y == k], covariance_of(population, k)
        variance = np.diag(sigma)
        z_mean = (rows.mean(axis=0) - population.means[k]) / np.sqrt(variance / n)
        # Of normal rows, Var S_ij = (s_ii s_jj + s_ij^2) / (n - 1).
        error = np.sqrt((np.outer(variance, variance) + sigma**2) / (n - 1))
        z_cov = (np.cov(rows.T) - sigma) / error
        assert np.abs(z_mean).max() <= 4 and np.abs(z_cov).max() <= 4


def test_sample_is_normal_in_every_direction(population):
    X, y = population.sample((4000, 4000, 4000), np.random.default_rng(2))
    for k in range(3):
        for a in ([1.0, 0.0], [0.6, -0.8]):
            law = stats.norm(population.means[k] @ a, np.sqrt(a @ covariance_of(population, k) @ a))
            assert stats.kstest(X[y == k] @ a, law.cdf).pvalue > 1e-4


def test_same_generator_state_same_sample(population):
    one, other = (population.sample((3, 2, 4), np.random.default_rng(3))[0] for _ in range(2))
    assert np.array_equal(one, other)


# Posterior


def test_logits_are_log_densities_up_to_a_constant_of_each_row(population):
    X = np.random.default_rng(4).normal(size=(50, 2)) * 3
    oracle = np.column_stack(
        [
            stats.multivariate_normal(mean, covariance_of(population, k)).logpdf(X)
            for k, mean in enumerate(population.means)
        ]
    )
    np.testing.assert_allclose(centred(population.logits(X)), centred(oracle), atol=1e-12)


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_theta_is_the_posterior_where_covariances_agree(prior):
    population = LAWS["shared covariance"]
    X = np.random.default_rng(5).normal(size=(50, 2)) * 3
    theta = population.theta(prior)
    tau = np.full(3, 1 / 3) if prior is None else np.array(prior)
    np.testing.assert_allclose(
        centred(softmax.logits(theta, X)),
        centred(population.logits(X) + np.log(tau)),
        atol=1e-12,
    )
    np.testing.assert_allclose(theta.sum(axis=0), 0, atol=1e-14)


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_theta_minimises_the_risk_at_its_prior(prior):
    population = LAWS["shared covariance"]
    X, y, weights = stack(population.rule(80), prior)
    assert np.abs(softmax.score(population.theta(prior), X, y, weights)).max() < 1e-11


# Rules


def test_rule_is_exact_to_its_degree_and_no_further(population):
    order = 4
    a, c = np.array([0.8, -1.1]), 0.3
    for k, (points, weights) in enumerate(population.rule(order)):
        assert abs(weights.sum() - 1) < 1e-14
        law = stats.norm(population.means[k] @ a + c, np.sqrt(a @ covariance_of(population, k) @ a))
        for degree in range(2 * order):
            assert weights @ (points @ a + c) ** degree == pytest.approx(law.moment(degree), 1e-10)
        beyond = weights @ (points @ a + c) ** (2 * order)
        assert abs(beyond / law.moment(2 * order) - 1) > 1e-4


def risk(rule):
    """A smooth functional of a rule that no polynomial rule has exactly."""
    theta = np.array([[0.1, 0.5, -0.2], [0.0, -0.4, 0.3], [-0.1, -0.1, -0.1]])
    return float(softmax.loss(theta, *stack(rule)))


def test_sobol_rule_agrees_with_the_tensor_rule_within_its_error(population):
    exact = risk(population.rule(40))
    assert risk(population.rule(30)) == pytest.approx(exact, rel=1e-9)
    drawn = [risk(population.sobol(256, np.random.default_rng(seed))) for seed in range(40)]
    error = np.std(drawn, ddof=1) / np.sqrt(len(drawn))
    assert abs(np.mean(drawn) - exact) <= 4 * error
    # An independent sample of 256 rows a class would be far off.
    assert error < 2e-4


def test_sobol_rule_has_mirrored_points_of_equal_weight(population):
    for k, (points, weights) in enumerate(population.sobol(64, np.random.default_rng(6))):
        assert points.shape == (64, 2) and (weights == 1 / 64).all()
        away = points - population.means[k]
        np.testing.assert_allclose(away[:32], -away[32:], atol=1e-14)
        np.testing.assert_allclose(weights @ away**3, 0, atol=1e-13)


def test_sobol_rule_is_finite_where_a_point_falls_on_the_edge(monkeypatch):
    """Sobol points lie on a grid that holds zero, where the normal quantile is infinite."""

    class OnTheEdge(stats.qmc.Sobol):
        def random(self, n=1, **_):
            return np.zeros((n, self.d))

    monkeypatch.setattr(stats.qmc, "Sobol", OnTheEdge)
    for points, _ in LAWS["shared covariance"].sobol(4, np.random.default_rng(0)):
        assert np.isfinite(points).all()


def test_a_data_set_is_the_rule_of_its_rows():
    rng = np.random.default_rng(7)
    X, y = rng.normal(size=(12, 2)), rng.permutation([0] * 3 + [1] * 7 + [2] * 2)
    rule = data_rule(X, y)
    for k, (points, weights) in enumerate(rule):
        assert np.array_equal(points, X[y == k])
        assert (weights == 1 / (y == k).sum()).all()


@pytest.mark.parametrize(
    ("scheme", "prior"),
    [
        (ClassWeight(), None),
        (ClassWeight(prior=PRIOR), PRIOR),
        (Unweighted(), (0.25, 7 / 12, 1 / 6)),
    ],
)
def test_loss_on_a_stacked_data_set_is_the_loss_of_class_weighting(scheme, prior):
    rng = np.random.default_rng(8)
    X, y = rng.normal(size=(12, 2)), rng.permutation([0] * 3 + [1] * 7 + [2] * 2)
    theta = rng.normal(size=(3, 3))
    ours = softmax.loss(theta, *stack(data_rule(X, y), prior))
    assert ours == pytest.approx(softmax.loss(theta, X, y, scheme.draw(y, rng)[0]), rel=1e-13)


@pytest.mark.parametrize("prior", [None, PRIOR])
def test_stacked_weights_sum_to_one_and_to_the_prior(prior, population):
    X, y, weights = stack(population.rule(5), prior)
    assert len(X) == len(y) == len(weights) == 75
    assert weights.sum() == pytest.approx(1, abs=1e-14)
    np.testing.assert_allclose(
        np.bincount(y, weights), np.full(3, 1 / 3) if prior is None else prior, atol=1e-14
    )


# Discrete classes

POINTS = np.array([[0.0, 1.0], [2.0, -1.0], [0.5, 0.5], [3.0, 3.0]])
MASSES = np.array([[0.5, 0.25, 0.25, 0.0], [0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 0.7, 0.3]])
DISCRETE = Discrete(POINTS, MASSES)


def test_discrete_samples_have_the_masses_of_each_class():
    counts = (4000, 5000, 3000)
    X, y = DISCRETE.sample(counts, np.random.default_rng(9))
    assert np.bincount(y).tolist() == list(counts) and (np.diff(y) >= 0).all()
    for k, n in enumerate(counts):
        found = np.array([(X[y == k] == point).all(axis=1).sum() for point in POINTS])
        error = np.sqrt(n * MASSES[k] * (1 - MASSES[k]))
        assert found.sum() == n and (np.abs(found - n * MASSES[k]) <= 4 * error).all()


def test_discrete_logits_are_log_masses_and_its_rule_the_points_that_have_one():
    rows = [2, 0, 3]
    np.testing.assert_allclose(np.exp(DISCRETE.logits(POINTS[rows])), MASSES[:, rows].T, rtol=1e-15)
    for mass, (points, weights) in zip(MASSES, DISCRETE.rule(), strict=True):
        assert np.array_equal(points, POINTS[mass > 0])
        np.testing.assert_allclose(weights, mass[mass > 0], rtol=1e-15)
    assert (DISCRETE.n_classes, DISCRETE.n_features) == (3, 2)


# Symmetric classes

SIMPLICES = [(2, 1), (2, 5), (3, 2), (6, 5), (6, 20)]
POLYGONS = [(4, 2), (6, 2), (7, 3), (6, 4)]


@pytest.mark.parametrize(("K", "d"), SIMPLICES)
def test_simplex_corners_are_all_equally_far_apart(K, d):
    means = symmetric(K, d, 1.7).means
    distances = np.linalg.norm(means[:, None] - means, axis=-1)
    np.testing.assert_allclose(distances, 1.7 * (1 - np.eye(K)), atol=1e-13)


@pytest.mark.parametrize(("K", "d"), POLYGONS)
def test_polygon_neighbours_are_separation_apart_and_no_pair_is_closer(K, d):
    means = symmetric(K, d, 1.7).means
    distances = np.linalg.norm(means[:, None] - means, axis=-1)
    np.testing.assert_allclose([distances[k, (k + 1) % K] for k in range(K)], 1.7, rtol=1e-13)
    assert distances[~np.eye(K, dtype=bool)].min() > 1.7 - 1e-12


@pytest.mark.parametrize(("K", "d"), SIMPLICES + POLYGONS)
def test_an_orthogonal_map_shifts_the_classes_round(K, d):
    """Equal Gram matrices mean that some orthogonal map takes one set of means to the other."""
    population = symmetric(K, d, 1.7)
    gram = population.means @ population.means.T
    assert np.array_equal(population.covariance, np.eye(d))
    for shift in range(1, K):
        moved = np.roll(np.arange(K), shift)
        np.testing.assert_allclose(gram[np.ix_(moved, moved)], gram, atol=1e-13)


@pytest.mark.parametrize(("K", "d", "signal"), [(3, 6, 2), (6, 20, 5), (7, 5, 2), (2, 3, 1)])
def test_further_features_are_noise(K, d, signal):
    population = symmetric(K, d, 1.7)
    assert (population.means[:, signal:] == 0).all()
    assert (population.theta()[:, 1 + signal :] == 0).all()
    np.testing.assert_allclose(population.means.sum(axis=0), 0, atol=1e-14)


def test_no_separation_is_no_signal():
    assert (symmetric(4, 2, 0.0).means == 0).all() and (symmetric(4, 3, 0.0).means == 0).all()


# Refusals

IDENTITY = np.eye(2)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Gaussian([0.0, 1.0], IDENTITY), DataError, r"shape \(K, d\); theirs is \(2,\)"),
        (lambda: Gaussian([[np.nan, 0.0]], IDENTITY), DataError, "Means must be finite"),
        (
            lambda: Gaussian(MEANS, np.eye(3)),
            DataError,
            r"needs shape \(2, 2\) or \(3, 2, 2\); it has \(3, 3\)",
        ),
        (lambda: Gaussian(MEANS, -IDENTITY), DataError, "must be positive definite"),
        (lambda: Gaussian(MEANS, [[1.0, 0.5], [0.0, 1.0]]), DataError, "must be symmetric"),
        (lambda: Gaussian(MEANS, [[np.nan, 0.0], [0.0, 1.0]]), DataError, "must be finite"),
        (lambda: Gaussian(MEANS, [[np.inf, 0.0], [0.0, 1.0]]), DataError, "must be finite"),
        (lambda: LAWS["own covariances"].theta(), DataError, "there is no true softmax in x"),
        (
            lambda: LAWS["shared covariance"].theta((0.5, 0.6, -0.1)),
            PriorError,
            "every probability above zero",
        ),
        (
            lambda: LAWS["shared covariance"].sample((3, 4), np.random.default_rng(0)),
            DataError,
            "Counts are of 2 classes; the population has 3",
        ),
        (
            lambda: LAWS["shared covariance"].sample((3, 0, 4), np.random.default_rng(0)),
            CountsError,
            "A sample needs every class present",
        ),
        (
            lambda: symmetric(6, 5, 1.0).rule(20),
            DataError,
            r"20 nodes in 5 dimensions has 20\*\*5 points; at most 1048576 are allowed. "
            r"Use sobol\(size, rng\)",
        ),
        (lambda: LAWS["shared covariance"].rule(0), DataError, "at least one node"),
        (
            lambda: LAWS["shared covariance"].sobol(100, np.random.default_rng(0)),
            DataError,
            "power of two points from 2 on; got 100",
        ),
        (
            lambda: LAWS["shared covariance"].sobol(1, np.random.default_rng(0)),
            DataError,
            "power of two points from 2 on; got 1",
        ),
        (lambda: Discrete(POINTS, MASSES[:, :3]), DataError, r"are \(4, 2\) and \(3, 3\)"),
        (lambda: Discrete(POINTS[[0, 1, 2, 2]], MASSES), DataError, "finite and distinct"),
        (lambda: Discrete(POINTS + np.inf, MASSES), DataError, "finite and distinct"),
        (lambda: Discrete(POINTS, MASSES - 0.1), DataError, "must not be negative"),
        (lambda: Discrete(POINTS, MASSES * 1.1), DataError, "sum to one in every class"),
        (lambda: Discrete(POINTS, MASSES * np.nan), DataError, "sum to one in every class"),
        (lambda: Discrete(POINTS, np.eye(4)[:3]), DataError, "A point needs mass"),
        (lambda: Discrete("points", MASSES), DataError, "Points must be numbers"),
        (lambda: DISCRETE.logits([[0.0, 1.0], [9.0, 9.0]]), DataError, "Row 1 is none of the 4"),
        (
            lambda: DISCRETE.sample((3, 4), np.random.default_rng(0)),
            DataError,
            "Counts are of 2 classes; the population has 3",
        ),
        (lambda: symmetric(1, 2, 1.0), DataError, "Symmetric classes need K >= 2"),
        (lambda: symmetric(3, 1, 1.0), DataError, "got K = 3, d = 1"),
        (lambda: symmetric(3, 2, -1.0), DataError, "separation = -1.0"),
        (lambda: symmetric(3, 2, np.nan), DataError, "separation = nan"),
        (lambda: data_rule(np.zeros((3, 1)), [0, 0, 2]), CountsError, "A rule needs every class"),
        (lambda: data_rule([[np.inf], [0.0]], [0, 1]), DataError, "Features X must be finite"),
        (
            lambda: stack([Rule(np.zeros((1, 1)), np.ones(1))] * 2, (0.4, 0.4)),
            PriorError,
            "must sum to one",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_clear_line(make, error, message):
    with pytest.raises(error, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_the_public_names_are_all_there():
    names = "Calibration Discrete Gaussian Logits Rule data_rule stack symmetric".split()
    assert sorted(populations.__all__) == names


@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_corners_stand_alike_on_every_machine(n_classes):
    """Class 0 is first along the first feature, the last class alone is off the last one's zero."""
    means = symmetric(n_classes, n_classes - 1, 2.0).means
    assert means[0, 0] == pytest.approx(1.0) and means[1, 0] == pytest.approx(-1.0)
    for k in range(2, n_classes):
        np.testing.assert_array_equal(means[k, : k - 1], 0.0)
        assert means[k, k - 1] < 0 < means[0, k - 1]
