"""The between-class term of schemes whose class totals are random (`random-totals`).

Letters as in `score_variance`; q_k keep rates, pi_k priors of the population, n rows, N draws, and
I the indicators a distribution is written from: row kept, trial of class k.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, KroneckerDelta, Sum, Symbol, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    computed,
    covariance,
    equal_given,
)
from mlbalance.derivations.proofs.score_variance import (
    Index,
    K,
    a,
    b,
    general_steps,
    i,
    k,
    l,
    n,
    same,
    tau,
)

rows, draws, m = symbols("n N m", integer=True, positive=True)
r = Symbol("r", integer=True)
q, pi, hit = (IndexedBase(name) for name in ("q", "pi", "I"))


def random_totals() -> Derivation:
    """The between-class term of schemes whose totals are random (label `random-totals`)."""
    of_schemes = (*_thinned(), *_known_population(), *_sampler())
    steps = (general_steps()[-1], *of_schemes, *_intercept_only())
    return Derivation("random-totals", "symbolic in K, n and n_k", steps)


def _of_thinning(one: Any, other: Any) -> Any:
    return KroneckerDelta(one, other) * tau[one] ** 2 * (1 - q[one]) / (q[one] * n[one])


def _of_known_weights(one: Any, other: Any) -> Any:
    return (
        KroneckerDelta(one, other) * tau[one] ** 2 / (rows * pi[one]) - tau[one] * tau[other] / rows
    )


def _of_sampler(one: Any, other: Any) -> Any:
    return (KroneckerDelta(one, other) * tau[one] - tau[one] * tau[other]) / draws


def total_covariance_expressions() -> dict[str, Any]:
    """Derived Cov(T_k, T_l) of schemes with random totals, by name, for `evaluate`.

    Letters: k, l, tau (K,), n (K,) counts and q (K,) rates of "thin"; n rows and priors pi (K,) of
    "known population weights"; N draws of "balanced sampler".
    """
    return {
        "thin": _of_thinning(k, l),
        "known population weights": _of_known_weights(k, l),
        "balanced sampler": _of_sampler(k, l),
    }


def _thinned() -> tuple[Step, ...]:
    moments = Moments(
        hit,
        lambda k, _: q[k],
        lambda r, s: q[r[0]] * q[s[0]] + same(r, s) * q[r[0]] * (1 - q[r[0]]),
    )

    def total(label: Any) -> Any:
        return tau[label] / (q[label] * n[label]) * Sum(hit[label, i], (i, 1, n[label]))

    return (
        computed(
            "Rows kept independently with chance q_k and weighted tau_k/(q_k n_k).",
            covariance(total(k), total(l), moments),
            _of_thinning(k, l),
            name=r"\operatorname{Cov}(T_{k}, T_{l})",
            key="thinned",
        ),
    )


def _multinomial(prior: IndexedBase) -> Moments:
    """Indicators that trial r is of class k: independent trials, one class each."""

    def both(one: Index, other: Index) -> Any:
        apart = prior[one[1]] * prior[other[1]]
        together = KroneckerDelta(one[1], other[1]) * prior[one[1]]
        return apart + KroneckerDelta(one[0], other[0]) * (together - apart)

    return Moments(hit, lambda _, k: prior[k], both)


def _known_population() -> tuple[Step, ...]:
    """Rows of random class, weighted by what is known of the population."""

    def total(label: Any) -> Any:
        return tau[label] / (rows * pi[label]) * Sum(hit[r, label], (r, 1, rows))

    return (
        computed(
            "Known population weights tau_k/(n pi_k) under random counts: n rows of random class.",
            covariance(total(k), total(l), _multinomial(pi)),
            _of_known_weights(k, l),
            name=r"\operatorname{Cov}(T_{k}, T_{l})",
            key="known-priors",
        ),
    )


def _sampler() -> tuple[Step, ...]:
    def total(label: Any) -> Any:
        return Sum(hit[r, label], (r, 1, draws)) / draws

    return (
        computed(
            "Class-balanced sampler: each of N draws picks class k with chance tau_k, then a row.",
            covariance(total(k), total(l), _multinomial(tau)),
            _of_sampler(k, l),
            name=r"\operatorname{Cov}(T_{k}, T_{l})",
            key="sampled",
        ),
    )


def _intercept_only() -> tuple[Step, ...]:
    """The score of an intercept-only model is p - e_y, constant within a class: V_k = 0."""

    def score(label: Any, component: Any) -> Any:
        return tau[component] - KroneckerDelta(label, component)

    means = [Sum(tau[k] * score(k, c), (k, 1, K)) for c in (a, b)]
    squares = Sum(tau[k] / draws * score(k, a) * score(k, b), (k, 1, K))
    return (
        computed(
            "Intercept-only model at its optimum p = tau: V_k = 0, so with fixed totals the score "
            "does not vary at all; under the sampler this is left.",
            squares - means[0] * means[1] / draws,
            (tau[a] * KroneckerDelta(a, b) - tau[a] * tau[b]) / draws,
            name=r"\operatorname{Cov}(\partial_{a} L_{W}, \partial_{b} L_{W})",
            check=equal_given({Sum(tau[k], (k, 1, K)): 1}),
            key="intercept-only",
        ),
    )
