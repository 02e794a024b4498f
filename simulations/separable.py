"""Separable rows: the effect of weights and offsets vanishes with the ridge."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method, methods
from mlbalance.populations import Logits, symmetric
from mlbalance.schemes import ClassWeight, Undersample, Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Study, Term
from simulations._limits import Wide
from simulations._roots import root_of

SEPARATION = 2.0
COUNTS = {
    "d = 200, 5 : 1": (200, (250, 50)),
    "d = 200, 20 : 1": (200, (500, 25)),
    "d = 80, 5 : 1": (80, (100, 20)),
}
"""Features and rows, all below the load from which a fit without ridge exists."""

METHODS = (
    *methods("class-weights"),
    Method(Unweighted()),
    *methods("unweighted+prior", "undersample"),
)
RIDGES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)


@dataclass(frozen=True)
class LargestMargin(Method):
    """The largest-margin hyperplane of the rows that a scheme keeps, for two classes."""

    def fit(
        self, X: FloatArray, y: IntArray, weights: FloatArray, rows: object = None
    ) -> Estimates:
        """Hyperplanes of data sets X (R, n, d), y (n,) or (R, n), weights (R, 1, n)."""
        labels = np.broadcast_to(y, (len(X), X.shape[1]))
        kept = zip(X, labels, weights[:, 0] > 0, strict=True)
        theta = np.array([_widest(rows[used], own[used]) for rows, own, used in kept])
        failed = np.isnan(theta).any(axis=(1, 2))
        return Estimates(theta, np.where(failed, "max-iter", "converged"))


def _widest(X: FloatArray, y: IntArray) -> FloatArray:
    """Coefficients (2, 1 + d) with smallest margin one; NaN where the penalty binds."""
    from sklearn.svm import SVC

    machine = SVC(kernel="linear", C=1e3, tol=1e-6).fit(X, y)
    half = np.append(machine.intercept_, machine.coef_[0]) / 2
    nearest = ((2 * y - 1) * machine.decision_function(X)).min()
    return np.stack([-half, half]) if nearest > 1 - 1e-4 else np.full((2, half.size), np.nan)


MARGINS = (
    LargestMargin(ClassWeight(), name=("largest-margin", "largest margin")),
    LargestMargin(
        Undersample(),
        name=("largest-margin-of-undersample", "largest margin of an undersample"),
    ),
)


@dataclass(frozen=True)
class Hyperplane:
    """The decision boundary between two classes, without the scale of the logits.

    Signal and intercept in units of |w|: half the distance of the class means along w, and the
    distance of their midpoint from the boundary, positive on the side of the rarer class.
    """

    columns = ("signal", "intercept", "error, rarest", "error, largest")

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Measures (R, columns)."""
        (test,) = fitted.tests
        counts = np.bincount(fitted.y[0])
        laws = [Logits.of(theta, test.X, test.y) for theta in fitted.theta]
        return np.array([boundary(law, counts) for law in laws])


def boundary(law: Logits, counts: FloatArray) -> tuple[float, ...]:
    """Measures of `Hyperplane` for class counts (K,) and unit covariance."""
    rare, large = int(np.argmin(counts)), int(np.argmax(counts))
    contrast = np.eye(2)[rare] - np.eye(2)[large]
    means = law.mean @ contrast / np.sqrt(contrast @ law.covariance[rare] @ contrast)
    errors = law.class_errors()
    return (
        float(means[rare] - means[large]) / 2,
        float(means[rare] + means[large]) / 2,
        float(errors[rare]),
        float(errors[large]),
    )


def _contrasts(cell: str) -> Iterator[Contrast]:
    """Intercepts that come closer, in the end five times; an undersample with another margin."""
    for name, sign in (("unweighted", -1.0), ("unweighted+prior", 1.0)):
        gaps = [Term(sign, cell, name, ridge, "difference", "intercept") for ridge in RIDGES]
        for large, small in pairwise(gaps):
            words = f"{cell}: from ridge {large.ridge:g} to {small.ridge:g} {name} comes closer."
            yield Contrast(words, (large, small._replace(factor=-sign)))
        words = f"{cell}: {name} comes five times as close to class weights."
        yield Contrast(words, (gaps[0], gaps[-1]._replace(factor=-5 * sign)))
    whole, part = (
        Term(sign, cell, method.id, 0.0, "mean", "intercept")
        for sign, method in zip((-1.0, 1.0), MARGINS, strict=True)
    )
    yield Contrast(f"{cell}: an undersample has a largest margin of its own.", (whole, part))


STUDY = Study(
    name="separable",
    aim="Show that for separable rows the effect of weights and offsets vanishes with the ridge, "
    "on the intercept too, and that an undersample tends to another hyperplane.",
    cells=tuple(
        Cell(
            name,
            Wide(symmetric(2, d, SEPARATION), n),
            {"features": d, "ratio": n[0] // n[1]},
            quick=d < 200,
        )
        for name, (d, n) in COUNTS.items()
    ),
    estimands="Signal and intercept over the length of the slopes, class errors.",
    methods=(*(method.with_ridge(ridge) for ridge in RIDGES for method in METHODS), *MARGINS),
    reference="class-weights",
    replications=100,
    root=root_of("separable", "2026-11-25"),
    outcomes=(Hyperplane(),),
    criterion=Criterion(explanation="With 80 or 200 features what is left is of order 1/d."),
    contrasts=tuple(one for cell in COUNTS for one in _contrasts(cell)),
    observes={"max-margin": "intercept"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
