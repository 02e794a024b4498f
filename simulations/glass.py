"""The UCI Glass data: class weights, undersampling and prior correction on real rows."""

from mlbalance.data import load
from mlbalance.recipes import named
from mlbalance.simulation import Cell, Predictive, Split, Study

GLASS = load("glass")
METHODS = (
    "class weights",
    "undersample",
    "under-bagging (10 bags)",
    "unweighted, prior correction",
)

STUDY = Study(
    name="glass",
    aim="Compare the methods on real data of six classes (70, 76, 17, 13, 9 and 29 rows, nine "
    "features). All nine features separate the classes in part, so there is no fit without ridge.",
    cells=(Cell("glass, 5 folds", Split(GLASS.X, GLASS.y, folds=5)),),
    estimands="Balanced log-loss, balanced error and worst-class error on rows left out.",
    recipes=tuple(
        recipe for ridge in (0.0, 0.001, 0.01, 0.1) for recipe in named(*METHODS, ridge=ridge)
    ),
    reference="class weights",
    outcomes=(Predictive("log-loss", "error", "worst-class error"),),
    replications=500,
    root=1987,
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
