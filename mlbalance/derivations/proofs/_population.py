"""Classes with a correctly specified softmax, and the score moments that follow from it.

Letters: densities f_ki of classes k at points i of x, with the measure's weight in them, so that
sums over N points stand for integrals; features x_ia, one for an intercept; at a prior the true
posterior p_ri of class r. Entries (r, a) of class and feature are proved
one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import IndexedBase, KroneckerDelta, Sum, symbols

SCOPE = "symbolic in K, d and the points of x, over which integrals are written as sums"

K, N = symbols("K N", integer=True, positive=True)
i, k, l, r, c, a, b = symbols("i k l r c a b", integer=True)
h = symbols("h", integer=True)
f, x, tau, n = (IndexedBase(name) for name in ("f", "x", "tau", "n"))

Prior = Callable[[Any], Any]


def target(label: Any) -> Any:
    """The target prior tau_k."""
    return tau[label]


def share(label: Any) -> Any:
    """The share n_k/n of the data."""
    return n[label] / Sum(n[h], (h, 1, K))


def over_points(term: Any) -> Any:
    """Integral over x."""
    return Sum(term, (i, 1, N))


def over_classes(term: Any, label: Any = k) -> Any:
    """Sum over the classes, of index `label`."""
    return Sum(term, (label, 1, K))


def density(prior: Prior = target) -> Any:
    """Density of x at a prior, sum_h tau_h f_hi."""
    return Sum(prior(h) * f[h, i], (h, 1, K))


def posterior(label: Any, prior: Prior = target) -> Any:
    """The true softmax: probability of a class at point i, under a prior."""
    return prior(label) * f[label, i] / density(prior)


def residual(label: Any, component: Any, prior: Prior = target) -> Any:
    """Score of a row of class `label` in the logit of `component`: p - e."""
    return posterior(component, prior) - KroneckerDelta(component, label)


def score_mean(label: Any, component: Any, prior: Prior = target) -> Any:
    """Mean score mu of a class, in the coefficient of `component` and feature a."""
    return over_points(f[label, i] * residual(label, component, prior) * x[i, a])


def outer(one: Any, other: Any, first: Prior = target, second: Prior = target) -> Any:
    """At point i: sum_k tau_k f_k s s' over the classes, its two scores at a prior each."""
    product = residual(k, one, first) * residual(k, other, second)
    return over_classes(first(k) * f[k, i] * product)


def information(one: Any, other: Any, prior: Prior = target) -> Any:
    """Class part of the Hessian at point i: the density times diag(p) - pp'."""
    p = posterior(one, prior)
    return density(prior) * p * (KroneckerDelta(one, other) - posterior(other, prior))
