"""A rare outcome in eight features: what balancing does to ranking and to calibration.

Scenario 9 of Carriero et al. 2025 (Statistics in Medicine, PMID 39865585), with class weights,
which they do not have.
"""

import numpy as np

from mlbalance.populations import Gaussian
from mlbalance.recipes import Recipe, named
from mlbalance.schemes import Unweighted
from mlbalance.simulation import Cell, Fresh, Predictive, Study

ROWS, PREVALENCE, SHIFT = 3594, 0.02, 0.6043
COUNTS = (ROWS * (1 - PREVALENCE), ROWS * PREVALENCE)  # expected: labels are drawn
COVARIANCE = np.eye(8)
COVARIANCE[:6, :6] += 0.2 * (1 - np.eye(6))
CLASSES = Gaussian(SHIFT * np.outer([0, 1], np.ones(8)), np.stack([COVARIANCE, 0.7 * COVARIANCE]))

STUDY = Study(
    name="calibration",
    aim="Reproduce published effects of undersampling and oversampling on a risk model's ranking "
    "and calibration, and put class weights beside them.",
    cells=(
        Cell("2 %", Fresh(CLASSES, COUNTS, random=True, test_size=10 * ROWS, target="natural")),
    ),
    estimands="AUC, calibration slope and calibration intercept on fresh rows as they occur.",
    recipes=(
        Recipe("unweighted", Unweighted()),
        *named("undersample", "oversample", "class weights"),
    ),
    reference="unweighted",
    replications=2000,
    root=2025,
    outcomes=(Predictive("AUC", "calibration slope", "calibration intercept"),),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
