"""Rare classes: published numbers, closed forms, simulation; failures without conditions."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, ndtri

from mlbalance import softmax
from mlbalance.inputs import DataError, InputError
from mlbalance.populations import Gaussian, Rule
from mlbalance.schemes import Oversample, PoissonOversample
from mlbalance.theory import (
    break_even_controls,
    local_case_control,
    rare_limit,
    tilted_slopes,
)

NORMAL = Gaussian([[0.0]], [[1.0]]).rule(80)[0]


def slope_ratios(found, place=1):
    base = found.mle[place, place]
    return [cov[place, place] / base for cov in found[1:]]


def eigenvalues(covariance):
    return np.linalg.eigvalsh((covariance + covariance.T) / 2)


# The rare limit


@pytest.mark.parametrize(
    ("c", "published"),
    [(0.1, ("1.1241", "1.5325", "1.8963")), (1.0, ("1.7216", "3.9765", "9.9634"))],
)
def test_slope_variances_relative_to_the_unweighted_fit(c, published):
    """Reweighted, undersampled with offset, undersampled with inverse probabilities."""
    ratios = slope_ratios(rare_limit(NORMAL, [1.0], c))
    assert tuple(f"{ratio:.4f}" for ratio in ratios) == published


@pytest.mark.parametrize("seed", range(12))
def test_the_four_fits_are_in_loewner_order_in_the_limit_and_before(seed):
    rng = np.random.default_rng(seed)
    rule = Rule(rng.normal(size=(40, 3)), rng.dirichlet(np.ones(40)))
    c = float(np.exp(rng.uniform(-4, 2)))
    for odds in (0.0, c * rng.uniform(0, 0.9)):
        fits = rare_limit(rule, rng.normal(size=3), c, odds)
        for one, other in pairwise(fits):
            gaps = eigenvalues(other - one)
            assert gaps.min() > -1e-9 * gaps.max()
            assert gaps.max() > 0


def test_without_thinning_nothing_is_lost():
    fits = rare_limit(NORMAL, [1.0], 0.01, odds=0.01)
    for cov in fits[1:]:
        np.testing.assert_allclose(cov, fits.mle, rtol=1e-12)


def test_without_slopes_reweighting_costs_nothing_and_undersampling_its_rows():
    fits = rare_limit(NORMAL, [0.0], 0.5)
    assert slope_ratios(fits) == pytest.approx([1.0, 1.5, 1.5], rel=1e-13)


@pytest.mark.parametrize("separation", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("d", [1, 2])
def test_one_control_per_case_of_gaussians_costs_exactly_two_in_slopes(separation, d):
    """With means at the ends of a diagonal; the intercept differs, and so do unequal spreads."""
    slopes = np.full(d, separation / np.sqrt(d))
    rule = Gaussian(np.array([-slopes / 2]), np.eye(d)).rule(80 if d == 1 else 60)[0]
    fits = rare_limit(rule, slopes, 1.0)
    for place in range(1, 1 + d):
        ratio = fits.undersampled[place, place] / fits.reweighted[place, place]
        assert ratio == pytest.approx(2, rel=1e-6)


def test_a_skewed_majority_has_another_ratio_than_two():
    points = np.array([[0.0], [1.0], [3.0]])
    rule = Rule(points, np.array([0.6, 0.3, 0.1]))
    even = 1 / float(rule.weights @ np.exp(points[:, 0]))
    fits = rare_limit(rule, [1.0], even)
    assert abs(fits.undersampled[1, 1] / fits.reweighted[1, 1] - 2) > 0.05


def test_break_even_controls_fall_with_the_separation():
    found = {s: break_even_controls(s) for s in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)}
    shown = [f"{r:.2f}" for r in found.values()]
    assert shown == ["12.14", "6.21", "5.10", "4.69", "4.49", "4.38"]
    for separation, r in found.items():
        rule = Rule(NORMAL.points - separation / 2, NORMAL.weights)
        balanced = rare_limit(rule, [separation], 1.0).reweighted[1, 1]
        fewer = rare_limit(rule, [separation], 1 / (0.99 * r)).undersampled[1, 1]
        more = rare_limit(rule, [separation], 1 / (1.01 * r)).undersampled[1, 1]
        assert more < balanced < fewer


def test_slopes_across_the_separation_need_more_controls():
    """Plain features there, by a rule of their own: a product of normal points."""
    found = {s: break_even_controls(s, across=True) for s in (0.5, 1.0, 2.0, 3.0)}
    assert [f"{r:.2f}" for r in found.values()] == ["20.17", "8.34", "5.29", "4.65"]
    nodes, mass = np.polynomial.hermite_e.hermegauss(5)
    for separation, r in found.items():
        x = np.repeat(NORMAL.points[:, 0] - separation / 2, nodes.size)
        points = np.column_stack([x, np.tile(nodes, len(NORMAL.points))])
        rule = Rule(points, np.outer(NORMAL.weights, mass / mass.sum()).ravel())
        slopes = [separation, 0.0]
        balanced = rare_limit(rule, slopes, 1.0).reweighted[2, 2]
        fewer = rare_limit(rule, slopes, 1 / (0.99 * r)).undersampled[2, 2]
        more = rare_limit(rule, slopes, 1 / (1.01 * r)).undersampled[2, 2]
        assert more < balanced < fewer
        assert break_even_controls(separation) < r


def test_without_separation_no_number_of_controls_is_enough():
    """Near it r* is 2/separation^2 + 4, and with slopes of zero infinite."""
    assert break_even_controls(0.0) == np.inf
    assert break_even_controls(1e-4) == pytest.approx(2e8 + 4, rel=1e-14)
    for separation in (0.002, 0.01, 0.05, 0.1):
        r = break_even_controls(separation)
        assert r == pytest.approx(2 / separation**2 + 4, abs=separation**2 + 1e-2)
    assert break_even_controls(0.0, across=True) == np.inf
    assert break_even_controls(1e-4, across=True) == pytest.approx(4e8 + 4, rel=1e-14)
    for separation in (0.5, 1.0, 2.0, 5.0, 10.0):
        assert 0 < break_even_controls(separation) - 2 / separation**2 - 4 < 0.22


def test_with_enough_controls_an_undersample_beats_weighting_all_rows():
    """Separation 2, 60 cases and 2400 controls: 20 per case are enough, one per case is not.

    Slopes of real fits to the same data; r* is 4.7 in the limit.
    """
    rng, cases, controls, R = np.random.default_rng(6), 60, 2400, 600
    x = rng.normal(size=(R, controls + cases))
    x[:, controls:] += 2
    y = np.repeat([0, 1], [controls, cases])

    def slopes(kept, weight):
        """The first rows are as good as a random share of the controls."""
        rows = np.r_[:kept, controls : controls + cases]
        offset = np.array([0.0, np.log(controls / kept)])
        weights = np.where(y[rows] == 1, weight, 1.0)
        fits = softmax.fit(x[:, rows, None], y[rows], weights, offset=offset)
        assert fits.converged.all()
        return fits.coef[:, 1, 0] - fits.coef[:, 0, 0]

    balanced = slopes(controls, controls / cases)
    even, many = slopes(cases, 1.0), slopes(20 * cases, 1.0)
    for one, other in ((many, balanced), (balanced, even)):
        gap = (other - other.mean()) ** 2 - (one - one.mean()) ** 2
        assert gap.mean() > 4 * gap.std(ddof=1) / np.sqrt(R)


def along(slopes, covariance, order):
    """Rule of N(0, covariance): Gauss along the logit, two points exact to degree three across."""
    d = len(slopes)
    root = np.linalg.cholesky(covariance)
    turn = np.linalg.qr(np.column_stack([root.T @ slopes, np.eye(d)]))[0]
    axes = [np.polynomial.hermite_e.hermegauss(m) for m in (order, *[2] * (d - 1))]
    points = np.stack(np.meshgrid(*[nodes for nodes, _ in axes], indexing="ij"), axis=-1)
    mass = np.stack(np.meshgrid(*[w / w.sum() for _, w in axes], indexing="ij"), axis=-1)
    return Rule(points.reshape(-1, d) @ turn.T @ root.T, mass.reshape(-1, d).prod(axis=1))


@pytest.fixture(scope="module")
def six_covariates():
    covariance = 0.5 ** np.abs(np.subtract.outer(np.arange(6), np.arange(6))) / 4
    slopes = -np.ones(6)
    return along(slopes, covariance, 80), slopes, covariance, np.exp(-7.65)


def traces(design, size=500_000, negatives=1000, odds=None):
    rule, slopes, _, e = design
    fits = rare_limit(rule, slopes, e * size / negatives, e if odds is None else odds)
    return [np.trace(cov) / (size * e) for cov in fits]


def test_traces_of_the_design_with_six_covariates(six_covariates):
    """N = 5e5, 1000 expected negatives: all rows, weighted by inverse probability, offset.

    Published as .0336, .690 and .1425, which are means over one simulated sample: the mean of t^2
    that they need is carried by few rows, and integrals differ in the third digit.
    """
    mle, _, offset, inverse = traces(six_covariates)
    assert (f"{mle:.4f}", f"{inverse:.3f}", f"{offset:.4f}") == ("0.0339", "0.688", "0.1431")
    assert [mle, inverse, offset] == pytest.approx([0.0336, 0.690, 0.1425], rel=0.01)


def test_samples_of_the_size_of_the_design_scatter_around_its_integrals(six_covariates):
    _, slopes, covariance, e = six_covariates
    rng = np.random.default_rng(1)
    root, found = np.linalg.cholesky(covariance), []
    for _ in range(10):
        X = rng.normal(size=(100_000, 6)) @ root.T
        found.append(traces((Rule(X, np.full(len(X), 1e-5)), slopes, covariance, e)))
    found = np.array(found)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    # Inverses of means are biased by a few percent of their spread at this size.
    assert (np.abs(found.mean(axis=0) - traces(six_covariates)) <= 4 * error + 2e-3).all()
    # One sample of 5e5 rows is about this far off, and covers the published digits.
    off = found.std(axis=0, ddof=1) / np.sqrt(5)
    for place, published in ((0, 0.0336), (3, 0.690)):
        assert abs(traces(six_covariates)[place] - published) <= 2 * off[place]


def test_the_limit_of_a_gaussian_majority_is_closed_form(six_covariates):
    """E t = exp(b' S b / 2), and under the tilt x is N(S b, S)."""
    rule, slopes, covariance, _ = six_covariates
    centre = np.append(1.0, covariance @ slopes)
    second = np.outer(centre, centre)
    second[1:, 1:] += covariance
    info = np.exp(slopes @ covariance @ slopes / 2) * second
    np.testing.assert_allclose(rare_limit(rule, slopes, 1.0).mle, np.linalg.inv(info), atol=1e-12)


def test_the_limit_is_not_yet_reached_at_one_case_in_four_hundred(six_covariates):
    """Condition `rare-class`: with heavy weights the limit is far off where the odds are not."""
    limit, before = traces(six_covariates, odds=0.0), traces(six_covariates)
    assert limit[0] == pytest.approx(before[0], rel=0.12)
    assert limit[2] == pytest.approx(before[2], rel=0.01)
    assert limit[3] > 2 * before[3]


def test_without_a_second_moment_of_t_inverse_probability_has_no_limit():
    """Condition `light-tails`: t Pareto with a mean and no variance, by ever more quantiles."""

    def slopes_variance(N):
        log_t = quantiles(lambda u: -np.log1p(-u) / 1.5, N)
        return [cov[1, 1] for cov in rare_limit(Rule(log_t[:, None], np.full(N, 1 / N)), [1.0], 1)]

    few, many, most = (slopes_variance(N) for N in (10**3, 10**4, 10**5))
    assert most[2] == pytest.approx(many[2], rel=1e-3)
    assert most[3] > 1.5 * many[3] > 2 * few[3]


def four_fits(rng, replications, n, odds, q):
    """Slopes (4, replications) of samples with normal x and slope one; q of the controls kept."""
    x = rng.normal(size=(replications, n))
    y = (rng.random(x.shape) < expit(np.log(odds) + x)).astype(int)
    kept = (y == 1) | (rng.random(x.shape) < q)
    offset = np.array([np.log(q), 0.0])
    found = []
    for weights, shift in (
        (np.ones(x.shape), None),
        (np.where(y == 1, 1.0, q), None),
        (kept.astype(float), offset),
        (np.where(y == 1, 1.0, kept / q), None),
    ):
        fit = softmax.fit(x[..., None], y, weights, n_classes=2, offset=shift)
        assert fit.converged.all()
        found.append(fit.coef[:, 1, 0] - fit.coef[:, 0, 0])
    return np.array(found)


def test_simulated_slopes_vary_as_predicted():
    """About 250 cases per sample and two controls per case."""
    n, odds, q, R = 3000, 0.06, 0.12, 300
    found = four_fits(np.random.default_rng(2), R, n, odds, q)
    predicted = rare_limit(NORMAL, [1.0], odds / q, odds)
    for estimates, cov in zip(found, predicted, strict=True):
        variance = estimates.var(ddof=1)
        error = ((estimates - estimates.mean()) ** 2).std(ddof=1) / np.sqrt(R)
        assert abs(variance - cov[1, 1] / (n * odds)) <= 4 * error
    assert found[2].var() > found[1].var() > found[0].var()


def population_slope(logit, weights=(1.0, 1.0), ridge=0.0, x=NORMAL.points[:, 0]):
    """Slope of the fit to the distribution of (x, y), controls and cases weighted."""
    p = expit(logit)
    X, y = np.concatenate([x, x])[:, None], np.repeat([0, 1], len(x))
    mass = np.concatenate([weights[0] * NORMAL.weights * (1 - p), weights[1] * NORMAL.weights * p])
    fit = softmax.fit(X, y, mass, ridge=ridge)
    assert fit.status == "converged"
    return float(fit.coef[1, 0] - fit.coef[0, 0])


def test_a_wrong_model_gives_the_four_fits_two_targets():
    """Condition `correctly-specified`: a bend in the logit, covariances around different points."""
    x = NORMAL.points[:, 0]
    bent = -6 + x - 0.3 * x**2
    assert population_slope(-6 + x) == pytest.approx(1, abs=1e-9)
    assert population_slope(-6 + x, (np.exp(-6), 1.0)) == pytest.approx(1, abs=1e-9)
    unweighted, balanced = population_slope(bent), population_slope(bent, (np.exp(-6), 1.0))
    assert abs(unweighted - balanced) > 0.02


def test_a_ridge_ends_the_comparison():
    """Condition `no-ridge`: on the mean-loss scale it grows against the few cases."""
    logit = -9 + NORMAL.points[:, 0]
    cases = float(NORMAL.weights @ expit(logit))
    unweighted = population_slope(logit, ridge=0.01)
    balanced = population_slope(logit, (0.5 / (1 - cases), 0.5 / cases), ridge=0.01)
    assert unweighted < 0.1 < 0.8 < balanced < 1


# Few cases: Owen's table


def fitted(controls, cases):
    """Slope and N e^alpha of the unweighted fit of cases against N controls."""
    X = np.concatenate([controls, np.asarray(cases, dtype=float)])[:, None]
    y = np.repeat([0, 1], [len(controls), len(cases)])
    fit = softmax.fit(X, y)
    if fit.status != "converged":
        return fit.status
    alpha = fit.intercept[1] - fit.intercept[0]
    return float(fit.coef[1, 0] - fit.coef[0, 0]), float(len(controls) * np.exp(alpha))


def quantiles(law, N):
    return law((np.arange(1, N + 1) - 0.5) / N)


@pytest.mark.parametrize(
    ("N", "slope", "odds"),
    [
        (10, "1.5746", ".4126"),
        (100, "1.0706", ".5787"),
        (1000, "1.0108", ".6019"),
        (10000, "1.0017", ".6058"),
    ],
)
def test_owens_table(N, slope, odds):
    found = fitted(quantiles(ndtri, N), [1.0])
    assert (f"{found[0]:.4f}", f"{found[1]:.4f}") == (slope, "0" + odds)


def test_the_table_goes_where_it_is_predicted_to():
    limit = tilted_slopes(NORMAL, [1.0])
    assert limit.slopes == pytest.approx([1.0], rel=1e-12)
    assert limit.controls == pytest.approx(np.exp(-0.5), rel=1e-12)
    gaps = [abs(fitted(quantiles(ndtri, N), [1.0])[0] - 1) for N in (100, 1000, 10000)]
    assert gaps[0] > 5 * gaps[1] > 25 * gaps[2]


def test_the_tilt_of_a_gaussian_majority_is_its_discriminant():
    mean, cov = np.array([1.0, 2.0]), np.array([[2.0, 0.5], [0.5, 1.0]])
    found = tilted_slopes(Gaussian([mean], cov).rule(40)[0], [2.0, 1.0])
    away = np.array([1.0, -1.0])
    beta = np.linalg.solve(cov, away)
    np.testing.assert_allclose(found.slopes, beta, rtol=1e-9)
    assert found.controls == pytest.approx(np.exp(-mean @ beta - beta @ cov @ beta / 2), rel=1e-9)


def test_cases_enter_through_their_mean():
    """Three cases and one at their mean: apart for few controls, together for many."""
    apart = [
        abs(fitted(quantiles(ndtri, N), [0.2, 0.8, 2.0])[0] - fitted(quantiles(ndtri, N), [1])[0])
        for N in (30, 300, 3000)
    ]
    assert apart[0] > 0.05 and apart[2] < 0.01
    odds = fitted(quantiles(ndtri, 3000), [0.2, 0.8, 2.0])[1]
    assert odds == pytest.approx(3 * np.exp(-0.5), rel=0.03)


def test_without_surround_slopes_grow_without_bound():
    """Condition `surround`: uniform controls on (-1, 1) and a case at 1.2, or ever nearer to 1."""
    uniform = quantiles(lambda u: 2 * u - 1, 1000)
    assert fitted(uniform, [1.2]) == "no-mle"
    rule = Rule(uniform[:, None], np.full(1000, 1e-3))
    with pytest.raises(DataError, match="its points do not surround it"):
        tilted_slopes(rule, [1.2])
    grow = [tilted_slopes(rule, [mean]).slopes[0] for mean in (0.5, 0.9, 0.99)]
    assert grow[0] < 3 < 9 < grow[1] < 50 < grow[2]


def test_with_heavy_tails_slopes_fade():
    """Condition `light-tails`: t with three degrees of freedom has no exponential moment."""
    heavy = [fitted(quantiles(stats.t(3).ppf, N), [1.0])[0] for N in (10, 100, 1000, 10000)]
    assert heavy == sorted(heavy, reverse=True)
    assert heavy[-1] < 0.2


def test_with_as_many_cases_as_controls_their_mean_is_not_enough():
    """Condition `few-cases`: the same mean, another spread, another slope."""
    controls = quantiles(ndtri, 200)
    narrow, wide = fitted(controls, 1 + 0.1 * controls), fitted(controls, 1 + 2 * controls)
    assert abs(narrow[0] - wide[0]) > 1


def test_a_ridge_moves_the_slope_of_few_cases_to_zero():
    """Condition `no-ridge`."""
    controls = quantiles(ndtri, 10000)
    X, y = np.append(controls, 1.0)[:, None], np.append(np.zeros(10000, dtype=int), 1)
    fit = softmax.fit(X, y, np.full(10001, 1 / 10001), ridge=0.01)
    assert fit.coef[1, 0] - fit.coef[0, 0] < 0.02


# Local case-control

ODDS = np.array([-2.5, 1.0])


def relative(found):
    """Eigenvalues of a covariance relative to that of the fit to all rows."""
    return np.sort(np.linalg.eigvals(np.linalg.solve(found.mle, found.covariance)).real)


def test_local_sampling_costs_exactly_two_at_one():
    found = local_case_control(NORMAL, ODDS)
    np.testing.assert_allclose(found.covariance, 2 * found.mle, rtol=1e-12)
    p = expit(ODDS[0] + NORMAL.points[:, 0])
    assert found.accepted == pytest.approx(2 * NORMAL.weights @ (p * (1 - p)), rel=1e-12)


@pytest.mark.parametrize("c", [1.0, 1.4, 2.0, 5.0, 30.0])
@pytest.mark.parametrize("intercept", [-6.0, -2.0, 0.0, 1.0])
def test_local_sampling_is_within_its_bound(c, intercept):
    found = relative(local_case_control(NORMAL, [intercept, 1.0], c))
    assert found.min() >= 1 and found.max() <= (1 + 1 / c) * (1 + 1e-9)


@pytest.mark.parametrize("c", [2.0, 5.0])
def test_the_bound_is_reached_by_rare_cases(c):
    gaps = [
        1 + 1 / c - relative(local_case_control(NORMAL, [intercept, 1.0], c)).min()
        for intercept in (-4.0, -8.0, -16.0)
    ]
    assert gaps[0] > gaps[1] > gaps[2] and gaps[2] < 1e-5


def test_below_one_the_factor_is_two_over_c_and_above_the_bound():
    found = local_case_control(NORMAL, ODDS, 0.5)
    np.testing.assert_allclose(found.covariance, 4 * found.mle, rtol=1e-12)


def test_a_pilot_that_is_off_loses_the_factor():
    """Condition `consistent-pilot`: one that knows the share of cases only."""
    marginal = local_case_control(NORMAL, [-3.0, 1.5], pilot=[-2.2, 0.0])
    assert relative(marginal).max() > 2.5


@pytest.mark.parametrize("c", [0.5, 1.0, 3.0, 20.0])
def test_local_sampling_by_any_pilot_is_the_sum_over_outcomes(c):
    """Acceptance and weight by the pilot, labels by the truth, whatever the two are."""
    truth, pilot = np.array([-2.0, 1.5]), np.array([-1.0, 0.4])
    z = np.column_stack([np.ones(len(NORMAL.points)), NORMAL.points])
    p, guess, P = (expit(z @ theta) for theta in (truth, pilot, truth - pilot))
    hessian, variance, accepted, score = np.zeros((2, 2)), np.zeros((2, 2)), 0.0, 0.0
    for y, chance in ((1, p), (0, 1 - p)):
        rate, weight = np.minimum(1, c * abs(y - guess)), np.maximum(1, c * abs(y - guess))
        mass = NORMAL.weights * chance * rate
        score = score + z.T @ (mass * weight * (y - P))
        hessian += (z.T * (mass * weight * P * (1 - P))) @ z
        variance += (z.T * (mass * (weight * (y - P)) ** 2)) @ z
        accepted += mass.sum()
    np.testing.assert_allclose(score, 0, atol=1e-12)
    inverse = np.linalg.inv(hessian)
    found = local_case_control(NORMAL, truth, c, pilot)
    np.testing.assert_allclose(found.covariance, inverse @ variance @ inverse, rtol=1e-10)
    assert found.accepted == pytest.approx(accepted, rel=1e-12)


def simulated_local_sampling(rng, logit, pilot, replications, n):
    """Slopes of the fit to all rows and of local sampling at c = 1, (2, replications)."""
    x = rng.normal(size=(replications, n))
    y = (rng.random(x.shape) < expit(logit(x))).astype(int)
    guess = pilot[0] + pilot[1] * x
    accepted = rng.random(x.shape) < np.abs(y - expit(guess))
    offset = np.stack([np.zeros(x.shape), -guess], axis=-1)
    whole = softmax.fit(x[..., None], y, n_classes=2)
    local = softmax.fit(x[..., None], y, accepted.astype(float), n_classes=2, offset=offset)
    assert whole.converged.all() and local.converged.all()
    return np.array([f.coef[:, 1, 0] - f.coef[:, 0, 0] for f in (whole, local)])


def test_simulated_local_sampling_varies_as_predicted():
    n, R = 1500, 400
    for pilot in (ODDS, (-2.0, 0.3)):
        rng = np.random.default_rng(3)
        found = simulated_local_sampling(rng, lambda x: ODDS[0] + x, pilot, R, n)
        predicted = local_case_control(NORMAL, ODDS, 1.0, pilot)
        for estimates, cov in zip(found, (predicted.mle, predicted.covariance), strict=True):
            error = ((estimates - estimates.mean()) ** 2).std(ddof=1) / np.sqrt(R)
            assert abs(estimates.var(ddof=1) - cov[1, 1] / n) <= 4 * error


def test_a_wrong_model_loses_the_factor_too():
    """Condition `correctly-specified`: a bend in the logit, the pilot being the best linear one."""
    rng = np.random.default_rng(4)

    def bent(x):
        return -1.5 + x - x**2

    whole, local = simulated_local_sampling(rng, bent, (-2.02, 0.42), 600, 1500)
    pairs = (local - local.mean()) ** 2 - 2 * (whole - whole.mean()) ** 2
    assert abs(pairs.mean()) > 4 * pairs.std(ddof=1) / np.sqrt(len(pairs))


# Copies at random


@pytest.mark.parametrize("counts", [(12, 5, 31), (100, 40, 400)])
def test_poisson_copies_are_at_most_a_quarter_and_near_oversampling(counts):
    counts = np.array(counts)
    extra = counts.max() / counts - 1
    found = PoissonOversample(extra).moments(counts)
    assert (found.cv2 <= 0.25).all()
    assert PoissonOversample(1.0).moments(counts).cv2 == pytest.approx(0.25, rel=1e-15)
    np.testing.assert_allclose(
        Oversample().moments(counts).cv2, found.cv2 * (1 - 1 / counts), atol=1e-15
    )
    assert (counts @ found.mean) == pytest.approx(1, rel=1e-14)


def test_drawn_poisson_copies_have_these_moments():
    rng, counts, extra, R = np.random.default_rng(5), np.array([3, 8]), np.array([2.0, 0.4]), 40_000
    found = PoissonOversample(extra).moments(counts)
    for k in range(2):
        copies = 1 + rng.poisson(extra[k], size=(R, counts[k]))
        weights = copies / (2 * counts[k] * (1 + extra[k]))
        squares = (weights[:, 0] / found.mean[k] - 1) ** 2
        totals = (weights.sum(axis=1) - 0.5) ** 2
        for sample, value in ((squares, found.cv2[k]), (totals, found.total_cov[k, k])):
            assert abs(sample.mean() - value) <= 4 * sample.std(ddof=1) / np.sqrt(R)


def test_copies_to_a_fixed_size_keep_the_totals():
    """Condition `poisson-copies`."""
    counts = np.array([3, 8])
    assert (Oversample().moments(counts).total_cov == 0).all()
    found = PoissonOversample(counts.max() / counts - 1).moments(counts)
    assert (np.diag(found.total_cov) > 0).any()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: rare_limit(NORMAL, [1.0], 0.0), InputError, "must be above zero and at least"),
        (lambda: rare_limit(NORMAL, [1.0], 0.1, 0.2), InputError, "at least the odds e\\^alpha"),
        (lambda: rare_limit(NORMAL, [1.0, 2.0], 0.1), DataError, "Slopes need shape \\(1,\\)"),
        (lambda: break_even_controls(-1.0), InputError, "must lie in 0..10; it is -1.0"),
        (lambda: break_even_controls(float("nan")), InputError, "must lie in 0..10; it is nan"),
        (lambda: tilted_slopes(NORMAL, [1.0, 2.0]), DataError, "mean of the cases needs shape"),
        (lambda: local_case_control(NORMAL, ODDS, 0.0), InputError, "c must be above zero"),
    ],
)
def test_what_does_not_fit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
