"""Intercept corrections: Bayes' rule on a joint table, scipy's optimisers, and known truth."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax

from mlbalance import populations, softmax
from mlbalance.corrections import (
    Fits,
    PriorShift,
    Uncorrected,
    best_scale,
    leave_one_out,
    leave_one_out_logits,
    pays,
    prior_shift,
    refit_intercepts,
    scaled_losses,
)
from mlbalance.inputs import DataError, PriorError

K = 4
PRIORS = np.random.default_rng(1).dirichlet(np.ones(K), size=3)


def probabilities(logits):
    p = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True)


def bayes(likelihood, prior):
    """Posterior (S, K) of K classes at the S values of a discrete x, from P(x | k) (K, S)."""
    joint = np.asarray(prior)[:, None] * likelihood
    return (joint / joint.sum(axis=0)).T


def test_the_posterior_moves_as_bayes_rule_says():
    likelihood = np.random.default_rng(2).dirichlet(np.ones(6), size=K)
    for fitted in PRIORS:
        for wanted in (*PRIORS, np.full(K, 1 / K)):
            moved = prior_shift(np.log(bayes(likelihood, fitted)), fitted, wanted)
            np.testing.assert_allclose(
                probabilities(moved), bayes(likelihood, wanted), rtol=1e-13, atol=0
            )


def test_there_and_back_is_where_it_was():
    b = np.random.default_rng(3).normal(size=(5, K))
    b -= b.mean(axis=-1, keepdims=True)
    there = prior_shift(b, PRIORS[0], PRIORS[1])
    np.testing.assert_allclose(prior_shift(there, PRIORS[1], PRIORS[0]), b, atol=1e-14)


def test_two_moves_are_one():
    b = np.random.default_rng(4).normal(size=K)
    by_way = prior_shift(prior_shift(b, PRIORS[0], PRIORS[1]), PRIORS[1], PRIORS[2])
    np.testing.assert_allclose(by_way, prior_shift(b, PRIORS[0], PRIORS[2]), atol=1e-14)


def test_intercepts_come_out_centred_and_a_common_shift_goes_in_unnoticed():
    b = np.random.default_rng(5).normal(size=(5, K))
    moved = prior_shift(b, PRIORS[0])
    np.testing.assert_allclose(moved.sum(axis=-1), 0, atol=1e-14)
    np.testing.assert_allclose(prior_shift(b + 7.0, PRIORS[0]), moved, atol=1e-13)
    np.testing.assert_allclose(
        prior_shift(b, PRIORS[0], PRIORS[0]), b - b.mean(axis=-1, keepdims=True), atol=1e-14
    )


def test_uniform_is_what_is_wanted_by_default():
    b = np.random.default_rng(6).normal(size=K)
    assert np.array_equal(prior_shift(b, PRIORS[0]), prior_shift(b, PRIORS[0], np.full(K, 1 / K)))


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_a_batch_is_its_problems_one_by_one(lead):
    rng = np.random.default_rng(7)
    b = rng.normal(size=(*lead, K))
    fitted, wanted = (rng.dirichlet(np.ones(K), size=lead) for _ in range(2))
    together = prior_shift(b, fitted, wanted)
    assert together.shape == b.shape
    for index in np.ndindex(lead):
        assert np.array_equal(together[index], prior_shift(b[index], fitted[index], wanted[index]))
        alone = prior_shift(b, PRIORS[0], wanted)[index]
        assert np.array_equal(alone, prior_shift(b[index], PRIORS[0], wanted[index]))


def test_a_failed_fit_stays_without_a_number():
    b = np.array([[0.1, -0.1], [np.nan, np.nan]])
    moved = prior_shift(b, (0.2, 0.8))
    assert np.isfinite(moved[0]).all() and np.isnan(moved[1]).all()


def test_what_was_given_is_left_as_it_was():
    b = np.zeros(K)
    prior_shift(b, PRIORS[0])
    assert (b == 0).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0.3, (0.5, 0.5)), DataError, r"need shape \(\.\.\., K\); a single number was given"),
        (([0.0, 0.0], (0.5, 0.6)), PriorError, "must sum to one"),
        (([0.0, 0.0], (0.5, 0.5), (0.0, 1.0)), PriorError, "every probability above zero"),
        (([0.0, 0.0], (0.2, 0.3, 0.5)), PriorError, "for each of 2 classes"),
        (([0.0, 0.0], 0.5), PriorError, "for each of 2 classes"),
        (([0.0, 0.0], [(0.5, 0.5), (0.5, np.nan)]), PriorError, "every probability above zero"),
        ((np.zeros((3, 2)), np.full((4, 2), 0.5)), DataError, r"\(3, 2\).*\(4, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        prior_shift(*arguments)


# Intercepts and a temperature for given logits.


def drawn(scale, intercept, n, rng):
    """Logits z and labels of n rows whose true logits are scale * z + intercept."""
    z = rng.normal(size=(n, len(intercept)))
    gumbel = rng.gumbel(size=z.shape)
    return z, (scale * z + intercept + gumbel).argmax(axis=1)


def loss(z, y, weights):
    return -weights @ log_softmax(z, axis=1)[np.arange(len(y)), y]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scale", [0.2, 1.0, 3.0])
def test_scale_and_intercepts_are_those_of_scipys_optimiser(scale, seed):
    rng = np.random.default_rng(seed)
    z, y = drawn(scale, [0.5, -1.0, 0.5], 150, rng)
    weights = rng.uniform(0.2, 1, y.size) / y.size

    def objective(at, factor=None):
        return loss((at[-1] if factor is None else factor) * z + np.r_[at[:2], 0], y, weights)

    for temperature in (True, False):
        ours = refit_intercepts(z, y, weights, temperature=temperature)
        factor = None if temperature else 1.0
        theirs = minimize(objective, [0, 0, 1.0][: 2 + temperature], (factor,), tol=1e-10).x
        assert ours.status == "converged"
        assert ours.scale == pytest.approx(theirs[-1] if temperature else 1.0, abs=1e-5)
        np.testing.assert_allclose(ours.intercept[:2] - ours.intercept[2], theirs[:2], atol=1e-5)
        assert ours.intercept.sum() == pytest.approx(0, abs=1e-12)


def test_the_true_scale_and_intercepts_are_found():
    rng, truth = np.random.default_rng(8), np.array([0.5, -1.0, 0.5])
    found = []
    for _ in range(40):
        z, y = drawn(1.7, truth, 4000, rng)
        moved = refit_intercepts(z, y, np.full(y.size, 1 / y.size), temperature=True)
        found.append([moved.scale, *moved.intercept])
    mcse = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - [1.7, *truth]) <= 4 * mcse).all()


@pytest.mark.parametrize("factor", [1e-3, 0.5, 40.0])
def test_logits_of_another_size_are_scaled_to_the_same(factor):
    """Where the loss has a minimum, where it falls for ever, and where it only rises."""
    z, y = drawn(1.0, np.zeros(3), 100, np.random.default_rng(9))
    weights = np.full(y.size, 0.01)
    sure = z + 20 * np.eye(3)[y]
    for given in (z, sure, -sure):
        one = refit_intercepts(given, y, weights, temperature=True)
        other = refit_intercepts(factor * given, y, weights, temperature=True)
        assert other.scale * factor == pytest.approx(one.scale, rel=1e-8)
        np.testing.assert_allclose(other.intercept, one.intercept, atol=1e-8)


def test_a_flat_loss_ends_the_search_at_a_mean_range_of_twenty():
    z, y = drawn(1.0, np.zeros(3), 100, np.random.default_rng(9))
    weights = np.random.default_rng(1).uniform(size=y.size)
    sure = z + 20 * np.eye(3)[y]
    moved = refit_intercepts(sure, y, weights, temperature=True)
    assert moved.status == "converged"
    mean = np.average(np.ptp(moved.scale * sure, axis=1), weights=weights)
    assert mean == pytest.approx(20, rel=1e-12)


@pytest.mark.parametrize("sign", [0.0, -1.0])
def test_logits_that_tell_less_than_nothing_leave_the_prior(sign):
    z, y = drawn(1.0, np.zeros(3), 100, np.random.default_rng(9))
    moved = refit_intercepts(sign * z, y, np.full(y.size, 0.01), temperature=True)
    shares = np.bincount(y) / y.size
    assert moved.scale == 0
    np.testing.assert_allclose(probabilities(moved.intercept), shares, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_intercepts_before_a_scale_are_those_of_scale_one(seed):
    rng = np.random.default_rng(seed)
    z, y = drawn(2.0, [0.5, -1.0, 0.5], 150, rng)
    weights = rng.uniform(0.2, 1, y.size) / y.size
    plain = refit_intercepts(z, y, weights)
    moved = refit_intercepts(z, y, weights, temperature=True, apart=True)
    joint = refit_intercepts(z, y, weights, temperature=True)
    np.testing.assert_allclose(moved.intercept, moved.scale * plain.intercept, rtol=1e-12)
    scale = minimize(lambda a: loss(a[0] * (z + plain.intercept), y, weights), [1.0], tol=1e-12).x
    assert moved.scale == pytest.approx(scale[0], rel=1e-5)
    assert moved.scale == best_scale(z + plain.intercept, y, weights)
    assert np.abs(moved.intercept - joint.intercept).max() > 1e-3
    unscaled = refit_intercepts(z, y, weights, apart=True)
    np.testing.assert_array_equal(unscaled.intercept, plain.intercept)


@pytest.mark.parametrize("factor", [0.05, 1.0, 20.0])
def test_losses_at_the_best_scale_do_not_depend_on_the_scale(factor):
    z, y = drawn(1.5, np.zeros(3), 100, np.random.default_rng(9))
    weights = np.random.default_rng(1).dirichlet(np.ones(y.size))
    parts = scaled_losses(factor * z, y, weights)
    assert parts.shape == y.shape
    np.testing.assert_allclose(parts, scaled_losses(z, y, weights), rtol=1e-6)
    least = min(loss(scale * z, y, weights) for scale in np.linspace(0, 5, 5001))
    assert parts.sum() == pytest.approx(least, rel=1e-6) and parts.sum() <= least + 1e-12


def test_logits_that_need_a_scale_below_a_hundredth_are_not_scaled_so_far():
    """Those of a fit that interpolates its rows, in the thousands, and mostly on the right side."""
    z, y = drawn(1.5, np.zeros(3), 100, np.random.default_rng(9))
    weights = np.random.default_rng(1).dirichlet(np.ones(y.size))
    assert best_scale(4000 * z, y, weights) < 0.001
    parts = scaled_losses(4000 * z, y, weights)
    assert parts.sum() == pytest.approx(loss(40 * z, y, weights), rel=1e-12)
    assert parts.sum() > 2 * scaled_losses(z, y, weights).sum()


def test_intercepts_pay_where_their_gain_exceeds_their_price():
    """For two classes: b^2 against twice its variance, from the variance of scores by class."""
    y = np.repeat([0, 1], (10, 40))
    weights = 0.5 / np.bincount(y)[y]
    z = np.zeros((50, 2))
    # Scores are the same in every row of a class: intercepts without variance pay at any size.
    assert pays(z, np.array([1e-6, -1e-6]), y, weights, np.bincount(y))
    assert not pays(z, np.zeros(2), y, weights, np.bincount(y))
    rng = np.random.default_rng(2)
    z[:, 1] = rng.normal(size=50)
    z[:, 1] -= z[:, 1].mean()
    p = probabilities(z)[:, 1]
    b = np.array([-0.5, 0.5])
    curvature = weights @ (p * (1 - p))
    variance = sum(0.25 * p[y == k].var(ddof=1) / np.sum(y == k) for k in (0, 1)) / curvature**2
    edge = np.sqrt(2 * variance)
    for size, wanted in ((0.98, False), (1.02, True)):
        moved = size * edge * b
        # The price is that at the moved logits: they are moved back.
        assert pays(z - moved, moved, y, weights, np.bincount(y)) is wanted
    twice, moved = np.tile(np.arange(50), 2), 0.8 * edge * b
    copies = z[twice] - moved, moved, y[twice], weights[twice] / 2, 2 * np.bincount(y)
    assert pays(*copies) and not pays(z - moved, moved, y, weights, np.bincount(y))


def test_logits_of_the_size_of_rounding_are_not_scaled_up():
    z, y = drawn(1.0, np.zeros(3), 100, np.random.default_rng(9))
    weights = np.full(y.size, 0.01)
    assert refit_intercepts(1e-10 * z, y, weights, temperature=True).scale == 0
    assert refit_intercepts(1e-8 * z, y, weights, temperature=True).scale > 1e6


# Rows left out.


def balanced_rows(counts, d):
    X, y = populations.symmetric(len(counts), d, 1.5).sample(counts, np.random.default_rng(3))
    weights = 1 / (len(counts) * np.bincount(y)[y])
    return X, y, weights


def test_features_that_are_combinations_of_few_are_as_these():
    """With more features than rows all is done in the space of the rows."""
    X, y, weights = balanced_rows((12, 15, 8), 5)
    turned = np.linalg.qr(np.random.default_rng(4).normal(size=(60, 5)))[0].T
    few, many = (
        leave_one_out_logits(
            Z, y, softmax.fit(Z, y, weights, ridge=0.1).theta, weights, weights, 0.1
        ).logits
        for Z in (X, X @ turned)
    )
    np.testing.assert_allclose(many, few, atol=1e-8)


def test_a_row_without_weight_changes_nothing_and_keeps_its_logits():
    X, y, weights = balanced_rows((12, 15, 14), 3)
    out = np.arange(y.size) % 7 == 0
    theta = softmax.fit(X[~out], y[~out], weights[~out], ridge=0.1).theta
    given = np.where(out, 0, weights)
    z = leave_one_out_logits(X, y, theta, given, given, 0.1).logits
    np.testing.assert_array_equal(z[out], softmax.logits(theta, X[out]))
    alone = leave_one_out_logits(X[~out], y[~out], theta, weights[~out], weights[~out], 0.1).logits
    np.testing.assert_allclose(z[~out], alone, rtol=1e-12)


def test_why_a_fit_without_a_row_failed_is_told():
    """Classes of few rows are fitted anew: too few steps are no separation."""
    X, y, weights = balanced_rows((6, 7), 2)
    theta = softmax.fit(X, y, weights, ridge=0.1).theta
    fine, short = (
        leave_one_out_logits(X, y, theta, weights, weights, 0.1, max_iter=steps)
        for steps in (200, 1)
    )
    assert fine.status == "converged" and np.isfinite(fine.logits).all()
    assert short.status == "max-iter" and np.isnan(short.logits).any()
    x, y = np.array([[0.0], [1.0], [2.0], [1.5], [3.0], [4.0]]), np.array([0, 0, 0, 1, 1, 1])
    weights = np.full(6, 1 / 6)
    theta = softmax.fit(x, y, weights).theta
    assert np.isfinite(theta).all()
    assert leave_one_out_logits(x, y, theta, weights, weights, 0.0).status == "no-mle"


@pytest.mark.parametrize("counts", [(9, 40), (40, 9, 30)])
def test_classes_of_few_rows_are_fitted_anew_without_each(counts):
    """To the digits of a fit, where a step would be rough; other classes are one step away."""
    X, y, weights = balanced_rows(counts, 3)
    z = leave_one_out_logits(
        X, y, softmax.fit(X, y, weights, ridge=0.02).theta, weights, weights, 0.02
    ).logits
    few = np.flatnonzero(y == np.argmin(counts))
    for i in few:
        rest = np.delete(np.arange(y.size), i)
        given = 1 / (len(counts) * np.bincount(y[rest])[y[rest]])
        refit = softmax.fit(X[rest], y[rest], given, ridge=0.02)
        np.testing.assert_allclose(z[i], softmax.logits(refit.theta, X[[i]])[0], atol=1e-8)


@pytest.mark.parametrize("correction", [Uncorrected(), PriorShift()], ids=["as fitted", "prior"])
def test_left_out_logits_are_those_of_the_corrected_fits_without_the_row(correction):
    """Of bags of unlike priors, the totals of whose classes stay."""
    X, y, _ = balanced_rows((5, 9, 7), 2)
    totals = np.array([[0.3, 0.3, 0.4], [0.6, 0.1, 0.3]])
    target = np.array([0.2, 0.5, 0.3])

    def fits(rows):
        given = (totals / np.bincount(y[rows]))[:, y[rows]]
        theta = np.stack([softmax.fit(X[rows], y[rows], w, ridge=0.1).theta for w in given])
        return Fits(X[rows], y[rows], np.ones(rows.size), theta, given, 0.1)

    left = correction.leave_out(fits(np.arange(y.size)), target)
    assert left.status == "converged"
    for i in range(y.size):
        without = correction.correct(fits(np.delete(np.arange(y.size), i)), target)
        expected = softmax.logits(without.theta, X[[i]])[0]
        np.testing.assert_allclose(
            left.logits[i] - left.logits[i].mean(), expected - expected.mean(), atol=1e-7
        )


def test_what_a_row_without_weight_holds_does_not_matter():
    X, y, weights = balanced_rows((12, 15, 14), 3)
    weights[::7] = 0
    theta = softmax.fit(X, y, weights, ridge=0.1).theta
    held = X.copy()
    held[::7] = 1e200
    one, other = (
        leave_one_out_logits(Z, y, theta, weights, weights, 0.1).logits for Z in (X, held)
    )
    np.testing.assert_array_equal(one[weights > 0], other[weights > 0])


@pytest.mark.parametrize(("rows", "refits"), [(9, True), (10, False)])
def test_a_class_worth_fewer_than_ten_rows_is_refitted(monkeypatch, rows, refits):
    X, y, weights = balanced_rows((rows, 15, 14), 3)
    theta = softmax.fit(X, y, weights, ridge=0.1).theta
    refitted, classes = leave_one_out._refit, []
    monkeypatch.setattr(
        leave_one_out,
        "_refit",
        lambda fit, of, *rest: classes.extend({*y[of]}) or refitted(fit, of, *rest),
    )
    leave_one_out_logits(X, y, theta, weights, weights, 0.1)
    assert classes == ([0] if refits else [])


def fitted(counts, d, ridge):
    X, y, weights = balanced_rows(counts, d)
    theta = softmax.fit(X, y, weights, ridge=ridge).theta
    p = np.exp(softmax.log_probabilities(softmax.logits(theta, X)))
    return leave_one_out._Fitted(X, y, theta, weights, p, ridge, 200)


@pytest.mark.parametrize("ridge", [1e-4, 0.01, 1.0])
@pytest.mark.parametrize("counts", [(10, 40), (12, 15, 20, 11)])
def test_the_first_order_step_is_as_near_as_its_docstring_says(counts, ridge):
    """In the Loewner order, relative to x H^-1 x'; of first order alone it would be 4 times off."""
    fit, K, far = fitted(counts, 60, ridge), len(counts), []
    H = softmax.hessian(fit.theta, fit.X, fit.codes, fit.weights, ridge=ridge)[1:, :, 1:]
    np.testing.assert_allclose(fit.hessian, H, rtol=1e-9, atol=1e-13)
    inverse = np.linalg.inv(H.reshape(61 * (K - 1), -1))
    np.testing.assert_allclose(fit.inverse.reshape(inverse.shape), inverse, rtol=1e-6, atol=1e-8)
    for k, count in enumerate(counts):
        rows, eps = np.flatnonzero(fit.codes == k), 1 / (count - 1)
        near, pull = fit._first_order(k, rows, np.full(count, eps))
        exact, wanted = fit._exact(k, fit.x[rows], eps)
        for i, row in enumerate(fit.x[rows]):
            design = np.kron(np.eye(K - 1), row)
            root = np.linalg.cholesky(design @ inverse @ design.T)
            error = np.linalg.solve(root, np.linalg.solve(root, near[i] - exact[i]).T)
            far.append(np.abs(np.linalg.eigvalsh(error)).max() / eps**2)
        assert np.abs(pull - wanted).max() <= eps**2 * np.abs(wanted).max()
    assert max(far) <= 1 / 8 + 1e-6


def test_both_steps_give_nearly_the_same_logits(monkeypatch):
    """Also where rows of a class leave with unequal weights, or not at all."""
    X, y, weights = balanced_rows((12, 15, 20), 60)
    theta = softmax.fit(X, y, weights, ridge=0.01).theta
    leaving = weights * np.resize([1.0, 0.5, 0.0], y.size)
    given = X, y, theta, weights, leaving, 0.01
    exact = leave_one_out_logits(*given).logits
    monkeypatch.setattr(leave_one_out, "_SMALL", 0)
    near = leave_one_out_logits(*given).logits
    moved = np.abs(exact - softmax.logits(theta, X)).max(axis=1)
    assert (moved[leaving > 0] > 0.01).all() and (moved[leaving == 0] == 0).all()
    assert 0 < np.abs(near - exact).max() < 0.01 * moved.max()


@pytest.mark.parametrize(("d", "inverses"), [(30, 3), (31, 1)])
def test_parameters_from_which_one_inverse_serves_all_classes(monkeypatch, d, inverses):
    invert, sizes = leave_one_out._inverse, []
    monkeypatch.setattr(
        leave_one_out, "_inverse", lambda H: sizes.append(H[0, :, 0].size) or invert(H)
    )
    monkeypatch.setattr(leave_one_out, "_SMALL", 2 * 31)
    X, y, weights = balanced_rows((12, 15, 20), d)
    theta = softmax.fit(X, y, weights, ridge=0.01).theta
    assert leave_one_out_logits(X, y, theta, weights, weights, 0.01).status == "converged"
    assert len(sizes) == inverses


def test_a_class_of_more_rows_than_columns_has_a_hessian_of_its_own(monkeypatch):
    monkeypatch.setattr(leave_one_out, "_SMALL", 0)
    fit = fitted((12, 30), 11, 0.1)
    assert not fit._inverts(0) and fit._inverts(1)


def test_a_hessian_without_inverse_is_no_separation(monkeypatch):
    def singular(H):
        raise np.linalg.LinAlgError

    X, y, weights = balanced_rows((12, 15), 2)
    theta = softmax.fit(X, y, weights, ridge=0.1).theta
    monkeypatch.setattr(leave_one_out, "_inverse", singular)
    found = leave_one_out_logits(X, y, theta, weights, weights, 0.1)
    assert found.status == "max-iter" and np.isnan(found.logits).all()


def test_a_hessian_that_rounding_made_indefinite_is_inverted_as_far_as_it_goes():
    H = np.array([[1.0, 0.5], [0.5, 0.25 - 1e-3]]).reshape(1, 2, 1, 2)
    product = leave_one_out._inverse(H)[0, :, 0] @ H[0, :, 0]
    np.testing.assert_allclose(product, np.eye(2), atol=1e-9)
