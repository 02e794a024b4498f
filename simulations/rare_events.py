"""Cases are rare: how many controls per case are as good as class weights on all of them?"""

from mlbalance.populations import symmetric
from mlbalance.recipes import Recipe, named
from mlbalance.schemes import Cap
from mlbalance.simulation import Cell, Coefficients, Sampled, Study

CASES, CONTROLS = 400, 10_000
RATIOS, SEPARATIONS = (1, 2, 4, 8, 16), (1.0, 1.5, 2.0, 3.0)


def _kept(name: str, ratio: int, prior: tuple[int, int]) -> Recipe:
    shares = tuple(share / sum(prior) for share in prior)
    return Recipe(name, Cap(ratio * CASES, prior=shares), correction="prior")


# Kept rows that all weigh the same, or as the rows they stand for.
OFFSET = {r: _kept(f"{r} controls a case, offset", r, (r, 1)) for r in RATIOS}
INVERSE = {r: _kept(f"{r} controls a case, weighted", r, (CONTROLS, CASES)) for r in RATIOS[::2]}

STUDY = Study(
    name="rare_events",
    aim="Compare the variance of a slope from few controls per case with that of class weights "
    "and of the unweighted fit on all rows, and find the ratio r* at which an undersample with "
    "offset comes to beat balanced weighting of every row.",
    cells=tuple(
        Cell(
            f"separation {s:g}",
            Sampled(symmetric(2, 1, s), (CONTROLS, CASES), test_size=16),
        )
        for s in SEPARATIONS
    ),
    estimands="The slope between two Gaussian classes.",
    recipes=(
        *named("class weights", "unweighted, prior correction"),
        *OFFSET.values(),
        *INVERSE.values(),
    ),
    reference="class weights",
    replications=1000,
    root=2020,
    outcomes=(Coefficients((("slope", ((0, -1), (0, 1))),)),),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
