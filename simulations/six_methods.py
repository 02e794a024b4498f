"""Every method of `mlbalance compare` for six classes of 5 to 44 rows."""

from dataclasses import replace

import numpy as np

from mlbalance.populations import Gaussian, symmetric
from mlbalance.simulation import Cell, Contrast, Criterion, NamedMethod, Predictive, Study, Term
from simulations._real_sources import Drawn
from simulations._roots import root_of
from simulations.real_data import COMPARED

COUNTS = (23, 5, 44, 14, 19, 31)
METHODS = (*COMPARED, "network-undersample")
TEST = 1200
"""Test rows of a replicate, equally many of every class."""


def unequal() -> Gaussian:
    """Means of the vertices of a simplex, every second class with three times the spread.

    Classes are told apart by their spread too, of which no linear method knows.
    """
    simplex = symmetric(6, 5, separation=2.0)
    spread = np.where(np.arange(6) % 2, 1.5, 0.5)
    return replace(simplex, covariance=spread[:, None, None] ** 2 * np.eye(5))


POPULATIONS = {
    **{f"d={d}": symmetric(6, d, separation=2.0) for d in (2, 5, 20)},
    "d=5, unequal spread": unequal(),
}
CELLS = tuple(
    Cell(
        name,
        Drawn(population, COUNTS, test_size=TEST, methods=METHODS),
        {"population": name},
        quick=name == "d=2",
    )
    for name, population in POPULATIONS.items()
)


def _larger(method: str, words: str) -> Contrast:
    terms = (Term(1 / len(CELLS), c.id, method, 0.0, "difference", "error") for c in CELLS)
    return Contrast(f"{words} errs more than class weights on average.", tuple(terms))


STUDY = Study(
    name="six_methods",
    aim="Compare all methods, linear or not, on samples with the six counts of the question.",
    cells=CELLS,
    estimands="Balanced error, balanced log-loss and Brier score of new rows, with probabilities "
    "at the uniform prior.",
    methods=tuple(map(NamedMethod, METHODS)),
    reference="class-weights",
    replications=50,
    root=root_of("six_methods", "2026-11-26"),
    outcomes=(Predictive("error", "log-loss", "Brier"),),
    criterion=Criterion(
        explanation="All that is predicted is that softmax fits with a ridge chosen by left-out "
        "rows exist."
    ),
    contrasts=(
        _larger("undersample", "Undersampling"),
        _larger("unweighted", "The unweighted fit as it is"),
        _larger("forest-class-weight", "A forest with class weights"),
        _larger("network-undersample", "An undersampled network"),
    ),
    long=True,
    differences=("error", "log-loss"),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
