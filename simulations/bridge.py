"""From weights to an offset: errors along the bridge, by degree of misspecification."""

import numpy as np

from mlbalance.corrections import PriorShift
from mlbalance.methods import Method, methods
from mlbalance.populations import Gaussian
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Cell, Contrast, Criterion, Sampled, Study, Term
from mlbalance.theory import bridge_prior
from simulations._outcomes import Functional, SquaredErrors
from simulations._roots import root_of

COUNTS = (1500, 500, 125)
MEANS = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
SPREADS = {"right": 1.0, "nearly right": 1.25, "wrong": 2.0}  # variances of the smallest class
ENDS = {0.0: "unweighted+prior", 1.0: "class-weights"}
BETWEEN = {
    g: Method(
        ClassWeight(prior=tuple(bridge_prior(COUNTS, g).tolist())),
        correction=PriorShift(),
        name=(f"bridge-{g:g}", f"bridge at {g:g}"),
    )
    for g in (0.25, 0.5, 0.75)
}
ERROR = "squared error of slope"
SLOPE = Functional("slope", ((0, 0, -1), (0, 0, 0), (0, 0, 1)))

STUDY = Study(
    name="bridge",
    aim="Show how the bridge from weights to an offset trades robustness for efficiency.",
    cells=tuple(
        Cell(
            f"model {name}",
            Sampled(Gaussian(MEANS, np.stack([np.eye(2), np.eye(2), s * np.eye(2)])), COUNTS),
            {"model": name},
        )
        for name, s in SPREADS.items()
    ),
    estimands="A slope of the balanced optimum, of the smallest class against the largest.",
    methods=(*methods(*ENDS.values()), *BETWEEN.values()),
    reference="class-weights",
    replications=2000,
    root=root_of("bridge", "2026-11-25"),
    criterion=Criterion(),
    outcomes=(SquaredErrors((SLOPE,)),),
    contrasts=(
        Contrast(
            "The model right, the offset has the smaller error.",
            (Term(-1.0, "model right", ENDS[0.0], 0.0, "difference", ERROR),),
        ),
        Contrast(
            "The model wrong, weights have the smaller error.",
            (Term(1.0, "model wrong", ENDS[0.0], 0.0, "difference", ERROR),),
        ),
    ),
    observes={"bridge": "squared error of slope"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
