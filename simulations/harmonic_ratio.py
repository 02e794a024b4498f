"""Undersampling against class weights at random counts: where the variance ratio is H/m."""

from dataclasses import dataclass

import numpy as np

from mlbalance.methods import methods
from mlbalance.populations import Gaussian, symmetric
from mlbalance.simulation import (
    Cell,
    Criterion,
    Fitted,
    Predictive,
    Quantity,
    Sampled,
    Study,
    stream,
)
from simulations._roots import root_of

ROOT = root_of("harmonic_ratio", "2026-11-25")
CLASSES = tuple(2 + i % 7 for i in range(60))
LOGS = stream(ROOT, "counts").uniform(np.log(60), np.log(1200), (len(CLASSES), max(CLASSES)))
COUNTS = tuple(
    tuple(np.exp(logs[:K]).astype(int).tolist()) for K, logs in zip(CLASSES, LOGS, strict=True)
)


def alike(K: int) -> Gaussian:
    """Classes that are exchangeable."""
    return symmetric(K, 2, separation=1.5)


def spread(K: int) -> Gaussian:
    """The same means, and standard deviations from 1/3 to 3."""
    return Gaussian(alike(K).means, np.geomspace(1 / 9, 9, K)[:, None, None] * np.eye(2))


def in_line(K: int) -> Gaussian:
    """Equal covariances, and means on a line: the outer classes have one neighbour."""
    return Gaussian(np.outer(2.0 * np.arange(K), [1, 0]), np.eye(2))


@dataclass(frozen=True)
class Slope:
    """Difference of the first feature's coefficients in the first two of any number of classes."""

    columns = (Quantity("slope", "estimate"),)

    def __call__(self, fitted: Fitted) -> np.ndarray:
        return fitted.theta[:, 1, 1:2] - fitted.theta[:, 0, 1:2]


TIMES = {"alike": (1,), "unequal spread": (1, 4), "in a line": (1,)}
POPULATIONS = {"alike": alike, "unequal spread": spread, "in a line": in_line}

STUDY = Study(
    name="harmonic_ratio",
    aim="Show that undersampling multiplies the excess risk of class weights by H/m where classes "
    "are exchangeable, and by another, known factor where they are not or for one coefficient.",
    cells=tuple(
        Cell(
            f"{kind}, {i}" + f", {times}x" * (times > 1),
            Sampled(POPULATIONS[kind](len(n)), tuple(times * m for m in n)),
            {"kind": kind, "counts": i, "times": times},
            quick=i < 7,
        )
        for kind in POPULATIONS
        for times in TIMES[kind]
        for i, n in enumerate(COUNTS)
        # Two classes of equal covariance are exchangeable wherever they are.
        if kind == "alike" or (i % 4 == 1 and len(n) > 2)
    ),
    estimands="Excess of the balanced log-loss over its minimum; one slope.",
    methods=methods("class-weights", "undersample"),
    reference="class-weights",
    replications=400,
    root=ROOT,
    criterion=Criterion(),
    outcomes=(Predictive("excess risk"), Slope()),
    observes={"harmonic": "excess risk"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
