"""Where the Hessian loses its digits: nearly separated classes, far offsets, extreme units.

Each of these ended without an estimate, or with a wrong one, for some names of the classes.
"""

import itertools

import mpmath
import numpy as np
import pytest
from scipy.optimize import root
from sklearn.datasets import load_iris

from mlbalance.softmax import careful, fit, hessian, log_probabilities, logits, score
from mlbalance.softmax.objective import as_penalty
from tests.fuzz import solver
from tests.softmax.test_fit import relative_score, sample

IRIS, SPECIES = load_iris(return_X_y=True)


def named(order, X, y, weights, ridge):
    """The fit with class k under the name order[k], its coefficients in the order of y."""
    found = fit(X, np.array(order)[y], weights, ridge=ridge)
    assert found.status == "converged", order
    return found.theta[list(order)]


@pytest.mark.parametrize(
    ("X", "y", "ridge", "tolerance"),
    [
        ([[0.0], [1.0], [0.0]], [0, 1, 2], 1e-10, 1e-8),
        ([[0.0], [1.0], [0.0]], [0, 1, 2], 1e-13, 1e-8),
        (IRIS, SPECIES, 1e-8, 1e-8),
        (IRIS, SPECIES, 1e-10, 1e-8),
        (IRIS, SPECIES, 1e-12, 1e-8),
        (1000 * IRIS, SPECIES, 1e-4, 1e-8),
        (1000 * IRIS, SPECIES, 1e-10, 1e-6),
    ],
)
def test_the_names_of_classes_do_not_matter(X, y, ridge, tolerance):
    """A class far from two that overlap: relative to it the others are nearly one."""
    X, y = np.array(X), np.array(y)
    weights = np.full(y.size, 1 / y.size)
    found = [named(order, X, y, weights, ridge) for order in itertools.permutations(range(3))]
    assert relative_score(fit(X, y, weights, ridge=ridge), X, y, weights, ridge=ridge) < 1e-9
    largest = np.abs(found[0]).max(axis=0)
    for other in found[1:]:
        assert (np.abs(other - found[0]) <= tolerance * largest).all()


def exponential_fit(X, y, K):
    """Root of the score of sum_i sum_k exp(z_ik - z_iy), the limit for far offsets of own classes.

    log(1 + e) is e when e is below the last bit.
    """
    Z, own = np.column_stack([np.ones(len(X)), X]), np.eye(K, dtype=bool)[y]

    def its_score(contrasts):
        z = Z @ np.vstack([np.zeros(Z.shape[1]), contrasts.reshape(K - 1, -1)]).T
        r = np.where(own, 0.0, np.exp(z - z[own][:, None]))
        return ((r - own * r.sum(axis=1, keepdims=True)).T @ Z)[1:].ravel()

    found = root(its_score, np.zeros((K - 1) * Z.shape[1]), tol=1e-13)
    assert np.abs(its_score(found.x)).max() < 1e-10
    theta = np.vstack([np.zeros(Z.shape[1]), found.x.reshape(K - 1, -1)])
    return theta - theta.mean(axis=0)


@pytest.mark.parametrize("K", [2, 3])
def test_offsets_for_the_own_class_of_any_size_give_the_exact_fit(K):
    """The residuals are of the size of exp(-offset), and zero in doubles beyond 745."""
    X, y, _ = sample(40, (12, 9, 10)[:K], d=1)
    expected = exponential_fit(X, y, K)
    for size in (60.0, 200.0, 500.0, 740.0, 800.0, 1000.0):
        found = fit(X, y, offset=size * np.eye(K)[y])
        assert found.status == "converged" and np.abs(found.coef).max() > 0.05
        np.testing.assert_allclose(found.theta, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("size", [200.0, 800.0])
def test_a_ridge_leaves_no_coefficient_and_the_intercept_of_a_far_offset(size):
    """Without slopes n_0 exp(-a) = n_1 exp(a) at the intercepts -a/2 and a/2."""
    X, y, _ = sample(41, (12, 20), d=2)
    found = fit(X, y, offset=size * np.eye(2)[y], ridge=0.01)
    assert found.status == "converged"
    assert np.abs(found.coef).max() <= np.exp(-size) * 1e5
    assert 2 * found.intercept[1] == pytest.approx(np.log(20 / 12) / 2, abs=1e-9)


def test_offsets_against_the_own_class_are_overcome():
    X, y, rng = sample(42, (12, 9, 10))
    offset = -900.0 * np.eye(3)[y] + rng.normal(size=(y.size, 3))
    found = fit(X, y, offset=offset, ridge=0.1)
    assert found.status == "converged"
    assert relative_score(found, X, y, offset=offset, ridge=0.1) < 1e-9


@pytest.mark.parametrize("ridge", [0.0, 1.0])
@pytest.mark.parametrize("size", [1e-150, 1e150])
@pytest.mark.parametrize("d", [2, 40])
def test_features_whose_squares_leave_the_doubles_are_fitted(size, ridge, d):
    X, y, _ = sample(43, d=d, counts=(30, 12, 20) if d == 2 else (6, 5, 4))
    X[:, 0] *= size
    found = fit(X, y, ridge=ridge)
    if d == 40:
        assert found.status == "converged" if ridge else "no-mle"
        return
    assert found.status == "converged"
    plain = X / [size, 1.0]
    if ridge == 0:
        expected = fit(plain, y).theta
        np.testing.assert_allclose(found.theta * [1, size, 1], expected, rtol=1e-7, atol=1e-9)
    else:  # a large feature is as good as free, a small one as good as absent
        p = log_probabilities(logits(found.theta, X))
        other = fit(plain[:, 1:], y, ridge=ridge) if size < 1 else None
        if other is not None:
            np.testing.assert_allclose(p, log_probabilities(logits(other.theta, X[:, 1:])), 1e-7)


def test_numbers_in_the_order_of_fortran_give_the_same_bits():
    X, y, rng = sample(44, d=5)
    weights, offset = rng.exponential(size=(3, y.size)), 300 * rng.normal(size=(y.size, 3))
    for ridge in (0.0, 0.1):
        plain = fit(X, y, weights, offset=offset, ridge=ridge)
        turned = fit(
            np.asfortranarray(X),
            y,
            np.asfortranarray(weights),
            offset=np.asfortranarray(offset),
            ridge=ridge,
        )
        np.testing.assert_array_equal(plain.theta, turned.theta)


def test_more_features_than_rows_have_converged_if_their_score_is_within_the_tolerance():
    """In the row space the score is another, and may miss the tolerance where this does not."""
    rng = np.random.default_rng(45)
    for _ in range(20):
        n, d, K = rng.integers(8, 30), rng.integers(30, 60), rng.integers(2, 5)
        X = rng.normal(size=(n, d)) * 10.0 ** rng.uniform(-6, 6, size=d)
        y = rng.permutation(np.arange(n) % K)
        assert fit(X, y, ridge=10.0 ** rng.uniform(-9, 0)).status == "converged"


def test_residuals_that_are_zero_in_doubles_prove_no_score_of_more_features_than_rows():
    """Of 800 for the own class; coefficients are zero, and intercepts balance what classes lose."""
    X, counts = np.random.default_rng(47).normal(size=(12, 30)), np.array([6, 4, 2])
    y = np.repeat([0, 1, 2], counts)
    objective = {"offset": 800.0 * np.eye(3)[y], "ridge": 1.0}
    assert fit(X, y, **objective, max_iter=5).status == "max-iter"
    found = fit(X, y, **objective)
    assert found.status == "converged"
    lost = counts[:, None] * np.exp(found.intercept - found.intercept[:, None])
    np.testing.assert_allclose(lost.sum(axis=0), lost.sum(axis=1), rtol=1e-9)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(3516, id="a weak ridge that pulls a thousand times too late"),
        pytest.param(4222, id="a wild start"),
        pytest.param(2135, id="an outlier among more features than rows"),
        pytest.param(7127, id="score within the tolerance by class only"),
        pytest.param(21953, id="fewer rows than the row space has columns"),
        pytest.param(11686, id="a constant feature"),
        pytest.param(22945, id="a coefficient of 1e-239 of a feature of 1e99"),
        pytest.param(2219, id="directions that need corrections"),
        pytest.param(33108, id="corrections that are all rounding, and logits of hundreds"),
    ],
)
def test_hard_problems_of_the_fuzz_converge(number):
    problem = solver.batch_of(0, number // solver.BATCH)[number % solver.BATCH]
    found = solver.fitted(problem)
    assert found.status == "converged"
    assert solver.check(problem, found) <= 1.0


# --- the least-squares system ---------------------------------------------------------------------


def test_the_system_is_a_factor_of_the_hessian_and_the_score():
    X, y, rng = sample(46, (9, 7, 8, 6), d=2)
    weights, ridge = rng.exponential(size=y.size), np.array([0.1, 2.0, 1e-3, 0.5])
    offset, theta = rng.normal(size=(4, y.size)), rng.normal(size=(4, 3))
    theta -= theta.mean(axis=0)
    Z = np.column_stack([np.ones(y.size), X])
    problem = careful._Problem.of(Z, y, weights, offset, as_penalty(ridge, 4), None)
    now = problem.at(theta * problem.size)
    A, r = problem._system(now)
    scale = np.exp(now.scale) * np.tile(problem.size, 4)
    H = hessian(theta, X, y, weights, offset=offset.T, ridge=ridge).reshape(12, 12)
    g = score(theta, X, y, weights, offset=offset.T, ridge=ridge).ravel()
    np.testing.assert_allclose(A.T @ A * scale * np.tile(problem.size, 4)[:, None], H, atol=1e-12)
    np.testing.assert_allclose(A.T @ r * scale, g, atol=1e-12)


def test_the_factor_of_a_penalty_keeps_the_digits_of_its_smallest_entries():
    ridge = [1e-9, 2.0, 1e6, 1e-3]
    penalty = as_penalty(ridge, 4)
    factor = careful._root(penalty)
    product = factor.T @ factor
    np.testing.assert_allclose(product, penalty, rtol=1e-12)
    with mpmath.workdps(40):
        total = mpmath.fsum(ridge)
        smallest = -mpmath.mpf(ridge[0]) * ridge[3] / total
    assert product[0, 3] == pytest.approx(float(smallest), rel=1e-12)


@pytest.mark.parametrize(
    ("bits", "status"), [(20, "converged"), (40, "converged"), (50, "max-iter")]
)
def test_a_feature_whose_spread_is_lost_beside_its_mean_has_no_estimate(bits, status):
    """Features 1 + steps / 2^bits are exact, and their coefficients 2^bits those of the steps."""
    X, y, _ = sample(seed=3, d=1)
    steps = np.rint(2 * X)
    there = fit(steps, y)
    found = fit(1 + steps * 2.0**-bits, y)
    assert there.status == "converged"
    assert found.status == status
    if status == "converged":
        np.testing.assert_allclose(found.coef * 2.0**-bits, there.coef, rtol=1e-9)
        shift = found.intercept + found.coef[:, 0]
        np.testing.assert_allclose(shift, there.intercept, atol=2.0 ** (bits - 50))
    else:
        assert np.isnan(found.theta).all()
