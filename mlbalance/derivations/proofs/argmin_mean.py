"""Second-order bias that averaging fits leaves (`argmin-mean`).

Letters as in `second_order`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import Sum

from mlbalance.derivations.engine import Derivation, Moments, Step, argued, computed, expectation
from mlbalance.derivations.proofs.second_order import (
    B,
    K,
    Rows,
    W,
    a,
    b,
    bias_expression,
    bias_step,
    cv,
    i,
    inverse,
    k,
    m,
    n,
    p,
    r,
    s,
    tau,
    unknown,
    weight_of,
)


def _only_cv(label: Any) -> Any:
    return cv[label]


_GIVEN = Rows(lambda k: n[k], lambda k, o: 1 / (n[k] - 1))
"""Given the data: the rows of the class, with the divisor n_k - 1."""


def averaging_gap_expression() -> Any:
    """Component a of the bias that averaging leaves, in letters as in `second_order`."""
    return bias_expression(_only_cv)


def argmin_mean() -> Derivation:
    """Argmin of the mean loss and mean of the argmins (label `argmin-mean`)."""
    steps = (*_same_first_order(), *_gap())
    return Derivation("argmin-mean", "symbolic in K, n_k, m and the number of parameters", steps)


def _same_first_order() -> tuple[Step, ...]:
    weights = Moments(W, lambda k, _: tau[k] / n[k], unknown)
    bags = Moments(W, lambda r, k, _: tau[k] / n[k], unknown)

    def move(weight: Callable[[Any], Any], component: Any) -> Any:
        rows = Sum(weight(k) * s[k, i, b], (i, 1, n[k]), (k, 1, K))
        return -Sum(inverse[component, b] * rows, (b, 1, p))

    def bag(index: Any) -> Any:
        return move(lambda label: W[index, label, i], a)

    weighted = move(lambda label: tau[label] / n[label], a)
    return (
        computed(
            "To first order a fit moves by -A^-1 u, linear in the weights: the mean move over the "
            "draws is that of class weighting.",
            expectation(move(lambda label: W[label, i], a), weights),
            weighted,
            name=r"E[\delta_{a} \mid X, y]",
            key="first-order",
        ),
        computed(
            "So is that of the average of bags, whatever their number.",
            expectation(Sum(bag(r), (r, 1, B)) / B, bags),
            weighted,
            name=r"E[\sum_{r} \delta_{ra}/B \mid X, y]",
            key="average",
        ),
    )


def _gap() -> tuple[Step, ...]:
    return (
        argued(
            "Given the data, weights around their means make noise in the score and in the Hessian "
            "alike: sums of centred numbers, whose covariances are tau_k^2 c_k^2/n_k times those "
            "of the class, with divisor n_k - 1.",
            r"\operatorname{Cov}(\cdot_{a}, \cdot_{b} \mid X, y) ="
            r" \sum_{k} \tau_{k}^{2} c_{k}^{2}/n_{k} S_{kab}^{2}",
            "the label conditional-variance, for components of both",
            key="noise",
            labels=("conditional-variance",),
        ),
        bias_step(
            "Around the class-weighted fit of the data, with its Hessian and third derivative, "
            "the mean of eta over the draws is this: D and S are covariances of the rows.",
            _GIVEN,
            _only_cv,
            r"E[\eta_{a} \mid X, y]",
        ),
        computed(
            "Undersampling to m, c_k^2 = n_k/m - 1: it falls as 1/m - 1/n_k, and not with the "
            "number of bags.",
            weight_of(lambda label: n[label] / m - 1)(k),
            tau[k] ** 2 * (1 / m - 1 / n[k]),
            name=r"\tau_{k}^{2} c_{k}^{2}/n_{k}",
            key="undersampled",
        ),
        argued(
            "What is left out has a mean of smaller order, for the expansion or the limit "
            "distribution.",
            r"E[\theta_{W} \mid X, y] - \theta_{w} \sim E[\eta \mid X, y]",
            "Friedman and Hall 2007; Buja and Stuetzle 2006",
            key="remainder",
            cites=("friedman2007", "buja2006"),
            conditions=("first-order", "negligible-weights", "mle-exists"),
            limit=True,
        ),
    )
