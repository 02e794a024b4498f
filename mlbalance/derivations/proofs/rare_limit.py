"""A rare class: four ways to fit it, in Loewner order (`rare-limit`).

Letters: two classes, logit alpha + f(x); e = e^alpha, t = e^f, c = e/q with q the share of the
controls that is kept, or the weight they get; p the probability of a case, P that of the fit with
working odds c t. Everything is a mean over x of a number times z z', z = (1, x).
"""

from __future__ import annotations

from typing import Any

from sympy import Function, Identity, MatrixSymbol, S, Sum, Symbol, ZeroMatrix, limit, sqrt, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_matrices

e, c, t = symbols("e c t", positive=True)
r = Symbol("r", integer=True)
size, points = symbols("p N", integer=True, positive=True)
q = e / c
p, P = e * t / (1 + e * t), c * t / (1 + c * t)

INFORMATION = t / (1 + e * t) ** 2
BREAD = t / ((1 + c * t) * (1 + e * t))
REWEIGHTED = t / (1 + c * t) ** 2
INVERSE = t * (1 + c * t) / (1 + e * t) ** 3
"""Claimed factors of z z', in units of e."""


def rare_limit() -> Derivation:
    """Covariances of the four fits and their order (label `rare-limit`)."""
    steps = (*_factors(), *_limits(), *_cauchy_schwarz(), *_order(), *_even())
    return Derivation("rare-limit", "two classes; symbolic in alpha, q, f and d", steps)


def rare_limit_expressions() -> dict[str, tuple[Any, Any]]:
    """Factors of z z' in e, c, t: Hessian and variance of the score of each fit, over e."""
    return {
        "mle": (INFORMATION, INFORMATION),
        "reweighted": (BREAD, REWEIGHTED),
        "undersampled": (BREAD, BREAD),
        "inverse probability": (INFORMATION, INVERSE),
    }


def _row(case: Any, control: Any, fitted: Any, kept: Any = S.One) -> tuple[Any, Any, Any]:
    """Mean, Hessian and variance of a row's score: weights of both, chance to keep a control."""
    mean = (1 - p) * kept * control * fitted - p * case * (1 - fitted)
    hessian = (p * case + (1 - p) * kept * control) * fitted * (1 - fitted)
    variance = p * case**2 * (1 - fitted) ** 2 + (1 - p) * kept * control**2 * fitted**2
    return mean, hessian, variance


def _factors() -> tuple[Step, ...]:
    fits = (
        ("mle", "All rows, unweighted", _row(1, 1, p), INFORMATION, INFORMATION),
        ("reweighted", "All rows, controls weighted by q", _row(1, q, P), BREAD, REWEIGHTED),
        ("offset", "A share q of the controls, with the offset", _row(1, 1, P, q), BREAD, BREAD),
        ("inverse", "The same, weighted by 1/q", _row(1, 1 / q, p, q), INFORMATION, INVERSE),
    )
    steps: list[Step] = []
    for fit, words, (mean, hessian, variance), bread, meat in fits:
        steps += (
            computed(
                f"{words}: the score given x has mean zero at the true slopes.",
                mean,
                S.Zero,
                name=r"E[s \mid x]",
                key=f"{fit}-mean",
            ),
            computed(
                f"{words}: factor of z z' in the Hessian, over e.",
                hessian / e,
                bread,
                name="A(x)/e",
                key=f"{fit}-hessian",
            ),
            computed(
                f"{words}: in the variance of the score, over e.",
                variance / e,
                meat,
                name="J(x)/e",
                key=f"{fit}-variance",
            ),
        )
    return tuple(steps)


def _limits() -> tuple[Step, ...]:
    limits = (
        ("information", "information", INFORMATION, t),
        ("bread", "Hessian of the two that move the intercept", BREAD, t / (1 + c * t)),
        ("weights", "variance with weights", REWEIGHTED, t / (1 + c * t) ** 2),
        ("inverse", "variance with inverse probabilities", INVERSE, t * (1 + c * t)),
    )
    steps = (
        computed(
            f"A rare class, e to 0 at fixed c: {words}.",
            limit(factor, e, 0),
            shown,
            name=r"[e \to 0]",
            key=f"limit-{key}",
        )
        for key, words, factor, shown in limits
    )
    dominated = argued(
        "The means converge with their factors, which are dominated where E[t^2 |z|^2] is finite, "
        "and the fits are asymptotically normal as the number of cases grows.",
        r"\sqrt{n e^{\alpha}} (\theta_{W} - \theta) \to N(0, A^{-1} J A^{-1})",
        "Wang 2020; Wang, Zhang and Wang 2021; dominated convergence",
        key="normal",
        cites=("wang2020", "wang2021"),
        conditions=(
            "correctly-specified",
            "no-ridge",
            "independent-rows",
            "mle-exists",
            "rare-class",
            "light-tails",
        ),
        limit=True,
    )
    return (*steps, dominated)


def _cauchy_schwarz() -> tuple[Step, ...]:
    G, H, X, D, N = (MatrixSymbol(name, size, size) for name in "GHCDN")
    L = X * H.I
    mass, g, h = Function("w", nonnegative=True), Function("g", real=True), Function("h", real=True)
    return (
        computed(
            "Cauchy-Schwarz for matrices, G = E g g', C = E g h', H = E h h', with L = C H^-1.",
            G - L * X.T - X * L.T + L * H * L.T,
            G - X * H.I * X.T,
            name=r"E (g - L h)(g - L h)'",
            key="cauchy-schwarz",
            check=equal_matrices(G, H),
        ),
        computed(
            "In any direction the left-hand side is a mean of squares.",
            Sum(mass(r) * (g(r) - h(r)) ** 2, (r, 1, points)),
            relation=">=",
            name=r"v' E (g - L h)(g - L h)' v",
            key="squares",
        ),
        computed(
            "And larger information is smaller covariance: where G = N + D with D positive "
            "semi-definite, the inverses differ by a sum of two such matrices.",
            (N + D) * N.I * (N + D) - (N + D),
            D + D * N.I * D,
            name=r"G (N^{-1} - G^{-1}) G",
            key="inverses",
            check=equal_matrices(N, D),
        ),
    )


def _order() -> tuple[Step, ...]:
    gap = Symbol("g", nonnegative=True)
    lost = gap * t**2 / ((1 + e * t) * (1 + (e + gap) * t) ** 2)
    roots = {
        "mle": sqrt(t) / (1 + e * t),
        "weights": sqrt(t) / (1 + c * t),
        "offset": sqrt(t / ((1 + c * t) * (1 + e * t))),
        "inverse": sqrt(t * (1 + c * t) / (1 + e * t)) / (1 + e * t),
    }
    return (
        computed(
            "Unweighted precedes reweighted: g and h, numbers times z, with the two variances give "
            "its Hessian.",
            roots["mle"] * roots["weights"],
            BREAD,
            name="g h",
            key="mle-first",
        ),
        computed(
            "Reweighted precedes undersampled, which has the same Hessian: as q = e/c is at most "
            "one, with c = e + g.",
            (BREAD - REWEIGHTED).subs(c, e + gap),
            lost,
            name="A(x)/e - J(x)/e",
            key="weights-second",
        ),
        computed(
            "The difference is nowhere negative.",
            lost,
            relation=">=",
            name="A(x)/e - J(x)/e",
            key="weights-sign",
        ),
        computed(
            "Undersampled precedes inverse probability: g and h give the unweighted Hessian.",
            roots["offset"] * roots["inverse"],
            INFORMATION,
            name="g h",
            key="inverse-last",
        ),
    )


def _even() -> tuple[Step, ...]:
    """One control per case of equal-covariance Gaussians, f_0 and f_1 their densities."""
    f0, f1 = symbols("f_0 f_1", positive=True)
    A, B, R = (MatrixSymbol(name, size, size) for name in "ABR")
    a = MatrixSymbol("a", size, 1)
    inverse, back = R.T.I * A.I * R.I, R.I * a
    middle, slopes = (MatrixSymbol(name, size, 1) for name in ("m", "v"))

    def at(factor: Any, density: Any, other: Any) -> Any:
        return density * limit(factor, e, 0).subs(t, other / (c * density))

    return (
        computed(
            "At 1:1 c t is the ratio of the densities. The reflection through the midpoint of two "
            "Gaussians of equal covariance swaps them: B of the weights and its mirror image make "
            "the Hessian.",
            at(REWEIGHTED, f0, f1) + at(REWEIGHTED, f1, f0),
            at(BREAD, f0, f1),
            name=r"B + R B R'",
            key="mirror",
        ),
        computed(
            "The reflection x -> 2 m - x is z -> R z with R = (1, 0; 2 m, -I), which is its own "
            "inverse; a slope a = (0, v) has this for the features of R^-1 a: it changes sign,",
            2 * middle * ZeroMatrix(1, 1) - Identity(size) * slopes,
            -slopes,
            name=r"(R^{-1} a)_{x}",
            check=equal_matrices(),
            key="slope-sign",
        ),
        computed(
            "and as A = R A R' and a sign drops out of the square both halves count the same.",
            a.T * inverse * R * B * R.T * inverse * a,
            back.T * A.I * B * A.I * back,
            name=r"a' A^{-1} (R B R') A^{-1} a",
            key="halves",
            check=equal_matrices(A, B),
        ),
        computed(
            "Their sum between two inverse Hessians is the covariance of the undersample: the "
            "ratio is 2 for every slope.",
            A.I * A * A.I,
            A.I,
            name=r"A^{-1} (B + R B R') A^{-1}",
            key="twice",
            check=equal_matrices(A),
        ),
    )
