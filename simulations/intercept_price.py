"""Thresholds estimated from left-out logits: what their errors cost, and when that pays."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.special import expit, ndtr

from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Method, methods
from mlbalance.populations import Logits, symmetric
from mlbalance.schemes import Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Study, Term
from simulations._limits import Wide
from simulations._roots import root_of

SEPARATION = 2.0
COUNTS = {"450 and 50": (200, (450, 50)), "180 and 20": (200, (180, 20))}
COUNTS |= {"900 and 20": (100, (900, 20))}
"""Features and rows."""

METHODS = (*methods("class-weights"), Method(Unweighted()), *methods("undersample"))
RIDGES = (0.01, 1.0)
SHIFT, PRICE, AS_FITTED = "squared shift", "price", "price of the fitted intercept"
LOST = "squared shift, weight lost"


@dataclass(frozen=True)
class Price:
    """Threshold at the midpoint of the mean left-out margins of the classes.

    Its squared distance from the best threshold, in units of the variance of the margin of a new
    row; what it adds to the balanced error; what the fitted intercept adds. The weight of a row
    that is left out goes to its class; the last number is the squared distance where it is lost.
    """

    columns = (SHIFT, PRICE, AS_FITTED, LOST)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Measures (R, columns)."""
        (test,) = fitted.tests
        values = []
        for theta, X, y, w in zip(
            fitted.theta, fitted.X, fitted.y, fitted.weights[:, 0], strict=True
        ):
            law, kept = Logits.of(theta, test.X, test.y), w > 0
            low, high = law.mean @ [-1.0, 1.0]
            spread = np.sqrt([-1.0, 1.0] @ law.covariance[0] @ [-1.0, 1.0])
            ratio, fitted_at = (high - low) / 2 / spread, -(low + high) / 2 / spread
            data = theta, X[kept], y[kept], w[kept], fitted.ridge
            shift, lost = (
                fitted_at + midpoint(left_out(*data, lost=lost), y[kept]) / spread
                for lost in (False, True)
            )
            rises = [_error(ratio, off) - ndtr(-ratio) for off in (shift, fitted_at)]
            values.append((shift**2, *rises, lost**2))
        return np.array(values)


def midpoint(margins: FloatArray, y: IntArray) -> float:
    """Midpoint of the mean margins of two classes."""
    return float(margins[y == 0].mean() + margins[y == 1].mean()) / 2


def left_out(
    theta: FloatArray, X: FloatArray, y: IntArray, weights: FloatArray, ridge: float, *, lost: bool
) -> FloatArray:
    """Margins (n,) of rows by the fits of two classes without them, one Newton step from all.

    The weight of the row is lost, or goes to the other rows of its class.
    """
    rows = np.column_stack([np.ones(len(X)), X])
    margins = rows @ (theta[1] - theta[0])
    p = expit(margins)
    bend, pull = weights * p * (1 - p), weights * (p - y)
    # As theta_1 = -theta_0, the ridge on the difference of the two is half as large.
    penalty = np.diag(np.r_[0.0, np.full(X.shape[1], ridge / 2)])
    left = np.empty(len(X))
    for k in (0, 1):
        own = y == k
        (weight,), total = set(weights[own].tolist()), weights[own].sum()
        scale = 1.0 if lost else total / (total - weight)
        hessian = (rows.T * (bend * np.where(own, scale, 1.0))) @ rows + penalty
        away = np.linalg.solve(hessian, rows[own].T)
        moves = scale * (away.T * rows[own]).sum(axis=1)
        change = moves * pull[own] - (scale - 1) * (pull[own] @ rows[own]) @ away
        left[own] = margins[own] + change / (1 - moves * bend[own])
    return left


def _error(ratio: float, off: float) -> float:
    """Balanced error of a threshold so many standard deviations off the best one."""
    return float(ndtr(-ratio - off) + ndtr(-ratio + off)) / 2


def _contrasts() -> Iterator[Contrast]:
    for cell, ridge in product(COUNTS, RIDGES):
        for method in METHODS[:2]:
            own = cell, method.id, ridge, "mean"
            terms = (Term(1.0, *own, AS_FITTED), Term(-1.0, *own, PRICE))
            yield Contrast(f"{cell}, ridge {ridge:g}: it pays for {method.id}.", terms)


STUDY = Study(
    name="intercept_price",
    aim="Show that a threshold estimated from left-out logits costs what its variance says, the "
    "correlation of left-out logits included, and that fits of all rows gain more by it.",
    cells=tuple(
        Cell(
            name,
            Wide(symmetric(2, d, SEPARATION), counts),
            {"features": d, "largest": counts[0], "rarest": counts[1]},
            quick=d < 200,
        )
        for name, (d, counts) in COUNTS.items()
    ),
    estimands="Squared distance of the threshold from the best one, in units of the variance of "
    "the logit; what it and the fitted intercept add to the balanced error.",
    methods=tuple(method.with_ridge(ridge) for ridge in RIDGES for method in METHODS),
    reference="class-weights",
    replications=400,
    root=root_of("intercept_price", "2026-11-26"),
    outcomes=(Price(),),
    criterion=Criterion(
        explanation="A relative error of order 1/d is left, about 1 %, where Monte Carlo has 5 %. "
        "Of the fitted intercept the limit has no variance, so that it is in contrasts alone. "
        "Weight that is lost moves a threshold by (1/n_min - 1/n_maj)/2 or less, which is of "
        "smaller order and yet much where logits are small: it is recorded, and not compared."
    ),
    contrasts=tuple(_contrasts()),
    observes={"intercept-price": PRICE},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
