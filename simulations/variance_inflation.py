"""Variance of one slope and one intercept under every scheme, against theory."""

import numpy as np

from mlbalance.methods import methods
from mlbalance.populations import Gaussian
from mlbalance.simulation import Cell, Coefficients, Criterion, Sampled, Study
from simulations._roots import root_of

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
    aim="Show that theory gives the variance of every scheme's estimates, for correctly specified "
    "and misspecified models and fixed and random counts, the second order included.",
    cells=tuple(
        Cell(
            f"{model} model, {counts} counts, {times}x",
            # The test rows are not used: the outcome is the coefficients.
            Sampled(MODELS[model], tuple(times * n for n in COUNTS), counts == "random", 2),
            {"model": model, "counts": counts, "times": times},
            quick=times == 1,
        )
        for model in MODELS
        for counts in ("fixed", "random")
        for times in (1, 4)
    ),
    estimands="One slope and one intercept of the balanced softmax, or of the unweighted one.",
    # Ten rows per class are too few for first order.
    methods=methods(
        "class-weights",
        "undersample",
        "undersample-with-replacement",
        "oversample",
        "bootstrap",
        "under-bagging-10",
        "under-bagging-2-disjoint",
        "cap-100",
        "thin-0.5",
        "thin-0.5-not-renormalised",
        "balanced-sampler",
        "unweighted+prior",
    ),
    reference="class-weights",
    replications=1800,
    root=root_of("variance_inflation", "2026-11-25"),
    outcomes=(Coefficients(CONTRASTS),),
    criterion=Criterion(
        explanation="With 40 rows in the smallest class and as many kept the second order is up to "
        "a third of the first, and a third order is left. Under random counts the "
        "second order is that of fixed counts."
    ),
    observes={
        "random-totals": "intercept",
        "random-counts": "intercept",
        "loewner": "slope",
    },
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
