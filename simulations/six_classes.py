"""Six classes of 23, 5, 44, 14, 19 and 31 rows: weight all rows, or undersample?"""

from mlbalance.populations import symmetric
from mlbalance.recipes import RECIPES, named
from mlbalance.simulation import Cell, Claim, Criterion, Sampled, Study, Term
from simulations._roots import root_of

COUNTS = (23, 5, 44, 14, 19, 31)

CELLS = tuple(
    Cell(
        f"d={d}, {times}x",
        Sampled(symmetric(6, d, separation=2.0), tuple(times * n for n in COUNTS)),
        quick=d <= 5,
        without=("cap at 100",) if times == 1 else ("cap at 10",),
    )
    for d in (2, 5, 20)
    for times in (1, 10)
)
BAGS = "under-bagging (10 bags)"

STUDY = Study(
    name="six_classes",
    aim="Compare class weighting with every other scheme at the asker's counts and at ten times as "
    "many rows, against theory to second order and, for 20 features, in proportion.",
    cells=CELLS,
    estimands="Balanced log-loss, balanced error and worst-class error on the population; excess "
    "of the penalised balanced log-loss over its minimum; probability that there is no fit.",
    recipes=named(*RECIPES) + named(*RECIPES, ridge=0.01),
    reference="class weights",
    replications=1000,
    root=root_of("six_classes", "2026-11-25"),
    criterion=Criterion(
        explanation="At the asker's counts a class has 5 rows, no more than features from d = 5 "
        "on: there the second order is no small correction of the first, and a third is left. In "
        "proportion (d = 20) what is left is of order 1/d."
    ),
    claims=(
        *(
            Claim(
                f"{cell.name}: undersampling costs more than class weights.",
                (Term(1.0, cell.name, "undersample", 0.01, "risk ratio"),),
                constant=-1.0,
            )
            for cell in CELLS
        ),
        Claim(
            "d=20, 1x: ten bags beat class weights.",
            (Term(-1.0, "d=20, 1x", BAGS, 0.01, "risk ratio"),),
            constant=1.0,
        ),
    ),
    observes={"excess-risk": "excess risk"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
