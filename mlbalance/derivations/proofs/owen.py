"""Few cases against ever more controls: the majority tilted to the mean of the cases (`owen`).

Letters: n_1 cases with mean xbar, a majority distribution with mass w_r at the points x_r (a
sample, or a quadrature of any distribution), e = exp(alpha) of the intercept alpha, N controls, the
limit a of N e; slopes b, t_r = exp(b' x_r).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Function, IndexedBase, MatrixSymbol, S, Sum, Symbol, exp, limit, log, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Step,
    argued,
    computed,
    equal_given,
    equal_matrices,
)

i, r, l, j, k = symbols("i r l j k", integer=True)
R, d, cases = symbols("R d n_1", integer=True, positive=True)
e, t, a = symbols("e t a", positive=True)
w, b, x = (IndexedBase(name) for name in "wbx")


def _over_points(term: Any, index: Any = r) -> Any:
    return Sum(term, (index, 1, R))


def _tilt(index: Any = r) -> Any:
    return w[index] * exp(Sum(b[j] * x[index, j], (j, 1, d)))


def tilted_mean_expression() -> Any:
    """Component k of the majority's mean after tilting by b, in w (R,), x (R, d), b (d,)."""
    return _over_points(_tilt() * x[r, k]) / _over_points(_tilt())


def owen() -> Derivation:
    """Slopes of the rare limit with finitely many cases (label `owen`)."""
    steps = (*_limits(), *_equations(), *_convex(), *_gaussian())
    return Derivation(
        "owen", "two classes; symbolic in n_1, d and the distribution of the majority", steps
    )


def _limits() -> tuple[Step, ...]:
    p = e * t / (1 + e * t)
    return (
        computed(
            "N = a/e controls at a point share this much of the score as e falls to zero.",
            limit(a / e * p, e, 0),
            a * t,
            name="[e \\to 0] N p",
            key="control-share",
        ),
        computed(
            "A case all of it.",
            limit(1 - p, e, 0),
            S.One,
            name="[e \\to 0] (1 - p)",
            key="case-share",
        ),
        argued(
            "The fit keeps N exp(alpha) and the slopes bounded, and the limit may be taken in the "
            "score equations, the sum over the majority being the integral over its distribution, "
            "where that surrounds the mean of the cases and has all exponential moments.",
            r"N e^{\alpha} \to a, \quad \beta_{N} \to b",
            "Owen 2007, theorem 8",
            key="owen",
            cites=("owen2007",),
            conditions=("two-classes", "few-cases", "surround", "all-moments", "no-ridge"),
            limit=True,
        ),
    )


def _equations() -> tuple[Step, ...]:
    mean = Symbol("xbar_k")
    total = _over_points(_tilt())
    own = Sum(x[i, k], (i, 1, cases))
    return (
        computed(
            "Score of the intercept: it gives the limit a.",
            Sum(S.One, (i, 1, cases)) - cases / total * _over_points(_tilt()),
            S.Zero,
            name=r"n_{1} - a E_{0} t",
            key="intercept",
        ),
        computed(
            "Score of a slope with this a: of the cases only their mean is left.",
            own - cases / total * _over_points(_tilt() * x[r, k]),
            cases * (mean - tilted_mean_expression()),
            name=r"\sum_{i} x_{ik} - a E_{0} t x_{k}",
            key="mean",
            check=equal_given({own: cases * mean}),
        ),
    )


def _pairs(mass: Callable[[Any], Any], value: Callable[[Any], Any]) -> Any:
    """Mean squared difference of two points, halved and not normed."""
    return Sum(mass(r) * mass(l) * (value(r) - value(l)) ** 2, (r, 1, R), (l, 1, R)) / 2


def _convex() -> tuple[Step, ...]:
    s, y, mass = Symbol("s"), IndexedBase("y"), IndexedBase("q")
    positive_mass, real = Function("q", positive=True), Function("y", real=True)
    apart = Symbol("e", real=True, nonzero=True)

    def tilt(index: Any) -> Any:
        return mass[index] * exp(s * y[index])

    normed = Sum(tilt(r), (r, 1, R))
    return (
        computed(
            "The tilted mean is the gradient of the cumulant generating function.",
            log(_over_points(_tilt())).diff(b[k]),
            tilted_mean_expression(),
            name=r"\partial \log E_{0} t/\partial b_{k}",
            key="gradient",
        ),
        computed(
            "Along a line b + s v, with y_r = v' x_r and masses q_r: its second derivative is a "
            "sum of squares of differences.",
            log(normed).diff(s, 2),
            _pairs(tilt, lambda index: y[index]) / normed**2,
            name=r"\partial^{2} \log E_{0} t/\partial s^{2}",
            key="curvature",
        ),
        computed(
            "None of its terms is negative,",
            _pairs(positive_mass, real),
            relation=">=",
            key="convex",
        ),
        computed(
            "and those of two points with v' x apart are positive, which there are for every v "
            "as the majority surrounds the mean: at most one b solves the equations.",
            positive_mass(r) * positive_mass(l) * apart**2 / 2,
            relation=">",
            name=r"q_{r} q_{l} (y_{r} - y_{l})^{2}/2",
            key="unique",
        ),
    )


def _gaussian() -> tuple[Step, ...]:
    cov = MatrixSymbol("S", d, d)
    mu, point, slope, mean = (MatrixSymbol(s, d, 1) for s in ("mu", "x", "b", "xbar"))
    away, moved = point - mu, point - mu - cov * slope

    def both(one: Any, other: Any) -> Any:
        return (one.T * other + other.T * one) / 2

    return (
        computed(
            "A Gaussian majority: completing the square, its tilt by b is Gaussian with mean "
            "mu + S b.",
            away.T * cov.I * away / 2 - both(point, slope),
            moved.T * cov.I * moved / 2 - both(mu, slope) - slope.T * cov * slope / 2,
            name=r"(x - \mu)' S^{-1} (x - \mu)/2 - x' b",
            key="tilt",
            check=equal_matrices(cov),
        ),
        computed(
            "So b, S^-1 times the difference of the means, solves the equations.",
            mu + cov * (cov.I * (mean - mu)),
            mean,
            name=r"\mu + S b",
            key="solves",
            check=equal_matrices(cov),
        ),
    )
