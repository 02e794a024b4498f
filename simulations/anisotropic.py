"""Few rows per feature, where features or classes differ in spread."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from mlbalance.methods import methods
from mlbalance.populations import Gaussian
from mlbalance.simulation import Cell, Contrast, Criterion, Study, Term
from simulations._limits import Limits, Wide
from simulations._roots import root_of

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
METHODS = methods(
    "class-weights", "undersample", "under-bagging-10", "unweighted+prior", "class-weights+loo"
)
RIDGES = (0.01, 1.0)

BAGS, LEFT_OUT = "under-bagging-10", "class-weights+loo"
ERROR = "balanced error"
NARROW, WIDER, TIGHTER = "signal where they do not", "wider rare class", "tighter rare class"


def _contrasts() -> Iterator[Contrast]:
    for ridge, largest in product(RIDGES, LARGEST):
        for name, method, sign in (
            (WIDER, "undersample", -1.0),
            (TIGHTER, "undersample", 1.0),
            (TIGHTER, BAGS, 1.0),
        ):
            yield _loses(name, largest, method, ridge, sign)
        for name, population in POPULATIONS.items():
            pull = np.trace(population.covariance, axis1=-2, axis2=-1) / (largest, RAREST)
            sign = float(np.sign(pull[1] - pull[0]))
            moved = Term(
                sign, f"{name}, {largest}", LEFT_OUT, ridge, "difference", "margin, rarest"
            )
            words = f"{name}, {largest}, ridge {ridge:g}: weights are against the larger sigma^2/n."
            yield Contrast(words, (moved,))
    yield _loses("signal where features vary", LARGEST[-1], BAGS, RIDGES[0], -1.0)
    yield _loses(NARROW, LARGEST[-1], BAGS, RIDGES[0], 1.0)
    for method, words, few, many in (
        (LEFT_OUT, "more rows halve the error of", 0.5, -1.0),
        (BAGS, "more rows lower the error of", 1.0, -1.0),
        (BAGS, "more rows take less than a tenth off the error of", -0.9, 1.0),
    ):
        ends = zip((few, many), (LARGEST[0], LARGEST[-1]), strict=True)
        terms = (Term(f, f"{NARROW}, {n}", method, RIDGES[0], "mean", ERROR) for f, n in ends)
        yield Contrast(f"{NARROW}: {words} {method}.", tuple(terms))


def _loses(name: str, largest: int, method: str, ridge: float, sign: float) -> Contrast:
    """A method has the larger error than class weights, or the smaller one."""
    cell = f"{name}, {largest}"
    words = f"{cell}, ridge {ridge:g}: {method} {'lose' if sign > 0 else 'win'}s."
    return Contrast(words, (Term(sign, cell, method, ridge, "difference", ERROR),))


STUDY = Study(
    name="anisotropic",
    aim="Show where the rows that an undersample drops are needed: for a signal in directions of "
    "small variance, and for a rare class that is tighter than the other.",
    cells=tuple(
        Cell(
            f"{name}, {largest}",
            Wide(population, (largest, RAREST)),
            {"population": name, "largest": largest},
            quick=(largest, name) in QUICK,
        )
        for name, population in POPULATIONS.items()
        for largest in LARGEST
    ),
    estimands="Means and spread of a new row's logits, class errors, balanced error and log-loss, "
    "calibration slope.",
    methods=tuple(method.with_ridge(ridge) for ridge in RIDGES for method in METHODS),
    reference="class-weights",
    replications=40,
    root=root_of("anisotropic", "2026-11-25"),
    outcomes=(Limits(),),
    criterion=Criterion(explanation="With 200 features what is left is of order 1/d."),
    contrasts=tuple(_contrasts()),
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
