"""Moments of a population: exact sums to 40 digits, and the coverage of the reported error."""

from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.inputs import DataError, InputError, PriorError
from mlbalance.populations import Discrete, Gaussian, stack, symmetric
from mlbalance.schemes import Bagging, ClassWeight, Oversample, Undersample
from mlbalance.theory import (
    covariance,
    excess_risk,
    moments,
    population,
    population_moments,
    variance_ratio,
)

ASKED = (23, 5, 44, 14, 19, 31)
PRIOR = (0.2, 0.5, 0.3)
POINTS = np.array([[-1.0], [0.5], [2.0], [3.0]])
MASSES = np.array([[0.5, 0.25, 0.125, 0.125], [0.1, 0.2, 0.3, 0.4], [0.25, 0.5, 0.25, 0.0]])
DISCRETE = Discrete(POINTS, MASSES)
OWN = Gaussian(
    symmetric(3, 4, 1.5).means, np.stack([np.diag(np.full(4, s)) for s in (0.7, 1.0, 1.3)])
)

# Exact sums


def in_40_digits(prior, ridge):
    """A and V_k of `DISCRETE` (one feature, three classes) at its optimum, by mpmath alone."""
    mp = mpmath.mp
    tau = [mp.mpf(t) for t in prior]
    x = [mp.mpf(v) for v in POINTS[:, 0]]
    f = [[mp.mpf(v) for v in row] for row in MASSES]
    f = [[v / mp.fsum(row) for v in row] for row in f]
    # The least penalty over common shifts: centred coefficients of (0, w_1, w_2).
    penalty = mp.matrix(4)
    for a in range(2):
        for b in range(2):
            penalty[2 * a + 1, 2 * b + 1] = ridge * ((a == b) - mp.mpf(1) / 3)

    def probabilities(theta, v):
        e = [mp.mpf(1)] + [mp.exp(theta[2 * c] + theta[2 * c + 1] * v) for c in range(2)]
        return [value / mp.fsum(e) for value in e]

    def score(theta, j, k):
        p = probabilities(theta, x[j])
        return mp.matrix(
            [(p[c + 1] - (k == c + 1)) * z for c in range(2) for z in (mp.mpf(1), x[j])]
        )

    theta = mp.matrix(4, 1)
    for _ in range(30):
        gradient, A = penalty * theta, penalty.copy()
        for j, v in enumerate(x):
            p, z = probabilities(theta, v), (mp.mpf(1), v)
            mass = mp.fsum(t * row[j] for t, row in zip(tau, f, strict=True))
            for k in range(3):
                gradient += tau[k] * f[k][j] * score(theta, j, k)
            for a in range(4):
                for b in range(4):
                    own = p[1 + a // 2] * ((a // 2 == b // 2) - p[1 + b // 2])
                    A[a, b] += mass * own * z[a % 2] * z[b % 2]
        theta -= mp.lu_solve(A, gradient)
    V = []
    for k in range(3):
        s = [score(theta, j, k) for j in range(4)]
        mean = sum((f[k][j] * s[j] for j in range(4)), mp.matrix(4, 1))
        V.append(sum((f[k][j] * (s[j] - mean) * (s[j] - mean).T for j in range(4)), mp.matrix(4)))
    return A, V


@pytest.mark.parametrize(("prior", "ridge"), [((1 / 3, 1 / 3, 1 / 3), 0.0), (PRIOR, 0.0625)])
def test_a_discrete_population_has_the_covariance_of_40_digits(prior, ridge):
    counts = (40, 7, 90)
    with mpmath.workdps(40):
        A, V = in_40_digits(prior, ridge)
        for scheme in (ClassWeight(prior=prior), Undersample(prior=prior)):
            w = scheme.moments(counts)
            J = mpmath.matrix(4)
            for k in range(3):
                J += mpmath.mpf(prior[k]) ** 2 * (1 + mpmath.mpf(w.cv2[k])) / counts[k] * V[k]
            exact = np.array((A**-1 * J * A**-1).tolist(), dtype=float)
            found = population_moments(DISCRETE, prior, ridge=ridge)
            assert (found.method, found.error) == ("exact", 0.0)
            computed = covariance(found.moments, scheme, counts)
            np.testing.assert_allclose(computed, exact, rtol=1e-12, atol=1e-12 * exact.max())


def test_two_classes_on_two_points_are_a_table_of_fractions():
    """Saturated: the slope is a log odds ratio, its variance that of two independent logits."""
    a, b = Fraction(1, 4), Fraction(2, 3)
    masses = [[float(1 - a), float(a)], [float(1 - b), float(b)]]
    found = population_moments(Discrete([[0.0], [1.0]], masses))
    counts = (30, 12)
    odds = (b / (1 - b)) / (a / (1 - a))
    assert found.theta[1, 1] - found.theta[0, 1] == pytest.approx(np.log(float(odds)), rel=1e-13)
    exact = 1 / (counts[0] * a * (1 - a)) + 1 / (counts[1] * b * (1 - b))
    computed = covariance(found.moments, ClassWeight(), counts)[1, 1]
    assert computed == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("prior", [None, PRIOR])
@pytest.mark.parametrize("ridge", [0.0, 0.1, (0.1, 0.05, 0.3)])
def test_moments_are_those_of_the_rule_at_its_minimiser(prior, ridge):
    found = population_moments(DISCRETE, prior, ridge=ridge)
    rule = DISCRETE.rule()
    slope = softmax.score(found.theta, *stack(rule, prior), ridge=ridge)
    assert np.abs(slope).max() < 1e-15
    np.testing.assert_allclose(found.theta.sum(axis=0), 0, atol=1e-14)
    for one, other in zip(
        found.moments, moments(rule, found.theta, prior, ridge=ridge), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("K", "d"), [(2, 7), (3, 5), (5, 1), (4, 4)])
def test_few_pairs_of_classes_and_many_have_the_same_moments(K, d):
    rng = np.random.default_rng(K)
    law = Discrete(rng.normal(size=(40, d)), rng.dirichlet(np.ones(40), size=K))
    found = population_moments(law, ridge=0.01)
    for one, other in zip(found.moments, moments(law.rule(), found.theta, ridge=0.01), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


# Gauss rules


@pytest.mark.parametrize(
    ("law", "rtol"),
    [
        (symmetric(2, 1, 1.0), 1e-10),
        (symmetric(2, 1, 4.0), 1e-4),
        (symmetric(6, 2, 2.0), 1e-3),
        (Gaussian([[0.0, 0.0], [1.0, 0.5]], [[[1.0, 0.3], [0.3, 2.0]], np.eye(2)]), 1e-6),
        (symmetric(4, 3, 2.0), 1e-3),
    ],
)
def test_few_features_have_gauss_rules_and_the_reported_error_bounds_the_true_one(law, rtol):
    found = population_moments(law, rtol=rtol)
    assert found.method == "gauss" and found.error <= rtol
    exact = population_moments(law, rtol=min(rtol**2, 1e-5))
    assert worst(found, exact) <= found.error
    if law.covariance.ndim == 2:
        np.testing.assert_allclose(found.theta, law.theta(), atol=1e-10)


def test_a_gauss_rule_agrees_with_the_moments_of_the_classes_own_points():
    law = symmetric(3, 2, 1.0)
    found = population_moments(law, PRIOR, rtol=1e-9)
    own = moments(law.rule(60), law.theta(PRIOR), PRIOR)
    for one, other in zip(found.moments, own, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


# Features across the means


@pytest.mark.parametrize(
    ("means", "prior"),
    [
        ([[0.0, 0.0, 0.5], [1.0, 0.5, 0.0]], (0.3, 0.7)),
        ([[0.0, 0.0, 0.0], [1.0, 0.5, 0.0], [-0.5, 1.0, 0.3]], PRIOR),
        (np.zeros((2, 3)), None),
    ],
    ids=["a line", "a plane", "no signal"],
)
def test_noise_is_integrated_out(means, prior):
    """Correlated features: against a tensor rule in all of them."""
    root = np.array([[1.0, 0.0, 0.0], [0.4, 0.8, 0.0], [-0.3, 0.2, 1.1]])
    law = Gaussian(means, root @ root.T)
    found = population_moments(law, prior, rtol=1e-8)
    exact = moments(law.rule(40), law.theta(prior), prior)
    np.testing.assert_allclose(found.theta, law.theta(prior), atol=1e-12)
    for one, other in zip(found.moments, exact, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


def test_any_number_of_noise_features_is_as_quick_and_as_well_known():
    few, many = (population_moments(symmetric(3, d, 2.0), PRIOR) for d in (3, 200))
    assert (few.method, few.points) == (many.method, many.points)
    assert few.error <= 1e-3 and many.error <= 1e-3


# Scrambled Sobol points


def parts(m, root):
    turned = np.linalg.solve(m.hessian, root).T
    return turned @ m.score_cov @ turned.T


def relative(away, whole):
    nuclear = np.abs(np.linalg.eigvalsh((away + np.swapaxes(away, -1, -2)) / 2)).sum(axis=-1)
    return nuclear / np.trace(whole, axis1=-2, axis2=-1)


def worst(found, reference):
    """Relative error of the classes' parts of the covariance, the largest, as it is reported."""
    root = np.linalg.cholesky(reference.moments.hessian)
    one, other = (parts(f.moments, root) for f in (found, reference))
    return relative(one - other, other).max()


LAWS = {
    "right": (symmetric(5, 4, 2.0), {}, (5, 20, 100, 40, 12)),
    "wrong, ridge and prior": (OWN, {"ridge": 0.02, "prior": PRIOR}, (5, 20, 100)),
    "asked": (symmetric(6, 5, 2.0), {}, ASKED),
}


@pytest.mark.parametrize("name", LAWS)
def test_the_reported_error_is_honest(name):
    """Against a rule of far more points; the error is one standard error, so four are allowed."""
    law, options, counts = LAWS[name]
    reference = population_moments(law, rtol=5e-4, rng=np.random.default_rng(999), **options)
    root = np.linalg.cholesky(reference.moments.hessian)
    tau = options.get("prior")
    schemes = [s(prior=tau) for s in (ClassWeight, Undersample, Oversample)]
    of_parts = []
    for seed in range(12):
        found = population_moments(law, rtol=8e-3, rng=np.random.default_rng(seed), **options)
        assert found.method == "sobol" and reference.error < found.error / 3 < 8e-3 / 3
        of_parts.append(worst(found, reference) / found.error)
        for scheme in schemes:
            one, other = (covariance(f.moments, scheme, counts) for f in (found, reference))
            whole = root.T @ other @ root
            assert relative(root.T @ (one - other) @ root, whole) <= 4 * found.error
            risks = [excess_risk(f.moments, scheme, counts) for f in (found, reference)]
            assert abs(risks[0] / risks[1] - 1) <= 4 * found.error
    assert max(of_parts) <= 4
    # Nor is it pessimistic: on average the error is what is reported.
    assert 0.6 <= np.sqrt(np.mean(np.square(of_parts))) <= 1.6


def test_the_question_is_answered_to_a_thousandth():
    found = population_moments(symmetric(6, 5, 2.0))
    assert found.method == "sobol" and found.error <= 1e-3
    assert found.points <= 8 * 6 * 2**14
    for scheme in (Undersample(), Bagging(Undersample(), 10)):
        ratio = variance_ratio(ASKED, scheme, found.moments)
        assert ratio == pytest.approx(variance_ratio(ASKED, scheme), rel=4e-3)


def test_sobol_points_agree_with_a_gauss_rule(monkeypatch):
    law = symmetric(3, 2, 2.0)
    exact = population_moments(law, rtol=1e-7)
    monkeypatch.setattr(population, "_ORDERS", {})
    found = population_moments(law)
    assert (exact.method, found.method) == ("gauss", "sobol")
    assert worst(found, exact) <= 4 * found.error
    # Coefficients of a correctly specified model are the optimum of every rule with shared points.
    np.testing.assert_allclose(found.theta, law.theta(), atol=1e-9)


def test_neither_scale_nor_place_of_the_features_changes_the_error():
    scale = np.diag([10.0, 1.0, 0.1, 3.0])
    moved = Gaussian(OWN.means @ scale + 1.0, scale @ OWN.covariance @ scale)
    one, other = (population_moments(p, rtol=8e-3) for p in (OWN, moved))
    assert other.error == pytest.approx(one.error, rel=1e-6)


def test_scramblings_are_the_same_unless_a_generator_is_given():
    one, same = (population_moments(OWN, rtol=8e-3) for _ in range(2))
    other = population_moments(OWN, rtol=8e-3, rng=np.random.default_rng(1))
    assert np.array_equal(one.moments.hessian, same.moments.hessian)
    assert not np.array_equal(one.moments.hessian, other.moments.hessian)


def test_points_grow_with_what_the_error_asks_for(monkeypatch):
    """Errors fall no faster than 1/points: half the aim needs four times the points or more."""
    sizes = []
    sobol = Gaussian.sobol
    monkeypatch.setattr(
        Gaussian, "sobol", lambda self, n, rng: sizes.append(n) or sobol(self, n, rng)
    )
    found = population_moments(OWN, rtol=4e-3)
    tried = list(dict.fromkeys(sizes))
    assert [sizes.count(size) for size in tried] == [8] * len(tried)
    assert len(tried) > 1 and all(b >= 4 * a for a, b in pairwise(tried))
    assert found.error <= 4e-3 and found.points == 8 * 3 * tried[-1]


def test_an_error_that_is_not_reached_is_reported(monkeypatch):
    monkeypatch.setattr(population, "_LARGEST", 512)
    found = population_moments(OWN)
    assert 1e-3 < found.error < 0.1 and found.points == 8 * 3 * 512


def test_where_classes_hardly_overlap_the_better_of_two_rules_is_taken(monkeypatch):
    monkeypatch.setattr(population, "_LARGEST", 512)
    found = population_moments(symmetric(2, 1, 8.0))
    assert found.method == "gauss" and 1e-3 < found.error < 0.1


# Refusals


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: population_moments(DISCRETE, (0.5, 0.5)), PriorError, "each of 3 classes"),
        (lambda: population_moments(DISCRETE, rtol=0.0), InputError, "rtol = 0.0 was given"),
        (lambda: population_moments(DISCRETE, ridge=-1.0), DataError, "not negative"),
        (
            lambda: population_moments(Discrete([[0.0], [1.0]], np.eye(2))),
            DataError,
            "The population has no optimum. The classes can be separated",
        ),
        (
            lambda: population_moments(
                Discrete([[0.0, 0.0], [1.0, 1.0]], [[0.5, 0.5], [0.2, 0.8]])
            ),
            DataError,
            "The population has no optimum. The features are collinear",
        ),
        (lambda: population_moments(symmetric(2, 1, 40.0)), DataError, "hardly overlap"),
        (
            lambda: population_moments(symmetric(30, 30, 1.0)),
            InputError,
            "30 classes and 29 features are too many",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(make, error, message):
    with pytest.raises(error, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
