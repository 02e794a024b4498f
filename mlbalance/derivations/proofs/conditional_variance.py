"""The noise of a scheme given the data (`conditional-variance`).

Letters: row i of the n_k rows of class k; scores s_kia, known given the data, with class mean m_ka
and covariance S_kab^2 within the class, with divisor n_k - 1; weights W_ki with totals T_k, C_kl
the covariance of two totals. Entries (a, b) of matrices are proved one by one.
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
    expectation,
)

K = Symbol("K", integer=True, positive=True)
i, j, k, l, a, b = symbols("i j k l a b", integer=True)
n, tau, W, s, mu, V, C = (IndexedBase(name) for name in "n tau W s mu V C".split())
cv, spread, average = (IndexedBase(name) for name in (Symbol("c^2"), "S", "m"))

Index = tuple[Any, ...]
Totals = Callable[[Any, Any], Any]
"""Covariance of the totals of two classes."""


def _random(one: Any, other: Any) -> Any:
    return C[one, other]


def _fixed(_one: Any, _other: Any) -> Any:
    return S.Zero


def _pair(label: Any, totals: Totals) -> tuple[Any, Any]:
    """Second moments of weights of one class: of a row with itself, of two rows."""
    square = (tau[label] / n[label]) ** 2 * (1 + cv[label])
    total = totals(label, label) + tau[label] ** 2
    return square, (total - n[label] * square) / (n[label] * (n[label] - 1))


def _weights(totals: Totals) -> Moments:
    """Weights exchangeable within classes, with Cov(T_k, T_l) of their totals."""

    def both(one: Index, other: Index) -> Any:
        square, apart = _pair(one[0], totals)
        product = totals(one[0], other[0]) + tau[one[0]] * tau[other[0]]
        between = product / (n[one[0]] * n[other[0]])
        together = KroneckerDelta(one[0], other[0])
        same_row = together * KroneckerDelta(one[1], other[1])
        return between + together * (apart - between) + same_row * (square - apart)

    return Moments(W, lambda k, _: tau[k] / n[k], both)


def _score(component: Any) -> Any:
    return Sum(W[k, i] * s[k, i, component], (i, 1, n[k]), (k, 1, K))


def _mean(label: Any, component: Any) -> Any:
    return Sum(s[label, j, component], (j, 1, n[label])) / n[label]


def _square(label: Any) -> Any:
    """Entry (a, b) of S_k^2, divisor n_k - 1."""
    one, other = (s[label, i, c] - _mean(label, c) for c in (a, b))
    return Sum(one * other, (i, 1, n[label])) / (n[label] - 1)


def _formula(square: Callable[[Any], Any], mean: Callable[[Any, Any], Any], totals: Totals) -> Any:
    """Claimed noise from S_k^2 and the class means."""
    within = Sum((tau[k] ** 2 * cv[k] - totals(k, k)) * square(k) / n[k], (k, 1, K))
    if totals is _fixed:
        return within
    return within + Sum(totals(k, l) * mean(k, a) * mean(l, b), (k, 1, K), (l, 1, K))


def conditional_variance() -> Derivation:
    """The scheme's own noise given the data (label `conditional-variance`)."""
    steps = (*_pairs(), *_noise(), *_parts(), *_analysts())
    return Derivation("conditional-variance", "symbolic in K and n_k", steps)


def conditional_variance_expression() -> Any:
    """Entry (a, b) of the noise, in n, tau, c^2, C = Cov(T), S (K, p, p) and m (K, p).

    S is S_k^2 with divisor n_k - 1 and m the class means of the scores; C is zero where totals
    are fixed.
    """
    return _formula(lambda label: spread[label, a, b], lambda label, c: average[label, c], _random)


def _pairs() -> tuple[Step, ...]:
    square, apart = _pair(k, _random)
    _, opposed = _pair(k, _fixed)
    return (
        computed(
            "Rows of a class are exchangeable, so the total of the class fixes E W_ki W_kj.",
            n[k] * square + n[k] * (n[k] - 1) * apart,
            C[k, k] + tau[k] ** 2,
            name=r"E T_{k}^{2}",
            key="pairs",
        ),
        computed(
            "With a fixed total the others weigh less where one row weighs more.",
            opposed - (tau[k] / n[k]) ** 2,
            -((tau[k] / n[k]) ** 2) * cv[k] / (n[k] - 1),
            name=r"\operatorname{Cov}(W_{ki}, W_{kj})",
            key="apart",
            conditions=("exchangeable-weights", "fixed-totals"),
        ),
    )


def _noise() -> tuple[Step, ...]:
    name = r"\operatorname{Cov}(\partial_{a} L_{W}, \partial_{b} L_{W} \mid X, y)"
    short = {
        (n[k] - 1) * _square(k): (n[k] - 1) * spread[k, a, b],
        n[k] * _mean(k, a): n[k] * average[k, a],
        n[l] * _mean(l, b): n[l] * average[l, b],
    }
    return (
        computed(
            "Given the data scores are numbers. Within classes S_k^2 is left, and the class means "
            "m_k where totals are random.",
            covariance(_score(a), _score(b), _weights(_random)),
            _formula(_square, _mean, _random),
            name=name,
            short=short,
            key="noise",
        ),
        computed(
            "Totals fixed: S_k^2 alone. A class of one row has no noise, its weight is tau_k.",
            covariance(_score(a), _score(b), _weights(_fixed)),
            _formula(_square, _mean, _fixed),
            name=name,
            short=short,
            key="fixed-totals",
        ),
    )


def _scores() -> Moments:
    """Independent rows with mean mu_k and covariance V_k within the class."""

    def both(one: Index, other: Index) -> Any:
        same = KroneckerDelta(one[0], other[0]) * KroneckerDelta(one[1], other[1])
        return mu[one[0], one[2]] * mu[other[0], other[2]] + same * V[one[0], one[2], other[2]]

    return Moments(s, lambda k, _, a: mu[k, a], both)


def _parts() -> tuple[Step, ...]:
    """Mean of the noise over the data, and what it adds to the variance of class weighting."""
    centred = Sum(s[k, i, a] * s[k, i, b], (i, 1, n[k])) - n[k] * _mean(k, a) * _mean(k, b)
    data = Sum(tau[k] ** 2 * V[k, a, b] / n[k], (k, 1, K))
    noise = _formula(lambda label: V[label, a, b], lambda *_: S.Zero, _fixed)
    whole = Sum(tau[k] ** 2 * (1 + cv[k]) * V[k, a, b] / n[k], (k, 1, K))
    return (
        computed(
            "Around the class mean,",
            (n[k] - 1) * _square(k),
            centred,
            name=r"(n_{k} - 1) S_{kab}^{2}",
            key="squares",
        ),
        computed(
            "so S_k^2 has the mean V_k over data of n_k independent rows.",
            expectation(centred, _scores()) / (n[k] - 1),
            V[k, a, b],
            name=r"E S_{kab}^{2}",
            key="mean",
            conditions=("independent-rows",),
        ),
        computed(
            "Variance of class weighting and mean noise are the two parts of J_W.",
            data + noise,
            whole,
            name=r"(J_{w})_{ab} + E \operatorname{Cov}(\cdot \mid X, y)",
            key="sum",
        ),
    )


def _analysts() -> tuple[Step, ...]:
    value, noise = symbols("g v")
    score = IndexedBase("G")
    moments = Moments(
        score, lambda _: value, lambda r, t: value**2 + KroneckerDelta(r[0], t[0]) * noise
    )
    return (
        computed(
            "Two analysts with the same data and seeds of their own: what they differ by has "
            "twice the noise v.",
            covariance(score[1] - score[2], score[1] - score[2], moments),
            2 * noise,
            name=r"\operatorname{Var}(G_{1} - G_{2} \mid X, y)",
            key="analysts",
        ),
    )
