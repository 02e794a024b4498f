"""Undersampling against class weights at threshold zero: simulated points of the phase diagram."""

from mlbalance.methods import methods
from mlbalance.populations import symmetric
from mlbalance.simulation import Cell, Criterion, Study
from simulations._limits import Limits, Wide
from simulations._roots import root_of

FEATURES = 200
SEPARATION = 2.0
RATIO = 8
RIDGES = (0.01, 0.1, 1.0, 10.0)
# Rows of the rare class, from a twentieth to four fifths of the number of features.
RAREST = (10, 20, 40, 80, 160)

STUDY = Study(
    name="phase_diagram",
    aim="Show, on both sides of the boundary in the proportional limit, that undersampling has the "
    "smaller balanced error where the rare class has few rows per feature, the larger elsewhere.",
    cells=tuple(
        Cell(
            f"{rarest} rare rows",
            Wide(symmetric(2, FEATURES, SEPARATION), (RATIO * rarest, rarest)),
            {"rarest": rarest},
            quick=rarest <= 40,
        )
        for rarest in RAREST
    ),
    estimands="Balanced error at threshold zero, and the other measures that have a limit.",
    methods=tuple(
        method
        for ridge in RIDGES
        for method in methods("class-weights", "undersample", ridge=ridge)
    ),
    reference="class-weights",
    replications=100,
    root=root_of("phase_diagram", "2026-11-25"),
    outcomes=(Limits(),),
    criterion=Criterion(
        explanation="With 200 features the remaining error of the limit is of order 1/d."
    ),
    observes={"ridge-limit": "error, rarest", "flip": "balanced error"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
