"""Few rows per feature: errors of six methods against the limit, for two to six classes."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from mlbalance.methods import methods
from mlbalance.populations import Gaussian
from mlbalance.simulation import Cell, Contrast, Criterion, Study, Term
from simulations._limits import Limits, Wide
from simulations._roots import root_of

FEATURES = 200
SEPARATION = {2: 2.0, 3: 2.5, 6: 3.0}
# Shares of rows by class, and rows of the rarest class.
SHARES = {2: (9, 1), 3: (6, 2, 1), 6: (23, 5, 44, 14, 19, 31)}
RAREST = {2: (20, 40, 80, 160), 3: (20, 40, 80, 160), 6: (10, 20, 40, 80)}


def corners(K: int, d: int = FEATURES) -> Gaussian:
    """Unit-covariance classes with equidistant means."""
    return Gaussian(SEPARATION[K] / np.sqrt(2) * np.eye(K, d), np.eye(d))


def counts(K: int, rarest: int) -> tuple[int, ...]:
    """Rows per class."""
    return tuple(share * rarest // min(SHARES[K]) for share in SHARES[K])


METHODS = methods(
    "class-weights",
    "undersample",
    "under-bagging-10",
    "unweighted+prior",
    "class-weights+loo",
    "unweighted+loo",
)
RIDGES = (0.01, 0.3)
ERROR = "balanced error"

HALVES = (1, 2)
"""The study's size and half of it: the difference from the limit is of order 1/d."""


def name_of(K: int, rarest: int, half: int) -> str:
    """Id of a cell; the halves are named after the whole."""
    return f"K={K}, {rarest} rarest" + ", half" * (half == 2)


def _contrasts() -> Iterator[Contrast]:
    lost = ("difference", ERROR)
    for K, ridge in product(SHARES, RIDGES):
        for rarest in RAREST[K]:
            cell = name_of(K, rarest, 1)
            yield Contrast(
                f"{cell}, ridge {ridge:g}: left-out intercepts help class weights.",
                (Term(-1.0, cell, "class-weights+loo", ridge, *lost),),
            )
    yield Contrast(
        "K=2, 20 rarest: the undersample wins.",
        (Term(-1.0, "K=2, 20 rarest", "undersample", RIDGES[0], *lost),),
    )


STUDY = Study(
    name="proportional",
    aim="Show that the equations of the proportional limit predict the errors of fits with 200 "
    "features, and which of six methods is best there.",
    cells=tuple(
        Cell(
            name_of(K, rarest, half),
            Wide(corners(K, FEATURES // half), counts(K, rarest // half)),
            {"classes": K, "rarest": rarest, "features": FEATURES // half},
            quick=K < 6 and rarest == 20,
        )
        for K in SHARES
        for rarest in RAREST[K]
        for half in HALVES
    ),
    estimands="Means and spread of a new row's logits, class errors, balanced error and log-loss, "
    "calibration slope.",
    methods=tuple(method.with_ridge(ridge) for ridge in RIDGES for method in METHODS),
    reference="class-weights",
    replications=40,
    root=root_of("proportional", "2026-11-25"),
    outcomes=(Limits(),),
    criterion=Criterion(
        explanation="Half the features and half the rows have the same limit and twice the 1/d: "
        "from them the term of order 1/d is taken, and that of 1/d^2 is left."
    ),
    contrasts=tuple(_contrasts()),
    observes={
        "intercept-bias": "margin, rarest",
        "under-bagging": "spread",
        "calibration-slope": "calibration slope",
        "loo-intercept": "margin, rarest",
    },
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
