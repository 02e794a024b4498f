"""Coverage of a bootstrap where the ridge is chosen, and of profile intervals with few rows."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlbalance.estimators import SoftmaxClassifier
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method
from mlbalance.populations import Gaussian, symmetric
from mlbalance.schemes import ClassWeight, Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Quantity, Sampled, Study, Term
from simulations._roots import root_of

NAMES = ("intercept", "slope", "other slope")
LOWEST = 0.92
"""Coverage promised for the advised intervals."""


@dataclass(frozen=True)
class Classifier(Method):
    """Fits of a `SoftmaxClassifier`, with the kind of interval advised for it and a usual one."""

    settings: tuple[tuple[str, object], ...] = ()
    kinds: tuple[str, str] = ("bootstrap", "moderated")

    def fit(
        self, X: FloatArray, y: IntArray, weights: FloatArray, rows: object = None
    ) -> Estimates:
        """Fits of R data sets, with their ridge."""
        labels = np.broadcast_to(y, X.shape[:2])
        fits = [self.fitted(*own) for own in zip(X, labels, strict=True)]
        theta = np.array([_of_all(np.column_stack([f.intercept_, f.coef_])) for f in fits])
        ridges = np.array([fit.ridge_ for fit in fits])
        return Estimates(theta, np.full(len(X), "converged", dtype="U32"), ridges)

    def fitted(self, X: FloatArray, y: IntArray) -> SoftmaxClassifier:
        """The classifier, without its warnings of ridges at the end of the path."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return SoftmaxClassifier(self.scheme, **dict(self.settings)).fit(X, y)


METHODS = (
    Classifier(
        ClassWeight(),
        name=("chosen-ridge", "class weights, ridge and scale chosen"),
        settings=(("ridge", "loo"), ("correction", "loo"), ("temperature", True)),
    ),
    Classifier(
        Unweighted(),
        name=("firth", "unweighted, Firth's penalty"),
        settings=(("ridge", 0.0), ("penalty", "firth")),
        kinds=("profile", "model"),
    ),
)


def _of_all(numbers: FloatArray) -> FloatArray:
    """Numbers (K, ...) of coefficients; of two classes (1, ...), with zeros for the first."""
    return np.concatenate([np.zeros_like(numbers), numbers]) if len(numbers) == 1 else numbers


@dataclass(frozen=True)
class Covered:
    """Whether intervals contain the coefficients of the rarest class at the balanced optimum.

    Of two classes they are those against the other, else those that sum to zero over classes.
    """

    @property
    def columns(self) -> tuple[Quantity, ...]:
        """Two shares and a length for each coefficient."""
        uses = ("advised covers", "usual covers", "length of advised")
        return tuple(Quantity(f"{name}, {use}") for name in NAMES for use in uses)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Numbers (R, columns)."""
        assert fitted.chosen is not None
        # Firth's fit has no ridge, and a ridge that is chosen is positive.
        methods = [METHODS[0 if ridge else 1] for ridge in fitted.chosen]
        return np.array([_found(*own) for own in zip(methods, fitted.X, fitted.y, strict=True)])


def _found(method: Classifier, X: FloatArray, y: IntArray) -> FloatArray:
    classifier, truth = method.fitted(X, y), TRUTH[int(y.max()) + 1]
    advised, usual = (
        _of_all(classifier.confidence_intervals(kind=kind))[1, : len(NAMES)]
        for kind in method.kinds
    )
    inside = [(ends[:, 0] <= truth) & (truth <= ends[:, 1]) for ends in (advised, usual)]
    return np.column_stack([*inside, advised[:, 1] - advised[:, 0]]).ravel().astype(float)


TWO, SIX = Gaussian([[0.0, 0.0], [1.5, 0.0]], np.eye(2)), symmetric(6, 2, 2.0)


def _truth(population: Gaussian) -> FloatArray:
    theta = population.theta()
    return (theta - (theta[0] if len(theta) == 2 else theta.mean(axis=0)))[1]


TRUTH = {2: _truth(TWO), 6: _truth(SIX)}
"""Coefficients (3,) of the second class, by the number of classes; further features have none."""


def cell(counts: tuple[int, ...], d: int, *, without: tuple[str, ...] = ()) -> Cell:
    """Cell of a design with d features, of which those beyond two are noise."""
    own = TWO if len(counts) == 2 else SIX
    means = np.zeros((len(counts), d))
    means[:, :2] = own.means
    return Cell(
        f"{'/'.join(map(str, counts))} rows, d={d}",
        Sampled(Gaussian(means, np.eye(d)), counts, test_size=16),
        {"classes": len(counts), "smallest": min(counts), "rows": sum(counts), "features": d},
        quick=sum(counts) == 50,
        without=without,
    )


CELLS = (
    cell((45, 5), 2),
    cell((90, 10), 2),
    cell((450, 50), 2),
    cell((450, 50), 20, without=("firth",)),
    cell((23, 5, 44, 14, 19, 31), 2),
)


def _contrasts() -> Iterator[Contrast]:
    for one in CELLS:
        for method in METHODS:
            for name in NAMES if method.id not in one.without else ():
                own = Term(1.0, one.id, *method.key, "mean", f"{name}, advised covers")
                words = f"{one.id}, {method.label}, {name}: at least {LOWEST:g}."
                yield Contrast(words, (own,), -LOWEST)


STUDY = Study(
    name="advised_intervals",
    aim="Show how often 95 percent intervals cover after a choice of the ridge, by a bootstrap of "
    "the whole fit and as if the ridge were given, and for unweighted fits of few rows by the "
    "penalised likelihood and by the inverse Hessian.",
    cells=CELLS,
    estimands="Intercept and two slopes of a class of few rows, at the balanced optimum without "
    "ridge, of a correctly specified model.",
    methods=METHODS,
    reference=METHODS[0].id,
    replications=200,
    root=root_of("advised_intervals", "2026-11-26"),
    outcomes=(Covered(),),
    criterion=Criterion(
        explanation="Of advised intervals: the bootstrap of a chosen ridge, the profile of the "
        "penalised likelihood. The prediction is a band of 92 % and more; a share below is "
        "compared with 92 %, and one inside agrees."
    ),
    contrasts=tuple(_contrasts()),
    long=True,
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
