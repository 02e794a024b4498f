"""Exact variance of the score of a randomly weighted loss (`score-variance`).

Letters: row i of the n_k rows of class k; weights W_ki with totals T_k, w_ki = E W_ki and Q_kilj =
E W_ki W_lj; scores s_kia, independent over rows, with mean mu_ka and covariance V_kab within the
class, independent of W given y. Entries (a, b) of matrices are proved one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sympy import IndexedBase, KroneckerDelta, S, Sum, Symbol, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    computed,
    covariance,
    equal_given,
    expectation,
)

K = Symbol("K", integer=True, positive=True)
i, j, k, l, a, b = symbols("i j k l a b", integer=True)
n, tau, W, s, mu, V = (IndexedBase(name) for name in "n tau W s mu V".split())
mean, square, C = (IndexedBase(name) for name in "wQC")
cv = IndexedBase(Symbol("c^2"))

Index = tuple[Any, ...]


def same(one: Index, other: Index) -> Any:
    """One if two indices agree in every place, else zero."""
    result = S.One
    for left, right in zip(one, other, strict=True):
        result *= KroneckerDelta(left, right)
    return result


_WEIGHTS = Moments(W, lambda *row: mean[row], lambda one, other: square[(*one, *other)])
"""Any distribution of weights: w_ki = E W_ki and Q_kilj = E W_ki W_lj."""

_SCORES = Moments(
    s,
    lambda k, _, a: mu[k, a],
    lambda one, other: (
        mu[one[0], one[2]] * mu[other[0], other[2]]
        + same(one[:2], other[:2]) * V[one[0], one[2], other[2]]
    ),
)


def _over_rows(term: Any) -> Any:
    return Sum(term, (i, 1, n[k]), (k, 1, K))


def _gradient(component: Any) -> Any:
    return _over_rows(W[k, i] * s[k, i, component])


def _mean_given_weights(component: Any) -> Any:
    return _over_rows(W[k, i] * mu[k, component])


def between(total_covariance: Callable[[Any, Any], Any]) -> Any:
    """Between-class term of a covariance of the totals, `sum_kl Cov(T_k, T_l) mu_k mu_l'`."""
    return Sum(total_covariance(k, l) * mu[k, a] * mu[l, b], (k, 1, K), (l, 1, K))


def _covariance_of_totals(one: Any, other: Any) -> Any:
    row, column = Sum(mean[one, i], (i, 1, n[one])), Sum(mean[other, j], (j, 1, n[other]))
    return Sum(square[one, i, other, j], (i, 1, n[one]), (j, 1, n[other])) - row * column


def score_variance() -> Derivation:
    """Variance of the score by the law of total variance (label `score-variance`)."""
    return Derivation(
        "score-variance", "symbolic in K and n_k", (*general_steps(), *_fixed_totals())
    )


def general_steps() -> tuple[Step, ...]:
    """The law of total variance, whatever the distribution of the weights."""
    given_weights = _over_rows(W[k, i] ** 2 * V[k, a, b])
    within = _over_rows(square[k, i, k, i] * V[k, a, b])
    product = expectation(_gradient(a) * _gradient(b), _SCORES)
    means = [expectation(_mean_given_weights(c), _WEIGHTS) for c in (a, b)]
    return (
        computed(
            "Given the weights, the score has the weighted class means as its mean.",
            expectation(_gradient(a), _SCORES),
            Sum(Sum(W[k, i], (i, 1, n[k])) * mu[k, a], (k, 1, K)),
            name=r"E[\partial_{a} L_{W} \mid W]",
            key="mean-given",
        ),
        computed(
            "Given the weights, rows are independent: only squares are left.",
            covariance(_gradient(a), _gradient(b), _SCORES),
            given_weights,
            name=r"\operatorname{Cov}(\partial_{a} L_{W}, \partial_{b} L_{W} \mid W)",
            key="variance-given",
        ),
        computed(
            "Mean of that over the weights, with Q_kiki = E W_ki^2.",
            expectation(given_weights, _WEIGHTS),
            within,
            name=r"E \operatorname{Cov}(\cdot \mid W)",
            key="within",
        ),
        computed(
            "Covariance of the conditional means: the totals T_k alone.",
            covariance(_mean_given_weights(a), _mean_given_weights(b), _WEIGHTS),
            between(_covariance_of_totals),
            name=r"\operatorname{Cov}(E[\cdot \mid W])",
            key="between",
        ),
        computed(
            "The covariance is the mean variance given the weights plus that of the totals T_k, "
            "each times its class mean: computed without conditioning.",
            expectation(product, _WEIGHTS) - means[0] * means[1],
            within + between(_covariance_of_totals),
            name=r"\operatorname{Cov}(\partial_{a} L_{W}, \partial_{b} L_{W})",
            key="total-variance",
        ),
    )


def within(
    squared_cv: Callable[[Any], Any],
    count: Callable[[Any], Any] = lambda label: n[label],
    entry: Callable[[Any], Any] = lambda label: V[label, a, b],
) -> Any:
    """Claimed variance with fixed totals, one entry: J_W, and J_w where the CV is zero."""
    return Sum(tau[k] ** 2 * (1 + squared_cv(k)) * entry(k) / count(k), (k, 1, K))


def score_variance_expression() -> Any:
    """Entry (a, b) of the variance of the score, in n, tau, c^2, C = Cov(T), mu, V, for `evaluate`.

    C (K, K) is zero where totals are fixed; mu is (K, p) and V (K, p, p).
    """
    return within(lambda label: cv[label]) + between(lambda one, other: C[one, other])


def _fixed_totals() -> tuple[Step, ...]:
    one, other = Sum(mean[k, i], (i, 1, n[k])), Sum(mean[l, j], (j, 1, n[l]))
    return (
        computed(
            "Fixed totals, T_l = tau_l: E T_k T_l is tau_l E T_k, and the second term is zero.",
            Sum(mean[k, i] * tau[l], (i, 1, n[k])) - one * other,
            S.Zero,
            name=r"\operatorname{Cov}(T_{k}, T_{l})",
            check=equal_given({one: tau[k], other: tau[l]}),
            key="fixed-totals",
            conditions=("fixed-totals",),
        ),
        computed(
            "With E W_ki^2 = (tau_k/n_k)^2 (1 + c_k^2) the first term is J_W. Of the joint "
            "distribution of two rows nothing was asked but that totals are fixed.",
            _over_rows((tau[k] / n[k]) ** 2 * (1 + cv[k]) * V[k, a, b]),
            within(lambda label: cv[label]),
            name=r"(J_{W})_{ab}",
            key="variance",
            conditions=("unbiased-weights", "fixed-counts"),
        ),
    )
