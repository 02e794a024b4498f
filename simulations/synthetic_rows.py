"""Synthetic rows of SMOTE: balanced fits overstate slopes, and move against the rarer class."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method, methods
from mlbalance.populations import Logits, symmetric
from mlbalance.schemes import Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Quantity, Study, Term
from simulations._limits import Wide
from simulations._roots import root_of

COUNTS = (10_000, 1000)
CELLS = {"separation 2": (2, 2.0), "separation 3": (2, 3.0), "20 features": (20, 2.0)}
"""Features and separation."""

SLOPE, INTERCEPT, RARE, OTHER = "slope", "intercept", "error, rarer", "error, larger"


@dataclass(frozen=True)
class Smote(Method):
    """imbalanced-learn's SMOTE to equal numbers of rows, then an unweighted fit of two classes."""

    neighbours: int | None = None
    """How many; all other rows of the class for None."""

    stream_name: ClassVar[str] = "synthetic rows"

    def fit(
        self,
        X: FloatArray,
        y: IntArray,
        weights: FloatArray,
        rows: object = None,
        rngs: Sequence[np.random.Generator] = (),
    ) -> Estimates:
        """Fits of data sets X (R, n, d), y (n,) or (R, n)."""
        from imblearn.over_sampling import SMOTE

        labels = np.broadcast_to(y, (len(X), X.shape[1]))
        found = []
        for own, classes, rng in zip(X, labels, rngs, strict=True):
            k = self.neighbours or int(np.bincount(classes).min()) - 1
            sampler = SMOTE(k_neighbors=k, random_state=int(rng.integers(2**31)))
            found.append(softmax.fit(*sampler.fit_resample(own, classes), ridge=self.ridge))
        theta, status = (
            np.stack([getattr(f, name) for f in found]) for name in ("theta", "status")
        )
        return Estimates(theta, status.astype("U32"))


@dataclass(frozen=True)
class Boundary:
    """Log-odds of the rarer class along the axis of the means, and the errors of both classes.

    The intercept is that at the midpoint of the means, which is the origin.
    """

    columns = Quantity(SLOPE), Quantity(INTERCEPT), Quantity(RARE), Quantity(OTHER)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Measures (R, columns)."""
        (test,) = fitted.tests
        axis = test.X[test.y == 1].mean(axis=0) - test.X[test.y == 0].mean(axis=0)
        contrasts = fitted.theta[:, 1] - fitted.theta[:, 0]
        slopes = (contrasts[:, 1:] * (axis / np.sqrt((axis * axis).sum()))).sum(axis=1)
        errors = [Logits.of(theta, test.X, test.y).class_errors()[::-1] for theta in fitted.theta]
        return np.column_stack([slopes, contrasts[:, 0], errors])


METHODS = (
    *methods("class-weights", "oversample"),
    Smote(Unweighted(), name=("smote-all", "SMOTE, any other row")),
    Smote(Unweighted(), name=("smote-5", "SMOTE, 5 nearest"), neighbours=5),
)


def _contrasts() -> Iterator[Contrast]:
    for cell in CELLS:
        slope, rare = (
            Term(1.0, cell, "smote-all", 0.0, "difference", estimand) for estimand in (SLOPE, RARE)
        )
        yield Contrast(f"{cell}: SMOTE of any two rows has the larger slope.", (slope,))
        yield Contrast(f"{cell}: it errs more on the rarer class.", (rare,))
    whole, near = (
        Term(sign, "20 features", id, 0.0, "difference", SLOPE)
        for id, sign in (("smote-all", -0.5), ("smote-5", 1.0))
    )
    words = "20 features: with 5 nearest neighbours the slope rises by more than half as much."
    yield Contrast(words, (near, whole))


STUDY = Study(
    name="synthetic_rows",
    aim="Show that SMOTE fits another target than class weights: larger slopes, and an intercept "
    "against the class that it oversamples; repeated rows do not.",
    cells=tuple(
        Cell(
            name,
            Wide(symmetric(2, d, separation), COUNTS),
            {"features": d, "separation": separation},
            quick=name == "separation 2",
        )
        for name, (d, separation) in CELLS.items()
    ),
    estimands="Slope and intercept of the log-odds along the axis of the means, class errors.",
    methods=METHODS,
    reference="class-weights",
    replications=100,
    root=root_of("synthetic_rows", "2026-11-26"),
    outcomes=(Boundary(),),
    criterion=Criterion(
        explanation="Predictions are of many rows. What is left is of order d/n in the rarer "
        "class, below one Monte Carlo error with 2 features and 1000 rows; with 20 features, and "
        "of nearest neighbours, nothing is predicted but contrasts."
    ),
    contrasts=tuple(_contrasts()),
    observes={"smote-target": SLOPE},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
