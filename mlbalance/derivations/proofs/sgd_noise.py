"""Covariance of the gradient of a mini-batch, drawn in three ways (`sgd-noise`).

Letters: a batch of b rows; draw r hits row i of the n_k rows of class k; scores s_kia of class
means m_ka and mean products Q_kab; gradient g of class weighting; shares pi_k = n_k/n.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, IndexedBase, KroneckerDelta, S, Sum, Symbol, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    computed,
    covariance,
    equal,
    equal_given,
)
from mlbalance.derivations.proofs.harmonic import harmonic_mean
from mlbalance.derivations.proofs.harmonic import n as count
from mlbalance.derivations.proofs.harmonic import tau as positive_tau
from mlbalance.derivations.proofs.score_variance import K, a, b, i, k, l, n, s, tau

rows, size = symbols("n b", integer=True, positive=True)
r = Symbol("r", integer=True)
v, g, P, Q, m, hit = (IndexedBase(name) for name in ("v", "g", "P", "Q", "m", "I"))


def sgd_noise() -> Derivation:
    """Covariances of the gradient of a batch, and their ratio (label `sgd-noise`)."""
    steps = (*_batch(), *_weighted(), *_balanced(), *_stratified(), *_ratio())
    return Derivation("sgd-noise", "symbolic in K, n_k, b and d", steps)


def _over_classes(term: Any) -> Any:
    return Sum(term, (k, 1, K))


def _over_rows(term: Any) -> Any:
    return Sum(term, (i, 1, n[k]), (k, 1, K))


def _class_mean(term: Any) -> Any:
    return Sum(term, (i, 1, n[k])) / n[k]


_CLASS_MEANS = {
    m[k, a]: _class_mean(s[k, i, a]),
    Q[k, a, b]: _class_mean(s[k, i, a] * s[k, i, b]),
}


def _over_class_means(lhs: Any, rhs: Any) -> bool:
    """Check of equality with m_k and Q_k written as the means over class k that they are."""
    return equal(lhs, rhs.xreplace(_CLASS_MEANS))


def weighted_square() -> Any:
    """Claimed mean of products of a weighted row's scores, entry (a, b)."""
    return _over_classes(tau[k] ** 2 * rows / n[k] * Q[k, a, b])


def balanced_square() -> Any:
    """Claimed mean of products of a row's scores in balanced sampling, entry (a, b)."""
    return _over_classes(tau[k] * Q[k, a, b])


def noise_expressions() -> dict[str, Any]:
    """Entry (a, b) of the covariance of a batch's gradient, by sampling, for `evaluate`.

    In tau, n (K,), g (p,), m (K, p) and Q (K, p, p), with n rows in all as `rows` and b as `size`.
    """
    total, per = Symbol("rows", positive=True), Symbol("size", positive=True)
    between = g[a] * g[b]
    return {
        "weighted": (weighted_square().subs(rows, total) - between) / per,
        "balanced": (balanced_square() - between) / per,
        "stratified": _over_classes(tau[k] * (Q[k, a, b] - m[k, a] * m[k, b])) / per,
    }


def _batch() -> tuple[Step, ...]:
    """Any independent draws: v is what a draw contributes, of mean g and mean product P."""

    def both(one: tuple[Any, ...], other: tuple[Any, ...]) -> Any:
        apart = g[one[1]] * g[other[1]]
        return apart + KroneckerDelta(one[0], other[0]) * (P[one[1], other[1]] - apart)

    draws = Moments(v, lambda _, c: g[c], both)

    def mean(component: Any) -> Any:
        return Sum(v[r, component], (r, 1, size)) / size

    return (
        computed(
            "The mean of b independent draws v_r, each of mean g and mean product P, has this "
            "covariance.",
            covariance(mean(a), mean(b), draws),
            (P[a, b] - g[a] * g[b]) / size,
            name=r"\operatorname{Cov}(\bar{v}_{a}, \bar{v}_{b})",
            key="batch",
            conditions=("independent-draws",),
        ),
    )


def _weighted() -> tuple[Step, ...]:
    weight = tau[k] * rows / n[k]
    return (
        computed(
            "Class weights in the loss: a row, one of all n alike, counts tau_k/pi_k = tau_k n/n_k "
            "times. The mean is the gradient of class weighting.",
            _over_rows(weight * s[k, i, a] / rows),
            _over_classes(tau[k] * m[k, a]),
            name="g_{a}",
            check=_over_class_means,
            key="weighted-mean",
        ),
        computed(
            "Its mean product,",
            _over_rows(weight**2 * s[k, i, a] * s[k, i, b] / rows),
            weighted_square(),
            name="P_{ab}",
            check=_over_class_means,
            key="weighted",
        ),
    )


def _balanced() -> tuple[Step, ...]:
    return (
        computed(
            "Classes sampled in balance, by tau, then a row of the class: the same mean,",
            _over_rows(tau[k] / n[k] * s[k, i, a]),
            _over_classes(tau[k] * m[k, a]),
            name="g_{a}",
            check=_over_class_means,
            key="balanced-mean",
        ),
        computed(
            "and another mean product.",
            _over_rows(tau[k] / n[k] * s[k, i, a] * s[k, i, b]),
            balanced_square(),
            name="P_{ab}",
            check=_over_class_means,
            key="balanced",
        ),
    )


def _stratified() -> tuple[Step, ...]:
    per_class = tau[k] * size
    drawn = (Q[k, a, b] - m[k, a] * m[k, b]) / per_class
    claimed = _over_classes(tau[k] * (Q[k, a, b] - m[k, a] * m[k, b])) / size
    real, weight = Function("m", real=True), Function("tau", positive=True)
    pairs = Sum(tau[k] * tau[l] * (m[k, a] - m[l, a]) * (m[k, b] - m[l, b]), (k, 1, K), (l, 1, K))
    mean = {c: _over_classes(tau[k] * m[k, c]) for c in (a, b)}
    known = {_over_classes(tau[k]): S.One}
    return (
        computed(
            "Stratified, tau_k b rows of class k, where these are whole: by the first step each "
            "class has a covariance of its own.",
            _over_classes(tau[k] ** 2 * drawn),
            claimed,
            name=r"\operatorname{Cov}(\bar{v}_{a}, \bar{v}_{b})",
            key="stratified",
        ),
        computed(
            "Sampling in balance has in addition the spread of the class means,",
            (balanced_square() - mean[a] * mean[b]) / size - claimed,
            pairs / (2 * size),
            name=r"\operatorname{Cov}_{\mathrm{bal}} - \operatorname{Cov}_{\mathrm{str}}",
            check=equal_given(known),
            key="between",
        ),
        computed(
            "which is negative in no direction.",
            Sum(weight(k) * weight(l) * (real(k) - real(l)) ** 2, (k, 1, K), (l, 1, K)),
            relation=">=",
            key="never-less",
        ),
    )


def _ratio() -> tuple[Step, ...]:
    product = Symbol("Q", positive=True)
    total = Sum(count(k), (k, 1, K))

    def square(prior: Any) -> tuple[Any, Any]:
        weighted = Sum(prior**2 * total / count(k) * product, (k, 1, K))
        return weighted, Sum(prior * product, (k, 1, K))

    above, below = square(positive_tau(k))
    uniform_above, uniform_below = square(1 / K)
    return (
        computed(
            "At the minimum, without a ridge, g is zero. With the same mean products in all "
            "classes the ratio of the two is one number in every direction: Kish's design effect "
            "of class weights,",
            above / below,
            total * Sum(positive_tau(k) ** 2 / count(k), (k, 1, K)),
            name=r"P_{ab}^{w}/P_{ab}^{\mathrm{bal}}",
            check=equal_given({Sum(positive_tau(k), (k, 1, K)): S.One}),
            key="effect",
            conditions=("equal-scores", "no-ridge"),
        ),
        computed(
            "and with a uniform target n over K times the harmonic mean of the counts.",
            uniform_above / uniform_below,
            total / (K * harmonic_mean()),
            name=r"P_{ab}^{w}/P_{ab}^{\mathrm{bal}}",
            key="ratio",
            conditions=("equal-scores", "no-ridge", "uniform-target"),
        ),
    )
