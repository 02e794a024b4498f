"""Other losses: optimality, limits, links, statuses, batches and refusals."""

import numpy as np
import pytest

from mlbalance import softmax
from mlbalance.inputs import CountsError, DataError, InputError
from mlbalance.losses import LDAM, Focal, VectorScaling
from mlbalance.populations import symmetric

COUNTS = {2: (60, 15), 3: (60, 20, 10)}
LOSSES = (
    Focal(),
    Focal(0.5),
    Focal(5.0),
    LDAM(),
    LDAM(0.8, 3.0),
    VectorScaling(),
    VectorScaling(1.0, 0.5),
    VectorScaling(0.0),
)

every_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.id)


def data(K=3, d=3, seed=0):
    return symmetric(K, max(d, K - 1), 1.5).sample(COUNTS[K], np.random.default_rng(seed))


def balanced(y):
    return (1 / np.bincount(y) / (y.max() + 1))[y]


def row_losses(loss, z, y, counts):
    """Losses of rows as their papers write them, by complex logits too; z (n, K)."""
    own = np.arange(len(z)), y
    if isinstance(loss, LDAM):
        counts = np.asarray(counts, dtype=float)
        margin = loss.largest * (counts.min() / counts) ** 0.25
        u = loss.scale * (z - margin * np.eye(len(counts))[y])
    elif isinstance(loss, VectorScaling):
        shares = np.asarray(counts, dtype=float) / sum(counts)
        u = (shares / shares.max()) ** loss.gamma * z + loss.tau * np.log(shares)
    else:
        u = z
    p = np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
    gamma = loss.gamma if isinstance(loss, Focal) else 0.0
    return -((1 - p[own]) ** gamma) * np.log(p[own])


def gradient(function, at, h=1e-20):
    """By complex steps, exact to rounding."""
    steps = 1j * h * np.eye(at.size).reshape(at.size, *at.shape)
    return np.array([function(at + step).imag / h for step in steps]).reshape(at.shape)


@every_loss
@pytest.mark.parametrize("K", [2, 3])
@pytest.mark.parametrize("ridge", [0.0, 0.02])
def test_the_score_of_the_written_loss_is_zero(loss, K, ridge):
    X, y = data(K)
    w, counts = balanced(y), np.bincount(y)
    fit = loss.fit(X, y, w, ridge=ridge)
    assert fit.status == "converged"
    np.testing.assert_allclose(fit.theta.sum(axis=0), 0, atol=1e-12)
    theta = fit.theta
    if isinstance(loss, VectorScaling):  # whose smallest norm is not that of a sum of zero
        delta = loss.terms(counts)[0][:, None]
        theta = theta - (theta / delta).sum(axis=0) / (1 / delta).sum()

    def objective(theta):
        z = theta[:, 0] + X @ theta[:, 1:].T
        return w @ row_losses(loss, z, y, counts) + ridge / 2 * (theta[:, 1:] ** 2).sum()

    np.testing.assert_allclose(gradient(objective, theta), 0, atol=1e-9)


@every_loss
@pytest.mark.parametrize("K", [2, 3])
def test_the_inverse_link_has_these_logits_at_its_least_risk(loss, K):
    """The risk at one point, of classes with these probabilities, has a gradient of zero."""
    counts, rng = COUNTS[K], np.random.default_rng(1)
    for z in rng.normal(scale=2, size=(20, K)):
        if isinstance(loss, VectorScaling):
            delta = loss.terms(counts)[0]
            z = z - (z / delta).sum() / (1 / delta).sum()
        p = np.exp(loss.log_probabilities(z, counts))
        assert p.sum() == pytest.approx(1)

        def risk(z, p=p):
            return p @ row_losses(loss, np.tile(z, (K, 1)), np.arange(K), counts)

        np.testing.assert_allclose(gradient(risk, z), 0, atol=1e-14)
    # A shift common to all logits is nothing, and far logits are numbers.
    np.testing.assert_allclose(
        loss.log_probabilities(z + 3, counts), loss.log_probabilities(z, counts), atol=1e-12
    )
    far = loss.log_probabilities(np.r_[4e3, np.zeros(K - 1)], counts)
    assert np.isfinite(far).all() and far[0] == 0


@pytest.mark.parametrize("K", [2, 3])
def test_without_their_parameters_they_are_the_softmax(K):
    X, y = data(K)
    plain = softmax.fit(X, y, ridge=0.5).theta
    np.testing.assert_allclose(Focal(0).fit(X, y, ridge=0.5).theta, plain, atol=1e-12)
    near = Focal(1e-7).fit(X, y, ridge=0.5).theta
    np.testing.assert_allclose(near, plain, atol=1e-6)
    tiny = LDAM(1e-9).fit(X, y, ridge=0.5).theta
    np.testing.assert_allclose(tiny, plain, atol=1e-8)
    np.testing.assert_allclose(VectorScaling(0, 0).fit(X, y, ridge=0.5).theta, plain, atol=1e-12)


def test_logit_adjustment_is_the_prior_correction():
    from mlbalance.methods import method
    from mlbalance.schemes import Unweighted

    X, y = data()
    weights = Unweighted().draw(y, np.random.default_rng(0))
    moved = method("unweighted+prior", 0.01).fit(X[None], y, weights[None]).theta[0]
    own = VectorScaling(0).fit(X, y, weights[0], ridge=0.01).theta
    np.testing.assert_allclose(own, moved, atol=1e-10)


def test_vector_scaling_of_two_classes_decides_as_logit_adjustment():
    X, y = data(2)
    scaled, adjusted = (VectorScaling(g).fit(X, y).theta for g in (0.7, 0.0))
    ratio = np.diff(scaled, axis=0) / np.diff(adjusted, axis=0)
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-8)
    assert ratio[0, 0] > 1.1


@every_loss
def test_a_fit_exists_where_that_of_the_softmax_does(loss):
    X, y = data()
    apart = X + 10 * np.eye(3, X.shape[1])[y]
    assert loss.fit(apart, y).status == "no-mle"
    assert np.isnan(loss.fit(apart, y).theta).all()
    assert loss.fit(apart, y, ridge=0.01).status == "converged"
    twice = np.column_stack([X, X[:, 0]])
    assert loss.fit(twice, y).status == "not-identified"
    assert loss.fit(X, y, np.where(y == 1, 0.0, 1.0), ridge=1.0).status == "no-mle"
    assert Focal(3.0).fit(X, y, max_iter=1).status == "max-iter"


@pytest.mark.parametrize("loss", [Focal(), Focal(0.5), LDAM(), VectorScaling()], ids=str)
def test_features_may_be_many_far_and_of_any_size(loss):
    X, y = data(d=3)
    X, y = X[::3], y[::3]
    wide = np.random.default_rng(2).normal(size=(len(y), 40)) + 0.5 * np.eye(3, 40)[y]
    for features in (wide, X * [1e-6, 1.0, 1e6], X + 1e5):
        ridge = 0.0 if features.shape[1] == 3 else 0.1
        fit = loss.fit(features, y, ridge=ridge)
        assert fit.status == "converged"
    moved = loss.fit(X + 1e5, y).theta
    np.testing.assert_allclose(moved[:, 1:], loss.fit(X, y).theta[:, 1:], rtol=1e-5)


@every_loss
def test_a_batch_is_its_problems_and_rows_without_weight_do_not_count(loss):
    X, y = data()
    rng = np.random.default_rng(3)
    weights = rng.uniform(0.5, 2, size=(2, len(y)))
    weights[1, ::7] = 0.0
    both = loss.fit(X, y, weights, ridge=0.1)
    assert both.theta.shape == (2, 3, 4) and both.status.tolist() == ["converged"] * 2
    kept = weights[1] > 0
    alone = loss.fit(X[kept], y[kept], weights[1, kept], ridge=0.1)
    np.testing.assert_allclose(both.theta[1], alone.theta, atol=1e-10)
    counts = np.bincount(y)
    given = loss.fit(X, y, weights[1], ridge=0.1, counts=counts).theta
    assert (np.abs(given - alone.theta).max() > 1e-6) == (not isinstance(loss, Focal))
    np.testing.assert_array_equal(loss.fit(X, y, counts=counts).theta, loss.fit(X, y).theta)


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_no_other_minimum_of_the_focal_loss_is_found(gamma):
    """It is not convex in the logits; from ten far starts the descent ends where it does."""
    from mlbalance.losses.focal import _Rows

    X, y = data()
    w = balanced(y)
    fit = Focal(gamma).fit(X, y, w)
    rng, found = np.random.default_rng(4), []
    rows = _Rows(np.column_stack([np.ones(len(X)), X]), y, w, 0.0)
    for _ in range(10):
        start = rng.normal(scale=4, size=fit.theta.shape)
        theta, converged = Focal(gamma)._descend(rows, start, 1e-10, 500)
        found.append(theta if converged else fit.theta * np.nan)
    np.testing.assert_allclose(found, np.tile(fit.theta, (10, 1, 1)), atol=1e-7)


@pytest.mark.parametrize(("gamma", "q"), [(1.0, 0.0432), (2.0, 0.0578), (5.0, 0.0502)])
def test_the_focal_loss_is_concave_in_the_logit_of_two_classes_below_a_probability(gamma, q):
    loss, h = Focal(gamma), 1e-4
    for side in (-1, 1):
        t = np.log(q / (1 - q)) + side * 0.005 + h * np.array([-1, 0, 1])
        low, middle, high = row_losses(loss, np.column_stack([t, 0 * t]), np.zeros(3, int), (1, 1))
        assert np.sign(low - 2 * middle + high) == side


def test_they_are_values_with_names():
    ids = [loss.id for loss in LOSSES]
    assert ids == (
        "focal focal-0.5 focal-5 ldam ldam-0.8-scale-3 vs vs-1-tau-0.5 logit-adjusted".split()
    )
    assert len({loss.label for loss in LOSSES}) == len({*LOSSES}) == len(LOSSES)
    assert Focal(2) == Focal() and hash(Focal(2)) == hash(Focal())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Focal(-1), "gamma of a focal loss is a finite number from zero on; it is -1"),
        (lambda: Focal(np.inf), "from zero on; it is inf"),
        (lambda: Focal("two"), "from zero on; 'two' is not"),
        (lambda: LDAM(0), "largest margin is a finite number above zero; it is 0"),
        (lambda: LDAM(scale=0.0), "scale is a finite number above zero"),
        (lambda: VectorScaling(-0.1), "gamma of vector scaling is a finite number from zero"),
        (lambda: VectorScaling(tau=np.nan), "tau of vector scaling is a finite number from zero"),
    ],
)
def test_parameters_out_of_range_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_data_that_do_not_fit_are_refused():
    X, y = data()
    with pytest.raises(DataError, match="same number of rows"):
        LDAM().fit(X[1:], y)
    with pytest.raises(DataError, match=r"ridge must be a finite number from zero on; it is -1"):
        Focal().fit(X, y, ridge=-1)
    with pytest.raises(DataError, match=r"finite number from zero on; it is \[1, 1, 1\]"):
        VectorScaling().fit(X, y, ridge=[1, 1, 1])
    with pytest.raises(CountsError, match=r"finite numbers above zero, one per class; .* \[0, 2\]"):
        LDAM().log_probabilities(np.zeros(2), [0, 2])
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match=r"focal loss with 40 classes, .* GiB is the limit. Drop"):
        Focal().fit(rng.normal(size=(400, 399)), np.arange(400) % 40, ridge=1.0)
