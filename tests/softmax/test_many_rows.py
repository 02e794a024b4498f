"""Rows in pieces: the fit of all rows at once, and nothing of the size of the data is made."""

import tracemalloc

import numpy as np
import pytest

from mlbalance import populations, softmax
from mlbalance.softmax import curvature, evaluation, fitting, many_rows
from mlbalance.softmax.metric import Blocks, Contrasts, Even


@pytest.fixture
def small(monkeypatch):
    """Function that sets whether rows are taken in pieces, of 50, and the size of the sample."""

    def set_up(pieces, sample=8000):
        monkeypatch.setattr(fitting, "_MANY", 0 if pieces else 2**60)
        monkeypatch.setattr(many_rows, "_PIECE", 0)
        monkeypatch.setattr(many_rows, "_FEWEST", 50)
        monkeypatch.setattr(many_rows, "_SAMPLE", sample)

    return set_up


@pytest.fixture
def passed(monkeypatch):
    """Solutions that were found in pieces."""
    found = []

    def kept(*given):
        found.append(many_rows.solve_rows(*given))
        return found[-1]

    monkeypatch.setattr(fitting, "solve_rows", kept)
    return found


def data(K=3, d=4, n=900, seed=0):
    counts = np.full(K, n // (2 * K))
    counts[0] += n - counts.sum()
    X, y = populations.symmetric(K, d, 1.5).sample(counts, np.random.default_rng(seed))
    order = np.random.default_rng(seed).permutation(n)
    return 3 + X[order] * np.linspace(0.1, 10, d), y[order]


@pytest.mark.parametrize("K", [2, 3, 6])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_pieces_have_the_fit_of_all_rows_at_once(K, ridge, small, passed):
    X, y = data(K)
    rng = np.random.default_rng(1)
    weights = rng.integers(0, 3, y.size).astype(float)
    X[weights == 0] = 1e200  # what a row of weight zero holds does not matter
    offset = rng.standard_normal((y.size, K))
    fits = []
    for pieces in (False, True):
        small(pieces)
        fits.append(softmax.fit(X, y, weights, offset=offset, ridge=ridge, tol=1e-13))
    whole, summed = fits
    assert len(passed) == 1 and passed[0].status[0] == "converged"
    assert whole.status == summed.status == "converged" and summed.grad_norm <= 1e-13
    np.testing.assert_allclose(summed.theta, whole.theta, rtol=1e-10, atol=1e-10)


@pytest.fixture
def metrics(monkeypatch):
    """Metrics in which problems of many rows were solved."""
    found = []
    iterate = many_rows.iterate

    def kept(task, *given):
        found.append(task.metric)
        return iterate(task, *given)

    monkeypatch.setattr(many_rows, "iterate", kept)
    return found


@pytest.mark.parametrize(
    ("sample", "columns", "metric"),
    [(300_000, 100, Contrasts), (16_000, 60, Even), (16_000, 61, Blocks)],
    ids=["of a sample", "even", "blocks"],
)
@pytest.mark.parametrize("ridge", [0.5, 0.001])
def test_many_parameters_take_a_metric(
    sample, columns, metric, ridge, small, passed, metrics, monkeypatch
):
    monkeypatch.setattr(many_rows, "_BLOCK", columns)
    X, y = data(5, 60, 6000)
    fits = []
    for pieces in (False, True):
        small(pieces, sample)
        fits.append(softmax.fit(X, y, ridge=ridge, tol=1e-12))
    whole, summed = fits
    assert [type(found) for found in metrics] == [metric]
    assert passed[0].status[0] == "converged" and evaluation.DIRECT < 4 * 61
    np.testing.assert_allclose(summed.theta, whole.theta, rtol=1e-9, atol=1e-9)


def test_blocks_are_those_of_the_hessian():
    X, y = data(4, 3, 300)
    rng = np.random.default_rng(0)
    theta, weights = rng.standard_normal((4, 4)), rng.uniform(0, 1 / 300, 300)
    order = np.array([2, 0, 3, 1])
    frame = many_rows._Frame(order.argsort(), order, np.zeros(3))
    (blocks,) = many_rows._blocks(many_rows.Some(X, y, weights, None), frame, theta[None, order])
    H = softmax.hessian(theta, X, y, weights).reshape(4, 4, 4, 4)
    np.testing.assert_allclose(blocks, [H[k, :, k] for k in order], rtol=1e-12)


def test_with_many_classes_blocks_take_fewer_steps(small, monkeypatch):
    X, y = data(30, 30, 8000)
    small(True, 6000)
    blocks = softmax.fit(X, y, ridge=1e-3)
    monkeypatch.setattr(many_rows, "_BLOCK", 0)
    even = softmax.fit(X, y, ridge=1e-3)
    np.testing.assert_allclose(blocks.theta, even.theta, atol=1e-6)
    assert blocks.n_iter < 0.5 * even.n_iter


def test_steps_in_blocks_leave_some_of_newtons(small, passed):
    X, y = data(30, 30, 8000)
    small(True, 6000)
    fit = softmax.fit(X, y, ridge=1e-3, max_iter=22)
    assert passed[0].status[0] == "converged" and fit.converged


def test_a_metric_is_a_change_of_coordinates():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((20, 6))
    own = rng.standard_normal((3, 9, 3))
    metrics = (
        Contrasts(np.linalg.cholesky(A.T @ A), 3),
        Even(np.linalg.cholesky(A.T[:3] @ A[:, :3])),
        Blocks.of(np.swapaxes(own, 1, 2) @ own),
    )
    theta, residual = rng.standard_normal((2, 3, 3))
    residual -= residual.mean(axis=0)
    for metric in metrics:
        back = metric.theta(metric.coordinates(theta))
        np.testing.assert_allclose(back - back[0], theta - theta[0], atol=1e-12)
        other = metric.coordinates(theta + 0.5) - metric.coordinates(theta)
        moved = metric.theta(metric.coordinates(theta) + other)
        np.testing.assert_allclose(moved - moved[0], theta - theta[0], atol=1e-12)
        # The slope along coordinates is that along coefficients.
        c = rng.standard_normal(metric.coordinates(theta).size)
        assert metric.slope(residual) @ c == pytest.approx((residual * metric.theta(c)).sum())
        solved = metric.solve(residual[None])[0]
        assert (solved * residual).sum() == pytest.approx((metric.slope(residual) ** 2).sum())


def test_the_sample_proves_existence_or_all_rows_are_taken_at_once(small, passed):
    X, y = data(3)
    X[:, 0] = (y == 1) * (1 + np.arange(y.size) % 7)  # class 1 can be separated
    small(True)
    assert softmax.fit(X, y).status == "no-mle"
    assert passed == [None]
    assert softmax.fit(X, y, ridge=0.1).status == "converged"


def test_a_start_and_a_batch_change_nothing(small):
    X, y = data(3)
    small(True)
    alone = softmax.fit(X, y, ridge=0.1)
    both = softmax.fit(np.stack([X, 2 * X]), y, ridge=0.1)
    np.testing.assert_array_equal(both.theta[0], alone.theta)
    far = softmax.fit(X, y, ridge=0.1, start=np.ones((3, 5)))
    np.testing.assert_allclose(far.theta, alone.theta, atol=1e-10)


def test_spread_ranks_are_capped_by_class():
    ranks = many_rows.spread_ranks(np.array([10, 1000, 3]), 15)
    assert [r.size for r in ranks] == [5, 5, 3]
    np.testing.assert_array_equal(ranks[1], [0, 200, 400, 600, 800])


@pytest.mark.parametrize("K", [3, 40])
def test_sums_of_other_classes_keep_their_digits(K):
    z = np.random.default_rng(0).standard_normal((2, K, 7))
    z[:, 1, ::2] += 50.0
    p = np.exp(softmax.log_probabilities(z, axis=1))
    exact = np.stack([np.delete(p, k, axis=1).sum(axis=1) for k in range(K)], axis=1)
    np.testing.assert_allclose(evaluation._others(p), exact, rtol=1e-12)


def test_nothing_of_the_size_of_the_data_is_made():
    n, d = 200_000, 20
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    X = rng.standard_normal((n, d)) + y[:, None] * 0.3
    tracemalloc.start()
    softmax.fit(X, y, ridge=1.0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Half of it is the sample, which does not grow with the rows.
    assert peak < 3.0 * X.nbytes


@pytest.mark.parametrize(("C", "q", "n"), [(1, 4, 30), (2, 9, 40_000), (3, 7, 500)])
def test_products_by_pairs_of_classes_are_the_curvature(C, q, n):
    rng = np.random.default_rng(C)
    p = rng.dirichlet(np.ones(C + 1), (2, n)).transpose(0, 2, 1)
    own = p[:, 1:].copy(), 1.0 - p[:, 1:], rng.uniform(size=(2, n))
    across = rng.standard_normal((2, q, n))
    by_pairs = curvature.class_pair_curvature(*own, across)
    whole = curvature.log_loss_curvature(*own, across)
    np.testing.assert_allclose(by_pairs, whole, rtol=1e-11, atol=1e-11 * np.abs(whole).max())
    np.testing.assert_array_equal(by_pairs, by_pairs.transpose(0, 3, 4, 1, 2))


def test_the_last_pass_has_no_hessian(small, monkeypatch):
    X, y = data(3)
    small(True)
    curved = []
    own = many_rows._expansion

    def counted(some, frame, theta, more=True):
        curved.append((theta.tobytes(), more))
        return own(some, frame, theta, more)

    monkeypatch.setattr(many_rows, "_expansion", counted)
    fit = softmax.fit(X, y, ridge=0.1, tol=1e-13)
    passes = list(dict.fromkeys(curved))
    assert fit.converged and [more for _, more in passes] == [True] * (len(passes) - 1) + [False]
    assert len({theta for theta, _ in passes}) == len(passes) == fit.n_iter + 1
