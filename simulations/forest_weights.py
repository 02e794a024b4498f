"""Forests of trees grown to purity: what draws of rows do to their votes, and weights in splits."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method
from mlbalance.populations import symmetric
from mlbalance.schemes import Bagging, BalancedSampler, Scheme, Undersample
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Sampled, Study, Term
from simulations._roots import root_of

COUNTS, TREES = (450, 50), 20
SHARES = tuple(n / sum(COUNTS) for n in COUNTS)
CELLS = {
    "one feature, no signal": (1, 0.0),
    "five features, no signal": (5, 0.0),
    "five features, signal": (5, 2.0),
}
"""Features, and the distance of the classes."""

VOTE, ERROR = "vote for the rarer class", "balanced error"
BALANCED = "splits balanced"


@dataclass(frozen=True)
class Forest(Method):
    """Bags of rows for trees, which `Votes` grows."""

    @classmethod
    def of(cls, scheme: Scheme, id: str, label: str) -> "Forest":
        """A forest of trees, each on the rows of one draw of a scheme."""
        return cls(Bagging(scheme, TREES), name=(f"forest-{id}", label))

    def fit(
        self, X: FloatArray, y: IntArray, weights: FloatArray, rows: object = None
    ) -> Estimates:
        """No coefficients: zeros (R, K, 1 + d)."""
        shape = (len(X), int(np.max(y)) + 1, 1 + X.shape[2])
        return Estimates(np.zeros(shape), np.full(len(X), "converged"))


@dataclass(frozen=True)
class Votes:
    """Mean vote for class 1 over the test rows, and balanced error of the majority of trees.

    Then both with the weights of the rows of every bag multiplied so that its classes weigh the
    same, as class_weight="balanced_subsample" of scikit-learn has it.
    """

    columns = (VOTE, ERROR, f"{VOTE}, {BALANCED}", f"{ERROR}, {BALANCED}")

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, columns)."""
        (test,) = fitted.tests
        found = []
        for X, y, bags in zip(fitted.X, fitted.y, fitted.weights, strict=True):
            values: list[float] = []
            for weights in (bags, [_balanced(bag, y) for bag in bags]):
                votes = np.mean([_tree(X, y, bag, b, test.X) for b, bag in enumerate(weights)], 0)
                wrong = (votes > 0.5) != test.y
                values += [float(test.weights @ votes), float(test.weights @ wrong)]
            found.append(values)
        return np.array(found)


def _tree(
    X: FloatArray, y: IntArray, weights: FloatArray, seed: int, new: FloatArray
) -> FloatArray:
    """Votes (N,) for class 1 of a tree on the rows with weight."""
    from sklearn.tree import DecisionTreeClassifier

    kept = weights > 0
    tree = DecisionTreeClassifier(max_features="sqrt", random_state=seed)
    # Numbers of copies and not shares: scikit-learn takes tiny impurities for none.
    tree.fit(X[kept], y[kept], sample_weight=weights[kept] * len(y))
    return np.asarray(tree.predict_proba(new)[:, 1])


def _balanced(weights: FloatArray, y: IntArray) -> FloatArray:
    """Weights with the same sum in both classes."""
    return np.asarray(weights / np.bincount(y, weights)[y] / 2)


BOOTSTRAP, SAMPLER, UNDERSAMPLE, REPLACED = METHODS = (
    Forest.of(BalancedSampler(prior=SHARES), "bootstrap", "bootstrap"),
    Forest.of(BalancedSampler(), "balanced-sampler", "class-balanced draws"),
    Forest.of(Undersample(), "undersample", "undersample"),
    Forest.of(Undersample(replace=True), "undersample-replaced", "undersample with replacement"),
)


def _contrasts() -> Iterator[Contrast]:
    signal, none = "five features, signal", "five features, no signal"

    def term(factor: float, method: Method, what: str = ERROR, cell: str = signal) -> Term:
        return Term(factor, cell, method.id, 0.0, "mean", what)

    yield Contrast(
        "Class-balanced draws have a smaller error than a bootstrap.",
        (term(1.0, BOOTSTRAP), term(-1.0, SAMPLER)),
    )
    yield Contrast(
        "An undersample has a smaller one than class-balanced draws.",
        (term(1.0, SAMPLER), term(-1.0, UNDERSAMPLE)),
    )
    yield Contrast(
        "Balanced weights in the splits of a bootstrap do not help.",
        (term(1.0, BOOTSTRAP, f"{ERROR}, {BALANCED}"), term(-1.0, BOOTSTRAP)),
    )
    yield Contrast(
        "Without signal class-balanced draws vote for the rarer class well below one half.",
        (term(-1.0, SAMPLER, VOTE, none),),
        constant=0.3,
    )


STUDY = Study(
    name="forest_weights",
    aim="Show that forests of trees grown to purity see class weights by the rows they draw, and "
    "not by weights in their splits.",
    cells=tuple(
        Cell(
            name,
            Sampled(symmetric(2, d, separation), COUNTS, test_size=128),
            {"features": d, "separation": separation},
        )
        for name, (d, separation) in CELLS.items()
    ),
    estimands="Mean vote for the rarer class, and balanced error of the majority of the trees.",
    methods=METHODS,
    reference=BOOTSTRAP.id,
    replications=120,
    root=root_of("forest_weights", "2026-11-26"),
    criterion=Criterion(
        explanation="Votes are predicted for one feature; with more, trees choose where they split "
        "by the labels. The ratio of the expected distinct rows is off the expected ratio by some "
        "0.0002 for class-balanced draws, a fraction of the Monte Carlo error."
    ),
    outcomes=(Votes(),),
    contrasts=tuple(_contrasts()),
    observes={"forest-weights": VOTE},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
