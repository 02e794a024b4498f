"""Rows per feature from which fits without ridge exist, for two and three classes."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mlbalance import softmax
from mlbalance.methods import methods
from mlbalance.populations import Gaussian, symmetric
from mlbalance.schemes import ClassWeight
from mlbalance.simulation import Cell, Criterion, Sampled, Study
from simulations._roots import root_of
from simulations._verdicts import Exists, Verdict

FEATURES, SEPARATION = 60, 1.0
TWO, UNEQUAL, EQUAL = "two classes", "three classes, two alike", "three classes, equal"
SHARES = {TWO: (9, 1), UNEQUAL: (4, 4, 1), EQUAL: (1, 1, 1)}
RAREST = {
    TWO: (18, 22, 25, 28, 31, 36, 46, 56, 64, 72, 82, 92),
    UNEQUAL: (10, 13, 15, 17, 20, 24, 27, 32, 36),
    EQUAL: (42, 48, 52, 56, 60, 66),
}
QUICK = {
    TWO: (22, 25, 28, 31, 36, 46, 56, 64, 72, 82),
    UNEQUAL: (10, 13, 15, 17, 20, 24, 27, 32),
    EQUAL: (42, 56),
}
WITHOUT = {TWO: ("completely-separated",), UNEQUAL: ("undersample",), EQUAL: ("undersample",)}


@dataclass(frozen=True)
class Complete(Verdict):
    """The exact verdict, with a failure only for complete separation."""

    statuses: ClassVar[dict[str, str]] = {
        **softmax.OF_VERDICT,
        **dict.fromkeys(("quasi-separated", "not identified"), "converged"),
    }


def population(kind: str) -> Gaussian:
    """Unit-covariance classes: the rarest apart from the others, or all equidistant."""
    K = len(SHARES[kind])
    if kind == EQUAL:
        return symmetric(K, FEATURES, SEPARATION)
    means = np.zeros((K, FEATURES))
    means[-1, 0] = SEPARATION
    return Gaussian(means, np.eye(FEATURES))


def counts(kind: str, rarest: int) -> tuple[int, ...]:
    """Rows per class."""
    return tuple(share * rarest for share in SHARES[kind])


STUDY = Study(
    name="separation_thresholds",
    aim="Show that fits without ridge exist from the predicted load on, weighted ones at far lower "
    "loads than undersamples, and that three unequal classes have a second threshold.",
    cells=tuple(
        Cell(
            f"{kind}, {rarest}",
            Sampled(population(kind), counts(kind, rarest), test_size=16),
            {"classes": kind, "rarest": rarest},
            quick=rarest in QUICK[kind],
            without=WITHOUT[kind],
        )
        for kind in SHARES
        for rarest in RAREST[kind]
    ),
    estimands="Probability that the likelihood has no unique maximum, and probability that the "
    "classes are completely separated.",
    methods=(
        *methods("class-weights", "undersample"),
        Complete(ClassWeight(), name=("completely-separated", "completely separated")),
    ),
    reference="class-weights",
    replications=200,
    root=root_of("separation_thresholds", "2026-11-25"),
    outcomes=(Exists(),),
    criterion=Criterion(
        explanation="Cover's exact formula for two classes of labels by a coin is above its limit "
        "by 1/d of it, which is added to every threshold."
    ),
    observes={"mle-threshold": "fit"},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
