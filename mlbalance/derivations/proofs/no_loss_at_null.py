"""Loss of weighting against the unweighted fit, as classes part (`no-loss-at-null`).

Letters as in `offset_efficiency`, M_q = diag(q) - q q' and e_k the k-th unit vector; then two
Gaussian classes of variance 1 and densities f_0, f_1, with means -s/2 and s/2, the majority without
end (rare limit): variances of slopes times n_1.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Integral,
    KroneckerDelta,
    Matrix,
    Rational,
    S,
    Sum,
    Symbol,
    cosh,
    diff,
    exp,
    limit,
    oo,
    pi,
    simplify,
    sqrt,
    symbols,
)

from mlbalance.derivations.engine import Derivation, Step, argued, computed
from mlbalance.derivations.proofs.offset_efficiency import K, _data, c, k, q, r, tau

x, right = Symbol("x", real=True), Symbol("x", positive=True)
s = Symbol("s", positive=True)
f0, f1, n0, n1 = symbols("f_0 f_1 n_0 n_1", positive=True)
PUBLISHED = ("0.5", "1.13"), ("1", "1.52"), ("1.5", "2.30"), ("2", "3.76"), ("3", "11.9")
"""Separations, and the slope's variance in units of that of the unweighted fit."""


def no_loss_at_null() -> Derivation:
    """Weighting against the unweighted fit, without and with signal (label `no-loss-at-null`)."""
    scope = "symbolic in K and n_k at zero slopes; the growth for two Gaussian classes, rare limit"
    steps = (*_zero_slopes(), *_weighted(), *_unweighted(), *_growth(), *_numbers())
    return Derivation("no-loss-at-null", scope, steps)


def _zero_slopes() -> tuple[Step, ...]:
    """Steps when slopes are zero: the two influence functions are the same."""
    solution = KroneckerDelta(r, k)

    def solved(prior: Any) -> Any:
        curvature = KroneckerDelta(c, r) * prior(r) - prior(c) * prior(r)
        return Sum(curvature * solution / prior(k), (r, 1, K))

    return (
        computed(
            "Zero slopes, so that x has one distribution in all classes: the class part of A "
            "solved against that of a weighted score, e_k - tau, is e_k/tau_k; times tau_k/q_k, "
            "e_k/q_k.",
            solved(lambda label: tau[label]) * tau[k] / q[k],
            (KroneckerDelta(c, k) - tau[c]) * tau[k] / q[k],
            name=r"(M_{\tau} e_{k}/q_{k})_{c}",
            key="weighted",
            conditions=("zero-slopes",),
        ),
        computed(
            "That of B against e_k - q is e_k/q_k as well: both fits have the same influence "
            "function, and weighting loses nothing.",
            solved(_data),
            KroneckerDelta(c, k) - q[c],
            name=r"(M_{q} e_{k}/q_{k})_{c}",
            key="unweighted",
        ),
    )


def _overlap(at: Any = x) -> Any:
    """Claimed f_0 f_1/(f_0 + f_1) at a point."""
    return exp(-(at**2) / 2) / sqrt(2 * pi) * exp(-(s**2) / 8) / (2 * cosh(s * at / 2))


def loss_expression() -> Any:
    """Slope variance of weighting over that of the unweighted fit, as an integral in s."""
    return 1 / (4 * Integral(right**2 * _overlap(right), (right, 0, oo)))


def _weighted() -> tuple[Step, ...]:
    p = f1 / (f0 + f1)
    half = Symbol("I", positive=True) / 2
    return (
        computed(
            "Balanced weights, origin at the midpoint: the Hessian has x^2 times this under the "
            "integral in the slope, and nothing off the diagonal as x is odd.",
            (f0 + f1) / 2 * p * (1 - p),
            f0 * f1 / (f0 + f1) / 2,
            name="f p (1 - p)",
            key="hessian",
        ),
        computed(
            "The slope's score in the rare class, (1 - p) x, has mean zero there; its variance, "
            "with that of the mirror image, which is the same, has x^2 times this.",
            (f1 * (1 - p) ** 2 + f0 * p**2) / 2,
            f0 * f1 / (f0 + f1) / 2,
            name=r"f_{1} (1 - p)^{2}",
            key="score",
        ),
        computed(
            "With I the integral of x^2 f_0 f_1/(f_0 + f_1), and no variance from a majority "
            "without end: the slope's variance times n_1.",
            Rational(1, 4) * half / half**2,
            1 / (4 * half),
            name=r"n_{1} (A^{-1} J_{w} A^{-1})_{w}",
            key="variance",
        ),
    )


def _unweighted() -> tuple[Step, ...]:
    second = Matrix([[1, s / 2], [s / 2, 1 + s**2 / 4]])
    return (
        computed(
            "Unweighted: in the rare limit every rare row counts in full,",
            limit(n0 * f0 / (n0 * f0 + n1 * f1), n0, oo),
            S.One,
            name="1 - p",
            key="full",
        ),
        argued(
            "so the information is n_1 times the second moments of (1, x) in the rare class.",
            r"B \to n_{1} E_{1} (1, x)(1, x)'",
            "dominated convergence, as 1 - p is at most 1",
            key="information",
            cites=("wang2020",),
            conditions=("rare-class",),
            limit=True,
        ),
        computed(
            "Its slope has variance one over n_1 times that of x.",
            second.inv()[1, 1],
            S.One,
            name=r"n_{1} (B^{-1})_{w}",
            key="slope",
        ),
    )


def _growth() -> tuple[Step, ...]:
    def density(mean: Any) -> Any:
        return exp(-((x - mean) ** 2) / 2) / sqrt(2 * pi)

    one, other = density(-s / 2), density(s / 2)
    return (
        computed(
            "The ratio is 1/(2 I); for Gaussians, under the integral of x^2,",
            one * other / (one + other),
            _overlap(),
            name=r"f_{0} f_{1}/(f_{0} + f_{1})",
            check=_equal_exponentials,
            key="overlap",
        ),
        computed(
            "which is even in x and falls with the separation at every x: the loss grows.",
            -diff(_overlap(right), s),
            relation=">",
            name=r"-\partial (f_{0} f_{1}/(f_{0} + f_{1}))/\partial s",
            key="grows",
        ),
    )


def _equal_exponentials(lhs: Any, rhs: Any) -> bool:
    return bool(simplify((lhs / rhs).rewrite(exp)) == 1)


def _numbers() -> tuple[Step, ...]:
    return tuple(
        computed(
            f"To the decimals shown: separation {separation}.",
            loss_expression().rewrite(exp).subs(s, Rational(separation)),
            digits,
            relation="~=",
            name="1/(2 I)",
            key=f"at {separation}",
        )
        for separation, digits in PUBLISHED
    )
