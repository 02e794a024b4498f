"""Rare cases: controls per case that are as good as class weights on all controls."""

from mlbalance.corrections import PriorShift
from mlbalance.methods import Method, methods
from mlbalance.populations import symmetric
from mlbalance.schemes import Cap
from mlbalance.simulation import Cell, Coefficients, Contrast, Criterion, Sampled, Study, Term
from mlbalance.theory import break_even_controls
from simulations._roots import root_of

CASES, CONTROLS = 200, 5_000
RATIOS, SEPARATIONS = (1, 2, 4, 8, 16), (1.0, 1.5, 2.0, 3.0)


def _kept(ratio: int, how: str, prior: tuple[int, int]) -> Method:
    return Method(
        Cap(ratio * CASES, prior=tuple(share / sum(prior) for share in prior)),
        correction=PriorShift(),
        name=(f"controls-{ratio}-{how}", f"{ratio} controls per case, {how}"),
    )


PRECISION = ("relative precision", "slope")

# Kept rows with equal weights and an offset, or with inverse-probability weights.
OFFSET = {r: _kept(r, "offset", (r, 1)) for r in RATIOS}
INVERSE = {r: _kept(r, "weighted", (CONTROLS, CASES)) for r in RATIOS[::2]}


def clear(ratio: int, separation: float) -> bool:
    """Whether a ratio is at least twice or at most half that at which the winner changes."""
    return not 0.5 < ratio / break_even_controls(separation) < 2.0


STUDY = Study(
    name="rare_events",
    aim="Compare the variance of a slope from few controls per case with that of class weights "
    "and of the unweighted fit on all rows, and find the ratio r* from which an undersample with "
    "offset beats balanced weighting of every row.",
    cells=tuple(
        Cell(
            f"separation {s:g}",
            Sampled(symmetric(2, 1, s), (CONTROLS, CASES), test_size=16),
            {"separation": s},
        )
        for s in SEPARATIONS
    ),
    estimands="The slope between two Gaussian classes.",
    methods=(
        *methods("class-weights", "unweighted+prior"),
        *OFFSET.values(),
        *INVERSE.values(),
    ),
    reference="class-weights",
    replications=1000,
    root=root_of("rare_events", "2026-11-25"),
    criterion=Criterion(),
    outcomes=(Coefficients((("slope", ((0, -1), (0, 1))),)),),
    contrasts=tuple(
        Contrast(
            f"separation {s:g}: {r} controls per case are {'better' if late else 'worse'} than "
            "weighting every row.",
            (Term(1.0 if late else -1.0, f"separation {s:g}", method.id, 0.0, *PRECISION),),
            constant=-1.0 if late else 1.0,
        )
        for s in SEPARATIONS
        for r, method in OFFSET.items()
        if clear(r, s)
        for late in (r > break_even_controls(s),)
    ),
    observes={"rare-limit": "slope", "break-even": "slope"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
