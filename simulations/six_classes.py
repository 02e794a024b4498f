"""Six classes of 23, 5, 44, 14, 19 and 31 rows: weight all rows, or undersample?"""

from mlbalance.populations import symmetric
from mlbalance.recipes import RECIPES, named
from mlbalance.simulation import Cell, Sampled, Study

COUNTS = (23, 5, 44, 14, 19, 31)

STUDY = Study(
    name="six_classes",
    aim="Compare class weighting with every other scheme at the asker's counts, where first-order "
    "theory should not be trusted, and at ten times as many rows, where it should hold.",
    cells=tuple(
        Cell(
            f"d={d}, {times}x",
            Sampled(symmetric(6, d, separation=2.0), tuple(times * n for n in COUNTS)),
            quick=d <= 5,
            without=("cap at 100",) if times == 1 else ("cap at 10",),
        )
        for d in (2, 5, 20)
        for times in (1, 10)
    ),
    estimands="Balanced log-loss, balanced error and worst-class error on the population; excess "
    "of the penalised balanced log-loss over its minimum; probability that there is no fit.",
    recipes=named(*RECIPES) + named(*RECIPES, ridge=0.01),
    reference="class weights",
    replications=1000,
    root=2026,
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
