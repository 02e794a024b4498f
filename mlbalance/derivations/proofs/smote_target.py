"""The balanced logistic fit where one of two Gaussian classes is shrunk (`smote-target`).

Letters: classes N(-s, 1) and N(s, v) along the one feature that counts, v = 1 - eps; log-odds
w x + b, w = 2 s and b = 0 at eps = 0; p the probability of the class at s, there; h = 1/cosh(s x),
phi the standard normal density; E_2, E_0 and E_t the means under phi of x^2 h, h and
tanh(s x)^2 h.
"""

from __future__ import annotations

from typing import Any

from sympy import Symbol, cosh, diff, exp, pi, sinh, sqrt, symbols, tanh

from mlbalance.derivations.engine import Check, Derivation, Step, argued, computed
from mlbalance.derivations.proofs._normal import normal_density
from mlbalance.derivations.proofs.smote import _over_line, u

x = Symbol("x", real=True)
s, v = symbols("s v", positive=True)
eps = Symbol("epsilon", positive=True)
E_square, E_one, E_tanh = symbols("E_2 E_0 E_t", positive=True)
"""Means under phi of x^2 h, of h and of tanh(s x)^2 h."""

p = 1 / (1 + exp(-2 * s * x))
h = 1 / cosh(s * x)
phi = normal_density(x)
FACTOR = exp(-(s**2) / 2)


def smote_target() -> Derivation:
    """Slope and intercept where one class is shrunk (label `smote-target`)."""
    steps = (*_one_feature(), *_curvature(), *_moves(), *_answers(), *_synthetic())
    return Derivation("smote-target", "two classes; symbolic in s and d", steps)


def slope_expression() -> Any:
    """Slope of the balanced fit over the true one, to first order in eps."""
    return 1 + eps / 2


def intercept_move() -> Any:
    """Derivative of the intercept in eps, in s and the means of tanh(s x)^2 h and of h."""
    return -(s**2) * E_tanh / E_one


def _same() -> Check:
    return lambda lhs, rhs: bool((lhs - rhs).rewrite(exp).simplify() == 0)


def _even(term: Any) -> Any:
    """Even part in x, which is all that an integral over the line sees."""
    return (term + term.subs(x, -x)) / 2


def _one_feature() -> tuple[Step, ...]:
    density = exp(-((x - s) ** 2) / (2 * v)) / sqrt(2 * pi * v)
    return (
        argued(
            "Linear maps of the features leave a fit without ridge alone: let the covariance be "
            "the identity and the means s and -s along one feature. In the others both classes are "
            "symmetric about zero, and so is the minimum, which is unique: their slopes are zero.",
            r"\beta = (w, 0, \ldots, 0)",
            "convexity of the loss (label hessian)",
            key="one-feature",
            labels=("hessian",),
            conditions=("gaussians", "two-classes", "no-ridge"),
        ),
        computed(
            "In the variance a normal density changes by half its second derivative, so the mean "
            "of f changes by half that of f''.",
            diff(density, v),
            diff(density, x, 2) / 2,
            name=r"\partial N(x; s, v)/\partial v",
            check=lambda lhs, rhs: bool((lhs - rhs).simplify() == 0),
            key="heat",
        ),
    )


def _curvature() -> tuple[Step, ...]:
    both = (phi.subs(x, x - s) + phi.subs(x, x + s)) / 2
    return (
        computed(
            "Density of both classes times p (1 - p), at eps = 0: even in x, so that the Hessian "
            "of the balanced risk in (b, w) is diagonal, with the means of h and x^2 h.",
            p * (1 - p) * both,
            FACTOR * phi * h / 4,
            name=r"p (1 - p) (\phi(x - s) + \phi(x + s))/2",
            check=_same(),
            key="hessian",
            conditions=("uniform-target",),
        ),
    )


def _moves() -> tuple[Step, ...]:
    own = phi.subs(x, x - s)
    by_parts = diff(-x * h * phi, x) - x**2 * h * phi
    return (
        computed(
            "The score of b has -(1 - p)/2 of the class at s. In eps it changes by 1/4 of the mean "
            "of (1 - p)'', whose even part is positive.",
            _even(diff(1 - p, x, 2) * own),
            s**2 * FACTOR * phi * tanh(s * x) ** 2 * h,
            name=r"[(1 - p)'' \phi(x - s)]_{\mathrm{even}}",
            check=_same(),
            key="intercept-score",
        ),
        computed(
            "That of w by 1/4 of the mean of ((1 - p) x)'',",
            _even(diff((1 - p) * x, x, 2) * own),
            s * FACTOR * phi * (s * x * sinh(s * x) / cosh(s * x) - 1) * h,
            name=r"[((1 - p) x)'' \phi(x - s)]_{\mathrm{even}}",
            check=_same(),
            key="slope-score",
        ),
        computed(
            "which is by parts -s x^2 h: what is differentiated vanishes at both ends.",
            (s * x * sinh(s * x) / cosh(s * x) - 1) * h * phi,
            by_parts,
            name=r"(s x \tanh(s x) - 1) h \phi",
            check=_same(),
            key="parts",
        ),
    )


def _answers() -> tuple[Step, ...]:
    curvature = {name: FACTOR * mean / 4 for name, mean in (("w", E_square), ("b", E_one))}
    slope_score, intercept_score = -s * FACTOR * E_square / 4, s**2 * FACTOR * E_tanh / 4
    slope = 2 * s - eps * slope_score / curvature["w"]
    return (
        computed(
            "The minimum moves by minus the inverse Hessian times the change of the score. The "
            "mean of x^2 h cancels: the slope is, to first order, this share of the true 2 s,",
            slope / (2 * s),
            slope_expression(),
            name=r"w/(2 s)",
            key="slope",
        ),
        computed(
            "and the intercept, which is that of the shrunk class,",
            -intercept_score / curvature["b"],
            intercept_move(),
            name=r"\partial b/\partial \epsilon",
            key="intercept",
        ),
        computed("falls.", -intercept_move(), relation=">", key="against"),
    )


def _synthetic() -> tuple[Step, ...]:
    share = Symbol("r", positive=True)
    mean = _over_line((1 - u) ** 2 + u**2)
    return (
        computed(
            "New rows between two independent rows of a class have, about its true mean, "
            "covariances of (1 - u)^2 + u^2 times its own, in the mean two thirds: with a share r "
            "of original rows the class has, in units of its covariance,",
            share + (1 - share) * mean,
            1 - (1 - share) / 3,
            name=r"r + (1 - r) \int_{0}^{1} ((1 - u)^{2} + u^{2}) du",
            key="two-thirds",
        ),
    )
