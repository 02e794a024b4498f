"""A rare outcome in eight features: what balancing does to ranking and to calibration.

Scenario 9 of Carriero et al. 2025 (Statistics in Medicine, PMID 39865585), with class weights
added.
"""

from collections.abc import Iterator

import numpy as np

from mlbalance.methods import Method, methods
from mlbalance.populations import Gaussian
from mlbalance.schemes import Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fresh, Predictive, Study, Term
from simulations._roots import root_of

ROWS, PREVALENCE, SHIFT = 3594, 0.02, 0.6043
COUNTS = (ROWS * (1 - PREVALENCE), ROWS * PREVALENCE)  # expected: labels are drawn
COVARIANCE = np.eye(8)
COVARIANCE[:6, :6] += 0.2 * (1 - np.eye(6))
CLASSES = Gaussian(SHIFT * np.outer([0, 1], np.ones(8)), np.stack([COVARIANCE, 0.7 * COVARIANCE]))

CELL = "2 %"
MEASURES = (("mean", "AUC"), ("median", "calibration slope"), ("median", "calibration intercept"))


def _contrasts() -> Iterator[Contrast]:
    """Oversampling differs from class weights by less than a tenth of what undersampling does."""
    for metric, estimand in MEASURES:
        for side, words in ((1.0, "more"), (-1.0, "less")):
            factors = {"undersample": -0.1, "oversample": -side, "class-weights": 0.1 + side}
            if metric == "mean":  # of the same data sets: differences from class weights
                del factors["class-weights"]
            own = "difference" if metric == "mean" else metric
            terms = (Term(f, CELL, name, 0.0, own, estimand) for name, f in factors.items())
            yield Contrast(
                f"{metric} {estimand}: of oversampling not {words} than class weights have, but "
                "for a tenth of what undersampling lacks.",
                tuple(terms),
            )


STUDY = Study(
    name="calibration",
    aim="Reproduce published effects of undersampling and oversampling on a risk model's ranking "
    "and calibration, and compare class weights with them.",
    cells=(Cell(CELL, Fresh(CLASSES, COUNTS, random=True, test_size=10 * ROWS, target="natural")),),
    estimands="AUC, calibration slope and calibration intercept on new rows at the natural prior.",
    methods=(Method(Unweighted()), *methods("undersample", "oversample", "class-weights")),
    reference="class-weights",
    replications=2000,
    root=root_of("calibration", "2026-11-25"),
    criterion=Criterion(
        explanation="Medians have no paired difference: errors of contrasts of them are added."
    ),
    outcomes=(Predictive("AUC", "calibration slope", "calibration intercept"),),
    contrasts=tuple(_contrasts()),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
