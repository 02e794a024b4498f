"""The mean of undersamples as the ridge grows (`ridge-limit-bags`).

Letters as in `ridge_limit`.
"""

from __future__ import annotations

from typing import Any

from sympy import Symbol, limit, oo

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_at
from mlbalance.derivations.proofs._boundary import argument
from mlbalance.derivations.proofs._proportional import (
    LOADS,
    T,
    alphas,
    half,
    over_classes,
    s,
    written_out,
)

bags = Symbol("B", positive=True)


def bags_expression() -> Any:
    """Argument x of errors Phi(-x) of the mean of B undersamples, in s, alpha_1, alpha_0 and B."""
    return written_out(argument(0, 0, T - 2 * half * (1 - 1 / bags)))


def ridge_limit_bags() -> Derivation:
    """The mean of undersamples as the ridge grows (label `ridge-limit-bags`)."""
    return Derivation("ridge-limit-bags", "any number of independent bags, one sigma", _bags())


def _bags() -> tuple[Step, ...]:
    own = 1 / (2 * alphas[1])
    shared = own * over_classes(lambda k: alphas[1] / alphas[k]) / 2
    variance = 4 * s**2 + 4 * (own / bags + (1 - 1 / bags) * shared)
    return (
        argued(
            "As lambda grows two undersamples have one pull per row, m = g_0 s^2/lambda and b = 0. "
            "The noise of their logits is common in the rows that both have: all of class 1, "
            "n_1/n_0 of class 0.",
            r"r = q - (d/n_{1} - d/n_{0}) (g_{0}/\lambda)^{2}/4",
            "Takahashi 2024 for the overlap, by the replica method; Loureiro et al. 2021 for one "
            "fit",
            key="overlap",
            cites=("takahashi2024", "loureiro2021"),
            conditions=("proportional", "convex-margin", "strong-ridge", "independent-bags"),
            limit=True,
        ),
        computed(
            "So the mean of B of them has this variance over the square of its mean,",
            variance,
            T - 2 * half * (1 - 1 / bags),
            name=r"4 s^{4} q_{B}/m^{2}",
            check=equal_at(LOADS),
            key="bags",
        ),
        computed(
            "which tends to that of weighting, and as b is zero its error to that of weighting at "
            "the best threshold.",
            limit(T - 2 * half * (1 - 1 / bags), bags, oo),
            T - 2 * half,
            name=r"[B \to \infty] 4 s^{4} q_{B}/m^{2}",
            key="bags-limit",
        ),
    )
