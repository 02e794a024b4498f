"""A model of its own for some classes: slopes against those of one model, and what it loses."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import methods
from mlbalance.populations import Gaussian
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Quantity, Sampled, Study, Term
from mlbalance.simulation.sources import Test
from simulations._roots import root_of

ASKED, TIMES = (23, 5, 44, 14, 19, 31), 40
COUNTS = tuple(TIMES * n for n in ASKED)
RADII = (0.0, 0.75, 1.5)
ANGLES = np.arange(6) * np.pi / 3

SMALL, LARGE = (1, 3), (0, 2, 3, 4, 5)
"""The two smallest classes, and all but the smallest."""


@dataclass(frozen=True)
class Difference:
    """Coefficients of class `one` less those of class `other`, in a model of `group` or of all."""

    name: str
    group: tuple[int, ...]
    one: int
    other: int
    direction: tuple[float, float, float]
    """Multiples of intercept and slopes."""

    def estimand(self, fit: str) -> str:
        """Name of its estimates by one of `FITS`."""
        return f"{self.name}, {fit}"

    def of(self, theta: FloatArray, classes: tuple[int, ...]) -> FloatArray:
        """Values (R,) at coefficients (R, S, 3) of these classes."""
        first, second = classes.index(self.one), classes.index(self.other)
        move = theta[:, first] - theta[:, second]
        return (move * np.array(self.direction)).sum(axis=1)

    def contrast(self, classes: tuple[int, ...]) -> FloatArray:
        """Coefficients (p,) on contrasts against the first of the classes."""
        array = np.zeros((len(classes), 3))
        array[classes.index(self.one)] += self.direction
        array[classes.index(self.other)] -= self.direction
        return array[1:].ravel()


def circle(radius: float) -> Gaussian:
    """Six classes on a circle about the origin, of covariance one."""
    return Gaussian(radius * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]), np.eye(2))


def _towards(one: int, other: int) -> tuple[float, float, float]:
    """Slope along the line through the means of two classes."""
    away = np.array([np.cos(ANGLES), np.sin(ANGLES)]) @ (np.eye(6)[one] - np.eye(6)[other])
    return (0.0, *(away / np.linalg.norm(away)).tolist())


DIFFERENCES = (
    Difference("slope, smallest two", SMALL, 3, 1, _towards(3, 1)),
    Difference("intercept, smallest two", SMALL, 3, 1, (1.0, 0.0, 0.0)),
    Difference("slope, largest two", LARGE, 2, 5, _towards(2, 5)),
)
SLOPES = (DIFFERENCES[0], DIFFERENCES[2])
"""Those of which the two fits have one target at any prior."""

FITS = ("jointly", "alone")
LOST, GAIN = "loss of the composition", "squares, jointly less alone"


@dataclass(frozen=True)
class Separate:
    """Differences of coefficients in the fit of all rows and in that of the group's rows.

    Then of slopes the squared error of the first less that of the second, and the balanced log-loss
    of two linear stages with class weights, the smallest two as one class first, less that of the
    fit.
    """

    @property
    def columns(self) -> tuple[str | Quantity, ...]:
        """Estimates by difference and fit; gains by slope; the loss."""
        estimates = [Quantity(d.estimand(fit), "estimate") for d in DIFFERENCES for fit in FITS]
        return (*estimates, *(f"{GAIN}: {d.name}" for d in SLOPES), LOST)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, columns)."""
        (test,) = fitted.tests
        y = fitted.y[0]  # the same in every replicate
        best, everyone = softmax.fit(*test).theta[None], tuple(range(6))
        alone = {group: _part(fitted.X, y, fitted.weights[:, 0], group) for group in (SMALL, LARGE)}
        estimates, gains = [], []
        for d in DIFFERENCES:
            truth = d.of(best, everyone)
            found = d.of(fitted.theta, everyone), d.of(alone[d.group], d.group)
            estimates += found
            if d in SLOPES:
                gains.append((found[0] - truth) ** 2 - (found[1] - truth) ** 2)
        lost = _composed(fitted.X, y, test) - softmax.loss(fitted.theta, *test)
        return np.stack([*estimates, *gains, lost], axis=1)


def _part(X: FloatArray, y: IntArray, weights: FloatArray, group: tuple[int, ...]) -> FloatArray:
    """Coefficients (R, S, 3) of the fit of a group's rows, with their weights (R, n)."""
    rows = np.isin(y, group)
    own = weights[:, rows] / weights[:, rows].sum(axis=1, keepdims=True)
    return np.asarray(softmax.fit(X[:, rows], np.searchsorted(group, y[rows]), own).theta)


def _composed(X: FloatArray, y: IntArray, test: Test) -> FloatArray:
    """Log-loss (R,) of two stages with class weights: the smallest two as one, and within it."""
    merged, weights = np.array([0, 4, 1, 4, 2, 3]), (1 / (6 * np.array(COUNTS)))[y]
    first = softmax.fit(X, merged[y], weights).theta
    within = _part(X, y, np.broadcast_to(weights, X.shape[:2]), SMALL)
    inside = np.isin(test.y, SMALL)
    codes = np.searchsorted(SMALL, test.y[inside])
    between = softmax.loss(first, test.X, merged[test.y], test.weights)
    return np.asarray(between + softmax.loss(within, test.X[inside], codes, test.weights[inside]))


def cell_of(radius: float) -> str:
    """Id of a cell."""
    return f"radius {radius:g}"


def _contrasts() -> Iterator[Contrast]:
    small, large = (f"{GAIN}: {d.name}" for d in SLOPES)
    for radius in RADII[1:]:
        cell = cell_of(radius)
        for id in ("class-weights", "unweighted+prior"):
            own = cell, id, 0.0, "mean"
            words = f"{cell}, {id}: alone the smallest two have the less precise slope."
            yield Contrast(words, (Term(-1.0, *own, small),))
        own = cell, "class-weights", 0.0, "mean"
        words = f"{cell}: without the smallest class the weighted slope of others is more precise."
        yield Contrast(words, (Term(1.0, *own, large),))
        yield Contrast(f"{cell}: the composition loses.", (Term(1.0, *own, LOST),))


STUDY = Study(
    name="separate_model",
    aim="Show what a model of its own for the smallest two of six classes does to their slopes, "
    "what it loses by a linear first stage, and what a model without the smallest class gains.",
    cells=tuple(
        Cell(
            cell_of(radius),
            Sampled(circle(radius), COUNTS),
            {"radius": radius},
            quick=radius < 1,
        )
        for radius in RADII
    ),
    estimands="Differences of slopes and intercepts of two classes in the balanced optimum; "
    "differences of squared errors, and of balanced log-losses, between the models.",
    methods=methods("class-weights", "unweighted+prior"),
    reference="class-weights",
    replications=500,
    root=root_of("separate_model", "2026-11-26"),
    criterion=Criterion(
        explanation="Standard errors are predicted to second order: of the smallest two 200 and "
        "560 rows are what a model of their own has."
    ),
    outcomes=(Separate(),),
    contrasts=tuple(_contrasts()),
    observes={"separate-model": "slope, smallest two, alone"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
