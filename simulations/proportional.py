"""Few rows a feature: what every method is worth against exact theory, for two to six classes."""

import numpy as np

from mlbalance.populations import Gaussian
from mlbalance.recipes import Recipe
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted
from mlbalance.simulation import Cell, Study
from simulations._limits import Limits, Wide

FEATURES = 200
SEPARATION = {2: 2.0, 3: 2.5, 6: 3.0}
# Shares of rows by class, and rows of the rarest; the six are those that were asked about.
SHARES = {2: (9, 1), 3: (6, 2, 1), 6: (23, 5, 44, 14, 19, 31)}
RAREST = {2: (20, 40, 80, 160), 3: (20, 40, 80, 160), 6: (10, 20, 40, 80)}


def corners(K: int) -> Gaussian:
    """Unit-covariance classes, every two means as far apart."""
    return Gaussian(SEPARATION[K] / np.sqrt(2) * np.eye(K, FEATURES), np.eye(FEATURES))


def counts(K: int, rarest: int) -> tuple[int, ...]:
    """Rows of every class."""
    return tuple(share * rarest // min(SHARES[K]) for share in SHARES[K])


METHODS = {
    "class weights": (ClassWeight(), "none"),
    "undersample": (Undersample(), "none"),
    "10 under-bags": (Bagging(Undersample(), 10), "none"),
    "unweighted, prior correction": (Unweighted(), "prior"),
    "class weights, left-out intercepts": (ClassWeight(), "loo"),
    "unweighted, left-out intercepts": (Unweighted(), "loo"),
}
RIDGES = (0.01, 0.3)

STUDY = Study(
    name="proportional",
    aim="Show that the equations of n and d growing together give what fits of 200 features are "
    "worth, and which of six methods is best there.",
    cells=tuple(
        Cell(
            f"K={K}, {rarest} rarest",
            Wide(corners(K), counts(K, rarest)),
            quick=K < 6 and rarest <= 40,
        )
        for K in SHARES
        for rarest in RAREST[K]
    ),
    estimands="Means and spread of a new row's logits, class errors, balanced error and log-loss, "
    "calibration slope.",
    recipes=tuple(
        Recipe(name, scheme, ridge, correction)
        for ridge in RIDGES
        for name, (scheme, correction) in METHODS.items()
    ),
    reference="class weights",
    replications=40,
    root=2024,
    outcomes=(Limits(),),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
