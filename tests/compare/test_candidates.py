"""Methods of a comparison that are no scheme of softmax: each against what is known of it."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import RandomForestClassifier

from mlbalance import softmax
from mlbalance.compare import (
    CANDIDATES,
    AtOwnPrior,
    AtTarget,
    LocalCaseControl,
    as_candidate,
    linear,
)
from mlbalance.compare.candidates import as_candidates
from mlbalance.compare.learners import voted_prior
from mlbalance.estimators import FitError, SeparateSmallClasses, SoftmaxClassifier
from mlbalance.inputs import InputError
from mlbalance.populations import Gaussian, symmetric
from mlbalance.schemes import EffectiveNumber
from mlbalance.softmax.many_rows import Some

EVEN = np.full(2, 0.5)


# --- effective number -----------------------------------------------------------------------------


def test_effective_numbers_are_class_weights_at_their_own_prior():
    X, y = symmetric(2, 2, 2.0).sample((900, 100), np.random.default_rng(0))
    published = CANDIDATES["effective-number"]
    corrected = CANDIDATES["effective-number+prior"]
    assert published.estimator is corrected.estimator and published.prior == "as-is"
    model = AtTarget(published.estimator, published.prior, EVEN).fit(X, y)
    inner = model.estimator_
    weights = np.array([(1 - 0.999) / (1 - 0.999**n) for n in (900, 100)])
    prior = weights * [900, 100] / (weights @ [900, 100])
    np.testing.assert_allclose(inner.fitted_prior_, prior, rtol=1e-12)
    # scikit-learn's scale of the ridge for two classes: on their difference.
    ridge = 2 * inner.estimator_.ridge_
    fit = softmax.fit(X, y, weights[y] / weights[y].sum(), ridge=ridge)
    expected = np.exp(softmax.log_probabilities(fit.theta[:, 0] + X @ fit.theta[:, 1:].T))
    np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-7)
    odds = model.with_prior("fitted").predict_log_proba(X) - np.log(expected)
    np.testing.assert_allclose(np.diff(odds)[:, 0], np.log(prior[0] / prior[1]), atol=1e-6)
    assert as_candidate(AtOwnPrior(EffectiveNumber())).prior == "fitted"


# --- local case-control ---------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [(18_000, 2_000), (6_000, 3_000, 1_000)], ids=str)
def test_local_case_control_estimates_the_coefficients_of_all_rows(counts):
    """|z| <= 4, with the variance of its own score; it accepts as many rows as it should."""
    K, n = len(counts), sum(counts)
    population = symmetric(K, 2, 2.0)
    X, y = population.sample(counts, np.random.default_rng(1))
    fit = LocalCaseControl(random_state=0).fit(X, y)
    all_rows = softmax.fit(X, y, np.full(n, 1 / n))
    z = all_rows.theta[:, 0] + X @ all_rows.theta[:, 1:].T
    p = np.exp(softmax.log_probabilities(z))
    chance = 1 - p[np.arange(n), y]
    expected, spread = chance.sum(), np.sqrt((chance * (1 - chance)).sum())
    assert abs(fit.accepted_.sum() - expected) <= 5 * spread
    assert expected < 0.62 * n
    truth = population.theta(tuple(np.array(counts) / n))
    away = (fit.coefficients_ - fit.coefficients_[0] - truth + truth[0])[1:].ravel()
    information = softmax.hessian(all_rows.theta, X, y, np.ones(n))
    q = information.shape[-1]
    information = information.reshape(K, q, K, q)[1:, :, 1:].reshape(away.size, -1)
    # Twice the covariance of all rows for two classes (label lcc), and less for more.
    errors = np.sqrt(2 * np.diag(np.linalg.inv(information)))
    assert (np.abs(away) <= 4 * errors).all()
    # Without the offset the slopes are far off: accepted rows are even at every x.
    kept = fit.accepted_
    raw = softmax.fit(X[kept], y[kept], np.full(kept.sum(), 1 / kept.sum()), n_classes=K)
    raw = (raw.theta - raw.theta[0] - truth + truth[0])[1:].ravel()
    assert (np.abs(raw) > 4 * errors).any()


def test_local_case_control_needs_rows_that_can_be_left_out():
    X, y = symmetric(2, 1, 1.0).sample((20, 1), np.random.default_rng(0))
    with pytest.raises(InputError, match="needs two of every class; of class 1 there is one"):
        LocalCaseControl(random_state=0).fit(X, y)


def partitions(X, y, rows):
    da = pytest.importorskip("dask.array")
    order = np.random.default_rng(5).permutation(y.size)
    return da.from_array(X[order], chunks=(rows, -1)), da.from_array(y[order], chunks=rows)


@pytest.mark.parametrize("counts", [(3000, 120), (1500, 900, 60)], ids=str)
def test_local_case_control_of_partitions_has_the_law_of_that_in_memory(counts):
    """|z| <= 4 of means over draws; where the pilot has part of the rows, up to its own ridge."""
    X, y = symmetric(len(counts), 2, 2.0).sample(counts, np.random.default_rng(1))
    there, draws = partitions(X, y, 700), 25

    def drawn(*size, of):
        fits = [LocalCaseControl(*size, random_state=r).fit(*of) for r in range(draws)]
        return np.array([[*fit.coefficients_.ravel(), *fit.accepted_counts_] for fit in fits])

    here = drawn(of=(X, y))
    for size, allowed in ((10_000, 0.0), (1200, 1.0)):
        parts = drawn(size, of=there)
        spread = np.sqrt((here.var(axis=0) + parts.var(axis=0)) / draws)
        moved = np.abs(here.mean(axis=0) - parts.mean(axis=0))
        assert (moved <= 4 * spread + allowed * here.std(axis=0)).all()
        ratio = (parts.var(axis=0) / here.var(axis=0))[: -len(counts)]
        assert (np.maximum(ratio, 1 / ratio) < stats.f.isf(1e-5, draws - 1, draws - 1)).all()


def test_rows_of_the_pilot_are_judged_by_the_fit_without_them():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((400, 2)), rng.integers(0, 3, 400)
    theta, left_out = rng.standard_normal((3, 3)), rng.dirichlet(np.ones(3), 30)
    ranks = [np.arange(3, 13), np.arange(20, 30), np.arange(10)]
    pilot = np.zeros(400, dtype=bool)
    for k, own in enumerate(ranks):
        pilot[np.flatnonzero(y == k)[own]] = True
    p = np.exp(softmax.log_probabilities(softmax.logits(theta, X)))
    p[pilot] = left_out
    kept = linear._surprising(theta, Some(X, y, np.ones(400), None), (7, ranks, left_out))
    places = [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in kept.X]
    np.testing.assert_allclose(kept.offset, np.log1p(-p[places]), rtol=1e-12)
    assert 0 < pilot[places].sum() < 30 < len(places) < 400


def test_local_case_control_of_partitions_predicts_and_refuses(monkeypatch):
    X, y = symmetric(2, 2, 2.0).sample((300, 40), np.random.default_rng(1))
    there = partitions(X, np.array(["ill", "well"])[y], 90)
    fit = LocalCaseControl(random_state=0).fit(*there)
    again = LocalCaseControl(random_state=0).fit(*there)
    np.testing.assert_array_equal(fit.coefficients_, again.coefficients_)
    assert fit.accepted_ is None and fit.accepted_counts_.sum() < 200
    p = fit.predict_proba(there[0]).compute()
    np.testing.assert_allclose(p, fit.predict_proba(there[0].compute()), rtol=1e-12)
    assert set(np.unique(fit.predict(there[0]).compute())) <= {"ill", "well"}
    with pytest.raises(ValueError, match="pilot_size == 0, must be >= 1"):
        LocalCaseControl(0).fit(*there)
    from mlbalance.methods import rows as memory

    monkeypatch.setattr(memory, "LARGEST_BYTES", 2**11)
    with pytest.raises(InputError, match="accepted ones of 340 rows would take"):
        LocalCaseControl(80, random_state=0).fit(*there)


# --- a separate model -----------------------------------------------------------------------------


def test_a_separate_model_is_for_two_small_classes():
    found, _ = as_candidates(["linear"], np.array([60, 10, 12]))
    assert "separate-small" in [each.id for each in found]
    for counts, told in (((60, 60, 10), "is one"), ((60, 60, 60), "is none"), ((6, 9), "is one")):
        found, _ = as_candidates(["linear"], np.array(counts))
        assert "separate-small" not in [each.id for each in found]
        with pytest.raises(InputError, match=rf"fewer rows than an equal share .* there {told}\."):
            as_candidates(["separate-small"], np.array(counts))
    named = SeparateSmallClasses(SoftmaxClassifier(), ["a", "b"])
    assert as_candidate(("named", named)).prior == "target"


def test_a_separate_model_answers_at_the_target():
    y = np.repeat([0, 1, 2], [700, 150, 100])
    X = np.random.default_rng(2).standard_normal((y.size, 1))
    for target in (np.full(3, 1 / 3), np.array([0.2, 0.2, 0.6])):
        candidate = CANDIDATES["separate-small"]
        p = AtTarget(candidate.estimator, candidate.prior, target).fit(X, y).predict_proba(X)
        np.testing.assert_allclose(np.log(np.median(p, axis=0) / target), 0, atol=0.3)


# --- the prior of votes ---------------------------------------------------------------------------


def test_the_prior_of_true_posteriors_is_theirs():
    """Posteriors at a prior rho, of rows in any shares: within the error of four thousand rows."""
    population, rho = Gaussian([[0.0], [1.5], [3.0]], np.eye(1)), np.array([0.6, 0.1, 0.3])
    X, y = population.sample((2000, 2000, 500), np.random.default_rng(3))
    theta = population.theta(tuple(rho))
    p = np.exp(softmax.log_probabilities(theta[:, 0] + X @ theta[:, 1:].T))
    found = voted_prior(p, y, np.full(3, 1 / 3))
    np.testing.assert_allclose(found, rho, atol=0.04)
    assert abs(found - np.bincount(y) / y.size).max() > 0.1


def test_the_prior_of_votes_solves_its_equation_and_rows_without_votes_do_not_count():
    votes = np.array([[0.8, 0.2], [1.0, 0.0], [0.4, 0.6], [np.nan, np.nan], [0.0, 0.0]])
    codes = np.array([0, 0, 1, 1, 0])
    found = voted_prior(votes, codes, EVEN)
    # rho_0 * .1 = rho_1 * .4, but for one vote per class.
    assert found == pytest.approx([0.8, 0.2], abs=0.02)
    assert found.sum() == pytest.approx(1, rel=1e-12)
    # Votes that are never wrong tell nothing: the target it is.
    assert voted_prior(np.eye(2), np.arange(2), np.array([0.3, 0.7])) == pytest.approx([0.3, 0.7])
    with pytest.raises(FitError, match="All rows of a class are in the bag of every tree"):
        voted_prior(votes[:2], codes[:2], EVEN)


@pytest.mark.parametrize("id", ["forest", "forest-class-weight", "forest-balanced-subsample"])
def test_an_out_of_bag_prior_makes_the_answers_of_a_forest_average_to_the_target(id):
    """Classes that share one distribution: the mean answer to new rows is the target."""
    rng = np.random.default_rng(4)
    y = np.repeat([0, 1], [450, 50])
    X, new = rng.standard_normal((500, 3)), rng.standard_normal((2000, 3))
    candidate = CANDIDATES[f"{id}+oob"]
    assert candidate.estimator is CANDIDATES[id].estimator and candidate.prior == "out-of-bag"
    estimator = RandomForestClassifier(**candidate.estimator.get_params())
    estimator.set_params(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = AtTarget(estimator, "out-of-bag", EVEN).fit(X, y)
    votes = model.estimator_.predict_proba(new).mean(axis=0)
    np.testing.assert_allclose(model.voted_prior_, votes, atol=0.04)
    assert abs(model.predict_proba(new).mean(axis=0)[1] - 0.5) < 0.1
    as_is = AtTarget(estimator, CANDIDATES[id].prior, EVEN).fit(X, y)
    assert as_is.predict_proba(new).mean(axis=0)[1] < 0.25


def test_the_balanced_forest_is_that_of_imbalanced_learn():
    """Mean votes on new rows, forest by forest, with and without the out-of-bag prior."""
    population = symmetric(2, 3, 1.5)
    rng = np.random.default_rng(5)
    new, _ = population.sample((200, 200), rng)
    ours, theirs = CANDIDATES["balanced-forest"], as_candidate("imblearn-balanced-forest")
    given = ours.estimator.scheme.__class__(ours.estimator.scheme.base, 10)
    means = []
    for seed in range(10):
        X, y = population.sample((90, 15), rng)
        one = ours.estimator.__class__(ours.estimator.estimator, given, random_state=seed)
        two = theirs.estimator.__class__(10, random_state=seed)
        means.append([each.fit(X, y).predict_proba(new)[:, 1].mean() for each in (one, two)])
    apart = np.diff(means)[:, 0]
    assert abs(apart.mean()) <= 4 * apart.std(ddof=1) / np.sqrt(len(apart))
    assert apart.std() < 0.05
