"""From weights to an offset: errors along the bridge, the model right, nearly so and wrong."""

import numpy as np

from mlbalance.populations import Gaussian
from mlbalance.recipes import Recipe, named
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Cell, Sampled, Study
from mlbalance.theory import bridge_prior
from simulations._outcomes import Functional, SquaredErrors

COUNTS = (1500, 500, 125)
MEANS = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
SPREADS = {"right": 1.0, "nearly right": 1.25, "wrong": 2.0}  # variances of the smallest class
ENDS = {0.0: "unweighted, prior correction", 1.0: "class weights"}
BETWEEN = {
    g: Recipe(
        f"bridge at {g:g}",
        ClassWeight(prior=tuple(bridge_prior(COUNTS, g).tolist())),
        correction="prior",
    )
    for g in (0.25, 0.5, 0.75)
}
SLOPE = Functional("slope", ((0, 0, -1), (0, 0, 0), (0, 0, 1)))

STUDY = Study(
    name="bridge",
    aim="Show how weights traded for an offset trade robustness for efficiency.",
    cells=tuple(
        Cell(
            f"model {name}",
            Sampled(Gaussian(MEANS, np.stack([np.eye(2), np.eye(2), s * np.eye(2)])), COUNTS),
        )
        for name, s in SPREADS.items()
    ),
    estimands="A slope of the balanced optimum, of the smallest class against the largest.",
    recipes=(*named(*ENDS.values()), *BETWEEN.values()),
    reference="class weights",
    replications=2000,
    root=2021,
    outcomes=(SquaredErrors((SLOPE,)),),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
