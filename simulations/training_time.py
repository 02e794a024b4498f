"""Gradient descent on separable rows: class weights count in full at first, and then fade."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import expit

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method
from mlbalance.populations import Discrete, symmetric
from mlbalance.schemes import ClassWeight, Scheme, Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Sampled, Study, Term
from mlbalance.simulation.sources import Stream, Test
from simulations._roots import root_of

TIMES = (1.0, 3.0, 10.0, 30.0, 100.0)
STEP = 0.01
"""Of gradient descent: a hundredth of a unit of time."""

TWO, MANY = "two points", "40 features"
BOUNDARY = "boundary"


@dataclass(frozen=True)
class Descent(Method):
    """Full-batch gradient descent on the two-class logistic loss from zero, for a time."""

    time: float = 1.0

    def fit(
        self, X: FloatArray, y: IntArray, weights: FloatArray, rows: object = None
    ) -> Estimates:
        """Coefficients of data sets X (R, n, d), y (n,) or (R, n), weights (R, 1, n)."""
        labels, pulls = np.broadcast_to(y, X.shape[:2]), weights[:, 0]
        across = np.concatenate([np.ones((*X.shape[:2], 1)), X], axis=2)
        contrast = np.zeros((len(X), across.shape[2], 1))
        for _ in range(round(self.time / STEP)):
            away = pulls * (expit((across @ contrast)[:, :, 0]) - labels)
            contrast -= STEP * (away[:, None] @ across).swapaxes(1, 2)
        half = contrast[:, :, 0] / 2
        return Estimates(np.stack([-half, half], axis=1), np.full(len(X), "converged"))


@dataclass(frozen=True, eq=False)
class Exact(Sampled):
    """A sample of a population on points, tested on all of these."""

    def test(self, number: int, streams: Stream) -> Test:
        """Every point with its mass."""
        points = self.population.points
        return Test(points, np.arange(len(points)), np.full(len(points), 1 / len(points)))


@dataclass(frozen=True)
class Boundary:
    """Distance of the midpoint of the class means from the boundary, in the length of the slopes.

    Positive on the side of class 1.
    """

    columns = (BOUNDARY,)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Measures (R, 1)."""
        (test,) = fitted.tests
        middle = np.mean([test.X[test.y == k].mean(axis=0) for k in (0, 1)], axis=0)
        contrasts = fitted.theta[:, 1] - fitted.theta[:, 0]
        slopes = contrasts[:, 1:]
        lengths = np.sqrt((slopes * slopes).sum(axis=1))
        return ((contrasts[:, 0] + (slopes * middle).sum(axis=1)) / lengths)[:, None]


KINDS: dict[str, Scheme] = {"unweighted": Unweighted(), "class-weights": ClassWeight()}


def method_of(id: str, time: float) -> Descent:
    """Gradient descent with these weights, for a time."""
    return Descent(KINDS[id], name=(f"{id}-{time:g}", f"{id} at time {time:g}"), time=time)


def _contrasts() -> Iterator[Contrast]:
    """What weights do to the boundary becomes less from each time to the next."""
    for early, late in pairwise(TIMES):
        terms = tuple(
            Term(sign, MANY, method_of(id, time).id, 0.0, "mean", BOUNDARY)
            for time, outer in ((early, 1.0), (late, -1.0))
            for id, sign in (("class-weights", outer), ("unweighted", -outer))
        )
        yield Contrast(f"{MANY}: from time {early:g} to {late:g} weights fade.", terms)


POINTS = Discrete([[-1.0], [1.0]], np.eye(2))

STUDY = Study(
    name="training_time",
    aim="Show that class weights count in full at the start of gradient descent on separable rows, "
    "and fade with its time.",
    cells=(
        Cell(TWO, Exact(POINTS, (160, 40), random=True), {"features": 1}),
        Cell(
            MANY,
            Sampled(symmetric(2, 40, 4.0), (64, 16), test_size=64),
            {"features": 40},
            quick=False,
        ),
    ),
    estimands="Distance of the midpoint of the class means from the boundary.",
    methods=tuple(method_of(id, time) for id in KINDS for time in TIMES),
    reference=method_of("class-weights", TIMES[0]).id,
    replications=200,
    root=root_of("training_time", "2026-11-26"),
    outcomes=(Boundary(),),
    criterion=Criterion(
        explanation="The prediction is for gradient flow and two points, whose numbers of rows are "
        "random; steps of a hundredth are left out, which is less than a tenth of a Monte Carlo "
        "error. For 40 features nothing is predicted but contrasts."
    ),
    contrasts=tuple(_contrasts()),
    observes={"training-time": BOUNDARY},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
