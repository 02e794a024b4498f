"""Fits and bags of two classes at equal degrees of freedom: what each leaves of the signal."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from mlbalance import softmax
from mlbalance.inputs import FloatArray, IntArray
from mlbalance.methods import Method, methods
from mlbalance.populations import Gaussian, Logits
from mlbalance.schemes import Bagging, Undersample, Unweighted
from mlbalance.simulation import Cell, Contrast, Criterion, Fitted, Study, Term
from simulations._limits import Wide
from simulations._roots import root_of

FEATURES, COUNTS = 200, (450, 50)
HALVES = (1, 2)
"""The study's size and half of it: the difference from the limit is of order 1/d."""

SPHERE, UNEVEN = "one variance", "two variances"
BAGS = 10
METHODS = (
    *methods("undersample"),
    Method(Bagging(Undersample(), BAGS)),
    *methods("class-weights"),
    Method(Unweighted()),
)
RIDGES = (0.01, 1.0)
SNR, GAIN = "signal to noise", "gain of least squares"
FREEDOM = "degrees of freedom per feature"


def classes(name: str, d: int) -> Gaussian:
    """Two classes, apart in the last feature; features have variance 1, or 1.9 and 0.1."""
    means = np.zeros((2, d))
    means[:, -1] = (-1.0, 1.0) if name == SPHERE else (-0.7, 0.7)
    spread = np.ones(d) if name == SPHERE else np.repeat([1.9, 0.1], d // 2)
    return Gaussian(means, np.diag(spread))


@dataclass(frozen=True)
class Freedom:
    """Margin of a new row, degrees of freedom, and what least squares makes of as many.

    A new row of class 1 has margin N(intercept + signal, variance), one of class 0 N(intercept -
    signal, variance). Degrees of freedom are the trace of the hat matrix of a fit, of bags that of
    the first, less one for the intercept. The gain is in the signal to noise, from this fit to
    unweighted least squares on all rows, at the ridge at which its hat matrix has the same trace.
    """

    columns = ("signal", "intercept", "variance", SNR, FREEDOM, GAIN)

    def __call__(self, fitted: Fitted) -> FloatArray:
        """Measures (R, columns)."""
        (test,) = fitted.tests
        first = fitted.theta
        if fitted.weights.shape[1] > 1:
            own = fitted.X, fitted.y, fitted.weights[:, 0]
            first = softmax.fit(*own, ridge=fitted.ridge).theta
        each = zip(fitted.theta, first, fitted.X, fitted.y, fitted.weights[:, 0], strict=True)
        values = []
        for theta, one, X, y, weights in each:
            signal, intercept, variance = margin(theta, test)
            df = trace(one, X, weights, fitted.ridge)
            squares = margin(least_squares(X, y, df), test)
            ratio = signal**2 / variance
            gain = squares[0] ** 2 / squares[2] - ratio
            values.append((signal, intercept, variance, ratio, df / X.shape[1], gain))
        return np.array(values)


def margin(theta: FloatArray, test: tuple[FloatArray, IntArray, FloatArray]) -> FloatArray:
    """Signal, intercept and variance of the margin of a new row."""
    law = Logits.of(theta, *test[:2])
    low, high = law.mean @ [-1.0, 1.0]
    variance = np.array([-1.0, 1.0]) @ law.covariance.mean(axis=0) @ [-1.0, 1.0]
    return np.array([(high - low) / 2, (high + low) / 2, variance])


def trace(theta: FloatArray, X: FloatArray, weights: FloatArray, ridge: float) -> float:
    """Trace of the hat matrix of a softmax fit of two classes, the intercept left out."""
    rows, kept = np.column_stack([np.ones(len(X)), X])[weights > 0], weights[weights > 0]
    p = expit(rows @ (theta[1] - theta[0]))
    curvature = (rows.T * (kept * p * (1 - p))) @ rows
    # As theta_1 = -theta_0, the ridge on the difference of the two is half as large.
    penalty = np.diag(np.r_[0.0, np.full(X.shape[1], ridge / 2)])
    return float(np.trace(np.linalg.solve(curvature + penalty, curvature))) - 1


def least_squares(X: FloatArray, y: IntArray, df: float) -> FloatArray:
    """Coefficients (2, 1 + d) of unweighted least squares with `df` degrees of freedom."""
    centre, signs = X.mean(axis=0), 2.0 * y - 1
    away = (X - centre) / np.sqrt(len(y))
    squares, axes = np.linalg.eigh(away.T @ away)
    squares = np.maximum(squares, 0.0)

    def excess(log_ridge: float) -> float:
        return float((squares / (squares + np.exp(log_ridge))).sum()) - df

    top = np.log(squares[-1])
    ridge = np.exp(brentq(excess, top - 30, top + 20))
    slopes = axes @ (axes.T @ (away.T @ signs) / np.sqrt(len(y)) / (squares + ridge))
    half = np.append(signs.mean() - centre @ slopes, slopes) / 2
    return np.stack([-half, half])


def name_of(population: str, half: int) -> str:
    """Id of a cell; the halves are named after the whole."""
    return population + ", half" * (half == 2)


def _contrasts() -> Iterator[Contrast]:
    for name, ridge in product((SPHERE, UNEVEN), RIDGES):
        for method in METHODS[:-1]:  # unweighted fits are as good, up to 1/d, at a strong ridge
            yield Contrast(
                f"{name}, ridge {ridge:g}: least squares gains on {method.id}.",
                (Term(1.0, name, method.id, ridge, "mean", GAIN),),
            )
        bags = Term(1.0, name, METHODS[1].id, ridge, "difference", SNR)
        one = Term(-1.0, name, METHODS[0].id, ridge, "difference", SNR)
        yield Contrast(f"{name}, ridge {ridge:g}: bags have more signal than one.", (bags, one))
    for ridge, sign in ((RIDGES[0], 1.0), (RIDGES[-1], -1.0)):
        yield Contrast(
            f"{SPHERE}, ridge {ridge:g}: bags have {'more' if sign > 0 else 'less'} signal to "
            "noise than all rows without weights.",
            (Term(sign, SPHERE, METHODS[1].id, ridge, "difference", SNR),),
        )


STUDY = Study(
    name="degrees_of_freedom",
    aim="Show that bags win at a weak ridge by their larger effective ridge, and that at equal "
    "degrees of freedom no fit and no bags have more signal to noise than least squares.",
    cells=tuple(
        Cell(
            name_of(name, half),
            Wide(classes(name, FEATURES // half), tuple(n // half for n in COUNTS)),
            {"population": name, "features": FEATURES // half},
            quick=name == SPHERE,
        )
        for name in (SPHERE, UNEVEN)
        for half in HALVES
    ),
    estimands="Signal, intercept, variance and signal to noise of the margin of a new row, degrees "
    "of freedom, and the signal to noise that least squares has beyond it at as many of them.",
    methods=tuple(method.with_ridge(ridge) for ridge in RIDGES for method in METHODS),
    reference=METHODS[-1].id,
    replications=200,
    root=root_of("degrees_of_freedom", "2026-11-25"),
    outcomes=(Freedom(),),
    criterion=Criterion(
        explanation="Half the features and half the rows have the same limit and twice the 1/d: "
        "from them the term of order 1/d is taken, and that of 1/d^2 is left."
    ),
    contrasts=tuple(_contrasts()),
    observes={"bag-envelope": "variance", "effective-ridge": SNR},
)

if __name__ == "__main__":
    from mlbalance.cli.studies import main

    main(STUDY)
