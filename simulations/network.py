"""A network with softmax output, stopped early and trained until it interpolates its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method
from mlbalance.methods.folds import deal
from mlbalance.populations import symmetric
from mlbalance.schemes import ClassWeight, Undersample, Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Sampled, Study, Term
from simulations._roots import root_of

COUNTS = (23, 5, 44, 14, 19, 31)
TIMES = (1, 20)
FEATURES, SEPARATION = 20, 3.0
WIDTH, RATE, BATCH = 200, 0.005, 200
LOSS, EPOCHS = 0.01, 1000
"""Training ends where no training row is misclassified and the loss is this, or has no end."""

STOPS = ("early", "late")
ERROR, CORRECTED, LOGLOSS = "error, {}", "error, {}, prior corrected", "log-loss, {}"


@dataclass(frozen=True)
class Network(Method):
    """scikit-learn's MLPClassifier with one hidden layer, Adam, and the scheme's weights.

    A fifth of the rows of each class, one at least, is held out. The network of the epoch at which
    their weighted loss is least is the early one; that of the last epoch is the late one.
    """

    stream_name: ClassVar[str] = "network"

    def shape(self, n_classes: int, n_features: int) -> tuple[int, ...]:
        """Two networks: hidden weights with intercepts, then those of the output."""
        return 2, (1 + n_features) * WIDTH + (1 + WIDTH) * n_classes

    def fit(
        self,
        X: FloatArray,
        y: IntArray,
        weights: FloatArray,
        rows: object = None,
        rngs: Sequence[np.random.Generator] = (),
    ) -> Estimates:
        """Networks of data sets X (R, n, d), y (R, n), weights (R, 1, n)."""
        labels = np.broadcast_to(y, (len(X), X.shape[1]))
        found = [_train(*own) for own in zip(X, labels, weights[:, 0], rngs, strict=True)]
        theta, status = zip(*found, strict=True)
        return Estimates(np.array(theta), np.array(status, dtype="U32"))


def _train(
    X: FloatArray, y: IntArray, weights: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, str]:
    """Parameters of the early and of the late network; "max-iter" if it does not interpolate."""
    from sklearn.neural_network import MLPClassifier

    classes = np.arange(int(y.max()) + 1)
    kept = rng.permutation(np.flatnonzero(weights > 0))
    held = deal(y[kept], np.ones_like(kept), 5)[0] > 0
    train, test = kept[~held], kept[held]
    scaled = weights / weights[train].mean()
    net: Any = MLPClassifier(
        (WIDTH,),
        learning_rate_init=RATE,
        batch_size=min(BATCH, train.size),
        alpha=0.0,
        random_state=int(rng.integers(2**31)),
    )
    early, least = np.empty(0), np.inf
    for _ in range(EPOCHS):
        net.partial_fit(X[train], y[train], scaled[train], classes=classes)
        now = _flat(net)
        loss = (
            scaled[test]
            @ -_log_probabilities(now, X[test], classes.size)[np.arange(test.size), y[test]]
        )
        if loss < least:
            early, least = now, loss
        if net.loss_ < LOSS and (net.predict(X[train]) == y[train]).all():
            return np.stack([early, now]), "converged"
    return np.stack([early, now]), "max-iter"


def _flat(net: Any) -> FloatArray:
    parts = zip(net.intercepts_, net.coefs_, strict=True)
    return np.concatenate([np.vstack([b, W]).ravel() for b, W in parts])


def _log_probabilities(
    parameters: FloatArray, X: FloatArray, n_classes: int, shift: FloatArray | float = 0.0
) -> FloatArray:
    """Log-probabilities (n, K) of a network, its logits shifted by (K,)."""
    cut = (1 + X.shape[1]) * WIDTH
    hidden = parameters[:cut].reshape(-1, WIDTH)
    output = parameters[cut:].reshape(-1, n_classes)
    logits = np.maximum(X @ hidden[1:] + hidden[0], 0) @ output[1:] + output[0] + shift
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Errors:
    """Balanced error of both networks, before and after prior correction, and log-loss after it.

    The correction takes logits from the prior of the weights, which of balanced ones is the target
    already, to the uniform one.
    """

    columns = tuple(name.format(stop) for stop in STOPS for name in (ERROR, CORRECTED, LOGLOSS))

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Measures (R, columns)."""
        (test,) = fitted.tests
        K = int(test.y.max()) + 1
        values = []
        for networks, y, w in zip(fitted.theta, fitted.y, fitted.weights[:, 0], strict=True):
            shift = -np.log(np.bincount(y, w) / w.sum())
            own: list[float] = []
            for network in networks:
                plain = _log_probabilities(network, test.X, K)
                moved = _log_probabilities(network, test.X, K, shift)
                own += [float(test.weights @ (p.argmax(axis=1) != test.y)) for p in (plain, moved)]
                own.append(float(-test.weights @ moved[np.arange(test.y.size), test.y]))
            values.append(own)
        return np.array(values)


LABELS = {
    "unweighted": (Unweighted(), "unweighted"),
    "class-weights": (ClassWeight(), "class weights"),
    "undersample": (Undersample(), "undersample"),
}
METHODS = tuple(
    Network(scheme, name=(f"network-{id}", label)) for id, (scheme, label) in LABELS.items()
)


def _contrasts() -> Iterator[Contrast]:
    for times in TIMES:
        cell = name_of(times)

        def gap(
            factor: float, estimand: str, id: str = "network-unweighted", at: str = cell
        ) -> Term:
            return Term(factor, at, id, 0.0, "difference", estimand)

        early, late = (ERROR.format(stop) for stop in STOPS)
        yield Contrast(
            f"{cell}: stopped early, class weights err less than none.", (gap(1, early),)
        )
        yield Contrast(
            f"{cell}: they gain less once rows are interpolated.", (gap(1, early), gap(-1, late))
        )
        more = gap(1, early, "network-undersample")
        yield Contrast(f"{cell}: stopped early, an undersample errs more.", (more,))
        # Large samples overfit for longer before all their rows are interpolated.
        sign, how = (1, "more") if times == 1 else (-1, "less")
        other = gap(sign, late, "network-undersample")
        yield Contrast(f"{cell}: interpolating, an undersample errs {how}.", (other,))
        own = cell, "network-unweighted", 0.0, "mean"
        terms = Term(1.0, *own, early), Term(-1.0, *own, CORRECTED.format("early"))
        yield Contrast(f"{cell}: stopped early, prior correction helps the unweighted one.", terms)
        worse = (
            Term(sign, cell, "network-class-weights", 0.0, "mean", LOGLOSS.format(stop))
            for sign, stop in zip((-1.0, 1.0), STOPS, strict=True)
        )
        yield Contrast(f"{cell}: class weights have the larger log-loss late.", tuple(worse))


def name_of(times: int) -> str:
    """Id of a cell."""
    return f"{times} times the counts"


STUDY = Study(
    name="network",
    aim="Compare a network of one hidden layer unweighted, weighted, undersampled and prior "
    "corrected, stopped early and trained until it interpolates its rows.",
    cells=tuple(
        Cell(
            name_of(times),
            Sampled(
                symmetric(6, FEATURES, SEPARATION), tuple(times * n for n in COUNTS), test_size=512
            ),
            {"times": times},
            quick=times == 1,
        )
        for times in TIMES
    ),
    estimands="Balanced error and balanced log-loss of the population.",
    methods=METHODS,
    reference="network-class-weights",
    replications=50,
    root=root_of("network", "2026-11-26"),
    outcomes=(Errors(),),
    criterion=Criterion(
        explanation="Of a network nothing is predicted but that it interpolates its training rows. "
        "One architecture and one optimiser, not tuned by method, on Gaussian classes: contrasts "
        "are of these, and not of networks with learned features of images or text."
    ),
    contrasts=tuple(_contrasts()),
    long=True,
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
