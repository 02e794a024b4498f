"""Standard errors of a weighted or resampled fit that do not hold, and by how much (`naive-se`).

Letters as in `_population`; rows i of n with scores s_i, of covariance V_i, and multiplicities w_i.
"""

from __future__ import annotations

from typing import Any

from sympy import IndexedBase, KroneckerDelta, MatrixSymbol, Rational, S, Sum, Symbol, symbols

from mlbalance.derivations.engine import (
    Derivation,
    Moments,
    Step,
    computed,
    covariance,
    equal_given,
    equal_matrices,
    evaluate,
)
from mlbalance.derivations.proofs._equal_terms import contrast_of_two
from mlbalance.derivations.proofs._population import (
    K,
    c,
    information,
    k,
    l,
    n,
    outer,
    r,
    share,
    tau,
)

i, j, h, a, b = symbols("i j h a b", integer=True)
rows, p = symbols("n p", integer=True, positive=True)
s, mu, V, w = IndexedBase("s"), IndexedBase("mu"), IndexedBase("V"), IndexedBase("w")
A = MatrixSymbol("A", p, p)


def naive_se() -> Derivation:
    """Inverse Hessians and duplicated rows as standard errors (label `naive-se`)."""
    steps = (*_duplicates(), *_unweighted(), *_weighted())
    return Derivation("naive-se", "symbolic in K, n_k, d and the points of x", steps)


def _over_rows(term: Any) -> Any:
    return Sum(term, (i, 1, rows))


def _duplicates() -> tuple[Step, ...]:
    moments = Moments(
        s,
        lambda i, a: mu[i, a],
        lambda one, other: (
            mu[one] * mu[other] + KroneckerDelta(one[0], other[0]) * V[one[0], one[1], other[1]]
        ),
    )

    def total(component: Any) -> Any:
        return _over_rows(Sum(s[i, component], (j, 1, w[i])))

    clustered = _over_rows(Sum(s[i, a], (j, 1, w[i])) * Sum(s[i, b], (h, 1, w[i])))
    return (
        computed(
            "Row i comes w_i times and the rows are independent: the variance of the score goes "
            "with the squares of w_i.",
            covariance(total(a), total(b), moments),
            _over_rows(w[i] ** 2 * V[i, a, b]),
            name=r"\operatorname{Cov}(\partial_{a} L, \partial_{b} L)",
            key="rows",
            conditions=("independent-rows",),
        ),
        computed(
            "Copies treated as new rows count w_i only,",
            _over_rows(Sum(s[i, a] * s[i, b], (j, 1, w[i]))),
            _over_rows(w[i] * s[i, a] * s[i, b]),
            name=r"\sum_{i} \sum_{j=1}^{w_{i}} s_{ia} s_{ib}",
            key="copies",
        ),
        computed(
            "and copies clustered on their row count w_i^2, as they should.",
            clustered,
            _over_rows(w[i] ** 2 * s[i, a] * s[i, b]),
            name=r"\sum_{i} (\sum_{j=1}^{w_{i}} s_{ia})(\sum_{j=1}^{w_{i}} s_{ib})",
            key="clustered",
        ),
    )


def _unweighted() -> tuple[Step, ...]:
    J = MatrixSymbol("J", p, p)
    size = Symbol("n", positive=True)
    return (
        computed(
            "Correctly specified softmax at the prior of its rows: in every point the mean square "
            "of the scores is the Hessian,",
            outer(r, c),
            information(r, c),
            name=r"\sum_{k} \tau_{k} f_{k} s_{r} s_{c}",
            key="information",
            conditions=("correctly-specified",),
        ),
        computed(
            "and with tau_k = n_k/n every class has the factor 1/n: the uncentred variance of "
            "the score is A/n.",
            share(k) ** 2 / n[k],
            share(k) / Sum(n[l], (l, 1, K)),
            name=r"\tau_{k}^{2}/n_{k}",
            key="factor",
        ),
        computed(
            "So the inverse Hessian A^-1/n is the uncentred sandwich: right in slopes, too large "
            "by D in intercepts (label intercept-shift).",
            (A.I * J * A.I).subs(J, A / size),
            A.I / size,
            name=r"A^{-1} J^{0} A^{-1}",
            check=equal_matrices(A),
            key="uncentred",
        ),
    )


def _variance() -> Any:
    """Variance of the slope contrast of classes k and l, no signal, times the features' part."""
    return 1 / n[k] + 1 / n[l]


def _naive() -> Any:
    """Claimed inverse Hessian of that contrast for weights of mean one."""
    return (1 / tau[k] + 1 / tau[l]) / Sum(n[h], (h, 1, K))


def naive_expression() -> Any:
    """Reported over true variance of the slope contrast k - l without signal, in tau and n."""
    return _naive() / _variance()


def _weighted() -> tuple[Step, ...]:
    def solution(one: Any) -> Any:
        return KroneckerDelta(one, k) / tau[k] - KroneckerDelta(one, l) / tau[l]

    curvature = KroneckerDelta(r, c) * tau[r] - tau[r] * tau[c]
    both = Sum(solution(r) * curvature * solution(c), (r, 1, K), (c, 1, K))
    known = {Sum(tau[r], (r, 1, K)): S.One, KroneckerDelta(k, l): S.Zero}
    one, two = symbols("n_1 n_2", positive=True)
    balanced = {"K": 2, "k": 1, "l": 2, "n": [one, two], "tau": [Rational(1, 2)] * 2}
    return (
        *contrast_of_two()[:2],
        computed(
            "The inverse Hessian knows the weights but not the counts: with weights of mean one it "
            "reports u' A u over n, where the contrast varies by 1/n_k + 1/n_l.",
            both / Sum(n[h], (h, 1, K)),
            _naive(),
            name=r"u' A u/n",
            check=equal_given(known),
            key="reported",
        ),
        computed(
            "Two classes at a uniform target: it reports 4 pi (1 - pi) of the variance, "
            "pi = n_2/(n_1 + n_2); equal counts alone are right.",
            evaluate(naive_expression(), **balanced),
            4 * (two / (one + two)) * (1 - two / (one + two)),
            name=r"(u' A u/n)/\operatorname{Var}",
            key="two-classes",
        ),
    )
