"""Second moments of fits to order n^-2, and coverage to order n^-1/2, against simulation."""

from functools import cache

import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.inputs import PriorError
from mlbalance.populations import Gaussian, stack
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    PoissonOversample,
    Thin,
    Undersample,
    Unweighted,
)
from mlbalance.softmax.derivatives import (
    contrasts,
    design,
    fourth_matrix,
    hessian_moment,
    hessian_sandwich,
    outer_mean,
    row_thirds,
    third_matrix,
    third_tensor,
    variances,
)
from mlbalance.theory import (
    Expansion,
    covariance,
    coverage,
    excess_risk,
    interval,
    score_variance,
    second_order_bias,
)
from mlbalance.theory.second_order.expansion import _Pairs
from mlbalance.theory.second_order.weight_sums import weight_sums

MEANS = np.array([[0.0, 0.0], [1.0, 0.5], [-0.5, 1.0]])
OWN = np.stack([np.eye(2), [[1.6, 0.5], [0.5, 0.8]], [[0.5, -0.2], [-0.2, 1.2]]])
PLANE = Gaussian(MEANS, OWN)
LINE = Gaussian([[0.0], [1.5]], [[[1.0]], [[0.5]]])
SCHEMES = (
    ClassWeight(),
    ClassWeight(prior=(0.2, 0.5, 0.3)),
    Unweighted(),
    Undersample(),
    Undersample(replace=True),
    Oversample(),
    Oversample(keep=False),
    Cap(7),
    Thin(0.6),
    Thin(0.6, renormalise=False),
    BalancedSampler(),
    PoissonOversample(0.7),
    Bagging(Undersample(), 3),
    Bagging(Undersample(), 2, disjoint=True),
)


@cache
def expansion(population, prior=None, ridge=0.0):
    rule = population.rule(24)
    K = population.n_classes
    tau = np.full(K, 1 / K) if prior is None else np.array(prior)
    return Expansion(rule, softmax.fit(*stack(rule, tau), ridge=ridge).theta, tau, ridge)


def of(scheme, counts, population=PLANE, ridge=0.0):
    return expansion(population, tuple(scheme.target(np.array(counts)).tolist()), ridge)


# Derivatives


def test_derivatives_are_derivatives():
    theta, points = expansion(PLANE).theta, PLANE.rule(12)[1]
    X, mass = points
    rng, step = np.random.default_rng(0), 1e-5
    M = rng.standard_normal((6, 6))
    M = M + M.T

    def along(value, c):
        ends = []
        for sign in (1, -1):
            at = theta.copy()
            at[1:].reshape(-1)[c] += sign * step
            ends.append(value(at))
        return (ends[0] - ends[1]) / (2 * step)

    def hessian(at):
        return outer_mean(variances(contrasts(at, X)), design(X), mass)

    y = np.full(len(X), 1)
    exact = softmax.hessian(theta, X, y, mass)[1:, :, 1:, :].reshape(6, 6)
    np.testing.assert_allclose(hessian(theta), exact, atol=1e-12)
    T = third_tensor(theta, X, mass)
    for c in range(6):
        np.testing.assert_allclose(along(hessian, c), T[:, :, c], atol=1e-8)
        pull = along(lambda at: mass @ row_thirds(at, X, M), c)
        np.testing.assert_allclose(fourth_matrix(theta, X, mass, M)[:, c], pull, atol=1e-7)
    np.testing.assert_allclose(mass @ row_thirds(theta, X, M), np.einsum("abc,bc", T, M))
    v = rng.standard_normal(6)
    same = np.broadcast_to(v, (len(X), 6))
    np.testing.assert_allclose(third_matrix(theta, X, mass, same), T @ v, atol=1e-12)


def test_products_of_derivatives_are_means_over_rows():
    theta, (X, mass) = expansion(PLANE).theta, PLANE.rule(5)[0]
    rng = np.random.default_rng(1)
    M, u = rng.standard_normal((6, 6)), rng.standard_normal((len(X), 6))
    P, z = variances(contrasts(theta, X)), design(X)
    rows = [outer_mean(P[[i]], z[[i]], np.ones(1)) for i in range(len(X))]
    expected = sum(w * H @ M @ H for w, H in zip(mass, rows, strict=True))
    np.testing.assert_allclose(hessian_sandwich(theta, X, mass, M), expected, atol=1e-12)
    expected = sum(np.multiply.outer(H, one) for H, one in zip(rows, u, strict=True))
    np.testing.assert_allclose(hessian_moment(P, z, u), expected, atol=1e-12)


# Weights


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_sums_of_products_of_weights(scheme):
    """Against draws: |z| <= 4 for each sum of each class."""
    counts, rng, R = np.array([12, 24, 40]), np.random.default_rng(7), 2000
    y = np.repeat(range(3), counts)
    own = y == np.arange(3)[:, None]
    W = np.stack([scheme.draw(y, rng) for _ in range(R)])  # (R, bags, n)
    w = weight_sums(scheme, counts)
    one, two = W[:, 0], W[:, min(1, w.bags - 1)]
    three = W[:, min(2, w.bags - 1)]
    seen = {"squares": one**2, "cubes": one**3}
    if w.bags > 1:
        seen |= {"pairs": one * two, "twice": one * two**2}
    if w.bags > 2:
        seen["threes"] = one * two * three
    for name, products in seen.items():
        sums = products @ own.T
        error = sums.std(axis=0, ddof=1) / np.sqrt(R)
        off = np.abs(sums.mean(axis=0) - getattr(w, name))
        assert (off <= 4 * error + 1e-12).all(), name
    T, q = one @ own.T, (one**2) @ own.T
    T, q = T - T.mean(axis=0), q - q.mean(axis=0)
    for products, exact, more in (
        (T[:, :, None] * T[:, None, :], w.total_cov, 0.0),
        (q[:, :, None] * T[:, None, :], w.with_total, 0.02),
        (T[:, :, None, None] * T[:, None, :, None] * T[:, None, None, :], w.total_third, 0.0),
    ):
        error = products.std(axis=0) / np.sqrt(R)
        assert (
            np.abs(products.mean(axis=0) - exact) <= 4 * error + more * np.abs(exact) + 1e-12
        ).all()


# To second order


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_it_begins_with_first_order_and_has_the_bias_of_second(scheme):
    counts = np.array([12, 24, 40])
    at, many = of(scheme, counts), 4000 * counts
    if isinstance(scheme, Cap):
        scheme = Cap(4000 * scheme.size)
    found = at.of_scheme(scheme, many)
    np.testing.assert_allclose(
        found.covariance, covariance(at.moments, scheme, many), rtol=0.02, atol=1e-7
    )
    assert found.excess_risk == pytest.approx(excess_risk(at.moments, scheme, many), rel=0.01)
    bias = second_order_bias(PLANE.rule(24), at.theta, scheme, many)
    np.testing.assert_allclose(found.bias, bias, rtol=1e-9, atol=1e-14)


def test_an_undersample_is_class_weights_of_as_many_rows():
    few, found = expansion(PLANE).of_scheme(ClassWeight(), (20, 20, 20)), {}
    for scheme in (Undersample(), Cap(20), Bagging(Undersample(), 1)):
        found[scheme] = expansion(PLANE).of_scheme(scheme, (20, 50, 90))
    for one in found.values():
        for value, expected in zip(one, few, strict=True):
            np.testing.assert_allclose(value, expected, rtol=1e-10)


def test_a_prior_that_is_not_the_schemes_is_refused():
    with pytest.raises(PriorError):
        expansion(PLANE).of_scheme(Unweighted(), (10, 20, 30))


@pytest.mark.parametrize(
    ("scheme", "ridge"),
    [
        (ClassWeight(), 0.0),
        (Unweighted(), 0.0),
        (Oversample(keep=False), 0.0),
        (BalancedSampler(), 0.0),
        (Thin(0.6, renormalise=False), 0.05),
        (Bagging(Undersample(), 3), 0.05),
        (Bagging(Undersample(), 3, disjoint=True), 0.0),
    ],
    ids=repr,
)
def test_what_is_beyond_first_order_is_the_second(scheme, ridge):
    """Variance of a slope and excess risk: |z| <= 4, besides a third order of a quarter of the
    second.
    """
    rng, R, counts = np.random.default_rng(11), 3000, (150, 50)
    at = of(scheme, counts, LINE, ridge)
    rule = LINE.rule(48)
    points = stack(rule, at.moments.prior)
    base = float(softmax.loss(at.theta, *points)) + _penalty(at.theta, ridge)
    y = np.repeat([0, 1], counts)
    X = np.stack([LINE.sample(counts, rng)[0] for _ in range(R)])
    W = np.stack([scheme.draw(y, rng) for _ in range(R)])
    fits = softmax.fit(X[:, None], y, W, ridge=ridge)
    assert fits.converged.all()
    theta = fits.theta.mean(axis=1)
    theta = theta - theta.mean(axis=1, keepdims=True)
    slope = theta[:, 1, 1] - theta[:, 0, 1]
    risks = np.array([float(softmax.loss(t, *points)) + _penalty(t, ridge) for t in theta]) - base
    found = at.of_scheme(scheme, counts)
    first = covariance(at.moments, scheme, counts)[1, 1]
    square = (slope - slope.mean()) ** 2
    for seen, told, plain in (
        (square, found.covariance[1, 1], first),
        (risks, found.excess_risk, excess_risk(at.moments, scheme, counts)),
    ):
        error = seen.std(ddof=1) / np.sqrt(R)
        assert abs(seen.mean() - told) <= 4 * error + 0.25 * abs(told - plain)


def _penalty(theta, ridge):
    coef = theta[:, 1:]
    return 0.5 * ridge * float(((coef - coef.mean(axis=0)) ** 2).sum())


def test_covariances_are_linear_in_the_sums_of_weights():
    """Those of rows and of totals, each total with each: nothing of one is lost for another."""
    at, rng = expansion(PLANE), np.random.default_rng(3)
    M, nothing = rng.standard_normal((6, 6)), np.zeros((3, 3))
    squares, totals = rng.uniform(size=3), rng.standard_normal((3, 3))
    single = [np.where(np.arange(9).reshape(3, 3) == i, totals, 0) for i in range(9)]
    whole = _Pairs(at, squares, totals)
    parts = [_Pairs(at, squares, nothing), *(_Pairs(at, 0 * squares, one) for one in single)]
    for of in (
        lambda pairs: pairs.cov,
        lambda pairs: pairs.moved,
        lambda pairs: pairs.bent,
        lambda pairs: pairs.sandwich(M),
        lambda pairs: pairs.with_third(M),
    ):
        np.testing.assert_allclose(sum(of(part) for part in parts), of(whole), atol=1e-12)


# Intervals


def test_about_its_centre_an_interval_covers_what_it_says():
    at, counts = expansion(LINE), np.array([400, 200])
    one = interval(LINE.rule(24), at, np.array([0.0, 1.0]), counts, "design")
    assert one.square == pytest.approx(one.variance)
    assert coverage(one, 0.0) == pytest.approx(0.95, abs=1e-9)
    assert coverage(one, 0.0, level=0.8) == pytest.approx(0.8, abs=1e-9)
    assert coverage(one._replace(square=4 * one.square, shared=0.0), 0.0) > 0.999


@pytest.mark.parametrize("kind", ["design", "robust", "model"])
@pytest.mark.parametrize("scheme", [ClassWeight(), Unweighted()], ids=repr)
def test_estimates_and_their_errors_go_together_as_told(kind, scheme):
    """Moments of an estimate and its squared standard error against simulation, |z| <= 4."""
    from mlbalance.theory import data_moments

    rng, R, counts = np.random.default_rng(5), 1200, np.array([200, 100])
    a, at = np.array([0.0, 1.0]), of(scheme, counts, LINE)
    tau = at.moments.prior
    weight = ClassWeight(prior=tuple(tau.tolist()))
    y = np.repeat([0, 1], counts)
    X = np.stack([LINE.sample(counts, rng)[0] for _ in range(R)])
    W = np.broadcast_to((tau / counts)[y], (R, y.size))
    theta = softmax.fit(X, y, W).theta
    slope, squares = theta[:, 1, 1] - theta[:, 0, 1], np.empty(R)
    for r in range(R):
        m = data_moments(X[r], y, theta[r], tau, divisor="n_k" if kind == "robust" else "n_k - 1")
        squares[r] = covariance(m, weight, counts, kind)[1, 1]
    told = interval(LINE.rule(24), at, a, counts, kind)
    away, other = slope - slope.mean(), squares - squares.mean()
    for products, expected, more in (
        (away * other, told.shared, 0.15),
        (away**3, told.third, 0.15),
    ):
        error = products.std(ddof=1) / np.sqrt(R)
        assert abs(products.mean() - expected) <= 4 * error + more * abs(expected)
    off = np.sqrt(told.variance)  # a point a standard error away
    bias = at.of_scheme(scheme, counts).bias[1]
    truth = at.theta[1, 1] - at.theta[0, 1] + bias - off
    share = (np.abs(slope - truth) <= 1.959964 * np.sqrt(squares)).mean()
    error = np.sqrt(share * (1 - share) / R)
    assert abs(share - coverage(told, off)) <= 4 * error


def test_first_order_is_the_score_variance_between_two_inverses():
    at, counts = expansion(PLANE), (50, 60, 70)
    J = score_variance(at.moments, ClassWeight(), counts)
    np.testing.assert_allclose(
        at.inverse @ J @ at.inverse, covariance(at.moments, ClassWeight(), counts), rtol=1e-10
    )
