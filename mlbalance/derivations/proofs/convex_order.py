"""Convex functionals of a scheme's loss (`convex-order`).

Letters as in `optimism`; functional Phi of the loss function.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, Sum, Symbol

from mlbalance.derivations.engine import Derivation, Step, argued, computed, expectation
from mlbalance.derivations.proofs.optimism import (
    WEIGHTS,
    K,
    O,
    W,
    class_weighted,
    i,
    j,
    k,
    l,
    n,
    o,
    over_rows,
    square,
    tangent,
    tau,
)


def convex_order() -> Derivation:
    """A scheme's loss is above class weighting's in convex order (label `convex-order`)."""
    steps = (*_tangent(), *_square())
    return Derivation(
        "convex-order", "symbolic in K and n_k, any distribution of the weights", steps
    )


def _tangent() -> tuple[Step, ...]:
    at_weights = Symbol("phi")
    plane = at_weights + over_rows(tangent[k, i] * (W[k, i] - tau[k] / n[k]))
    chance, above = Function("P", nonnegative=True), Function("e", nonnegative=True)
    return (
        argued(
            "The loss is linear in the weights, so a convex functional of it is a convex function "
            "phi of them. Class weights are positive, inside its domain: there it has a tangent g, "
            "which it exceeds by e_W, never negative.",
            r"\phi(W) = \phi(w) + \sum_{k,i} g_{ki} (W_{ki} - w_{ki}) + e_{W}",
            "Rockafellar 1970, theorem 23.4",
            key="tangent",
            cites=("rockafellar1970",),
            conditions=("convex-functional", "label-only-weights"),
        ),
        computed(
            "The tangent has its value at class weights as its mean, whatever the distribution of "
            "the weights beyond its mean,",
            expectation(plane, WEIGHTS),
            at_weights,
            name=r"E[\phi(w) + \sum_{k,i} g_{ki} (W_{ki} - w_{ki})]",
            key="mean",
        ),
        computed(
            "and phi lies e_o above it in every outcome o: Jensen 1906.",
            Sum(chance(o) * above(o), (o, 1, O)),
            relation=">=",
            key="above",
            name=r"E\,\Phi(L_{W}) - \Phi(L_{w})",
        ),
    )


def square_gap_expression() -> Any:
    """E Phi(L_W) - Phi(L_w) for Phi the square of `sum W_ki g_ki`, for `evaluate`.

    In K, n, tau, g (K, n_k) and Q (K, n_k, K, n_k), Q_kilj = E W_ki W_lj.
    """
    of_pair = square[k, i, l, j] - tau[k] * tau[l] / (n[k] * n[l])
    both = of_pair * tangent[k, i] * tangent[l, j]
    return Sum(both, (i, 1, n[k]), (k, 1, K), (j, 1, n[l]), (l, 1, K))


def _square() -> tuple[Step, ...]:
    """The gap of one functional, where it can be written out."""
    value = over_rows(W[k, i] * tangent[k, i])
    mean = class_weighted(tangent[k, i])
    return (
        computed(
            "The square of a linear functional, such as a loss or a component of the score, "
            "on average exceeds its class-weighted value by its variance given the data, with "
            "Q_kilj = E W_ki W_lj.",
            expectation(value**2, WEIGHTS) - mean**2,
            square_gap_expression(),
            name=r"E \Phi(L_{W}) - \Phi(L_{w})",
            key="square",
        ),
    )
