"""The UCI Glass data: class weights, undersampling and prior correction on real rows."""

from mlbalance.data import load
from mlbalance.methods import methods
from mlbalance.simulation import Cell, Contrast, Criterion, Predictive, Split, Study, Term
from simulations._roots import root_of

GLASS = load("glass")
METHODS = ("class-weights", "undersample", "under-bagging-10", "unweighted+prior")
CELL, RIDGES = "glass, 5 folds", (0.0, 0.001, 0.01, 0.1)

STUDY = Study(
    name="glass",
    aim="Compare the methods on real data of six classes (70, 76, 17, 13, 9 and 29 rows, nine "
    "features). Together they separate the classes in part, so there is no fit without ridge.",
    cells=(Cell(CELL, Split(GLASS.X, GLASS.y, folds=5)),),
    estimands="Balanced log-loss, balanced error and worst-class error on rows left out.",
    methods=tuple(method for ridge in RIDGES for method in methods(*METHODS, ridge=ridge)),
    reference="class-weights",
    outcomes=(Predictive("log-loss", "error", "worst-class error"),),
    replications=500,
    root=root_of("glass", "2026-11-25"),
    criterion=Criterion(
        explanation="Errors are those of another data set of 214 rows (Nadeau and Bengio): more "
        "splits of this one do not make them small."
    ),
    contrasts=tuple(
        Contrast(
            f"ridge {ridge:g}: undersampling has the larger log-loss.",
            (Term(1.0, CELL, "undersample", ridge, "difference", "log-loss"),),
        )
        for ridge in RIDGES[1:]
    ),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
