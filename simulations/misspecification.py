"""Misspecification at which weighting beats the efficient fit, and the power to detect it."""

from mlbalance.methods import methods
from mlbalance.simulation import Cell, Contrast, Criterion, Study, Term
from simulations._outcomes import Exact, Functional, SquaredErrors
from simulations._roots import root_of
from simulations._tilted import Rejected, Tilt, on_a_grid

COUNTS = (4000, 400)
SLOPE = Functional("slope", ((0, -1), (0, 1)))
CLASSES = on_a_grid(separation=2.0, points=13)
DEPARTURES = (0.0, 0.5, 1.0, 1.5, 2.0)  # relative to that of equal mean squared errors
DIRECTIONS = {"least favourable": 1.0, "another": 0.5}
UNWEIGHTED, ERRORS = "unweighted+prior", ("difference", "squared error of slope")

TILTS = {
    (name, size): Tilt(CLASSES, COUNTS, SLOPE, correlation, size / correlation)
    for name, correlation in DIRECTIONS.items()
    for size in DEPARTURES
}


def cell_of(direction: str, departure: float) -> str:
    """Id of a cell."""
    return f"{direction} direction, {departure:g}"


STUDY = Study(
    name="misspecification",
    aim="Find the departure from a correctly specified model from which class weights beat the "
    "unweighted fit in mean squared error, and the power of the best test there.",
    cells=tuple(
        Cell(
            cell_of(direction, departure),
            Exact(tilt.population, COUNTS),
            {"direction": direction, "departure": departure},
        )
        for (direction, departure), tilt in TILTS.items()
    ),
    estimands="The slope of the balanced optimum under the departure; rejections at 5 percent.",
    methods=methods("class-weights", "unweighted+prior"),
    reference="class-weights",
    replications=2400,  # an error of a quarter of the effect at a departure of 1.5
    root=root_of("misspecification", "2026-11-25"),
    criterion=Criterion(),
    outcomes=(
        SquaredErrors((SLOPE,)),
        *(
            Rejected(f"{name} direction", CLASSES, COUNTS, SLOPE, r)
            for name, r in DIRECTIONS.items()
        ),
    ),
    contrasts=tuple(
        Contrast(
            f"{cell_of(*at)}: {'weighting' if at[1] > 1 else 'the unweighted fit'} has the smaller "
            "error.",
            (Term(1.0 if at[1] > 1 else -1.0, cell_of(*at), UNWEIGHTED, 0.0, *ERRORS),),
        )
        for at in TILTS
        if at[1] != 1.0
    ),
    observes={
        "offset-efficiency": "squared error of slope",
        "contiguity": "rejected, least favourable direction",
    },
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
