"""Many parameters, more features than rows, and starts: other ways to the same minimiser."""

import tracemalloc

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mlbalance import existence, softmax
from mlbalance.existence import alternatives, verdict
from mlbalance.inputs import DataError
from mlbalance.softmax import curvature, evaluation, fit, fitting, path, score
from mlbalance.softmax import newton as newton_steps
from mlbalance.softmax.lbfgs import approach
from tests.softmax.test_fit import RIDGES, assert_same_fit, relative_score, ridge_for, sample

SIX = (23, 5, 44, 14, 19, 31)


@pytest.fixture
def never_direct(monkeypatch):
    monkeypatch.setattr(evaluation, "DIRECT", 0)


# --- many parameters: L-BFGS, then Newton by conjugate gradients ----------------------------------


@pytest.mark.parametrize("ridge", RIDGES)
def test_the_way_for_many_parameters_leads_to_the_same_minimiser(ridge, monkeypatch):
    X, y, rng = sample(21, SIX, d=3)
    objective = {"offset": rng.normal(size=(y.size, 6)), "ridge": ridge_for(ridge, 6)}
    weights = rng.exponential(size=y.size)
    direct = fit(X, y, weights, **objective)
    monkeypatch.setattr(evaluation, "DIRECT", 0)
    iterated = fit(X, y, weights, **objective)
    assert direct.status == iterated.status == "converged"
    assert relative_score(iterated, X, y, weights, **objective) < 1e-9
    assert_same_fit(direct, iterated)


def test_newton_steps_are_taken_where_few_rows_make_lbfgs_slow(monkeypatch):
    """Of two classes; with 1600 rows L-BFGS converges in some steps, and is taken."""
    X, y, _ = sample(22, (150, 100), d=210)
    newton = fit(X, y, ridge=1e-3)
    monkeypatch.setattr(evaluation, "DIRECT", 0)
    lbfgs = fit(X, y, ridge=1e-3)
    assert newton.converged and lbfgs.converged and 5 * newton.n_iter < lbfgs.n_iter
    assert_same_fit(newton, lbfgs, 1e-6)
    monkeypatch.undo()
    X, y, _ = sample(22, (800, 800), d=210)
    seen = []
    monkeypatch.setattr(newton_steps, "approach", lambda *given: seen.append(1) or approach(*given))
    assert fit(X, y, ridge=1e-3).converged and seen


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 1.0])
def test_many_features_agree_with_scikit_learn(ridge):
    X, y, _ = sample(22, (500, 450, 600, 400), d=80, spread=0.1)
    found = fit(X, y, np.full(y.size, 1 / y.size), ridge=ridge)
    C = 1 / (ridge * y.size) if ridge else np.inf
    theirs = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y)
    assert found.status == "converged"
    np.testing.assert_allclose(found.coef, theirs.coef_, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_many_features_of_any_scale(scale):
    X, y, rng = sample(23, (90, 60, 80), d=120, spread=0.3)
    X *= rng.choice([1.0, scale], size=120)
    found = fit(X, y, ridge=1.0)
    assert found.status == "converged"
    assert relative_score(found, X, y, ridge=1.0) < 1e-9


def test_many_parameters_keep_honest_statuses(never_direct):
    X, y, _ = sample(24, (40, 30, 50), d=2)
    assert fit(X, y).status == "converged"
    assert fit(X + 100 * y[:, None], y).status == "no-mle"
    assert fit(np.column_stack([X, X[:, 0]]), y).status == "not-identified"
    assert fit(X, y, max_iter=1).status == "max-iter"


def test_many_parameters_are_approached_no_nearer_than_asked(never_direct):
    X, y, _ = sample(24, (40, 30, 50), d=4)
    steps = [fit(X, y, ridge=0.1, tol=tol).n_iter for tol in (1e-2, 1e-4, 1e-8)]
    assert steps[0] < steps[1] < steps[2]


def test_a_batch_of_large_problems_is_its_loop_bit_for_bit(never_direct):
    rng = np.random.default_rng(25)
    y = np.arange(60) % 3
    X, weights = rng.normal(size=(3, 1, 60, 4)), rng.exponential(size=(2, 60))
    weights[1, ::4] = 0
    batch = fit(X, y, weights, ridge=0.1)
    for r, b in np.ndindex(3, 2):
        assert np.array_equal(batch.theta[r, b], fit(X[r, 0], y, weights[b], ridge=0.1).theta)


def test_many_parameters_take_no_matrix_of_them_all_to_be_certified(monkeypatch):
    """Of 1000 parameters one such matrix is 8 MB; the rows are 0.5 MB."""
    X, y, _ = sample(33, (60,) * 26, d=39, spread=0.1)
    monkeypatch.setattr(softmax.batch, "_keep_freed_memory", lambda: None)
    fit(X[:200], y[:200], n_classes=26, ridge=1.0)  # loads what is loaded once
    tracemalloc.start()
    found = fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.status == "converged" and peak < 8 * (25 * 40) ** 2


def test_the_hessian_of_many_parameters_is_that_of_few(monkeypatch):
    X, y, rng = sample(34, SIX, d=3)
    theta = rng.normal(size=(6, 4))
    indexed = softmax.hessian(theta, X, y, ridge=0.1)
    monkeypatch.setattr(curvature, "_INDEXED", 0)
    np.testing.assert_array_equal(softmax.hessian(theta, X, y, ridge=0.1), indexed)


# --- more features than rows ----------------------------------------------------------------------


@pytest.mark.parametrize("ridge", [1e-4, 0.5, "class-wise"])
def test_the_row_space_holds_the_whole_solution(ridge):
    X, y, rng = sample(26, (9, 7, 8), d=60)
    weights, lam = rng.exponential(size=y.size), ridge_for(ridge, 3)
    found = fit(X, y, weights, ridge=lam)
    assert found.status == "converged" and found.coef.shape == (3, 60)
    g = score(found.theta, X, y, weights, ridge=lam)
    assert np.abs(g).max() < 1e-9 * np.abs(X).max()
    outside = np.linalg.svd(X - np.average(X, axis=0, weights=weights))[2][y.size :]
    np.testing.assert_allclose(found.coef @ outside.T, 0, atol=1e-10)


def test_repeated_rows_leave_the_row_space_thinner_than_the_rows():
    X, y, _ = sample(27, (6, 5, 4), d=40)
    X[1], X[7] = X[0], X[6]
    found = fit(X, y, ridge=0.1)
    assert found.status == "converged"
    assert np.abs(score(found.theta, X, y, ridge=0.1)).max() < 1e-9


def test_more_features_than_rows_are_never_identified_without_a_ridge():
    X, y, _ = sample(28, (6, 5, 4), d=40)
    assert fit(X, y).status == "no-mle"
    same = np.repeat(X[:5], 3, axis=0)
    assert fit(same, np.arange(15) % 3).status == "not-identified"


# --- starts and paths -----------------------------------------------------------------------------


@pytest.mark.parametrize("ridge", RIDGES)
@pytest.mark.parametrize("d", [2, 60])
def test_a_start_changes_the_work_and_not_the_result(d, ridge):
    if d == 60 and ridge == 0.0:
        ridge = 0.01
    X, y, rng = sample(29, (20, 15, 18), d=d)
    objective = {"ridge": ridge_for(ridge, 3), "offset": rng.normal(size=(y.size, 3))}
    cold = fit(X, y, **objective)
    assert_same_fit(fit(X, y, start=rng.normal(size=(3, 1 + d)), **objective), cold)
    warm = fit(X, y, start=cold.theta + 3.0, **objective)
    assert_same_fit(warm, cold)
    assert warm.n_iter <= 2 < cold.n_iter


def test_a_start_that_is_not_finite_is_no_start():
    X, y, _ = sample(30)
    failed = np.full((3, 3), np.nan)
    assert_same_fit(fit(X, y, start=failed), fit(X, y))
    with pytest.raises(DataError, match=r"A start needs shape \(\.\.\., 3, 3\); it has \(2, 3\)"):
        fit(X, y, start=np.zeros((2, 3)))


def test_a_path_is_its_fits_in_the_order_given():
    X, y, rng = sample(31, SIX, d=4)
    weights = rng.exponential(size=(3, y.size))
    ridges = [0.1, 1e-4, 10.0, 1e-2]
    found = path(X, y, weights, ridges=ridges)
    for lam, along in zip(ridges, found, strict=True):
        assert_same_fit(along, fit(X, y, weights, ridge=lam), 1e-7)
    cold = sum(fit(X, y, weights, ridge=lam).n_iter.sum() for lam in ridges)
    assert sum(along.n_iter.sum() for along in found) < cold


@pytest.mark.parametrize("many", [fitting._MANY, 64])
@pytest.mark.parametrize("d", [4, 150])
def test_a_path_starts_each_fit_from_the_one_before(monkeypatch, d, many):
    """With the same numbers, though data are prepared once, whatever way rows are taken."""
    monkeypatch.setattr(fitting, "_MANY", many)
    X, y, rng = sample(33, SIX, d=d)
    X[:, 1] = 3.0
    weights, offset = rng.exponential(size=(2, y.size)), rng.normal(size=(y.size, 6))
    ridges = np.array([0.1, 0.0, 10.0, 1e-2])
    along, start = path(X, y, weights, ridges=ridges, offset=offset), None
    for position in np.argsort(-ridges):
        alone = fit(X, y, weights, ridge=ridges[position], offset=offset, start=start)
        for name in ("theta", "status", "n_iter", "grad_norm"):
            found, expected = getattr(along[position], name), getattr(alone, name)
            np.testing.assert_array_equal(found, expected, name)
        start = alone.theta
    assert along[0].converged.all() and not along[1].converged.any()


def test_a_path_needs_one_list_of_ridges():
    X, y, _ = sample(32)
    with pytest.raises(DataError, match=r"one list of numbers; theirs has shape \(2, 2\)"):
        path(X, y, ridges=np.ones((2, 2)))
    with pytest.raises(DataError, match="finite and not negative"):
        softmax.path(X, y, ridges=[0.1, -1.0])


def test_what_converges_in_the_row_space_does_in_the_features():
    """Scores there are judged by another norm, which a few in a thousand just missed."""
    rng = np.random.default_rng(4)
    y = np.repeat([0, 1], 50)
    X = rng.normal(size=(400, 100, 200))
    X[:, :, 0] += 2 * y - 1
    assert (softmax.fit(X, y, np.full(100, 0.01), ridge=0.03).status == "converged").all()


@pytest.mark.parametrize("separable", [False, True])
def test_what_is_too_large_for_a_verdict_goes_on_until_its_score_proves_it(separable, monkeypatch):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((900, 40))
    logits = 0.4 * X @ rng.standard_normal((40, 8))
    y = (logits + (0.0 if separable else 1.0) * rng.gumbel(size=logits.shape)).argmax(axis=1)
    X = X if not separable else np.column_stack([X, logits])
    whole = softmax.fit(X, y)
    monkeypatch.setattr(alternatives, "_MOST", 0)
    monkeypatch.setattr(existence, "decide", None)  # a call would be an error
    found = softmax.fit(X, y)
    assert found.status == whole.status == ("no-mle" if separable else "converged")
    np.testing.assert_allclose(found.theta, whole.theta, atol=1e-6)


@pytest.mark.parametrize("direct", [True, False])
def test_what_neither_a_verdict_nor_the_score_decides_ends_as_undecided(direct, monkeypatch):
    """A feature that one class alone has leaves a tie that no score resolves."""
    X, y, _ = sample(35, (60, 50, 70), d=20, spread=0.2)
    X = np.column_stack([X, (y == 0) & (X[:, 0] > 0)])
    assert fit(X, y).status == "no-mle"
    if not direct:
        monkeypatch.setattr(evaluation, "DIRECT", 0)
    monkeypatch.setattr(alternatives, "_MOST", 0)
    monkeypatch.setattr(alternatives, "_LONGEST", 0)
    found = fit(X, y)
    assert found.status == "undecided" == verdict(X, y) and np.isnan(found.theta).all()
    assert "Use a ridge or drop features" in str(softmax.STATUS["undecided"])
    assert fit(X, y, ridge=1.0).converged


def test_a_verdict_is_asked_for_once(monkeypatch):
    """Of classes that hardly overlap, whose steps gain slowly before they converge."""
    X, y, rng = sample(36, (100, 90, 120), d=30, spread=0.6)
    y = np.where(rng.random(y.size) < 0.04, rng.permutation(y), y)
    asked, decide = [], existence.decide
    monkeypatch.setattr(existence, "decide", lambda *data: asked.append(1) or decide(*data))
    for name in ("existence_certificate", "existence_certificate_by_rows"):
        monkeypatch.setattr(existence, name, lambda *given: np.zeros(1, dtype=bool))
    found = fit(X, y)
    assert found.converged and found.n_iter > 6 and len(asked) == 1
