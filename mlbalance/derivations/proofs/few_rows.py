"""Covariances of a class's scores from few rows (`few-rows`).

Letters: s and m a class's variance of a functional by its own rows, with f degrees of freedom, and
by the model, which counts for g; h the inverse of the true one. The prior: g m h is chi-square with
g degrees of freedom. x a row, c its curvature times its weight, H the Hessian.
"""

from __future__ import annotations

from typing import Any

from sympy import (
    Function,
    Integer,
    Sum,
    Symbol,
    diff,
    exp,
    expand_log,
    gamma,
    integrate,
    log,
    oo,
    symbols,
)

from mlbalance.derivations.engine import Derivation, Step, argued, computed

f, g, s, m, h = symbols("f g s m h", positive=True)


def moderated_variance_expression() -> Any:
    """Variance by both, weighted by their degrees of freedom, in s, m, f and g."""
    return (f * s + g * m) / (f + g)


def few_rows() -> Derivation:
    """Rows left out, the model's covariance, and the interval of both (label `few-rows`)."""
    return Derivation("few-rows", "symbolic in f and g", (*_left_out(), *_tilted(), *_moderated()))


def _left_out() -> tuple[Step, ...]:
    leverage = Symbol("l", positive=True)
    along = 1 / (1 - leverage)
    return (
        computed(
            "With two classes the Newton step that leaves a row out is that with the Hessian H of "
            "all rows over one less its leverage l = c x' H^-1 x: the multiple of x in "
            "(H - c x x') H^-1 x/(1 - l).",
            along - leverage * along,
            Integer(1),
            key="left-out",
            conditions=("two-classes",),
        ),
    )


def _tilted() -> tuple[Step, ...]:
    j, N = Symbol("j", integer=True), Symbol("N", integer=True, positive=True)
    mixture, density = (Function(name, positive=True)(j) for name in ("p", "p_k"))
    value, tau = Function("v")(j), Symbol("tau_k", positive=True)
    probability = tau * density / mixture
    return (
        computed(
            "With p_k the masses of class k on points j and p those of all classes at the prior, "
            "a correctly specified model has the probabilities tau_k p_k/p: the mean of v over all "
            "classes with these, over tau_k, is that over class k.",
            Sum(mixture * probability * value / tau, (j, 1, N)),
            Sum(density * value, (j, 1, N)),
            key="tilt",
            conditions=("correctly-specified",),
        ),
    )


def _chi_square(at: Any, freedom: Any) -> Any:
    return at ** (freedom / 2 - 1) * exp(-at / 2) / (2 ** (freedom / 2) * gamma(freedom / 2))


def _moderated() -> tuple[Step, ...]:
    both = f * s + g * m
    # Densities of h, and of s given h.
    prior, own = g * m * _chi_square(g * m * h, g), f * h * _chi_square(f * s * h, f)
    posterior = both * _chi_square(both * h, f + g)

    def slope(density: Any) -> Any:
        return diff(expand_log(log(density), force=True), h)

    return (
        computed(
            "Given s, (f s + g m) h is chi-square with f + g degrees of freedom: as functions of h "
            "the logarithms of prior times likelihood and of that density have one derivative.",
            slope(prior) + slope(own),
            slope(posterior),
            name=r"\partial_{h} \log p(h, s)",
            key="posterior",
            conditions=("normal-scores",),
        ),
        computed(
            "Its mean is the inverse of the moderated variance.",
            integrate(h * posterior, (h, 0, oo)),
            1 / moderated_variance_expression(),
            name="E[h | s]",
            key="mean",
        ),
        argued(
            "A normal error with variance 1/h, independent of s given h, over the root of the "
            "moderated variance is a standard normal over the root of an independent chi-square by "
            "its degrees of freedom.",
            r"(a' \theta_{W} - a' \theta^{*})/\sqrt{(f s + g m)/(f + g)} \sim t_{f + g}",
            "Smyth 2004, section 4",
            key="t",
            cites=("smyth2004",),
            conditions=("normal-scores",),
        ),
    )
