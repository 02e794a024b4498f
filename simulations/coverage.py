"""Coverage of model, robust and design-based intervals, for correct and misspecified models."""

import numpy as np

from mlbalance.methods import methods
from mlbalance.populations import Gaussian
from mlbalance.simulation import Cell, Criterion, Sampled, Study
from simulations._outcomes import Functional, Intervals, truths
from simulations._roots import root_of

COUNTS = (900, 300, 150)
MEANS = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]])
OWN = np.stack([np.eye(2), [[1.6, 0.5], [0.5, 0.8]], [[0.5, -0.2], [-0.2, 2.0]]])
MODELS = {"right": Gaussian(MEANS, np.eye(2)), "wrong": Gaussian(MEANS, OWN)}

# Of the smallest class against the largest.
_SLOPE, _INTERCEPT = ((0, 0, -1), (0, 0, 0), (0, 0, 1)), ((-1, 0, 0), (0, 0, 0), (1, 0, 0))
FUNCTIONALS = (
    Functional("slope", _SLOPE),
    Functional("intercept", _INTERCEPT),
    Functional("natural intercept", _INTERCEPT, natural=True),
)

STUDY = Study(
    name="coverage",
    aim="Show which covariance gives intervals with 95 percent coverage: the inverse Hessian, HC0 "
    "(robust), or the design-based one with classes as strata.",
    cells=tuple(
        Cell(
            f"model {name}, {'random' if random else 'fixed'} counts",
            Sampled(population, COUNTS, random=random, test_size=16),
            {"model": name, "counts": "random" if random else "fixed"},
            truth=truths(FUNCTIONALS, population, COUNTS),
        )
        for name, population in MODELS.items()
        for random in (False, True)
    ),
    estimands="A slope, an intercept at equal priors and one at the natural ones, of the balanced "
    "optimum; coverage of 95 percent intervals of three kinds.",
    methods=methods("class-weights", "undersample", "unweighted+prior"),
    reference="class-weights",
    replications=2000,
    root=root_of("coverage", "2026-11-25"),
    criterion=Criterion(),
    outcomes=(Intervals(FUNCTIONALS),),
    observes={
        "sandwich": "slope, design",
        "intercept-shift": "intercept, robust",
        "naive-se": "intercept, model",
    },
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
