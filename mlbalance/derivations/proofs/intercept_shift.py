"""Class means of the score as shifts of intercepts (`intercept-shift`).

Letters as in `_population`: the softmax is correctly specified. e_b is the direction of one class's
intercept.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, KroneckerDelta, MatrixSymbol, Symbol, symbols

from mlbalance.derivations.engine import Derivation, Step, computed, equal_given, equal_matrices
from mlbalance.derivations.proofs._population import (
    SCOPE,
    c,
    i,
    information,
    k,
    l,
    n,
    over_classes,
    over_points,
    r,
    score_mean,
    tau,
    x,
)

a = symbols("a", integer=True)
reference = Symbol("q", integer=True)
cv = IndexedBase(Symbol("c^2"))


def intercept_shift() -> Derivation:
    """Class means of the score are intercept shifts (label `intercept-shift`)."""
    return Derivation("intercept-shift", SCOPE, (*_columns(), *_excess()))


def _columns() -> tuple[Step, ...]:
    size, prior = Symbol("p", integer=True, positive=True), Symbol("tau_l", positive=True)
    A, unit = MatrixSymbol("A", size, size), MatrixSymbol("e", size, 1)
    return (
        computed(
            "The Hessian's column of the intercept of class l: as the density times p_l is "
            "tau_l f_l, it is the mean score of the class times -tau_l, in slopes too.",
            over_points(information(r, l) * x[i, a]),
            -tau[l] * score_mean(l, r),
            name=r"(A e_{b_{l}})_{ra}",
            key="column",
            conditions=("correctly-specified", "no-ridge"),
        ),
        computed(
            "A is invertible on contrasts, so this is its inverse at the class means: a pure "
            "intercept e, with no part in any slope.",
            A.I * (-(A * unit) / prior),
            -unit / prior,
            name=r"A^{-1} \mu_{l}",
            check=equal_matrices(A),
            key="inverse",
            conditions=("first-order",),
        ),
    )


def _moved(label: Any, component: Any) -> Any:
    """Claimed A^-1 mu_k in the intercept contrast of `component` against the reference class."""
    apart = KroneckerDelta(component, label) - KroneckerDelta(reference, label)
    return -apart / tau[label]


def _claimed_excess(one: Any, other: Any) -> Any:
    """Claimed uncentred less centred covariance of two intercept contrasts."""
    own = KroneckerDelta(one, other) * (1 + cv[one]) / n[one]
    return own + (1 + cv[reference]) / n[reference]


def excess_expression() -> Any:
    """Entry (r, c) of uncentred less centred on intercept contrasts, in n, c^2 and the class q."""
    return _claimed_excess(r, c)


_other_classes = equal_given({KroneckerDelta(r, reference): 0, KroneckerDelta(c, reference): 0})


def _excess() -> tuple[Step, ...]:
    rows = tau[k] ** 2 / n[k]
    return (
        computed(
            "Uncentred scores have sum_k tau_k^2 (1 + c_k^2) mu_k mu_k'/n_k more variance than "
            "centred ones: between two inverse Hessians, on intercept contrasts against class q.",
            over_classes(rows * (1 + cv[k]) * _moved(k, r) * _moved(k, c)),
            _claimed_excess(r, c),
            name=r"(A^{-1} (J^{0} - J_{W}) A^{-1})_{rc}",
            check=_other_classes,
            key="excess",
        ),
        computed(
            "For class weights it is D = diag(1/n_k) + 11'/n_q, whatever the target prior.",
            over_classes(rows * _moved(k, r) * _moved(k, c)),
            KroneckerDelta(r, c) / n[r] + 1 / n[reference],
            name=r"D_{rc}",
            check=_other_classes,
            key="class-weights",
        ),
    )
