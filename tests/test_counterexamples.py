"""Counter-examples of claims: cases that their conditions, or the words of a clause, exclude.

Each was once inside a claim that said more. The computed value shows that the wider claim fails,
and the claim names what excludes it.
"""

import numpy as np
import pytest

from mlbalance import claims, softmax
from mlbalance.inputs import SchemeError
from mlbalance.populations import Gaussian, data_rule
from mlbalance.schemes import (
    Bagging,
    BalancedSampler,
    ClassWeight,
    Oversample,
    Thin,
    Undersample,
    Unweighted,
)
from mlbalance.theory import (
    bags_needed,
    balanced_error,
    covariance,
    excess_risk,
    harmonic_mean,
    intercept_excess,
    moments,
    offset_covariance,
    random_counts_variance,
    second_order_bias,
    variance_ratio,
)

TWO = Gaussian([[0.0], [1.5]], [[1.0]])


def clause(label, words):
    """The clause of a claim that has these words."""
    (found,) = (c for c in claims.get(label).clauses if words in c.text)
    return found


def intercepts_only(counts):
    """A model without features, as moments at its optimum."""
    y = np.repeat(np.arange(len(counts)), counts)
    rule = data_rule(np.zeros((len(y), 0)), y)
    return moments(rule, np.zeros((len(counts), 1)))


def test_the_hessian_ignores_common_slopes_too():
    """At any coefficients: K shifts of d slopes and an intercept are flat, ridge or not."""
    rng = np.random.default_rng(1)
    X, y, theta = rng.normal(size=(12, 2)), np.repeat(np.arange(3), 4), rng.normal(size=(3, 3))
    H = softmax.hessian(theta, X, y, np.ones(12), ridge=1.0).reshape(9, 9)
    assert (np.linalg.eigvalsh(H) < 1e-12).sum() == 3
    assert "shift-free ridge leaves these" in claims.get("hessian").statement


def test_noise_of_no_cost_is_no_help():
    """A functional that is linear in the loss is unaffected by the noise."""
    X, y = TWO.sample((3, 6), np.random.default_rng(2))
    rng = np.random.default_rng(3)
    draws = np.concatenate([Undersample().draw(y, rng) for _ in range(1000)])
    at = TWO.theta()
    losses, whole = softmax.loss(at, X, y, draws), softmax.loss(at, X, y, weights(y))
    assert abs(losses.mean() - whole) <= 4 * losses.std() / np.sqrt(len(losses))
    assert "never helps" in claims.get("convex-order").statement


def weights(y):
    return ClassWeight().draw(y, np.random.default_rng(0))[0]


def test_totals_that_vary_are_a_second_number_of_a_scheme():
    m, counts = intercepts_only((12, 30)), (12, 30)
    fixed = covariance(m, Oversample(keep=False), counts)
    random = [covariance(m, s, counts)[0, 0] for s in (BalancedSampler(42), Thin(0.5, False))]
    assert abs(fixed).max() < 1e-12
    assert min(random) > 0.004
    assert "fixed-totals" in clause("cv2", "enters the variance").given


def test_a_class_of_m_rows_gains_nothing_from_disjoint_bags():
    disjoint = Bagging(Undersample(), 2, disjoint=True).moments((5, 20)).cv2
    independent = Bagging(Undersample(), 2).moments((5, 20)).cv2
    assert disjoint[0] == independent[0] == 0
    assert independent[1] - disjoint[1] == pytest.approx(1 / 2)
    assert "classes of more than m rows" in claims.get("disjoint-bags").statement


def test_disjoint_bags_that_do_not_fit_are_out_of_reach():
    ratio = variance_ratio((5, 7), Undersample())
    assert bags_needed(ratio, 0.05) == 4
    with pytest.raises(SchemeError, match="needs 10 rows of every class larger than 5"):
        Bagging(Undersample(), 2, disjoint=True).moments((5, 7))
    assert clause("bags-needed", "disjoint").given == ("bags-fit",)


def test_fewer_rows_than_the_smallest_class_cost_more_than_one_per_class():
    counts = (10, 10)
    assert variance_ratio(counts, Undersample(2)) == pytest.approx(harmonic_mean(counts) / 2)
    assert variance_ratio(counts, Undersample(2)) > len(counts)
    assert "the smallest count" in clause("harmonic", "below K").text


def test_centred_scores_of_the_fit_itself_are_too_small():
    """At the fit the trace against the Hessian falls short of that at the truth; there it is exact.

    60 and 30 rows, three features, 300 samples, compared in pairs: lower by 4 errors.
    """
    population = Gaussian([[0.0] * 3, [1.0] * 3], np.eye(3))
    at, rng = population.theta(), np.random.default_rng(4)
    m = moments(population.rule(8), at)
    shares = {"fit": [], "truth": []}
    for _ in range(300):
        X, y = population.sample((60, 30), rng)
        fit = softmax.fit(X, y, weights(y))
        for name, theta in (("fit", fit.theta), ("truth", at)):
            within = moments(data_rule(X, y), theta).score_cov[0] * 60 / 59
            ours = np.trace(np.linalg.solve(m.hessian, within))
            shares[name].append(ours / np.trace(np.linalg.solve(m.hessian, m.score_cov[0])))
    assert abs(np.mean(shares["truth"]) - 1) <= 4 * np.std(shares["truth"]) / np.sqrt(300)
    short = np.subtract(shares["truth"], shares["fit"])
    assert short.mean() > 4 * short.std() / np.sqrt(300)
    assert clause("sandwich", "without bias").text.startswith("At the minimiser of the risk")


def test_uncentred_scores_of_an_undersample_exceed_more_than_those_of_weights():
    D, excess = (intercept_excess((100, 10), 0, s)[0, 0] for s in (None, Undersample()))
    assert pytest.approx(0.11) == D
    assert excess == pytest.approx(0.2)
    assert "(1 + c_k^2)/n_k" in clause("intercept-shift", "look more").text


def test_a_gradient_may_vanish_by_symmetry_too():
    """Mirrored classes with a ridge: the boundary stays, though the model is misspecified."""
    population = Gaussian([[-1.0], [1.0]], [[1.0]])
    rule = population.rule(40)
    points = np.concatenate([r.points for r in rule])
    y = np.repeat([0, 1], [len(r.points) for r in rule])
    mass = np.concatenate([r.weights for r in rule]) / 2
    theta = softmax.fit(points, y, mass, ridge=0.3).theta
    assert abs(balanced_error(population, theta).gradient).max() < 1e-9
    assert clause("balanced-error", "elsewhere").text == "elsewhere it need not be."


@pytest.mark.parametrize(("counts", "differs"), [((50, 50), False), ((90, 10), True)])
def test_equal_counts_lose_nothing_at_any_signal(counts, differs):
    """And so leave no direction in which the two influence functions differ."""
    rule, theta = TWO.rule(40), TWO.theta()
    weighted = covariance(moments(rule, theta), ClassWeight(), counts)
    efficient = offset_covariance(rule, theta, counts)
    gap = np.linalg.eigvalsh(weighted - efficient)[-1] / np.trace(weighted)
    assert bool(gap > 1e-3) is differs
    assert "one is rare" in clause("no-loss-at-null", "grows").text
    assert "not zero" in claims.CONDITIONS["least-favourable"]


def test_the_inverse_hessian_is_right_at_equal_counts():
    """Up to D: for a correctly specified model, equal weights are no weights."""
    m, counts = moments(TWO.rule(40), TWO.theta()), (50, 50)
    naive = np.linalg.inv(m.hessian) / 100
    ours = covariance(m, ClassWeight(), counts) + intercept_excess(counts, 1)
    np.testing.assert_allclose(naive, ours, rtol=1e-8)
    assert "without signal" in clause("naive-se", "4 pi").text


def test_slopes_of_a_sample_move_with_the_weights():
    X, y = TWO.sample((40, 30), np.random.default_rng(5))
    fits = softmax.fit(X, y, np.stack([np.ones(70), np.where(y == 1, 3.0, 1.0)]))
    slopes = fits.coef[:, 1, 0] - fits.coef[:, 0, 0]
    assert abs(slopes[1] - slopes[0]) > 0.01
    assert "population fit" in clause("prior-shift", "log w_k").text


def test_the_optimism_of_a_sampler_has_its_random_totals():
    """Intercept-only: all of its score variance is between classes, yet the trace is not zero."""
    m, counts = intercepts_only((12, 30)), (12, 30)
    within = sum((t**2 / n * V) for t, n, V in zip((0.5, 0.5), counts, m.score_cov, strict=True))
    assert abs(within).max() < 1e-12
    assert excess_risk(m, BalancedSampler(42), counts) == pytest.approx(1 / (2 * 42))
    assert "J_W the variance of its score" in claims.get("optimism").statement


def test_known_priors_may_be_better_than_observed_counts():
    """No signal, a centred feature: its score has class means of zero, and E[1/n_k] is large."""
    prior, n = np.array([0.9, 0.1]), 30
    population = Gaussian([[0.0], [0.0]], [[1.0]])
    m = moments(population.rule(40), np.zeros((2, 2)))
    observed = random_counts_variance(m, prior, n)[1, 1]
    known = sum(0.25 / (n * p) * V[1, 1] for p, V in zip(prior, m.score_cov, strict=True))
    assert abs(m.score_mean[:, 1]).max() < 1e-12
    assert known < 0.85 * observed
    assert "better" not in claims.get("random-counts").statement


@pytest.mark.parametrize("counts", [(40, 5), (900, 100)])
def test_firth_leaves_a_bias_on_intercepts_of_fixed_counts(counts):
    """Without features the fit is the log of the counts' ratio, which is its target: no bias."""
    y = np.repeat([0, 1], counts)
    X = np.zeros((len(y), 0))
    prior = np.array(counts) / len(y)
    at = np.log(prior)[:, None]
    bias = second_order_bias(data_rule(X, y), at - at.mean(), Unweighted(), counts)
    assert abs(bias).max() < 1e-12
    theta = softmax.fit_firth(X, y).theta
    left = theta[1, 0] - theta[0, 0] - np.log(counts[1] / counts[0])
    claimed = (1 / counts[1] - 1 / counts[0]) / 2
    assert left == pytest.approx(claimed, rel=0.06)
    assert "leaving (1/n_k - 1/n_0)/2 on intercepts" in clause("second-order", "Firth").text
