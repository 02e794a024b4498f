"""One change of the winner, at a boundary between two ends (`flip`).

Letters: a = 2 s^2/beta, k = (n_0 + n_1)/(n_0 - n_1) > 1, N = a + k, v = beta/4, theta = 2/beta.
G is the balanced error of weighting less that of an undersample, whose variances are 2 beta N and
2 beta (N + 1). As a flow of heat it starts at N = 0 from D(y), which is odd: for y > 0, 1/2 up to
y = 1 and 0 beyond, less Phi(-y/root of theta).
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Rational,
    S,
    Symbol,
    diff,
    erf,
    exp,
    expand,
    integrate,
    log,
    oo,
    pi,
    powsimp,
    simplify,
    sqrt,
    symbols,
)

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_at, simplified
from mlbalance.derivations.proofs._boundary import (
    argument,
    boundary_expressions,
    boundary_steps,
    root_of_strong_end,
)
from mlbalance.derivations.proofs._normal import normal_cdf, normal_density
from mlbalance.derivations.proofs._proportional import LOADS, T, alphas, half, s

a, k, N, v, theta, e = symbols("a k N v theta e", positive=True)
x, y, shift = symbols("x y c", real=True)


def flip() -> Derivation:
    """Boundary beyond which undersampling wins at threshold zero (label `flip`)."""
    scope = "the closed forms of label ridge-limit, at every signal and every ratio of counts"
    return Derivation("flip", scope, (*_errors(), *boundary_steps(), *crossing_steps()))


def _errors() -> tuple[Step, ...]:
    return (
        argued(
            "Weighting has errors Phi(-x) with x = (2 s^2 -+ beta)/root of (T - 2 beta), an "
            "undersample with x = 2 s^2/root of T. Delta is d (1/n_1 - 1/n_0) = 2 beta.",
            r"\mathrm{BER}_{w} = (\Phi(-x_{1}) + \Phi(-x_{0}))/2, \quad "
            r"\mathrm{BER}_{u} = \Phi(-x_{u})",
            "the label ridge-limit",
            key="errors",
            labels=("ridge-limit",),
        ),
    )


def crossing_steps() -> tuple[Step, ...]:
    """One change of the winner for a given a, one for a given beta, and so one for a given s."""
    return (*_units(), *_rays(), *_flow(), *_signs(), *_count(), *_once())


def _units() -> tuple[Step, ...]:
    ratio = (1 / alphas[1] + 1 / alphas[0]) / (1 / alphas[1] - 1 / alphas[0])
    return (
        computed(
            "Variances in units of 2 beta, with a = 2 s^2/beta: that of weighting is N = a + k, "
            "k = (n_0 + n_1)/(n_0 - n_1) above one, that of an undersample N + 1.",
            (T - 2 * half) / (2 * half),
            2 * s**2 / half + ratio,
            name="N",
            check=equal_at(LOADS),
            key="units",
        ),
        computed(
            "The argument of the rarer class in these letters, v = beta/4.",
            (argument(1) ** 2).subs(T, 2 * half * (N + 1)).subs(s, sqrt(a * half / 2)),
            (2 * v * (a - 1) ** 2 / N).subs(v, half / 4),
            name="x_{1}^{2}",
            short={half: 4 * v},
            key="argument",
        ),
    )


def _gap() -> Any:
    """G in a, N and v."""
    root = sqrt(2 * v)
    ends = [normal_cdf(-root * (a + side) / sqrt(N)) for side in (1, -1)]
    return sum(ends) / 2 - normal_cdf(-root * a / sqrt(N + 1))


def _exponents() -> dict[int, Any]:
    return {side: (a + side) ** 2 / N - a**2 / (N + 1) for side in (1, -1)}


def _slope() -> Any:
    """Claimed slope of G in v, but for a positive factor."""
    terms = ((a + side) / (2 * sqrt(N)) * exp(-v * p) for side, p in _exponents().items())
    return a / sqrt(N + 1) - sum(terms)


def _rays() -> tuple[Step, ...]:
    factor = sqrt(2 * v) * sqrt(2 * pi) * exp(v * a**2 / (N + 1))
    up, down = (_exponents()[side] * N * (N + 1) for side in (1, -1))
    return (
        computed(
            "A given a: the slope of G in v is a sum of three exponentials, but for a positive "
            "factor.",
            _gap().diff(v) * factor,
            _slope(),
            name=r"\partial G/\partial v",
            check=_of_exponentials,
            key="ray",
        ),
        computed(
            "The exponent of the last falls,",
            up.expand().simplify().expand(),
            relation=">",
            name="N (N + 1) p_{1}",
            key="ray-last",
        ),
        computed(
            "that of the other one rises where its factor is negative, a = 1 + e,",
            -down.subs(N, a + k).subs(a, 1 + e).expand().simplify().expand(),
            relation=">",
            name="-N (N + 1) p_{0}",
            key="ray-first",
        ),
        computed(
            "and the sum begins below zero.",
            (a**2 / N - a**2 / (N + 1)).factor(),
            relation=">",
            name="a^{2}/N - a^{2}/(N + 1)",
            key="ray-start",
        ),
        argued(
            "So its signs change once for a <= 1, where G ends above zero, and twice for a > 1, "
            "where G ends at zero from above: it falls from zero and crosses zero once, upwards. "
            "At each a, then, undersampling wins beyond one beta(a), continuous in a.",
            r"G < 0 \text{ for } \beta < \beta(a), \quad G > 0 \text{ for } \beta > \beta(a)",
            "Descartes' rule of signs for sums of exponentials; Polya and Szego 1976, part V",
            key="ray-once",
            cites=("polya1976",),
            conditions=("two-classes",),
        ),
    )


def _of_exponentials(lhs: Any, rhs: Any) -> bool:
    return bool(simplify(powsimp(expand(lhs - rhs))) == 0)


def _flow() -> tuple[Step, ...]:
    spread, moved = Symbol("m", positive=True), normal_cdf
    wave = moved((shift - a) / sqrt(theta * (N + spread)))
    return (
        computed(
            "A given beta: either error, as a function of a and N, is normal with variance in "
            "proportion to N, so G is a flow of heat,",
            diff(wave, N) - theta / 2 * diff(wave, a, 2),
            S.Zero,
            name=r"\partial G/\partial N - (\theta/2) \partial^{2} G/\partial a^{2}",
            check=simplified,
            key="flow",
        ),
        computed(
            "and along a = N - k its kernel at y, with r = k + y, is exp(-r^2/(2 theta N)) but "
            "for factors of N alone and of r alone.",
            (N - k - y) ** 2 / (2 * theta * N),
            N / (2 * theta) - (k + y) / theta + (k + y) ** 2 / (2 * theta * N),
            name=r"(a - y)^{2}/(2 \theta N)",
            key="kernel",
        ),
    )


def _signs() -> tuple[Step, ...]:
    """Of F(r) = e^(r/theta) D(r - k) - e^(-r/theta) D(r + k), by log-concavity on (k - 1, k)."""
    m, mills = Symbol("m", positive=True), Symbol("l", positive=True)
    inner, outer = log(normal_cdf(x) - Rational(1, 2)), log(normal_cdf(-y))
    of_x = normal_density(x) / (normal_cdf(x) - Rational(1, 2))
    of_y = normal_density(y) / normal_cdf(-y)
    product = m * (m + x)
    change = product.diff(m) * -product + product.diff(x)
    at = sqrt(2 * log(root_of_strong_end()))
    second = integrate(x**2 * normal_density(x), (x, y, oo)).rewrite(erf)
    return (
        computed(
            "Below r = k the negative part of F has the factor Phi(x) - 1/2, x = (k - r)/root of "
            "theta. With m = phi(x)/(Phi(x) - 1/2) its logarithm has this second derivative,",
            inner.diff(x, 2),
            -product,
            name=r"\partial^{2} \log(\Phi(x) - 1/2)/\partial x^{2}",
            check=lambda lhs, rhs: simplified(lhs, rhs.subs(m, of_x)),
            key="inner",
        ),
        computed(
            "and with l = phi(y)/Phi(-y) that of the positive part, Phi(-y) at y = (r + k)/root of "
            "theta, this one.",
            outer.diff(y, 2),
            -mills * (mills - y),
            name=r"\partial^{2} \log \Phi(-y)/\partial y^{2}",
            check=lambda lhs, rhs: simplified(lhs, rhs.subs(mills, of_y)),
            key="outer",
        ),
        computed(
            "The variance of a normal cut off below y is 1 - l (l - y), so the second is above -1.",
            second / normal_cdf(-y) - of_y**2,
            1 - mills * (mills - y),
            name=r"\operatorname{Var}(h \mid h > y)",
            check=lambda lhs, rhs: simplified(lhs, rhs.subs(mills, of_y)),
            key="outer-bound",
        ),
        computed(
            "m (m + x) falls wherever it is one, as m' = -m (m + x): it is above one up to any x "
            "where it is.",
            change.subs(x, 1 / m - m).factor(),
            (-m * (1 + x**2 + m * x)).subs(x, 1 / m - m).factor(),
            name=r"\partial (m (m + x))/\partial x",
            check=simplified,
            key="inner-falls",
        ),
        computed(
            "It still is at x^2 = beta/2 of the upper end, so the first is below -1 and the "
            "difference of the two is concave.",
            product.subs(m, of_x).subs(x, at),
            "1.008",
            relation="~=",
            name="m (m + x)",
            key="inner-bound",
        ),
    )


def _count() -> tuple[Step, ...]:
    return (
        argued(
            "Along a = N - k, then, G is a Laplace transform of F(r) = exp(r/theta) D(r - k) - "
            "exp(-r/theta) D(r + k). F is positive up to k - 1 and from k to k + 1, negative "
            "beyond and on one interval below k at most: three changes of sign. G has no more over "
            "all N, one at a = 0. Below the upper end and above the lower one it has one on "
            "either side of it, by its signs at the ends; just above the upper end none for a > 0.",
            r"G = C(N) \int_{0}^{\infty} \exp(-r^{2}/(2 \theta N)) F(r) \, dr",
            "variation diminishing; Polya and Szego 1976, part V; Karlin 1968, chapter 5",
            key="count",
            cites=("polya1976", "karlin1968"),
            conditions=("two-classes",),
        ),
    )


def _once() -> tuple[Step, ...]:
    weak = boundary_expressions()["weak"].subs(Symbol("omega", positive=True), 1 / k) / 8
    curve = _gap().subs(N, a + k).diff(a, 2).subs(a, 0)
    turn = -sqrt(v) * (log(1 + 1 / k) - 1 / (k + 1)) / (sqrt(pi) * k * sqrt(k + 1))
    u = Symbol("u", positive=True)
    return (
        computed(
            "At the lower end, v = k log(1 + 1/k)/2, G leaves zero with slope zero and this "
            "curvature as a grows,",
            curve.subs(v, weak),
            turn.subs(v, weak),
            name=r"\partial^{2} G/\partial a^{2}",
            check=simplified,
            key="lower-end",
        ),
        computed(
            "negative since log(1 + u) rises faster than u/(1 + u).",
            (log(1 + u) - u / (1 + u)).diff(u).factor(),
            relation=">",
            name=r"\partial (\log(1 + u) - u/(1 + u))/\partial u",
            key="lower-end-sign",
        ),
        argued(
            "So beta(a) begins above the lower end, takes each value between the ends once and "
            "none beyond: it rises. Then 2 s^2 = a beta(a) rises too, so a signal has one "
            "boundary, and that rises with the signal from the one end to the other.",
            r"4 \log 2 < 4 \log(1 + \omega)/\omega < \Delta(s) < 8 \log y, \quad "
            r"\omega = 1/k, \quad y^{3} = y^{2} + y + 1",
            "a continuous function that takes each value once is monotone",
            key="once",
            labels=("ridge-limit",),
        ),
    )
