"""Where the witnesses meet, for rare classes and few rows: what is proved is what is computed."""

import numpy as np
import pytest

from mlbalance import claims, softmax
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs.argmin_mean import averaging_gap_expression
from mlbalance.derivations.proofs.break_even import break_even_expressions
from mlbalance.derivations.proofs.few_rows import moderated_variance_expression
from mlbalance.derivations.proofs.lcc import lcc_expressions
from mlbalance.derivations.proofs.oversample_poisson import poisson_expressions
from mlbalance.derivations.proofs.owen import tilted_mean_expression
from mlbalance.derivations.proofs.rare_limit import rare_limit_expressions
from mlbalance.derivations.proofs.second_order import bias_expression
from mlbalance.derivations.proofs.small_n import degrees_of_freedom_expression
from mlbalance.inputs import DataError
from mlbalance.populations import Gaussian, Rule, data_rule, stack
from mlbalance.schemes import Bagging, ClassWeight, Oversample, PoissonOversample, Undersample
from mlbalance.theory import (
    MODEL_WORTH,
    Moments,
    averaging_gap,
    break_even_controls,
    data_moments,
    degrees_of_freedom,
    local_case_control,
    moderate,
    moments,
    rare_limit,
    second_order_bias,
    tilted_slopes,
)

PRIOR = (0.2, 0.5, 0.3)


def random_rule(seed, points=7, d=2):
    rng = np.random.default_rng(seed)
    return Rule(rng.normal(size=(points, d)), rng.dirichlet(np.ones(points)))


def matrix(rule, expression, **letters):
    """Sum over the points of z z' times the expression, letters being lists over them."""
    z = np.column_stack([np.ones(len(rule.points)), rule.points])
    values = [
        float(evaluate(expression, **{name: value[i] for name, value in letters.items()}))
        for i in range(len(z))
    ]
    return (z.T * (rule.weights * values)) @ z


@pytest.mark.parametrize("odds", [0.0, 0.02])
@pytest.mark.parametrize("c", [0.1, 1.3])
def test_rare_limit(odds, c):
    """Derived Hessian and variance of every fit, as sums over a distribution on seven points."""
    rule, slopes = random_rule(1), np.array([0.8, -1.1])
    t = np.exp(rule.points @ slopes)
    computed = rare_limit(rule, slopes, c, odds)
    letters = {"e": [odds] * 7, "c": [c] * 7, "t": t}
    derived = rare_limit_expressions().values()
    for found, (bread, meat) in zip(computed, derived, strict=True):
        inverse = np.linalg.inv(matrix(rule, bread, **letters))
        expected = inverse @ matrix(rule, meat, **letters) @ inverse
        np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("side", ["along", "across"])
def test_break_even(side):
    """What is left after the derived terms falls as the square of the separation."""
    form, left = break_even_expressions()[side], []
    for separation in (0.2, 0.1, 0.05):
        derived = float(evaluate(form, delta=separation))
        left.append(break_even_controls(separation, across=side == "across") - derived)
    assert 0 < left[2] < left[1] < left[0] < 0.2
    assert left[1] / left[0] == pytest.approx(1 / 4, abs=0.05)
    assert left[2] / left[1] == pytest.approx(1 / 4, abs=0.05)


def test_seven_controls_are_enough_along_the_separation_and_not_across_it():
    assert break_even_controls(1.0) < 7 < break_even_controls(1.0, across=True)


def test_owen():
    """The computed slopes solve the derived equations, and are the derived Gaussian ones."""
    rule = random_rule(2, points=12)
    mean = rule.weights @ rule.points + np.array([0.15, -0.1])
    computed = tilted_slopes(rule, mean)
    letters = {
        "R": 12,
        "d": 2,
        "w": rule.weights.tolist(),
        "x": rule.points.tolist(),
        "b": computed.slopes.tolist(),
    }
    for k in range(2):
        tilted = float(evaluate(tilted_mean_expression(), k=k + 1, **letters))
        assert tilted == pytest.approx(mean[k], abs=1e-11)
    nodes, mass = np.polynomial.hermite_e.hermegauss(40)
    normal = tilted_slopes(Rule(nodes[:, None], mass / mass.sum()), [1.0])
    assert normal.controls == pytest.approx(np.exp(-0.5), rel=1e-12)
    assert normal.slopes == pytest.approx([1.0], rel=1e-12)


def test_owen_needs_a_majority_that_surrounds():
    """Beyond the farthest point the slopes run away; near it they are large already."""
    assert "surround" in claims.CLAIMS["owen"].conditions
    rule = Rule(np.linspace(-1, 1, 9)[:, None], np.full(9, 1 / 9))
    assert tilted_slopes(rule, [0.99]).slopes[0] > 10
    with pytest.raises(DataError, match="its points do not surround it"):
        tilted_slopes(rule, [1.01])


@pytest.mark.parametrize("c", [0.7, 1.0, 1.6, 4.0])
def test_lcc(c):
    rule, theta = random_rule(3), np.array([-1.5, 0.7, 1.0])
    p = 1 / (1 + np.exp(-theta[0] - rule.points @ theta[1:]))
    letters = {
        "p": p,
        "c": [c] * 7,
        "h_1": np.maximum(1, c * (1 - p)),
        "h_0": np.maximum(1, c * p),
    }
    derived = lcc_expressions()
    inverse = np.linalg.inv(matrix(rule, derived["hessian"], **letters))
    expected = inverse @ matrix(rule, derived["variance"], **letters) @ inverse
    found = local_case_control(rule, theta, c)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-11)


def test_oversample_poisson():
    derived, extra, counts = poisson_expressions(), (0.0, 0.5, 3.0), (12, 5, 31)
    found = PoissonOversample(extra, prior=PRIOR).moments(counts)
    for k in range(3):
        letters = {"nu": extra[k], "n_k": counts[k], "tau_k": PRIOR[k]}
        values = {name: float(evaluate(x, **letters)) for name, x in derived.items()}
        assert found.cv2[k] == pytest.approx(values["cv2"], rel=1e-14)
        assert found.total_cov[k, k] == pytest.approx(values["total"], rel=1e-14)
    assert (found.total_cov[~np.eye(3, dtype=bool)] == 0).all()


# Few rows

WRONG = Gaussian([[0.0], [1.0], [-0.6]], [[[1.0]], [[2.0]], [[0.5]]])
COUNTS = np.array([90, 60, 150])


def best(rule, prior, ridge):
    found = softmax.fit(*stack(rule, prior), ridge=ridge)
    assert found.status == "converged"
    return found.theta


def third_derivative(rule, theta, prior, step=1e-4):
    """T (p, p, p) of the risk on contrasts, by differences of the Hessian."""
    X, y, weights = stack(rule, prior)
    size = theta[1:].size
    third = np.empty((size, size, size))
    for place in range(size):
        move = np.zeros(theta.shape)
        move[1:].flat[place] = step
        ends = [
            softmax.hessian(theta + sign * move, X, y, weights)[1:, :, 1:, :] for sign in (1, -1)
        ]
        third[place] = (ends[0] - ends[1]).reshape(size, size) / (2 * step)
    return third


def cross_moments(rule, theta, A):
    """Cov_k(ds, A^-1 s) (K, p) with the Hessian of every row, one at a time."""
    size, found = len(A), []
    for k, (points, mass) in enumerate(rule):
        label = np.full(len(points), k)
        s = softmax.row_scores(theta, points, label)[:, 1:].reshape(-1, size)
        rows = [
            softmax.hessian(theta, points[[i]], label[[i]])[1:, :, 1:, :].reshape(size, size)
            for i in range(len(points))
        ]
        away = np.linalg.solve(A, (s - mass @ s).T).T
        found.append(sum(w * h @ v for w, h, v in zip(mass, rows, away, strict=True)))
    return np.array(found)


def derived_bias(expression, rule, theta, m, prior, counts, cv2):
    """The derived formula at numbers, all of them found without the functions under test."""
    inverse = np.linalg.inv(m.hessian)
    letters = {
        "p": len(inverse),
        "K": len(counts),
        "G": inverse.tolist(),
        "D": cross_moments(rule, theta, m.hessian).tolist(),
        "S": (inverse @ m.score_cov @ inverse).tolist(),
        "T": third_derivative(rule, theta, prior).tolist(),
        "n": counts.tolist(),
        "tau": list(prior),
        "c^2": cv2.tolist(),
    }
    return [float(evaluate(expression, a=a + 1, **letters)) for a in range(len(inverse))]


@pytest.mark.parametrize("ridge", [0.0, 0.05])
@pytest.mark.parametrize(
    "scheme", [ClassWeight(prior=PRIOR), Undersample(), Oversample()], ids=repr
)
def test_second_order(scheme, ridge):
    rule = WRONG.rule(20)
    prior = scheme.target(COUNTS)
    theta = best(rule, prior, ridge)
    m = moments(rule, theta, prior, ridge=ridge)
    cv2 = scheme.moments(COUNTS).cv2
    expected = derived_bias(bias_expression(), rule, theta, m, prior, COUNTS, cv2)
    computed = second_order_bias(rule, theta, scheme, COUNTS, ridge=ridge)
    np.testing.assert_allclose(computed, expected, rtol=1e-6)
    bags = second_order_bias(rule, theta, Bagging(Undersample(), 7), COUNTS, ridge=ridge)
    if scheme == Undersample():
        np.testing.assert_array_equal(bags, computed)


@pytest.mark.parametrize("ridge", [0.0, 0.05])
def test_argmin_mean(ridge):
    """The derived gap with the covariances of a data set, which have divisor n_k - 1."""
    counts, scheme = np.array([12, 8, 20]), Undersample()
    rule = data_rule(*WRONG.sample(counts, np.random.default_rng(4)))
    prior = scheme.target(counts)
    theta = best(rule, prior, ridge)
    m = moments(rule, theta, prior, ridge=ridge)
    cv2 = scheme.moments(counts).cv2 * counts / (counts - 1)
    expected = derived_bias(averaging_gap_expression(), rule, theta, m, prior, counts, cv2)
    computed = averaging_gap(rule, theta, scheme, ridge=ridge)
    np.testing.assert_allclose(computed, expected, rtol=1e-6, atol=1e-12)
    whole = averaging_gap(rule, theta, ClassWeight(), ridge=ridge)
    np.testing.assert_allclose(whole, 0, atol=1e-15)


def test_few_rows():
    """Variances along a direction, of a fit whose classes have few rows."""
    X, y = WRONG.sample((12, 5, 20), np.random.default_rng(6))
    theta = best(data_rule(X, y), np.full(3, 1 / 3), 0.1)
    m, a = data_moments(X, y, theta, ridge=0.1), np.random.default_rng(7).normal(size=4)
    own, model, both = (
        moderate(m, X, y, theta, worth=worth).moments.score_cov @ a @ a
        for worth in (0.0, 1e15, MODEL_WORTH)
    )
    for k, f in enumerate(np.bincount(y) - 1):
        letters = {"s": own[k], "m": model[k], "f": f, "g": MODEL_WORTH}
        derived = float(evaluate(moderated_variance_expression(), **letters))
        assert both[k] == pytest.approx(derived, rel=1e-9)


def test_small_n():
    rng = np.random.default_rng(5)
    root, roots = rng.normal(size=(3, 3)), rng.normal(size=(3, 3, 3))
    spread = np.swapaxes(roots, 1, 2) @ roots
    m = Moments(root @ root.T + np.eye(3), np.zeros((3, 3)), spread, np.array(PRIOR))
    a, counts = rng.normal(size=3), np.array([12, 5, 31])
    along = np.linalg.inv(m.hessian) @ a
    for scheme in (ClassWeight(prior=PRIOR), Undersample(prior=PRIOR)):
        w = scheme.moments(counts)
        v = [n * u**2 * (1 + c) for n, u, c in zip(counts, w.mean, w.cv2, strict=True)]
        v = [share * float(along @ V @ along) for share, V in zip(v, m.score_cov, strict=True)]
        letters = {"K": 3, "v": v, "f": (counts - 1).tolist()}
        derived = float(evaluate(degrees_of_freedom_expression(), **letters))
        assert degrees_of_freedom(m, scheme, counts, a) == pytest.approx(derived, rel=1e-12)
