"""Focal loss and margins by class (LDAM) beside class weights and prior correction."""

from mlbalance.losses import LDAM, Focal
from mlbalance.methods import Method, methods
from mlbalance.populations import symmetric
from mlbalance.schemes import ClassWeight, Unweighted
from mlbalance.simulation import Cell, Coefficients, Contrast, Criterion, Sampled, Study, Term
from simulations._roots import root_of

SEPARATION = 2.0
SHARES, SIZES = (9, 1), (100, 400)
GAMMAS = (1.0, 2.0, 5.0)
SLOPE, INTERCEPT, NOISE = "slope", "intercept", "slope of a feature without signal"

WEIGHTED, PLAIN = ClassWeight(), Unweighted()
FOCAL = {gamma: Method(WEIGHTED, loss=Focal(gamma)) for gamma in GAMMAS}
MARGINS, BOTH = Method(PLAIN, loss=LDAM()), Method(WEIGHTED, loss=LDAM())


def counts(size: int) -> tuple[int, ...]:
    """Rows of the two classes, the rarer one's given."""
    return tuple(share * size for share in SHARES)


def name_of(size: int) -> str:
    """Id of a cell."""
    return f"{' and '.join(map(str, counts(size)))} rows"


def _contrasts(size: int) -> tuple[Contrast, ...]:
    cell, weighted, adjusted = name_of(size), "class-weights", "unweighted+prior"
    tie = Term(-1.0, cell, MARGINS.id, 0.0, "mean", SLOPE)
    return (
        Contrast(
            f"{cell}: with margins alone the mean of the rarer class is given to the larger one.",
            (tie, Term(-1.0, cell, MARGINS.id, 0.0, "mean", INTERCEPT)),
        ),
        Contrast(
            f"{cell}: slopes of logit adjustment vary less than those of class weights.",
            (Term(1.0, cell, adjusted, 0.0, "relative precision", SLOPE),),
            constant=-1.0,
        ),
        *(
            Contrast(
                f"{cell}: focal logits with gamma {gamma:g} are less than three fifths of those of "
                "class weights.",
                (
                    Term(0.6, cell, weighted, 0.0, "mean", SLOPE),
                    Term(-1.0, cell, method.id, 0.0, "mean", SLOPE),
                ),
            )
            for gamma, method in FOCAL.items()
        ),
    )


STUDY = Study(
    name="other_losses",
    aim="Compare what focal loss and margins by class estimate, and with what variance, with "
    "class weights and logit adjustment, for two Gaussian classes.",
    cells=tuple(
        Cell(
            name_of(size),
            Sampled(symmetric(2, 2, SEPARATION), counts(size), test_size=16),
            {"rows": size},
        )
        for size in SIZES
    ),
    estimands="Intercept and slope between the classes, and the slope of a feature without signal.",
    methods=(*methods("class-weights", "unweighted+prior"), *FOCAL.values(), MARGINS, BOTH),
    reference="class-weights",
    replications=1000,
    root=root_of("other_losses", "2026-11-26"),
    criterion=Criterion(),
    outcomes=(
        Coefficients(
            (
                (SLOPE, ((0, 1, 0), (0, -1, 0))),
                (INTERCEPT, ((-1, 0, 0), (1, 0, 0))),
                (NOISE, ((0, 0, 1), (0, 0, -1))),
            )
        ),
    ),
    measures=("mean",),
    contrasts=tuple(contrast for size in SIZES for contrast in _contrasts(size)),
    observes={"focal": NOISE, "margin-losses": INTERCEPT},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
