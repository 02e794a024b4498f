"""First-order covariances in the Loewner order (`loewner`).

Where signs matter, letters are functions of the class k that are declared positive or nonnegative:
n(k), Q(k).

Letters as in `sandwich`; gaps g_k >= 0 of 1 + c_k^2 from its least value c_0 or its largest c_1.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, MatrixSymbol, Sum, Symbol, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_matrices

K, p = symbols("K p", integer=True, positive=True)
k = Symbol("k", integer=True)
A, D = MatrixSymbol("A", p, p), MatrixSymbol("D", p, p)
tau, n = Function("tau", positive=True), Function("n", positive=True)
squared_cv, gap = Function("c^2", nonnegative=True), Function("g", nonnegative=True)


def _over_classes(term: Any) -> Any:
    return Sum(term, (k, 1, K))


def loewner() -> Derivation:
    """Weighting precedes every scheme in Loewner order (label `loewner`)."""
    return Derivation("loewner", "symbolic in K and n_k", (*_scores(), *_congruence(), *_bounds()))


def _scores() -> tuple[Step, ...]:
    Q = Function("Q", nonnegative=True)
    base = tau(k) ** 2 * Q(k) / n(k)
    return (
        computed(
            "In any direction v, with Q_k = v' V_k v: the score of a scheme varies more than that "
            "of class weighting by the c_k^2 terms.",
            _over_classes(base * (1 + squared_cv(k))) - _over_classes(base),
            _over_classes(base * squared_cv(k)),
            name=r"v'(J_{W} - J_{w})v",
            key="gap",
        ),
        computed(
            "All of them are nonnegative, so the difference is positive semi-definite.",
            _over_classes(base * squared_cv(k)),
            relation=">=",
            key="sign",
        ),
    )


def _congruence() -> tuple[Step, ...]:
    x = MatrixSymbol("x", p, 1)
    v = A.I * x
    return (
        computed(
            "The covariances differ by A^-1 D A^-1, D = J_W - J_w: in direction x, D in direction "
            "A^-1 x. A is that of the balanced risk, for any model and any common ridge.",
            x.T * A.I * D * A.I * x,
            v.T * D * v,
            name=r"x' A^{-1} D A^{-1} x",
            check=equal_matrices(A),
            key="congruence",
        ),
    )


def _bounds() -> tuple[Step, ...]:
    Q = Function("Q", positive=True)
    base = tau(k) ** 2 * Q(k) / n(k)
    total, mean_gap = _over_classes(base), _over_classes(base * gap(k)) / _over_classes(base)
    low, high = symbols("c_0 c_1", positive=True)

    def ratio(one_plus_cv2: Any) -> Any:
        return _over_classes(base * one_plus_cv2) / total

    return (
        computed(
            "The variance ratio rho of a functional a, with Q_k = a' A^-1 V_k A^-1 a, is a "
            "weighted mean of 1 + c_k^2: with 1 + c_k^2 = c_0 + g_k it exceeds c_0 by the mean of "
            "g_k.",
            ratio(low + gap(k)) - low,
            mean_gap,
            name=r"\rho - c_{0}",
            key="above",
        ),
        computed(
            "With 1 + c_k^2 = c_1 - g_k it falls short of c_1 by the mean of g_k.",
            high - ratio(high - gap(k)),
            mean_gap,
            name=r"c_{1} - \rho",
            key="below",
        ),
        computed(
            "So it lies between the smallest and the largest 1 + c_k^2, the smallest being 1 or "
            "more.",
            mean_gap,
            relation=">=",
            key="between",
        ),
    )
