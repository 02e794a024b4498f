"""Weights and offsets traded for each other (`bridge`).

Letters as in `offset_efficiency`; T_k the weight of class k, q_k(g) its share.
"""

from __future__ import annotations

from typing import Any

from sympy import S, Sum, Symbol, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_given
from mlbalance.derivations.proofs._population import (
    SCOPE,
    K,
    a,
    f,
    i,
    k,
    l,
    n,
    over_classes,
    over_points,
    r,
    residual,
    share,
    tau,
    x,
)
from mlbalance.derivations.proofs.offset_efficiency import _data, q

g = Symbol("g", real=True)


def bridge() -> Derivation:
    """Weights and offsets traded for each other (label `bridge`)."""
    return Derivation("bridge", SCOPE, (*_bridged(), *_endpoints(), *_best()))


def _on_the_way(label: Any) -> Any:
    """Prior under which the rows of the bridge count, up to a constant."""
    return tau[label] ** g * n[label] ** (1 - g)


def bridge_expression() -> Any:
    """Prior of the bridge at class k, in tau, n and g, for `evaluate`."""
    return _on_the_way(k) / Sum(_on_the_way(l), (l, 1, K))


def _bridged() -> tuple[Step, ...]:
    size, target = symbols("n_k tau_k", positive=True)
    return (
        computed(
            "The rows of class k weigh n_k (tau_k/n_k)^g together,",
            size * (target / size) ** g,
            target**g * size ** (1 - g),
            name=r"T_{k}",
            key="total",
        ),
        computed(
            "and the offset (1 - g) log(n_k/tau_k) turns the prior tau into the same one.",
            target * (size / target) ** (1 - g),
            target**g * size ** (1 - g),
            name=r"\tau_{k} e^{o_{k}}",
            key="prior",
        ),
        computed(
            "So the mean score is zero at the parameters at prior tau, for every g.",
            over_points(over_classes(q[k] * f[k, i] * residual(k, r, _data)) * x[i, a]),
            S.Zero,
            name=r"\sum_{k} T_{k} E_{k} s_{ra}",
            key="score",
            conditions=("correctly-specified", "no-ridge"),
        ),
    )


def _endpoints() -> tuple[Step, ...]:
    one = bridge_expression()
    return (
        computed(
            "g = 1 is weighting, with no offset: it has the balanced risk as its target whether "
            "the model is correctly specified or not.",
            one.subs(g, 1),
            tau[k],
            name=r"q_{k}(1)",
            check=equal_given({Sum(tau[k], (k, 1, K)): S.One}),
            key="weighting",
        ),
        computed(
            "g = 0 is the unweighted fit with offset: logit adjustment.",
            one.subs(g, 0),
            share(k),
            name=r"q_{k}(0)",
            key="adjustment",
        ),
    )


def _best() -> tuple[Step, ...]:
    return (
        argued(
            "Every g weights the rows to its prior q(g), and label offset-efficiency holds for any "
            "target prior: g = 0 precedes all of them when the model is correctly specified.",
            r"\Sigma(0) \preceq \Sigma(g)",
            "the label offset-efficiency, with q(g) in the place of the target shares",
            key="efficient",
            labels=("offset-efficiency",),
        ),
    )
