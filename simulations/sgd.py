"""Stochastic gradient descent: class weights in the loss against batches sampled in balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mlbalance import softmax
from mlbalance.data import load
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method
from mlbalance.populations import Gaussian, symmetric
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Cell, Contrast, Criterion, Predictive, Study, Term
from mlbalance.simulation.sources import Replicate, Stream, Test
from simulations._roots import root_of

COUNTS = (23, 5, 44, 14, 19, 31)
TIMES, STEPS = 100, 3000
SIZE = 6
"""Rows of a batch: a multiple of the number of classes, for stratified batches."""


@dataclass(frozen=True, eq=False)
class Fixed:
    """One data set, which is the population too: the target is its own class-weighted risk."""

    X: FloatArray
    y: IntArray

    truth, dependence = True, 0.0

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return int(self.y.max()) + 1

    @property
    def counts(self) -> IntArray:
        """(K,) rows per class."""
        return np.bincount(self.y)

    def replicate(self, number: int, streams: Stream) -> Replicate:
        """All rows."""
        return Replicate(self.X, self.y, np.arange(self.y.size))

    def test(self, number: int, streams: Stream) -> Test:
        """All rows, with class weights."""
        return Test(self.X, self.y, (1 / self.counts)[self.y] / self.n_classes)


@dataclass(frozen=True)
class Descent(Method):
    """SGD with a constant step on the softmax, from the minimum of the class-weighted risk."""

    sampling: str = "weighted"
    step: float = 0.0

    stream_name: ClassVar[str] = "batches"

    def fit(
        self,
        X: FloatArray,
        y: IntArray,
        weights: FloatArray,
        rows: object = None,
        rngs: Sequence[np.random.Generator] = (),
    ) -> Estimates:
        """Last coefficients of chains on data sets X (R, n, d), y (R, n), weights (R, 1, n)."""
        one = softmax.fit(X[0], y[0], weights[0, 0], ridge=self.ridge)
        theta = np.repeat(one.theta[None], len(X), axis=0)
        batches = np.stack([self.batches(y[0], rng) for rng in rngs], axis=1)
        across = np.column_stack([np.ones(X.shape[1]), X[0]])
        factors = weights[0, 0] * y.shape[1] if self.sampling == "weighted" else np.ones(y.shape[1])
        own = np.eye(len(one.theta))
        for drawn in batches:
            x, labels = across[drawn], y[0][drawn]
            logits = np.einsum("rbj,rkj->rbk", x, theta)
            odds = np.exp(logits - logits.max(axis=2, keepdims=True))
            away = odds / odds.sum(axis=2, keepdims=True) - own[labels]
            away *= factors[drawn][:, :, None] / SIZE
            slope = np.einsum("rbk,rbj->rkj", away, x)
            slope[:, :, 1:] += self.ridge * (theta - theta.mean(axis=1, keepdims=True))[:, :, 1:]
            theta -= self.step * slope
        return Estimates(theta, np.full(len(X), "converged"))

    def batches(self, y: IntArray, rng: np.random.Generator) -> IntArray:
        """Rows (STEPS, SIZE) of the batches, drawn with replacement."""
        if self.sampling == "weighted":
            return rng.integers(y.size, size=(STEPS, SIZE))
        counts = np.bincount(y)
        classes = np.broadcast_to(np.arange(SIZE) % counts.size, (STEPS, SIZE))
        if self.sampling == "balanced":
            classes = rng.integers(counts.size, size=(STEPS, SIZE))
        by_class, first = np.argsort(y, kind="stable"), np.cumsum(counts) - counts
        return by_class[first[classes] + (rng.random((STEPS, SIZE)) * counts[classes]).astype(int)]


def _glass() -> Fixed:
    data = load("glass")
    return Fixed((data.X - data.X.mean(axis=0)) / data.X.std(axis=0), data.y)


def _drawn(population: Gaussian, counts: Sequence[int]) -> Fixed:
    rng = np.random.default_rng(ROOT)
    return Fixed(*population.sample(counts, rng))


ROOT = root_of("sgd", "2026-11-26")
UNEQUAL = Gaussian([[-0.75, 0.0], [0.75, 0.0]], [np.eye(2), np.diag([0.5, 2.0])])
SOURCES = {
    "six classes": _drawn(symmetric(6, 5, 2.0), [TIMES * n for n in COUNTS]),
    "1 in 100": _drawn(UNEQUAL, (1980, 20)),
    "glass": _glass(),
}
RIDGE, STEP = 0.01, 0.004
LABELS = {
    "balanced": "classes sampled in balance",
    "weighted": "class weights in the loss",
    "stratified": "stratified batches",
}
METHODS = tuple(
    Descent(ClassWeight(), RIDGE, name=(f"sgd-{id}", label), sampling=id, step=STEP)
    for id, label in LABELS.items()
)


def _more(cell: str) -> tuple[Contrast, ...]:
    ratios = (
        (Term(sign, cell, f"sgd-{id}", RIDGE, "ratio", "excess risk"),)
        for id, sign in (("weighted", 1.0), ("stratified", -1.0))
    )
    words = "class weights in the loss cost more", "stratified batches cost less"
    return tuple(
        Contrast(f"{cell}: {told}.", terms, -terms[0].factor)
        for told, terms in zip(words, ratios, strict=True)
    )


STUDY = Study(
    name="sgd",
    aim="Show what noise the mini-batches of SGD have by the way classes are balanced in them, on "
    "data of two and six classes, real ones among them.",
    cells=tuple(
        Cell(name, source, {"data": name, "rows": source.y.size}, quick=name == "glass")
        for name, source in SOURCES.items()
    ),
    estimands="Excess of the penalised class-weighted risk of the data over its minimum.",
    methods=METHODS,
    reference="sgd-balanced",
    replications=1000,
    root=ROOT,
    outcomes=(Predictive("excess risk"),),
    criterion=Criterion(
        explanation="The prediction takes the gradient as linear and its noise as that at the "
        "minimum, for the number of steps that is run. What is left is of the order of the step."
    ),
    contrasts=tuple(one for cell in SOURCES for one in _more(cell)),
    observes={"sgd-noise": "excess risk", "sgd-steps": "excess risk"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
