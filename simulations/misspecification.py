"""How wrong must a model be before weighting beats the efficient fit, and could one see it?"""

from mlbalance.recipes import named
from mlbalance.simulation import Cell, Study
from simulations._outcomes import Exact, Functional, SquaredErrors
from simulations._tilted import Rejected, Tilt, on_a_grid

COUNTS = (4000, 400)
SLOPE = Functional("slope", ((0, -1), (0, 1)))
CLASSES = on_a_grid(separation=2.0, points=13)
DEPARTURES = (0.0, 0.5, 1.0, 1.5, 2.0)  # relative to that of equal mean squared errors
DIRECTIONS = {"least favourable": 1.0, "another": 0.5}

TILTS = {
    f"{name} direction, {size:g}": Tilt(CLASSES, COUNTS, SLOPE, correlation, size / correlation)
    for name, correlation in DIRECTIONS.items()
    for size in DEPARTURES
}

STUDY = Study(
    name="misspecification",
    aim="Find the departure from a right model at which class weights come to have a smaller mean "
    "squared error than the unweighted fit, and the power of the best test against it.",
    cells=tuple(Cell(name, Exact(tilt.population, COUNTS)) for name, tilt in TILTS.items()),
    estimands="The slope of the balanced optimum under the departure; rejections at 5 percent.",
    recipes=named("class weights", "unweighted, prior correction"),
    reference="class weights",
    replications=1200,
    root=1977,
    outcomes=(
        SquaredErrors((SLOPE,)),
        *(
            Rejected(f"{name} direction", CLASSES, COUNTS, SLOPE, r)
            for name, r in DIRECTIONS.items()
        ),
    ),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
