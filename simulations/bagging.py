"""How fast averaging undersamples approaches class weighting: independent and disjoint bags."""

from mlbalance.methods import Method, methods
from mlbalance.populations import symmetric
from mlbalance.schemes import Bagging, Undersample
from mlbalance.simulation import Cell, Contrast, Criterion, Predictive, Sampled, Study, Term
from simulations._roots import root_of

CLASSES = symmetric(3, 2, separation=1.5)
COUNTS = {"equal ratios": (100, 500, 500), "unequal ratios": (100, 500, 1000)}
INDEPENDENT = (1, 2, 5, 10)
DISJOINT = (2, 5)  # five use up the middle class
SCHEMES = (
    *(Bagging(Undersample(), B) for B in INDEPENDENT),
    *(Bagging(Undersample(), B, disjoint=True) for B in DISJOINT),
)
LAST = Method(SCHEMES[-1]).id

STUDY = Study(
    name="bagging",
    aim="Show that B independent bags leave 1/B of what undersampling loses to class weights, that "
    "disjoint ones leave less, and to first order nothing where they use up every row; "
    "the rest there is of second order, from averaging fits instead of weights.",
    cells=tuple(
        Cell(
            f"{name}, {times}x",
            Sampled(CLASSES, tuple(times * n for n in counts)),
            {"counts": name, "times": times},
        )
        for name, counts in COUNTS.items()
        for times in (1, 4)
    ),
    estimands="Excess of the balanced log-loss over its minimum.",
    methods=(*methods("class-weights"), *map(Method, SCHEMES)),
    reference="class-weights",
    replications=2500,
    root=root_of("bagging", "2026-11-25"),
    criterion=Criterion(),
    outcomes=(Predictive("excess risk"),),
    contrasts=tuple(
        Contrast(
            f"{times}x: {DISJOINT[-1]} disjoint bags leave more where ratios are unequal.",
            (
                Term(1.0, f"unequal ratios, {times}x", LAST, 0.0, "ratio", "excess risk"),
                Term(-1.0, f"equal ratios, {times}x", LAST, 0.0, "ratio", "excess risk"),
            ),
        )
        for times in (1, 4)
    ),
    observes={
        "bagging": "excess risk",
        "disjoint-bags": "excess risk",
        "bags-needed": "excess risk",
        "argmin-mean": "excess risk",
    },
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
