"""The weighted cross-entropy of other libraries: loss and gradient (K, 1 + d), in doubles."""

from dataclasses import dataclass

import keras
import numpy as np
import torch
from sklearn._loss import HalfMultinomialLoss
from sklearn.linear_model._linear_loss import LinearModelLoss
from torch.nn.functional import cross_entropy, linear

from mlbalance import populations


@dataclass(frozen=True)
class Problem:
    """Rows, weights and a point: theta (K, 1 + d) with coefficients that sum to zero."""

    theta: np.ndarray
    X: np.ndarray
    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    ridge: float

    @property
    def given(self) -> dict:
        """The arguments of `softmax.loss`."""
        return vars(self)


def problem(counts, seed=0, d=3, *, offset=None, ridge=0.0) -> Problem:
    """A random point, and random rows with random weights, one of them zero.

    `offset` is "prior", one number per class, or "rows", one per row and class.
    """
    rng, K = np.random.default_rng(seed), len(counts)
    X, y = populations.symmetric(K, d, 1.5).sample(counts, rng)
    theta = rng.normal(size=(K, 1 + d))
    weights = rng.exponential(size=y.size) / y.size
    weights[rng.integers(y.size)] = 0.0
    shifts = {
        None: np.zeros((y.size, K)),
        "prior": np.tile(np.log(np.array(counts) / y.size), (y.size, 1)),
        "rows": rng.normal(size=(y.size, K)),
    }
    return Problem(theta - theta.mean(axis=0), X, y, weights, shifts[offset], ridge)


def same(these, those):
    """Refuse more than rounding between two results in double precision."""
    np.testing.assert_allclose(these, those, rtol=1e-10, atol=1e-10)


def tensors(*arrays):
    return [torch.as_tensor(array) for array in arrays]


def pytorch(p: Problem):
    theta = torch.tensor(p.theta, requires_grad=True)
    X, y, weights, offset = tensors(p.X, p.y, p.weights, p.offset)
    z = linear(X, theta[:, 1:], theta[:, 0]) + offset
    rows = cross_entropy(z, y, reduction="none")
    loss = weights @ rows + p.ridge / 2 * theta[:, 1:].square().sum()
    loss.backward()
    return loss.item(), theta.grad.numpy()


def keras_model(theta, ridge=0.0):
    """From rows and offsets to logits."""
    K, d = theta.shape[0], theta.shape[1] - 1
    # Not Dense: from Keras 3.12 on it multiplies in single precision on PyTorch, at any floatx.
    layer = keras.layers.EinsumDense(
        "nd,dk->nk", K, bias_axes="k", kernel_regularizer=keras.regularizers.L2(ridge / 2)
    )
    X, offset = keras.Input((d,)), keras.Input((K,))
    model = keras.Model([X, offset], layer(X) + offset)
    layer.set_weights([theta[:, 1:].T, theta[:, 0]])
    return model


def keras_theta(model):
    """Coefficients (K, 1 + d) of a model."""
    kernel, bias = model.get_weights()
    return np.column_stack([bias, kernel.T])


def on_keras(p: Problem):
    model = keras_model(p.theta, p.ridge)
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    X, y, weights, offset = tensors(p.X, p.y, p.weights, p.offset)
    loss = entropy(y, model([X, offset]), sample_weight=weights) + sum(model.losses)
    loss.backward()
    kernel, bias = (variable.value.grad.numpy() for variable in model.trainable_variables)
    return loss.item(), np.column_stack([bias, kernel.T])


def scikit_learn(p: Problem):
    """What `LogisticRegression` minimises; the offset as features with known coefficients."""
    K, q = p.theta.shape
    X = np.hstack([p.X, p.offset])
    coef = np.column_stack([p.theta[:, 1:], np.eye(K), p.theta[:, 0]])
    total = p.weights.sum()  # which it divides by
    loss = LinearModelLoss(HalfMultinomialLoss(n_classes=K), fit_intercept=True)
    value, gradient = loss.loss_gradient(
        coef, X, p.y.astype(float), p.weights, l2_reg_strength=p.ridge / total
    )
    gradient = np.column_stack([gradient[:, -1], gradient[:, : q - 1]])
    return total * value - p.ridge / 2 * K, total * gradient


PEERS = {"torch": pytorch, "keras": on_keras, "scikit-learn": scikit_learn}
