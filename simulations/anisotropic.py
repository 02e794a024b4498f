"""Few rows a feature, and directions or classes that differ in spread: other lessons."""

import numpy as np

from mlbalance.populations import Gaussian
from mlbalance.recipes import Recipe
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted
from mlbalance.simulation import Cell, Study
from simulations._limits import Limits, Wide

FEATURES = 200
VARIANCES = np.repeat([1.9, 0.1], FEATURES // 2)
RAREST, LARGEST = 40, (80, 240, 800)


def halves(separation: float, feature: int) -> Gaussian:
    """Means apart in one feature; half of the features have a large variance, half a small one."""
    return Gaussian(_apart(separation, feature), np.diag(VARIANCES))


def scaled(separation: float, scale: float) -> Gaussian:
    """Isotropic classes, the rarer with `scale` times the standard deviation of the other."""
    sigma2 = np.array([1.0, scale**2])
    return Gaussian(_apart(separation, 0), sigma2[:, None, None] * np.eye(FEATURES))


def _apart(separation: float, feature: int) -> np.ndarray:
    means = np.zeros((2, FEATURES))
    means[:, feature] = -separation / 2, separation / 2
    return means


POPULATIONS = {
    "signal where features vary": halves(3.0, 0),
    "signal where they do not": halves(1.4, FEATURES - 1),
    "wider rare class": scaled(3.0, 1.5),
    "tighter rare class": scaled(2.0, 0.5),
}
QUICK = ((80, "signal where they do not"), (80, "tighter rare class"))
METHODS = {
    "class weights": (ClassWeight(), "none"),
    "undersample": (Undersample(), "none"),
    "10 under-bags": (Bagging(Undersample(), 10), "none"),
    "unweighted, prior correction": (Unweighted(), "prior"),
    "class weights, left-out intercepts": (ClassWeight(), "loo"),
}
RIDGES = (0.01, 1.0)

STUDY = Study(
    name="anisotropic",
    aim="Show where it takes the rows that an undersample drops: for a signal in directions of "
    "small variance, and for a rare class that is tighter than the other.",
    cells=tuple(
        Cell(
            f"{name}, {largest}",
            Wide(population, (largest, RAREST)),
            quick=(largest, name) in QUICK,
        )
        for name, population in POPULATIONS.items()
        for largest in LARGEST
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
    root=1943,
    outcomes=(Limits(),),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
