"""Existence of a fit without ridge, with every row and with an undersample."""

from mlbalance.methods import methods
from mlbalance.populations import symmetric
from mlbalance.simulation import Cell, Criterion, Sampled, Study
from simulations._roots import root_of
from simulations._verdicts import Exists, Verdict

# One feature, where the probability is an integral; smallest classes against four times as many.
LINE = {(s, m): (4 * m, m) for s in (1.0, 2.0, 3.0) for m in (2, 4, 8, 16)}
# Ten features without signal and labels by a fair coin, where it is Cover's formula.
COIN = {n: (n // 2, n // 2) for n in (16, 20, 22, 24, 28)}
# Ten features with signal, three rows of the other class per row of the smallest.
SPACE = {m: (3 * m, m) for m in (8, 10, 12, 16, 20)}

METHODS = methods("class-weights", "undersample")

STUDY = Study(
    name="existence",
    aim="Show where class weights have a fit and an undersample has none, and that the solver's "
    "status is the exact verdict.",
    cells=(
        *(
            Cell(
                f"d=1, separation {s:g}, {m}",
                Sampled(symmetric(2, 1, s), counts, test_size=16),
                {"features": 1, "separation": s, "labels": "fixed", "smallest": m},
            )
            for (s, m), counts in LINE.items()
        ),
        *(
            Cell(
                f"d=10, no signal, {n} rows",
                Sampled(symmetric(2, 10, 0.0), counts, random=True, test_size=16),
                {"features": 10, "separation": 0.0, "labels": "drawn", "smallest": n // 2},
            )
            for n, counts in COIN.items()
        ),
        *(
            Cell(
                f"d=10, separation 1, {m}",
                Sampled(symmetric(2, 10, 1.0), counts, test_size=16),
                {"features": 10, "separation": 1.0, "labels": "fixed", "smallest": m},
            )
            for m, counts in SPACE.items()
        ),
    ),
    estimands="Probability that there is no unique maximum of the likelihood.",
    methods=(*METHODS, *(Verdict.of(method) for method in METHODS)),
    reference="class-weights",
    replications=1000,
    root=root_of("existence", "2026-11-25"),
    outcomes=(Exists(),),
    criterion=Criterion(
        explanation="With ten features that carry signal the prediction is a formula of conic "
        "geometry, averaged over draws of the feature with the signal, with a Monte Carlo error."
    ),
    observes={"existence": "fit"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
