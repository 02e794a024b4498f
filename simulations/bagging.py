"""How fast averaging undersamples approaches class weighting: independent and disjoint bags."""

from mlbalance.populations import symmetric
from mlbalance.recipes import Recipe, named
from mlbalance.schemes import Bagging, Undersample
from mlbalance.simulation import Cell, Predictive, Sampled, Study

CLASSES = symmetric(3, 2, separation=1.5)
COUNTS = {"equal ratios": (100, 500, 500), "unequal ratios": (100, 500, 1000)}
INDEPENDENT = (1, 2, 5, 10)
DISJOINT = (2, 5)  # five use up the middle class

STUDY = Study(
    name="bagging",
    aim="Show that B independent bags leave 1/B of what undersampling loses to class weights, that "
    "disjoint ones leave less, and nothing where they use up every row; to first order: "
    "what it misses falls as 1/n.",
    cells=tuple(
        Cell(f"{name}, {times}x", Sampled(CLASSES, tuple(times * n for n in counts)))
        for name, counts in COUNTS.items()
        for times in (1, 4)
    ),
    estimands="Excess of the balanced log-loss over its minimum.",
    recipes=(
        *named("class weights"),
        *(Recipe(f"{B} bags", Bagging(Undersample(), B)) for B in INDEPENDENT),
        *(Recipe(f"{B} disjoint bags", Bagging(Undersample(), B, disjoint=True)) for B in DISJOINT),
    ),
    reference="class weights",
    replications=2500,
    root=1996,
    outcomes=(Predictive("excess risk"),),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
