"""The code that `advise --code` prints for PyTorch and Keras: it runs, and weighs as it says."""

import keras
import numpy as np
import pytest
import torch

from mlbalance.advise.code import snippet

COUNTS = (60, 15, 25)
TAU = (0.2, 0.5, 0.3)
RNG = np.random.default_rng(4)
Y = np.repeat(np.arange(3), COUNTS)
X = RNG.normal(size=(Y.size, 2)) + Y[:, None]
PARTS = [(None, "class-weights"), (TAU, "class-weights"), (None, "prior-correction")]


@pytest.mark.parametrize(("prior", "recommended"), PARTS)
def test_pytorch(prior, recommended):
    rows, labels = torch.tensor(X).float(), torch.tensor(Y)
    model = torch.nn.Linear(2, 3)
    data = torch.utils.data.TensorDataset(rows, labels)
    space = {"model": model, "data": data, "y": labels, "X_new": rows[:9]}
    code = snippet("pytorch", COUNTS, prior, recommended)
    exec(code, space)
    assert space["p"].sum(dim=1).detach().numpy() == pytest.approx(1, abs=1e-6)
    if recommended == "class-weights":
        weighted: dict[str, object] = {}
        exec(code.partition("\n# If it")[0], weighted)
        tau = np.full(3, 1 / 3) if prior is None else np.array(prior)
        each = torch.nn.functional.cross_entropy(model(rows), labels, reduction="none")
        weights = torch.tensor((tau / COUNTS * sum(COUNTS))[Y]).float()
        assert weighted["loss"](model(rows), labels).item() == pytest.approx(
            (weights * each).mean().item(), rel=1e-5
        )


@pytest.mark.parametrize(("prior", "recommended"), PARTS)
def test_keras(prior, recommended):
    dense = keras.layers.Dense(3, activation="softmax")
    model = keras.Sequential([keras.layers.Input((2,)), dense])
    model.compile(loss="sparse_categorical_crossentropy")
    space = {"model": model, "X": X, "y": Y, "X_new": X[:9]}
    exec(snippet("keras", COUNTS, prior, recommended), space)
    assert np.sum(space["p"], axis=1) == pytest.approx(1, abs=1e-5)
