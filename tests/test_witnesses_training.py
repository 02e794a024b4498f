"""Where the witnesses of the claims about training meet.

Statistical tests have a fixed seed and |z| <= 4.
"""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import factorial

from mlbalance import softmax
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs import smote_target as target_proof
from mlbalance.derivations.proofs.batch_weights import density_expression, first_order_expression
from mlbalance.derivations.proofs.sgd_noise import noise_expressions
from mlbalance.derivations.proofs.sgd_steps import excess_expression, largest_step_expression
from mlbalance.derivations.proofs.smote import factor_expression, interpolated_expression
from mlbalance.derivations.proofs.training_time import late_expression, time_expression
from mlbalance.inputs import DataError, InputError
from mlbalance.populations import data_rule
from mlbalance.schemes import BalancedSampler, Oversample
from mlbalance.theory import (
    batch_covariance,
    batch_prior,
    boundary_over_time,
    conditional_variance,
    data_moments,
    largest_step,
    moments,
    sgd_excess_risk,
    smote_moments,
    smote_target,
)
from mlbalance.theory.minibatch import SAMPLINGS
from tests.witnesses import PRIOR, random_moments

COUNTS = np.array([5, 30, 12])
SIX = (23, 5, 44, 14, 19, 31)


@pytest.fixture(scope="module")
def data():
    """Three classes in the plane, and coefficients that are no minimum."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(COUNTS.sum(), 2)) + np.repeat(np.eye(3)[:, :2], COUNTS, axis=0)
    return X, np.repeat(np.arange(3), COUNTS), rng.normal(size=(3, 3)) / 2


# Gradients of batches


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_sgd_noise(sampling):
    m = random_moments(np.random.default_rng(2), p=4)
    mean = np.array(PRIOR) @ m.score_mean
    squares = m.score_cov + np.einsum("ka,kb->kab", m.score_mean, m.score_mean)
    letters = {
        "K": 3,
        "tau": PRIOR,
        "n": COUNTS.tolist(),
        "rows": int(COUNTS.sum()),
        "size": 7,
        "g": mean.tolist(),
        "m": m.score_mean.tolist(),
        "Q": squares.tolist(),
    }
    computed = batch_covariance(m, COUNTS, 7, sampling)
    for a, b in np.ndindex(4, 4):
        derived = float(evaluate(noise_expressions()[sampling], a=a + 1, b=b + 1, **letters))
        assert computed[a, b] == pytest.approx(derived, rel=1e-11, abs=1e-13)


def scores_of(data):
    X, y, theta = data
    return softmax.row_scores(theta, X, y)[:, 1:].reshape(y.size, -1)


def test_balanced_and_stratified_batches_are_schemes_given_the_data(data):
    """The noise that the schemes of the package have, by another road."""
    X, y, theta = data
    m = data_moments(X, y, theta, divisor="n_k")
    pairs = {
        "balanced": (6, BalancedSampler(6)),
        "stratified": (6, Oversample(2, keep=False)),
    }
    for sampling, (size, scheme) in pairs.items():
        found = batch_covariance(m, COUNTS, size, sampling)
        np.testing.assert_allclose(found, conditional_variance(X, y, theta, scheme), rtol=1e-10)


def test_the_noise_of_weighted_batches_is_that_of_all_of_them(data):
    """All pairs of rows, equally likely."""
    X, y, theta = data
    s = scores_of(data) * (y.size / (3 * COUNTS))[y][:, None]
    pairs = np.array([(s[i] + s[j]) / 2 for i, j in product(range(y.size), repeat=2)])
    found = batch_covariance(data_moments(X, y, theta, divisor="n_k"), COUNTS, 2)
    np.testing.assert_allclose(found, np.cov(pairs.T, bias=True), rtol=1e-10, atol=1e-14)


def test_the_ratio_is_the_design_effect_where_scores_are_of_one_size():
    m = random_moments(np.random.default_rng(3))
    mean = m.score_mean - np.array(PRIOR) @ m.score_mean  # at the minimum g is zero
    same = np.eye(4) * 50 - np.einsum("ka,kb->kab", mean, mean)
    m = m._replace(score_mean=mean, score_cov=same)
    weighted, balanced = (batch_covariance(m, COUNTS, 3, s) for s in SAMPLINGS[:2])
    effect = COUNTS.sum() * (np.array(PRIOR) ** 2 / COUNTS).sum()
    np.testing.assert_allclose(weighted, effect * balanced, rtol=1e-12, atol=1e-12)


def test_stratified_batches_have_no_more_noise_in_any_direction():
    for seed in range(5):
        m = random_moments(np.random.default_rng(seed))
        gap = batch_covariance(m, COUNTS, 3, "balanced") - batch_covariance(
            m, COUNTS, 3, "stratified"
        )
        assert np.linalg.eigvalsh(gap).min() > -1e-12


# Steps


def test_sgd_steps():
    """Two classes and one coefficient each: theta_1 = -theta_0 moves by both, twice as fast."""
    a, c, step, size, steps = 0.3, 1.7, 0.2, 4, 9
    m = random_moments(np.random.default_rng(4))._replace(
        hessian=np.array([[a]]), prior=np.array([0.5, 0.5])
    )
    letters = {"c": 2 * c, "h": 2 * a, "eta": step, "b": size, "T": steps}
    derived = float(evaluate(excess_expression(), **letters))
    assert sgd_excess_risk(m, [[c / size]], step, steps) == pytest.approx(derived, rel=1e-12)
    assert sgd_excess_risk(m, [[c / size]], 1e-7) == pytest.approx(1e-7 * 2 * c / 4 / size)


def test_the_excess_risk_is_that_of_the_recursion():
    """The covariance of all coefficients, step by step, with curvature and noise of any shape."""
    m = random_moments(np.random.default_rng(5), p=4)
    root = np.random.default_rng(6).normal(size=(4, 4))
    spread = np.kron([[-1, -1], [1, 0], [0, 1]], np.eye(2))
    noise, hessian = (spread @ part @ spread.T for part in (root @ root.T, m.hessian))
    step, covariance = 0.05, np.zeros((6, 6))
    keep = np.eye(6) - step * hessian
    for steps in range(1, 40):
        covariance = keep @ covariance @ keep.T + step**2 * noise
        excess = np.trace(hessian @ covariance) / 2
        assert sgd_excess_risk(m, root @ root.T, step, steps) == pytest.approx(excess, rel=1e-9)


@pytest.mark.parametrize("size", [1, 6])
def test_class_weights_need_smaller_steps(size):
    """Below the largest step the mean square of theta falls, above it grows: all batches listed."""
    effect = 1 / largest_step(COUNTS, 1)
    assert effect == pytest.approx(COUNTS.sum() * (1 / COUNTS).sum() / 9)
    letters = {"a": 0.7, "D": effect, "b": size}
    derived = float(evaluate(largest_step_expression(), **letters))
    assert largest_step(COUNTS, size) * 2 / 0.7 == pytest.approx(derived, rel=1e-12)
    weights, chances = zip(*compositions(size), strict=True)
    means = np.array([(np.array(n) * COUNTS.sum() / (3 * COUNTS)).sum() for n in weights]) / size
    for step, grows in ((0.999 * derived, False), (1.001 * derived, True)):
        square = (np.array(chances) * (1 - step * 0.7 * means) ** 2).sum()
        assert (square > 1) == grows


def compositions(size):
    """Rows of each class in a batch, and their multinomial chances."""
    for n in product(range(size + 1), repeat=3):
        if sum(n) == size:
            ways = factorial(size) / np.prod(factorial(n))
            yield n, ways * np.prod((COUNTS / COUNTS.sum()) ** n)


# Weights of sum one in every batch


def test_batch_weights():
    """The derived integrand, summed over a grid, is the prior; so is the mean over all batches."""
    shares = COUNTS / COUNTS.sum()
    w = 1 / 3 / shares
    letters = {"K": 3, "b": 4, "tau": [1 / 3] * 3, "pi": shares.tolist(), "w": w.tolist()}
    nodes, masses = np.polynomial.laguerre.laggauss(40)
    computed = batch_prior(COUNTS, 4)
    values = [float(evaluate(density_expression(), k=1, t=t, **letters)) for t in nodes]
    assert computed[0] == pytest.approx(masses @ (values * np.exp(nodes)), rel=1e-6)
    for k in range(3):
        listed = sum(
            chance * n[k] * w[k] / (np.array(n) * w).sum() for n, chance in compositions(4)
        )
        assert computed[k] == pytest.approx(listed, rel=1e-8)


def test_the_first_order_of_the_prior_is_the_derived_one():
    shares = np.array(SIX) / sum(SIX)
    letters = {"K": 6, "tau": [1 / 6] * 6, "w": (1 / 6 / shares).tolist()}
    gaps = []
    for size in (1000, 2000):
        first = [
            float(evaluate(first_order_expression(), k=k + 1, b=size, **letters)) for k in range(6)
        ]
        gaps.append(np.abs(batch_prior(SIX, size) - first).max() * size)
    assert gaps[0] < 0.02 and gaps[1] == pytest.approx(gaps[0] / 2, rel=0.02)


def test_a_batch_of_one_row_has_no_weights():
    shares = np.array(SIX) / sum(SIX)
    np.testing.assert_allclose(batch_prior(SIX, 1), shares, rtol=1e-8)


def test_batches_of_weights_of_sum_one_fit_that_prior(data):
    """Means over drawn batches of the gradient, against class weighting at the prior."""
    X, y, theta = data
    rng, scores = np.random.default_rng(7), scores_of(data)
    drawn = rng.integers(y.size, size=(40_000, 4))
    w = (1 / COUNTS)[y][drawn]
    gradients = (w[:, :, None] * scores[drawn]).sum(axis=1) / w.sum(axis=1)[:, None]
    prior = batch_prior(COUNTS, 4)
    mean = prior @ moments(data_rule(X, y), theta, prior).score_mean
    error = gradients.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(gradients.mean(axis=0) - mean) <= 4 * error).all()
    plain = (1 / 3) * moments(data_rule(X, y), theta).score_mean.sum(axis=0)
    assert (np.abs(gradients.mean(axis=0) - plain) > 4 * error).any()


# Synthetic rows


def some_class(n=9, d=2):
    return np.random.default_rng(9).normal(size=(n, d)) ** 3


def nearest(X, k):
    """Indices (n, k) of the k nearest other rows."""
    return np.argsort(((X[:, None] - X) ** 2).sum(axis=2), axis=1)[:, 1 : k + 1]


def second_moments(X, neighbours):
    """S, S_nb, K and K' about the class mean, pair by pair."""
    z = X - X.mean(axis=0)
    pairs = [(z[i], z[j]) for i, own in enumerate(neighbours) for j in own]
    first, second = map(np.array, zip(*pairs, strict=True))
    products = ((first, first), (second, second), (first, second), (second, first))
    return [one.T @ other / len(pairs) for one, other in products]


@pytest.mark.parametrize("k", [3, 8])
def test_smote(k):
    """The derived second moment about the class mean, of nearest neighbours and of all others."""
    X = some_class()
    mean, covariance = smote_moments(X, nearest(X, k))
    shift = mean - X.mean(axis=0)
    parts = dict(zip(("S", "S_nb", "K", "K'"), second_moments(X, nearest(X, k)), strict=True))
    for a, b in np.ndindex(2, 2):
        letters = {name: part[a, b] for name, part in parts.items()}
        derived = float(evaluate(interpolated_expression(), **letters))
        assert covariance[a, b] + shift[a] * shift[b] == pytest.approx(derived, rel=1e-12)
    every = smote_moments(X)
    factor = float(evaluate(factor_expression(), n_k=len(X)))
    np.testing.assert_allclose(every[1], factor * np.cov(X.T, bias=True), rtol=1e-12)
    if k == len(X) - 1:
        np.testing.assert_allclose(covariance, every[1], rtol=1e-12)
        np.testing.assert_allclose(mean, every[0], rtol=1e-12)
    else:
        assert np.abs(shift).max() > 0.1, "the neighbours' mean is another one"


@pytest.mark.parametrize("k", [3, 8])
def test_rows_of_imbalanced_learn_have_these_moments(k):
    from imblearn.over_sampling import SMOTE

    X, new = some_class(), 10_000
    y = np.repeat([0, 1], [new + len(X), len(X)])
    sampler = SMOTE(k_neighbors=k, random_state=0)
    drawn, _ = sampler.fit_resample(np.concatenate([np.zeros((new + len(X), 2)), X]), y)
    rows = drawn[y.size :]
    assert len(rows) == new
    mean, covariance = smote_moments(X, nearest(X, k))
    away = rows - mean
    products = np.column_stack([away, away[:, 0] ** 2, away[:, 1] ** 2, away.prod(axis=1)])
    expected = [0, 0, covariance[0, 0], covariance[1, 1], covariance[0, 1]]
    error = products.std(axis=0) / np.sqrt(new)
    assert (np.abs(products.mean(axis=0) - expected) <= 4 * error).all()


def test_the_class_mean_is_less_noisy_than_after_random_oversampling():
    """Five rows to 44, 39 of them new: in units of S_k^2/n_k."""
    from imblearn.over_sampling import SMOTE

    X, M, repeats = some_class(5, 1), 44, 2000
    many = repeats * (M - 5) + 5
    data = np.concatenate([np.zeros((many, 1)), X]), np.repeat([0, 1], [many, 5])
    drawn, _ = SMOTE(k_neighbors=4, random_state=1).fit_resample(*data)
    new = drawn[many + 5 :, 0].reshape(repeats, M - 5)
    means = (X.sum() + new.sum(axis=1)) / M
    found = means.var() / (X.var(ddof=1) / 5)
    copied = Oversample(M).moments((M, 5)).cv2[1]
    predicted = float(evaluate(factor_expression(), n_k=5)) * copied
    assert abs(found / predicted - 1) <= 4 * np.sqrt(2 / repeats)
    assert smote_moments(X)[1][0, 0] * (M - 5) / M**2 == pytest.approx(
        predicted * X.var(ddof=1) / 5
    )


def shrunk(separation, eps):
    """Intercept and slope where the class at the right has variance 1 - eps."""
    nodes, masses = np.polynomial.hermite_e.hermegauss(80)
    points = np.concatenate([nodes - separation / 2, np.sqrt(1 - eps) * nodes + separation / 2])
    labels, weights = np.repeat([0, 1], 80), np.tile(masses / masses.sum(), 2) / 2
    fit = softmax.fit(points[:, None], labels, weights)
    return fit.theta[1] - fit.theta[0]


@pytest.mark.parametrize("s", [0.5, 1.0, 1.5])
def test_smote_target(s):
    """A small share of SMOTE's rows moves the computed fit as far as the derived score says."""
    (b0, w0), (b1, w1) = (shrunk(2 * s, eps) for eps in (0.0, 1e-3))
    factor = float(evaluate(target_proof.slope_expression(), epsilon=1e-3))
    assert w1 / w0 - 1 == pytest.approx(factor - 1, rel=2e-3)
    nodes, masses = np.polynomial.hermite_e.hermegauss(80)
    masses = masses / masses.sum() / np.cosh(s * nodes)
    means = {"E_t": masses @ np.tanh(s * nodes) ** 2, "E_0": masses.sum(), "s": s}
    move = float(evaluate(target_proof.intercept_move(), **means))
    assert (b1 - b0) / 1e-3 == pytest.approx(move, rel=5e-3)
    np.testing.assert_allclose(smote_target(2 * s, 0.0), (0, 2 * s), atol=1e-4)
    whole = smote_target(2 * s)  # two thirds of the covariance in the mean
    assert whole.slope > 2 * s * 1.1 and whole.intercept < 0
    # It is near the fit of a normal class of that covariance, and not the same.
    normal = shrunk(2 * s, 1 / 3)[1]
    assert 1e-4 < abs(whole.slope / normal - 1) < 0.03


# Time of training


@pytest.mark.parametrize("weight", [0.05, 0.3, 0.8])
def test_training_time(weight):
    """At the time at which the derived margins are u and v, the computed boundary is theirs."""

    def time_of(margin, share):
        return float(evaluate(time_expression(), u=margin, tau_1=share))

    for u in (1e-3, 0.5, 3.0, 20.0):
        time = time_of(u, weight)
        v = brentq(lambda v, t=time: time_of(v, 1 - weight) - t, 1e-9, 60.0, xtol=1e-14)
        assert boundary_over_time(time, weight) == pytest.approx((u - v) / (u + v), rel=1e-7)
    assert boundary_over_time(1e-9, weight) == pytest.approx(2 * weight - 1, rel=1e-6)
    at = np.geomspace(1e-3, 1e30, 200)
    boundaries = np.abs(boundary_over_time(at, weight))
    assert (np.diff(boundaries) < 0).all()
    late = float(evaluate(late_expression(), t=1e30, tau_1=weight, tau_0=1 - weight))
    assert boundary_over_time(1e30, weight) == pytest.approx(late, rel=1e-6)


def test_gradient_descent_has_that_boundary():
    X, y = np.array([[-1.0], [1.0]]), np.array([0, 1])
    weights, theta, step = np.array([0.9, 0.1]), np.zeros((2, 2)), 0.01
    for number in range(1, 1001):
        theta -= step * softmax.score(theta, X, y, weights)
        if number in (100, 1000):
            intercept, slope = theta[1] - theta[0]
            # Both classes' coefficients move, so their difference twice as fast.
            found = boundary_over_time(2 * number * step, 0.1)
            assert intercept / slope == pytest.approx(float(found), abs=5e-3)


def test_neighbours_and_shares_that_are_none_are_refused():
    X = some_class()
    for given in (np.full((9, 2), 9), np.zeros((8, 2), dtype=int), np.zeros((9, 2))):
        with pytest.raises(DataError, match=r"Neighbours are indices \(n, k\) of the 9 rows"):
            smote_moments(X, given)
    with pytest.raises(DataError, match=r"between two of a class; X has shape \(1, 2\)"):
        smote_moments(X[:1])
    for separation, new in ((0.0, 0.5), (2.0, 1.5)):
        with pytest.raises(InputError, match="A separation is positive"):
            smote_target(separation, new)
    for time, weight in ((0.0, 0.5), (1.0, 1.0)):
        with pytest.raises(InputError, match="Times are positive and weights lie between 0 and 1"):
            boundary_over_time(time, weight)


# What is refused


def test_batches_that_are_none_are_refused():
    m = random_moments(np.random.default_rng(8))
    with pytest.raises(InputError, match=r"weighted, balanced, stratified; 'shuffled' was given"):
        batch_covariance(m, COUNTS, 4, "shuffled")
    with pytest.raises(InputError, match="moments are of 3 classes; counts of 2"):
        batch_covariance(m, (4, 5), 4)
    for call in (lambda: batch_covariance(m, COUNTS, 0), lambda: batch_prior(COUNTS, 0)):
        with pytest.raises(InputError, match="A batch has a positive number of rows; it is 0"):
            call()
    with pytest.raises(InputError, match=r"A step lies between 0 and .*; it is 100"):
        sgd_excess_risk(m, np.eye(4), 100)
    with pytest.raises(InputError, match=r"noise of 4 contrasts is a square; it is \(3, 3\)"):
        sgd_excess_risk(m, np.eye(3), 0.1)
