"""Loss and gradient are those of PyTorch, Keras and scikit-learn at any coefficients."""

import keras
import numpy as np
import pytest
import torch
from sklearn._loss import HalfBinomialLoss
from sklearn.linear_model._linear_loss import LinearModelLoss
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import cross_entropy, linear

from mlbalance import softmax
from mlbalance.schemes import ClassWeight
from tests.frameworks.peers import (
    PEERS,
    keras_model,
    keras_theta,
    problem,
    same,
    tensors,
)

COUNTS = [(40, 7), (23, 5, 14), (23, 5, 44, 14, 19, 31)]


@pytest.mark.parametrize("ridge", [0.0, 0.3])
@pytest.mark.parametrize("offset", [None, "prior", "rows"])
@pytest.mark.parametrize("counts", COUNTS, ids=len)
@pytest.mark.parametrize("peer", PEERS)
def test_loss_and_gradient(peer, counts, offset, ridge):
    p = problem(counts, seed=len(counts), offset=offset, ridge=ridge)
    value, gradient = PEERS[peer](p)
    same(value, softmax.loss(**p.given))
    same(gradient, softmax.score(**p.given))


@pytest.mark.parametrize("counts", COUNTS, ids=len)
def test_class_weights(counts):
    """As each library takes them; scikit-learn's balanced ones are n times ours."""
    p = problem(counts)
    each = ClassWeight().moments(counts).mean
    wanted = softmax.loss(p.theta, p.X, p.y, each[p.y])
    z = softmax.logits(p.theta, p.X)
    by_torch = cross_entropy(*tensors(z, p.y), weight=torch.as_tensor(each), reduction="sum")
    same(by_torch.item(), wanted)
    model = keras_model(p.theta)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    model.compile(keras.optimizers.SGD(1.0), entropy)
    by_keras = model.train_on_batch([p.X, p.offset], p.y, class_weight=dict(enumerate(each)))
    np.testing.assert_allclose(float(by_keras), wanted, rtol=1e-6)  # reported in single precision
    same(p.theta - keras_theta(model), softmax.score(p.theta, p.X, p.y, each[p.y]))
    balanced = compute_class_weight("balanced", classes=np.arange(len(counts)), y=p.y)
    same(balanced, each * p.y.size)
    same(log_loss(p.y, np.exp(softmax.log_probabilities(z)), sample_weight=balanced[p.y]), wanted)


def test_a_ridge_of_two_classes_is_half_of_the_binary_one():
    """scikit-learn's binary loss has one coefficient vector, the difference of our two."""
    p = problem((40, 7), ridge=0.3)
    total, contrast = p.weights.sum(), p.theta[1] - p.theta[0]
    value, gradient = LinearModelLoss(HalfBinomialLoss(), fit_intercept=True).loss_gradient(
        np.roll(contrast, -1),
        p.X,
        p.y.astype(float),
        p.weights,
        l2_reg_strength=p.ridge / 2 / total,
    )
    same(total * value, softmax.loss(**p.given))
    same(total * np.roll(gradient, 1), softmax.score(**p.given)[1])


def test_a_step_of_plain_descent_goes_along_the_score():
    """PyTorch's weight decay and Keras's penalty on coefficients alone are our ridge."""
    p = problem((23, 5, 14), ridge=0.3)
    wanted = p.theta - 0.1 * softmax.score(**p.given)

    coef = torch.nn.Parameter(torch.tensor(p.theta[:, 1:]))
    intercept = torch.nn.Parameter(torch.tensor(p.theta[:, 0]))
    groups = [{"params": [coef], "weight_decay": p.ridge}, {"params": [intercept]}]
    optimiser = torch.optim.SGD(groups, lr=0.1)
    X, y, weights = tensors(p.X, p.y, p.weights)
    (weights @ cross_entropy(linear(X, coef, intercept), y, reduction="none")).backward()
    optimiser.step()
    same(np.column_stack([intercept.detach(), coef.detach()]), wanted)

    model = keras_model(p.theta, p.ridge)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    model.compile(keras.optimizers.SGD(0.1), entropy)
    model.train_on_batch([p.X, p.offset], p.y, sample_weight=p.weights)
    same(keras_theta(model), wanted)
