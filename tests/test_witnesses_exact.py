"""Where the witnesses of the exact claims meet, and what each of their conditions is good for.

Distributions are listed where they can be. A condition is earned by a case in which all but it hold
and the claim fails (`COUNTEREXAMPLES`). Statistical tests have a fixed seed and |z| <= 4.
"""

from collections.abc import Callable
from itertools import combinations, product

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from mlbalance import claims, existence, softmax
from mlbalance.derivations.engine import evaluate
from mlbalance.derivations.proofs.bagging import average_cv2_expression
from mlbalance.derivations.proofs.conditional_variance import conditional_variance_expression
from mlbalance.derivations.proofs.convex_order import square_gap_expression
from mlbalance.derivations.proofs.disjoint_bags import disjoint_cv2_expression
from mlbalance.derivations.proofs.existence import slope_expression
from mlbalance.derivations.proofs.optimism import trace_expression
from mlbalance.derivations.proofs.random_counts import (
    random_counts_expression,
    reciprocal_expression,
)
from mlbalance.inputs import SchemeError
from mlbalance.populations import Gaussian, data_rule, stack
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    Cap,
    ClassWeight,
    Oversample,
    Thin,
    Undersample,
)
from mlbalance.theory import (
    conditional_variance,
    excess_risk,
    moments,
    random_counts_variance,
    reciprocal_counts,
    score_variance,
)
from tests.witnesses import PRIOR, WRONG, right_hand_side

LABELS = (
    "replication",
    "scale",
    "convex-order",
    "optimism",
    "existence",
    "random-counts",
    "conditional-variance",
    "bagging",
    "disjoint-bags",
)
COUNTS = np.array([2, 4, 3])
Y = np.repeat(np.arange(3), COUNTS)
TWO = Gaussian([[0.0], [1.5]], np.eye(1))


def class_weights(y, prior):
    return (np.array(prior) / np.bincount(y))[y]


def by_class(y):
    """Rows of every class."""
    return [np.flatnonzero(y == k) for k in range(y.max() + 1)]


def undersamples(y, m, prior):
    """Weights (draws, n) of all undersamples of m rows per class, equally likely."""
    drawn = []
    for kept in product(*(combinations(rows, m) for rows in by_class(y))):
        weights = np.zeros(y.size)
        for tau, rows in zip(prior, kept, strict=True):
            weights[list(rows)] = tau / m
        drawn.append(weights)
    return np.array(drawn)


def small(seed, d=1):
    return np.random.default_rng(seed).normal(size=(Y.size, d))


def least(X, y, weights, ridge):
    """Least penalised losses (...) of weights (..., n)."""
    fit = softmax.fit(X, y, weights, ridge=ridge)
    assert np.all(fit.converged)
    return softmax.loss(fit.theta, X, y, weights, ridge=ridge)


# Replication and scale


@pytest.fixture(scope="module")
def problem():
    """Rows that overlap, whole weights of which some are zero, offsets and a ridge."""
    rng = np.random.default_rng(1)
    n, K = 12, 3
    X, y = rng.normal(size=(n, 2)), np.arange(n) % K
    return X, y, np.arange(n) % 4, rng.normal(size=(n, K)), 0.3


def letters_of(problem, theta):
    X, y, weights, offset, ridge = problem
    K, d = theta.shape[0], theta.shape[1] - 1
    values = {"x": X, "o": offset, "b": theta[:, 0], "w": theta[:, 1:]}
    letters = {name: value.tolist() for name, value in values.items()}
    letters |= {"y": (y + 1).tolist(), "r": weights.tolist(), "W": weights.tolist()}
    return {**letters, "K": K, "n": len(y), "d": d, "lambda": ridge}


def test_replication(problem):
    """The fit of whole weights is that of repeated rows, and both have the derived loss."""
    X, y, times, offset, ridge = problem
    weighted = softmax.fit(X, y, times, offset=offset, ridge=ridge)
    rows = np.repeat(np.arange(y.size), times)
    copied = softmax.fit(X[rows], y[rows], offset=offset[rows], ridge=ridge)
    np.testing.assert_allclose(weighted.theta, copied.theta, atol=1e-9)
    loss = softmax.loss(copied.theta, X[rows], y[rows], offset=offset[rows], ridge=ridge)
    formula = right_hand_side("replication", r"L_{\text{copies}}")
    derived = float(evaluate(formula, **letters_of(problem, copied.theta)))
    assert derived == pytest.approx(float(loss), rel=1e-12)


@pytest.mark.parametrize("factor", [0.01, 7.0])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_scale(problem, factor, ridge):
    X, y, weights, offset, _ = problem
    problem = (X, y, weights + 1, offset, ridge)
    one = softmax.fit(X, y, weights + 1, offset=offset, ridge=ridge)
    other = softmax.fit(X, y, factor * (weights + 1), offset=offset, ridge=factor * ridge)
    np.testing.assert_allclose(one.theta, other.theta, atol=1e-8)
    formula = right_hand_side("scale", r"L(f W, f \lambda)")
    derived = float(evaluate(formula, f=factor, **letters_of(problem, one.theta)))
    scaled = softmax.loss(
        one.theta, X, y, factor * (weights + 1), offset=offset, ridge=factor * ridge
    )
    assert derived == pytest.approx(float(scaled), rel=1e-12)


@pytest.mark.parametrize("K", [2, 3])
def test_the_ridge_of_scikit_learn(problem, K):
    """C = 1/(lambda S) for three classes, 2/(lambda S) for two, as derived."""
    X, y, weights, _, _ = problem
    y, weights, ridge = y % K, weights + 1.0, 0.05
    ours = softmax.fit(X, y, weights / weights.sum(), ridge=ridge)
    C = (2 if K == 2 else 1) / (ridge * weights.sum())
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=10_000)
    theirs.fit(X, y, sample_weight=weights)
    coef = ours.coef[1:] - ours.coef[0] if K == 2 else ours.coef
    np.testing.assert_allclose(theirs.coef_, coef, atol=1e-6)


def leave_one_out(X, y, weights):
    """Weighted loss of every row under the fit without it."""
    total = 0.0
    for i in range(y.size):
        rest = np.where(np.arange(y.size) == i, 0.0, weights)
        theta = softmax.fit(X, y, rest, ridge=0.3).theta
        total += weights[i] * softmax.loss(theta, X[[i]], y[[i]])
    return float(total)


def copies_are_not_left_out_together():
    """A leave-one-out loss is no sum over rows: of two copies, one stays in."""
    X, times = small(2), np.where(Y == 1, 2, 1)
    rows = np.repeat(np.arange(Y.size), times)
    copied = leave_one_out(X[rows], Y[rows], np.ones(rows.size))
    assert copied < 0.98 * leave_one_out(X, Y, times)


def a_mean_over_copies_has_another_ridge():
    X, times = small(3), np.where(Y == 1, 4, 1)
    rows = np.repeat(np.arange(Y.size), times)
    per_row = softmax.fit(X, Y, times / Y.size, ridge=0.1)
    per_copy = softmax.fit(X[rows], Y[rows], np.full(rows.size, 1 / rows.size), ridge=0.1)
    assert np.abs(per_row.coef - per_copy.coef).max() > 0.02


def firth_is_not_free_of_scale():
    """Half the log-determinant of the information gains a constant where the loss is multiplied."""
    y = np.array([0, 1, 1, 1])
    X = np.zeros((4, 0))

    def best(factor):
        def penalised(b):
            theta, weights = np.array([[0.0], [b]]), np.full(4, factor)
            information = softmax.hessian(theta, X, y, weights)[1, 0, 1, 0]
            return float(softmax.loss(theta, X, y, weights)) - np.log(information) / 2

        return minimize_scalar(penalised, bounds=(-5, 5), method="bounded").x

    assert best(1.0) == pytest.approx(np.log(3.5 / 1.5), abs=1e-4)
    assert best(10.0) - best(1.0) > 0.1


def a_ridge_that_is_not_scaled_shrinks_less():
    X = small(4)
    one, other = softmax.fit(X, Y, ridge=0.5), softmax.fit(X, Y, np.full(Y.size, 9.0), ridge=0.5)
    assert np.linalg.norm(other.coef) > 1.1 * np.linalg.norm(one.coef)


# Convex order and optimism

GRID = np.random.default_rng(5).normal(size=(40, 1, 3, 2))
FUNCTIONALS: dict[str, Callable] = {
    "largest": lambda losses: losses.max(axis=0),
    "sum of squares": lambda losses: (losses**2).sum(axis=0),
    "exponential": lambda losses: np.exp(3 * losses).mean(axis=0),
    "minus the least": lambda losses: -losses.min(axis=0),
    "spread": lambda losses: np.abs(losses - losses[0]).sum(axis=0),
}


@pytest.mark.parametrize("phi", FUNCTIONALS.values(), ids=list(FUNCTIONALS))
@pytest.mark.parametrize("m", [1, 2])
def test_convex_functionals_see_the_noise(phi, m):
    """Over all undersamples; and the mean of two independent bags lies between."""
    X, drawn = small(6), undersamples(Y, m, PRIOR)
    one = phi(softmax.loss(GRID, X, Y, drawn)).mean()
    pairs = (drawn[:, None] + drawn[None]).reshape(-1, Y.size) / 2
    two = phi(softmax.loss(GRID, X, Y, pairs)).mean()
    weighted = phi(softmax.loss(GRID, X, Y, class_weights(Y, PRIOR)[None]))[0]
    assert one > two > weighted


def test_convex_order():
    """The derived gap of the squared loss, from second moments, is that over all undersamples."""
    X, theta, drawn = small(7), GRID[0, 0], undersamples(Y, 2, PRIOR)
    rows = row_losses(theta, X, Y)
    second = drawn.T @ drawn / len(drawn)
    of_class = by_class(Y)
    Q = [[[[second[i, j] for j in g] for g in of_class] for i in f] for f in of_class]
    g = [rows[f].tolist() for f in of_class]
    letters = {"K": 3, "n": COUNTS.tolist(), "tau": PRIOR, "g": g, "Q": Q}
    derived = float(evaluate(square_gap_expression(), **letters))
    losses = softmax.loss(theta, X, Y, drawn)
    whole = softmax.loss(theta, X, Y, class_weights(Y, PRIOR))
    assert (losses**2).mean() - whole**2 == pytest.approx(derived, rel=1e-10)
    assert derived > 0


def easiest(y, m, prior, scores):
    """Weights that look at x: the m rows of lowest score in each class."""
    weights = np.zeros(y.size)
    for tau, rows in zip(prior, by_class(y), strict=True):
        weights[rows[np.argsort(scores[rows])[:m]]] = tau / m
    return weights


def row_losses(theta, X, y):
    return np.array([float(softmax.loss(theta, X[[i]], y[[i]])) for i in range(y.size)])


def easy_rows_lower_a_convex_functional():
    X, theta = small(8), GRID[1, 0]
    weights = easiest(Y, 2, PRIOR, row_losses(theta, X, Y))
    squares = [softmax.loss(theta, X, Y, w) ** 2 for w in (weights, class_weights(Y, PRIOR))]
    assert squares[0] < squares[1]


def another_target_lowers_a_convex_functional():
    X, theta = small(8), GRID[1, 0]
    losses = row_losses(theta, X, Y)
    of_class = [losses[rows].mean() for rows in by_class(Y)]
    to_easy = np.where(np.arange(3) == np.argmin(of_class), 0.98, 0.01)
    drawn = undersamples(Y, 2, to_easy)
    squares = [softmax.loss(theta, X, Y, w) ** 2 for w in (drawn, class_weights(Y, PRIOR))]
    assert squares[0].mean() < squares[1]


def a_concave_functional_is_reversed():
    X, theta, drawn = small(8), GRID[1, 0], undersamples(Y, 1, PRIOR)
    roots = [softmax.loss(theta, X, Y, w) ** 0.5 for w in (drawn, class_weights(Y, PRIOR))]
    assert roots[0].mean() < roots[1]


def test_least_losses_are_optimistic():
    """Over all undersamples, with a ridge; means over data sets, in pairs, below the least risk."""
    ridge, rng, y = 0.05, np.random.default_rng(9), np.repeat([0, 1], [3, 6])
    gaps, wholes = [], []
    for _ in range(200):
        X, _ = TWO.sample((3, 6), rng)
        whole = float(least(X, y, class_weights(y, (0.5, 0.5)), ridge))
        gaps.append(whole - least(X, y, undersamples(y, 3, (0.5, 0.5)), ridge).mean())
        wholes.append(whole)
    assert min(gaps) > 0
    risk = float(least(*stack(TWO.rule(40)), ridge))
    assert np.mean(wholes) + 4 * np.std(wholes, ddof=1) / np.sqrt(200) < risk


def test_infima_need_not_be_attained():
    """Undersamples may separate: their infimum, zero, counts though there is no minimum."""
    x = np.array([0.0, 2.0, 1.0, 3.0, 2.5, 1.5])[:, None]
    y = np.array([0, 0, 1, 1, 1, 1])
    drawn = undersamples(y, 2, (0.5, 0.5))
    separated = [existence.verdict(x, y, w) == "separated" for w in drawn]
    assert 0 < sum(separated) < len(drawn)
    near = softmax.fit(x, y, drawn, ridge=1e-9).theta
    losses = softmax.loss(near, x, y, drawn)
    assert losses[separated].max() < 1e-4
    whole = softmax.fit(x, y, class_weights(y, (0.5, 0.5)))
    assert whole.status == "converged"
    assert losses.mean() < softmax.loss(whole.theta, x, y, class_weights(y, (0.5, 0.5)))


@pytest.mark.parametrize("scheme", [ClassWeight(), Undersample(), BalancedSampler()], ids=repr)
def test_optimism(scheme):
    """First order, derived trace and computed risk."""
    counts = (320, 200, 480)
    rule = WRONG.rule(20)
    m = moments(rule, softmax.fit(*stack(rule)).theta)
    letters = {
        "p": len(m.hessian),
        "G": np.linalg.inv(m.hessian).tolist(),
        "J": score_variance(m, scheme, counts).tolist(),
    }
    derived = float(evaluate(trace_expression(), **letters)) / 2
    assert excess_risk(m, scheme, counts) == pytest.approx(derived, rel=1e-10)


@pytest.mark.parametrize("scheme", [ClassWeight(), Undersample()], ids=repr)
def test_observed_optimism_is_the_predicted_one(scheme):
    """The gap of training loss to the risk at theta*, whose loss has the risk as its mean, and
    of test to training loss. What first order leaves out of each, beyond half the square of the
    score in the inverse Hessian, is seen with a tenth of the error, below 1 % of the prediction.
    """
    counts, rng, R = (640, 400, 960), np.random.default_rng(10), 400
    rule = WRONG.rule(20)
    truth = softmax.fit(*stack(rule)).theta
    X = np.stack([WRONG.sample(counts, rng)[0] for _ in range(R)])
    y = np.repeat(np.arange(3), counts)
    weights = np.stack([scheme.draw(y, rng)[0] for _ in range(R)])
    theta = softmax.fit(X, y, weights).theta
    training = softmax.loss(theta, X, y, weights)
    gap = softmax.loss(truth, X, y, weights) - training
    grid = stack(rule)
    excess = softmax.loss(theta, *grid) - softmax.loss(truth, *grid)
    m = moments(rule, truth)
    predicted = excess_risk(m, scheme, counts)
    scores = softmax.score(truth, X, y, weights)[:, 1:].reshape(R, -1)
    first = (np.linalg.solve(m.hessian, scores.T).T * scores).sum(axis=1) / 2
    for values, times in ((gap, 1), (gap + excess, 2)):
        for found, expected, share in (
            (values, times * predicted, 0.04),
            (values - times * first, 0.0, 0.01),
        ):
            error = found.std(ddof=1) / np.sqrt(R)
            assert error < share * times * predicted
            assert abs(found.mean() - expected) <= 4 * error


def rows_near_the_boundary_are_pessimistic():
    """What is kept near the other class, as NearMiss does, costs more than the least risk."""
    rng, risk = np.random.default_rng(11), float(least(*stack(TWO.rule(40)), 0.0))
    X, y = TWO.sample((400, 400), rng)
    near = easiest(y, 100, (0.5, 0.5), np.abs(X[:, 0] - 0.75))
    assert least(X, y, near, 0.0) > risk + 0.1


def another_target_is_pessimistic():
    X, y = TWO.sample((300, 300), np.random.default_rng(12))
    risk = float(least(*stack(TWO.rule(40), (0.05, 0.95)), 0.0))
    assert least(X, y, class_weights(y, (0.5, 0.5)), 0.0) > risk + 0.1


def a_larger_ridge_is_pessimistic():
    """Equal C on fewer rows is a larger ridge; at n/n_u times the ridge the order is lost."""
    X, y = TWO.sample((3, 6), np.random.default_rng(13))
    drawn, ridge = undersamples(y, 3, (0.5, 0.5)), 0.2
    whole = least(X, y, class_weights(y, (0.5, 0.5)), ridge)
    assert least(X, y, drawn, ridge).mean() < whole < least(X, y, drawn, 5 * ridge).mean()


def two_rows_have_no_loss_at_all():
    """One row per class is always separated: the least loss is zero, far from half the trace."""
    X, y = TWO.sample((1, 1), np.random.default_rng(14))
    weights = class_weights(y, (0.5, 0.5))
    assert softmax.fit(X, y, weights).status == "no-mle"
    along = [float(softmax.loss(c * apart(X, y), X, y, weights)) for c in (1.0, 10.0, 100.0)]
    assert along[0] > along[1] > along[2]
    assert along[2] < 1e-6
    m, risk = moments(TWO.rule(30), TWO.theta()), float(least(*stack(TWO.rule(40)), 0.0))
    assert abs((risk - along[2]) / excess_risk(m, ClassWeight(), (1, 1)) - 1) > 0.3


def apart(X, y):
    """Coefficients (2, 2) that put two rows one logit to either side of their midpoint."""
    slope = 2 / (X[y == 1] - X[y == 0]).item()
    return np.array([[0.0, 0.0], [-slope * X.mean(), slope]])


def twins_double_the_optimism():
    """Every row twice: the least loss is that of half the rows, and so twice as far below."""
    X, y = TWO.sample((20, 30), np.random.default_rng(15))
    twice = np.tile(X, (2, 1)), np.tile(y, 2)
    one = least(X, y, class_weights(y, (0.5, 0.5)), 0.0)
    both = least(*twice, class_weights(twice[1], (0.5, 0.5)), 0.0)
    assert both == pytest.approx(float(one), rel=1e-12)
    m = moments(TWO.rule(30), TWO.theta())
    said = excess_risk(m, ClassWeight(), (40, 60))
    assert excess_risk(m, ClassWeight(), (20, 30)) == pytest.approx(2 * said)


# Existence


def by_hand(x, y):
    """Verdict on two classes and one feature: where their ranges lie."""
    zero, one = x[y == 0], x[y == 1]
    if zero.max() < one.min() or one.max() < zero.min():
        return "separated"
    if x.min() == x.max():
        return "not identified"
    if zero.max() == one.min() or one.max() == zero.min():
        return "quasi-separated"
    return "exists"


def slope(theta, direction, X, y, weights):
    """Derived slope of the loss at theta along a direction (K, 1 + d)."""
    K, d = theta.shape[0], X.shape[1]
    letters = letters_of((X, y, weights, np.zeros((len(y), K)), 0.0), theta)
    letters |= {"beta": direction[:, 0].tolist(), "omega": direction[:, 1:].tolist()}
    assert d == letters["d"]
    return float(evaluate(slope_expression(), **letters))


def test_existence():
    """On all small data sets of one feature: verdict, ranges, derived slopes and the solver."""
    y, weights, found = np.array([0, 0, 1, 1]), np.array([1.0, 0.2, 3.0, 1.0]), set()
    for values in product(range(3), repeat=4):
        X = np.array(values, dtype=float)[:, None]
        said = existence.verdict(X, y, weights)
        assert said == by_hand(X[:, 0], y)
        fit = softmax.fit(X, y, weights)
        assert (fit.status == "converged") is (said == "exists")
        if said not in found:
            assert_slopes(X, y, weights, said, fit)
        found.add(said)
    assert found == {"exists", "quasi-separated", "separated", "not identified"}


def assert_slopes(X, y, weights, said, fit):
    """Zero at a fit in every direction; negative everywhere along one that separates."""
    rng = np.random.default_rng(16)
    if said == "exists":
        assert abs(slope(fit.theta, rng.normal(size=(2, 2)), X, y, weights)) < 1e-8
    elif said != "not identified":
        between = (X[y == 0].mean() - X[y == 1].mean()) / 2
        w = -1.0 if between > 0 else 1.0
        edge = (X[y == 0].max() + X[y == 1].min()) / 2
        edge = edge if w > 0 else (X[y == 0].min() + X[y == 1].max()) / 2
        direction = np.array([[0.0, 0.0], [-w * edge, w]])
        for _ in range(3):
            assert slope(rng.normal(size=(2, 2)), direction, X, y, weights) < 0


def test_a_subset_with_a_unique_fit_gives_it_to_every_superset():
    rng, seen = np.random.default_rng(17), []
    for _ in range(150):
        X, y = rng.integers(0, 3, size=(12, 2)).astype(float), np.arange(12) % 3
        part = np.where(rng.random(12) < 0.75, rng.gamma(1.0, size=12), 0.0)
        part[:3] = 1.0
        pair = existence.verdict(X, y, part), existence.verdict(X, y)
        seen.append(pair)
        assert pair[0] != "exists" or pair[1] == "exists"
    assert {("exists", "exists"), ("quasi-separated", "exists")} <= set(seen)


def without_uniqueness_a_row_can_lose_the_fit():
    X, y = np.array([[0.0], [0.0], [1.0]]), np.array([0, 1, 1])
    assert existence.verdict(X[:2], y[:2]) == "not identified"
    assert existence.verdict(X, y) == "quasi-separated"


def test_with_a_ridge_every_class_needs_weight_and_no_more():
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 1, 2, 2])
    assert existence.verdict(X, y) == "separated"
    assert softmax.fit(X, y, ridge=1e-3).status == "converged"
    assert softmax.fit(X, y, [1.0, 0.0, 1.0, 1.0], ridge=1e-3).status == "no-mle"


# Random counts

VALUES = ((2.0, 5.0), (-4.0, -1.0))
"""Two equally likely scores of a row, by class."""
PI, TAU, ROWS = (0.7, 0.3), (0.4, 0.6), 4


def listed_variance(weights_of, *, present=True, alike=False):
    """Variance of the weighted score over classes and scores of four rows, by listing."""
    total = np.zeros(3)
    for labels in product((0, 1), repeat=ROWS):
        counts = np.bincount(labels, minlength=2)
        if present and counts.min() == 0:
            continue
        chance = np.prod([PI[k] for k in labels])
        for coins in product((0, 1), repeat=2 if alike else ROWS):
            pick = [coins[k] for k in labels] if alike else coins
            s = np.array([VALUES[k][c] for k, c in zip(labels, pick, strict=True)])
            value = weights_of(np.array(labels), counts, s) @ s
            total += chance / 2 ** len(coins) * value ** np.arange(3)
    return total[2] / total[0] - (total[1] / total[0]) ** 2


def observed(labels, counts, _scores):
    return (np.array(TAU) / np.maximum(counts, 1))[labels]


def mean_variance():
    V = np.array([np.var(values) for values in VALUES])
    return float((np.array(TAU) ** 2 * reciprocal_counts(PI, ROWS) * V).sum())


def test_random_counts():
    """Derived by inclusion and exclusion, computed by convolution, and listed for two classes."""
    rng = np.random.default_rng(18)
    m = moments(WRONG.rule(5), rng.normal(size=(3, 3)))
    priors = (0.6, 0.3, 0.1)
    r = [float(evaluate(reciprocal_expression(k, 3, 9), pi=priors)) for k in (1, 2, 3)]
    np.testing.assert_allclose(reciprocal_counts(priors, 9), r, rtol=1e-11)
    computed = random_counts_variance(m, priors, 9, prior=PRIOR)
    for a, b in ((0, 0), (1, 4), (5, 5)):
        letters = {"K": 3, "tau": PRIOR, "r": r, "V": m.score_cov[:, a, b].tolist()}
        derived = float(evaluate(random_counts_expression(), **letters))
        assert computed[a, b] == pytest.approx(derived, rel=1e-10)
    assert listed_variance(observed) == pytest.approx(mean_variance(), rel=1e-12)


def test_observed_variance_under_random_counts_is_the_predicted_one():
    """Of the functional that tells two class means apart, where known priors would cost most."""
    rng, R, n, priors = np.random.default_rng(19), 3000, 30, (0.6, 0.3, 0.1)
    theta = 0.3 * rng.normal(size=(3, 3))
    m = moments(WRONG.rule(20), theta)
    a, values = m.score_mean[1] - m.score_mean[0], []
    while len(values) < R:
        counts = rng.multinomial(n, priors)
        if counts.min():
            X, y = WRONG.sample(counts, rng)
            s = softmax.score(theta, X, y, class_weights(y, PRIOR))
            values.append(a @ s[1:].ravel())
    squares = (np.array(values) - np.mean(values)) ** 2
    predicted = a @ random_counts_variance(m, priors, n, prior=PRIOR) @ a
    error = squares.std(ddof=1) / np.sqrt(R)
    assert abs(squares.mean() - predicted) <= 4 * error
    known = np.array(PRIOR) ** 2 / (n * np.array(priors))
    between = (a @ m.score_mean.T) ** 2 @ known - (a @ m.score_mean.T @ PRIOR) ** 2 / n
    assert between > 10 * error


def weights_that_look_at_x_shift_the_variance():
    def smallest(labels, counts, scores):
        weights = np.zeros(ROWS)
        for k in range(2):
            rows = np.flatnonzero(labels == k)
            weights[rows[np.argmin(scores[rows])]] = TAU[k]
        return weights

    assert abs(listed_variance(smallest) / mean_variance() - 1) > 0.1


def one_row_for_its_class_varies_more():
    """Totals fixed by label, but not every row has tau_k/n_k on average."""

    def first(labels, counts, _scores):
        weights = np.zeros(ROWS)
        for k in range(2):
            weights[np.argmax(labels == k)] = TAU[k]
        return weights

    assert listed_variance(first) > 1.3 * mean_variance()


def rows_that_are_alike_vary_more():
    assert listed_variance(observed, alike=True) > 1.3 * mean_variance()


def known_priors_cost_a_between_term():
    def known(labels, counts, _scores):
        return (np.array(TAU) / (ROWS * np.array(PI)))[labels]

    V, mu = np.array([(np.var(v), np.mean(v)) for v in VALUES]).T
    share = np.array(TAU) ** 2 / (ROWS * np.array(PI))
    whole = share @ V + share @ mu**2 - (TAU @ mu) ** 2 / ROWS
    assert listed_variance(known, present=False) == pytest.approx(whole, rel=1e-12)
    assert whole > 1.3 * mean_variance()


def an_absent_class_makes_totals_random():
    assert listed_variance(observed, present=False) > 1.1 * mean_variance()


# The noise given the data

SCHEMES = (
    Undersample(prior=PRIOR),
    Oversample(prior=PRIOR),
    Cap(3, prior=PRIOR),
    Thin(0.4, prior=PRIOR),
    Bagging(Undersample(prior=PRIOR), 3),
    Thin(0.4, prior=PRIOR, renormalise=False),
    BalancedSampler(prior=PRIOR),
)


def noise_letters(X, theta, scheme):
    m, w = moments(data_rule(X, Y), theta), scheme.moments(COUNTS)
    unbiased = m.score_cov * (COUNTS / (COUNTS - 1))[:, None, None]
    return {
        "K": 3,
        "n": COUNTS.tolist(),
        "tau": PRIOR,
        "c^2": w.cv2.tolist(),
        "C": w.total_cov.tolist(),
        "S": unbiased.tolist(),
        "m": m.score_mean.tolist(),
    }


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_conditional_variance(scheme):
    X, theta = small(20), GRID[2, 0]
    computed = conditional_variance(X, Y, theta, scheme)
    letters = noise_letters(X, theta, scheme)
    for a, b in np.ndindex(4, 4):
        formula = conditional_variance_expression()
        derived = float(evaluate(formula, a=a + 1, b=b + 1, **letters))
        assert computed[a, b] == pytest.approx(derived, rel=1e-10, abs=1e-16)


def rows_kept_in_blocks_have_other_noise():
    """Neighbours are kept together: totals fixed, the same c_k^2, another distribution of pairs."""
    x, y = np.array([0.0, 0.2, 3.0, 3.1, 1.0, 2.0])[:, None], np.array([1, 1, 1, 1, 0, 0])
    blocks = np.array([[1, 1, 0, 0, 1, 1], [0, 0, 1, 1, 1, 1]]) / 4
    assert (blocks.std(axis=0)[:4] / blocks.mean(axis=0)[:4] == 1).all()
    scores = softmax.score(np.zeros((2, 2)), x, y, blocks)[:, 1, 1]
    noise = conditional_variance(x, y, np.zeros((2, 2)), Undersample())[1, 1]
    assert scores.var() > 2 * noise


def twins_have_two_thirds_of_the_squares():
    """A class of two rows, each twice: S^2 with divisor 3 has two thirds of V_k as its mean."""

    def mean_noise(rows):
        y = np.array([0, 0, 1, 1, 1, 1])
        found = [
            conditional_variance(
                np.array([0.0, 1.0, *x])[:, None], y, np.zeros((2, 2)), Undersample()
            )[1, 1]
            for x in rows
        ]
        return np.mean(found)

    apart = mean_noise(product((-1.0, 1.0), repeat=4))
    twins = mean_noise((*x, *x) for x in product((-1.0, 1.0), repeat=2))
    assert twins == pytest.approx(2 / 3 * apart)


def random_totals_add_the_class_means():
    X, theta = small(20), GRID[2, 0]
    scheme = Thin(0.4, prior=PRIOR, renormalise=False)
    letters = noise_letters(X, theta, scheme) | {"C": np.zeros((3, 3)).tolist(), "a": 1, "b": 1}
    with_fixed = float(evaluate(conditional_variance_expression(), **letters))
    assert abs(conditional_variance(X, Y, theta, scheme)[0, 0] / with_fixed - 1) > 0.2


# Bags

BASES = (
    Undersample(2, prior=PRIOR),
    Undersample(3, replace=True, prior=PRIOR),
    Oversample(prior=PRIOR),
    Thin(0.3, prior=PRIOR),
    BalancedSampler(prior=PRIOR),
)


@pytest.mark.parametrize("base", BASES, ids=repr)
@pytest.mark.parametrize("bags", [2, 7])
def test_bagging(base, bags):
    counts = np.array([6, 31, 12])
    one, many = base.moments(counts).cv2, Bagging(base, bags).moments(counts).cv2
    for before, after in zip(one, many, strict=True):
        letters = {"c_k^2": before, "B": bags}
        assert after == pytest.approx(float(evaluate(average_cv2_expression(), **letters)))
    m = moments(WRONG.rule(4), GRID[3, 0][:, [0, 1, 1]])
    weighted = score_variance(m, ClassWeight(prior=PRIOR), counts)
    excess = score_variance(m, base, counts) - weighted
    bagged = score_variance(m, Bagging(base, bags), counts) - weighted
    np.testing.assert_allclose(bagged, excess / bags, rtol=1e-9, atol=1e-13)


def test_the_mean_of_fits_is_that_of_weights_to_first_order_only():
    """All bags there are: their mean weights are class weights, the mean of their fits is not the
    fit of these. With a tenth of the noise the difference falls about as its square.
    """
    x, y = np.array([-1.0, 0.4, 1.0, 0.1, 1.5, 2.2])[:, None], np.array([0, 0, 1, 1, 1, 1])
    drawn = undersamples(y, 2, (0.5, 0.5))
    np.testing.assert_allclose(drawn.mean(axis=0), class_weights(y, (0.5, 0.5)), rtol=1e-14)
    whole = softmax.fit(x, y, class_weights(y, (0.5, 0.5)), ridge=0.1)
    bags = softmax.fit(x, y, drawn, ridge=0.1)
    far = np.abs(bags.coef.mean(axis=0) - whole.coef).max()
    assert far > 0.01
    step = softmax.fit(x, y, 0.9 * class_weights(y, (0.5, 0.5)) + 0.1 * drawn, ridge=0.1)
    near = np.abs(step.coef.mean(axis=0) - whole.coef).max()
    assert near < 0.02 * far


def one_bag_repeated_gains_nothing():
    drawn = undersamples(Y, 2, PRIOR)[:, 2]
    pairs = (drawn[:, None] + drawn[None]) / 2
    relative = [(w.std() / w.mean()) ** 2 for w in (drawn, pairs, (drawn + drawn) / 2)]
    assert relative[1] == pytest.approx(relative[0] / 2)
    assert relative[2] == pytest.approx(relative[0])


def bags_of_easy_rows_do_not_become_class_weights():
    """Of every bag of three rows the lower two are kept: more bags do not help."""
    rng, x, total = np.random.default_rng(21), np.arange(4.0), np.zeros(4)
    for _ in range(500):
        rows = rng.choice(4, 3, replace=False)
        total[rows[np.argsort(x[rows])[:2]]] += 0.5 / 500
    assert total[0] > 0.3


def biased_bags_keep_their_target():
    rng = np.random.default_rng(23)
    mean = Bagging(Undersample(prior=PRIOR), 500).draw(Y, rng).mean(axis=0)
    assert np.abs(mean - class_weights(Y, (1 / 3,) * 3)).max() > 0.05


@pytest.mark.parametrize("counts", [(4, 12, 8), (4, 11, 9), (3, 3, 30)])
def test_disjoint_bags(counts):
    counts = np.array(counts)
    m, split = counts.min(), counts[counts > counts.min()]
    for bags in range(1, split.min() // m + 1):
        computed = Bagging(Undersample(), bags, disjoint=True).moments(counts).cv2
        independent = Bagging(Undersample(), bags).moments(counts).cv2
        for n_k, ours, other in zip(counts, computed, independent, strict=True):
            letters = {"n_k": int(n_k), "m": int(m), "B": bags}
            derived = float(evaluate(disjoint_cv2_expression(), **letters))
            assert ours == pytest.approx(derived if n_k > m else 0.0, abs=1e-15)
            assert other - ours == pytest.approx((bags - 1) / bags if n_k > m else 0.0)


def test_a_full_partition_is_class_weighting():
    """In every draw; a class with more rows than the bags hold keeps its noise."""
    rng = np.random.default_rng(24)
    y = rng.permutation(np.repeat([0, 1, 2], [4, 12, 12]))
    scheme = Bagging(Undersample(prior=PRIOR), 3, disjoint=True)
    assert not scheme.moments((4, 12, 12)).cv2.any()
    for _ in range(5):
        drawn = scheme.draw(y, rng)
        assert drawn.shape == (3, 28)
        np.testing.assert_allclose(drawn.mean(axis=0), class_weights(y, PRIOR), rtol=1e-14)
    unequal = Bagging(Undersample(), 2, disjoint=True).moments((4, 8, 12)).cv2
    np.testing.assert_allclose(unequal, [0.0, 0.0, 0.5])


def more_bags_than_rows_are_refused():
    """The formula would be below zero, which no squared coefficient of variation is."""
    letters = {"n_k": 11, "m": 4, "B": 3}
    assert evaluate(disjoint_cv2_expression(), **letters) < 0
    with pytest.raises(SchemeError, match="needs 12 rows of every class larger than 4"):
        Bagging(Undersample(), 3, disjoint=True).moments((4, 11))


def sorted_bags_are_biased_until_they_are_all():
    """Bags cut along x: their mean is class weighting only when they leave out nothing."""
    x = np.arange(6.0)
    bags = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]) / 2
    assert bags[:2].mean(axis=0) @ x < x.mean() - 0.9
    assert bags.mean(axis=0) @ x == pytest.approx(x.mean())


def bags_that_count_differently_leave_noise():
    """A partition weighs rows alike only if the bags weigh alike."""
    bags = np.array([[1, 1, 0, 0], [0, 0, 1, 1]]) / 2
    mean = np.array([0.2, 0.8]) @ bags
    assert mean.std() / mean.mean() > 0.5


COUNTEREXAMPLES: dict[tuple[str, str], Callable[[], None]] = {
    ("replication", "additive-loss"): copies_are_not_left_out_together,
    ("replication", "common-ridge"): a_mean_over_copies_has_another_ridge,
    ("scale", "additive-loss"): firth_is_not_free_of_scale,
    ("scale", "common-ridge"): a_ridge_that_is_not_scaled_shrinks_less,
    ("convex-order", "label-only-weights"): easy_rows_lower_a_convex_functional,
    ("convex-order", "unbiased-weights"): another_target_lowers_a_convex_functional,
    ("convex-order", "convex-functional"): a_concave_functional_is_reversed,
    ("optimism", "label-only-weights"): rows_near_the_boundary_are_pessimistic,
    ("optimism", "unbiased-weights"): another_target_is_pessimistic,
    ("optimism", "common-ridge"): a_larger_ridge_is_pessimistic,
    ("optimism", "independent-rows"): twins_double_the_optimism,
    ("optimism", "first-order"): two_rows_have_no_loss_at_all,
    ("existence", "unique-subset-fit"): without_uniqueness_a_row_can_lose_the_fit,
    ("random-counts", "label-only-weights"): weights_that_look_at_x_shift_the_variance,
    ("random-counts", "unbiased-weights"): one_row_for_its_class_varies_more,
    ("random-counts", "independent-rows"): rows_that_are_alike_vary_more,
    ("random-counts", "fixed-totals"): known_priors_cost_a_between_term,
    ("random-counts", "classes-present"): an_absent_class_makes_totals_random,
    ("conditional-variance", "exchangeable-weights"): rows_kept_in_blocks_have_other_noise,
    ("conditional-variance", "fixed-totals"): random_totals_add_the_class_means,
    ("conditional-variance", "independent-rows"): twins_have_two_thirds_of_the_squares,
    ("bagging", "label-only-weights"): bags_of_easy_rows_do_not_become_class_weights,
    ("bagging", "unbiased-weights"): biased_bags_keep_their_target,
    ("bagging", "independent-bags"): one_bag_repeated_gains_nothing,
    ("disjoint-bags", "label-only-weights"): sorted_bags_are_biased_until_they_are_all,
    ("disjoint-bags", "unbiased-weights"): bags_that_count_differently_leave_noise,
    ("disjoint-bags", "bags-fit"): more_bags_than_rows_are_refused,
}
"""What happens to a claim without one of its conditions."""


@pytest.mark.parametrize("case", COUNTEREXAMPLES, ids=" without ".join)
def test_a_condition_is_needed(case):
    COUNTEREXAMPLES[case]()


@pytest.mark.parametrize("label", LABELS)
def test_every_condition_of_a_claim_is_earned(label):
    earned = {condition for name, condition in COUNTEREXAMPLES if name == label}
    assert earned == set(claims.CLAIMS[label].conditions) - {"any-model"}
