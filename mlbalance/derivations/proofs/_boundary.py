"""Boundary beyond which undersampling wins, by the closed forms at a strong ridge (`flip`).

Letters as in `ridge_limit`: arguments x are those of errors Phi(-x).
"""

from __future__ import annotations

from typing import Any

from sympy import S, Symbol, cosh, exp, limit, log, oo, pi, sqrt, symbols, together

from mlbalance.derivations.engine import Step, argued, computed, simplified
from mlbalance.derivations.proofs._normal import normal_cdf
from mlbalance.derivations.proofs._proportional import LOADS, T, half, s

ratio, y = symbols("omega y", positive=True)


def argument(side: int, center: Any = half, noise: Any = T - 2 * half) -> Any:
    """Claimed argument of the error of class 1 (side 1) or 0 (side -1)."""
    return (2 * s**2 - side * center) / sqrt(noise)


def boundary_expressions() -> dict[str, Any]:
    """Limits of d (1/n_1 - 1/n_0) at the boundary: `weak` signal, in omega, and `strong` signal."""
    return {"weak": 2 * _weak(), "strong": 8 * log(root_of_strong_end())}


def boundary_steps() -> tuple[Step, ...]:
    """The boundary for weak and for strong signals."""
    return (*_weak_end(), *_lowest(), *_strong_end())


def _gap(signal: Any, center: Any, weighted: Any, plain: Any) -> Any:
    """Balanced error of weighting less that of undersampling, arguments (signal -+ center)/root."""
    errors = [normal_cdf(-(signal + side * center) / sqrt(weighted)) for side in (1, -1)]
    return sum(errors) / 2 - normal_cdf(-signal / sqrt(plain))


def _weak() -> Any:
    """Claimed beta at the boundary for a weak signal."""
    return 2 * log(1 + ratio) / ratio


def root_of_strong_end() -> Any:
    """Claimed exp(beta/4) at the boundary for a strong signal: real root of y^3 = y^2 + y + 1."""
    at = Symbol("y")
    return next(root for root in (at**3 - at**2 - at - 1).as_poly(at).all_roots() if root.is_real)


def _weak_end() -> tuple[Step, ...]:
    square, spread = symbols("S Sigma", positive=True)
    gap = _gap(2 * square, half, 4 * square + spread, 4 * square + spread + 2 * half)
    slope = (
        2
        * (1 / sqrt(spread + 2 * half) - exp(-(half**2) / (2 * spread)) / sqrt(spread))
        / sqrt(2 * pi)
    )
    return (
        computed(
            "Weak signal, S = s^2, and N = T - 2 beta: at S = 0 both balanced errors are one half, "
            "and their difference starts with a slope,",
            gap.diff(square).subs(square, 0),
            slope,
            name=r"\partial (BER_{w} - BER_{u})/\partial S",
            short={spread: Symbol("N", positive=True)},
            key="weak-slope",
            check=simplified,
        ),
        computed(
            "which vanishes, as N = 2 beta/omega with omega = (n_0 - n_1)/(n_0 + n_1), at this "
            "beta: d (1/n_1 - 1/n_0) = 4 log(1 + omega)/omega, between 4 log 2 and 4.",
            slope.subs(spread, 2 * half / ratio).subs(half, _weak()),
            S.Zero,
            name=r"\partial (BER_{w} - BER_{u})/\partial S",
            key="weak-end",
            check=simplified,
        ),
    )


def _lowest() -> tuple[Step, ...]:
    at = Symbol("w", positive=True)
    return (
        computed(
            "log(1 + omega)/omega falls, as its slope times omega^2 does from zero,",
            (at / (1 + at) - log(1 + at)).diff(at).factor(),
            -at / (1 + at) ** 2,
            name=r"\partial (\omega/(1 + \omega) - \log(1 + \omega))/\partial \omega",
            short={at: ratio},
            key="weak-falls",
        ),
        computed(
            "so the lower end is least for a very rare class, omega = 1.",
            2 * _weak().subs(ratio, 1),
            "2.773",
            relation="~=",
            name=r"4 \log 2",
            key="lower-number",
        ),
    )


def _strong_end() -> tuple[Step, ...]:
    fixed = {T: LOADS[T]}
    exponent = ((argument(0, 0) ** 2 - argument(0, 0, T) ** 2) / 2).subs(fixed)
    cross = (argument(0, 0) * half / sqrt(T - 2 * half)).subs(fixed)
    return (
        computed(
            "Strong signal: in the limit the exponents of the tails Phi(-x) differ by beta/4,",
            limit(exponent, s, oo),
            half / 4,
            name=r"(x^{2} - x_{u}^{2})/2",
            key="strong-exponent",
        ),
        computed(
            "and the boundary moved costs a factor cosh of this.",
            limit(cross, s, oo),
            half / 2,
            name=r"x \beta/\sqrt{T - 2 \beta}",
            key="strong-factor",
        ),
        argued(
            "So the ratio of the balanced errors has a limit.",
            r"BER_{w}/BER_{u} \to \exp(-\beta/4) \cosh(\beta/2)",
            "Mills' ratio",
            key="strong-ratio",
            labels=("ridge-limit",),
        ),
        computed(
            "It is one where y = exp(beta/4) solves y^3 = y^2 + y + 1 (y = 1 is beta = 0),",
            together((exp(-half / 4) * cosh(half / 2)).rewrite(exp).subs(half, 4 * log(y)) - 1),
            (y - 1) * (y**3 - y**2 - y - 1) / (2 * y**3),
            name=r"\exp(-\beta/4) \cosh(\beta/2) - 1",
            key="strong-end",
        ),
        computed(
            "which puts d (1/n_1 - 1/n_0) = 2 beta here, to the decimals shown.",
            8 * log(root_of_strong_end()),
            "4.875",
            relation="~=",
            name=r"8 \log y",
            key="upper-end",
        ),
    )
