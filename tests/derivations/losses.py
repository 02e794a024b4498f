"""Softmax losses at numbers, for derivatives without algebra."""

import numpy as np
import sympy as sp


def softmax_loss(theta, data):
    """Weighted loss with the shift-free ridge; complex theta for derivatives by complex steps."""
    X, labels, W, o, ridge = data
    b, w = theta[:, 0], theta[:, 1:]
    z = b + X @ w.T + o
    rows = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels]
    centred = w - ridge @ w / ridge.sum()
    return W @ rows + (ridge @ (centred**2).sum(axis=1)) / 2


def problem(sizes, seed=5):
    n_classes, n_rows, n_features = sizes
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n_rows)
    data = (
        rng.normal(size=(n_rows, n_features)),
        labels,
        rng.uniform(0.2, 2, n_rows),
        rng.normal(size=(n_rows, n_classes)),
        rng.uniform(0.1, 1, n_classes),
    )
    return data, rng.normal(size=(n_classes, 1 + n_features))


def at_numbers(instance, data, theta):
    X, labels, W, o, ridge = data
    values = {"X": X, "y": labels + 1, "W": W, "o": o, "ridge": ridge}
    values |= {"b": theta[:, 0], "w": theta[:, 1:]}
    arguments = [letter for name in values for letter in instance.symbols[name]]
    numbers = np.concatenate([np.ravel(value) for value in values.values()])
    formula = sp.lambdify(arguments, instance.expression, "numpy")
    return np.array(formula(*numbers), dtype=float)
