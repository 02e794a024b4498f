"""What every scheme adds to the variance of one slope and one intercept, against first order."""

import numpy as np

from mlbalance.populations import Gaussian
from mlbalance.recipes import RECIPES, named
from mlbalance.simulation import Cell, Coefficients, Sampled, Study

COUNTS = (40, 240, 160)
MEANS = np.array([[0.0, 0.0], [1.2, 0.3], [0.2, 1.4]])
SHARED = np.array([[1.0, 0.4], [0.4, 1.0]])
MODELS = {
    "right": Gaussian(MEANS, SHARED),
    "wrong": Gaussian(
        MEANS, np.stack([SHARED, [[2, -0.5], [-0.5, 0.6]], [[0.5, 0.2], [0.2, 1.5]]])
    ),
}
# The last class against the middle one: intercept, and coefficient of the first feature.
LAST = np.array([0.0, -1.0, 1.0])[:, None]
CONTRASTS = (("intercept", LAST * [1, 0, 0]), ("slope", LAST * [0, 1, 0]))

STUDY = Study(
    name="variance_inflation",
    aim="Show that first-order theory gives the variance of every scheme's estimates, the model "
    "being right or wrong and the counts fixed or random, and that what it misses falls as 1/n.",
    cells=tuple(
        Cell(
            f"{model} model, {counts} counts, {times}x",
            # The test rows are not used: the outcome is the coefficients.
            Sampled(MODELS[model], tuple(times * n for n in COUNTS), counts == "random", 2),
            quick=times == 1,
        )
        for model in MODELS
        for counts in ("fixed", "random")
        for times in (1, 4)
    ),
    estimands="One slope and one intercept of the balanced softmax, or of the unweighted one.",
    # Ten rows a class are too few for first order.
    recipes=named(*(name for name in RECIPES if name != "cap at 10")),
    reference="class weights",
    replications=1800,
    root=1952,
    outcomes=(Coefficients(CONTRASTS),),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
