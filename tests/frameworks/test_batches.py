"""Batches of stochastic descent: what the loss is divided by, its bias and noise (`sgd-noise`).

PyTorch divides by the sum of the batch's weights: a ratio, whose mean over batches is not the
objective. Keras divides by the number of rows: its mean is.
"""

from itertools import combinations, combinations_with_replacement

import keras
import numpy as np
import pytest
import torch
from scipy.stats import multinomial
from torch.nn.functional import cross_entropy, linear, one_hot

from mlbalance import softmax
from mlbalance.schemes import BalancedSampler, ClassWeight
from mlbalance.theory import conditional_variance
from tests.frameworks.peers import keras_model, keras_theta, problem, same, tensors

COUNTS = (7, 2, 3)
BATCH = problem(COUNTS, d=2)
EACH = 5 * ClassWeight().moments(COUNTS).mean
WEIGHTS = EACH[BATCH.y]
SINGLE = 1e-6
"""Keras on PyTorch divides, and reports the loss, in single precision."""


def total():
    """Sums over the batch, loss and gradient, of weighted rows."""
    given = (BATCH.theta, BATCH.X, BATCH.y, WEIGHTS)
    return softmax.loss(*given), softmax.score(*given)


def by_torch(target):
    """Loss and gradient of `CrossEntropyLoss` with class weights."""
    theta = torch.tensor(BATCH.theta, requires_grad=True)
    z = linear(torch.as_tensor(BATCH.X), theta[:, 1:], theta[:, 0])
    loss = torch.nn.CrossEntropyLoss(torch.as_tensor(EACH))(z, target)
    loss.backward()
    return loss.item(), theta.grad.numpy()


def by_keras(reduction, **weighting):
    """Loss that is reported, and gradient, of one step on the batch."""
    model = keras_model(BATCH.theta)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction)
    model.compile(keras.optimizers.SGD(1.0), entropy)
    loss = model.train_on_batch([BATCH.X, BATCH.offset], BATCH.y, **weighting)
    return float(loss), BATCH.theta - keras_theta(model)


# --- one batch -----------------------------------------------------------------------------------


def test_two_rows_by_hand():
    """At logits of zero each loses log 2; of weights 1 and 3 that is 4 log 2, over 4 or over 2."""
    z, y, each = tensors(np.zeros((2, 2)), np.array([0, 1]), np.array([1.0, 3.0]))
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    same(cross_entropy(z, y, weight=each).item(), np.log(2))
    same(cross_entropy(z, one_hot(y).double(), weight=each).item(), 2 * np.log(2))
    by_keras = entropy(y, z, sample_weight=each).item()
    np.testing.assert_allclose(by_keras, 2 * np.log(2), rtol=SINGLE)


def test_torch_divides_by_the_weights_of_a_batch():
    loss, gradient = by_torch(torch.as_tensor(BATCH.y))
    same(loss * WEIGHTS.sum(), total()[0])
    same(gradient * WEIGHTS.sum(), total()[1])


def test_torch_divides_by_the_rows_where_targets_are_probabilities():
    loss, gradient = by_torch(one_hot(torch.as_tensor(BATCH.y)).double())
    same(loss * WEIGHTS.size, total()[0])
    same(gradient * WEIGHTS.size, total()[1])


@pytest.mark.parametrize(
    "weighting",
    [{"class_weight": dict(enumerate(EACH))}, {"sample_weight": WEIGHTS}],
    ids=["class", "sample"],
)
@pytest.mark.parametrize(
    ("reduction", "divisor"),
    [
        ("sum_over_batch_size", WEIGHTS.size),
        ("mean_with_sample_weight", WEIGHTS.sum()),
        ("sum", 1.0),
    ],
)
def test_keras_divides_by_the_rows_unless_told_otherwise(reduction, divisor, weighting):
    for found, wanted in zip(by_keras(reduction, **weighting), total(), strict=True):
        np.testing.assert_allclose(found * divisor, wanted, rtol=SINGLE)


def test_the_default_of_keras_divides_by_the_rows():
    default = keras.losses.SparseCategoricalCrossentropy().reduction
    assert default == "sum_over_batch_size"


def test_in_batches_of_one_the_weights_of_torch_do_nothing():
    z, y = tensors(softmax.logits(BATCH.theta, BATCH.X), BATCH.y)
    for i in range(len(y)):
        one = slice(i, i + 1)
        weighted = cross_entropy(z[one], y[one], weight=torch.as_tensor(EACH))
        same(weighted.item(), cross_entropy(z[one], y[one]).item())


def test_torch_divides_by_the_rows_where_one_class_has_a_weight():
    """`BCEWithLogitsLoss(pos_weight)`, on the difference of two logits."""
    p = problem((7, 2))
    z = torch.as_tensor(softmax.logits(p.theta, p.X) @ [-1.0, 1.0])
    entropy = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.5))
    loss = entropy(z, torch.as_tensor(p.y).double())
    same(loss.item() * p.y.size, softmax.loss(p.theta, p.X, p.y, np.array([1, 3.5])[p.y]))


# --- all batches ---------------------------------------------------------------------------------


def mean_gradient(loss, size):
    """Gradient of the mean of a loss over all batches of `size` rows without replacement."""
    theta = torch.tensor(BATCH.theta, requires_grad=True)
    X, y, weights = tensors(BATCH.X, BATCH.y, WEIGHTS)
    z = linear(X, theta[:, 1:], theta[:, 0])
    batches = [list(rows) for rows in combinations(range(len(y)), size)]
    (sum(loss(z[rows], y[rows], weights[rows]) for rows in batches) / len(batches)).backward()
    return theta.grad.numpy()


@pytest.mark.parametrize("size", [1, 2, 5])
def test_over_all_batches_keras_is_unbiased_and_torch_is_not(size):
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    each, objective = torch.as_tensor(EACH), total()[1]
    by_keras = mean_gradient(lambda z, y, w: entropy(y, z, sample_weight=w), size)
    np.testing.assert_allclose(by_keras * WEIGHTS.size, objective, rtol=SINGLE)
    by_torch = mean_gradient(lambda z, y, w: cross_entropy(z, y, weight=each), size)
    assert np.abs(by_torch * WEIGHTS.sum() - objective).max() > 0.1


# Few rows, so that all batches can be listed; NONE is for intercepts alone.
FEW_X, FEW_Y, FEW_THETA = BATCH.X[[0, 1, 2, 7]], np.array([0, 0, 0, 1]), BATCH.theta[:2]
FEW_EACH = ClassWeight().moments((3, 1)).mean
NONE = np.empty((4, 0))


def torch_gradients(batches, X, y, theta, each):
    """Gradients (batches, K, 1 + d) of PyTorch's mean on rows (batches, size) of the data."""
    X, y, theta, each = tensors(X, y, theta, each)

    def loss(at, rows):
        return cross_entropy(linear(X[rows], at[:, 1:], at[:, 0]), y[rows], weight=each)

    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))
    return gradients(theta, torch.as_tensor(batches)).numpy()


def drawn(size, chances):
    """Batches (., size) drawn with replacement with `chances` (n,), and their probabilities."""
    rows = np.arange(len(chances))
    batches = np.array(list(combinations_with_replacement(rows, size)))
    return batches, multinomial.pmf((batches[:, :, None] == rows).sum(axis=1), size, chances)


def moments_of(gradients, probability):
    """Mean (K, 1 + d), and covariance (p, p) of contrasts, over batches."""
    mean = np.tensordot(probability, gradients, axes=1)
    away = (gradients - mean)[:, 1:].reshape(len(gradients), -1)
    return mean, (away.T * probability) @ away


def test_the_bias_of_torch_falls_as_one_over_the_batch():
    """Batches drawn with replacement; size x bias tends to -mean(w^2 (g - G)) / mean(w)^2.

    That is the delta method for the ratio of the means of w g and w, g the gradients of rows and G
    the gradient of the objective.
    """
    w, g = FEW_EACH[FEW_Y], softmax.row_scores(FEW_THETA, FEW_X, FEW_Y)
    objective = softmax.score(FEW_THETA, FEW_X, FEW_Y, w)
    limit = -np.mean((w**2)[:, None, None] * (g - objective), axis=0) / w.mean() ** 2
    off = []
    for size in (16, 32, 64):
        batches, probability = drawn(size, np.full(4, 1 / 4))
        gradients = torch_gradients(batches, FEW_X, FEW_Y, FEW_THETA, FEW_EACH)
        bias = moments_of(gradients, probability)[0] - objective
        off.append(np.linalg.norm(size * bias - limit) / np.linalg.norm(limit))
    assert off[-1] < 0.01
    # What is left is of the order of 1 / size too.
    np.testing.assert_allclose(np.divide(off[1:], off[:-1]), 0.5, atol=0.06)


def test_torch_fits_a_prior_between_the_target_and_the_data():
    """Intercepts alone, where the mean gradient vanishes: at the mean share of a batch's weight."""
    batches, probability = drawn(2, np.full(4, 1 / 4))
    w = FEW_EACH[FEW_Y][batches]
    share = probability @ ((w * FEW_Y[batches]).sum(axis=1) / w.sum(axis=1))
    gradients = torch_gradients(batches, NONE, FEW_Y, np.log([[1 - share], [share]]), FEW_EACH)
    same(moments_of(gradients, probability)[0], 0.0)
    assert 1 / 4 < share < 1 / 2


@pytest.mark.parametrize("size", [1, 3, 8])
def test_class_balanced_batches_have_the_covariance_of_the_theory(size):
    """Rows drawn as by `WeightedRandomSampler`, the loss unweighted."""
    w = FEW_EACH[FEW_Y]
    batches, probability = drawn(size, w)
    gradients = torch_gradients(batches, FEW_X, FEW_Y, FEW_THETA, np.ones(2))
    mean, covariance = moments_of(gradients, probability)
    same(mean, softmax.score(FEW_THETA, FEW_X, FEW_Y, w))
    sampler = BalancedSampler(size)
    same(covariance, conditional_variance(FEW_X, FEW_Y, FEW_THETA, sampler))


def test_reweighted_batches_vary_more_by_the_design_effect_where_classes_are_alike():
    """Intercepts at zero: the gradients of all rows have the same square, and Kish's effect n sum
    w^2 is the ratio. The loss of probabilities, since that is divided by the rows.
    """
    w, zero, size = FEW_EACH[FEW_Y], np.zeros((2, 1)), 3
    batches, probability = drawn(size, np.full(4, 1 / 4))
    certain = np.eye(2)[FEW_Y]
    reweighted = torch_gradients(batches, NONE, certain, zero, 4 * FEW_EACH)
    batches, chances = drawn(size, w)
    balanced = torch_gradients(batches, NONE, FEW_Y, zero, np.ones(2))
    ratio = moments_of(reweighted, probability)[1] / moments_of(balanced, chances)[1]
    same(ratio, 4 * np.sum(w**2))
