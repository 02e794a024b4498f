"""The class-weighted loss is the mean of every scheme's (`conditional-mean`).

Letters as in `cv2`.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, Sum, Symbol, symbols

from mlbalance.derivations.engine import Derivation, Moments, Step, argued, computed, expectation
from mlbalance.derivations.proofs.cv2 import PAIRS, n, tau, total_chance


def conditional_mean() -> Derivation:
    """Given the data, the loss of every scheme has the class-weighted loss as its mean."""
    means = (
        computed(
            f"Mean weight of a row: {name}.",
            pair()[0],
            tau / n,
            name=r"E[W_{i} \mid k]",
            check=total_chance,
            key=name,
        )
        for name, pair in PAIRS.items()
    )
    return Derivation("conditional-mean", "symbolic in K and n_k", (*means, *_linearity()))


def _linearity() -> tuple[Step, ...]:
    K = Symbol("K", integer=True, positive=True)
    i, k, a = symbols("i k a", integer=True)
    size, prior, weight, loss, score = (IndexedBase(s) for s in ("n", "tau", "W", "ell", "s"))
    moments = Moments(weight, lambda k, _: prior[k] / size[k], _unknown)

    def weighted(value: Any) -> Any:
        return Sum(weight[k, i] * value, (i, 1, size[k]), (k, 1, K))

    def averaged(value: Any) -> Any:
        return Sum(prior[k] / size[k] * Sum(value, (i, 1, size[k])), (k, 1, K))

    return (
        computed(
            "The loss is linear in the weights, and their distribution given the data depends on "
            "labels only.",
            expectation(weighted(loss[k, i]), moments),
            averaged(loss[k, i]),
            name=r"E[L_{W} \mid X, y]",
            key="loss",
        ),
        computed(
            "So is every component of its gradient.",
            expectation(weighted(score[k, i, a]), moments),
            averaged(score[k, i, a]),
            name=r"E[\partial_{a} L_{W} \mid X, y]",
            key="gradient",
        ),
        argued(
            "(X, y) is sufficient in (X, y, W), so class weighting is the Rao-Blackwell version "
            "of every scheme, for the objective and for its gradient.",
            r"\operatorname{Var}(\nabla L_{W}) = \operatorname{Var}(\nabla L_{w})"
            r" + E \operatorname{Var}(\nabla L_{W} \mid X, y)",
            "Rao 1945; Blackwell 1947",
            key="sufficient",
            cites=("rao1945", "blackwell1947"),
            conditions=("label-only-weights", "unbiased-weights"),
        ),
    )


def _unknown(_one: tuple[Any, ...], _other: tuple[Any, ...]) -> Any:
    raise ValueError("The conditional mean uses first moments only.")
