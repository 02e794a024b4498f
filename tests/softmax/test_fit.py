"""The fit is the minimiser, by optimality, by other solvers, and by what leaves it alone."""

import mpmath
import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LogisticRegression

from mlbalance import softmax
from mlbalance.inputs import DataError
from mlbalance.softmax import fit, logits, loss, score

SIX = (23, 5, 44, 14, 19, 31)
RIDGES = [0.0, 0.05, "class-wise"]


def sample(seed=0, counts=(30, 12, 20), d=2, spread=0.7):
    """Overlapping Gaussian classes, so that the unpenalised fit exists."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    X = rng.normal(size=(y.size, d)) + spread * rng.normal(size=(len(counts), d))[y]
    return X, y, rng


def ridge_for(name, K):
    return np.linspace(0.02, 0.3, K) if name == "class-wise" else name


def relative_score(found, X, y, weights=None, **objective):
    """Largest component of the score relative to the sum of its absolute terms."""
    weights = np.ones(len(y)) if weights is None else weights
    g = score(found.theta, X, y, weights, **objective)
    rows = softmax.row_scores(found.theta, X, y, offset=objective.get("offset"))
    return np.abs(g / (weights[:, None, None] * np.abs(rows)).sum(axis=0)).max()


def assert_same_fit(found, other, tolerance=1e-8):
    np.testing.assert_allclose(found.theta, other.theta, rtol=tolerance, atol=tolerance)


# --- optimality ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ridge", RIDGES)
@pytest.mark.parametrize("counts", [(30, 12), (30, 12, 20), SIX])
def test_the_score_is_zero_and_no_other_point_is_lower(counts, ridge):
    X, y, rng = sample(1, counts)
    weights, offset = rng.exponential(size=y.size), rng.normal(size=(y.size, len(counts)))
    objective = {"offset": offset, "ridge": ridge_for(ridge, len(counts))}
    found = fit(X, y, weights, **objective)
    assert found.status == "converged" and found.converged
    assert relative_score(found, X, y, weights, **objective) < 1e-9
    assert found.grad_norm < 1e-10
    lowest = loss(found.theta, X, y, weights, **objective)
    steps = rng.normal(size=(50, *found.theta.shape)) * np.logspace(-3, 1, 50)[:, None, None]
    assert (loss(found.theta + steps, X, y, weights, **objective) > lowest).all()


def test_coefficients_are_symmetric_and_shaped_by_class_and_feature():
    X, y, _ = sample(2, SIX, d=3)
    found = fit(X, y)
    assert found.coef.shape == (6, 3) and found.intercept.shape == (6,)
    np.testing.assert_allclose(found.coef.sum(axis=0), 0, atol=1e-14)
    assert found.intercept.sum() == pytest.approx(0, abs=1e-14)
    assert isinstance(found.status, str) and found.n_iter > 0


def test_without_features_the_intercepts_are_log_shares():
    y, weights = np.array([0, 0, 0, 1, 1, 2]), np.array([1.0, 1, 1, 2, 2, 5])
    found = fit(np.zeros((6, 0)), y, weights)
    shares = np.log([3.0, 4.0, 5.0])
    np.testing.assert_allclose(found.intercept, shares - shares.mean(), rtol=1e-9)
    assert found.coef.shape == (3, 0)


# --- what weights mean ---------------------------------------------------------------------------


@pytest.mark.parametrize("ridge", RIDGES)
def test_integer_weights_are_duplicated_rows(ridge):
    X, y, rng = sample(3)
    times = rng.integers(0, 4, size=y.size)
    fractions = rng.exponential(size=y.size)
    offset = rng.normal(size=(y.size, 3))
    ridge = ridge_for(ridge, 3)
    weighted = fit(X, y, times * fractions, offset=offset, ridge=ridge)
    again = np.repeat(np.arange(y.size), times)
    repeated = fit(X[again], y[again], fractions[again], offset=offset[again], ridge=ridge)
    assert weighted.converged
    assert_same_fit(weighted, repeated, 1e-9)


@pytest.mark.parametrize("ridge", RIDGES)
@pytest.mark.parametrize("scale", [1e-300, 1e-6, 3.0, 1e9, 1e300])
def test_a_factor_on_weights_and_ridge_changes_nothing(scale, ridge):
    X, y, rng = sample(4)
    weights, ridge = rng.exponential(size=y.size), np.asarray(ridge_for(ridge, 3))
    scaled = fit(X, y, scale * weights, ridge=scale * ridge)
    assert_same_fit(scaled, fit(X, y, weights, ridge=ridge), 1e-9)


def test_rows_of_weight_zero_do_not_matter_whatever_they_hold():
    X, y, _ = sample(5)
    weights = np.ones(y.size)
    weights[[3, 7]] = 0
    offset = np.zeros((y.size, 3))
    X[3], offset[7] = 1e12, [1e200, 0, -1e200]
    kept = weights > 0
    assert_same_fit(fit(X, y, weights, offset=offset), fit(X[kept], y[kept]), 1e-9)


@pytest.mark.parametrize("ridge", RIDGES)
def test_permuted_classes_have_permuted_coefficients(ridge):
    X, y, rng = sample(6)
    order, ridge = np.array([2, 0, 1]), np.asarray(ridge_for(ridge, 3))
    weights, offset = rng.exponential(size=y.size), rng.normal(size=(y.size, 3))
    moved = fit(
        X,
        np.argsort(order)[y],
        weights,
        offset=offset[:, order],
        ridge=ridge[order] if ridge.ndim else ridge,
    )
    original = fit(X, y, weights, offset=offset, ridge=ridge)
    np.testing.assert_allclose(moved.theta, original.theta[order], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rare", [1e-3, 1e-6, 1e-9, 1e-12])
def test_the_label_of_a_rare_class_does_not_matter(rare):
    X, y, _ = sample(7)
    weights = np.where(y == 0, rare, 1.0)
    for order in ([1, 0, 2], [2, 1, 0]):
        moved = fit(X, np.array(order)[y], weights)
        np.testing.assert_allclose(moved.theta[order], fit(X, y, weights).theta, rtol=1e-9)
        # Relative to the rare class the others are nearly one, and steps lose their digits.
        assert moved.n_iter < 40


# --- other solvers -------------------------------------------------------------------------------


@pytest.mark.parametrize("counts", [(30, 12), (30, 12, 20), SIX])
@pytest.mark.parametrize("ridge", [1e-3, 0.05, 2.0])
def test_scikit_learn_agrees(counts, ridge):
    """C is 1 / (ridge S) for weights of sum S, twice that for the one vector of two classes."""
    X, y, rng = sample(8, counts)
    weights = rng.exponential(size=y.size)
    K, total = len(counts), weights.sum()
    theirs = LogisticRegression(
        C=(2 if K == 2 else 1) / (ridge * total), solver="newton-cg", tol=1e-12, max_iter=1000
    ).fit(X, y, sample_weight=weights)
    coef, intercept = theirs.coef_, theirs.intercept_
    if K == 2:
        coef, intercept = np.vstack([-coef, coef]) / 2, np.append(-intercept, intercept) / 2
    ours = fit(X, y, weights / total, ridge=ridge)
    np.testing.assert_allclose(ours.coef, coef, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.intercept, intercept - intercept.mean(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("counts", [(30, 12, 20), SIX])
def test_statsmodels_multinomial_logit_agrees(counts):
    """Without a ridge, integer weights as duplicated rows; theirs are contrasts to class 0."""
    X, y, rng = sample(9, counts)
    times = rng.integers(1, 4, size=y.size)
    again = np.repeat(np.arange(y.size), times)
    theirs = sm.MNLogit(y[again], sm.add_constant(X[again])).fit(
        method="newton", tol=1e-14, maxiter=200, disp=False
    )
    contrasts = np.vstack([np.zeros(1 + X.shape[1]), theirs.params.T])
    symmetric = contrasts - contrasts.mean(axis=0)
    np.testing.assert_allclose(fit(X, y, times).theta, symmetric, rtol=1e-8, atol=1e-8)


def test_statsmodels_binomial_regression_agrees_on_weights_and_offset():
    X, y, rng = sample(10, (30, 20))
    weights, shift = rng.exponential(size=y.size), rng.normal(size=y.size)
    theirs = sm.GLM(
        y, sm.add_constant(X), family=sm.families.Binomial(), freq_weights=weights, offset=shift
    ).fit(tol=1e-14, tol_criterion="params")
    ours = fit(X, y, weights, offset=np.column_stack([np.zeros(y.size), shift]))
    np.testing.assert_allclose(2 * ours.theta[1], theirs.params, rtol=1e-8, atol=1e-8)


def exact_fit(found, X, y, weights, offset=None):
    """Root of the score at forty digits, from the fit on; it is unique, so the start is free."""
    offset = np.zeros((len(y), len(found.theta))) if offset is None else offset
    K, q = found.theta.shape
    rows = list(zip(X.tolist(), y.tolist(), weights.tolist(), offset.tolist(), strict=True))

    def equations(*contrasts):
        g = [mpmath.mpf(0)] * len(contrasts)
        for x, own, weight, shift in rows:
            x = [1, *x]
            z = [mpmath.mpf(shift[0])] + [
                mpmath.fdot(contrasts[q * k : q * k + q], x) + shift[k + 1] for k in range(K - 1)
            ]
            p = [mpmath.exp(value - max(z)) for value in z]
            total = mpmath.fsum(p)
            for k in range(1, K):
                residual = weight * (p[k] / total - (own == k))
                for j in range(q):
                    g[q * (k - 1) + j] += residual * x[j]
        return g

    with mpmath.workdps(60):
        start = (found.theta[1:] - found.theta[0]).ravel().tolist()
        root = mpmath.findroot(equations, start, tol=mpmath.mpf(10) ** -80, maxsteps=30)
        contrasts = np.array(list(root), dtype=float).reshape(K - 1, q)
    theta = np.vstack([np.zeros(q), contrasts])
    return theta - theta.mean(axis=0)


@pytest.mark.parametrize("weigh", ["rows", "classes"])
def test_weights_over_twelve_orders_of_magnitude_give_the_exact_fit(weigh):
    X, y, rng = sample(11, (10, 8, 8))
    weights = 10.0 ** rng.uniform(-12, 0, size=y.size)
    if weigh == "classes":
        weights = (10.0 ** np.array([-12, 0, -6]))[y]
    found = fit(X, y, weights)
    assert found.converged
    exact = exact_fit(found, X, y, weights)
    np.testing.assert_allclose(found.theta, exact, rtol=1e-8, atol=1e-8)


def test_offsets_of_five_hundred_give_the_exact_fit():
    X, y, rng = sample(12, (10, 8, 8))
    offset = rng.uniform(-500, 500, size=(y.size, 3))
    found = fit(X, y, offset=offset)
    assert found.converged
    exact = exact_fit(found, X, y, np.ones(y.size), offset)
    np.testing.assert_allclose(found.theta, exact, rtol=1e-8)


# --- offsets -------------------------------------------------------------------------------------


def test_a_known_shift_given_as_offset_is_taken_off():
    X, y, rng = sample(13)
    shift = rng.normal(size=(3, 3))
    shift -= shift.mean(axis=0)
    shifted = fit(X, y, offset=logits(shift, X))
    np.testing.assert_allclose(shifted.theta, fit(X, y).theta - shift, rtol=1e-9, atol=1e-9)


def test_an_offset_a_class_is_the_same_for_every_row():
    X, y, _ = sample(14)
    offset = np.array([1.0, -2.0, 30.0])
    by_class = fit(X, y, offset=offset, ridge=0.1)
    by_row = fit(X, y, offset=np.tile(offset, (y.size, 1)), ridge=0.1)
    np.testing.assert_array_equal(by_class.theta, by_row.theta)
    plain = fit(X, y, ridge=0.1)
    np.testing.assert_allclose(by_class.coef, plain.coef, rtol=1e-8, atol=1e-9)


def test_an_offset_common_to_all_classes_changes_nothing():
    X, y, rng = sample(15)
    assert_same_fit(fit(X, y, offset=100 * rng.normal(size=(y.size, 1)) + np.zeros(3)), fit(X, y))


# --- features ------------------------------------------------------------------------------------


def test_other_units_and_axes_leave_the_probabilities():
    X, y, rng = sample(16, d=3)
    other = X @ (rng.normal(size=(3, 3)) * [1e-6, 1.0, 1e6]) + [1e3, -5.0, 1e8]
    original, moved = fit(X, y), fit(other, y)
    p = softmax.log_probabilities(logits(original.theta, X))
    np.testing.assert_allclose(
        softmax.log_probabilities(logits(moved.theta, other)), p, rtol=1e-6, atol=1e-6
    )


def test_nearly_collinear_columns_reach_the_likelihood_of_what_is_left_of_them():
    """What the third column adds to the others is 2**-20 of their size, exact in binary."""
    X, y, rng = sample(23)
    X = np.round(np.column_stack([X, rng.normal(size=y.size)]) * 2**10) / 2**10
    near = np.column_stack([X[:, :2], X[:, 0] + X[:, 1] + 2.0**-20 * X[:, 2]])
    found, plain = fit(near, y), fit(X, y)
    assert found.converged and relative_score(found, near, y) < 1e-9
    lowest = loss(plain.theta, X, y)
    assert loss(found.theta, near, y) == pytest.approx(lowest, rel=1e-9)
    without = fit(X[:, :2], y)
    assert loss(without.theta, X[:, :2], y) > lowest * (1 + 1e-4)


@pytest.mark.parametrize("scale", [1e-100, 1e-9, 1e9, 1e100])
def test_coefficients_are_per_unit_of_the_feature(scale):
    X, y, _ = sample(17)
    np.testing.assert_allclose(fit(scale * X, y).coef * scale, fit(X, y).coef, rtol=1e-9)


@pytest.mark.parametrize("ridge", RIDGES)
def test_features_far_from_zero_lose_nothing(ridge):
    X, y, _ = sample(18)
    X = np.round(X * 2**20) / 2**20  # so that adding 2**20 is exact
    ridge = ridge_for(ridge, 3)
    far = fit(X + 2.0**20, y, ridge=ridge)
    assert far.converged
    np.testing.assert_allclose(far.coef, fit(X, y, ridge=ridge).coef, rtol=1e-8, atol=1e-9)


def test_fewer_rows_than_features_need_a_ridge():
    rng = np.random.default_rng(19)
    X, y = rng.normal(size=(8, 20)), np.arange(8) % 3
    assert fit(X, y).status == "no-mle"
    found = fit(X, y, ridge=0.01)
    assert found.converged and relative_score(found, X, y, ridge=0.01) < 1e-8
    row_space = np.linalg.svd(X, full_matrices=False)[2]
    np.testing.assert_allclose(found.coef @ row_space.T @ row_space, found.coef, atol=1e-8)


def test_a_class_of_one_row_has_a_fit_inside_the_others():
    X = np.array([[-2.0], [-1], [0], [1], [2], [3], [0.5]])
    y = np.array([0, 1, 0, 1, 0, 1, 2])
    found = fit(X, y)
    assert found.converged and relative_score(found, X, y) < 1e-9
    assert fit(X, np.where(y == 2, 0, y), n_classes=2).converged


# --- status --------------------------------------------------------------------------------------


def collinear(X):
    return np.column_stack([X, X @ [1.0, 2.0]])


def statuses():
    X, y, _ = sample(20)
    constant = np.column_stack([X, np.full(y.size, 0.1)])
    apart = X + 100.0 * y[:, None]
    thinned = 1.0 * (np.arange(y.size) % 5 > 0)
    return {
        "overlapping": (X, y, {}, "converged"),
        "separated": (apart, y, {}, "no-mle"),
        "one class separated": (X + 100.0 * (y == 1)[:, None], y, {}, "no-mle"),
        "separated, in offsets of 500": (apart, y, {"offset": [500.0, 0, -500]}, "no-mle"),
        "separated, ridge": (apart, y, {"ridge": 1e-6}, "converged"),
        "quasi-separated": ([[0.0], [1], [1], [2]], [0, 0, 1, 1], {}, "no-mle"),
        "absent class": (X, y, {"n_classes": 4}, "no-mle"),
        "absent class, ridge": (X, y, {"n_classes": 4, "ridge": 1.0}, "no-mle"),
        "class without weight": (X, y, {"weights": 1.0 * (y > 0), "ridge": 1.0}, "no-mle"),
        "constant column": (constant, y, {}, "not-identified"),
        "constant column, ridge": (constant, y, {"ridge": 0.1}, "converged"),
        "constant among weighted rows": (
            np.column_stack([X, thinned]),
            y,
            {"weights": thinned},
            "not-identified",
        ),
        "collinear columns": (collinear(X), y, {}, "not-identified"),
        "collinear columns far from zero": (collinear(X + 1e6), y, {}, "not-identified"),
        "collinear columns, ridge": (collinear(X), y, {"ridge": 0.1}, "converged"),
        "too few steps": (X, y, {"max_iter": 1}, "max-iter"),
        "too few steps, ridge": (X, y, {"max_iter": 1, "ridge": 0.1}, "max-iter"),
    }


@pytest.mark.parametrize("case", statuses())
def test_a_fit_says_how_it_ended_and_is_no_number_unless_it_converged(case):
    X, y, given, status = statuses()[case]
    found = fit(X, y, **given)
    assert found.status == status and found.status in softmax.STATUS
    assert found.converged == (status == "converged")
    for part in (found.coef, found.intercept, found.theta):
        assert np.isfinite(part).all() if status == "converged" else np.isnan(part).all()


@pytest.mark.parametrize("ridge", [1e-3, 1e-6, 1e-9, 1e-12])
def test_a_ridge_however_small_gives_separated_classes_a_fit(ridge):
    X, y, _ = sample(21)
    X[:, 0] += 100 * y
    found = fit(X, y, ridge=ridge)
    assert found.converged
    weighed = relative_score(found, X, y, ridge=ridge)
    assert weighed < 1e-9
    assert np.abs(found.coef).max() == np.abs(found.coef[:, 0]).max()


# --- batches -------------------------------------------------------------------------------------


def batch(R=4, B=5, n=41, d=2, K=3):
    """R data sets by B weight vectors with zeros: converged, separated and absent classes."""
    rng = np.random.default_rng(22)
    y = np.stack([rng.permutation(np.arange(n) % K) for _ in range(R)])
    X = rng.normal(size=(R, n, d))
    X[1, :, 0] += 50 * y[1]
    weights = rng.exponential(size=(R, B, n)) * (
        rng.random((R, B, n)) < rng.uniform(0.3, 1, (R, B, 1))
    )
    weights[2, 3] *= y[2] != 1
    weights[3, 0, :] = 1.0
    return X, y, weights, rng.normal(size=(R, 1, n, K))


def parts(found):
    return found.theta, found.status, found.n_iter, found.grad_norm


@pytest.mark.parametrize("ridge", RIDGES)
@pytest.mark.parametrize("K", [2, 3])
def test_a_batch_is_its_loop_bit_for_bit(K, ridge):
    X, y, weights, offset = batch(K=K)
    ridge = ridge_for(ridge, K)
    found = fit(X[:, None], y[:, None], weights, offset=offset, ridge=ridge)
    assert found.coef.shape == (4, 5, K, 2) and found.status.shape == (4, 5)
    assert {"converged", "no-mle"} == set(found.status.ravel())
    for r, b in np.ndindex(4, 5):
        alone = fit(X[r], y[r], weights[r, b], offset=offset[r, 0], ridge=ridge)
        for there, here in zip(parts(found), parts(alone), strict=True):
            np.testing.assert_array_equal(there[r, b], here)


def test_the_order_and_size_of_a_batch_do_not_matter(monkeypatch):
    X, y, weights, offset = batch()
    whole = fit(X[:, None], y[:, None], weights, offset=offset)
    order = np.array([2, 0, 3])
    some = fit(X[order][:, None], y[order][:, None], weights[order][:, ::-1], offset=offset[order])
    for there, here in zip(parts(whole), parts(some), strict=True):
        np.testing.assert_array_equal(there[order][:, ::-1], here)
    monkeypatch.setattr(softmax.batch, "_BLOCK_FLOATS", 1000)
    for there, here in zip(
        parts(whole), parts(fit(X[:, None], y[:, None], weights, offset=offset)), strict=True
    ):
        np.testing.assert_array_equal(there, here)


def test_leading_axes_broadcast_as_in_numpy():
    X, y, weights, offset = batch()
    found = fit(X[0], y[0], weights[0], offset=offset[:, 0][:, None])
    assert found.status.shape == (4, 5) and found.theta.shape == (4, 5, 3, 3)
    for r, b in [(0, 0), (3, 4)]:
        alone = fit(X[0], y[0], weights[0, b], offset=offset[r, 0])
        np.testing.assert_array_equal(found.theta[r, b], alone.theta)
    labels = fit(X[0], y[:, None], weights[0, 0])
    np.testing.assert_array_equal(
        labels.theta[2, 0], fit(X[0], y[2], weights[0, 0], n_classes=3).theta
    )


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.full((62, 2), np.nan)}, r"must be finite; they hold NaN or infinity\. Impute"),
        ({"y": np.zeros(62, int)}, "one class only; a softmax needs at least two"),
        ({"y": np.arange(61) % 3}, "same number of rows; they have 62, 61 and 61"),
        ({"n_classes": 2}, r"must lie in 0\.\.1; they span 0\.\.2\. Encode .* or give n_classes"),
        ({"weights": np.zeros(62)}, "must not all be zero; give at least one row a positive"),
        ({"weights": np.full(62, -1.0)}, "finite and not negative; drop a row by weight zero"),
        ({"offset": np.zeros((62, 2))}, r"needs numbers of shape \(3,\) or \(\.\.\., 62, 3\)"),
        ({"offset": [0, np.nan, 0]}, "offset must be finite"),
        ({"ridge": -0.1}, r"finite and not negative; it is -0\.1"),
        ({"ridge": [0.1, 0, 0.1]}, r"all zero or all positive; they are \[0\.1, 0, 0\.1\]"),
        (
            {"X": np.zeros((2, 62, 2)), "weights": np.ones((3, 62))},
            r"must broadcast; they are \(2,\), \(\), \(3,\), \(\), \(\)\.$",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused(change, message):
    X, y, _ = sample()
    with pytest.raises(DataError, match=message):
        fit(**({"X": X, "y": y} | change))


@pytest.mark.parametrize(
    ("control", "message"),
    [
        ({"tol": -1}, "tol must be a number above zero and below one; it is -1"),
        ({"tol": 0.0}, "it is 0.0"),
        ({"tol": np.nan}, "it is nan"),
        ({"tol": 1.0}, "it is 1.0"),
        ({"tol": "small"}, "it is 'small'"),
        ({"max_iter": 0}, "max_iter must be a whole number of one or more; it is 0"),
        ({"max_iter": -5}, "it is -5"),
        ({"max_iter": 2.5}, "it is 2.5"),
    ],
)
def test_a_control_that_no_fit_can_keep_is_refused(control, message):
    X, y, _ = sample()
    with pytest.raises(DataError, match=message):
        fit(X, y, **control)
    with pytest.raises(DataError, match=message):
        softmax.path(X, y, ridges=[0.1], **control)


def test_a_label_that_is_no_class_number_is_refused_before_memory_is_asked_for():
    X, y, _ = sample()
    y[0] = 10**6
    with pytest.raises(DataError, match=r"among 62 rows would make 1000001 classes\. Encode"):
        fit(X, y)
    assert fit(X, np.where(y > 2, 999, y)).status == "no-mle"


def test_a_draw_without_any_weight_is_one_failed_fit_of_the_batch():
    rng = np.random.default_rng(5)
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 3
    weights = np.stack([np.ones(30), np.zeros(30)])
    found = fit(X, y, weights, ridge=0.1)
    assert found.status.tolist() == ["converged", "no-mle"]
    assert np.isnan(found.theta[1]).all()
    assert np.array_equal(found.theta[0], fit(X, y, weights[0], ridge=0.1).theta)


def test_one_row_with_nearly_all_the_loss_forbids_no_step():
    """An intercept alone, and offsets that saturate every row of the rare class."""
    lp = np.array([-41.8, -37.7, -28.0, 40.0, 60.0, 75.0, 80.0, -53.7])
    y = np.array([1, 1, 1, 1, 1, 1, 1, 0])
    w = np.array([0.01, 0.02, 0.02, 0.3, 0.2, 0.2, 0.2, 0.05])
    offset = np.stack([-lp / 2, lp / 2], axis=-1)
    found = softmax.fit(np.empty((8, 0)), y, w, offset=offset)
    assert found.status == "converged"
    p = np.exp(softmax.log_probabilities(offset + found.intercept))
    assert w @ p[:, 1] == pytest.approx(w @ y, abs=1e-9)
