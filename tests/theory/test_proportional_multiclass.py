"""K classes in the proportional regime: the equations, their symmetries, limits and simulation."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import optimize

from mlbalance import softmax
from mlbalance.inputs import DataError, InputError
from mlbalance.populations import Gaussian, symmetric
from mlbalance.populations.quadrature import normal_rules
from mlbalance.schemes import ClassWeight, Unweighted
from mlbalance.theory import covariance, population_moments
from mlbalance.theory.proportional.fixed_point import solve as fixed_point
from mlbalance.theory.proportional.mixture import Mixture
from mlbalance.theory.proportional.multiclass import contrasts, overlap, solve
from mlbalance.theory.proportional.proximal import proximal, solve_each, spread

COUNTS = np.array([23, 5, 44, 14, 19, 31])
SHARES = {2: np.array([0.2, 0.8]), 3: np.array([0.1, 0.3, 0.6]), 6: COUNTS / COUNTS.sum()}


def centres(K, norm=1.5, seed=3):
    means = np.random.default_rng(seed).normal(size=(K, K))
    return norm * means / np.linalg.norm(means, axis=1, keepdims=True)


def mixture(K, atoms=1, seed=3):
    """Classes of unequal scale and, with two atoms, a spectrum of two eigenvalues."""
    scales = np.linspace(0.8, 1.3, K)
    gram = np.stack([centres(K, seed=seed + j) @ centres(K, seed=seed + j).T for j in range(atoms)])
    values, masses = np.array([[1.0, 1.0]] if atoms == 1 else [[2.0, 0.3], [0.3, 0.7]]).T
    return Mixture(gram, values, masses, scales)


def balanced(shares):
    return 1 / (shares.size * shares)


def law(found):
    """Means (K, K) and covariances (K, K, K) of the logits of a new row of each class."""
    P, scales = contrasts(len(found.means)), found.problem.mixture.scales
    covariance = P @ found.covariance @ P.T
    return (found.means + found.intercept) @ P.T, scales[:, None, None] ** 2 * covariance


def assert_same_law(one, other, atol):
    for a, b in zip(law(one), law(other), strict=True):
        np.testing.assert_allclose(a, b, atol=atol)


# Fixed points


@pytest.mark.parametrize("radius", [0.5, 0.99, 3.0])
def test_a_linear_map_is_solved_even_where_it_expands(radius):
    rng = np.random.default_rng(1)
    matrix, shift = rng.normal(size=(6, 6)), rng.normal(size=6)
    matrix *= radius / np.abs(np.linalg.eigvals(matrix)).max()
    found = fixed_point(lambda x: matrix @ x + shift, np.zeros(6), tolerance=1e-11)
    assert found.converged and found.sweeps < 50
    np.testing.assert_allclose(found.point, np.linalg.solve(np.eye(6) - matrix, shift), atol=1e-9)


def test_an_oscillating_map_is_damped():
    found = fixed_point(lambda x: 0.1 - 8 * np.tanh(x), np.array([-30.0]))
    assert found.converged
    assert abs(found.point[0] - optimize.brentq(lambda x: 0.1 - 8 * np.tanh(x) - x, -1, 1)) < 1e-9


def test_every_spell_is_more_strongly_damped():
    """Of a map without fixed point: the first moves are whole, those of each spell are shorter."""
    seen = []
    fixed_point(lambda x: seen.append(x[0]) or x + 1, np.zeros(1), memory=1, max_sweeps=60)
    moves = np.diff(seen)
    spells = list(dict.fromkeys(moves[(moves > 0) & (moves < 1 - 1e-9)].round(6)))
    assert moves[0] == 1 and len(spells) >= 3
    assert all(later < earlier for earlier, later in pairwise(spells))


def test_a_map_that_fails_somewhere_is_avoided():
    def step(x):
        if x[0] > 2:
            raise FloatingPointError
        return 1.5 - 1.2 * x if x[0] > -1 else x + 3.5

    found = fixed_point(step, np.array([-3.0]), cap=5.0)
    assert found.converged and abs(found.point[0] - 1.5 / 2.2) < 1e-9


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_a_map_without_fixed_point_does_not_converge(value):
    found = fixed_point(lambda x: x + value, np.zeros(2), max_sweeps=60)
    assert not found.converged and found.residual == (1.0 if value == 1 else np.inf)


def test_the_fallback_has_its_turn_and_the_map_the_last_word():
    """Without it nothing moves: the map is computed at the start and at the solution alone."""

    def step(x):
        return x if np.abs(x - 3).max() < 1e-3 else np.where(x == 0, x + 1, np.nan)

    assert not fixed_point(step, np.zeros(1), max_sweeps=200).converged
    found = fixed_point(step, np.zeros(1), fallback=lambda x: 0 * x + 3.0, max_sweeps=200)
    assert found.converged and abs(found.point[0] - 3) < 1e-3


# Proximal maps


def test_many_small_systems_are_solved_at_once():
    rng = np.random.default_rng(2)
    roots, right = rng.normal(size=(40, 4, 4)), rng.normal(size=(4, 2, 40))
    matrices = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(4)
    found = solve_each(matrices.transpose(1, 2, 0).copy(), right.copy())
    expected = np.linalg.solve(matrices, right.transpose(2, 0, 1)).transpose(1, 2, 0)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("weight", [0.05, 1.0, 30.0])
@pytest.mark.parametrize("size", [1e-6, 1e-2, 1.0, 1e2, 1e4, 1e7])
@pytest.mark.parametrize("spread_of_margins", [0.1, 3.0, 30.0])
def test_proximal_maps_are_stationary(weight, size, spread_of_margins):
    """A row moves by the pull times its force, from any start and for extreme pulls."""
    rng = np.random.default_rng(4)
    for D in (1, 2, 5):
        root = rng.normal(size=(D, D))
        pull = size * (root @ root.T + 0.05 * np.eye(D))
        margins = spread_of_margins * (rng.normal(size=(D, 300)) - 1)
        r, p = proximal(margins, pull, weight)
        logits = np.vstack([np.zeros(300), -r])
        np.testing.assert_allclose(
            p, np.exp(softmax.log_probabilities(logits, axis=0))[1:], rtol=1e-10
        )
        scale = np.abs(r).max() + np.abs(pull @ p).max() * weight
        np.testing.assert_allclose(r - margins, weight * pull @ p, atol=1e-10 * scale)
        again = proximal(margins, pull, weight, r + rng.normal(size=r.shape))[0]
        np.testing.assert_allclose(again, r, atol=1e-9 * np.abs(r).max())


def test_spread_is_the_derivative_of_the_force():
    """By finite differences of the map, as the mean curvature is minus dg/dmargins."""
    rng = np.random.default_rng(5)
    pull = np.array([[2.0, 0.5, 0.1], [0.5, 1.0, 0.3], [0.1, 0.3, 0.7]])
    margins, mass, c, h = rng.normal(size=(3, 50)), np.full(50, 0.02), 1.7, 1e-5
    derivative = np.empty((3, 3))
    for j in range(3):
        moved = h * np.eye(3)[:, [j]]
        up, down = (proximal(margins + s * moved, pull, c)[1] for s in (1, -1))
        derivative[:, j] = -c * (up - down) @ mass / (2 * h)
    p = proximal(margins, pull, c)[1]
    np.testing.assert_allclose(spread(p, pull, c, mass), derivative, atol=1e-8)


# The equations


@pytest.mark.parametrize("K", [2, 3, 6])
def test_contrasts_are_orthonormal_and_sum_to_zero(K):
    P = contrasts(K)
    np.testing.assert_allclose(P.T @ P, np.eye(K - 1), atol=1e-14)
    np.testing.assert_allclose(P.sum(axis=0), 0, atol=1e-14)


@pytest.mark.parametrize(
    ("K", "ridge", "nodes"),
    [
        (2, 0.05, None),
        (2, 1e-6, None),
        (3, 5.0, None),
        (3, 1e-3, None),
        (3, 1e-6, 41),
        (6, 0.05, None),
        (6, 1e-3, 512),
    ],
)
def test_forces_balance_and_a_solution_stays(K, ridge, nodes):
    shares = SHARES[K]
    found = solve(mixture(K, atoms=2), shares, balanced(shares), 0.7, ridge, nodes=nodes)
    assert found.converged and found.residual < 1e-9
    force = np.abs(shares @ found.force).max() / np.abs(shares[:, None] * found.force).max()
    assert force < 1e-8
    again = solve(
        mixture(K, atoms=2), shares, balanced(shares), 0.7, ridge, nodes=nodes, start=found
    )
    assert again.sweeps <= 2
    assert_same_law(found, again, 1e-8 * np.abs(law(found)[1]).max())


@pytest.mark.parametrize("ridge", [1.0, 0.02, 1e-3])
def test_work_of_the_forces_is_that_of_the_ridge(ridge):
    """ridge w'w = (1/n) sum_i (u_i - b) g_i': the score at the optimum times w.

    The distribution of training rows is computed here, with another rule than the solution's.
    """
    mix, shares = Mixture.isotropic(centres(3), np.array([1.2, 1.0, 0.7])), SHARES[3]
    c = balanced(shares)
    found = solve(mix, shares, c, 1.5, ridge)
    points, weights = normal_rules(2, 91)[1].points.T, normal_rules(2, 91)[1].weights
    P, root = contrasts(3), np.linalg.cholesky(found.covariance)
    work = np.zeros((2, 2))
    for k in range(3):
        pull = mix.scales[k] ** 2 * found.response
        B = P[k] - np.delete(P, k, axis=0)
        without = (found.means[k] + found.intercept)[:, None] + mix.scales[k] * root @ points
        p = proximal(B @ without, B @ pull @ B.T, c[k])[1]
        g = c[k] * B.T @ p
        work += shares[k] * ((without + pull @ g - found.intercept[:, None]) * weights) @ g.T
    np.testing.assert_allclose(
        work, ridge * found.covariance, atol=1e-6 * ridge * np.abs(found.covariance).max()
    )


def test_classes_may_come_in_any_order():
    order = np.array([2, 0, 1])
    mix, shares = mixture(3, atoms=2), SHARES[3]
    c = np.array([2.0, 1.0, 0.5])
    mixed = Mixture(mix.gram[:, order][:, :, order], mix.eigenvalues, mix.masses, mix.scales[order])
    one, other = solve(mix, shares, c, 2.0, 0.02), solve(mixed, shares[order], c[order], 2.0, 0.02)
    means, Q = law(one)
    np.testing.assert_allclose(law(other)[0], means[order][:, order], atol=1e-8)
    np.testing.assert_allclose(law(other)[1], Q[order][:, order][:, :, order], atol=1e-8)


def test_symmetric_classes_have_a_symmetric_solution():
    mix = Mixture.of(symmetric(3, 4, 2.0))
    found = solve(mix, np.full(3, 1 / 3), np.ones(3), 1.2, 0.01)
    for matrix in (found.covariance, found.response):
        np.testing.assert_allclose(matrix, matrix[0, 0] * np.eye(2), atol=1e-8 * matrix[0, 0])
    np.testing.assert_allclose(found.intercept, 0, atol=1e-8)
    own = np.diagonal(law(found)[0])
    np.testing.assert_allclose(own, own[0], atol=1e-8)


def test_units_do_not_matter():
    """Features in other units, a spectrum with one eigenvalue written twice, scaled weights."""
    mix, shares, c = mixture(3, atoms=2), SHARES[3], balanced(SHARES[3])
    found = solve(mix, shares, c, 2.0, 0.02)
    larger = replace(mix, gram=9 * mix.gram, eigenvalues=9 * mix.eigenvalues)
    assert_same_law(solve(larger, shares, c, 2.0, 9 * 0.02), found, 1e-8)
    spread_out = replace(
        larger, gram=9 * mix.gram, eigenvalues=mix.eigenvalues, scales=3 * mix.scales
    )
    assert_same_law(solve(spread_out, shares, c, 2.0, 9 * 0.02), found, 1e-8)
    twice = Mixture(
        np.concatenate([mix.gram, mix.gram[:1] * 0]),
        mix.eigenvalues[[0, 1, 0]],
        mix.masses[[0, 1, 0]] * [0.25, 1, 0.75],
        mix.scales,
    )
    assert_same_law(solve(twice, shares, c, 2.0, 0.02), found, 1e-8)
    assert_same_law(solve(mix, shares, 7 * c, 2.0, 7 * 0.02), found, 1e-8)


def test_the_centre_of_the_means_is_free():
    shares, c = SHARES[3], balanced(SHARES[3])
    near, far, away = (
        solve(Mixture.isotropic(centres(3) + s), shares, c, 2.0, 0.02) for s in (0, 5, 100)
    )
    assert_same_law(near, far, 1e-8)
    assert np.abs(near.intercept - far.intercept).max() > 0.1
    # Forces balance at the solution alone: on the way there the centre must not count for them.
    assert_same_law(near, away, 1e-8)


# Limits


def test_strong_ridge_is_a_sum_over_rows():
    """Probabilities stay at 1/K, so that ridge x w is the mean over rows of x (P'c e_y)'."""
    mix, shares, ridge = mixture(6), SHARES[6], 1e5
    found = solve(mix, shares, balanced(shares), 1.0, ridge)
    P = contrasts(6)
    np.testing.assert_allclose(ridge * found.means, mix.gram[0] @ P / 6, atol=1e-4)
    np.testing.assert_allclose(found.force, balanced(shares)[:, None] * P, atol=1e-4)


@pytest.mark.parametrize("scheme", [ClassWeight(), Unweighted()], ids=repr)
def test_many_rows_are_the_first_order_theory(scheme):
    """Population optimum, and the covariance of a feature without signal by the sandwich."""
    counts, ridge = np.array([2, 3, 5]), 0.05
    shares = counts / counts.sum()
    means = np.array([[0.0, 0.0, 0.0], [1.5, 0.3, 0.0], [-0.2, 1.1, 0.0]])
    scales = np.array([1.0, 0.8, 1.2])
    population = Gaussian(means, scales[:, None, None] ** 2 * np.eye(3))
    tau = scheme.target(counts)
    m, theta, *_ = population_moments(population, tau, ridge=ridge, rtol=1e-6)
    load, P = 1e8, contrasts(3)
    found = solve(Mixture.of(population), shares, tau / shares, load, ridge)
    w = theta[:, 1:].T @ P
    np.testing.assert_allclose(found.means, means @ w, atol=1e-5)
    np.testing.assert_allclose(found.intercept, theta[:, 0] @ P, atol=1e-5)
    np.testing.assert_allclose(found.covariance, w.T @ w, atol=1e-5)
    sandwich = counts.sum() * covariance(m, scheme, counts)
    noise = sandwich.reshape(2, 4, 2, 4)[:, 3, :, 3]
    against_first = (P - P[0])[1:]
    response = load * found.response
    predicted = against_first @ response @ found.score_covariance @ response @ against_first.T
    np.testing.assert_allclose(predicted, noise, atol=1e-5 * np.abs(noise).max())


def test_no_ridge_where_the_fit_exists():
    shares = SHARES[3]
    none, weak = (solve(mixture(3), shares, balanced(shares), 20.0, r) for r in (0.0, 1e-7))
    assert none.converged
    assert_same_law(none, weak, 1e-4)


# Failures


def test_what_has_not_converged_is_no_number():
    shares = SHARES[3]
    found = solve(mixture(3), shares, np.ones(3), 0.5, 0.01, max_sweeps=2)
    assert not found.converged and found.residual > 1e-6
    assert np.isnan(found.means).all() and np.isnan(found.covariance).all()
    assert np.isnan(overlap(found, np.ones(3))).all()


def test_a_rule_too_coarse_for_the_fit_is_no_number():
    """Near the threshold, logits spread over hundreds of nats: without `nodes` the rule grows."""
    mix, shares = Mixture.isotropic([[0.7], [-0.7]]), np.array([0.4, 0.6])
    coarse = solve(mix, shares, np.ones(2), 2.6, 1e-6, nodes=41)
    fine = solve(mix, shares, np.ones(2), 2.6, 1e-6)
    assert not coarse.converged and coarse.quadrature_error > 0.1 and np.isnan(coarse.force).all()
    assert fine.converged and fine.quadrature_error < 0.01
    assert np.trace(fine.covariance) > 1e3


def test_no_ridge_and_separable_rows_do_not_converge():
    shares = SHARES[2]
    found = solve(mixture(2), shares, np.ones(2), 0.5, 0.0, max_sweeps=100)
    assert not found.converged


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"fractions": (0.5, 0.5, 0.0)}, DataError, "fractions must be 3 positive numbers"),
        ({"fractions": (0.5, 0.5)}, DataError, "fractions must be 3 positive numbers"),
        ({"fractions": (0.5, 0.5, 0.5)}, DataError, "sum to one; theirs sum to 1.5"),
        ({"weights": (1, -1, 1)}, DataError, "weights must be 3 positive numbers"),
        ({"load": 0.0}, InputError, "load n/d is a positive number; 0.0 was given"),
        ({"ridge": -0.1}, InputError, "ridge is a number from zero on; -0.1 was given"),
    ],
)
def test_bad_problems_are_refused(change, error, message):
    given = {"fractions": SHARES[3], "weights": np.ones(3), "load": 1.0, "ridge": 0.1} | change
    with pytest.raises(error, match=message):
        solve(mixture(3), **given)


def test_a_start_must_fit():
    shares = SHARES[3]
    found = solve(mixture(2), SHARES[2], np.ones(2), 1.0, 0.1)
    with pytest.raises(InputError, match=r"for 3 classes; this one has 2 and has\. Give none"):
        solve(mixture(3), shares, np.ones(3), 1.0, 0.1, start=found)
    with pytest.raises(InputError, match="probability for each of 2 classes"):
        overlap(found, (0.5, 1.5))


# Bags


@pytest.mark.parametrize("K", [3, 4])
def test_overlap_lies_between_what_is_common_and_all(K):
    """All rows common: the same fit; none, and no signal: independent ones. It grows with share."""
    found = solve(mixture(K), np.full(K, 1 / K), np.ones(K), 0.8, 0.05)
    every = overlap(found, np.ones(K))
    np.testing.assert_allclose(every, found.covariance, atol=2e-3 * np.trace(every))
    some = [overlap(found, np.full(K, s)) for s in (0.0, 0.3, 0.7)] + [every]
    for less, more in pairwise(some):
        assert np.linalg.eigvalsh(more - less).min() > 0
    nothing = Mixture(np.zeros((1, K, K)), np.ones(1), np.ones(1), np.ones(K))
    alone = solve(nothing, np.full(K, 1 / K), np.ones(K), 0.8, 0.05)
    np.testing.assert_allclose(overlap(alone, np.zeros(K)), 0, atol=1e-9)


# Simulation


def simulated(counts, means, scales, spectrum, weights, ridge, runs, seed):
    """Per run: M, b, Q, and mean training u less M + b, of fits to all rows, in contrasts."""
    rng, K = np.random.default_rng(seed), len(counts)
    P, y = contrasts(K), np.repeat(np.arange(K), counts)
    rows = []
    for _ in range(runs):
        noise = rng.normal(size=(y.size, spectrum.size)) * np.sqrt(spectrum)
        X = means[y] + scales[y][:, None] * noise
        fit = softmax.fit(X, y, weights[y] / y.size, ridge=ridge)
        assert fit.converged
        w, b = fit.coef.T @ P, fit.intercept @ P
        M, Q = means @ w, w.T @ (spectrum[:, None] * w)
        trained = np.stack([(X[y == k] @ w).mean(axis=0) for k in range(K)])
        rows.append(
            np.concatenate([M.ravel(), b, Q[np.triu_indices(K - 1)], (trained - M).ravel()])
        )
    return np.array(rows)


@pytest.mark.parametrize(
    ("K", "counts", "ridge"), [(3, (25, 60, 155), 0.02), (6, tuple(2 * COUNTS), 0.1)]
)
@pytest.mark.parametrize("weighted", [True, False])
def test_fits_follow_the_limit(K, counts, ridge, weighted):
    n_k, d = np.array(counts), 120
    spectrum = np.repeat([2.0, 0.3], [36, 84])
    means = np.zeros((K, d))
    means[:, 36 - K : 36 + K] = np.random.default_rng(6).normal(size=(K, 2 * K)) / np.sqrt(K)
    mix = Mixture(
        np.stack([means[:, :36] @ means[:, :36].T, means[:, 36:] @ means[:, 36:].T]),
        np.array([2.0, 0.3]),
        np.array([0.3, 0.7]),
        np.linspace(0.8, 1.2, K),
    )
    shares = n_k / n_k.sum()
    c = balanced(shares) if weighted else np.ones(K)
    found = solve(mix, shares, c, n_k.sum() / d, ridge)
    expected = np.concatenate(
        [
            found.means.ravel(),
            found.intercept,
            found.covariance[np.triu_indices(K - 1)],
            found.self_influence.ravel(),
        ]
    )
    rows = simulated(n_k, means, mix.scales, spectrum, c, ridge, 24, seed=8)
    z = (rows.mean(axis=0) - expected) / (rows.std(axis=0, ddof=1) / np.sqrt(len(rows)))
    assert np.abs(z).max() < 4
    assert np.sqrt((z**2).mean()) < 1.5


def test_two_undersamples_overlap_as_predicted():
    n_k, d, ridge, runs = np.array([40, 90, 150]), 150, 0.03, 24
    means = np.zeros((3, d))
    means[:, :3] = centres(3)
    m = n_k.min()
    found = solve(Mixture.isotropic(means), np.full(3, 1 / 3), np.ones(3), 3 * m / d, ridge)
    expected = overlap(found, m / n_k)[np.triu_indices(2)]
    rng, P, y = np.random.default_rng(9), contrasts(3), np.repeat(np.arange(3), n_k)
    rows = []
    for _ in range(runs):
        X = means[y] + rng.normal(size=(y.size, d))
        kept = [
            np.concatenate([rng.choice(np.flatnonzero(y == k), m, replace=False) for k in range(3)])
            for _ in range(2)
        ]
        w = [
            softmax.fit(X[i], y[i], np.full(i.size, 1 / i.size), ridge=ridge).coef.T @ P
            for i in kept
        ]
        rows.append(((w[0].T @ w[1] + w[1].T @ w[0]) / 2)[np.triu_indices(2)])
    z = (np.mean(rows, axis=0) - expected) / (np.std(rows, axis=0, ddof=1) / np.sqrt(runs))
    assert np.abs(z).max() < 4
