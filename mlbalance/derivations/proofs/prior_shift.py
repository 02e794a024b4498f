"""Shifts of intercepts by weights and priors (`prior-shift`).

Letters as in `_population`: the softmax is correctly specified.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import IndexedBase, KroneckerDelta, S, Sum, symbols

from mlbalance.derivations.engine import Derivation, Step, computed
from mlbalance.derivations.proofs import _prior_examples as prior_examples
from mlbalance.derivations.proofs._population import (
    SCOPE,
    K,
    f,
    i,
    k,
    l,
    over_classes,
    over_points,
    posterior,
    r,
    tau,
    x,
)

a = symbols("a", integer=True)
pi, p, w = (IndexedBase(name) for name in ("pi", "p", "w"))


def prior_shift() -> Derivation:
    """Shifts of the intercepts of a correctly specified softmax (label `prior-shift`)."""
    return Derivation(
        "prior-shift", SCOPE, (*_weighted_fit(), *_converted(), *prior_examples.need_not())
    )


def _by_weights(label: Any) -> Any:
    """Prior proportional to w_k pi_k."""
    return w[label] * pi[label]


def _weighted_fit() -> tuple[Step, ...]:
    def moved(label: Any) -> Any:
        return w[label] * posterior(label, lambda one: pi[one])

    gap = posterior(r, _by_weights) - KroneckerDelta(r, k)
    return (
        computed(
            "Logits moved by log w_k turn the posterior at prior pi into the one at w_k pi_k.",
            moved(r) / Sum(moved(l), (l, 1, K)),
            posterior(r, _by_weights),
            name=r"p_{ri}(b + \log w)",
            key="moved",
        ),
        computed(
            "Rows of class k weighted w_k: there the mean score is zero, in slopes too, so by "
            "convexity (label hessian) the weighted fit has moved its intercepts and nothing else.",
            over_classes(over_points(pi[k] * w[k] * f[k, i] * gap * x[i, a])),
            S.Zero,
            name=r"\sum_{k} \pi_{k} w_{k} E_{k} \partial_{ra} \ell",
            key="score",
            conditions=("correctly-specified", "no-ridge"),
        ),
    )


def _converted_posterior(p: Callable[[Any], Any]) -> Any:
    """Claimed posterior of class r at prior pi from the posterior p at prior tau."""
    return p(r) * pi[r] / tau[r] / Sum(p(l) * pi[l] / tau[l], (l, 1, K))


def posterior_expression() -> Any:
    """Probability of class r at prior pi, from p (K,) at prior tau, for `evaluate`."""
    return _converted_posterior(lambda label: p[label])


def _converted() -> tuple[Step, ...]:
    return (
        computed(
            "Label shift, the densities within classes unchanged: multiplying by pi_k/tau_k, or "
            "adding its log to the intercepts, turns any true posterior at tau into that at pi.",
            _converted_posterior(posterior),
            posterior(r, lambda label: pi[label]),
            name=r"p_{r}(\pi)",
            key="converted",
            conditions=("label-shift",),
        ),
    )
