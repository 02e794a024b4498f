"""The UCI Glass data: class weights, undersampling and prior correction on real rows."""

from mlbalance.data import load
from mlbalance.recipes import named
from mlbalance.simulation import Cell, Claim, Criterion, Predictive, Split, Study, Term
from simulations._roots import root_of

GLASS = load("glass")
METHODS = (
    "class weights",
    "undersample",
    "under-bagging (10 bags)",
    "unweighted, prior correction",
)
CELL, RIDGES = "glass, 5 folds", (0.0, 0.001, 0.01, 0.1)

STUDY = Study(
    name="glass",
    aim="Compare the methods on real data of six classes (70, 76, 17, 13, 9 and 29 rows, nine "
    "features). All nine features separate the classes in part, so there is no fit without ridge.",
    cells=(Cell(CELL, Split(GLASS.X, GLASS.y, folds=5)),),
    estimands="Balanced log-loss, balanced error and worst-class error on rows left out.",
    recipes=tuple(recipe for ridge in RIDGES for recipe in named(*METHODS, ridge=ridge)),
    reference="class weights",
    outcomes=(Predictive("log-loss", "error", "worst-class error"),),
    replications=500,
    root=root_of("glass", "2026-11-25"),
    criterion=Criterion(
        explanation="Errors are those of another data set of 214 rows (Nadeau and Bengio): more "
        "splits of this one do not make them small."
    ),
    claims=tuple(
        Claim(
            f"ridge {ridge:g}: undersampling has the larger log-loss.",
            (Term(1.0, CELL, "undersample", ridge, "difference in log-loss"),),
        )
        for ridge in RIDGES[1:]
    ),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
