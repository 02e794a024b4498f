"""Least squares on indicators: fits, bags and the one weighted ridge that many bags are."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Estimates, Method
from mlbalance.populations import Gaussian, Logits
from mlbalance.schemes import Bagging, ClassWeight, Undersample, Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Study, Term
from simulations._limits import Wide
from simulations._roots import root_of

FEATURES = 100
SHARES = {2: (9, 1), 3: (6, 2, 1), 6: (23, 5, 44, 14, 19, 31)}
RAREST = {2: 24, 3: 24, 6: 20}
SEPARATION = {2: 2.0, 3: 2.5, 6: 3.0}
VARIANCES = (1.5, 0.5)
HALVES = (1, 2)
"""The study's size and half of it: the difference from the limit is of order 1/d."""

RIDGES = (0.05, 1.0)
BAGS = 30
DISTANCE, FARTHEST, GAP = "mean squared distance", "squared distance, rarest", "gap to the one fit"


@dataclass(frozen=True)
class LeastSquares(Method):
    """Weighted least squares on indicators of the classes, with intercepts, averaged over bags.

    The objective is sum_i W_i |e_y - theta x|^2 / 2 + (ridge/2) |slopes|^2, weights of sum one.
    """

    def fit(
        self, X: FloatArray, y: IntArray, weights: FloatArray, rows: object = None
    ) -> Estimates:
        """Scores of data sets X (R, n, d), y (n,) or (R, n), weights (R, bags, n)."""
        labels = np.broadcast_to(y, (len(X), X.shape[1]))
        theta = [
            np.mean([_ridge(*data, bag, self.ridge) for bag in bags], axis=0)
            for *data, bags in zip(X, labels, weights, strict=True)
        ]
        return Estimates(np.array(theta), np.full(len(X), "converged"))


@dataclass(frozen=True)
class OneFit(LeastSquares):
    """The one weighted ridge that infinitely many undersamples are, weights harmonic by row."""

    def fit(
        self, X: FloatArray, y: IntArray, weights: FloatArray, rows: object = None
    ) -> Estimates:
        """Scores of data sets X (R, n, d), y (n,) or (R, n)."""
        labels = np.broadcast_to(y, (len(X), X.shape[1]))
        theta = [one_fit(*data, self.ridge) for data in zip(X, labels, strict=True)]
        return Estimates(np.array(theta), np.full(len(X), "converged"))


def _ridge(X: FloatArray, y: IntArray, weights: FloatArray, ridge: float) -> FloatArray:
    """Coefficients (K, 1 + d), the intercept first."""
    kept = weights > 0
    rows, targets = _design(X[kept]), np.eye(int(y.max()) + 1)[y[kept]]
    own = rows.T * weights[kept]
    return np.asarray(np.linalg.solve(own @ rows + _penalty(X, ridge), own @ targets).T)


def one_fit(X: FloatArray, y: IntArray, ridge: float) -> FloatArray:
    """Coefficients (K, 1 + d) of infinitely many undersamples of all classes.

    A row that is in a bag with chance pi weighs a = pi/(1 + (1 - pi) V), V = h/(1 - a h), h its
    leverage in this fit per unit of weight.
    """
    counts = np.bincount(y)
    kept, total = counts.min() / counts[y], counts.size * counts.min()
    rows, penalty = _design(X), _penalty(X, ridge)
    a = kept
    for _ in range(200):
        last = a
        inverse = np.linalg.inv((rows.T * a) @ rows / total + penalty)
        leverage = ((rows @ inverse) * rows).sum(axis=1) / total
        moves = leverage / (1 - a * leverage)
        a = kept / (1 + (1 - kept) * moves)
        if np.abs(a - last).max() < 1e-7:
            break
    else:
        return np.full((counts.size, 1 + X.shape[1]), np.nan)
    return _ridge(X, y, a / total, ridge)


def _design(X: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(X)), X])


def _penalty(X: FloatArray, ridge: float) -> FloatArray:
    return np.diag(np.r_[0.0, np.full(X.shape[1], ridge)])


@dataclass(frozen=True)
class Distances:
    """Squared Mahalanobis distances of the classes in the space of the scores of a new row.

    Their mean over pairs of classes, and that of the rarest class from the largest; last the
    variance within classes of the difference of these scores from those of the one fit that
    infinitely many undersamples are, over the variance of the latter's scores.
    """

    columns = (DISTANCE, FARTHEST, GAP)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Measures (R, columns)."""
        (test,) = fitted.tests
        values = []
        for theta, X, y in zip(fitted.theta, fitted.X, fitted.y, strict=True):
            one = one_fit(X, y, fitted.ridge)
            law, own, apart = (Logits.of(t, test.X, test.y) for t in (theta, one, theta - one))
            spread = [np.trace(each.covariance.mean(axis=0)) for each in (apart, own)]
            matrix = law.mean @ np.linalg.pinv(law.covariance.mean(axis=0), 1e-9) @ law.mean.T
            values.append((*distances(matrix, np.bincount(y)), spread[0] / spread[1]))
        return np.array(values)


def distances(matrix: FloatArray, counts: FloatArray) -> tuple[float, float]:
    """Mean squared distance, and that of the rarest class from the largest.

    `matrix` (K, K) holds inner products of the class means in the metric of the scores.
    """
    own = np.diag(matrix)
    squares = own[:, None] + own - 2 * matrix
    K = len(own)
    farthest = squares[int(np.argmin(counts)), int(np.argmax(counts))]
    return float(squares.sum() / (K * (K - 1))), float(farthest)


def _named(kind: type, scheme, id: str, label: str) -> Method:
    return kind(scheme, name=(id, label))


UNDERSAMPLE, MANY, ONE, WEIGHTED, PLAIN = METHODS = (
    _named(LeastSquares, Undersample(), "squares-undersample", "one undersample"),
    _named(LeastSquares, Bagging(Undersample(), BAGS), f"squares-bags-{BAGS}", f"{BAGS} bags"),
    _named(OneFit, Unweighted(), "squares-one-fit", "infinitely many bags"),
    _named(LeastSquares, ClassWeight(), "squares-class-weights", "class weights"),
    _named(LeastSquares, Unweighted(), "squares-unweighted", "unweighted"),
)


def corners(K: int, d: int) -> Gaussian:
    """Equidistant classes; features have variance 1.5 and 0.5 in turn."""
    means = SEPARATION[K] / np.sqrt(2) * np.eye(K, d)
    return Gaussian(means, np.diag(np.tile(VARIANCES, d // 2)))


def counts(K: int, half: int) -> tuple[int, ...]:
    """Rows per class."""
    return tuple(share * RAREST[K] // (min(SHARES[K]) * half) for share in SHARES[K])


def name_of(K: int, half: int) -> str:
    """Id of a cell; the halves are named after the whole."""
    return f"K={K}" + ", half" * (half == 2)


def _contrasts() -> Iterator[Contrast]:
    for K, ridge in product(SHARES, RIDGES):
        cell = name_of(K, 1)
        near = Term(-1.0, cell, MANY.id, ridge, "mean", GAP)
        noise = Term(1 / BAGS, cell, UNDERSAMPLE.id, ridge, "mean", GAP)
        for far in (WEIGHTED, PLAIN):
            terms = (near, noise, Term(1.0, cell, far.id, ridge, "mean", GAP))
            words = f"{cell}, ridge {ridge:g}: but for their noise bags are nearer than {far.id}."
            yield Contrast(words, terms)
        lost = Term(-1.0, cell, UNDERSAMPLE.id, ridge, "difference", DISTANCE)
        yield Contrast(f"{cell}, ridge {ridge:g}: one undersample is less than all.", (lost,))


STUDY = Study(
    name="effective_size",
    aim="Show that least squares on indicators depends on weights and bags by an effective size, "
    "and that many bags are one weighted ridge, for two to six classes.",
    cells=tuple(
        Cell(
            name_of(K, half),
            Wide(corners(K, FEATURES // half), counts(K, half)),
            {"classes": K, "features": FEATURES // half},
            quick=K < 6,
        )
        for K in SHARES
        for half in HALVES
    ),
    estimands="Squared Mahalanobis distances of the classes in the space of the scores; relative "
    "variance of the difference from the scores of the one fit.",
    methods=tuple(method.with_ridge(ridge) for ridge in RIDGES for method in METHODS),
    reference=ONE.id,
    replications=200,
    root=root_of("effective_size", "2026-11-26"),
    outcomes=(Distances(),),
    criterion=Criterion(
        explanation="Half the features and half the rows have the same limit and twice the 1/d: "
        "from them the term of order 1/d is taken, and that of 1/d^2 is left. The gap of the bags "
        "from the one fit is their own noise, to the same order."
    ),
    contrasts=tuple(_contrasts()),
    observes={"kish-bags": DISTANCE},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
