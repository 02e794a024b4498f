"""Effective sizes of least squares on indicators (`kish-bags`).

Letters: K classes of one covariance with the spectrum of `effective_ridge`. A row of class k weighs
c_k in least squares of K - 1 scores on contrasts of the indicators, with the curvature h_k = c_k/(1
+ c_k V); f_k is the share of class k in the sum of h over rows. F_ka is rho_k times the mean pull
of class k on score a, u_k and v_k are those on scores a and b; F = P R with P a basis of contrasts
of classes. G holds the sums over eigenspaces j of products of two means over chi + e_j, Psi those
of e_j times products over (chi + e_j)^2, of which A_ab is made, and df_2/n_k on the diagonal; df_2
is d times the sum of p_j e_j^2/(chi + e_j)^2.
"""

from __future__ import annotations

from typing import Any

from sympy import Function, MatrixSymbol, S, Sum, Symbol, limit, log, oo, solve, symbols

from mlbalance.derivations.engine import Derivation, Step, argued, computed, equal_matrices
from mlbalance.derivations.proofs.harmonic import K, harmonic_mean, j, k, n

V, curvature, squared, total, kept = symbols("V V_h df_2 N m", positive=True)
share, chance = (Function(name, positive=True) for name in ("f", "pi"))
weight = Function("c", positive=True)
one, other = (Function(name, real=True) for name in "uv")


def effective_size_expression() -> Any:
    """Effective size n_eff, in the shares f and the counts n (K,)."""
    return 1 / Sum(share(k) ** 2 / n(k), (k, 1, K))


def kish_bags() -> Derivation:
    """Effective sizes in the scores of least squares (label `kish-bags`)."""
    scope = "symbolic in K and n_k; least squares on indicators, one covariance of any spectrum"
    return Derivation("kish-bags", scope, (*_scores(), *_sizes(), *_between()))


def _over(term: Any, index: Any = k) -> Any:
    return Sum(term, (index, 1, K))


def _scores() -> tuple[Step, ...]:
    c, y, o, g = symbols("c_k y o g", real=True)
    (pull,) = solve(c * (y - o - V * g) - g, g)
    q, q_0 = symbols("Q_ab A_ab", real=True)
    rho = chance(k) * n(k) / total
    moment = one(k) * other(k) / rho**2 + (share(k) * curvature / rho) ** 2 * q
    noise = squared / (total * curvature**2) * _over(rho * chance(k) * moment)
    plain = squared / curvature**2 * _over(one(k) * other(k) / n(k))
    (found,) = solve(q_0 + plain + squared / effective_size_expression() * q - q, q)
    return (
        argued(
            "In the proportional regime scores of a new row of class k are normal with mean M_k + "
            "b and covariance Q; the order parameters solve the self-consistent equations of K "
            "classes. Two undersamples that keep shares pi_k have this equation for the "
            "covariance of their scores, pi_k = 1 for one fit, N the rows of one.",
            r"M = G F/V_{h}, \quad Q_{ab} = A_{ab} + \mathrm{df}_{2}/(N V_{h}^{2}) \sum_{k} "
            r"\rho_{k} \pi_{k} E_{k}[g_{a} g_{b}]",
            "Loureiro et al. 2021 for one fit; Takahashi 2024 for two, by the replica method, for "
            "two classes",
            key="equations",
            cites=("loureiro2021", "takahashi2024"),
            conditions=(
                *("proportional", "one-sigma", "indicators", "positive-ridge"),
                "independent-bags",
            ),
            limit=True,
        ),
        computed(
            "Pulls are linear, with one slope h_k for all scores,",
            -pull.diff(o),
            c / (1 + c * V),
            name="h_{k}",
            key="pull",
        ),
        computed(
            "so E_k[g_a g_b] = u_k v_k/rho_k^2 + h_k^2 Q_ab with h_k = f_k V_h/rho_k, and as "
            "rho_k = pi_k n_k/N the noise is that of all rows n_k,",
            noise,
            plain + squared / effective_size_expression() * q,
            name=r"\mathrm{df}_{2}/(N V_{h}^{2}) \sum_{k} \rho_{k} \pi_{k} E_{k}[g_{a} g_{b}]",
            key="noise",
        ),
        computed(
            "so that Q is F' Psi F/V_h^2, which is what stands above, over 1 - df_2/n_eff, where "
            "1/n_eff = sum_k f_k^2/n_k.",
            found,
            (q_0 + plain) / (1 - squared / effective_size_expression()),
            name="Q_{ab}",
            key="size",
        ),
        _mahalanobis(),
    )


def _mahalanobis() -> Step:
    D = Symbol("D", integer=True, positive=True)
    left = Symbol("d_2", positive=True)
    G, P = MatrixSymbol("G", K, K), MatrixSymbol("P", K, D)
    R, inner = MatrixSymbol("R", D, D), MatrixSymbol("C", D, D)
    M = G * P * R / curvature
    Q = R.T * inner * R / (curvature**2 * left)
    return computed(
        "With C = P' Psi P and d_2 = 1 - df_2/n_eff the forces R, of full rank, drop out of the "
        "Mahalanobis matrix of the scores, all that a discriminant on them has: at one chi weights "
        "are in d_2 alone.",
        M * Q.I * M.T,
        left * (G * P * inner.I * P.T * G),
        name="M Q^{-1} M'",
        key="mahalanobis",
        check=equal_matrices(G),
    )


def _sizes() -> tuple[Step, ...]:
    def at(shares: Any) -> Any:
        return effective_size_expression().subs(share(k), shares)

    return (
        computed(
            "Unweighted, h_k is one number and f_k is n_k/n: all rows count.",
            at(n(k) / _over(n(j), j)),
            _over(n(k)),
            name=r"n_{\mathrm{eff}}",
            key="unweighted",
        ),
        computed(
            "One undersample has K m rows, f_k = 1/K, and m for n_k in Psi.",
            at(1 / K).subs(n(k), kept),
            K * kept,
            name=r"n_{\mathrm{eff}}",
            key="undersample",
        ),
        computed(
            "Infinitely many undersamples have the same f_k and the noise of all rows: n_eff is "
            "Kish's size of balanced weights, K times the harmonic mean of the counts.",
            at(1 / K),
            K * harmonic_mean(),
            name=r"n_{\mathrm{eff}}",
            key="bags",
        ),
    )


def _between() -> tuple[Step, ...]:
    h = Function("h", positive=True)
    signed = Function("h", real=True)
    curved = weight(k) / (1 + weight(k) * V)
    falls = -curved.diff(V)
    first, second = (_over(n(k) * h(k) ** power) for power in (1, 2))
    size = log(_over(n(k) * curved) ** 2 / _over(n(k) * curved**2))
    slope = size.diff(V).replace(weight, lambda one: h(one) / (1 - h(one) * V))
    slope = slope.replace(Sum, lambda body, *limits: Sum(body.simplify(), *limits))
    pairs = n(k) * n(j) * h(k) * h(j) * (h(k) - h(j)) ** 2
    sign = n(k) * n(j) * h(k) * h(j) * (signed(k) - signed(j)) ** 2
    return (
        computed(
            "Class weights have n_eff = (sum_k n_k h_k)^2/sum_k n_k h_k^2, Kish's size of h, which "
            "is that of the weights c at V = 0. With V a curvature falls by its square,",
            falls,
            curved**2,
            name=r"-\partial h_{k}/\partial V",
            key="falls",
        ),
        computed(
            "so the logarithm of n_eff has this slope,",
            slope,
            Sum(pairs, (k, 1, K), (j, 1, K)) / (first * second),
            name=r"\partial \log n_{\mathrm{eff}}/\partial V",
            key="slope",
        ),
        computed(
            "which is not negative: n_eff rises with V,",
            Sum(sign, (k, 1, K), (j, 1, K)),
            relation=">=",
            name=r"\partial \log n_{\mathrm{eff}}/\partial V",
            key="rises",
        ),
        computed(
            "from K H, the size of balanced weights, to n, where all h_k are alike.",
            limit(V * Symbol("c", positive=True) / (1 + Symbol("c", positive=True) * V), V, oo),
            S.One,
            name=r"V h_{k}",
            key="alike",
        ),
    )
