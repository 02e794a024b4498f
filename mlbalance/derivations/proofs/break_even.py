"""From how many controls per case an undersample beats balanced weighting (`break-even`).

Letters: t = e^f, c = 1/(r E t) for r controls per case; for two Gaussians of one covariance, made
the identity, at separation delta, controls at the origin, x along the separation and y across it:
t = exp(delta x - delta^2/2) and so E t = 1.
"""

from __future__ import annotations

from functools import cache
from itertools import product, zip_longest
from typing import Any

from sympy import (
    Add,
    Poly,
    S,
    Symbol,
    exp,
    expand,
    factorial,
    factorial2,
    fraction,
    hermite_prob,
    limit,
    oo,
    sqrt,
    symbols,
    together,
)

from mlbalance.derivations.engine import Derivation, Step, argued, computed

c, t = symbols("c t", positive=True)
x = Symbol("x", real=True)
delta = Symbol("delta", positive=True)
FACTOR = t / (1 + c * t)
FALL = t**2 / (1 + c * t) ** 2
"""Claimed fall of the factor in c."""
ORDER = 4
CONTROLS = {"along": 2 / delta**2 + 4, "across": 4 / delta**2 + 4}
"""Claimed r* of a slope for a small separation."""
BALANCED = {"along": 1 + delta**2 / 2, "across": 1 + delta**2 / 4}
"""Claimed variance of balanced weighting, to the fourth order, in units of one over the cases."""


def break_even() -> Derivation:
    """Steps on the undersample with offset as controls are added, and on r* (`break-even`)."""
    scope = "two Gaussian classes; one r* for any separation, its value for a small one"
    return Derivation("break-even", scope, (*_monotone(), *_strict(), *_small_separation()))


def break_even_expressions() -> dict[str, Any]:
    """r* for a small separation delta, of the slope `along` it and of those `across`."""
    return dict(CONTROLS)


def _monotone() -> tuple[Step, ...]:
    return (
        computed(
            "More controls per case, r = 1/(c E t), are a smaller c: the information of the "
            "undersample, E t/(1 + c t) z z', falls in c.",
            -FACTOR.diff(c),
            FALL,
            name=r"-\partial (t/(1 + c t))/\partial c",
            key="falls",
        ),
        computed(
            "Strictly, so the variance in any direction falls strictly as controls are added.",
            FALL,
            relation=">",
            key="strictly",
        ),
        computed(
            "The information rises to all of that of the unweighted fit.",
            limit(FACTOR, c, 0),
            t,
            name=r"[c \to 0]",
            key="rises",
        ),
    )


def _strict() -> tuple[Step, ...]:
    u0, u1 = symbols("u_0 u_1", real=True)
    g, h = sqrt(t), sqrt(t) / (1 + c * t)
    v, u = symbols("v u", real=True)
    return (
        computed(
            "The unweighted fit is better than balanced weighting by a mean of squares (label "
            "rare-limit), of sqrt(t) times this, v and u standing for v' z and u' z of a direction "
            "v and u = L' v.",
            (g * v - h * u) / sqrt(t),
            v - u / (1 + c * t),
            name=r"v' (g - L h)/\sqrt{t}",
            key="square",
        ),
        computed(
            "That is zero everywhere only if v' z = u' z/(1 + c t). Far out along the separation "
            "the right side vanishes, so v' z does, for every y: v = 0.",
            limit((u0 + u1 * x) / (1 + c * exp(delta * x)), x, oo),
            S.Zero,
            name=r"[x \to \infty] u' z/(1 + c t)",
            key="strict",
        ),
        argued(
            "So at one control per case the undersample has twice the variance of balanced "
            "weighting, with ever more controls less than that, and falls in between: there is one "
            "r* for each direction. Without separation the two ends are equal and there is none.",
            r"\operatorname{Var}_{under}(r) < \operatorname{Var}_{balanced} \iff r > r^{*}",
            "intermediate value theorem; the label rare-limit",
            key="one",
            labels=("rare-limit",),
        ),
    )


def _small_separation() -> tuple[Step, ...]:
    words = {
        "along": "Slope along a small separation: ",
        "across": "Slopes across it, y being independent of x: ",
    }
    steps: list[Step] = []
    for side, r in CONTROLS.items():
        steps += (
            computed(
                f"{words[side]}balanced weighting, half the variance of one control per case, to "
                "the fourth order.",
                _slope_variance(S.One, side) / 2,
                BALANCED[side],
                name=r"\operatorname{Var}_{balanced}",
                key=f"balanced-{side}",
            ),
            computed(
                "An undersample with this many controls per case has the same: r* but for terms of "
                "order delta^2.",
                _slope_variance(1 / r, side),
                BALANCED[side],
                name=rf"\operatorname{{Var}}_{{under}}({r.coeff(delta, -2)}/\delta^{{2}} + "
                rf"{r.coeff(delta, 0)})",
                key=side,
            ),
        )
    return tuple(steps)


@cache
def _slope_variance(share: Any, side: str) -> Any:
    """Variance of a slope at c = share, in units of one over the cases, to `ORDER` in delta."""
    # The generating function of the Hermite polynomials.
    tilt = [hermite_prob(j, x) / factorial(j) for j in range(ORDER + 1)]
    above, below = fraction(together(share))
    kept = _ratio(_powers(above), _powers(below))
    factor = _ratio(tilt, _sum([S.One], _product(kept, tilt)))
    zero, one, two = ([_normal_mean(term * x**power) for term in factor] for power in range(3))
    along = _ratio(zero, _sum(_product(zero, two), [-term for term in _product(one, one)]))
    # y has variance one and is independent of x, so its block of the information is E t/(1 + c t).
    variance = along if side == "along" else _ratio([S.One], zero)
    return Add(*(term * delta**j for j, term in enumerate(variance)))


def _powers(expr: Any) -> list[Any]:
    """Coefficients of a polynomial in delta, from the constant on."""
    return Poly(expr, delta).all_coeffs()[::-1]


def _sum(one: list[Any], other: list[Any]) -> list[Any]:
    return [left + right for left, right in zip_longest(one, other, fillvalue=S.Zero)]


def _product(one: list[Any], other: list[Any]) -> list[Any]:
    """Coefficients of the product of two series, to `ORDER`."""
    terms = [S.Zero] * (ORDER + 1)
    for (i, left), (j, right) in product(enumerate(one), enumerate(other)):
        if i + j <= ORDER:
            terms[i + j] += left * right
    return [expand(term) for term in terms]


def _ratio(above: list[Any], below: list[Any]) -> list[Any]:
    """Coefficients of the quotient of two series, to `ORDER`, by long division."""
    found: list[Any] = []
    for j in range(ORDER + 1):
        rest = above[j] if j < len(above) else S.Zero
        rest -= Add(*(below[i] * found[j - i] for i in range(1, min(j, len(below) - 1) + 1)))
        found.append(expand(rest / below[0]))
    return found


def _normal_mean(polynomial: Any) -> Any:
    """Mean over x standard normal: even moments are double factorials."""
    terms = Poly(expand(polynomial), x).terms()
    return Add(*(value * factorial2(power - 1) for (power,), value in terms if power % 2 == 0))
