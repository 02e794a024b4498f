"""Class weights against other schemes, six classes of 5 to 44 rows and of ten times as many."""

from mlbalance.methods import methods
from mlbalance.populations import symmetric
from mlbalance.simulation import Cell, Contrast, Criterion, Sampled, Study, Term
from simulations._roots import root_of

COUNTS = (23, 5, 44, 14, 19, 31)

CELLS = tuple(
    Cell(
        f"d={d}, {times}x",
        Sampled(symmetric(6, d, separation=2.0), tuple(times * n for n in COUNTS)),
        {"features": d, "times": times},
        quick=d <= 5,
        without=("cap-100",) if times == 1 else ("cap-10",),
    )
    for d in (2, 5, 20)
    for times in (1, 10)
)
COMPARED = methods(
    "class-weights",
    "undersample",
    "undersample-with-replacement",
    "oversample",
    "bootstrap",
    "under-bagging-10",
    "under-bagging-2-disjoint",
    "cap-10",
    "cap-100",
    "thin-0.5",
    "thin-0.5-not-renormalised",
    "balanced-sampler",
    "unweighted+prior",
)
"""Softmax fits without leave-one-out correction, one per scheme."""

BAGS, RATIO = "under-bagging-10", ("ratio", "excess risk")

STUDY = Study(
    name="six_classes",
    aim="Compare class weighting with other schemes at six counts and at ten times as many "
    "rows, against second-order theory and, for 20 features, the proportional limit.",
    cells=CELLS,
    estimands="Balanced log-loss, balanced error and worst-class error on the population; excess "
    "of the penalised balanced log-loss over its minimum; probability that there is no fit.",
    methods=tuple(method.with_ridge(ridge) for ridge in (0.0, 0.01) for method in COMPARED),
    reference="class-weights",
    replications=1000,
    root=root_of("six_classes", "2026-11-25"),
    criterion=Criterion(
        explanation="At the counts 23, 5, 44, 14, 19, 31 the smallest class has 5 rows, no more "
        "than there are features from d = 5 on: there the second-order term is not small beside "
        "the first, nor are those beyond it. In the proportional limit (d = 20) the remaining "
        "error is of order 1/d."
    ),
    contrasts=(
        *(
            Contrast(
                f"{cell.id}: undersampling has a larger excess risk than class weights.",
                (Term(1.0, cell.id, "undersample", 0.01, *RATIO),),
                constant=-1.0,
            )
            for cell in CELLS
        ),
        Contrast(
            "d=20, 1x: under-bagging with ten bags has a smaller excess risk than class weights.",
            (Term(-1.0, "d=20, 1x", BAGS, 0.01, *RATIO),),
            constant=1.0,
        ),
    ),
    observes={"excess-risk": "excess risk"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
