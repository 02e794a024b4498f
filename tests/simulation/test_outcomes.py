"""Outcomes of replicates: against other implementations, and with bits that know no batch."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from mlbalance import softmax
from mlbalance.inputs import InputError
from mlbalance.populations import stack, symmetric
from mlbalance.simulation import Coefficients, Fitted, Predictive, Quantity, Ridge, evaluation
from mlbalance.simulation.sources import Test as Rows  # pytest would collect a "Test"

ALL = ("log-loss", "error", "worst-class error", "excess risk", "Brier", "AUC")
CALIBRATION = ("calibration slope", "calibration intercept")


def names_for(K):
    return ALL + (CALIBRATION if K == 2 else ())


def rows(K, d, N, seed):
    """Test rows of every class, in no order, of uneven weights that sum to one."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.r_[np.arange(K), np.arange(K), rng.integers(0, K, N - 2 * K)])
    weights = rng.gamma(2.0, size=N)
    X = rng.normal(size=(N, d)) + 0.8 * (y[:, None] == np.arange(d))
    return Rows(X, y, weights / weights.sum())


def fitted(K, d, tests, R=7, ridge=0.1, seed=0):
    theta = np.random.default_rng(seed).normal(size=(R, K, 1 + d))
    return Fitted(theta, ridge, *(np.empty((R, 0)) for _ in range(3)), tests, lambda: 0.5)


def alone(batch, r):
    tests = batch.tests if len(batch.tests) == 1 else batch.tests[r : r + 1]
    return replace(batch, theta=batch.theta[r : r + 1].copy(), tests=tests)


def of(name, batch):
    return Predictive(name)(batch)[:, 0]


# What the numbers are


@pytest.mark.parametrize("K", [2, 3, 6])
@pytest.mark.parametrize("shared", [True, False])
def test_measures_are_those_of_scikit_learn(K, shared):
    R, d = 5, 3
    tests = tuple(rows(K, d, 60 + 7 * r, r) for r in range(1 if shared else R))
    batch = fitted(K, d, tests, R)
    values = Predictive(*ALL)(batch)
    for r, theta in enumerate(batch.theta):
        X, y, w = tests[0 if shared else r]
        z = softmax.logits(theta, X)
        p = np.exp(softmax.log_probabilities(z))
        guess, one_hot = z.argmax(axis=1), np.eye(K)[y]
        loss = metrics.log_loss(y, p, sample_weight=w)
        rest = [metrics.roc_auc_score(y == k, p[:, k]) for k in range(K)]
        oracle = [
            loss,
            1 - metrics.accuracy_score(y, guess, sample_weight=w),
            1 - metrics.recall_score(y, guess, average=None, sample_weight=w).min(),
            softmax.loss(theta, X, y, w, ridge=0.1) - 0.5,
            w @ ((p - one_hot) ** 2).sum(axis=1),
            np.mean(rest),
        ]
        np.testing.assert_allclose(values[r], oracle, rtol=1e-12, atol=1e-14)


def test_calibration_is_that_of_statsmodels():
    import statsmodels.api as sm

    tests = tuple(rows(2, 2, 300 + r, r) for r in range(3))
    batch = fitted(2, 2, tests, 3)
    for r, (X, y, _) in enumerate(tests):
        even = replace(alone(batch, r), tests=(Rows(X, y, np.full(y.size, 1 / y.size)),))
        lp = np.diff(softmax.logits(batch.theta[r], X))[:, 0]
        family = sm.families.Binomial()
        slope = sm.GLM(y, sm.add_constant(lp), family=family).fit(tol=1e-12).params[1]
        large = sm.GLM(y, np.ones((y.size, 1)), family=family, offset=lp).fit(tol=1e-12).params[0]
        found = Predictive(*CALIBRATION)(even)[0]
        np.testing.assert_allclose(found, [slope, large], rtol=1e-7)


def test_calibration_weighs_the_rows():
    """Integer weights are repeated rows."""
    X, y, _ = rows(2, 2, 80, 1)
    times = np.random.default_rng(2).integers(0, 4, 80)
    again = np.repeat(np.arange(80), times)
    n = again.size
    weighted = fitted(2, 2, (Rows(X, y, times / n),))
    repeated = fitted(2, 2, (Rows(X[again], y[again], np.full(n, 1 / n)),))
    found, expected = (Predictive(*CALIBRATION)(batch) for batch in (weighted, repeated))
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_a_recalibrated_model_is_calibrated():
    """A slope and an intercept put into the coefficients are one and zero thereafter."""
    batch = fitted(2, 2, (rows(2, 2, 200, 3),))
    slope = of("calibration slope", batch)
    scaled = replace(batch, theta=batch.theta * slope[:, None, None])
    np.testing.assert_allclose(of("calibration slope", scaled), 1, rtol=1e-8)
    theta = scaled.theta.copy()
    theta[:, 1, 0] += of("calibration intercept", scaled)
    both = Predictive(*CALIBRATION)(replace(batch, theta=theta))
    np.testing.assert_allclose(both, np.tile([1.0, 0.0], (7, 1)), atol=1e-8)


def test_calibration_that_does_not_exist_is_no_number():
    X, w = np.array([[-2.0], [-1.0], [1.0], [2.0]]), np.full(4, 0.25)
    theta = np.array([[[0.0, 0.0], [0.0, 1.0]], [[0.0, 0.0], [0.3, 0.0]]])
    batch = replace(fitted(2, 1, (Rows(X, np.array([0, 0, 1, 1]), w),), 2), theta=theta)
    values = Predictive(*CALIBRATION)(batch)
    assert np.isnan(values[:, 0]).all()  # separated; constant
    np.testing.assert_allclose(values[:, 1], [0.0, -0.3], atol=1e-9)
    one = replace(batch, tests=(Rows(X, np.zeros(4, dtype=int), w),))
    assert np.isnan(Predictive(*CALIBRATION)(one)).all()


@pytest.mark.parametrize("K", [2, 4])
def test_ties_go_to_the_first_class(K):
    """Whole coefficients and features tie often; equal coefficients always do."""
    rng = np.random.default_rng(4)
    X, y = rng.integers(-1, 2, size=(200, 2)).astype(float), rng.integers(0, K, 200)
    batch = fitted(K, 2, (Rows(X, y, np.full(200, 1 / 200)),), 6)
    batch = replace(batch, theta=rng.integers(-1, 2, size=(6, K, 3)).astype(float))
    batch.theta[0] = 0.0
    values, tied = Predictive("error", "worst-class error", "AUC")(batch), 0
    for theta, found in zip(batch.theta, values, strict=True):
        z = softmax.logits(theta, X)
        wrong = z.argmax(axis=1) != y
        worst = max(wrong[y == k].mean() for k in range(K))
        np.testing.assert_allclose(found[:2], [wrong.mean(), worst], rtol=1e-12)
        tied += int((np.sort(z, axis=1)[:, -1] == np.sort(z, axis=1)[:, -2]).sum())
        if K == 2:
            assert found[2] == pytest.approx(metrics.roc_auc_score(y, z[:, 1] - z[:, 0]), rel=1e-12)
    assert tied > 300
    assert values[0, 0] == pytest.approx((y != 0).mean()) and values[0, 1] == 1
    assert values[0, 2] == 0.5


def test_auc_is_mann_whitney_with_ties():
    rng = np.random.default_rng(5)
    score = rng.integers(0, 5, size=(4, 50)).astype(float)
    score[3] = rng.normal(size=50)
    y = rng.integers(0, 2, size=(4, 50)) == 1
    found = evaluation._mann_whitney(score, y)
    for s, hit, auc in zip(score, y, found, strict=True):
        u = stats.mannwhitneyu(s[hit], s[~hit]).statistic
        assert auc == pytest.approx(u / (hit.sum() * (~hit).sum()), rel=1e-14)


def test_extremes_stay_finite():
    """Logits beyond the range of exp, all right and all wrong."""
    X, y, w = np.array([[1.0], [-1.0]]), np.array([1, 0]), np.array([0.5, 0.5])
    theta = np.array([[[0.0, 0.0], [0.0, slope]] for slope in (2000.0, -2000.0)])
    batch = replace(fitted(2, 1, (Rows(X, y, w),), 2, ridge=0.0), theta=theta)
    found = Predictive("log-loss", "error", "worst-class error", "Brier", "AUC")(batch)
    assert found == pytest.approx(np.array([[0, 0, 0, 0, 1], [2000, 1, 1, 2, 0]]), abs=1e-300)


def test_classes_without_test_rows():
    """The worst is of those that are there; an AUC against none is no number."""
    X, y, w = rows(3, 2, 40, 6)
    kept = y != 2
    batch = fitted(3, 2, (Rows(X[kept], y[kept], w[kept] / w[kept].sum()),))
    assert np.isfinite(of("worst-class error", batch)).all()
    assert (of("worst-class error", batch) >= of("error", batch) - 1e-15).all()
    assert np.isnan(of("AUC", batch)).all()


def test_excess_risk_needs_a_population():
    test = Rows(*stack(symmetric(3, 2, 1.5).sobol(64, np.random.default_rng(7))))
    best = softmax.fit(*test, ridge=0.2)
    least = softmax.loss(best.theta, *test, ridge=0.2)
    batch = replace(fitted(3, 2, (test,), 2, ridge=0.2), best=lambda: float(least))
    shifted = best.theta + np.array([[3.0, -1.0, 2.0]])  # the same probabilities, the same penalty
    batch = replace(batch, theta=np.stack([shifted, best.theta + 0.1 * np.eye(3)]))
    found = of("excess risk", batch)
    assert abs(found[0]) < 1e-12 and found[1] > 1e-4
    assert np.isnan(of("excess risk", replace(batch, best=None))).all()

    def never():
        raise AssertionError

    of("log-loss", replace(batch, best=never))


# What must not matter


@pytest.mark.parametrize(("K", "d"), [(2, 1), (2, 4), (3, 1), (6, 5), (9, 2), (12, 1)])
@pytest.mark.parametrize("N", [30, 301, 4096])
@pytest.mark.parametrize("shared", [True, False])
def test_one_replicate_has_the_bits_it_has_in_a_batch(K, d, N, shared):
    tests = tuple(rows(K, d, N, r) for r in range(1 if shared else 7))
    batch = fitted(K, d, tests)
    predictive = Predictive(*names_for(K))
    whole = predictive(batch)
    assert whole.shape == (7, len(names_for(K))) and np.isfinite(whole[:, :6]).all()
    for r in range(7):
        assert predictive(alone(batch, r)).tobytes() == whole[r : r + 1].tobytes()


@pytest.mark.parametrize("size", [1, 200, 10**7])
@pytest.mark.parametrize("shared", [True, False])
def test_the_size_of_a_block_does_not_matter(monkeypatch, size, shared):
    tests = tuple(rows(3, 2, 50 + r % 2, r) for r in range(1 if shared else 7))
    batch = fitted(3, 2, tests)
    whole = Predictive(*ALL)(batch)
    monkeypatch.setattr(evaluation, "_BLOCK_FLOATS", size)
    assert Predictive(*ALL)(batch).tobytes() == whole.tobytes()


def test_sharing_rows_or_having_the_same_does_not_matter():
    test = rows(3, 2, 100, 8)
    shared, own = fitted(3, 2, (test,)), fitted(3, 2, (test,) * 7)
    assert Predictive(*ALL)(shared).tobytes() == Predictive(*ALL)(own).tobytes()


def test_other_measures_and_the_layout_do_not_matter():
    batch = fitted(2, 3, (rows(2, 3, 90, 9),))
    names = names_for(2)
    whole = Predictive(*names)(batch)
    theta = np.asfortranarray(batch.theta)
    assert Predictive(*names)(replace(batch, theta=theta)).tobytes() == whole.tobytes()
    turned = Predictive(*names[::-1])(batch)[:, ::-1]
    assert turned.tobytes() == whole.tobytes()
    for j, name in enumerate(names):
        assert of(name, batch).tobytes() == whole[:, j].tobytes()


@pytest.mark.parametrize(("K", "d", "shared"), [(2, 1, True), (2, 20, False), (6, 5, True)])
def test_a_batch_of_any_size_takes_less_than_16_mib(K, d, shared):
    test = rows(K, d, 4096, 0)
    batch = fitted(K, d, (test,) * (1 if shared else 300), 300)
    tracemalloc.start()
    Predictive(*ALL)(batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


def test_nothing_given_is_changed():
    batch = fitted(3, 2, (rows(3, 2, 50, 10),))
    before = [array.copy() for array in (batch.theta, *batch.tests[0])]
    Predictive(*ALL)(batch)
    assert all(map(np.array_equal, before, (batch.theta, *batch.tests[0])))


# Names


def test_columns_are_the_names_asked_for():
    assert Predictive("AUC", "log-loss").columns == ("AUC", "log-loss")
    assert Predictive("error") == Predictive("error") != Predictive("AUC")


@pytest.mark.parametrize("names", [("accuracy",), ("error", "accuracy"), ()])
def test_an_unknown_name_is_refused(names):
    with pytest.raises(InputError, match="known are log-loss, error, worst-class error, excess"):
        Predictive(*names)


@pytest.mark.parametrize("name", CALIBRATION)
def test_calibration_of_more_than_two_classes_is_refused(name):
    message = f"The {name} is that of two classes; there are 3. Leave it out"
    with pytest.raises(InputError, match=message):
        Predictive("error", name)(fitted(3, 2, (rows(3, 2, 50, 11),)))
    with pytest.raises(InputError, match=message):
        Predictive(name).check(3)
    Predictive(name).check(2)
    Predictive("AUC").check(3)


# Estimates


def test_estimates_are_inner_products_and_know_no_common_shift():
    first, second = np.zeros((3, 3)), np.zeros((3, 3))
    first[[1, 0], 1] = 1.0, -1.0
    second[:] = np.array([1.0, 0.5, -1.5])[:, None]
    outcome = Coefficients((("slope", first), ("second", second.tolist())))
    assert outcome.columns == (Quantity("slope", "estimate"), Quantity("second", "estimate"))
    batch = fitted(3, 2, ())
    found = outcome(batch)
    theta = batch.theta
    np.testing.assert_array_equal(found[:, 0], theta[:, 1, 1] - theta[:, 0, 1])
    np.testing.assert_allclose(found[:, 1], (theta * second).sum(axis=(1, 2)), rtol=1e-13)
    shifted = replace(batch, theta=theta + np.array([5.0, -2.0, 1.0]))
    np.testing.assert_allclose(outcome(shifted), found, rtol=1e-12, atol=1e-12)
    for r in range(7):
        assert outcome(alone(replace(batch, tests=(None,)), r)).tobytes() == found[r].tobytes()
    first[:] = np.nan  # what was given may change, the outcome does not
    np.testing.assert_array_equal(outcome(batch), found)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[1.0, 0.0], [0.0, 0.0]], "must sum to zero over the classes in every column"),
        ([[1.0, np.nan], [-1.0, 0.0]], "must be finite numbers"),
        ([1.0, -1.0], r"must be finite numbers \(K, 1 \+ d\), not all zero; it has shape \(2,\)"),
        (np.zeros((2, 2)), "not all zero"),
        ("slope", r"must be numbers \(K, 1 \+ d\)"),
    ],
)
def test_a_functional_that_means_nothing_is_refused(given, message):
    with pytest.raises(InputError, match=f"Functional 'a' .*{message}"):
        Coefficients((("a", given),))


def test_functionals_of_other_shapes_are_refused():
    contrast = np.array([[1.0, 0.0], [-1.0, 0.0]])
    with pytest.raises(InputError, match="need a functional"):
        Coefficients(())
    with pytest.raises(InputError, match="need one shape"):
        Coefficients((("a", contrast), ("b", contrast[:, :1])))
    with pytest.raises(InputError, match=r"have shape \(2, 2\); the coefficients .* \(3, 3\)"):
        Coefficients((("a", contrast),))(fitted(3, 2, ()))


def test_chosen_ridges_are_recorded_in_decades():
    theta = np.zeros((3, 2, 2))
    given = Fitted(theta, 0.1, *(np.empty((3, 0)) for _ in range(3)), (), None)
    np.testing.assert_allclose(Ridge()(given), [[-1.0]] * 3)
    chosen = np.array([1.0, 0.0, 100.0])
    found = Ridge()(replace(given, ridge=0.0, chosen=chosen))
    np.testing.assert_array_equal(found, [[0.0], [np.nan], [2.0]])
    assert chosen[1] == 0 and Ridge().columns == ("log10 ridge",)
