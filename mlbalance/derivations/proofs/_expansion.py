"""A fit near the minimiser of the risk, to second order in the noise.

Letters: the fit moves by eps delta + eps^2 eta from theta*, the score there is eps u; A and T are
second and third derivatives of the risk, eps E is the noise in the Hessian; p parameters.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, Sum, Symbol, diff, symbols

p = Symbol("p", integer=True, positive=True)
a, b, c = symbols("a b c", integer=True)
eps = Symbol("epsilon")
delta, eta, u, A, T, E = (IndexedBase(s) for s in "delta eta u A T E".split())


def over(term: Any, *indices: Any) -> Any:
    """Sum over these indices of parameters."""
    return Sum(term, *((index, 1, p) for index in indices))


def move(component: Any) -> Any:
    """Component of the move of the fit."""
    return eps * delta[component] + eps**2 * eta[component]


def score() -> Any:
    """Component a of the score at the fit."""
    linear = over((A[a, b] + eps * E[a, b]) * move(b), b)
    return eps * u[a] + linear + over(T[a, b, c] * move(b) * move(c), b, c) / 2


def order(expr: Any, power: int) -> Any:
    """Coefficient of eps^power."""
    return diff(expr, eps, power).subs(eps, 0) / (1 if power < 2 else power)
